//! The private messages that were shown, by sender and number. A sender repeats a message whose confirmation was lost,
//! also after it has left and come back. Bounded in senders and in messages of each.

use crate::mesh::id::NodeId;
use crate::mesh::limits::{REMEMBERED_PRIVATES, REMEMBERED_SENDERS};
use landline_common::bounded_map::{BoundedMap, Priority};
use std::collections::VecDeque;

/// Numbers of the last messages of one sender, oldest first.
#[derive(Debug, Default)]
struct SenderNumbers {
    last_used: u64,
    recent: VecDeque<u64>,
}

/// The shown messages.
#[derive(Debug, Default)]
pub struct Dedup(BoundedMap<NodeId, SenderNumbers, REMEMBERED_SENDERS>);

impl Dedup {
    /// Returns whether a message was shown.
    #[must_use]
    pub fn contains(&self, from: NodeId, number: u64) -> bool {
        self.0.get(&from).is_some_and(|numbers| numbers.recent.contains(&number))
    }

    /// Notes a shown message. At the limits, forgets the sender's oldest message, and the sender without a message for the
    /// longest time.
    pub fn insert(&mut self, from: NodeId, number: u64, now: u64) {
        let numbers = self.0.entry(from, |numbers| Priority::Rank(numbers.last_used)).or_default();
        numbers.last_used = now;
        if numbers.recent.len() >= REMEMBERED_PRIVATES {
            numbers.recent.pop_front();
        }
        numbers.recent.push_back(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_messages_are_remembered() {
        let mut shown = Dedup::default();
        let most = REMEMBERED_PRIVATES as u64;
        for number in (2..=most + 1).chain([1]) {
            shown.insert(NodeId(1), number, 0);
        }
        assert_eq!([2, 3, most + 1, 1].map(|number| shown.contains(NodeId(1), number)), [false, true, true, true]);
        assert!(!shown.contains(NodeId(2), 1), "each sender has its own numbers");
        shown.insert(NodeId(2), 1, 5);
        shown.insert(NodeId(1), 7, 6);
        for from in 3..=REMEMBERED_SENDERS as u128 + 1 {
            shown.insert(NodeId(from), 1, 7);
        }
        let known = |from| shown.contains(NodeId(from), 1);
        assert_eq!((shown.0.len(), known(1), known(2), known(3)), (REMEMBERED_SENDERS, true, false, true));
    }
}
