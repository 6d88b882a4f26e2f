//! Changes: what makes a book out of its base, as bytes.
//!
//! After the format byte come numbers (varints), and then two parts that are packed like a book's:
//!
//! | part | holds |
//! |---|---|
//! | written before | how many bytes of changes were written since the base was |
//! | removed | places in the base whose contacts are gone |
//! | replaced | places in the base whose contacts have another name or spelling |
//! | rematched | places in the base with another match; then their ids, four bytes each, 0 for none |
//! | contacts | those that replace others, then those that follow the base's, see `pack_contacts` |
//! | matches | those of the contacts that follow, see `pack_matches` |
//!
//! A list of places is their count, and the distance of each from the one before. The contacts begin
//! with their length.

use std::collections::HashMap;

use model::{Contact, Entry, PublicId, hide_debug};
use numbering::Phone;

use super::columns::{Columns, put_varint};
use super::error::PackError;
use super::{pack_columns, pack_ids, public_id, unpack_contacts, unpack_matches};

/// The format of changes. Releases before there were bases refuse it, so that they never take a book
/// for what has changed in it.
const FORMAT_CHANGES: u8 = 2;

/// The differences between a base and a book.
#[derive(Default)]
struct Changes<'a> {
    removed: Vec<usize>,
    replaced: Vec<(usize, &'a Contact)>,
    rematched: Vec<(usize, Option<PublicId>)>,
    appended: &'a [Entry],
}

impl<'a> Changes<'a> {
    /// Compares. The contacts of the base that stay in their order are kept. What comes after the
    /// first contact that isn't one of them is appended, whatever it is.
    fn between(base: &[Entry], next: &'a [Entry]) -> Self {
        let places: HashMap<Phone, usize> =
            base.iter().enumerate().map(|(place, entry)| (entry.contact.phone, place)).collect();
        let mut changes = Self::default();
        let (mut beyond, mut kept) = (0, 0);
        for entry in next {
            let place = places.get(&entry.contact.phone).copied();
            let Some(place) = place.filter(|place| *place >= beyond) else { break };
            changes.removed.extend(beyond..place);
            if base[place].contact != entry.contact {
                changes.replaced.push((place, &entry.contact));
            }
            if base[place].matched != entry.matched {
                changes.rematched.push((place, entry.matched));
            }
            (beyond, kept) = (place + 1, kept + 1);
        }
        changes.removed.extend(beyond..base.len());
        changes.appended = &next[kept..];
        changes
    }
}

/// What is kept of changes as they were read, for the changes that take their place.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Packed {
    /// How many bytes of changes were written since the base was.
    pub written_bytes: usize,
    /// The contacts in them, or nothing if there are none.
    contacts: Vec<u8>,
}

// Contacts have names and phones.
hide_debug!(Packed);

impl Packed {
    /// Packs contacts. It takes what was packed before if these are the same, as they are if a match
    /// is written. To compare them takes far less time than to pack them again.
    fn packed(&self, contacts: &[&Contact]) -> Vec<u8> {
        let before = unpack_contacts(&self.contacts);
        if before.is_ok_and(|before| before.iter().eq(contacts.iter().copied())) {
            self.contacts.clone()
        } else {
            pack_columns(contacts)
        }
    }
}

/// Packs what makes `next` out of `base`. Returns nothing if more contacts than `most` differ or are
/// new. `before` are the changes in whose place these are written.
#[must_use]
pub fn pack_changes(
    base: &[Entry],
    next: &[Entry],
    before: &Packed,
    most: usize,
) -> Option<Vec<u8>> {
    let Changes { removed, replaced, rematched, appended } = Changes::between(base, next);
    if replaced.len() + appended.len() > most {
        return None;
    }
    let mut packed = vec![FORMAT_CHANGES];
    put_varint(&mut packed, before.written_bytes);
    put_places(&mut packed, removed.iter().copied());
    put_places(&mut packed, replaced.iter().map(|(place, _)| *place));
    put_places(&mut packed, rematched.iter().map(|(place, _)| *place));
    for (_, matched) in &rematched {
        packed.extend(matched.map_or(0, PublicId::get).to_le_bytes());
    }
    let replacing = replaced.iter().map(|(_, contact)| *contact);
    let contacts: Vec<&Contact> =
        replacing.chain(appended.iter().map(|entry| &entry.contact)).collect();
    if !contacts.is_empty() {
        let contacts = before.packed(&contacts);
        put_varint(&mut packed, contacts.len());
        packed.extend(contacts);
        packed.extend(pack_ids(appended).unwrap_or_default());
    }
    Some(packed)
}

/// Returns whether the bytes are changes, and not the contacts of a whole book.
pub(crate) fn are_changes(packed: &[u8]) -> bool {
    packed.first() == Some(&FORMAT_CHANGES)
}

