//! Packing: a book as bytes, contacts in one attribute and matches in another.
//!
//! The contacts are laid out in columns (phones, spellings, names), which pack better than records.
//! The last seven digits of a phone are as good as random. They take three bytes each and aren't
//! compressed, because they would spoil the compressor's statistics. The digits before them
//! (country and area) and the spellings are one compressed frame, the names another. The first byte
//! names the format, so that later formats can be told apart. Unpacking is bounded in memory, and
//! returns an error for hostile bytes.

mod changes;
mod columns;
mod error;
mod spelling;

use model::{Book, Contact, Entry, PublicId};
use numbering::{Phone, Region};

pub(crate) use self::changes::are_changes;
pub use self::changes::{Packed, apply_changes, pack_changes};
use self::columns::{Columns, compress, decompress, put_texts, put_varint};
pub use self::error::PackError;
use crate::keyring::SEAL_BYTES;

/// Most bytes of packed contacts. An item of DynamoDB has at most 400 KB, including keys and
/// attribute names.
const MAX_PACKED_CONTACTS: usize = 350 * 1024;
/// Most bytes of contacts and matches together. It leaves room for the other attributes.
const MAX_PACKED_BOOK: usize = 395 * 1024;
/// Most bytes of a book in an answer. An answer of Lambda has at most 6 MB (AWS limit), and 20,000
/// registered users take a megabyte more than 20,000 contacts.
const MAX_TOLD: usize = 4_800_000;
/// Bytes of a contact in an answer without its texts: `{"name":"","phone":""},` with each quote
/// escaped.
const TOLD_FIXED_BYTES: usize = 31;
/// Most bytes of a column before compression. No column is larger in a book that fits into an
/// answer.
const MAX_RAW: usize = MAX_TOLD;
/// The format of contacts: tails of phones, a frame of heads and spellings, a frame of names.
const FORMAT_COLUMNS: u8 = 1;
/// The format of matches: a bit per contact, and four bytes per match.
const FORMAT_MATCH_BITS: u8 = 1;
/// How many of a phone's digits are its tail. The ten million tails fit into three bytes.
const TAIL_DIGITS: usize = 7;
/// How many tails there are: one more than the greatest.
const TAILS: u32 = 10_000_000;
/// Bytes of a contact without its texts: three for the tail, one for the length, four for the head,
/// and an end after each of the two texts.
const FIXED_BYTES: usize = 10;

/// Returns whether the book fits into its item and into an answer, even if every contact becomes a
/// user.
///
/// A match takes four bytes and a bit. They are reserved for every contact, so a join never finds a
/// book too full for its match.
#[must_use]
pub fn fits(book: &Book) -> bool {
    let (raw, matches) = (raw_size(book), worst_matches(book.entries().len()) + 2 * SEAL_BYTES);
    let small_enough =
        |contacts: usize| contacts <= MAX_PACKED_CONTACTS && contacts + matches <= MAX_PACKED_BOOK;
    // Most books fit uncompressed, and then needn't be compressed to find out.
    small_enough(raw) || (told_size(book) <= MAX_TOLD && small_enough(pack_contacts(book).len()))
}

/// Returns how many bytes the contacts take in an answer. It is JSON, which Lambda takes as a text
/// inside JSON.
fn told_size(book: &Book) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' => 4,
        c if c.is_ascii_control() => 7,
        c => c.len_utf8(),
    };
    let text = |text: &str| text.chars().map(escaped).sum::<usize>();
    let entry = |Entry { contact, .. }: &Entry| {
        TOLD_FIXED_BYTES + text(contact.spelling.as_str()) + text(contact.name.as_str())
    };
    book.entries().iter().map(entry).sum()
}

fn worst_matches(contacts: usize) -> usize {
    1 + contacts.div_ceil(8) + 4 * contacts
}

/// Returns an upper bound of the size of the packed contacts, as if nothing were compressed.
fn raw_size(book: &Book) -> usize {
    let entry = |Entry { contact, .. }: &Entry| {
        FIXED_BYTES + spelling::longest_code(contact) + contact.name.as_str().len()
    };
    // 64 bytes for counts; the factor is what a frame of incompressible bytes has in addition.
    64 + book.entries().iter().map(entry).sum::<usize>() * 129 / 128
}

