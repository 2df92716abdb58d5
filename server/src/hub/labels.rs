//! The labels that a session has received, so that a command that is sent again runs only once.
//!
//! A client that loses its connection cannot know which of its commands arrived. It resumes its session and sends the
//! unanswered commands again with their labels. Commands that already ran are answered `repeated`.
//!
//! Invariant: while a label is remembered, its command runs at most once, with two exceptions:
//!
//! | command | remembered | sent again |
//! |---|---|---|
//! | changes something | until newer labels displace it | answered `repeated`, with the id of its message |
//! | was refused, said nothing | no: it changed nothing | runs again |
//! | query (a list, the history) | for its connection: only its answer can have been lost | on another connection it runs again |
//!
//! The number of labels is fixed; a new one displaces the oldest. Not here: nonces, which recognize a message also in
//! another session and after a restart ([`super::nonces`]).

use crate::fanout::ClientId;
use std::collections::{HashMap, VecDeque};

/// Approximate bytes of an entry in addition to the label's text, which is stored twice.
const ENTRY_BYTES: usize = 160;

/// The newest labels of one session.
#[derive(Debug)]
pub struct Labels {
    entries: HashMap<Box<str>, LabelEntry>,
    /// All labels, oldest first.
    order: VecDeque<Box<str>>,
    capacity: usize,
}

#[derive(Clone, Copy, Debug)]
struct LabelEntry {
    /// The message that the command sent.
    id: Option<u64>,
    /// For a query, the connection that sent it.
    query_of: Option<ClientId>,
}

/// Result of registering a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelStatus {
    /// The command has to run.
    Fresh,
    /// The command already ran; with the id of the message that it sent.
    Repeated(Option<u64>),
}

impl Labels {
    /// Makes an empty table that remembers `capacity` labels, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Labels {
        Labels { entries: HashMap::new(), order: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// Looks up a label and remembers it if it is new. `query_of` is the connection of a query, `None` for a command
    /// that changes something.
    pub fn register(&mut self, label: &str, query_of: Option<ClientId>) -> LabelStatus {
        if let Some(entry) = self.entries.get_mut(label) {
            let is_lost_answer = query_of.is_some() && entry.query_of.is_some() && entry.query_of != query_of;
            if !is_lost_answer {
                return LabelStatus::Repeated(entry.id);
            }
            entry.query_of = query_of;
            return LabelStatus::Fresh;
        }
        if self.order.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(label.into());
        self.entries.insert(label.into(), LabelEntry { id: None, query_of });
        LabelStatus::Fresh
    }

    /// Returns the approximate memory of all labels, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.order.iter().map(|label| 2 * label.len() + ENTRY_BYTES).sum()
    }

    /// Stores the id of the message that a command sent.
    pub fn set_message_id(&mut self, label: &str, id: u64) {
        if let Some(entry) = self.entries.get_mut(label) {
            entry.id = Some(id);
        }
    }

    /// Removes the label of a refused command. A command that sent a message before it was refused keeps its label:
    /// `/all` is refused if its text could not be stored, but all users have received the text.
    pub fn remove_refused(&mut self, label: &str) {
        if self.entries.get(label).is_some_and(|entry| entry.id.is_none()) {
            self.entries.remove(label);
            self.order.retain(|other| **other != *label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_runs_once_but_a_refused_command_runs_again() {
        let mut labels = Labels::new(2);
        assert_eq!(labels.register("a", None), LabelStatus::Fresh);
        assert_eq!(labels.register("a", None), LabelStatus::Repeated(None));
        labels.set_message_id("a", 7);
        assert_eq!(labels.register("a", None), LabelStatus::Repeated(Some(7)));
        labels.remove_refused("a");
        assert_eq!(labels.register("a", None), LabelStatus::Repeated(Some(7)), "it sent a message");
        assert_eq!(labels.register("b", None), LabelStatus::Fresh);
        labels.remove_refused("b");
        assert_eq!(labels.register("b", None), LabelStatus::Fresh);
        assert_eq!(labels.register("c", None), LabelStatus::Fresh);
        assert_eq!(labels.register("a", None), LabelStatus::Fresh, "the newer label displaced the oldest");
        assert_eq!(labels.bytes(), 2 * (2 + ENTRY_BYTES));
    }

    #[test]
    fn a_query_runs_again_on_another_connection() {
        let mut labels = Labels::new(9);
        assert_eq!(labels.register("q", Some(1)), LabelStatus::Fresh);
        assert_eq!(labels.register("q", Some(1)), LabelStatus::Repeated(None));
        assert_eq!(labels.register("q", Some(2)), LabelStatus::Fresh);
        assert_eq!(labels.register("q", Some(2)), LabelStatus::Repeated(None));
        assert_eq!(labels.register("q", None), LabelStatus::Repeated(None), "another command with the same label");
    }

    proptest! {
        #[test]
        fn the_number_of_labels_is_bounded(steps in prop::collection::vec((0..20_u8, 0..4_u8), 0..200)) {
            let mut labels = Labels::new(5);
            for (label, step) in steps {
                let label = label.to_string();
                match step {
                    0 => labels.set_message_id(&label, 1),
                    1 => labels.remove_refused(&label),
                    _ => _ = labels.register(&label, None),
                }
                prop_assert!(labels.order.len() <= 5);
                prop_assert_eq!(labels.order.len(), labels.entries.len());
                prop_assert!(labels.order.iter().all(|label| labels.entries.contains_key(label)));
            }
        }
    }
}
