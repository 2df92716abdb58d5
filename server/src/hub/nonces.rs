//! Which messages carried which nonce, so that one that is sent again is said once.
//!
//! Labels do that within a session. Author and nonce belong together by the author's name, so that a guest's line is
//! recognized after a restart, too. Another guest may take that name later: what keeps them apart is that a nonce is
//! unguessable, and that the history shows a guest's nonce to the session that sent it, and to no other.
//!
//! A nonce also outlasts the server: it is stored with its message, and the newest
//! ones are read back at the start. All that are remembered are in memory, so that talk never waits for the disk to
//! find out that a nonce is new. Kept are not the nonces but 128 bits of a keyed hash of author and nonce: a fixed
//! size, and no client can choose colliding ones.

use landline_common::NameKey;
use landline_common::history::HistoryOwner;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

/// The newest nonces.
#[derive(Debug)]
pub struct Nonces {
    keys: [RandomState; 2],
    messages: HashMap<u128, NonceRecord>,
    order: VecDeque<u128>,
    most: usize,
}

/// A message that was sent with a nonce.
#[derive(Clone, Copy, Debug)]
struct NonceRecord {
    id: u64,
    /// The guest's visit that it was sent from. `None` for an account, and for what was said before the server started.
    session: Option<u64>,
}

impl Nonces {
    /// None yet; `most` are remembered.
    #[must_use]
    pub fn new(most: usize) -> Nonces {
        let (keys, messages, order) = Default::default();
        Nonces { keys, messages, order, most: most.max(1) }
    }

    /// The id of the message that the author sent with that nonce.
    #[must_use]
    pub fn find(&self, author: &NameKey, nonce: &str) -> Option<u64> {
        self.messages.get(&self.hash(author.as_str(), nonce)).map(|message| message.id)
    }

    /// Whether `reader` may see the nonce of a message whose author has the reader's name.
    #[must_use]
    pub fn is_shown(&self, author: &NameKey, nonce: &str, reader: &HistoryOwner) -> bool {
        let session = self.messages.get(&self.hash(author.as_str(), nonce)).and_then(|message| message.session);
        match reader {
            HistoryOwner::Account(_) => session.is_none(),
            HistoryOwner::Guest(own) => session == Some(*own),
        }
    }

    /// The author (by the key of the name) sent message `id` with that nonce. `party` is `None` for what was said before
    /// the server started.
    pub fn add(&mut self, author: &str, history_owner: Option<&HistoryOwner>, nonce: &str, id: u64) {
        let hash = self.hash(author, nonce);
        let session = match history_owner {
            Some(HistoryOwner::Guest(session)) => Some(*session),
            Some(HistoryOwner::Account(_)) | None => None,
        };
        if self.messages.insert(hash, NonceRecord { id, session }).is_some() {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.messages.remove(&oldest);
        }
    }

    /// The guest of that visit has an account now, which sees the nonces of the visit.
    pub fn adopt(&mut self, session: u64) {
        for message in self.messages.values_mut().filter(|message| message.session == Some(session)) {
            message.session = None;
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
        nonces.add(alice.as_str(), None, "k1", 1);
        assert_eq!((nonces.find(&alice, "k1"), nonces.find(&bob, "k1")), (Some(1), None));
        nonces.add(bob.as_str(), None, "k1", 2);
        nonces.add(alice.as_str(), None, "k1", 3);
        assert_eq!(nonces.find(&alice, "k1"), Some(3), "no second place");
        nonces.add(alice.as_str(), None, "k2", 4);
        assert_eq!([nonces.find(&alice, "k1"), nonces.find(&bob, "k1")], [None, Some(2)]);
        assert_eq!(nonces.order.len(), nonces.messages.len());
    }

    #[test]
    fn a_nonce_is_shown_to_the_visit_that_sent_it_or_the_account() {
        let (mut nonces, alice) = (Nonces::new(9), NameKey::of("alice"));
        let (account, guest, other) =
            (HistoryOwner::Account(alice.clone()), HistoryOwner::Guest(1), HistoryOwner::Guest(2));
        nonces.add(alice.as_str(), Some(&guest), "of a guest", 1);
        nonces.add(alice.as_str(), Some(&account), "of an account", 2);
        nonces.add(alice.as_str(), None, "of before", 3);
        let shown =
            |nonces: &Nonces, nonce| [&guest, &other, &account].map(|reader| nonces.is_shown(&alice, nonce, reader));
        assert_eq!(shown(&nonces, "of a guest"), [true, false, false]);
        assert_eq!(shown(&nonces, "of an account"), [false, false, true]);
        assert_eq!(shown(&nonces, "of before"), [false, false, true]);
        assert_eq!(shown(&nonces, "forgotten"), [false, false, true]);
        nonces.adopt(2);
        assert_eq!(shown(&nonces, "of a guest"), [true, false, false], "another visit's");
        nonces.adopt(1);
        assert_eq!(shown(&nonces, "of a guest"), [false, false, true]);
    }
}
