//! The table of sessions that can be resumed, and of the tokens that find them.
//!
//! A session is *live* while a connection serves it, and *detached* after that connection was lost:
//!
//! | state | `find` returns | next state |
//! |---|---|---|
//! | live | the client that serves it | detached by `detach`; removed by `revoke` |
//! | detached | the session, whose data is kept | live by `resume`; removed by `revoke`, `expire` or eviction |
//!
//! Each sign-in by object, and each resumption, issues a new token. Invariant: a session has one newest token, and
//! until `confirm` also the token that was used last. The used token stays valid because the answer with the new one
//! may get lost with the connection; the client then has no other token. The client confirms the new token by sending a
//! line.
//!
//! Example: alice signs in with token 1, and resumes with it. The answer carries token 2, but never arrives. She
//! resumes with token 1 again and gets token 3; token 2 is void. Her first line voids token 1.
//!
//! Detached sessions are bounded in number and bytes. Above the bound, the address with the largest share loses its
//! oldest detached session, so that no address can evict the sessions of others. Not here: locks, the clock,
//! randomness, and moving the user (`session/resuming.rs`).

use crate::fanout::ClientId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// A secret of 128 random bits: with which a client resumes its session, or by which the name of a guest is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(u128);

/// How a client is connected. A token is valid only over the kind of connection on which it was issued, so that a token
/// overheard on a clear connection is useless on an encrypted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Unencrypted lines.
    Clear,
    /// Lines over TLS.
    Tls,
}

/// Number of a session; never used twice.
pub type SessionNumber = u64;

/// All sessions that can be resumed. `D` is the data kept for a detached session.
#[derive(Debug)]
pub struct ResumeTable<D> {
    sessions: HashMap<SessionNumber, ResumeEntry<D>>,
    tokens: HashMap<Token, SessionNumber>,
    /// The detached sessions by the number of their detachment, oldest first.
    detached: BTreeMap<u64, SessionNumber>,
    next_detachment: u64,
    /// Bytes of all detached sessions.
    bytes: usize,
    max_detached: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct ResumeEntry<D> {
    transport: Transport,
    token: Token,
    /// The token that was used last, valid until the client confirms the newest one.
    used: Option<Token>,
    state: ResumeState<D>,
}

#[derive(Debug)]
enum ResumeState<D> {
    Live(ClientId),
    Detached { detachment: u64, address: Arc<str>, bytes: usize, data: D },
}

/// The state of the session that a token finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundSession {
    /// A connection serves the session.
    Live(SessionNumber, ClientId),
    /// The session's connection was lost.
    Detached(SessionNumber),
}

impl Token {
    /// Makes a token of random bits.
    #[must_use]
    pub fn from_bits(bits: [u8; 16]) -> Token {
        Token(u128::from_be_bytes(bits))
    }

