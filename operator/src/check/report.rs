//! What a check found.

use std::collections::BTreeMap;
use std::fmt;

use model::PublicId;
use serde::Serialize;

use crate::outcome::{Exit, Outcome};

/// What isn't as it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An item doesn't have the form in which this software writes it, or other keys seal it.
    Unreadable,
    /// I1: a contact has no hint, so its owner wouldn't hear of the person's joining.
    MissingHint,
    /// I2: a contact is a user, and the book doesn't show it.
    MissingMatch,
    /// I3: a book shows a user who doesn't have the number any more, or doesn't want to be found.
    Ghost,
    /// A book holds a number that was forgotten.
    ForgottenContact,
    /// A hint names a book that doesn't hold the number.
    StrayHint,
    /// A base has no head.
    OrphanedBase,
    /// The emptying of a book was begun and didn't end.
    HalfEmptied,
    /// A book expires if nobody uses it, though the stack keeps such books for ever.
    ExpiringBook,
    /// Claims are of a person who has neither an account nor a book.
    ClaimsOfNobody,
    /// Subscriptions are of a person who has neither an account nor a book.
    SubscriptionsOfNobody,
    /// A push token belongs to a subscription that isn't there.
    TokenOfNobody,
    /// A subscription's push token belongs to nobody.
    MissingToken,
    /// A number's holder has no profile, or one with another number.
    HolderWithoutProfile,
    /// A profile's number isn't its user's.
    ProfileWithoutHolder,
    /// A subject and a profile don't name each other.
    SubjectAndProfile,
    /// The counter of ids is behind an id that was given.
    CounterBehind,
    /// The mark of who wants no pushes isn't what the profile says.
    MuteMark,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Self::Unreadable => "items that can't be read",
            Self::MissingHint => "contacts without a hint (I1)",
            Self::MissingMatch => "contacts who are users and aren't shown (I2)",
            Self::Ghost => "contacts shown as users who aren't (I3)",
            Self::ForgottenContact => "contacts whose number was forgotten",
            Self::StrayHint => "hints without a contact",
            Self::OrphanedBase => "bases without a head",
            Self::HalfEmptied => "books whose emptying didn't end",
            Self::ExpiringBook => "books that would expire and have to stay",
            Self::ClaimsOfNobody => "claims of nobody",
            Self::SubscriptionsOfNobody => "subscriptions of nobody",
            Self::TokenOfNobody => "push tokens of no subscription",
            Self::MissingToken => "subscriptions without their push token",
            Self::HolderWithoutProfile => "numbers whose holder has no such profile",
            Self::ProfileWithoutHolder => "profiles whose number isn't theirs",
            Self::SubjectAndProfile => "subjects and profiles that don't name each other",
            Self::CounterBehind => "counters behind an id that was given",
            Self::MuteMark => "marks of muted users that aren't what the profile says",
        }
    }
}

/// Something that isn't as it has to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub kind: Kind,
    /// Whose it is, if they have a public id.
    pub user: Option<PublicId>,
    /// How many there are, such as contacts of one book.
    pub count: usize,
    /// What can't be read; never its contents.
    pub detail: Option<String>,
    /// Whether it was repaired.
    pub is_repaired: bool,
}

impl Finding {
    pub(crate) fn new(kind: Kind, user: Option<PublicId>, count: usize) -> Self {
        Self { kind, user, count, detail: None, is_repaired: false }
    }
}

/// What a check looked at, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    pub users: usize,
    pub books: usize,
    pub contacts: usize,
    pub hints: usize,
    pub subscriptions: usize,
    pub claims: usize,
    pub findings: Vec<Finding>,
}

impl Outcome for CheckReport {
    fn exit(&self) -> Exit {
        if self.findings.iter().all(|finding| finding.is_repaired) {
            Exit::Done
        } else {
            Exit::Found
        }
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, books, contacts, hints, subscriptions, claims, findings } = self;
        write!(
            f,
            "{users} users, {books} books with {contacts} contacts, {hints} hints, \
             {subscriptions} subscriptions, {claims} claims"
        )?;
        let mut kinds: BTreeMap<Kind, Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            kinds.entry(finding.kind).or_default().push(finding);
        }
        if kinds.is_empty() {
            return write!(f, "\nEverything is as it has to be.");
        }
        for (kind, findings) in kinds {
            let count: usize = findings.iter().map(|finding| finding.count).sum();
            write!(f, "\n{count} {}", kind.text())?;
            let repaired: usize =
                findings.iter().filter(|one| one.is_repaired).map(|one| one.count).sum();
            if repaired > 0 {
                write!(f, ", {repaired} of them repaired")?;
            }
            let users: Vec<String> = findings
                .iter()
                .filter_map(|one| one.user)
                .take(10)
                .map(|id| id.to_string())
                .collect();
            if !users.is_empty() {
                write!(f, "; users {}", users.join(", "))?;
            }
            let details: std::collections::BTreeSet<&str> =
                findings.iter().filter_map(|one| one.detail.as_deref()).collect();
            for detail in details {
                write!(f, "\n  {detail}")?;
            }
        }
        Ok(())
    }
}