/// Packs the contacts of `book`.
#[must_use]
pub fn pack_contacts(book: &Book) -> Vec<u8> {
    let contacts: Vec<&Contact> = book.entries().iter().map(|entry| &entry.contact).collect();
    pack_columns(&contacts)
}

fn pack_columns(contacts: &[&Contact]) -> Vec<u8> {
    let contacts = || contacts.iter().copied();
    let phones: Vec<(u32, u32)> = contacts().map(|contact| split(contact.phone)).collect();

    let mut packed = vec![FORMAT_COLUMNS];
    put_varint(&mut packed, phones.len());
    packed.extend(phones.iter().flat_map(|(_, tail)| tail.to_le_bytes().into_iter().take(3)));

    let mut told: Vec<u8> = contacts().map(|contact| contact.phone.digits().len() as u8).collect();
    for byte in 0..4 {
        told.extend(phones.iter().map(|(head, _)| head.to_le_bytes()[byte]));
    }
    put_texts(&mut told, contacts().map(spelling::code));
    let told = compress(&told);
    put_varint(&mut packed, told.len());
    packed.extend(told);

    let mut names = Vec::new();
    put_texts(&mut names, contacts().map(|contact| contact.name.as_str()));
    packed.extend(compress(&names));
    packed
}

/// Returns a phone's digits before its tail, and its tail.
fn split(phone: Phone) -> (u32, u32) {
    let digits = phone.digits();
    let (head, tail) = digits.split_at(digits.len() - TAIL_DIGITS);
    (head.parse().unwrap_or(0), tail.parse().expect("seven digits"))
}

/// Returns the phone of `length` digits that was [`split`].
fn joined(length: u8, head: u32, tail: u32) -> Result<Phone, PackError> {
    let mut digits = [b'0'; Phone::MAX_DIGITS];
    let digits = digits.get_mut(..usize::from(length)).ok_or(PackError::Columns)?;
    let mut left = u64::from(head) * u64::from(TAILS) + u64::from(tail);
    for digit in digits.iter_mut().rev() {
        *digit += (left % 10) as u8;
        left /= 10;
    }
    if tail >= TAILS || digits.len() < TAIL_DIGITS || left > 0 {
        return Err(PackError::Columns);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| PackError::Columns)?;
    Phone::stored(digits).map_err(|_| PackError::Columns)
}

/// Packs the matches of `book`. Returns nothing if there are none.
#[must_use]
pub fn pack_matches(book: &Book) -> Option<Vec<u8>> {
    pack_ids(book.entries())
}

