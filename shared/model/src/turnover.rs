//! What a change of a phone's holder means.

use crate::user::Holder;

/// What a change of a phone's holder means for the books that contain the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turnover {
    /// Books show nothing different.
    None,
    /// The phone has a new holder. Books show them, and the books' owners are told.
    Joined,
    /// The phone's holder can be found again. Books show them again. Nobody is told, because those
    /// who were told when the holder joined would be told twice.
    Returned,
    /// The phone has no holder any more, or its holder doesn't want to be found.
    Left,
}

impl Turnover {
    /// Compares a phone's holder before and after a write.
    ///
    /// Only the id, the epoch and the visibility count. Other writes of the same item change
    /// nothing.
    #[must_use]
    pub fn between(before: Option<&Holder>, after: Option<&Holder>) -> Self {
        let turn = |holder: &Holder| (holder.id, holder.epoch);
        let found = |holder: Option<&Holder>| holder.filter(|holder| holder.discoverable).map(turn);
        match (found(before), found(after)) {
            (before, after) if before == after => Self::None,
            (None, Some(found)) if before.map(turn) == Some(found) => Self::Returned,
            (_, Some(_)) => Self::Joined,
            (_, None) => Self::Left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PublicId;

    fn holder(id: u64, epoch: u64, discoverable: bool) -> Holder {
        let id = PublicId::new(id).expect("an id");
        Holder {
            id,
            user: format!("user-{id}").parse().expect("a user"),
            epoch,
            discoverable,
            announced: true,
        }
    }

    #[test]
    fn only_id_epoch_and_being_found_are_changes() {
        let alice = holder(1, 1, true);
        let quiet = Holder { announced: false, ..alice.clone() };
        for (name, before, after, expected) in [
            ("registers", None, Some(alice.clone()), Turnover::Joined),
            ("leaves", Some(alice.clone()), None, Turnover::Left),
            ("number recycled", Some(alice.clone()), Some(holder(2, 2, true)), Turnover::Joined),
            ("registers anew", Some(alice.clone()), Some(holder(1, 2, true)), Turnover::Joined),
            (
                "takes a hidden one's number",
                Some(holder(2, 1, false)),
                Some(alice.clone()),
                Turnover::Joined,
            ),
            ("hides", Some(alice.clone()), Some(holder(1, 1, false)), Turnover::Left),
            ("shows up again", Some(holder(1, 1, false)), Some(alice.clone()), Turnover::Returned),
            ("changes nothing", Some(alice.clone()), Some(alice.clone()), Turnover::None),
            ("turns announcements off", Some(alice), Some(quiet), Turnover::None),
            ("registers hidden", None, Some(holder(1, 1, false)), Turnover::None),
            ("was never there", None, None, Turnover::None),
        ] {
            assert_eq!(Turnover::between(before.as_ref(), after.as_ref()), expected, "{name}");
        }
    }
}
