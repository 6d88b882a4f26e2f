//! Numbers that were assigned or withdrawn after the metadata which `phonenumber` ships.
//!
//! `phonenumber` 0.3.10 has Google's metadata 9.0.33, to which one current mobile number in 300 is
//! unknown. These are the ranges that Google's library accepts in version 9.0.43 and not in that
//! one, by region and kind, and the ranges that it has ceased to accept. Delete this file when
//! `phonenumber` ships a newer version.
//!
//! Zimbabwe's former lengths are left in: Google has withdrawn them, but in no simple pattern.

use Kind::{Mobile, Other};

/// What kind of number a range holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Mobile,
    Other,
}

/// The ranges by region, as patterns of whole national numbers.
const RANGES: &[(&str, Kind, &[&str])] = &[
    ("AC", Mobile, &[r"[237]\d{4}"]),
    ("AC", Other, &[r"6[01589]\d{3}"]),
    ("AR", Mobile, &[r"9110\d{7}"]),
    ("AR", Other, &[r"110\d{7}"]),
    ("AU", Mobile, &[r"496[0-4]\d{5}"]),
    ("BD", Mobile, &[r"64[0-35-9]\d{7}"]),
    (
        "BD",
        Other,
        &[
            r"960[1-35]\d{6}",
            r"9619\d{6}",
            r"962[278]\d{6}",
            r"963[14-7]\d{6}",
            r"964[0-247-9]\d{6}",
            r"9654\d{6}",
            r"9688\d{6}",
        ],
    ),
    (
        "BW",
        Mobile,
        &[
            r"7910[13-9]\d{3}",
            r"7911[0-35-9]\d{3}",
            r"7912\d{4}",
            r"7913[0-8]\d{3}",
            r"792[0-7]\d{4}",
        ],
    ),
    (
        "BW",
        Other,
        &[
            r"21[01]\d{4}",
            r"231\d{4}",
            r"24[5-79]\d{4}",
            r"25[0-2]\d{4}",
            r"26[35-9]\d{4}",
            r"27[5-7]\d{4}",
            r"289\d{4}",
            r"29[1-469]\d{4}",
            r"314\d{4}",
            r"32[1-5]\d{4}",
            r"345\d{4}",
            r"35[0-46-9]\d{4}",
            r"37[24-9]\d{4}",
            r"38[02-5]\d{4}",
            r"430\d{4}",
            r"442\d{4}",
            r"451\d{4}",
            r"46[124-9]\d{4}",
            r"47[03-589]\d{4}",
            r"480\d{4}",
            r"49[6-9]\d{4}",
            r"50[01]\d{4}",
            r"51[23]\d{4}",
            r"52[034]\d{4}",
            r"53[125-7]\d{4}",
            r"54[1-35-7]\d{4}",
            r"55[01]\d{4}",
            r"56[01]\d{4}",
            r"57[05689]\d{4}",
            r"58[0-79]\d{4}",
            r"59[5-8]\d{4}",
            r"60[01]\d{4}",
            r"62[046-9]\d{4}",
            r"630\d{4}",
            r"640\d{4}",
            r"65[0235-8]\d{4}",
            r"66[03]\d{4}",
            r"68[2589]\d{4}",
        ],
    ),
    ("CA", Mobile, &[r"273[2-9]\d{6}"]),
    ("CC", Mobile, &[r"496[0-4]\d{5}"]),
    ("CD", Mobile, &[r"87\d{7}"]),
    ("CL", Mobile, &[r"2338[4-7]\d{4}"]),
    ("CM", Mobile, &[r"642\d{6}"]),
    ("CN", Mobile, &[r"1610\d{7}"]),
    ("CV", Mobile, &[r"57\d{5}"]),
    ("CX", Mobile, &[r"496[0-4]\d{5}"]),
    ("DE", Mobile, &[r"15410\d{6}"]),
    ("EC", Mobile, &[r"93[0-2]\d{6}"]),
    ("EE", Mobile, &[r"8201[0-8]\d{3}"]),
    ("EH", Mobile, &[r"73[01]\d{6}"]),
    ("ES", Other, &[r"400\d{6}"]),
    ("ET", Mobile, &[r"7000\d{5}"]),
    ("FJ", Other, &[r"36\d{5}"]),
    ("GE", Mobile, &[r"50020\d{4}", r"50040\d{4}", r"50888\d{4}", r"51150\d{4}", r"52228\d{4}"]),
    (
        "GH",
        Other,
        &[
            r"3060\d{5}",
            r"3082[6-9]\d{4}",
            r"308[3-9]\d{5}",
            r"309\d{6}",
            r"3181[0-5]\d{4}",
            r"328[1-4]\d{5}",
            r"3285[0-7]\d{4}",
            r"33810\d{4}",
        ],
    ),
    (
        "GM",
        Mobile,
        &[r"83[35]\d{6}", r"86[68]\d{6}", r"87[27]\d{6}", r"874[015]\d{5}", r"899\d{6}"],
    ),
    (
        "GM",
        Other,
        &[
            r"444[237-9]\d{5}",
            r"4444[14-9]\d{4}",
            r"44553\d{4}",
            r"44554[0-7]\d{3}",
            r"445[67]\d{5}",
            r"448[0-389]\d{5}",
        ],
    ),
    ("GY", Mobile, &[r"768\d{4}", r"78[0167]\d{4}"]),
    ("GY", Other, &[r"516\d{4}"]),
    ("HK", Mobile, &[r"406[0-3]\d{4}", r"710[1-4]\d{4}"]),
    (
        "HN",
        Other,
        &[r"2248\d{4}", r"2268\d{4}", r"2480\d{4}", r"2514\d{4}", r"2548\d{4}", r"272[01]\d{4}"],
    ),
    ("IL", Mobile, &[r"55404\d{4}", r"5546[15-9]\d{4}", r"5580[0-2]\d{4}", r"5586[0-2]\d{4}"]),
    ("IL", Other, &[r"7280[01]\d{4}", r"7388[25]\d{4}"]),
    ("IN", Mobile, &[r"796\d{7}", r"7971\d{6}", r"7979[1-6]\d{5}"]),
    ("IR", Mobile, &[r"9983[0-2]\d{5}", r"9992[02-9]\d{5}"]),
    ("JO", Mobile, &[r"711\d{6}", r"72\d{7}"]),
    ("KE", Mobile, &[r"13[5-9]\d{6}", r"146\d{6}", r"18\d{7}"]),
    ("KW", Mobile, &[r"5999\d{4}"]),
    ("LI", Mobile, &[r"6672\d{5}"]),
    ("LI", Other, &[r"290\d{4}"]),
    ("MA", Mobile, &[r"73[01]\d{6}"]),
    ("ML", Other, &[r"446\d{5}"]),
    ("MZ", Mobile, &[r"88\d{7}"]),
    ("NG", Mobile, &[r"910\d{7}"]),
    ("PA", Other, &[r"912\d{4}", r"982\d{4}"]),
    ("PE", Other, &[r"19[02-68]\d{5}"]),
    ("PG", Mobile, &[r"85\d{6}"]),
    ("PG", Other, &[r"206\d{4}"]),
    ("PT", Other, &[r"7621\d{5}"]),
    ("PY", Mobile, &[r"9881\d{5}"]),
    (
        "SB",
        Mobile,
        &[
            r"90\d{5}",
            r"91[01]\d{4}",
            r"922\d{4}",
            r"93[3-9]\d{4}",
            r"955\d{4}",
            r"977\d{4}",
            r"988\d{4}",
        ],
    ),
    ("SE", Mobile, &[r"78\d{7}"]),
    ("SH", Mobile, &[r"9\d{4}"]),
    (
        "SN",
        Other,
        &[
            r"30[02-79]\d{6}",
            r"301[3-9]\d{5}",
            r"308[1-9]\d{5}",
            r"32[0-79]\d{6}",
            r"328[013-9]\d{5}",
            r"3380\d{5}",
            r"339[01]\d{5}",
            r"36[02-9]\d{6}",
            r"361[02-9]\d{5}",
            r"39[2-9]\d{6}",
            r"93[0-24-8]\d{6}",
            r"933[024-9]\d{5}",
            r"9331[1-9]\d{4}",
            r"9333[1-9]\d{4}",
            r"939[013-9]\d{5}",
            r"9392[0-8]\d{4}",
        ],
    ),
    ("SR", Mobile, &[r"7[39]\d{5}"]),
    ("SY", Mobile, &[r"90\d{7}"]),
    ("SY", Other, &[r"1[78]\d{7}", r"24\d{6}"]),
    ("TG", Mobile, &[r"73\d{6}"]),
    ("TM", Mobile, &[r"72\d{6}"]),
    ("TR", Mobile, &[r"582[2-5]\d{6}"]),
    ("TZ", Mobile, &[r"60\d{7}", r"72\d{7}"]),
    ("UG", Mobile, &[r"73[27]\d{6}", r"7340\d{5}"]),
    ("UG", Other, &[r"20249\d{4}"]),
    ("US", Mobile, &[r"274[3-689]\d{6}", r"472[56]\d{6}", r"9835\d{6}"]),
    ("VN", Mobile, &[r"140\d{6}"]),
    ("ZW", Mobile, &[r"751\d{6}", r"79[01]\d{6}"]),
];