fn pack_ids(entries: &[Entry]) -> Option<Vec<u8>> {
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

/// Unpacks the book that was packed into `contacts` and `matches`.
///
/// # Errors
/// Any [`PackError`] for bytes that [`pack_contacts`] and [`pack_matches`] didn't make.
pub fn unpack(
    region: Option<Region>,
    contacts: &[u8],
    matches: Option<&[u8]>,
) -> Result<Book, PackError> {
    Ok(Book::new(region, unpack_entries(contacts, matches)?))
}

pub(crate) fn unpack_entries(
    contacts: &[u8],
    matches: Option<&[u8]>,
) -> Result<Vec<Entry>, PackError> {
    let contacts = unpack_contacts(contacts)?;
    let matches = unpack_matches(matches, contacts.len())?;
    let entries =
        contacts.into_iter().zip(matches).map(|(contact, matched)| Entry { contact, matched });
    Ok(entries.collect())
}

fn unpack_contacts(packed: &[u8]) -> Result<Vec<Contact>, PackError> {
    let Some((&FORMAT_COLUMNS, rest)) = packed.split_first() else {
        return Err(PackError::Format);
    };
    let mut packed = Columns(rest);
    let count = packed.varint()?;
    let tails = packed.take(3 * count)?;
    let told = packed.varint()?;
    let told = decompress(packed.take(told)?, MAX_RAW)?;
    let names = decompress(packed.0, MAX_RAW)?;

    let mut told = Columns(&told);
    let lengths = told.take(count)?;
    let heads = [told.take(count)?, told.take(count)?, told.take(count)?, told.take(count)?];
    let spellings = told.texts(count)?;
    let names = Columns(&names).texts(count)?;
    let contact = |place: usize| {
        let head = u32::from_le_bytes(heads.map(|column| column[place]));
        let tail = &tails[3 * place..][..3];
        let phone =
            joined(lengths[place], head, u32::from_le_bytes([tail[0], tail[1], tail[2], 0]))?;
        Ok(Contact {
            phone,
            spelling: spelling::read(spellings[place], phone)?.as_str().into(),
            name: names[place].parse().map_err(|_| PackError::Columns)?,
        })
    };
    (0..count).map(contact).collect()
}

fn unpack_matches(
    packed: Option<&[u8]>,
    contacts: usize,
) -> Result<Vec<Option<PublicId>>, PackError> {
    let Some(packed) = packed else { return Ok(vec![None; contacts]) };
    let Some((&FORMAT_MATCH_BITS, rest)) = packed.split_first() else {
        return Err(PackError::Format);
    };
    let (bits, ids) = rest.split_at_checked(contacts.div_ceil(8)).ok_or(PackError::Columns)?;
    let mut ids = ids.chunks_exact(4);
    let mut matches = Vec::with_capacity(contacts);
    for place in 0..contacts {
        let matched = bits[place / 8] & (1 << (place % 8)) != 0;
        matches.push(if matched {
            Some(public_id(ids.next().ok_or(PackError::Columns)?)?)
        } else {
            None
        });
    }
    if ids.next().is_some() || !ids.remainder().is_empty() {
        return Err(PackError::Columns);
    }
    Ok(matches)
}

fn public_id(bytes: &[u8]) -> Result<PublicId, PackError> {
    let bytes: [u8; 4] = bytes.try_into().map_err(|_| PackError::Columns)?;
    PublicId::new(u64::from(u32::from_le_bytes(bytes))).ok_or(PackError::Columns)
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
        fn hostile_bytes_are_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..90), columns in any::<bool>()) {
            if columns {
                let frame = compress(&bytes);
                bytes = [&[FORMAT_COLUMNS, 0, frame.len() as u8][..], &frame, &frame].concat();
            }
            let _ = unpack(None, &bytes, Some(&bytes));
        }
    }

    #[test]
    fn broken_columns_are_an_error() {
        let entry = |digits| Entry { contact: contact(digits, "+1", "x"), matched: None };
        let whole =
            pack_contacts(&Book::new(None, vec![entry("16505550123"), entry("4915112345678")]));
        assert!(unpack(None, &whole, None).is_ok());
        let mut beyond_seven_digits = whole.clone();
        beyond_seven_digits[2..5].fill(0xFF);
        let mut too_many = whole.clone();
        too_many[1] = 3;
        for (broken, expected) in [
            (&whole[..4], PackError::Columns),
            (&whole[..whole.len() - 1], PackError::Compression),
            (&beyond_seven_digits, PackError::Columns),
        ] {
            assert_eq!(unpack(None, broken, None), Err(expected), "{broken:?}");
        }
        assert!(unpack(None, &too_many, None).is_err());
    }

    #[test]
    fn a_phone_is_split_and_joined() {
        for digits in [
            "2908123",
            "298212345",
            "0000000000",
            "16505550123",
            "999999999999999",
            "100000000000000",
        ] {
            let phone: Phone = digits.parse().expect("a phone");
            let (head, tail) = split(phone);
            assert_eq!(joined(digits.len() as u8, head, tail), Ok(phone), "{digits}");
        }
        for (length, head, tail) in
            [(6, 0, 0), (7, 1, 0), (10, 1000, 0), (11, 0, TAILS), (16, 1, 1)]
        {
            assert_eq!(
                joined(length, head, tail),
                Err(PackError::Columns),
                "{length} {head} {tail}"
            );
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = compress(&vec![0; MAX_RAW + 1]);
        let mut packed = vec![FORMAT_COLUMNS, 0];
        put_varint(&mut packed, bomb.len());
        packed.extend(bomb);
        assert_eq!(unpack(None, &packed, None), Err(PackError::Compression));
    }

    #[test]
    fn twenty_thousand_ordinary_contacts_fit_and_leave_room_for_their_matches() {
        let mut random = fastrand::Rng::with_seed(1);
        let names = [
            "Gordie",
            "Hildegarde",
            "Buiron",
            "Dacia",
            "Carmen",
            "Kann",
            "McCombie",
            "Oystein",
            "Ola",
            "Kari",
        ];
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
        assert!(pack_contacts(&book).len() <= raw_size(&book));
        let matches = pack_matches(&book).expect("matches");
        assert_eq!(matches.len(), worst_matches(book.entries().len()));
    }
}
