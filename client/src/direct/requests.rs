//! Requests for encrypted chats, incoming and outgoing. An answer counts only if the user has asked, so that a server
//! cannot make the client dial at will.

use super::LIMIT;
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName};

/// An incoming request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChatRequest {
    /// Name of the user that asks.
    pub from: Box<str>,
    /// Public key of that user's client.
    pub key: PublicKey,
    name_key: NameKey,
}

/// Requests without an answer yet.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Requests of other users, oldest first.
    incoming: Vec<ChatRequest>,
    /// Names that the user asked, oldest first.
    outgoing: Vec<NameKey>,
}

impl Requests {
    /// Adds a request, which replaces an older one of the same user. `open` is the number of open chats. Returns
    /// `false` if name or key is invalid, or the limit is reached.
    pub fn add_incoming(&mut self, from: &str, key: &str, open: usize) -> bool {
        let (Ok(name), Ok(key)) = (UserName::parse(from), key.parse()) else { return false };
        self.take_incoming(Some(from));
        if open + self.incoming.len() >= LIMIT {
            return false;
        }
        self.incoming.push(ChatRequest { from: name.as_str().into(), key, name_key: name.key().clone() });
        true
    }

    /// Removes and returns the request of `from`; without a name, the only one there is.
    pub fn take_incoming(&mut self, from: Option<&str>) -> Option<ChatRequest> {
        let name_key = from.map(NameKey::of);
        let at = match name_key {
            Some(name_key) => self.incoming.iter().position(|request| request.name_key == name_key)?,
            None if self.incoming.len() == 1 => 0,
            None => return None,
        };
        Some(self.incoming.remove(at))
    }

    /// Returns the names of the users that ask, if there are several.
    pub fn several_names(&self) -> Option<Vec<&str>> {
        (self.incoming.len() > 1).then(|| self.incoming.iter().map(|request| &*request.from).collect())
    }

    /// Notes that the user asked `user`. Over the limit, the oldest note is dropped.
    pub fn add_outgoing(&mut self, user: &str) {
        self.take_outgoing(user);
        if self.outgoing.len() >= LIMIT {
            self.outgoing.remove(0);
        }
        self.outgoing.push(NameKey::of(user));
    }

    /// Removes the note for `user`, who answered. Returns whether the user had asked.
    pub fn take_outgoing(&mut self, user: &str) -> bool {
        let name_key = NameKey::of(user);
        let before = self.outgoing.len();
        self.outgoing.retain(|other| *other != name_key);
        self.outgoing.len() < before
    }

    /// Drops all requests, for a new session in which the server does not know them.
    pub fn clear(&mut self) {
        *self = Requests::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn takes_a_request_once() {
        let mut requests = Requests::default();
        assert!(requests.add_incoming("Bob", KEY, 0));
        assert_eq!(&*requests.take_incoming(None).unwrap().from, "Bob");
        assert_eq!(requests.take_incoming(Some("bob")), None);
        assert!(requests.add_incoming("Bob", KEY, 0) && requests.add_incoming("carol", KEY, 0));
        assert_eq!(requests.several_names(), Some(vec!["Bob", "carol"]));
        assert!(requests.take_incoming(None).is_none() && requests.take_incoming(Some("BOB")).is_some());
        assert!(requests.several_names().is_none() && requests.take_incoming(None).is_some());
    }

    #[test]
    fn a_second_request_replaces_the_key() {
        let mut requests = Requests::default();
        let other = KEY.replace('0', "f");
        assert!(requests.add_incoming("bob", KEY, 0) && requests.add_incoming("bob", &other, 0));
        assert_eq!(requests.take_incoming(None).unwrap().key.to_string(), other);
    }

    #[test]
    fn refuses_invalid_names_and_keys() {
        let mut requests = Requests::default();
        for (from, key) in [("a b", KEY), ("", KEY), ("INFO", KEY), ("bob", "key"), ("bob", &KEY[1..])] {
            assert!(!requests.add_incoming(from, key, 0), "{from}");
        }
        assert!(requests.incoming.is_empty());
    }

    #[test]
    fn an_answer_counts_once_per_question() {
        let mut requests = Requests::default();
        assert!(!requests.take_outgoing("bob"));
        requests.add_outgoing("Bob");
        requests.add_outgoing("bob");
        assert!(requests.take_outgoing("bob") && !requests.take_outgoing("bob"));
        requests.add_outgoing("bob");
        requests.clear();
        assert!(!requests.take_outgoing("bob"));
    }

    #[test]
    fn limits_the_number_of_requests() {
        let mut requests = Requests::default();
        for n in 0..100 {
            requests.add_incoming(&format!("a{n}"), KEY, 10);
            requests.add_outgoing(&format!("b{n}"));
        }
        assert_eq!((requests.incoming.len(), requests.outgoing.len()), (LIMIT - 10, LIMIT));
        assert!(!requests.take_outgoing("b0") && requests.take_outgoing("b99"));
    }
}
