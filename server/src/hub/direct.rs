//! Who can take part in private chats past the server, and who has asked whom for one. The server only brings the two
//! together: what they say then, it never sees.

use super::requests::Requests;
use crate::fanout::ClientId;
use landline_common::link::PublicKey;
use std::collections::BTreeMap;

/// What the server knows of such chats.
#[derive(Debug, Default)]
pub struct DirectRequests {
    /// The key of each client that can take part.
    keys: BTreeMap<ClientId, PublicKey>,
    requests: Requests,
    most: usize,
}

/// Why nobody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotAsk {
    /// Their own client has announced no key.
    Own,
    /// The other's has not.
    Other,
    /// The same request is still open.
    Open,
    /// One of them has too many open requests.
    TooMany,
}

/// Whom it concerns that somebody left.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Who waits for their answer in vain.
    pub requesters: Vec<ClientId>,
    /// Who need not answer them any more.
    pub asked: Vec<ClientId>,
}

impl DirectRequests {
    /// Nobody can take part yet. `most` bounds each person's open requests.
    #[must_use]
    pub fn new(most: usize) -> DirectRequests {
        DirectRequests { most, ..DirectRequests::default() }
    }

    /// From now on `who` can take part. An old key's requests are void: nobody could prove to be who asked.
    pub fn announce(&mut self, who: ClientId, key: PublicKey) -> Left {
        if self.keys.insert(who, key).is_none_or(|old| old == key) {
            return Left::default();
        }
        self.take_back_all(who)
    }

    /// `from` would like to talk with `to`; gives the key of `from`.
    ///
    /// # Errors
    /// That cannot be asked.
    pub fn ask(&mut self, from: ClientId, to: ClientId) -> Result<PublicKey, CannotAsk> {
        let key = *self.keys.get(&from).ok_or(CannotAsk::Own)?;
        self.keys.get(&to).ok_or(CannotAsk::Other)?;
        if self.requests.is_open(from, to) {
            return Err(CannotAsk::Open);
        }
        if self.requests.count(from) >= self.most || self.requests.count(to) >= self.most {
            return Err(CannotAsk::TooMany);
        }
        self.requests.add(from, to);
        Ok(key)
    }

    /// `who` accepts what `from` asked with `key`; gives the key of `who`. Nothing if there is no such request.
    pub fn accept(&mut self, who: ClientId, from: ClientId, key: PublicKey) -> Option<PublicKey> {
        let own = self.keys.get(&who).copied().filter(|_| self.keys.get(&from) == Some(&key))?;
        if !self.reject(who, from) {
            return None;
        }
        // Both may have asked at once, and one chat is enough.
        self.reject(from, who);
        Some(own)
    }

    /// `who` turns down what `from` asked. False if there is no such request.
    pub fn reject(&mut self, who: ClientId, from: ClientId) -> bool {
        self.requests.remove(from, who)
    }

    /// Who waits for an answer of `who`.
    pub fn requesters(&self, who: ClientId) -> impl Iterator<Item = ClientId> {
        self.requests.requesters(who)
    }

    /// From now on `new` stands where `old` stood.
    pub fn rename(&mut self, old: ClientId, new: ClientId) {
        if let Some(key) = self.keys.remove(&old) {
            self.keys.insert(new, key);
        }
        self.requests.rename(old, new);
    }

    /// Forgets everything about `who`, who is gone.
    pub fn leave(&mut self, who: ClientId) -> Left {
        self.keys.remove(&who);
        self.take_back_all(who)
    }

    fn take_back_all(&mut self, who: ClientId) -> Left {
        let (requesters, asked) = self.requests.leave(who);
        Left { requesters, asked }
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
    fn both_need_a_key_and_consent_comes_first() {
        let (mut direct_requests, one, two) = (DirectRequests::new(8), key(), key());
        assert_eq!(direct_requests.ask(1, 2), Err(CannotAsk::Own));
        direct_requests.announce(1, one);
        assert_eq!(direct_requests.ask(1, 2), Err(CannotAsk::Other));
        direct_requests.announce(2, two);
        assert_eq!(direct_requests.accept(2, 1, one), None, "nobody asked");
        assert_eq!(direct_requests.ask(1, 2), Ok(one));
        assert_eq!(direct_requests.ask(1, 2), Err(CannotAsk::Open));
        assert_eq!(direct_requests.accept(1, 2, two), None, "one's own request");
        assert_eq!(direct_requests.accept(2, 1, two), None, "with another key");
        assert_eq!(direct_requests.accept(2, 1, one), Some(two));
        assert_eq!(direct_requests.accept(2, 1, one), None, "once");
    }

    #[test]
    fn another_key_and_leaving_take_back_what_was_asked() {
        let (mut direct_requests, one, two) = (DirectRequests::new(8), key(), key());
        direct_requests.announce(1, one);
        direct_requests.announce(2, two);
        direct_requests.ask(1, 2).unwrap();
        assert_eq!(direct_requests.announce(1, one), Left::default(), "the same key again");
        assert_eq!(direct_requests.announce(1, two), Left { requesters: vec![], asked: vec![2] });
        direct_requests.ask(2, 1).unwrap();
        assert_eq!(direct_requests.leave(1), Left { requesters: vec![2], asked: vec![] });
        assert!(direct_requests.requests.all().is_empty());
        assert_eq!(direct_requests.ask(2, 1), Err(CannotAsk::Other));
    }

    #[test]
    fn requests_are_bounded() {
        let mut direct_requests = DirectRequests::new(1);
        (1..4).for_each(|who| _ = direct_requests.announce(who, key()));
        assert!(direct_requests.ask(1, 2).is_ok());
        assert_eq!([direct_requests.ask(1, 3), direct_requests.ask(3, 2)], [Err(CannotAsk::TooMany); 2]);
    }
}
