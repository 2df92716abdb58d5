//! Who asks for a direct chat, and whom one asked: an answer counts only for a question.

use super::LIMIT;
use landline_common::link::PublicKey;
use landline_common::{NameKey, UserName};

/// Somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Who.
    pub from: Box<str>,
    /// The key of their client.
    pub key: PublicKey,
    who: NameKey,
}

/// What waits for an answer.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// The oldest first.
    waiting: Vec<Request>,
    asked: Vec<NameKey>,
}

impl Requests {
    /// Somebody asks; who asked before asks anew. `false` if that cannot be answered.
    pub fn came(&mut self, from: &str, key: &str, others: usize) -> bool {
        let (Ok(name), Ok(key)) = (UserName::parse(from), key.parse()) else { return false };
        self.take(Some(from));
        if others + self.waiting.len() >= LIMIT {
            return false;
        }
        self.waiting.push(Request { from: name.as_str().into(), key, who: name.key().clone() });
        true
    }

    /// The request of that person, or the only one there is; it no longer waits.
    pub fn take(&mut self, from: Option<&str>) -> Option<Request> {
        let who = from.map(NameKey::of);
        let at = match who {
            Some(who) => self.waiting.iter().position(|request| request.who == who)?,
            None if self.waiting.len() == 1 => 0,
            None => return None,
        };
        Some(self.waiting.remove(at))
    }

    /// Who asks, if several do.
    pub fn several(&self) -> Option<Vec<&str>> {
        (self.waiting.len() > 1).then(|| self.waiting.iter().map(|request| &*request.from).collect())
    }

    /// One asks somebody. Whom one asked longest ago without an answer is forgotten first.
    pub fn ask(&mut self, user: &str) {
        self.answered(user);
        if self.asked.len() >= LIMIT {
            self.asked.remove(0);
        }
        self.asked.push(NameKey::of(user));
    }

    /// Somebody answered. Whether one had asked them.
    pub fn answered(&mut self, user: &str) -> bool {
        let (who, before) = (NameKey::of(user), self.asked.len());
        self.asked.retain(|asked| *asked != who);
        self.asked.len() < before
    }

    /// A new connection: the server knows nothing of these any more.
    pub fn clear(&mut self) {
        *self = Requests::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn a_request_is_answered_once() {
        let mut requests = Requests::default();
        assert!(requests.came("Bob", KEY, 0));
        assert_eq!(&*requests.take(None).unwrap().from, "Bob");
        assert_eq!(requests.take(Some("bob")), None);
        assert!(requests.came("Bob", KEY, 0) && requests.came("carol", KEY, 0));
        assert_eq!(requests.several(), Some(vec!["Bob", "carol"]));
        assert!(requests.take(None).is_none() && requests.take(Some("BOB")).is_some());
        assert!(requests.several().is_none() && requests.take(None).is_some());
    }

    #[test]
    fn who_asks_again_has_another_key_perhaps() {
        let mut requests = Requests::default();
        let other = KEY.replace('0', "f");
        assert!(requests.came("bob", KEY, 0) && requests.came("bob", &other, 0));
        assert_eq!(requests.take(None).unwrap().key.to_string(), other);
    }

    #[test]
    fn what_cannot_be_answered_is_no_request() {
        let mut requests = Requests::default();
        for (from, key) in [("a b", KEY), ("", KEY), ("INFO", KEY), ("bob", "key"), ("bob", &KEY[1..])] {
            assert!(!requests.came(from, key, 0), "{from}");
        }
        assert!(requests.waiting.is_empty());
    }

    #[test]
    fn an_answer_needs_a_question() {
        let mut requests = Requests::default();
        assert!(!requests.answered("bob"));
        requests.ask("Bob");
        requests.ask("bob");
        assert!(requests.answered("bob") && !requests.answered("bob"));
        requests.ask("bob");
        requests.clear();
        assert!(!requests.answered("bob"));
    }

    #[test]
    fn there_are_never_too_many() {
        let mut requests = Requests::default();
        for n in 0..100 {
            requests.came(&format!("a{n}"), KEY, 10);
            requests.ask(&format!("b{n}"));
        }
        assert_eq!((requests.waiting.len(), requests.asked.len()), (LIMIT - 10, LIMIT));
        assert!(!requests.answered("b0") && requests.answered("b99"));
    }
}