/// The ranges that are no longer numbers, likewise.
const WITHDRAWN: &[(&str, &str)] = &[
    ("AX", r"49\d*"),
    ("BJ", r"8\d*"),
    ("BW", r"321\d{5}"),
    ("CN", r"(?:378|41[034]|634|807|85[23])\d*"),
    ("CO", r"91\d*"),
    ("CR", r"20(?:0[4-9]|1[1-9]|[2-9])\d*"),
    ("DK", r"37\d*"),
    ("ES", r"59\d*"),
    ("FI", r"49\d*"),
    ("FO", r"88\d*"),
    ("GE", r"5441(?:[0235-9]|1[5-9])\d*"),
    ("LA", r"30[24]\d{7}"),
    ("NO", r"4(?:[2-49]|536)\d*"),
    ("RO", r"6\d*"),
    ("RU", r"9300(?:0[0-46-9]|3[89]|6[5-8]|8[1-3])\d*"),
    ("SJ", r"4(?:[2-49]|536)\d*"),
    ("SY", r"9[127]\d*"),
    ("ZW", r"(?:1|20[01])\d*"),
];

/// Returns the ranges of a region that have been withdrawn, as one pattern, if there are any.
pub fn withdrawn(region: &str) -> Option<&'static str> {
    WITHDRAWN.iter().find(|(of, _)| *of == region).map(|(_, pattern)| *pattern)
}

/// Returns the newer ranges of a region and a kind as one pattern, if there are any.
pub fn pattern(region: &str, kind: Kind) -> Option<String> {
    let rows = RANGES.iter().filter(|(of, is, _)| *of == region && *is == kind);
    let ranges: Vec<&str> = rows.flat_map(|(_, _, ranges)| ranges.iter().copied()).collect();
    (!ranges.is_empty()).then(|| ranges.join("|"))
}

/// Returns the digits by which newer numbers of a region are told from others of its country code.
pub fn leading(region: &str) -> Option<&'static str> {
    (region == "SH").then_some("9")
}

/// Returns a newer international prefix of a region, besides those that the metadata has.
pub fn international_prefix(region: &str) -> Option<&'static str> {
    (region == "IL").then_some("0105")
}
