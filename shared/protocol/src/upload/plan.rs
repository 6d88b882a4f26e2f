//! Plans: what an upload will change in a book, worked out before anything is written.

use std::collections::HashSet;

use model::{Book, Counts, Diff, Growth, Upload};
use numbering::{HomeRegion, Phone};
use store::fits;

/// What an upload did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// How many contacts were created, updated and deleted.
    pub counts: Counts,
    /// The indices in the request of contacts that the book has no room for.
    pub no_room: Vec<usize>,
    /// The indices in the request of contacts whose phones were forgotten, so that no book may hold
    /// them.
    pub forgotten: Vec<usize>,
}

/// What an upload will make of a book.
pub(super) struct Plan {
    pub next: Book,
    pub uploaded: Uploaded,
    /// The phones that the book gains.
    pub added: Vec<Phone>,
    /// Those of them that nothing but this upload asks about: the others were in the book before, and
    /// are only read otherwise now.
    pub new: Vec<Phone>,
    /// The phones whose hints are to be deleted: those that the book loses, or doesn't get.
    pub removed: Vec<Phone>,
    /// The phones of the contacts that are created, with the contacts' indices in the request.
    created: Vec<(Phone, usize)>,
}

impl Plan {
    /// Works out what `upload` makes of `book`, which has to be a book that the user `may_have`. A
    /// contact that there is no room for isn't added, or isn't changed.
    ///
    /// The region of a book is proven once: an upload whose home region is only assumed is read in
    /// the region of the book.
    pub fn new(
        book: &Book,
        upload: &Upload,
        home: &HomeRegion,
        may_have: impl Fn(&Book) -> bool,
    ) -> Self {
        let proven = book.region().filter(|region| home.is_assumed() && *region != home.region());
        if let Some(region) = proven {
            let home = HomeRegion::from(region);
            return Self::at_home(book, &upload.clone().read_again(&home), &home, may_have);
        }
        Self::at_home(book, upload, home, may_have)
    }

    fn at_home(
        book: &Book,
        upload: &Upload,
        home: &HomeRegion,
        may_have: impl Fn(&Book) -> bool,
    ) -> Self {
        let base = book.read_again(home);
        let diff = base.diff(upload);
        let apply = |diff: &Diff| base.apply(diff).settled_in(home);
        let fits = |next: &Book| may_have(next) && fits(next);
        let next = apply(&diff);
        if diff.growth.is_empty() || fits(&next) {
            return Self::of(book, &base, next, &diff, vec![]);
        }
        // Finds by bisection how many of the request's first changes fit.
        let (mut room, mut beyond) = (0, diff.growth.len());
        while beyond - room > 1 {
            let middle = room.midpoint(beyond);
            if fits(&apply(&diff.limited(middle))) {
                room = middle;
            } else {
                beyond = middle;
            }
        }
        let limited = diff.limited(room);
        let no_room = diff.growth[room..].iter().map(|growth| growth.index()).collect();
        Self::of(book, &base, apply(&limited), &limited, no_room)
    }

    fn of(book: &Book, base: &Book, next: Book, diff: &Diff, no_room: Vec<usize>) -> Self {
        let (added, removed) = (next.phones_not_in(book), book.phones_not_in(&next));
        let reread: HashSet<Phone> = base.phones_not_in(book).into_iter().collect();
        let new = added.iter().filter(|phone| !reread.contains(phone)).copied().collect();
        let created = diff.growth.iter().filter_map(|growth| match growth {
            Growth::Create { index, contact } => Some((contact.phone, *index)),
            Growth::Update { .. } => None,
        });
        Self {
            next,
            uploaded: Uploaded { counts: diff.counts(), no_room, forgotten: vec![] },
            added,
            new,
            removed,
            created: created.collect(),
        }
    }

    /// Takes those of the added phones out that were `forgotten`. One of them may be a phone that the
    /// request doesn't name: that of a contact which was in the book and is only read otherwise now.
    pub fn leave_out(&mut self, forgotten: &HashSet<Phone>) {
        if forgotten.is_empty() {
            return;
        }
        self.next = std::mem::take(&mut self.next).without(forgotten);
        self.removed.extend(forgotten);
        let Uploaded { counts, forgotten: rejected, .. } = &mut self.uploaded;
        let named = self.created.iter().filter(|(phone, _)| forgotten.contains(phone));
        rejected.extend(named.map(|(_, index)| *index));
        counts.created -= rejected.len();
    }
}
