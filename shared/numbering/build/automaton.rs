//! All patterns of the numbering plans in one automaton: the smallest that tells which numbers they accept.
//!
//! Numbers have a bounded length, so that its states form no circle, and two that accept the same rests are one.

use std::collections::{BTreeSet, HashMap};

use regex_automata::dfa::dense::{self, DFA};
use regex_automata::dfa::{Automaton as _, StartKind};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

/// Most digits of a national number, as `phonenumber` has it.
pub const MAX_DIGITS: usize = 17;
/// A bit for each length that a national number can have.
pub const ANY_LENGTH: u32 = (1 << (MAX_DIGITS + 1)) - 1;

/// Where no number leads on.
const DEAD: u16 = 0;

/// The automaton's states by their numbers: where each digit leads, and whether a number may end here.
pub struct Automaton {
    pub states: Vec<([u16; 10], bool)>,
    numbers: HashMap<([u16; 10], bool), u16>,
}

/// A kind of number: it begins with what the pattern says, and has one of the lengths.
pub struct Kind {
    dfa: DFA<Vec<u32>>,
    lengths: u32,
}

/// How far the kinds of one set have got: those whose pattern is still being read, and the lengths of those
/// that have all that their pattern asks for.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Progress {
    reading: BTreeSet<(usize, StateID)>,
    lengths: u32,
}

/// Numbers that are of some kind of each set, after some digits.
type Place = (usize, Vec<Progress>);

impl Kind {
    /// # Panics
    /// Where the pattern is none.
    pub fn new(pattern: &str, lengths: u32) -> Self {
        let settings =
            dense::Config::new().start_kind(StartKind::Anchored).match_kind(MatchKind::All);
        let syntax = syntax::Config::new().unicode(false).utf8(false);
        let dfa = dense::Builder::new().configure(settings).syntax(syntax).build(pattern);
        Self { dfa: dfa.unwrap_or_else(|error| panic!("{pattern}: {error}")), lengths }
    }

    fn start(&self) -> StateID {
        let start = start::Config::new().anchored(Anchored::Yes);
        self.dfa.start_state(&start).expect("it has an anchored start")
    }
}

impl Automaton {
    pub fn new() -> Self {
        let dead = ([DEAD; 10], false);
        Self { states: vec![dead], numbers: HashMap::from([(dead, DEAD)]) }
    }

    /// The state from which numbers are accepted that are of some kind of each set.
    pub fn add(&mut self, sets: &[&[Kind]]) -> u16 {
        let start = |kinds: &&[Kind]| Progress {
            reading: kinds
                .iter()
                .enumerate()
                .map(|(number, kind)| (number, kind.start()))
                .collect(),
            lengths: 0,
        };
        self.place(sets, (0, sets.iter().map(start).collect()), &mut HashMap::new())
    }

    fn place(
        &mut self,
        sets: &[&[Kind]],
        (digits, progress): Place,
        known: &mut HashMap<Place, u16>,
    ) -> u16 {
        let progress: Vec<Progress> = progress
            .into_iter()
            .zip(sets)
            .map(|(progress, kinds)| progress.settled(kinds, digits))
            .collect();
        if digits > MAX_DIGITS || progress.iter().any(Progress::is_over) {
            return DEAD;
        }
        let place = (digits, progress);
        if let Some(number) = known.get(&place) {
            return *number;
        }
        let next = std::array::from_fn(|digit| {
            let after = |(progress, kinds): (&Progress, &&[Kind])| {
                progress.after(kinds, b'0' + digit as u8)
            };
            let progress = place.1.iter().zip(sets).map(after).collect();
            self.place(sets, (digits + 1, progress), known)
        });
        let accepts = place.1.iter().all(|progress| progress.lengths & 1 << digits != 0);
        let number = self.state(next, accepts);
        known.insert(place, number);
        number
    }

    fn state(&mut self, next: [u16; 10], accepts: bool) -> u16 {
        let states = &mut self.states;
        *self.numbers.entry((next, accepts)).or_insert_with(|| {
            states.push((next, accepts));
            u16::try_from(states.len() - 1)
                .expect("the plans of the world have some thousand states")
        })
    }
}

impl Progress {
    /// After `digits` digits: patterns that are read to their end give their lengths, of which those count
    /// that can still be reached.
    fn settled(self, kinds: &[Kind], digits: usize) -> Self {
        let mut settled = Self { lengths: self.lengths, ..Self::default() };
        for (number, state) in self.reading {
            let Kind { dfa, lengths } = &kinds[number];
            if dfa.is_match_state(dfa.next_eoi_state(state)) {
                settled.lengths |= lengths;
            } else if !dfa.is_dead_state(state) {
                settled.reading.insert((number, state));
            }
        }
        settled.lengths &= ANY_LENGTH << digits;
        settled
    }

    fn after(&self, kinds: &[Kind], digit: u8) -> Self {
        let reading = self
            .reading
            .iter()
            .map(|(number, state)| (*number, kinds[*number].dfa.next_state(*state, digit)));
        Self { reading: reading.collect(), lengths: self.lengths }
    }

    fn is_over(&self) -> bool {
        self.reading.is_empty() && self.lengths == 0
    }
}
