//! Direct chats, which two clients hold without the server: the public keys of clients, and the open requests. The
//! server exchanges keys and addresses only and never sees the talk.

use super::requests::{RemovedRequests, Requests};
use crate::fanout::ClientId;
use landline_common::link::PublicKey;
use std::collections::BTreeMap;

/// Keys and open requests for direct chats.
#[derive(Debug, Default)]
pub struct DirectRequests {
    /// The public key of each client that supports direct chats.
    keys: BTreeMap<ClientId, PublicKey>,
    requests: Requests,
    max_requests: usize,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectRefusal {
    /// The requester's client has announced no key.
    NoOwnKey,
    /// The receiver's client has announced no key.
    NoReceiverKey,
    /// The same request is already open.
    AlreadyRequested,
    /// One of the two has too many open requests.
    TooMany,
}

impl DirectRequests {
    /// Makes an empty table. `max_requests` bounds the open requests of each client.
    #[must_use]
    pub fn new(max_requests: usize) -> DirectRequests {
        DirectRequests { max_requests, ..DirectRequests::default() }
    }

    /// Sets the key of a client. A changed key removes all requests of the client, since the clients that hold the old
    /// key would reject the new one.
    pub fn set_key(&mut self, client: ClientId, key: PublicKey) -> RemovedRequests {
        if self.keys.insert(client, key).is_none_or(|old| old == key) {
            return RemovedRequests::default();
        }
        self.requests.remove_client(client)
    }

    /// Opens a request of `from` to `to`. Returns the key of `from`.
    ///
    /// # Errors
    /// A key is missing, the request is already open, or there are too many.
    pub fn request(&mut self, from: ClientId, to: ClientId) -> Result<PublicKey, DirectRefusal> {
        let key = *self.keys.get(&from).ok_or(DirectRefusal::NoOwnKey)?;
        self.keys.get(&to).ok_or(DirectRefusal::NoReceiverKey)?;
        if self.requests.is_open(from, to) {
            return Err(DirectRefusal::AlreadyRequested);
        }
        if self.requests.count(from) >= self.max_requests || self.requests.count(to) >= self.max_requests {
            return Err(DirectRefusal::TooMany);
        }
        self.requests.add(from, to);
        Ok(key)
    }

    /// Accepts for `client` the request that `from` made with `key`. Returns the key of `client`, or `None` if there is
    /// no such request.
    pub fn accept(&mut self, client: ClientId, from: ClientId, key: PublicKey) -> Option<PublicKey> {
        let own = self.keys.get(&client).copied().filter(|_| self.keys.get(&from) == Some(&key))?;
        if !self.remove(client, from) {
            return None;
        }
        // Both may have requested a chat at the same time, and one chat is enough.
        self.remove(from, client);
        Some(own)
    }

    /// Removes the request of `from` to `client`. Returns false if there is none.
    pub fn remove(&mut self, client: ClientId, from: ClientId) -> bool {
        self.requests.remove(from, client)
    }

    /// Iterates over the clients that wait for an answer of `client`.
    pub fn requesters(&self, client: ClientId) -> impl Iterator<Item = ClientId> {
        self.requests.requesters(client)
    }

    /// Replaces `old` by `new`, a later connection of the same session.
    pub fn replace_client(&mut self, old: ClientId, new: ClientId) {
        if let Some(key) = self.keys.remove(&old) {
            self.keys.insert(new, key);
        }
        self.requests.replace_client(old, new);
    }

    /// Removes the key and all requests of a client that has left.
    pub fn remove_client(&mut self, client: ClientId) -> RemovedRequests {
        self.keys.remove(&client);
        self.requests.remove_client(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::link::Keys;

    fn key() -> PublicKey {
        Keys::generate().unwrap().public()
    }

    #[test]
    fn a_chat_needs_both_keys_and_an_accepted_request() {
        let mut chats = DirectRequests::new(8);
        let one = key();
        let two = key();
        assert_eq!(chats.request(1, 2), Err(DirectRefusal::NoOwnKey));
        chats.set_key(1, one);
        assert_eq!(chats.request(1, 2), Err(DirectRefusal::NoReceiverKey));
        chats.set_key(2, two);
        assert_eq!(chats.accept(2, 1, one), None, "no request");
        assert_eq!(chats.request(1, 2), Ok(one));
        assert_eq!(chats.request(1, 2), Err(DirectRefusal::AlreadyRequested));
        assert_eq!(chats.accept(1, 2, two), None, "the client's own request");
        assert_eq!(chats.accept(2, 1, two), None, "with another key");
        assert_eq!(chats.accept(2, 1, one), Some(two));
        assert_eq!(chats.accept(2, 1, one), None, "accepted already");
    }

    #[test]
    fn a_changed_key_and_leaving_remove_all_requests() {
        let mut chats = DirectRequests::new(8);
        let one = key();
        let two = key();
        chats.set_key(1, one);
        chats.set_key(2, two);
        chats.request(1, 2).unwrap();
        assert_eq!(chats.set_key(1, one), RemovedRequests::default(), "the same key again");
        assert_eq!(chats.set_key(1, two), RemovedRequests { requesters: vec![], receivers: vec![2] });
        chats.request(2, 1).unwrap();
        assert_eq!(chats.remove_client(1), RemovedRequests { requesters: vec![2], receivers: vec![] });
        assert!(chats.requests.all().is_empty());
        assert_eq!(chats.request(2, 1), Err(DirectRefusal::NoReceiverKey));
    }

    #[test]
    fn requests_are_bounded() {
        let mut chats = DirectRequests::new(1);
        for client in 1..4 {
            chats.set_key(client, key());
        }
        assert!(chats.request(1, 2).is_ok());
        assert_eq!([chats.request(1, 3), chats.request(3, 2)], [Err(DirectRefusal::TooMany); 2]);
    }
}
