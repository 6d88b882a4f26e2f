//! What a change of a phone's holder means.

use super::user::Holder;

/// What the books that hold a phone have to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderChange {
    /// Nothing that a book shows.
    Nothing,
    /// The phone has a new holder: books show them, and people are told.
    Joined,
    /// The phone's holder can be found again. Books show them anew; nobody is told, since those who were
    /// told of their joining would be told twice.
    Returned,
    /// The phone has no holder any more, or none who wants to be found.
    Left,
}

/// Compares a phone's holder before and after a write.
///
/// Only the id, the epoch and being found count; other writes of the same item are no change.
#[must_use]
pub fn holder_change(before: Option<&Holder>, after: Option<&Holder>) -> HolderChange {
    let found =
        |holder: Option<&Holder>| holder.filter(|holder| holder.discoverable).map(|holder| (holder.id, holder.epoch));
    match (found(before), found(after)) {
        (before, after) if before == after => HolderChange::Nothing,
        (None, Some(found)) if before.is_some_and(|hidden| (hidden.id, hidden.epoch) == found) => {
            HolderChange::Returned
        }
        (_, Some(_)) => HolderChange::Joined,
        (_, None) => HolderChange::Left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PublicId;

    fn holder(id: u64, epoch: u64, discoverable: bool) -> Holder {
        let id = PublicId::new(id).expect("an id");
        Holder { id, user: format!("user-{id}").parse().expect("a user"), epoch, discoverable, announced: true }
    }

    #[test]
    fn only_id_epoch_and_being_found_are_changes() {
        let alice = holder(1, 1, true);
        let quiet = Holder { announced: false, ..alice.clone() };
        for (name, before, after, expected) in [
            ("registers", None, Some(alice.clone()), HolderChange::Joined),
            ("leaves", Some(alice.clone()), None, HolderChange::Left),
            ("number recycled", Some(alice.clone()), Some(holder(2, 2, true)), HolderChange::Joined),
            ("registers anew", Some(alice.clone()), Some(holder(1, 2, true)), HolderChange::Joined),
            ("takes a hidden one's number", Some(holder(2, 1, false)), Some(alice.clone()), HolderChange::Joined),
            ("hides", Some(alice.clone()), Some(holder(1, 1, false)), HolderChange::Left),
            ("shows up again", Some(holder(1, 1, false)), Some(alice.clone()), HolderChange::Returned),
            ("changes nothing", Some(alice.clone()), Some(alice.clone()), HolderChange::Nothing),
            ("turns announcements off", Some(alice), Some(quiet), HolderChange::Nothing),
            ("registers hidden", None, Some(holder(1, 1, false)), HolderChange::Nothing),
            ("was never there", None, None, HolderChange::Nothing),
        ] {
            assert_eq!(holder_change(before.as_ref(), after.as_ref()), expected, "{name}");
        }
    }
}
