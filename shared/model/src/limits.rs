//! Limits on how many of the world's phone numbers one person may look up.
//!
//! `docs/SECURITY.md` says where the numbers come from.

use numbering::Phone;

use crate::user::UserId;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The limits that a deployment sets for each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many new numbers a user may add whose token proves a phone.
    pub budget: Budget,
    /// How many new numbers a user may add whose token proves no phone. Without a budget they may
    /// add none.
    pub phoneless_budget: Option<Budget>,
    /// How many changes of books a user may make. An upload that changes something counts once, and
    /// once more for each hundred phones that it adds or removes.
    pub book_changes: Budget,
    /// How often an account, and how often a phone, may get a new holder or a new visibility.
    pub holder_changes: Budget,
    /// Most contacts in one request.
    pub contacts_per_request: usize,
    /// Most contacts in all of a user's books together.
    pub contacts_per_user: usize,
    /// Most books of a user, including the global one.
    pub books_per_user: usize,
}

impl Default for Limits {
    /// Returns the defaults of `template.yaml`.
    fn default() -> Self {
        Self {
            budget: Budget::new(20_000, 2_000),
            phoneless_budget: None,
            book_changes: Budget::new(2_000, 1_000),
            holder_changes: Budget::new(10, 10),
            contacts_per_request: 20_000,
            contacts_per_user: 20_000,
            books_per_user: 20,
        }
    }
}

impl Limits {
    /// Returns the budget of new numbers that `payer` has, if they have one.
    #[must_use]
    pub fn new_numbers(&self, payer: &Payer) -> Option<Budget> {
        match payer {
            Payer::Phone(_) => Some(self.budget),
            Payer::User(_) => self.phoneless_budget,
        }
    }
}

/// Who pays for new numbers. It is the phone that the token proves, so that another account with
/// the same phone is the same payer. Without such a phone it is the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payer {
    /// The users who have proven this phone.
    Phone(Phone),
    User(UserId),
}

/// A leaky bucket of new numbers. Each number takes up room, and numbers leak out at an even rate.
///
/// A bucket is stored as the moment at which it will have leaked empty, in milliseconds since 1970.
/// That is one number that only grows, so a write that is conditional on it detects every race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    capacity: u32,
    per_day: u32,
}

/// The bucket has no room for that many numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdrawn {
    /// There will be room in `seconds`.
    For {
        /// From now, rounded up.
        seconds: u64,
    },
    /// Not even an empty bucket has room.
    Always {
        /// How many numbers an empty bucket has room for.
        capacity: u32,
    },
}

impl Budget {
    /// Makes a bucket that holds `capacity` numbers and leaks `per_day` of them a day. Zero is
    /// treated as one, for both.
    #[must_use]
    pub fn new(capacity: u32, per_day: u32) -> Self {
        Self { capacity: capacity.max(1), per_day: per_day.max(1) }
    }

    /// Makes a bucket that holds `capacity` numbers and leaks a tenth of them a day. A capacity of
    /// zero means that there is no bucket.
    #[must_use]
    pub fn of_ten_days(capacity: u32) -> Option<Self> {
        (capacity > 0).then(|| Self::new(capacity, capacity / 10))
    }

    /// Returns how many numbers fit into an empty bucket.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Returns how many numbers leak out a day.
    #[must_use]
    pub fn per_day(&self) -> u32 {
        self.per_day
    }

    /// Returns the moment at which the bucket that is empty at `empty_at_ms` will be empty after
    /// `numbers` more are added, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Overdrawn`] if they don't fit.
    pub fn spend(&self, empty_at_ms: u64, now_ms: u64, numbers: usize) -> Result<u64, Overdrawn> {
        let capacity_ms = self.milliseconds(u64::from(self.capacity));
        let cost_ms = self.milliseconds(numbers as u64);
        if cost_ms > capacity_ms {
            return Err(Overdrawn::Always { capacity: self.capacity });
        }
        let after_ms = empty_at_ms.max(now_ms) + cost_ms;
        match after_ms.saturating_sub(now_ms + capacity_ms) {
            0 => Ok(after_ms),
            beyond => Err(Overdrawn::For { seconds: beyond.div_ceil(1000) }),
        }
    }

