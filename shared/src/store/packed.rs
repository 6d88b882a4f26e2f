//! A book as bytes: contacts in one attribute, matches in another.
//!
//! The contacts are laid out in columns (phones, spellings, names), which the compressor likes
//! better than records, and compressed. The first byte names the format, so that later ones can
//! be told apart. Unpacking is bounded in memory and takes hostile bytes for an error.

use crate::domain::{Book, Contact, Entry, PublicId, Region};

/// Most bytes of packed contacts. An item of DynamoDB has at most 400 KB, keys and names included.
const MAX_PACKED_CONTACTS: usize = 350 * 1024;
/// Most bytes of contacts and matches together, with room for the other attributes.
const MAX_PACKED_BOOK: usize = 395 * 1024;
/// Most bytes of a book before compression: names that compress well must not cost unbounded memory.
const MAX_RAW: usize = 12 * 1024 * 1024;
/// Columns, compressed by zstd.
const FORMAT_ZSTD_COLUMNS: u8 = 1;
/// A bit per contact, and four bytes per match.
const FORMAT_MATCH_BITS: u8 = 1;
/// Levels above cost twice the time for a hundredth of the size.
const ZSTD_LEVEL: i32 = 9;

/// Bytes that aren't a packed book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The format byte is of no known format.
    #[error("unknown format")]
    Format,
    /// The bytes don't decompress, or to more than a book may have.
    #[error("can't be decompressed")]
    Compression,
    /// The columns end too early, don't agree with each other, or hold what no contact can.
    #[error("malformed columns")]
    Columns,
}

/// Whether the book fits into its item, even when every contact becomes a user.
///
/// A match takes four bytes and a bit, so that joins never find a book too full to be told.
#[must_use]
pub fn fits(book: &Book) -> bool {
    if raw_size(book) > MAX_RAW {
        return false;
    }
    let contacts = pack_contacts(book).len();
    contacts <= MAX_PACKED_CONTACTS && contacts + worst_matches(book.entries().len()) <= MAX_PACKED_BOOK
}

fn worst_matches(contacts: usize) -> usize {
    1 + contacts.div_ceil(8) + 4 * contacts
}

/// An upper bound of the columns' size before compression.
fn raw_size(book: &Book) -> usize {
    let entry = |entry: &Entry| 32 + entry.contact.spelling.as_str().len() + entry.contact.name.as_str().len();
    8 + book.entries().iter().map(entry).sum::<usize>()
}

/// The contacts of `book`, packed.
#[must_use]
pub fn pack_contacts(book: &Book) -> Vec<u8> {
    let entries = book.entries();
    let mut columns = Vec::with_capacity(raw_size(book));
    put_varint(&mut columns, entries.len());
    for Entry { contact, .. } in entries {
        columns.push(contact.phone.digits().len() as u8);
    }
    for Entry { contact, .. } in entries {
        columns.extend(contact.phone.digits().bytes());
    }
    let spellings: Vec<String> = entries.iter().map(|entry| spelling_code(&entry.contact)).collect();
    put_texts(&mut columns, spellings.iter().map(String::as_str));
    put_texts(&mut columns, entries.iter().map(|entry| entry.contact.name.as_str()));
    let mut packed = vec![FORMAT_ZSTD_COLUMNS];
    packed.extend(zstd::bulk::compress(&columns, ZSTD_LEVEL).expect("compressing into a growing buffer can't fail"));
    packed
}

/// The matches of `book`, packed; nothing where there are none.
#[must_use]
pub fn pack_matches(book: &Book) -> Option<Vec<u8>> {
    let entries = book.entries();
    let mut packed = vec![0; 1 + entries.len().div_ceil(8)];
    packed[0] = FORMAT_MATCH_BITS;
    for (place, entry) in entries.iter().enumerate() {
        if let Some(id) = entry.matched {
            packed[1 + place / 8] |= 1 << (place % 8);
            packed.extend(id.get().to_le_bytes());
        }
    }
    entries.iter().any(|entry| entry.matched.is_some()).then_some(packed)
}

