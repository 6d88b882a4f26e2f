//! The model: one book, one upload, and the messages about one phone.

use self::Rule::*;

/// A way in which messages may end early, be sent, or work. All but the first are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// As `docs/DESIGN.md` says.
    Exact,
    /// A message with a joiner doesn't end if the phone is nobody's.
    JoinerOutlivesAbsence,
    /// A message with a joiner doesn't end if the epoch is another.
    JoinerOutlivesEpoch,
    /// A message with a joiner ends by the sequence, as others do.
    JoinerEndsBySequence,
    /// A message without a joiner ends if the phone is nobody's.
    AbsenceEndsAll,
    /// A message without a joiner never ends early.
    NothingEnds,
    /// A message without a joiner ends if the sequence is the same, too.
    SameSequenceEnds,
    /// The first read may return the item as it was before the last change.
    EventualRead,
    /// No message is sent if a hidden user gets a phone that showed nobody before.
    HiddenIsNotSent,
    /// A message carries the sequence before the change.
    FormerSequenceIsSent,
    /// The holder of the first read is written, and isn't read again after the book.
    HolderIsReadOnce,
    /// A book is written only if its match changes.
    AgreementIsNotWritten,
}

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// I2, I3: at rest, the match isn't who has the phone and is shown.
    Match,
    /// I2: a message ended although its joiner has the phone and is shown.
    Announcement,
    /// More messages work than the last one, and the one that announces the present holder.
    Work,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    pub user: u8,
    pub epoch: u8,
    pub sequence: u8,
    pub shown: bool,
}

impl Item {
    pub fn matched(item: Option<Self>) -> Option<u8> {
        item.filter(|item| item.shown).map(|item| item.user)
    }
}

/// How far a worker is with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    Waiting,
    /// The message works. The holder of the first read is kept.
    Begun(Option<Item>),
    /// The book was read, at this version.
    Read(Option<Item>, u8),
    /// The holder was read, too.
    Looked(Option<Item>, u8, Option<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    pub joiner: Option<u8>,
    pub sequence: u8,
    pub step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Upload {
    Waiting,
    Read(u8),
    /// The hint is put.
    Hinted(u8),
    Looked(u8, Option<u8>),
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub item: Option<Item>,
    pub before: Option<Item>,
    pub epochs: u8,
    pub changes_left: u8,
    /// Deliveries of messages that were delivered already.
    pub copies_left: u8,
    pub hinted: bool,
    pub version: u8,
    pub in_book: bool,
    pub matched: Option<u8>,
    pub upload: Upload,
    pub messages: Vec<Message>,
}

/// Where the sequence of a phone begins that nobody had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Past all that it had before, as the clock sees to.
    Higher,
    /// Anew, as after a clock that was set back.
    Lower,
}

impl Rule {
    /// Returns whether the message ends at once, if `item` was read.
    pub fn ends(self, message: &Message, item: Option<Item>) -> bool {
        let past = |item: Item| match self {
            NothingEnds => false,
            SameSequenceEnds => item.sequence >= message.sequence,
            _ => item.sequence > message.sequence,
        };
        match (message.joiner, item) {
            (Some(_), None) => self != JoinerOutlivesAbsence,
            (Some(epoch), Some(item)) => {
                let another = item.epoch != epoch && self != JoinerOutlivesEpoch;
                another || self == JoinerEndsBySequence && past(item)
            }
            (None, None) => self == AbsenceEndsAll,
            (None, Some(item)) => past(item),
        }
    }

    /// Returns the message of a change, if it is sent.
    pub fn message(self, before: Option<Item>, after: Option<Item>) -> Option<Message> {
        let same = |before: &Item, after: Item| before.epoch == after.epoch;
        let joiner = match (before, after) {
            (_, None) => {
                before.filter(|before| before.shown)?;
                None
            }
            (Some(before), Some(after)) if same(&before, after) => None,
            (_, Some(after)) => after.shown.then_some(after.epoch),
        };
        let hidden = Item::matched(before).is_none() && Item::matched(after).is_none();
        if hidden && self == HiddenIsNotSent {
            return None;
        }
        let sequence = after.or(before)?.sequence;
        let former = before.filter(|_| self == FormerSequenceIsSent && after.is_some());
        let sequence = former.map_or(sequence, |before| before.sequence);
        Some(Message { joiner, sequence, step: Step::Waiting })
    }
}

impl State {
    pub fn first(in_book: bool, item: Option<Item>, changes: u8, copies: u8) -> Self {
        Self {
            item,
            before: item,
            epochs: 1,
            changes_left: changes,
            copies_left: copies,
            hinted: in_book,
            version: 0,
            in_book,
            matched: Item::matched(item).filter(|_| in_book),
            upload: if in_book { Upload::Done } else { Upload::Waiting },
            messages: vec![],
        }
    }

    pub fn changed(&self, rule: Rule, after: Option<Item>) -> Self {
        let mut next = self.clone();
        next.changes_left -= 1;
        (next.before, next.item) = (self.item, after);
        next.epochs = self.epochs.max(after.map_or(0, |after| after.epoch));
        next.messages.extend(rule.message(self.item, after));
        next
    }

