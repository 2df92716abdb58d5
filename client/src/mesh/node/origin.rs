//! The messages of one author, by number: which are stored, which need not be requested, and which came from the author.
//!
//! | state of a number | `stored` | `known` | `from_author` |
//! |---|---|---|---|
//! | missing; is requested | no | no | no |
//! | received from another member | yes | yes | no |
//! | received from the author | yes | yes | yes |
//! | declined: the author sent too much, or a logical time too far ahead | no | yes | yes |
//! | evicted for space | no | yes | as before |
//!
//! The author's word counts more than that of others: [`Origin::remove_conflicting`] makes way for it.
//!
//! Invariant: numbers and logical times grow together. An author numbers its messages in the order of its clock.

use super::ranges::Ranges;
use crate::mesh::limits::KNOWN_RANGES;
use landline_common::link::PublicKey;
use std::collections::BTreeMap;

/// The identity of an author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: Box<str>,
    /// The key.
    pub key: PublicKey,
}

/// The messages of one author.
#[derive(Debug)]
pub struct Origin {
    /// The author.
    pub author: Author,
    /// Logical times of the stored messages, by number.
    pub lamport_by_seq: BTreeMap<u64, u64>,
    /// Numbers of the stored messages.
    pub stored: Ranges,
    /// Numbers that need not be requested.
    pub known: Ranges,
    /// Numbers that were received from the author over its own link.
    from_author: Ranges,
    /// Revision of the store at which a message was last added.
    pub revision: u64,
}

impl Origin {
    /// Creates an author without messages.
    #[must_use]
    pub fn new(author: Author) -> Origin {
        Origin {
            author,
            lamport_by_seq: BTreeMap::new(),
            stored: Ranges::default(),
            known: Ranges::default(),
            from_author: Ranges::default(),
            revision: 0,
        }
    }

    /// Returns whether a message is new, and its logical time lies between those of its stored neighbors.
    #[must_use]
    pub fn accepts(&self, seq: u64, lamport: u64) -> bool {
        let before = self.lamport_by_seq.range(..seq).next_back().is_none_or(|(_, time)| *time < lamport);
        let after = self.lamport_by_seq.range(seq..).next().is_none_or(|(_, time)| *time > lamport);
        !self.known.contains(seq) && before && after
    }

    /// Notes a stored message.
    pub fn add(&mut self, seq: u64, lamport: u64) {
        self.lamport_by_seq.insert(seq, lamport);
        self.stored.add(seq, seq);
        self.mark_known(seq);
    }

    /// Notes that a message need not be requested.
    pub fn mark_known(&mut self, seq: u64) {
        self.known.add(seq, seq);
        self.known.limit_ranges(KNOWN_RANGES);
    }

    /// Removes the first stored message, and returns its logical time. Older ones are not requested any more, since they
    /// would be the next to be evicted.
    pub fn evict_first(&mut self) -> Option<u64> {
        let (seq, lamport) = self.lamport_by_seq.pop_first()?;
        self.stored.remove(seq, seq);
        self.known.add(1, seq);
        Some(lamport)
    }

    /// Returns whether a message was received from the author.
    #[must_use]
    pub fn is_from_author(&self, seq: u64) -> bool {
        self.from_author.contains(seq)
    }

    /// Notes that a message was received from the author.
    pub fn mark_from_author(&mut self, seq: u64) {
        self.from_author.add(seq, seq);
        self.from_author.limit_ranges(KNOWN_RANGES);
    }

    /// Removes messages of this author that other members sent and that contradict the author's own message `seq` with
    /// time `lamport`: the same number, or numbers and times that do not grow together. Returns their logical times.
    /// Messages received from the author stay.
    pub fn remove_conflicting(&mut self, seq: u64, lamport: u64) -> Vec<u64> {
        let is_removable = |other: &u64| *other == seq || !self.from_author.contains(*other);
        let before = self.lamport_by_seq.range(..seq).rev();
        let earlier = before.take_while(|(other, time)| **time >= lamport && is_removable(other));
        let later = self.lamport_by_seq.range(seq..).take_while(|(other, time)| {
            let fits = **other > seq && **time > lamport;
            !fits && is_removable(other)
        });
        let conflicting: Vec<(u64, u64)> = earlier.chain(later).map(|(other, time)| (*other, *time)).collect();
        for (other, _) in &conflicting {
            self.lamport_by_seq.remove(other);
            self.stored.remove(*other, *other);
            self.known.remove(*other, *other);
        }
        self.known.remove(seq, seq);
        conflicting.into_iter().map(|(_, time)| time).collect()
    }
}
