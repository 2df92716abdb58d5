//! Who has asked whom for a private chat, and who is in one: rules about clients' numbers, nothing else. A name that
//! somebody else takes over later inherits nothing.

use super::requests::{Pairs, Requests, of, rename};
use crate::fanout::ClientId;

/// All requests and private chats of the server.
#[derive(Debug, Default)]
pub struct PrivateChats {
    requests: Requests,
    /// Each chat in both directions.
    chats: Pairs,
    most: usize,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The other is told and has to answer.
    Sent,
    /// The other had asked before: both want it, so they are connected.
    Connected,
    /// They are connected already.
    Already,
    /// The same request is still open.
    Open,
    /// One of them has too many requests and chats.
    TooMany,
}

/// What ended because somebody left.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Who was in a private chat with them.
    pub partners: Vec<ClientId>,
    /// Who waits for their answer in vain.
    pub requesters: Vec<ClientId>,
}

impl PrivateChats {
    /// Nobody has asked anybody. `most` bounds each person's requests and chats together.
    #[must_use]
    pub fn new(most: usize) -> PrivateChats {
        PrivateChats { most, ..PrivateChats::default() }
    }

    /// `from` would like to talk with `to`.
    pub fn ask(&mut self, from: ClientId, to: ClientId) -> Asked {
        if self.chats.contains(&(from, to)) {
            return Asked::Already;
        }
        if self.requests.is_open(to, from) {
            self.accept(from, to);
            return Asked::Connected;
        }
        if self.requests.is_open(from, to) {
            return Asked::Open;
        }
        if self.load(from) >= self.most || self.load(to) >= self.most {
            return Asked::TooMany;
        }
        self.requests.add(from, to);
        Asked::Sent
    }

    /// `who` accepts what `from` asked. False if there is no such request.
    pub fn accept(&mut self, who: ClientId, from: ClientId) -> bool {
        let asked = self.reject(who, from);
        if asked {
            // Both may have asked at once.
            self.reject(from, who);
            self.chats.insert((who, from));
            self.chats.insert((from, who));
        }
        asked
    }

    /// `who` turns down what `from` asked. False if there is no such request.
    pub fn reject(&mut self, who: ClientId, from: ClientId) -> bool {
        self.requests.remove(from, who)
    }

    /// Ends a chat. False if there is none.
    pub fn end(&mut self, one: ClientId, other: ClientId) -> bool {
        self.chats.remove(&(other, one));
        self.chats.remove(&(one, other))
    }

    /// Whether the two are in a private chat.
    #[must_use]
    pub fn connected(&self, one: ClientId, other: ClientId) -> bool {
        self.chats.contains(&(one, other))
    }

    /// Whom `who` is in private chats with.
    pub fn partners(&self, who: ClientId) -> impl Iterator<Item = ClientId> {
        of(&self.chats, who)
    }

    /// Who waits for an answer of `who`.
    pub fn requesters(&self, who: ClientId) -> impl Iterator<Item = ClientId> {
        self.requests.requesters(who)
    }

    /// Opens a chat again that a lost connection ended. False if one of them has too many requests and chats, or if they
    /// are connected already.
    pub fn reopen(&mut self, one: ClientId, other: ClientId) -> bool {
        let opens = self.load(one) < self.most && self.load(other) < self.most && !self.connected(one, other);
        if opens {
            self.requests.remove(one, other);
            self.requests.remove(other, one);
            self.chats.extend([(one, other), (other, one)]);
        }
        opens
    }

    /// From now on `new` stands where `old` stood.
    pub fn rename(&mut self, old: ClientId, new: ClientId) {
        self.requests.rename(old, new);
        rename(&mut self.chats, old, new);
    }

    /// Forgets everything about `who`, who is gone.
    pub fn leave(&mut self, who: ClientId) -> Ended {
        let (requesters, _) = self.requests.leave(who);
        let ended = Ended { partners: self.partners(who).collect(), requesters };
        for partner in &ended.partners {
            self.end(who, *partner);
        }
        ended
    }

    fn load(&self, who: ClientId) -> usize {
        self.partners(who).count() + self.requests.count(who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn consent_comes_first() {
        let mut chats = PrivateChats::new(8);
        assert_eq!(chats.ask(1, 2), Asked::Sent);
        assert_eq!(chats.ask(1, 2), Asked::Open);
        assert!(!chats.connected(1, 2) && !chats.accept(1, 2));
        assert!(chats.accept(2, 1));
        assert!(chats.connected(1, 2) && chats.connected(2, 1));
        assert_eq!(chats.ask(2, 1), Asked::Already);
        assert!(chats.end(2, 1) && !chats.end(1, 2));
    }

    #[test]
    fn asking_each_other_connects() {
        let mut chats = PrivateChats::new(8);
        chats.ask(1, 2);
        assert_eq!(chats.ask(2, 1), Asked::Connected);
        assert!(chats.connected(1, 2));
        assert_eq!(chats.requesters(1).chain(chats.requesters(2)).count(), 0);
    }

    #[test]
    fn leaving_leaves_nothing_behind() {
        let mut chats = PrivateChats::new(8);
        for other in [2, 3, 4] {
            chats.ask(other, 1);
        }
        chats.ask(1, 5);
        chats.accept(1, 2);
        assert_eq!(chats.leave(1), Ended { partners: vec![2], requesters: vec![3, 4] });
        assert!(chats.requests.all().is_empty() && chats.chats.is_empty());
    }

    #[test]
    fn requests_are_bounded() {
        let mut chats = PrivateChats::new(2);
        assert_eq!([chats.ask(1, 2), chats.ask(1, 3), chats.ask(1, 4), chats.ask(4, 1)], {
            use Asked::{Sent, TooMany};
            [Sent, Sent, TooMany, TooMany]
        });
    }

    proptest! {
        #[test]
        fn chats_are_mutual_and_requests_known_to_both(steps in prop::collection::vec((0u8..5, 1u64..5, 1u64..5), 0..200)) {
            let mut chats = PrivateChats::new(3);
            for (step, one, other) in steps {
                if one == other { continue; }
                match step {
                    0 => { chats.ask(one, other); }
                    1 => { chats.accept(one, other); }
                    2 => { chats.reject(one, other); }
                    3 => { chats.end(one, other); }
                    _ => { chats.leave(one); }
                }
                prop_assert!(chats.chats.iter().all(|(a, b)| chats.chats.contains(&(*b, *a))));
                prop_assert!(chats.requests.all().iter().all(|r| !chats.chats.contains(r)));
            }
        }
    }
}
