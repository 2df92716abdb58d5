//! Which messages to this member alone were shown: they come again when their confirmation was lost, also after their
//! author had been given up here.

use crate::mesh::id::NodeId;
use crate::mesh::limits::{SHOWN_PRIVATES, SHOWN_SENDERS};
use std::collections::{BTreeMap, VecDeque};

/// The last of one author.
#[derive(Debug, Default)]
struct Numbers {
    at: u64,
    last: VecDeque<u64>,
}

/// Numbers of messages, by author.
#[derive(Debug, Default)]
pub struct Dedup(BTreeMap<NodeId, Numbers>);

impl Dedup {
    /// Whether that one was.
    #[must_use]
    pub fn has(&self, from: NodeId, number: u64) -> bool {
        self.0.get(&from).is_some_and(|numbers| numbers.last.contains(&number))
    }

    /// One more. Of each author the first to be shown is forgotten first, and of authors who was silent for longest.
    pub fn add(&mut self, from: NodeId, number: u64, now: u64) {
        if self.0.len() >= SHOWN_SENDERS && !self.0.contains_key(&from) {
            let silent = self.0.iter().min_by_key(|(_, numbers)| numbers.at).map(|(from, _)| *from);
            silent.iter().for_each(|from| _ = self.0.remove(from));
        }
        let numbers = self.0.entry(from).or_default();
        numbers.at = now;
        if numbers.last.len() >= SHOWN_PRIVATES {
            numbers.last.pop_front();
        }
        numbers.last.push_back(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_remembered_and_no_more() {
        let mut shown = Dedup::default();
        let most = SHOWN_PRIVATES as u64;
        for number in (2..=most + 1).chain([1]) {
            shown.add(NodeId(1), number, 0);
        }
        assert_eq!([2, 3, most + 1, 1].map(|number| shown.has(NodeId(1), number)), [false, true, true, true]);
        assert!(!shown.has(NodeId(2), 1), "numbers are each author's own");
        shown.add(NodeId(2), 1, 5);
        shown.add(NodeId(1), 7, 6);
        for from in 3..=SHOWN_SENDERS as u128 + 1 {
            shown.add(NodeId(from), 1, 7);
        }
        let known = |from| shown.has(NodeId(from), 1);
        assert_eq!((shown.0.len(), known(1), known(2), known(3)), (SHOWN_SENDERS, true, false, true));
    }
}
