//! Which labels a session has seen, so that a command that is sent again runs once.
//!
//! A client that loses its connection cannot know which of its commands arrived. It resumes and sends them again with
//! their labels; those that were carried out are answered `repeated`. The newest labels are remembered, a fixed number.
//! A command that was refused has changed nothing and is forgotten: sent again, it is tried again. A question (a list,
//! the history) is remembered for its connection only, since what was lost with another one is its answer.

use crate::fanout::ClientId;
use std::collections::{HashMap, VecDeque};

/// About the bytes of a label beside its text, which is kept twice.
const LABEL_BYTES: usize = 160;

/// The labels of one session.
#[derive(Debug)]
pub struct Labels {
    seen: HashMap<Box<str>, Seen>,
    order: VecDeque<Box<str>>,
    most: usize,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The message that the command said.
    id: Option<u64>,
    /// A question, asked by this connection.
    asked_by: Option<ClientId>,
}

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// A new command.
    Fresh,
    /// A command that was carried out, and the id of what it said.
    Repeated(Option<u64>),
}

impl Labels {
    /// None yet; `most` are remembered.
    #[must_use]
    pub fn new(most: usize) -> Labels {
        Labels { seen: HashMap::new(), order: VecDeque::new(), most: most.max(1) }
    }

    /// Looks a label up and notes it if it is new. `asked_by`: the connection of a command that changes nothing.
    pub fn check(&mut self, label: &str, asked_by: Option<ClientId>) -> Label {
        if let Some(seen) = self.seen.get_mut(label) {
            let is_lost_answer = asked_by.is_some() && seen.asked_by.is_some() && seen.asked_by != asked_by;
            if !is_lost_answer {
                return Label::Repeated(seen.id);
            }
            seen.asked_by = asked_by;
            return Label::Fresh;
        }
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(label.into());
        self.seen.insert(label.into(), Seen { id: None, asked_by });
        Label::Fresh
    }

    /// About the memory of all labels, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.order.iter().map(|label| 2 * label.len() + LABEL_BYTES).sum()
    }

    /// A command said the message `id`.
    pub fn said(&mut self, label: &str, id: u64) {
        if let Some(seen) = self.seen.get_mut(label) {
            seen.id = Some(id);
        }
    }

    /// A command was refused. One that said something all the same stays known.
    pub fn refused(&mut self, label: &str) {
        if self.seen.get(label).is_some_and(|seen| seen.id.is_none()) {
            self.seen.remove(label);
            self.order.retain(|known| **known != *label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_runs_once_and_a_refused_one_again() {
        let mut labels = Labels::new(2);
        assert_eq!(labels.check("a", None), Label::Fresh);
        assert_eq!(labels.check("a", None), Label::Repeated(None));
        labels.said("a", 7);
        assert_eq!(labels.check("a", None), Label::Repeated(Some(7)));
        labels.refused("a");
        assert_eq!(labels.check("a", None), Label::Repeated(Some(7)), "it said something");
        assert_eq!(labels.check("b", None), Label::Fresh);
        labels.refused("b");
        assert_eq!(labels.check("b", None), Label::Fresh);
        assert_eq!(labels.check("c", None), Label::Fresh);
        assert_eq!(labels.check("a", None), Label::Fresh, "the oldest is forgotten");
        assert_eq!(labels.bytes(), 2 * (2 + LABEL_BYTES));
    }

    #[test]
    fn a_question_is_answered_again_on_another_connection() {
        let mut labels = Labels::new(9);
        assert_eq!(labels.check("q", Some(1)), Label::Fresh);
        assert_eq!(labels.check("q", Some(1)), Label::Repeated(None));
        assert_eq!(labels.check("q", Some(2)), Label::Fresh);
        assert_eq!(labels.check("q", Some(2)), Label::Repeated(None));
        assert_eq!(labels.check("q", None), Label::Repeated(None), "another command with the same label");
    }

    proptest! {
        #[test]
        fn labels_are_bounded(steps in prop::collection::vec((0..20_u8, 0..4_u8), 0..200)) {
            let mut labels = Labels::new(5);
            for (label, step) in steps {
                let label = label.to_string();
                match step {
                    0 => labels.said(&label, 1),
                    1 => labels.refused(&label),
                    _ => _ = labels.check(&label, None),
                }
                prop_assert!(labels.order.len() <= 5);
                prop_assert_eq!(labels.order.len(), labels.seen.len());
                prop_assert!(labels.order.iter().all(|label| labels.seen.contains_key(label)));
            }
        }
    }
}
