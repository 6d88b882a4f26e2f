//! Who signs up on which day, and who starts the app.

use fastrand::Rng;

/// How steep the curve is: it takes its middle 99 % between the first and the last day.
const STEEPNESS: f64 = 10.0;

/// Returns how many of `people` sign up on each day: an S-curve, slow at first, then fast, then slow
/// again. Together they are all of them.
pub fn sign_ups(people: u32, days: u32) -> Vec<u32> {
    let logistic = |x: f64| 1.0 / (1.0 + (-STEEPNESS * (x - 0.5)).exp());
    let (first, last) = (logistic(0.0), logistic(1.0));
    let until = |day: u32| {
        let share = (logistic(f64::from(day) / f64::from(days)) - first) / (last - first);
        (share * f64::from(people)).round() as u32
    };
    (0..days).map(|day| until(day + 1) - until(day)).collect()
}

/// What somebody does on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// They install the app, and sign up.
    First,
    /// They start it again.
    Again,
}

/// The days of a town.
#[derive(Debug)]
pub struct Calendar {
    /// The people in the order in which they sign up.
    order: Vec<u32>,
    sign_ups: Vec<u32>,
    /// How many of 100 people start the app on a day.
    starts: u32,
    random: Rng,
}

impl Calendar {
    /// Creates the calendar of a town.
    pub fn new(people: u32, days: u32, starts: u32, mut random: Rng) -> Self {
        let mut order: Vec<u32> = (0..people).collect();
        random.shuffle(&mut order);
        Self { order, sign_ups: sign_ups(people, days), starts, random }
    }

    /// Returns how many days there are.
    pub fn days(&self) -> usize {
        self.sign_ups.len()
    }

    /// Returns what happens on a day, in an order by chance. Nobody comes twice.
    pub fn day(&mut self, day: usize) -> Vec<(u32, Visit)> {
        let before: u32 = self.sign_ups[..day].iter().sum();
        let (before, new) = (before as usize, self.sign_ups[day] as usize);
        let mut visits = vec![];
        for person in &self.order[..before] {
            if self.random.u32(..100) < self.starts {
                visits.push((*person, Visit::Again));
            }
        }
        visits
            .extend(self.order[before..before + new].iter().map(|person| (*person, Visit::First)));
        self.random.shuffle(&mut visits);
        visits
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sign_ups_are_an_s_curve_of_everybody() {
        for (people, days) in [(1_000, 14), (40, 5), (2, 30), (50_000, 365), (10, 1)] {
            let curve = sign_ups(people, days);
            assert_eq!(curve.len(), days as usize);
            assert_eq!(curve.iter().sum::<u32>(), people, "{people} in {days} days");
        }
        let curve = sign_ups(10_000, 15);
        let (rising, falling) = curve.split_at(8);
        assert!(rising.is_sorted() && falling.is_sorted_by(|a, b| a >= b), "{curve:?}");
        // The logistic function is 0.5 in the middle, and grows there by a quarter of its steepness.
        assert_eq!(curve[..7].iter().sum::<u32>(), curve[8..].iter().sum::<u32>());
        assert!((1_500..1_700).contains(&curve[7]), "{}", curve[7]);
    }

    #[test]
    fn everybody_signs_up_once_and_comes_back_only_later() {
        let mut calendar = Calendar::new(200, 10, 50, Rng::with_seed(1));
        let mut here = HashSet::new();
        for day in 0..calendar.days() {
            let visits = calendar.day(day);
            let again: HashSet<u32> = visits
                .iter()
                .filter(|(_, visit)| *visit == Visit::Again)
                .map(|(who, _)| *who)
                .collect();
            assert!(again.is_subset(&here), "day {day}");
            for (person, visit) in visits {
                assert!(visit == Visit::Again || here.insert(person), "{person} signs up again");
            }
        }
        assert_eq!(here.len(), 200);
    }
}
