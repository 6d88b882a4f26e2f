//! Numbering plans: what a national number is, region by region, and how numbers are dialed there.
//!
//! The plans are `phonenumber`'s, and so are the rules by which its parser reads digits; the crate itself has no
//! part at run time. `shared/build` makes one automaton of all its patterns. That it says what the crate says is
//! tested on every region's examples, and on random digits.

use regex_lite::Regex;

use crate::region::Region;

include!(concat!(env!("OUT_DIR"), "/plans.rs"));

/// The plan of one region.
struct Plan {
    country_code: u16,
    /// States of the automaton: from here it accepts what looks like a number of the region,
    general: u16,
    /// from here what is one,
    valid: u16,
    /// and from here what begins as only this region's numbers do, of those with the same country code.
    leading: Option<u16>,
    /// A pattern of what is dialed before a country code.
    international_prefix: Option<&'static str>,
    /// What is dialed before a national number.
    national_prefix: Option<&'static str>,
    /// A pattern of it, where there are several, or codes of carriers in it.
    national_prefix_for_parsing: Option<&'static str>,
    /// What takes the place of what this pattern finds, where that isn't nothing.
    national_prefix_transform: Option<&'static str>,
}

/// What the automaton knows of a number after some of its digits.
struct State {
    /// The state after each digit.
    next: [u16; 10],
    /// Whether the number may end here.
    accepts: bool,
}

/// How numbers are dialed in one region.
#[derive(Clone)]
pub(crate) struct Dialing {
    plan: &'static Plan,
    international_prefix: Option<Regex>,
    national_prefix: Option<Regex>,
}

impl Dialing {
    /// Of a region, if it has phone numbers.
    pub fn of(region: Region) -> Option<Self> {
        let (_, plan) = PLANS.iter().find(|(id, _)| *id == region.code())?;
        let compiled = |pattern: &str| Regex::new(pattern).ok();
        Some(Self {
            plan,
            international_prefix: plan.international_prefix.and_then(compiled),
            national_prefix: plan.national_prefix_for_parsing.and_then(compiled),
        })
    }

    /// How many of the leading `digits` are what is dialed before a country code.
    pub fn international_prefix(&self, digits: &str) -> Option<usize> {
        let found = self.international_prefix.as_ref()?.find(digits)?;
        Some(found.end()).filter(|end| *end > 0)
    }

    /// The E.164 digits of what is a valid national number, whether or not its country code or what is dialed
    /// before it stands in front.
    ///
    /// Where `phonenumber` finds a number, it is this one. The crate takes country code and national prefix off all
    /// digits that begin with them; here they are tried with them as well, since Indian mobile numbers may begin
    /// with 91, Italian ones with 39, and Belarusian toll-free ones with the prefix 8.
    pub fn national(&self, digits: &str) -> Option<String> {
        let code = self.plan.country_code.to_string();
        let without_code = digits.strip_prefix(&code);
        let readings = without_code.into_iter().chain([digits]);
        let mut readings =
            readings.flat_map(|digits| [self.without_national_prefix(digits), digits.to_owned()]);
        let national = readings.find(|national| self.plan.is_valid(national))?;
        Some(code + &national)
    }

    /// The digits after what is dialed before a national number. As in `phonenumber`, a prefix may stand there
    /// twice.
    fn without_national_prefix(&self, digits: &str) -> String {
        let once = match &self.national_prefix {
            Some(pattern) => self.without_pattern(pattern, digits),
            None => self.plan.without_literal_prefix(digits).to_owned(),
        };
        self.plan.without_literal_prefix(&once).to_owned()
    }

    fn without_pattern(&self, pattern: &Regex, digits: &str) -> String {
        let Some(found) = pattern.captures(digits) else { return digits.to_owned() };
        // All patterns are anchored.
        let rest = &digits[found[0].len()..];
        let last_group = found.get(found.len() - 1);
        let Some(transform) = self.plan.national_prefix_transform.filter(|_| last_group.is_some())
        else {
            return rest.to_owned();
        };
        let mut transformed = String::new();
        found.expand(transform, &mut transformed);
        transformed.push_str(rest);
        // Some numbers only look as if they had the prefix.
        let spoiled =
            accepts(self.plan.general, digits) && !accepts(self.plan.general, &transformed);
        if spoiled { digits.to_owned() } else { transformed }
    }
}

impl Plan {
    fn without_literal_prefix<'a>(&self, digits: &'a str) -> &'a str {
        self.national_prefix.and_then(|prefix| digits.strip_prefix(prefix)).unwrap_or(digits)
    }

    /// Whether `national` is a number of this region, or of another with the same country code.
    fn is_valid(&self, national: &str) -> bool {
        owner(of_code(self.country_code), national)
            .is_some_and(|(_, plan)| accepts(plan.valid, national))
    }
}