/// Returns the entries that `packed` makes out of `base`, and what is kept of the changes. Their
/// bytes count as written.
///
/// # Errors
/// Any [`PackError`] for bytes that [`pack_changes`] didn't make of this base.
pub fn apply_changes(base: &[Entry], packed: &[u8]) -> Result<(Vec<Entry>, Packed), PackError> {
    let Some((&FORMAT_CHANGES, rest)) = packed.split_first() else {
        return Err(PackError::Format);
    };
    let mut rest = Columns(rest);
    let written_before = rest.varint()?;
    let mut places = || read_places(&mut rest, base.len());
    let (removed, replaced, rematched) = (places()?, places()?, places()?);
    let ids = rest.take(4 * rematched.len())?.chunks_exact(4);
    let mut packed_contacts = vec![];
    let contacts = if rest.0.is_empty() {
        vec![]
    } else {
        let length = rest.varint()?;
        packed_contacts = rest.take(length)?.to_vec();
        unpack_contacts(&packed_contacts)?
    };
    let appended = contacts.len().checked_sub(replaced.len()).ok_or(PackError::Columns)?;
    let matches = Some(rest.0).filter(|matches| !matches.is_empty());
    let matches = unpack_matches(matches, appended)?;

    let mut entries: Vec<Option<Entry>> = base.iter().cloned().map(Some).collect();
    for (place, id) in rematched.iter().zip(ids) {
        let entry = entries[*place].as_mut().ok_or(PackError::Columns)?;
        entry.matched = if id == [0; 4] { None } else { Some(public_id(id)?) };
    }
    let mut contacts = contacts.into_iter();
    for (place, contact) in replaced.iter().zip(contacts.by_ref()) {
        let entry = entries[*place].as_mut().ok_or(PackError::Columns)?;
        entry.contact = contact;
    }
    for place in removed {
        entries[place] = None;
    }
    let appended = contacts.zip(matches).map(|(contact, matched)| Entry { contact, matched });
    let entries = entries.into_iter().flatten().chain(appended).collect();
    let written_bytes = written_before.saturating_add(packed.len());
    Ok((entries, Packed { written_bytes, contacts: packed_contacts }))
}

fn put_places(out: &mut Vec<u8>, places: impl ExactSizeIterator<Item = usize>) {
    put_varint(out, places.len());
    let mut beyond = 0;
    for place in places {
        put_varint(out, place - beyond);
        beyond = place + 1;
    }
}

/// Reads a list of places, all of them below `end`.
fn read_places(rest: &mut Columns<'_>, end: usize) -> Result<Vec<usize>, PackError> {
    let count = rest.varint()?;
    if count > end {
        return Err(PackError::Columns);
    }
    let mut places = Vec::with_capacity(count);
    let mut beyond = 0;
    for _ in 0..count {
        let place = beyond + rest.varint()?;
        if place >= end {
            return Err(PackError::Columns);
        }
        places.push(place);
        beyond = place + 1;
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(digits: u64, name: &str, id: u64) -> Entry {
        let phone: Phone = format!("1650555{digits:04}").parse().expect("a phone");
        let contact = Contact { phone, spelling: "+1".into(), name: name.parse().expect("a name") };
        Entry { contact, matched: PublicId::new(id) }
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        prop::collection::vec((0..12_u64, "[ab]", 0..3_u64), 0..12).prop_map(|all| {
            let all = all.iter().map(|(digits, name, id)| entry(*digits, name, *id)).collect();
            model::Book::new(None, all).entries().to_vec()
        })
    }

    proptest! {
        #[test]
        fn changes_make_the_book_out_of_the_base(base in entries(), next in entries(), before in 0..9_000_000_usize) {
            let before = Packed { written_bytes: before, contacts: vec![] };
            let packed = pack_changes(&base, &next, &before, 12).expect("few");
            let (applied, kept) = apply_changes(&base, &packed).expect("changes");
            prop_assert_eq!((applied, kept.written_bytes), (next, before.written_bytes + packed.len()));
        }

        #[test]
        fn changes_after_changes_are_packed_as_if_there_had_been_none(base in entries(), first in entries(), next in entries()) {
            let packed = pack_changes(&base, &first, &Packed::default(), 12).expect("few");
            let (_, kept) = apply_changes(&base, &packed).expect("changes");
            let repacked = Packed { contacts: vec![], written_bytes: kept.written_bytes };
            prop_assert_eq!(pack_changes(&base, &next, &kept, 12), pack_changes(&base, &next, &repacked, 12));
        }

        #[test]
        fn hostile_bytes_are_an_error(base in entries(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = apply_changes(&base, &[&[FORMAT_CHANGES], &bytes[..]].concat());
        }
    }

    #[test]
    fn a_change_takes_as_few_bytes_as_it_needs() {
        let base: Vec<Entry> = (0..1_000).map(|digits| entry(digits, "Gordie Kann", 0)).collect();
        let mut rematched = base.clone();
        rematched[700].matched = PublicId::new(1);
        let mut renamed = base.clone();
        renamed[700] = entry(700, "Dacia McCombie", 0);
        let removed: Vec<Entry> =
            base.iter().filter(|entry| **entry != base[700]).cloned().collect();
        let added = [&base[..], &[entry(1_000, "Dacia McCombie", 0)]].concat();
        for (next, bytes) in
            [(base.clone(), 5), (removed, 7), (rematched, 11), (renamed, 56), (added, 54)]
        {
            let packed = pack_changes(&base, &next, &Packed::default(), 1).expect("few");
            assert_eq!(packed.len(), bytes);
        }
    }

    #[test]
    fn changes_of_another_base_are_an_error() {
        let base: Vec<Entry> = (0..3).map(|digits| entry(digits, "x", 0)).collect();
        let packed = pack_changes(&base, &base[..2], &Packed::default(), 0).expect("few");
        assert_eq!(apply_changes(&base[..2], &packed), Err(PackError::Columns));
    }
}
