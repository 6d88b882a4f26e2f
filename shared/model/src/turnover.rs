//! What a change of a phone's holder means.

use crate::user::Holder;

/// What a change of a phone's holder means for the books that contain the phone.
///
/// Every change but [`Turnover::None`] is sent to the books as a message. Every such change of an
/// item also raises the phone's sequence. The two have to go together: a message without a joiner
/// ends if the sequence is past its own, because the message of the greater sequence is still to
/// come, or came later than the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turnover {
    /// Nothing that books have to hear of.
    None,
    /// The phone has a new holder. Books show them, and the books' owners are told.
    Joined,
    /// The phone's holder can be found again. Books show them again. Nobody is told, because those
    /// who were told when the holder joined would be told twice.
    Returned,
    /// The phone's holder doesn't want to be found. It may be that books show nobody already, if
    /// the phone was nobody's or its former holder was hidden too.
    Hidden,
    /// The phone has no holder any more.
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
        let Some(after) = after else {
            // Books show nobody for a hidden holder, just as for none.
            let shown = before.is_some_and(|before| before.discoverable);
            return if shown { Self::Left } else { Self::None };
        };
        let same = before.filter(|before| turn(before) == turn(after));
        match (same, after.discoverable) {
            (Some(before), discoverable) if before.discoverable == discoverable => Self::None,
            (Some(_), true) => Self::Returned,
            (None, true) => Self::Joined,
            (_, false) => Self::Hidden,
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
            sequence: None,
        }
    }

    #[test]
    fn only_id_epoch_and_being_found_are_changes() {
        let alice = holder(1, 1, true);
        let alice_shown = alice.clone();
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
            ("hides", Some(alice.clone()), Some(holder(1, 1, false)), Turnover::Hidden),
            ("shows up again", Some(holder(1, 1, false)), Some(alice.clone()), Turnover::Returned),
            ("changes nothing", Some(alice.clone()), Some(alice.clone()), Turnover::None),
            ("turns announcements off", Some(alice), Some(quiet), Turnover::None),
            ("registers hidden", None, Some(holder(1, 1, false)), Turnover::Hidden),
            (
                "is taken over by a hidden one",
                Some(alice_shown),
                Some(holder(2, 2, false)),
                Turnover::Hidden,
            ),
            (
                "is hidden and taken over by a hidden one",
                Some(holder(1, 1, false)),
                Some(holder(2, 2, false)),
                Turnover::Hidden,
            ),
            ("is hidden and leaves", Some(holder(1, 1, false)), None, Turnover::None),
            ("was never there", None, None, Turnover::None),
        ] {
            assert_eq!(Turnover::between(before.as_ref(), after.as_ref()), expected, "{name}");
        }
    }
}