/// The book that was packed into `contacts` and `matches`.
///
/// # Errors
/// Any [`PackError`] for bytes that [`pack_contacts`] and [`pack_matches`] didn't make.
pub fn unpack(region: Option<Region>, contacts: &[u8], matches: Option<&[u8]>) -> Result<Book, PackError> {
    let contacts = unpack_contacts(contacts)?;
    let matches = unpack_matches(matches, contacts.len())?;
    let entries = contacts.into_iter().zip(matches).map(|(contact, matched)| Entry { contact, matched });
    Ok(Book::new(region, entries.collect()))
}

fn unpack_contacts(packed: &[u8]) -> Result<Vec<Contact>, PackError> {
    let Some((&FORMAT_ZSTD_COLUMNS, compressed)) = packed.split_first() else {
        return Err(PackError::Format);
    };
    let columns = decompress(compressed)?;
    let mut columns = Columns(&columns);
    let count = columns.varint()?;
    let lengths = columns.take(count)?;
    let phones: Vec<&str> =
        lengths.iter().map(|length| columns.text(usize::from(*length))).collect::<Result<_, _>>()?;
    let spellings = columns.texts(count)?;
    let names = columns.texts(count)?;
    if !columns.0.is_empty() {
        return Err(PackError::Columns);
    }
    phones
        .into_iter()
        .zip(spellings)
        .zip(names)
        .map(|((digits, code), name)| {
            Ok(Contact {
                phone: digits.parse().map_err(|_| PackError::Columns)?,
                spelling: spelling(code, digits)?.as_str().into(),
                name: name.parse().map_err(|_| PackError::Columns)?,
            })
        })
        .collect()
}

/// Decompresses into as much memory as the frame declares, and no more than a book may have.
fn decompress(compressed: &[u8]) -> Result<Vec<u8>, PackError> {
    let declared = zstd::zstd_safe::get_frame_content_size(compressed).map_err(|_| PackError::Compression)?;
    let size = declared.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= MAX_RAW);
    zstd::bulk::decompress(compressed, size.ok_or(PackError::Compression)?).map_err(|_| PackError::Compression)
}

fn unpack_matches(packed: Option<&[u8]>, contacts: usize) -> Result<Vec<Option<PublicId>>, PackError> {
    let Some(packed) = packed else { return Ok(vec![None; contacts]) };
    let Some((&FORMAT_MATCH_BITS, rest)) = packed.split_first() else { return Err(PackError::Format) };
    let (bits, ids) = rest.split_at_checked(contacts.div_ceil(8)).ok_or(PackError::Columns)?;
    let mut ids = ids.chunks_exact(4);
    let mut matches = Vec::with_capacity(contacts);
    for place in 0..contacts {
        let matched = bits[place / 8] & (1 << (place % 8)) != 0;
        matches.push(if matched { Some(ids.next().and_then(public_id).ok_or(PackError::Columns)?) } else { None });
    }
    if ids.next().is_some() || !ids.remainder().is_empty() {
        return Err(PackError::Columns);
    }
    Ok(matches)
}

fn public_id(bytes: &[u8]) -> Option<PublicId> {
    let bytes: [u8; 4] = bytes.try_into().ok()?;
    PublicId::new(u64::from(u32::from_le_bytes(bytes)))
}

/// A spelling, told by what it adds to the canonical digits: nothing where it is just these; `p` and
/// the spelling with every digit as `0` where its digits are the last ones of the canonical phone,
/// so that the spellings of a whole book become a few patterns; `v` and the spelling itself
/// otherwise.
fn spelling_code(contact: &Contact) -> String {
    let (raw, canonical) = (contact.spelling.as_str(), contact.phone.digits());
    if raw == canonical {
        return String::new();
    }
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    if canonical.ends_with(&digits) {
        let pattern = raw.chars().map(|c| if c.is_ascii_digit() { '0' } else { c });
        std::iter::once('p').chain(pattern).collect()
    } else {
        format!("v{raw}")
    }
}

