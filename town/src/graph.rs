//! Who has whom in their book.
//!
//! Two people of the town know each other with a probability that grows with how sociable both are
//! (Chung and Lu's random graph). Sociability is spread log-normally, so a few people know very many
//! others. Mostly both have each other's number, and else one of them has.

use fastrand::Rng;

/// The spread of people's sociability: the natural logarithm of it has this standard deviation. The
/// hundredth person knows some ten times as many as the one in the middle.
const SPREAD: f64 = 1.0;
/// How often both have each other's number.
const MUTUAL: f64 = 0.8;
/// How many people who live elsewhere there are to know, for each person of the town.
const STRANGERS: u32 = 10;

/// The largest book, half of what the server lets a user have.
const LARGEST: usize = 10_000;

/// Whose number is in a book: somebody of the town, or with a number from `people` on, somebody who
/// lives elsewhere.
pub type ContactId = u32;

/// The books of a town.
#[derive(Debug, PartialEq, Eq)]
pub struct Graph {
    pub people: u32,
    /// For each person, their contacts in the order of their book.
    pub books: Vec<Vec<ContactId>>,
}

impl Graph {
    /// Makes the graph of a town in which people have `contacts` contacts in the mean, of whom
    /// `outside` of 100 live elsewhere.
    pub fn new(people: u32, contacts: u32, outside: u32, random: &mut Rng) -> Self {
        let mut weights: Vec<f64> = (0..people).map(|_| (SPREAD * normal(random)).exp()).collect();
        weights.sort_by(|a, b| b.total_cmp(a));
        let mut ranked: Vec<u32> = (0..people).collect();
        random.shuffle(&mut ranked);

        let strangers = f64::from(contacts * outside) / 100.0;
        let acquaintances = f64::from(contacts) - strangers;
        let mut books = vec![vec![]; people as usize];
        // Of an acquaintance that isn't mutual, one of the two books knows.
        let known_by_each = MUTUAL + (1.0 - MUTUAL) / 2.0;
        let scale = scale(&weights, acquaintances / known_by_each);
        acquaintance(&weights, scale, random, |a, b, random| {
            let (a, b) = (ranked[a], ranked[b]);
            let mutual = random.f64() < MUTUAL;
            let first = random.bool();
            if mutual || first {
                books[a as usize].push(b);
            }
            if mutual || !first {
                books[b as usize].push(a);
            }
        });
        let mean = weights.iter().sum::<f64>() / f64::from(people);
        for (person, weight) in ranked.iter().zip(&weights) {
            let book = &mut books[*person as usize];
            book.extend(elsewhere(people, strangers * weight / mean, random));
            random.shuffle(book);
            book.truncate(LARGEST);
        }
        Self { people, books }
    }

    /// Returns whether a contact lives in the town.
    pub fn is_of_town(&self, contact: ContactId) -> bool {
        contact < self.people
    }
}

/// Returns a number of the standard normal distribution (Box and Muller).
fn normal(random: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

/// Returns the factor with which `min(1, factor * a * b)` for each pair gives people `mean`
/// acquaintances in the mean, or all others if there aren't so many. `weights` fall.
fn scale(weights: &[f64], mean: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0 / weights.last().map_or(1.0, |least| least * least));
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if expected_mean(weights, middle) < mean { low = middle } else { high = middle }
    }
    high
}

/// Returns how many acquaintances people have in the mean, in expectation.
fn expected_mean(weights: &[f64], scale: f64) -> f64 {
    let mut sums = vec![0.0];
    for weight in weights {
        sums.push(sums.last().expect("it begins with 0") + weight);
    }
    let total = sums[weights.len()];
    // Those before `certain` are sure to know the person; each person has fewer than the one before.
    let mut certain = weights.len();
    let mut expected = 0.0;
    for (person, weight) in weights.iter().enumerate() {
        while certain > 0 && scale * weight * weights[certain - 1] < 1.0 {
            certain -= 1;
        }
        let uncertain = scale * weight * (total - sums[certain]);
        let themself = (scale * weight * weight).min(1.0);
        expected += certain as f64 + uncertain - themself;
        debug_assert!(person < weights.len());
    }
    expected / weights.len() as f64
}