/// The region to which international `digits` belong.
pub(crate) fn region_of(digits: &str) -> Option<Region> {
    // No country code is the beginning of another.
    let (plans, national) = (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        let plans = of_code(code.parse().ok()?);
        (!plans.is_empty()).then_some((plans, national))
    })?;
    owner(plans, national)?.0.parse().ok()
}

/// The plans of the regions that share a country code, in the order in which they are tried.
fn of_code(code: u16) -> &'static [(&'static str, Plan)] {
    let start = PLANS.partition_point(|(_, plan)| plan.country_code < code);
    let end = PLANS.partition_point(|(_, plan)| plan.country_code <= code);
    &PLANS[start..end]
}

/// Of the regions that share a country code, the one whose number `national` is, if it is one.
fn owner(
    plans: &'static [(&'static str, Plan)],
    national: &str,
) -> Option<&'static (&'static str, Plan)> {
    if let [only] = plans {
        return Some(only);
    }
    plans.iter().find(|(_, plan)| accepts(plan.leading.unwrap_or(plan.valid), national))
}

/// Whether the automaton accepts `digits` from `state` on.
fn accepts(state: u16, digits: &str) -> bool {
    let mut state = &STATES[usize::from(state)];
    for digit in digits.bytes() {
        let Some(next) = state.next.get(usize::from(digit.wrapping_sub(b'0'))) else {
            return false;
        };
        state = &STATES[usize::from(*next)];
    }
    state.accepts
}

#[cfg(test)]
mod tests {
    use super::*;
    use phonenumber::metadata::{DATABASE, Metadata};
    use phonenumber::{Mode, country};
    use proptest::prelude::*;

    /// What `phonenumber` says: the E.164 digits of a valid national number of a region, if it finds one.
    fn reference(metadata: &Metadata, digits: &str) -> Option<String> {
        let id: country::Id = metadata.id().parse().expect("a country");
        let number = phonenumber::parse(Some(id), digits).ok()?;
        let valid =
            number.code().value() == metadata.country_code() && phonenumber::is_valid(&number);
        valid.then(|| number.format().mode(Mode::E164).to_string()[1..].to_owned())
    }

    /// Whether the crate's own patterns accept a number. Its parser takes national prefixes off all numbers that
    /// begin with one, so that it can't be asked.
    fn is_valid(code: u16, e164: &str) -> bool {
        let national = &e164[code.to_string().len()..];
        DATABASE.by_code(&code).expect("it has regions").into_iter().any(|metadata| {
            let kinds = metadata.descriptors();
            let some = [
                kinds.fixed_line(),
                kinds.mobile(),
                kinds.toll_free(),
                kinds.premium_rate(),
                kinds.uan(),
            ];
            let others = [
                kinds.shared_cost(),
                kinds.personal_number(),
                kinds.voip(),
                kinds.pager(),
                kinds.voicemail(),
            ];
            let mut kind = some.into_iter().chain(others).flatten();
            kinds.general().is_match(national) && kind.any(|kind| kind.is_match(national))
        })
    }

