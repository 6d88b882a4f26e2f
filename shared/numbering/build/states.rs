//! The states of one automaton, in which every pattern has its own start.
//!
//! A state that leads to the same states with the same value is stored once. The automaton is
//! minimal by this alone, because states are added from the ends of the numbers to their starts.

use std::collections::HashMap;

/// The state from which no digit leads to a match.
pub const DEAD: u16 = 0;

/// Where each digit leads from a state, and what the state says of a number that ends there.
type State = ([u16; 10], u16);

/// How a number divides after its prefix: where the prefix ends, and the group kept from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Split {
    pub end: u8,
    pub group: Option<(u8, u8)>,
}

/// All states by their numbers.
pub struct States {
    states: Vec<State>,
    numbers: HashMap<State, u16>,
    ends: HashMap<u16, u16>,
    splits: Vec<Split>,
}

impl Default for States {
    fn default() -> Self {
        let dead = ([DEAD; 10], 0);
        Self {
            states: vec![dead],
            numbers: HashMap::from([(dead, DEAD)]),
            ends: HashMap::from([(0, DEAD)]),
            splits: vec![],
        }
    }
}

impl States {
    /// Returns the number of a state, adding it if it is new.
    pub fn add(&mut self, next: [u16; 10], value: u16) -> u16 {
        let states = &mut self.states;
        *self.numbers.entry((next, value)).or_insert_with(|| {
            states.push((next, value));
            u16::try_from(states.len() - 1)
                .expect("the plans of the world have some thousand states")
        })
    }

    /// Returns the state that all digits lead back to, and that has this value.
    pub fn add_end(&mut self, value: u16) -> u16 {
        if let Some(number) = self.ends.get(&value) {
            return *number;
        }
        let number = u16::try_from(self.states.len()).expect("there are some thousand states");
        self.states.push(([number; 10], value));
        self.ends.insert(value, number);
        number
    }

    /// Returns the value that stands for a split, which is never zero.
    pub fn value(&mut self, split: Split) -> u16 {
        let known = self.splits.iter().position(|known| *known == split);
        let place = known.unwrap_or_else(|| {
            self.splits.push(split);
            self.splits.len() - 1
        });
        u16::try_from(place + 1).expect("there are some dozen splits")
    }

    /// Returns the states as Rust.
    pub fn rows(&self) -> String {
        let row = |(next, value): &State| format!("State {{ next: {next:?}, value: {value} }}");
        self.states.iter().map(row).collect::<Vec<_>>().join(",\n")
    }

    /// Returns the splits as Rust.
    pub fn splits(&self) -> String {
        self.splits.iter().map(|split| format!("{split:?}")).collect::<Vec<_>>().join(",\n")
    }
}