/// Calls `meet` for each pair that knows each other, with their ranks (Miller and Hagberg 2011: it
/// leaps over pairs that don't, so it takes time only for those that do). `weights` fall.
fn acquaintance(
    weights: &[f64],
    scale: f64,
    random: &mut Rng,
    mut meet: impl FnMut(usize, usize, &mut Rng),
) {
    for (a, weight) in weights.iter().enumerate() {
        let mut b = a + 1;
        let Some(next) = weights.get(b) else { return };
        let mut bound = (scale * weight * next).min(1.0);
        while b < weights.len() && bound > 0.0 {
            if bound < 1.0 {
                let leap = ((1.0 - random.f64()).ln() / (1.0 - bound).ln()).floor();
                b = b.saturating_add(leap as usize);
            }
            let Some(other) = weights.get(b) else { break };
            let probability = (scale * weight * other).min(1.0);
            if random.f64() < probability / bound {
                meet(a, b, random);
            }
            bound = probability;
            b += 1;
        }
    }
}

/// Returns some `mean` people who live elsewhere. Some of them are in many books, like a doctor's.
fn elsewhere(people: u32, mean: f64, random: &mut Rng) -> Vec<ContactId> {
    let pool = people * STRANGERS;
    let wanted = (mean + random.f64()).floor().min(f64::from(pool / 2)) as usize;
    let mut known = std::collections::BTreeSet::new();
    while known.len() < wanted {
        let popular = random.f64().powi(3);
        known.insert(people + ((popular * f64::from(pool)) as u32).min(pool - 1));
    }
    known.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn graph(people: u32, contacts: u32, seed: u64) -> Graph {
        Graph::new(people, contacts, 40, &mut Rng::with_seed(seed))
    }

    #[test]
    fn people_have_the_mean_number_of_contacts() {
        for (people, contacts, within) in
            [(3_000, 300, 0.03), (3_000, 30, 0.03), (1_000, 300, 0.03), (40, 12, 0.25)]
        {
            let Graph { books, .. } = graph(people, contacts, 1);
            let all: usize = books.iter().map(Vec::len).sum();
            let town = books.iter().flatten().filter(|contact| **contact < people).count();
            let mean = all as f64 / f64::from(people);
            let off = (mean / f64::from(contacts) - 1.0).abs();
            assert!(off < within, "{people} people with {contacts}: {mean}");
            let share = town as f64 / all as f64;
            assert!((0.5..0.7).contains(&share), "{people} people with {contacts}: {share}");
        }
    }

    #[test]
    fn a_few_people_know_very_many() {
        let mut degrees: Vec<usize> = graph(5_000, 50, 2).books.iter().map(Vec::len).collect();
        degrees.sort_unstable();
        let (median, hundredth) = (degrees[2_500], degrees[4_950]);
        // Normally or Poisson spread degrees would be at 1.4 times the median there.
        assert!(hundredth > 5 * median, "{hundredth} against {median}");
        assert!(degrees[4_999] > 2 * hundredth, "{}", degrees[4_999]);
    }

    #[test]
    fn acquaintance_is_mostly_mutual() {
        let Graph { people, books } = graph(2_000, 50, 3);
        let sets: Vec<HashSet<u32>> =
            books.iter().map(|book| book.iter().copied().collect()).collect();
        let (mut edges, mut mutual) = (0_usize, 0_usize);
        for (owner, book) in (0..).zip(&sets) {
            for contact in book.iter().filter(|contact| **contact < people) {
                edges += 1;
                mutual += usize::from(sets[*contact as usize].contains(&owner));
            }
        }
        // Of ten acquaintances, eight are in two books, and two in one: 16 of 18 entries.
        let share = mutual as f64 / edges as f64;
        assert!((share - 16.0 / 18.0).abs() < 0.01, "{share}");
    }

    #[test]
    fn nobody_is_in_a_book_twice_or_in_their_own() {
        for (owner, book) in (0..).zip(graph(300, 100, 4).books) {
            let contacts: HashSet<u32> = book.iter().copied().collect();
            assert!(contacts.len() == book.len() && !contacts.contains(&owner), "{owner}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_town() {
        assert_eq!(graph(200, 20, 5), graph(200, 20, 5));
        assert_ne!(graph(200, 20, 5), graph(200, 20, 6));
    }

    #[test]
    fn a_town_too_small_for_so_many_contacts_knows_itself_whole() {
        let Graph { books, .. } = Graph::new(5, 300, 0, &mut Rng::with_seed(7));
        let pairs: HashSet<(u32, u32)> = (0..)
            .zip(&books)
            .flat_map(|(owner, book)| book.iter().map(move |id| (owner.min(*id), owner.max(*id))))
            .collect();
        assert_eq!(pairs.len(), 10);
    }
}