    fn regions() -> Vec<&'static Metadata> {
        let mut regions: Vec<_> =
            DATABASE.iter().filter(|metadata| metadata.id() != "001").collect();
        regions.sort_by_key(|metadata| metadata.id());
        regions
    }

    fn dialing(metadata: &Metadata) -> Dialing {
        Dialing::of(metadata.id().parse().expect("a region")).expect("it has numbers")
    }

    /// Whether a plan says what `phonenumber` says, or finds a valid number where that finds none; with the
    /// number. Digits that begin with the region's own international prefix are never read as national ones.
    fn compare(metadata: &Metadata, digits: &str) -> Result<Option<String>, String> {
        let dialing = dialing(metadata);
        if dialing.international_prefix(digits).is_some() {
            return Ok(None);
        }
        let (found, expected) = (dialing.national(digits), reference(metadata, digits));
        let valid = |e164: &String| is_valid(metadata.country_code(), e164);
        let fine = found == expected || expected.is_none() && found.as_ref().is_some_and(valid);
        if fine {
            Ok(found)
        } else {
            Err(format!("{digits} in {}: {found:?}, not {expected:?}", metadata.id()))
        }
    }

    #[test]
    fn a_plan_says_of_every_regions_examples_what_phonenumber_says() {
        let (mut valid, mut asked) = (0, 0);
        for metadata in regions() {
            let code = metadata.country_code();
            let prefix = metadata.national_prefix().unwrap_or_default();
            let kinds = metadata.descriptors();
            let kinds = [
                Some(kinds.general()),
                kinds.fixed_line(),
                kinds.mobile(),
                kinds.voip(),
                kinds.toll_free(),
            ];
            for example in kinds.into_iter().filter_map(|kind| kind?.example()) {
                let others =
                    [example[1..].to_owned(), format!("{code}{example}"), format!("9{example}")];
                let longer = (1..4).map(|more| format!("{example}{}", "123".split_at(more).0));
                let spelled =
                    [example.to_owned(), format!("{prefix}{example}")].into_iter().chain(others);
                for digits in spelled.chain(longer) {
                    valid +=
                        usize::from(compare(metadata, &digits).expect("the same number").is_some());
                    asked += 1;
                }
            }
        }
        assert!(valid > 1_500 && asked - valid > 1_500, "{valid} valid numbers of {asked} are few");
    }

    #[test]
    fn an_example_belongs_to_the_region_to_which_phonenumber_gives_it() {
        let mut asked = 0;
        for metadata in regions() {
            let kinds = metadata.descriptors();
            for example in
                [kinds.fixed_line(), kinds.mobile()].into_iter().filter_map(|kind| kind?.example())
            {
                let digits = format!("{}{example}", metadata.country_code());
                let expected = phonenumber::parse(None, format!("+{digits}"))
                    .ok()
                    .and_then(|number| number.country().id());
                // The crate loses an Italian number's leading zero on the way.
                if expected.is_some() && !example.starts_with('0') {
                    asked += 1;
                    let region = region_of(&digits).map(|region| region.code().to_owned());
                    assert_eq!(region, expected.map(|id| id.as_ref().to_owned()), "{digits}");
                }
            }
        }
        assert!(asked > 400, "{asked} numbers are few");
        assert_eq!(region_of("390612345678"), "IT".parse().ok());
    }

    #[test]
    fn a_national_number_may_begin_with_its_own_country_code() {
        for (region, digits, expected) in [
            ("IN", "9198123456", "919198123456"),
            ("IN", "91 9198123456", "919198123456"),
            ("IT", "3921234567", "393921234567"),
            // Bare digits with a country code are how an address book writes it more often.
            ("DE", "4915112345678", "4915112345678"),
            ("DE", "493012345678", "493012345678"),
        ] {
            let dialing = Dialing::of(region.parse().expect("a region")).expect("it has numbers");
            let digits = digits.replace(' ', "");
            assert_eq!(
                dialing.national(&digits).as_deref(),
                Some(expected),
                "{digits} in {region}"
            );
        }
    }

    #[test]
    fn every_regions_patterns_compile() {
        for (id, plan) in PLANS {
            let dialing = Dialing::of(id.parse().expect("a region")).expect("it has numbers");
            assert_eq!(
                dialing.international_prefix.is_some(),
                plan.international_prefix.is_some(),
                "{id}"
            );
            assert_eq!(
                dialing.national_prefix.is_some(),
                plan.national_prefix_for_parsing.is_some(),
                "{id}"
            );
        }
    }

    #[test]
    fn digits_of_no_country_belong_to_no_region() {
        for digits in ["", "1", "9999999999", "97912345678", "80012345678"] {
            assert_eq!(region_of(digits), None, "{digits}");
        }
    }

    #[test]
    fn no_country_code_is_the_beginning_of_another() {
        let codes: Vec<String> =
            PLANS.iter().map(|(_, plan)| plan.country_code.to_string()).collect();
        for (one, other) in codes.iter().flat_map(|one| codes.iter().map(move |other| (one, other)))
        {
            assert!(one == other || !one.starts_with(other.as_str()), "{one} and {other}");
        }
        assert!(PLANS.is_sorted_by_key(|(_, plan)| plan.country_code));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        /// Digits as they come: the crate's answer, whatever it is.
        #[test]
        fn a_plan_says_of_any_digits_what_phonenumber_says(
            place in 0..245_usize,
            prefix in prop_oneof![Just(String::new()), "0|1|8|00|0[1-9]{2}|9|15"],
            code in any::<bool>(),
            digits in "[0-9]{3,13}",
        ) {
            let regions = regions();
            let metadata = regions[place % regions.len()];
            let code = if code { metadata.country_code().to_string() } else { String::new() };
            let compared = compare(metadata, &format!("{prefix}{code}{digits}"));
            prop_assert!(compared.is_ok(), "{compared:?}");
        }
    }
}