    /// Returns all states after one more change.
    pub fn changes(&self, rule: Rule, start: Start) -> Vec<Self> {
        if self.changes_left == 0 {
            return vec![];
        }
        let taken = |user, shown| {
            let sequence = match (self.item, start) {
                (Some(item), _) => item.sequence + 1,
                (None, Start::Higher) => self.before.map_or(1, |before| before.sequence + 1),
                (None, Start::Lower) => 1,
            };
            Some(Item { user, epoch: self.epochs + 1, sequence, shown })
        };
        let mut after = vec![];
        for user in [1, 2] {
            if self.item.is_none_or(|item| item.user != user) {
                after.extend([taken(user, true), taken(user, false)]);
            }
        }
        if let Some(item) = self.item {
            let toggled = Item { sequence: item.sequence + 1, shown: !item.shown, ..item };
            after.extend([None, Some(toggled)]);
        }
        after.into_iter().map(|after| self.changed(rule, after)).collect()
    }

    /// Returns the state after the next step of the upload.
    pub fn uploaded(&self) -> Option<Self> {
        let mut next = self.clone();
        next.upload = match self.upload {
            Upload::Waiting => Upload::Read(self.version),
            Upload::Read(version) => {
                next.hinted = true;
                Upload::Hinted(version)
            }
            Upload::Hinted(version) => Upload::Looked(version, Item::matched(self.item)),
            Upload::Looked(version, matched) if version == self.version => {
                (next.version, next.in_book, next.matched) = (version + 1, true, matched);
                Upload::Done
            }
            Upload::Looked(..) => Upload::Waiting,
            Upload::Done => return None,
        };
        Some(next)
    }

    /// Returns the states after the next step of the message at `place`, or what it breaks.
    pub fn worked(&self, rule: Rule, place: usize) -> Result<Vec<Self>, Broken> {
        let message = self.messages[place];
        let mut next = self.clone();
        let mut to = |step| {
            next.messages[place].step = step;
            Ok(vec![next.clone()])
        };
        match message.step {
            Step::Waiting => {
                let stale = (rule == EventualRead).then_some(self.before);
                let reads = std::iter::once(self.item).chain(stale);
                reads.map(|item| self.begun(rule, place, item)).collect::<Result<Vec<_>, _>>()
            }
            // Without a hint there is no book to tell.
            Step::Begun(_) if !self.hinted => Ok(vec![self.without(place)]),
            Step::Begun(first) => to(Step::Read(first, self.version)),
            Step::Read(first, version) => {
                let read = if rule == HolderIsReadOnce { first } else { self.item };
                to(Step::Looked(first, version, Item::matched(read)))
            }
            Step::Looked(first, version, _) if version != self.version => to(Step::Begun(first)),
            Step::Looked(_, version, matched) => {
                next.messages.remove(place);
                let matched = matched.filter(|_| self.in_book);
                if rule != AgreementIsNotWritten || matched != self.matched {
                    (next.version, next.matched) = (version + 1, matched);
                }
                Ok(vec![next])
            }
        }
    }

    /// Returns the state after the message at `place` was begun, and `item` was read.
    pub fn begun(&self, rule: Rule, place: usize, item: Option<Item>) -> Result<Self, Broken> {
        let message = self.messages[place];
        if !rule.ends(&message, item) {
            let mut next = self.clone();
            next.messages[place].step = Step::Begun(item);
            return Ok(next);
        }
        let has_joined = |item: Item| message.joiner == Some(item.epoch) && item.shown;
        if self.item.is_some_and(has_joined) {
            Err(Broken::Announcement)
        } else {
            Ok(self.without(place))
        }
    }

    pub fn without(&self, place: usize) -> Self {
        let mut next = self.clone();
        next.messages.remove(place);
        next
    }

    /// Returns the state in which the message at `place` waits once more.
    pub fn copied(&self, place: usize) -> Option<Self> {
        let mut next = self.clone();
        next.copies_left = next.copies_left.checked_sub(1)?;
        next.messages.push(Message { step: Step::Waiting, ..self.messages[place] });
        Some(next)
    }

    /// Returns all states that may follow, in a form in which equal states are equal.
    pub fn next(&self, rule: Rule, start: Start) -> Result<Vec<Self>, Broken> {
        let mut all = self.changes(rule, start);
        all.extend(self.uploaded());
        for place in 0..self.messages.len() {
            all.extend(self.worked(rule, place)?);
            all.extend(self.copied(place));
        }
        for state in &mut all {
            state.messages.sort_unstable();
        }
        Ok(all)
    }

    pub fn is_at_rest(&self) -> bool {
        self.messages.is_empty() && matches!(self.upload, Upload::Waiting | Upload::Done)
    }

    /// Checks what has to hold in this state.
    pub fn check(&self, rule: Rule, start: Start) -> Result<(), Broken> {
        if self.is_at_rest() && self.in_book && self.matched != Item::matched(self.item) {
            return Err(Broken::Match);
        }
        if start == Start::Lower {
            return Ok(());
        }
        // What waits now, and would work if nothing changed any more. Copies don't count.
        let mut working = self.messages.clone();
        working.retain(|message| message.step == Step::Waiting && !rule.ends(message, self.item));
        working.dedup();
        let (joins, others): (Vec<Message>, Vec<Message>) =
            working.into_iter().partition(|message| message.joiner.is_some());
        let most = if self.item.is_some() { 1 } else { usize::MAX };
        if joins.len() > 1 || others.len() > most { Err(Broken::Work) } else { Ok(()) }
    }
}
