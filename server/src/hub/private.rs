//! Open private chats and the requests for them. Users are stored by client number, so that another user who later
//! takes over a name inherits no chat.

use super::requests::{Pairs, Requests, partners_of, replace_client};
use crate::fanout::ClientId;

/// All private chats of the server, and the requests for them.
#[derive(Debug, Default)]
pub struct PrivateChats {
    requests: Requests,
    /// Each chat in both directions.
    chats: Pairs,
    max_per_client: usize,
}

/// Result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// The request is open and waits for an answer.
    Sent,
    /// The receiver had requested the same chat, so the chat is open now.
    Connected,
    /// The chat is already open.
    AlreadyConnected,
    /// The same request is already open.
    AlreadyRequested,
    /// One of the two has too many requests and chats.
    TooMany,
}

/// The chats and requests that ended because a client left.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EndedChats {
    /// Clients that were in a private chat with it.
    pub partners: Vec<ClientId>,
    /// Clients that waited for its answer.
    pub requesters: Vec<ClientId>,
}

impl PrivateChats {
    /// Makes an empty table. `max_per_client` bounds the requests and chats of each client together.
    #[must_use]
    pub fn new(max_per_client: usize) -> PrivateChats {
        PrivateChats { max_per_client, ..PrivateChats::default() }
    }

    /// Opens a request of `from` to `to`, or the chat if `to` has already requested it.
    pub fn request(&mut self, from: ClientId, to: ClientId) -> RequestOutcome {
        if self.chats.contains(&(from, to)) {
            return RequestOutcome::AlreadyConnected;
        }
        if self.requests.is_open(to, from) {
            self.accept(from, to);
            return RequestOutcome::Connected;
        }
        if self.requests.is_open(from, to) {
            return RequestOutcome::AlreadyRequested;
        }
        if self.count(from) >= self.max_per_client || self.count(to) >= self.max_per_client {
            return RequestOutcome::TooMany;
        }
        self.requests.add(from, to);
        RequestOutcome::Sent
    }

    /// Accepts for `client` the request of `from` and opens the chat. Returns false if there is no such request.
    pub fn accept(&mut self, client: ClientId, from: ClientId) -> bool {
        let was_requested = self.remove_request(client, from);
        if was_requested {
            // Both may have requested the chat at the same time.
            self.remove_request(from, client);
            self.chats.insert((client, from));
            self.chats.insert((from, client));
        }
        was_requested
    }

    /// Removes the request of `from` to `client`. Returns false if there is none.
    pub fn remove_request(&mut self, client: ClientId, from: ClientId) -> bool {
        self.requests.remove(from, client)
    }

    /// Ends a chat. Returns false if there is none.
    pub fn end(&mut self, one: ClientId, other: ClientId) -> bool {
        self.chats.remove(&(other, one));
        self.chats.remove(&(one, other))
    }

    /// True if the two clients are in a private chat.
    #[must_use]
    pub fn are_connected(&self, one: ClientId, other: ClientId) -> bool {
        self.chats.contains(&(one, other))
    }

    /// Iterates over the clients in a private chat with `client`.
    pub fn partners(&self, client: ClientId) -> impl Iterator<Item = ClientId> {
        partners_of(&self.chats, client)
    }

    /// Iterates over the clients that wait for an answer of `client`.
    pub fn requesters(&self, client: ClientId) -> impl Iterator<Item = ClientId> {
        self.requests.requesters(client)
    }

    /// Opens a chat again that a lost connection ended. Returns false if one of the two has too many requests and
    /// chats, or if the chat is already open.
    pub fn reopen(&mut self, one: ClientId, other: ClientId) -> bool {
        let has_capacity = self.count(one) < self.max_per_client && self.count(other) < self.max_per_client;
        let opens = has_capacity && !self.are_connected(one, other);
        if opens {
            self.requests.remove(one, other);
            self.requests.remove(other, one);
            self.chats.extend([(one, other), (other, one)]);
        }
        opens
    }

    /// Replaces `old` by `new`, a later connection of the same session.
    pub fn replace_client(&mut self, old: ClientId, new: ClientId) {
        self.requests.replace_client(old, new);
        replace_client(&mut self.chats, old, new);
    }

    /// Ends all chats and requests of a client that has left.
    pub fn remove_client(&mut self, client: ClientId) -> EndedChats {
        let requesters = self.requests.remove_client(client).requesters;
        let ended = EndedChats { partners: self.partners(client).collect(), requesters };
        for partner in &ended.partners {
            self.end(client, *partner);
        }
        ended
    }

    fn count(&self, client: ClientId) -> usize {
        self.partners(client).count() + self.requests.count(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_chat_opens_only_after_the_receiver_accepts() {
        let mut chats = PrivateChats::new(8);
        assert_eq!(chats.request(1, 2), RequestOutcome::Sent);
        assert_eq!(chats.request(1, 2), RequestOutcome::AlreadyRequested);
        assert!(!chats.are_connected(1, 2) && !chats.accept(1, 2));
        assert!(chats.accept(2, 1));
        assert!(chats.are_connected(1, 2) && chats.are_connected(2, 1));
        assert_eq!(chats.request(2, 1), RequestOutcome::AlreadyConnected);
        assert!(chats.end(2, 1) && !chats.end(1, 2));
    }

    #[test]
    fn mutual_requests_open_the_chat() {
        let mut chats = PrivateChats::new(8);
        chats.request(1, 2);
        assert_eq!(chats.request(2, 1), RequestOutcome::Connected);
        assert!(chats.are_connected(1, 2));
        assert_eq!(chats.requesters(1).chain(chats.requesters(2)).count(), 0);
    }

    #[test]
    fn leaving_ends_all_chats_and_requests() {
        let mut chats = PrivateChats::new(8);
        for other in [2, 3, 4] {
            chats.request(other, 1);
        }
        chats.request(1, 5);
        chats.accept(1, 2);
        assert_eq!(chats.remove_client(1), EndedChats { partners: vec![2], requesters: vec![3, 4] });
        assert!(chats.requests.all().is_empty() && chats.chats.is_empty());
    }

    #[test]
    fn requests_are_bounded() {
        let mut chats = PrivateChats::new(2);
        assert_eq!([chats.request(1, 2), chats.request(1, 3), chats.request(1, 4), chats.request(4, 1)], {
            use RequestOutcome::{Sent, TooMany};
            [Sent, Sent, TooMany, TooMany]
        });
    }

    proptest! {
        #[test]
        fn chats_are_mutual_and_no_chat_has_an_open_request(steps in prop::collection::vec((0u8..5, 1u64..5, 1u64..5), 0..200)) {
            let mut chats = PrivateChats::new(3);
            for (step, one, other) in steps {
                if one == other { continue; }
                match step {
                    0 => { chats.request(one, other); }
                    1 => { chats.accept(one, other); }
                    2 => { chats.remove_request(one, other); }
                    3 => { chats.end(one, other); }
                    _ => { chats.remove_client(one); }
                }
                prop_assert!(chats.chats.iter().all(|(a, b)| chats.chats.contains(&(*b, *a))));
                prop_assert!(chats.requests.all().iter().all(|r| !chats.chats.contains(r)));
            }
        }
    }
}
