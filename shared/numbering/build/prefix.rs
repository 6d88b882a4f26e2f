//! What is dialled before a number: how long it is, and what of it is kept.
//!
//! The patterns have groups and prefer one match to another, so that a plain automaton can't tell
//! them. But numbers are short. All ways in which a pattern can be read are followed here digit by
//! digit, in the order in which the pattern prefers them, and each state of the result knows the
//! split of a number that ends there.

use std::collections::HashMap;

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;

use crate::states::{Split, States};

/// Most digits that a pattern may ask for.
const MAX_DIGITS: u8 = 24;

/// One way to read the pattern: the state that it has reached, and the bounds of the last group.
type Way = (StateID, [Option<u8>; 2]);

/// The ways that are open after some digits, the preferred one first, and the match so far.
type Place = (u8, Vec<Way>, Option<Split>);

/// A compiled pattern.
struct Prefix {
    nfa: NFA,
    last_group: Option<usize>,
}

/// Adds the automaton of a prefix and returns its start.
///
/// # Panics
/// If the pattern can't be compiled, or has no bounded length.
pub fn add(pattern: &str, states: &mut States) -> u16 {
    let syntax = syntax::Config::new().unicode(false).utf8(false);
    let nfa = NFA::compiler().syntax(syntax).build(pattern);
    let nfa = nfa.unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let groups = nfa.group_info().all_group_len();
    let prefix = Prefix { last_group: groups.checked_sub(1).filter(|group| *group > 0), nfa };
    let start = (0, vec![(prefix.nfa.start_anchored(), [None; 2])], None);
    prefix.place(start, states, &mut HashMap::new())
}

impl Prefix {
    fn place(&self, place: Place, states: &mut States, known: &mut HashMap<Place, u16>) -> u16 {
        let (digits, ways, so_far) = &place;
        if ways.is_empty() {
            let value = so_far.map_or(0, |split| states.value(split));
            return states.add_end(value);
        }
        if let Some(number) = known.get(&place) {
            return *number;
        }
        assert!(*digits < MAX_DIGITS, "a prefix has no end");
        let (open, found) = self.follow(*digits, ways, false);
        let found = found.or(*so_far);
        let next = std::array::from_fn(|digit| {
            let ways = self.after(&open, b'0' + digit as u8);
            self.place((digits + 1, ways, found), states, known)
        });
        let ended = self.follow(*digits, ways, true).1.or(*so_far);
        let value = ended.map_or(0, |split| states.value(split));
        let number = states.add(next, value);
        known.insert(place, number);
        number
    }

    /// The ways that wait for a digit, up to the first that needs none, and the match of that one.
    fn follow(&self, digits: u8, ways: &[Way], at_end: bool) -> (Vec<Way>, Option<Split>) {
        let mut open = vec![];
        let mut seen = vec![];
        let mut stack: Vec<Way> = ways.iter().rev().copied().collect();
        while let Some((state, mut bounds)) = stack.pop() {
            if seen.contains(&state) {
                continue;
            }
            seen.push(state);
            match self.nfa.state(state) {
                State::Match { .. } => {
                    return (open, Some(split(digits, bounds)));
                }
                State::Union { alternates } => {
                    stack.extend(alternates.iter().rev().map(|next| (*next, bounds)));
                }
                State::BinaryUnion { alt1, alt2 } => {
                    stack.extend([(*alt2, bounds), (*alt1, bounds)]);
                }
                State::Capture { next, group_index, slot, .. } => {
                    if Some(group_index.as_usize()) == self.last_group {
                        bounds[slot.as_usize() % 2] = Some(digits);
                    }
                    stack.push((*next, bounds));
                }
                State::Look { look: Look::End, next } if at_end => stack.push((*next, bounds)),
                State::Look { look: Look::End, .. } | State::Fail => {}
                State::Look { look, .. } => panic!("{look:?} isn't supported"),
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => {
                    open.push((state, bounds));
                }
            }
        }
        (open, None)
    }

    fn after(&self, open: &[Way], digit: u8) -> Vec<Way> {
        let step = |(state, bounds): &Way| {
            let next = match self.nfa.state(*state) {
                State::ByteRange { trans } => trans.matches_byte(digit).then_some(trans.next),
                State::Sparse(transitions) => transitions.matches_byte(digit),
                State::Dense(transitions) => transitions.matches_byte(digit),
                _ => None,
            };
            Some((next?, *bounds))
        };
        open.iter().filter_map(step).collect()
    }
}

fn split(end: u8, bounds: [Option<u8>; 2]) -> Split {
    let [start, stop] = bounds;
    Split { end, group: start.zip(stop) }
}
