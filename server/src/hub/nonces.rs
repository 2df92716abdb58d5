//! Which messages carried which nonce, so that one that is sent again is said once.
//!
//! Labels do that within a session. A nonce also outlasts the server: it is stored with its message, and the newest
//! ones are read back at the start. All that are remembered are in memory, so that talk never waits for the disk to
//! find out that a nonce is new. Kept are not the nonces but 128 bits of a keyed hash of author and nonce: a fixed
//! size, and no client can choose colliding ones.

use landline_common::NameKey;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

/// The newest nonces.
#[derive(Debug)]
pub struct Nonces {
    keys: [RandomState; 2],
    ids: HashMap<u128, u64>,
    order: VecDeque<u128>,
    most: usize,
}

impl Nonces {
    /// None yet; `most` are remembered.
    #[must_use]
    pub fn new(most: usize) -> Nonces {
        let (keys, ids, order) = Default::default();
        Nonces { keys, ids, order, most: most.max(1) }
    }

    /// The id of the message that the author sent with that nonce.
    #[must_use]
    pub fn find(&self, author: &NameKey, nonce: &str) -> Option<u64> {
        self.ids.get(&self.hash(author.as_str(), nonce)).copied()
    }

    /// The author (by the key of the name) sent message `id` with that nonce.
    pub fn add(&mut self, author: &str, nonce: &str, id: u64) {
        let hash = self.hash(author, nonce);
        if self.ids.insert(hash, id).is_some() {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    fn hash(&self, author: &str, nonce: &str) -> u128 {
        let [high, low] = [0, 1].map(|half| u128::from(self.keys[half].hash_one((author, nonce))));
        high << 64 | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_nonces_are_found_by_their_authors() {
        let (mut nonces, alice, bob) = (Nonces::new(2), NameKey::of("alice"), NameKey::of("bob"));
        nonces.add(alice.as_str(), "k1", 1);
        assert_eq!((nonces.find(&alice, "k1"), nonces.find(&bob, "k1")), (Some(1), None));
        nonces.add(bob.as_str(), "k1", 2);
        nonces.add(alice.as_str(), "k1", 3);
        assert_eq!(nonces.find(&alice, "k1"), Some(3), "no second place");
        nonces.add(alice.as_str(), "k2", 4);
        assert_eq!([nonces.find(&alice, "k1"), nonces.find(&bob, "k1")], [None, Some(2)]);
        assert_eq!(nonces.order.len(), nonces.ids.len());
    }
}
