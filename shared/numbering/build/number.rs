//! Which digits are national numbers of a region.

use std::collections::{BTreeSet, HashMap};

use regex_automata::dfa::dense::{self, DFA};
use regex_automata::dfa::{Automaton as _, StartKind};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

use crate::states::{DEAD, States};

/// Most digits of a national number, Google's limit.
pub const MAX_DIGITS: usize = 17;
/// A bit for each length that a national number can have.
pub const ANY_LENGTH: u32 = (1 << (MAX_DIGITS + 1)) - 1;

/// Values of a state, added up: the digits match the region's general pattern,
const GENERAL: u16 = 1;
/// they are a valid number,
const VALID: u16 = 2;
/// and they may be a mobile number.
const MOBILE: u16 = 4;

/// A kind of number: its pattern matches the whole number, which has one of the lengths.
pub struct Kind {
    dfa: DFA<Vec<u32>>,
    lengths: u32,
}

/// The kinds of a region's numbers.
pub struct Kinds {
    /// What the digits of all of them look like.
    pub general: Kind,
    pub mobile: Vec<Kind>,
    pub others: Vec<Kind>,
    /// What was a number once.
    pub withdrawn: Option<Kind>,
}

/// How far the pattern of each kind has been read. Patterns that can't match any more are left out.
type Place = (usize, BTreeSet<(usize, StateID)>);

impl Kind {
    /// # Panics
    /// If the pattern can't be compiled.
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

    fn ends_at(&self, state: StateID) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }

    /// Whether the whole of `digits` matches the pattern, whatever its length.
    pub fn matches(&self, digits: &str) -> bool {
        let step = |state, digit| self.dfa.next_state(state, digit);
        self.ends_at(digits.bytes().fold(self.start(), step))
    }

    /// A bit for each length of the numbers that match the pattern.
    pub fn lengths(&self) -> u32 {
        let mut bits = 0;
        let mut states = BTreeSet::from([self.start()]);
        for digits in 0..=MAX_DIGITS {
            bits |= u32::from(states.iter().any(|state| self.ends_at(*state))) << digits;
            let next = |state: &StateID| {
                let state = *state;
                (b'0'..=b'9').map(move |digit| self.dfa.next_state(state, digit))
            };
            states = states.iter().flat_map(next).collect();
        }
        bits
    }

    fn has_length(&self, digits: usize) -> bool {
        self.lengths & 1 << digits != 0
    }
}

impl Kinds {
    /// Adds the automaton of the region's numbers and returns its start.
    pub fn add_to(&self, states: &mut States) -> u16 {
        let reading = (0..self.all().len()).map(|kind| (kind, self.all()[kind].start())).collect();
        self.place((0, reading), states, &mut HashMap::new())
    }

    /// All kinds: the general one first, then the mobile ones; what was withdrawn comes last.
    fn all(&self) -> Vec<&Kind> {
        std::iter::once(&self.general)
            .chain(&self.mobile)
            .chain(&self.others)
            .chain(&self.withdrawn)
            .collect()
    }

    fn place(&self, place: Place, states: &mut States, known: &mut HashMap<Place, u16>) -> u16 {
        let (digits, reading) = &place;
        // Without the general pattern nothing is a number.
        if *digits > MAX_DIGITS || reading.first().is_none_or(|(kind, _)| *kind != 0) {
            return DEAD;
        }
        if let Some(number) = known.get(&place) {
            return *number;
        }
        let next = std::array::from_fn(|digit| {
            let after = self.after(reading, b'0' + digit as u8);
            self.place((digits + 1, after), states, known)
        });
        let number = states.add(next, self.value(*digits, reading));
        known.insert(place, number);
        number
    }

    fn after(&self, reading: &BTreeSet<(usize, StateID)>, digit: u8) -> BTreeSet<(usize, StateID)> {
        let all = self.all();
        let step = |(kind, state): &(usize, StateID)| {
            let dfa = &all[*kind].dfa;
            let next = dfa.next_state(*state, digit);
            (!dfa.is_dead_state(next)).then_some((*kind, next))
        };
        reading.iter().filter_map(step).collect()
    }

    fn value(&self, digits: usize, reading: &BTreeSet<(usize, StateID)>) -> u16 {
        let all = self.all();
        let ends = |(kind, state): &&(usize, StateID)| all[*kind].ends_at(*state);
        let ended: Vec<usize> = reading.iter().filter(ends).map(|(kind, _)| *kind).collect();
        if !ended.contains(&0) {
            return 0;
        }
        if self.withdrawn.is_some() && ended.contains(&(all.len() - 1)) {
            return GENERAL;
        }
        let is = |kind: &usize| *kind > 0 && all[*kind].has_length(digits);
        let valid = if ended.iter().any(is) { VALID } else { 0 };
        let mobile = (1..=self.mobile.len()).any(|kind| ended.contains(&kind) && is(&kind));
        GENERAL + valid + if mobile { MOBILE } else { 0 }
    }
}
