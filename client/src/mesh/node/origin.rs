//! One author: which of their messages are here, and by whose word.

use super::ranges::Ranges;
use crate::mesh::limits::GAPS;
use landline_common::link::PublicKey;
use std::collections::BTreeMap;

/// Who an author is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: Box<str>,
    /// The key.
    pub key: PublicKey,
}

/// What is known of one author's messages.
#[derive(Debug)]
pub struct Origin {
    /// Who.
    pub author: Author,
    /// Logical times of what is here, by number.
    pub times: BTreeMap<u64, u64>,
    /// What is here.
    pub has: Ranges,
    /// What need not be told again: it is here, was here, or is not wanted.
    pub done: Ranges,
    /// What they said themselves. The rest is what others told of them.
    own: Ranges,
    /// The store's count when something was added last.
    pub changed: u64,
}

impl Origin {
    /// Nothing yet.
    #[must_use]
    pub fn new(author: Author) -> Origin {
        let (has, done, own) = (Ranges::default(), Ranges::default(), Ranges::default());
        Origin { author, times: BTreeMap::new(), has, done, own, changed: 0 }
    }

    /// Whether a message is new, and its time between those of the ones before and after.
    #[must_use]
    pub fn takes(&self, seq: u64, lamport: u64) -> bool {
        let before = self.times.range(..seq).next_back().is_none_or(|(_, time)| *time < lamport);
        let after = self.times.range(seq..).next().is_none_or(|(_, time)| *time > lamport);
        !self.done.has(seq) && before && after
    }

    /// One more is here.
    pub fn add(&mut self, seq: u64, lamport: u64) {
        self.times.insert(seq, lamport);
        self.has.add(seq, seq);
        self.need_not(seq);
    }

    /// Nobody need tell that one.
    pub fn need_not(&mut self, seq: u64) {
        self.done.add(seq, seq);
        self.done.close_gaps(GAPS);
    }

    /// The first is not kept any longer: its time. What was said before is older still.
    pub fn pop_first(&mut self) -> Option<u64> {
        let (seq, lamport) = self.times.pop_first()?;
        self.has.remove(seq, seq);
        self.done.add(1, seq);
        Some(lamport)
    }

    /// Whether they said that one themselves.
    #[must_use]
    pub fn said(&self, seq: u64) -> bool {
        self.own.has(seq)
    }

    /// They say that one themselves.
    pub fn say(&mut self, seq: u64) {
        self.own.add(seq, seq);
        self.own.close_gaps(GAPS);
    }

    /// What others told of them gives way to what they say: the times of what goes.
    pub fn give_way(&mut self, seq: u64, lamport: u64) -> Vec<u64> {
        let told = |known: &u64| *known == seq || !self.own.has(*known);
        let earlier = self.times.range(..seq).rev().take_while(|(known, time)| **time >= lamport && told(known));
        let later = self.times.range(seq..).take_while(|(known, time)| {
            let fits = **known > seq && **time > lamport;
            !fits && told(known)
        });
        let wrong: Vec<(u64, u64)> = earlier.chain(later).map(|(known, time)| (*known, *time)).collect();
        for (known, _) in &wrong {
            self.times.remove(known);
            self.has.remove(*known, *known);
            self.done.remove(*known, *known);
        }
        self.done.remove(seq, seq);
        wrong.into_iter().map(|(_, time)| time).collect()
    }
}