fn spelling(code: &str, canonical: &str) -> Result<String, PackError> {
    match code.split_at_checked(1) {
        None => Ok(canonical.to_owned()),
        Some(("v", raw)) => Ok(raw.to_owned()),
        Some(("p", pattern)) => {
            let digits = pattern.bytes().filter(|byte| *byte == b'0').count();
            let start = canonical.len().checked_sub(digits).ok_or(PackError::Columns)?;
            let mut last = canonical[start..].chars();
            pattern.chars().map(|c| if c == '0' { last.next().ok_or(PackError::Columns) } else { Ok(c) }).collect()
        }
        Some(_) => Err(PackError::Columns),
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_texts<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str> + Clone) {
    for text in texts.clone() {
        put_varint(out, text.len());
    }
    for text in texts {
        out.extend(text.bytes());
    }
}

/// What is left of the columns.
struct Columns<'a>(&'a [u8]);

impl<'a> Columns<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], PackError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(PackError::Columns)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<usize, PackError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(PackError::Columns)
    }

    fn text(&mut self, length: usize) -> Result<&'a str, PackError> {
        std::str::from_utf8(self.take(length)?).map_err(|_| PackError::Columns)
    }

    fn texts(&mut self, count: usize) -> Result<Vec<&'a str>, PackError> {
        let lengths: Vec<usize> = (0..count).map(|_| self.varint()).collect::<Result<_, _>>()?;
        lengths.into_iter().map(|length| self.text(length)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn contact(digits: &str, spelling: &str, name: &str) -> Contact {
        Contact {
            phone: digits.parse().expect("a phone"),
            spelling: spelling.into(),
            name: name.parse().expect("a name"),
        }
    }

    fn round_trip(book: &Book) -> Result<Book, PackError> {
        unpack(book.region(), &pack_contacts(book), pack_matches(book).as_deref())
    }

    proptest! {
        #[test]
        fn a_packed_book_comes_back_as_it_was(
            contacts in prop::collection::vec(("[0-9]{10,15}", "\\PC{0,20}|[+]?[0-9 ()-]{0,20}", "\\PC{0,9}x\\PC{0,9}", any::<u32>()), 0..40),
        ) {
            let entries = contacts.iter().filter(|(_, _, name, _)| !name.trim().is_empty()).map(|(digits, spelling, name, id)| Entry {
                contact: contact(digits, spelling, name),
                matched: PublicId::new(u64::from(*id)),
            });
            let book = Book::new(None, entries.collect());
            prop_assert_eq!(round_trip(&book), Ok(book));
        }

        #[test]
        fn hostile_bytes_are_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..200), columns in any::<bool>()) {
            if columns {
                bytes = zstd::bulk::compress(&bytes, 1).expect("compresses");
                bytes.insert(0, FORMAT_ZSTD_COLUMNS);
            }
            let _ = unpack(None, &bytes, Some(&bytes));
        }
    }

    #[test]
    fn spellings_come_back_exactly() {
        for spelling in
            ["16505550123", "+16505550123", "(650) 555-0123", "001 650 555 0123", "٦٥٠ 555 0123", "", "0", "000"]
        {
            let entry = Entry { contact: contact("16505550123", spelling, "x"), matched: None };
            let book = Book::new(None, vec![entry]);
            assert_eq!(round_trip(&book), Ok(book), "{spelling:?}");
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut bomb = vec![FORMAT_ZSTD_COLUMNS];
        bomb.extend(zstd::bulk::compress(&vec![0; MAX_RAW + 1], 3).expect("compresses"));
        assert_eq!(unpack(None, &bomb, None), Err(PackError::Compression));
    }

    #[test]
    fn twenty_thousand_ordinary_contacts_fit_and_leave_room_for_their_matches() {
        let mut random = fastrand::Rng::with_seed(1);
        let names = ["Gordie", "Hildegarde", "Buiron", "Dacia", "Carmen", "Kann", "McCombie", "Oystein", "Ola", "Kari"];
        let mut entry = |_| {
            let name = format!("{} {}", names[random.usize(..10)], names[random.usize(..10)]);
            let digits = format!("1{}", random.u64(2_000_000_000..9_999_999_999));
            Entry {
                contact: contact(&digits, &format!("+{digits}"), &name),
                matched: PublicId::new(random.u64(1..1 << 31)),
            }
        };
        let book = Book::new(None, (0..20_000).map(&mut entry).collect());
        assert!(fits(&book));
        let matches = pack_matches(&book).expect("matches");
        assert_eq!(matches.len(), worst_matches(book.entries().len()));
    }
}
