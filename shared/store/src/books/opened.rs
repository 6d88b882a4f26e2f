//! Opened books: what a person can read of the two items of a book.

use model::{Clock, Entry};

use super::items::{BookItems, BookKeys, read_base};
use crate::error::StoreError;
use crate::item::Attributes;
use crate::keyring::Keyring;
use crate::scan::BookKey;

/// Returns the entries of a base, or those of the whole book if `item` is a head. The second item
/// is the head's base, if it has one. Returns nothing if the base was replaced meanwhile.
pub(crate) fn entries(
    keyring: &Keyring,
    clock: &dyn Clock,
    key: &BookKey,
    item: &Attributes,
    base: Option<&Attributes>,
) -> Result<Option<Vec<Entry>>, StoreError> {
    let keys = BookKeys::new(keyring, &key.user, &key.scope);
    if key.is_base {
        return read_base(&keys, item).map(|base| Some(base.entries));
    }
    let items = BookItems { head: Some(item.clone()), base: base.cloned() };
    let stored = items.read(&keys, clock)?;
    Ok(stored.map(|stored| stored.contents().entries().to_vec()))
}