    /// Returns the bits, to hash them.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Parses 32 hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Token> {
        let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u128::from_str_radix(text, 16).ok().map(Token)).flatten()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Hides the bits: a token in a log would let its readers take over the session.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl<D> ResumeTable<D> {
    /// Makes an empty table for at most `max_detached` detached sessions of `max_bytes` in total.
    #[must_use]
    pub fn new(max_detached: usize, max_bytes: usize) -> ResumeTable<D> {
        ResumeTable {
            sessions: HashMap::new(),
            tokens: HashMap::new(),
            detached: BTreeMap::new(),
            next_detachment: 0,
            bytes: 0,
            max_detached,
            max_bytes,
        }
    }

    /// Adds a new session, served by `client`.
    pub fn insert(&mut self, session: SessionNumber, client: ClientId, transport: Transport, token: Token) {
        self.tokens.insert(token, session);
        self.sessions.insert(session, ResumeEntry { transport, token, used: None, state: ResumeState::Live(client) });
    }

    /// Finds the session of a token.
    #[must_use]
    pub fn find(&self, token: Token, transport: Transport) -> Option<FoundSession> {
        let session = *self.tokens.get(&token)?;
        let entry = self.sessions.get(&session).filter(|entry| entry.transport == transport)?;
        Some(match entry.state {
            ResumeState::Live(client) => FoundSession::Live(session, client),
            ResumeState::Detached { .. } => FoundSession::Detached(session),
        })
    }

    /// Returns the data of a detached session.
    pub fn detached(&self, session: SessionNumber) -> Option<&D> {
        match &self.sessions.get(&session)?.state {
            ResumeState::Detached { data, .. } => Some(data),
            ResumeState::Live(_) => None,
        }
    }

    /// Iterates over the data of all detached sessions. Changes to the data do not change the counted bytes.
    pub fn all_detached(&mut self) -> impl Iterator<Item = &mut D> {
        self.sessions.values_mut().filter_map(|entry| match &mut entry.state {
            ResumeState::Detached { data, .. } => Some(data),
            ResumeState::Live(_) => None,
        })
    }

    /// Makes `client` serve a session, by the token `used`, and issues the token `fresh`. Returns the data of a session
    /// that was detached. Does nothing if the token is not the session's.
    pub fn resume(&mut self, session: SessionNumber, client: ClientId, used: Token, fresh: Token) -> Option<D> {
        if self.tokens.get(&used) != Some(&session) {
            return None;
        }
        let entry = self.sessions.get_mut(&session)?;
        for old in [Some(entry.token), entry.used].into_iter().flatten().filter(|old| *old != used) {
            self.tokens.remove(&old);
        }
        self.tokens.insert(fresh, session);
        entry.token = fresh;
        entry.used = Some(used);
        let before = std::mem::replace(&mut entry.state, ResumeState::Live(client));
        self.uncount(before)
    }

    /// Voids the token that was used last, once the client has shown that it has the newest one.
    pub fn confirm(&mut self, session: SessionNumber) {
        let used = self.sessions.get_mut(&session).and_then(|entry| entry.used.take());
        if let Some(used) = used {
            self.tokens.remove(&used);
        }
    }

    /// Detaches a session whose connection, from `address`, was lost. Returns the number of this detachment, for
    /// [`Self::expire`], and the data of sessions that were evicted. An unknown session gets no number and is not added:
    /// its data is returned.
    pub fn detach(
        &mut self,
        session: SessionNumber,
        address: Arc<str>,
        data: D,
        bytes: usize,
    ) -> (Option<u64>, Vec<D>) {
        let mut evicted = Vec::new();
        let entry = self.sessions.get_mut(&session);
        let detachment = entry.is_some().then_some(self.next_detachment);
        if let Some(entry) = entry {
            let detachment = self.next_detachment;
            self.next_detachment += 1;
            let before =
                std::mem::replace(&mut entry.state, ResumeState::Detached { detachment, address, bytes, data });
            evicted.extend(self.uncount(before));
            self.detached.insert(detachment, session);
            self.bytes += bytes;
        } else {
            evicted.push(data);
        }
        while let Some(session) = self.next_eviction().and_then(|detachment| self.detached.remove(&detachment)) {
            evicted.extend(self.revoke(session));
        }
        (detachment, evicted)
    }

    /// Returns the detachment to evict, `None` within the bounds: the oldest of the address with the largest share. The
    /// share is the number of sessions if there are too many sessions, otherwise their bytes.
    fn next_eviction(&self) -> Option<u64> {
        let too_many = self.detached.len() > self.max_detached;
        if !too_many && self.bytes <= self.max_bytes {
            return None;
        }
        let mut shares: HashMap<&str, (usize, u64)> = HashMap::new();
        for (detachment, session) in &self.detached {
            if let Some(ResumeState::Detached { address, bytes, .. }) =
                self.sessions.get(session).map(|entry| &entry.state)
            {
                shares.entry(address).or_insert((0, *detachment)).0 += if too_many { 1 } else { *bytes };
            }
        }
        let largest = shares.into_values().max_by_key(|(share, oldest)| (*share, Reverse(*oldest)));
        largest.map(|(_, oldest)| oldest)
    }

    /// Removes a session and its tokens. Returns its data if it was detached.
    pub fn revoke(&mut self, session: SessionNumber) -> Option<D> {
        let ResumeEntry { token, used, state, .. } = self.sessions.remove(&session)?;
        self.tokens.remove(&token);
        if let Some(used) = used {
            self.tokens.remove(&used);
        }
        self.uncount(state)
    }

    /// Stops counting a former state of a session. Returns the data if the session was detached.
    fn uncount(&mut self, before: ResumeState<D>) -> Option<D> {
        let ResumeState::Detached { detachment, bytes, data, .. } = before else { return None };
        self.detached.remove(&detachment);
        self.bytes -= bytes;
        Some(data)
    }

    /// Removes a detached session whose time is up. Does nothing if it was resumed since that detachment.
    pub fn expire(&mut self, detachment: u64) -> Option<D> {
        let session = *self.detached.get(&detachment)?;
        self.revoke(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address() -> Arc<str> {
        "10.0.0.1".into()
    }

    fn token(n: u8) -> Token {
        Token::from_bits([n; 16])
    }

    #[test]
    fn a_token_is_32_hex_digits_and_is_never_logged() {
        let token = Token::from_bits([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(token.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(Token::parse(&token.to_string()), Some(token));
        assert!(!format!("{token:?}").contains("0102"));
        for wrong in ["", "00", &"0".repeat(33), &"g".repeat(32), &format!("+{}", "0".repeat(31))] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_used_token_is_valid_until_the_newest_one_is_confirmed() {
        let mut table: ResumeTable<()> = ResumeTable::new(9, 9);
        table.insert(1, 10, Transport::Clear, token(1));
        assert_eq!(table.find(token(1), Transport::Tls), None, "another kind of connection");
        assert_eq!(table.find(token(1), Transport::Clear), Some(FoundSession::Live(1, 10)));
        table.resume(1, 11, token(1), token(2));
        // The answer was lost, so the client uses the token again.
        assert_eq!(table.find(token(1), Transport::Clear), Some(FoundSession::Live(1, 11)));
        table.resume(1, 12, token(1), token(3));
        assert_eq!(table.find(token(2), Transport::Clear), None, "token 2 was never confirmed");
        table.confirm(1);
        assert_eq!(table.find(token(1), Transport::Clear), None);
        assert_eq!(table.find(token(3), Transport::Clear), Some(FoundSession::Live(1, 12)));
        assert_eq!(table.resume(1, 13, token(1), token(4)), None);
        assert_eq!(table.find(token(3), Transport::Clear), Some(FoundSession::Live(1, 12)), "unchanged");
    }

    #[test]
    fn detached_sessions_are_bounded_and_expire_once() {
        let mut table = ResumeTable::new(2, 100);
        for n in 1..=4 {
            table.insert(n.into(), n.into(), Transport::Clear, token(n));
        }
        let (first, evicted) = table.detach(1, address(), "one", 40);
        assert!(evicted.is_empty());
        assert_eq!(table.detach(9, address(), "unknown", 40), (None, vec!["unknown"]));
        assert!(table.detach(2, address(), "two", 40).1.is_empty());
        assert_eq!(table.detach(3, address(), "three", 40).1, ["one"], "too many");
        assert_eq!(table.detach(4, address(), "four", 70).1, ["two", "three"], "too many bytes");
        assert_eq!(first.and_then(|first| table.expire(first)), None, "evicted already");
        assert_eq!(table.resume(4, 9, token(4), token(5)), Some("four"));
        let again = table.detach(4, address(), "again", 1).0.unwrap();
        assert_eq!(table.detached(4), Some(&"again"));
        assert_eq!(table.all_detached().count(), 1);
        assert!(format!("{:?}", token(7)).starts_with("Token"), "without its bits");
        assert_eq!(table.expire(again - 1), None, "an older detachment");
        assert_eq!(table.expire(again), Some("again"));
        assert_eq!(table.find(token(5), Transport::Clear), None);
    }

    #[test]
    fn eviction_takes_from_the_address_with_the_largest_share() {
        let mut table = ResumeTable::new(3, 100);
        for n in 1..=6 {
            table.insert(n.into(), n.into(), Transport::Clear, token(n));
        }
        let other_address = || Arc::from("10.0.0.2");
        table.detach(1, address(), "one", 20);
        table.detach(2, other_address(), "two", 1);
        table.detach(3, other_address(), "three", 1);
        assert_eq!(table.detach(4, other_address(), "four", 1).1, ["two"], "too many");
        assert_eq!(table.detach(5, address(), "five", 1).1, ["one"], "equal shares: the oldest");
        assert_eq!(
            table.detach(6, other_address(), "six", 99).1,
            ["three", "four"],
            "too many sessions, then too many bytes"
        );
        assert_eq!(table.detach(1, address(), "gone", 1).1, ["gone"], "an evicted session");
        table.insert(7, 7, Transport::Clear, token(7));
        assert_eq!(table.detach(7, address(), "seven", 1).1, ["six"], "of the address with the most bytes");
    }

    #[derive(Clone, Debug)]
    enum ResumeStep {
        Insert(u64),
        Detach(u64, usize),
        Resume(u64),
        Confirm(u64),
        Revoke(u64),
        Expire(u64),
    }

    fn step() -> impl Strategy<Value = ResumeStep> {
        let session = || 0..6_u64;
        prop_oneof![
            session().prop_map(ResumeStep::Insert),
            (session(), 0..60_usize).prop_map(|(session, bytes)| ResumeStep::Detach(session, bytes)),
            session().prop_map(ResumeStep::Resume),
            session().prop_map(ResumeStep::Confirm),
            session().prop_map(ResumeStep::Revoke),
            (0..20_u64).prop_map(ResumeStep::Expire),
        ]
    }

    proptest! {
        #[test]
        fn every_token_finds_a_session_and_the_bounds_hold(steps in prop::collection::vec(step(), 0..60)) {
            let mut table = ResumeTable::new(3, 100);
            let mut begun = std::collections::HashSet::new();
            let mut newest = HashMap::new();
            for (n, step) in steps.into_iter().enumerate() {
                let fresh = Token(n as u128);
                match step {
                    ResumeStep::Insert(session) if begun.insert(session) => {
                        table.insert(session, 1, Transport::Clear, fresh);
                        newest.insert(session, fresh);
                    }
                    ResumeStep::Insert(_) => {}
                    ResumeStep::Detach(session, bytes) => {
                        let address = if session < 3 { address() } else { "10.0.0.2".into() };
                        table.detach(session, address, session, bytes);
                    }
                    ResumeStep::Resume(session) => {
                        if let Some(used) = newest.get(&session).copied()
                            && table.find(used, Transport::Clear).is_some()
                        {
                            table.resume(session, n as u64, used, fresh);
                            newest.insert(session, fresh);
                        }
                    }
                    ResumeStep::Confirm(session) => table.confirm(session),
                    ResumeStep::Revoke(session) => _ = table.revoke(session),
                    ResumeStep::Expire(number) => _ = table.expire(number),
                }
                prop_assert!(table.detached.len() <= 3 && table.bytes <= 100);
                let bytes = |entry: &ResumeEntry<u64>| match entry.state {
                    ResumeState::Detached { bytes, .. } => bytes,
                    ResumeState::Live(_) => 0,
                };
                prop_assert_eq!(table.sessions.values().map(bytes).sum::<usize>(), table.bytes);
                let count = |entry: &ResumeEntry<u64>| 1 + usize::from(entry.used.is_some());
                prop_assert_eq!(table.sessions.values().map(count).sum::<usize>(), table.tokens.len());
                for (token, session) in &table.tokens {
                    let entry = &table.sessions[session];
                    prop_assert!(entry.token == *token || entry.used == Some(*token));
                }
            }
        }
    }
}
