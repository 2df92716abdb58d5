//! Maps nonces to message ids, so that a message that is sent again is said only once.
//!
//! Labels do the same within one session. A nonce also outlasts the session and the server: it is stored with its
//! message, and the newest nonces are read back at the start. All remembered nonces are in memory, so that talk never
//! waits for the disk to find out that a nonce is new.
//!
//! Invariant: while a nonce is remembered, a second message of the same author name with it finds the first message's
//! id. The key is the author's name, not the session, so that a guest's line is recognized after a restart too.
//!
//! Another guest may take the name later and could use up nonces that it knows. Nonces are therefore unguessable, and
//! only their owner reads them in the history:
//!
//! | the message was sent | the history shows its nonce to |
//! |---|---|
//! | by a guest | the session that sent it |
//! | by an account, or before this start of the server | the account of that name |
//! | by a guest whose session became an account | that account |
//!
//! An entry holds 128 bits of a keyed hash of author and nonce instead of the strings: the size is fixed, and no client
//! can choose colliding nonces. Not here: storing nonces, and the lookup that shows the history.

use landline_common::NameKey;
use landline_common::history::HistoryOwner;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;

/// The newest nonces, and the messages that carried them.
#[derive(Debug)]
pub struct Nonces {
    /// Each key makes one half of a hash.
    hash_keys: [RandomState; 2],
    messages: HashMap<u128, NonceRecord>,
    /// The hashes, oldest first.
    order: VecDeque<u128>,
    capacity: usize,
}

/// A message with a nonce.
#[derive(Clone, Copy, Debug)]
struct NonceRecord {
    id: u64,
    /// Keyed hash of the author's name.
    author: u64,
    /// The guest's session that sent it. `None` for an account, and for a message from before this start of the server.
    guest_session: Option<u64>,
}

impl Nonces {
    /// Makes an empty table that remembers `capacity` nonces, at least one.
    #[must_use]
    pub fn new(capacity: usize) -> Nonces {
        Nonces {
            hash_keys: [RandomState::new(), RandomState::new()],
            messages: HashMap::new(),
            order: VecDeque::new(),
            capacity: capacity.max(1),
        }
    }

    /// Returns the id of the message that the author sent with this nonce.
    #[must_use]
    pub fn find(&self, author: &NameKey, nonce: &str) -> Option<u64> {
        self.messages.get(&self.hash(author.as_str(), nonce)).map(|message| message.id)
    }

    /// True if `reader` may see the nonce of a message whose author has the reader's name.
    #[must_use]
    pub fn is_visible_to(&self, author: &NameKey, nonce: &str, reader: &HistoryOwner) -> bool {
        let message = self.messages.get(&self.hash(author.as_str(), nonce));
        let guest_session = message.and_then(|message| message.guest_session);
        match reader {
            HistoryOwner::Account(_) => guest_session.is_none(),
            HistoryOwner::Guest(session) => guest_session == Some(*session),
        }
    }

    /// Remembers that `author`, the key of a name, sent the message `id` with this nonce. `history_owner` is `None` for
    /// a message from before this start of the server.
    pub fn add(&mut self, author: &str, history_owner: Option<&HistoryOwner>, nonce: &str, id: u64) {
        let hash = self.hash(author, nonce);
        let guest_session = match history_owner {
            Some(HistoryOwner::Guest(session)) => Some(*session),
            Some(HistoryOwner::Account(_)) | None => None,
        };
        if self.messages.insert(hash, NonceRecord { id, author: self.author_hash(author), guest_session }).is_some() {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.messages.remove(&oldest);
        }
    }

    /// Makes the nonces of a guest's session visible to the account that the guest has made.
    pub fn transfer_to_account(&mut self, session: u64) {
        for message in self.messages.values_mut().filter(|message| message.guest_session == Some(session)) {
            message.guest_session = None;
        }
    }

    /// Forgets the nonces of an author.
    pub fn remove_author(&mut self, author: &NameKey) {
        let author = self.author_hash(author.as_str());
        self.messages.retain(|_, message| message.author != author);
        let messages = &self.messages;
        self.order.retain(|hash| messages.contains_key(hash));
    }

    fn author_hash(&self, author: &str) -> u64 {
        self.hash_keys[0].hash_one(author)
    }

    fn hash(&self, author: &str, nonce: &str) -> u128 {
        let [high, low] = [0, 1].map(|half| u128::from(self.hash_keys[half].hash_one((author, nonce))));
        high << 64 | low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_nonces_are_found_by_author_and_nonce() {
        let mut nonces = Nonces::new(2);
        let alice = NameKey::of("alice");
        let bob = NameKey::of("bob");
        nonces.add(alice.as_str(), None, "k1", 1);
        assert_eq!((nonces.find(&alice, "k1"), nonces.find(&bob, "k1")), (Some(1), None));
        nonces.add(bob.as_str(), None, "k1", 2);
        nonces.add(alice.as_str(), None, "k1", 3);
        assert_eq!(nonces.find(&alice, "k1"), Some(3), "the newer message replaces the older");
        nonces.add(alice.as_str(), None, "k2", 4);
        assert_eq!([nonces.find(&alice, "k1"), nonces.find(&bob, "k1")], [None, Some(2)]);
        assert_eq!(nonces.order.len(), nonces.messages.len());
    }

    #[test]
    fn the_nonces_of_an_author_are_forgotten_and_no_others() {
        let mut nonces = Nonces::new(9);
        let (alice, bob) = (NameKey::of("alice"), NameKey::of("bob"));
        for (id, author, nonce) in [(1, &alice, "k1"), (2, &bob, "k1"), (3, &alice, "k2")] {
            nonces.add(author.as_str(), None, nonce, id);
        }
        nonces.remove_author(&alice);
        assert_eq!(
            [nonces.find(&alice, "k1"), nonces.find(&alice, "k2"), nonces.find(&bob, "k1")],
            [None, None, Some(2)]
        );
        assert_eq!((nonces.order.len(), nonces.messages.len()), (1, 1));
    }

    #[test]
    fn a_nonce_is_visible_to_the_session_that_sent_it_or_the_account() {
        let mut nonces = Nonces::new(9);
        let alice = NameKey::of("alice");
        let (account, guest, other) =
            (HistoryOwner::Account(alice.clone()), HistoryOwner::Guest(1), HistoryOwner::Guest(2));
        nonces.add(alice.as_str(), Some(&guest), "by a guest", 1);
        nonces.add(alice.as_str(), Some(&account), "by an account", 2);
        nonces.add(alice.as_str(), None, "before the start", 3);
        let shown = |nonces: &Nonces, nonce| {
            [&guest, &other, &account].map(|reader| nonces.is_visible_to(&alice, nonce, reader))
        };
        assert_eq!(shown(&nonces, "by a guest"), [true, false, false]);
        assert_eq!(shown(&nonces, "by an account"), [false, false, true]);
        assert_eq!(shown(&nonces, "before the start"), [false, false, true]);
        assert_eq!(shown(&nonces, "forgotten"), [false, false, true]);
        nonces.transfer_to_account(2);
        assert_eq!(shown(&nonces, "by a guest"), [true, false, false], "another session became an account");
        nonces.transfer_to_account(1);
        assert_eq!(shown(&nonces, "by a guest"), [false, false, true]);
    }
}