    /// Returns how many numbers are in the bucket that will be empty at `empty_at_ms`, in milliseconds
    /// since 1970, to the nearest whole number.
    #[must_use]
    pub fn spent(&self, empty_at_ms: u64, now_ms: u64) -> u64 {
        let left_ms = empty_at_ms.saturating_sub(now_ms);
        (left_ms.saturating_mul(u64::from(self.per_day)) + DAY_MS / 2) / DAY_MS
    }

    /// Returns how long that many numbers take to leak out. It is rounded up, so that many small
    /// uploads never get more than one large one.
    fn milliseconds(&self, numbers: u64) -> u64 {
        numbers.saturating_mul(DAY_MS).div_ceil(u64::from(self.per_day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_795_485_472_000;

    #[test]
    fn an_empty_bucket_takes_its_capacity_and_then_what_leaks() {
        let budget = Budget::new(20_000, 2_000);
        let full = budget.spend(0, NOW, 20_000).expect("room");
        // A number leaks out in 43.2 seconds.
        assert_eq!(budget.spend(full, NOW, 1), Err(Overdrawn::For { seconds: 44 }));
        assert_eq!(budget.spend(full, NOW + 43_199, 1), Err(Overdrawn::For { seconds: 1 }));
        assert_eq!(budget.spend(full, NOW + 43_200, 1), Ok(full + 43_200));
        assert_eq!(budget.spend(full, NOW, 2_000), Err(Overdrawn::For { seconds: 86_400 }));
        assert!(budget.spend(full, NOW + DAY_MS, 2_000).is_ok());
        assert_eq!(budget.spend(0, NOW, 20_001), Err(Overdrawn::Always { capacity: 20_000 }));
        assert!(budget.spend(full, NOW + DAY_MS, 2_001).is_err());
    }

    #[test]
    fn what_is_spent_is_what_was_added_and_hasnt_leaked() {
        for (capacity, per_day, numbers) in [(20_000, 2_000, 300), (10, 10, 3), (2_000, 7, 1)] {
            let budget = Budget::new(capacity, per_day);
            let empty_at = budget.spend(0, NOW, numbers).expect("room");
            let numbers = numbers as u64;
            assert_eq!(budget.spent(empty_at, NOW), numbers);
            assert_eq!(
                budget.spent(empty_at, NOW + 1_000),
                numbers,
                "a second leaks nothing whole"
            );
            let a_number_ms = DAY_MS / u64::from(per_day);
            assert_eq!(budget.spent(empty_at, NOW + a_number_ms), numbers - 1);
            assert_eq!(budget.spent(empty_at, empty_at + 1), 0);
        }
        assert_eq!(Budget::new(1, 1).spent(0, NOW), 0);
    }

    #[test]
    fn what_no_bucket_has_room_for_is_told_apart() {
        let budget = Budget::new(100, 10);
        assert_eq!(budget.spend(0, NOW, 101), Err(Overdrawn::Always { capacity: 100 }));
        assert!(budget.spend(0, NOW, 100).is_ok());
        assert_eq!(Budget::new(0, 0), Budget::new(1, 1));
    }

    proptest! {
        #[test]
        fn whoever_spends_in_whatever_parts_never_has_more_than_capacity_and_leak(
            capacity in 1_u32..5_000, per_day in 1_u32..100_000,
            parts in prop::collection::vec((0_u64..DAY_MS / 4, 1_usize..2_000), 1..60),
        ) {
            let budget = Budget::new(capacity, per_day);
            let (mut empty_at, mut now, mut spent) = (0, NOW, 0_u64);
            for (pause, numbers) in parts {
                now += pause;
                if let Ok(after) = budget.spend(empty_at, now, numbers) {
                    prop_assert!(after > empty_at);
                    (empty_at, spent) = (after, spent + numbers as u64);
                }
                let leaked = (now - NOW) as u128 * u128::from(per_day) / u128::from(DAY_MS);
                prop_assert!(u128::from(spent) <= u128::from(capacity) + leaked + 1);
            }
        }
    }
}
