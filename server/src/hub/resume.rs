//! Which token goes on with which session. Rules about numbers, nothing else: no locks, no clock, no randomness.
//!
//! A session is *live* while a connection serves it and *detached* after that connection was lost. Each sign-in by
//! object, and each resumption, issues a new token. The token that was just used stays good until the client proves
//! that it has the new one by sending a line: otherwise a connection that breaks between the use of a token and the
//! answer would end the session, as the client would hold nothing but a used token.
//!
//! | state | `find` | ends by |
//! |---|---|---|
//! | live | the client that serves it | `detach`, `revoke` |
//! | detached | what was kept of it | `resume`, `revoke`, `expire`, being the oldest of too many |
//!
//! Detached sessions are bounded in number and bytes. Where there are too many, the address that has the most of them
//! loses the one that was detached first: nobody pushes out the sessions of others by losing many.

use crate::fanout::ClientId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// 128 random bits by which a client goes on with its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(u128);

/// How a client is connected. A token is good only over the kind of connection on which it was issued: what was read
/// on a clear one is of no use on an encrypted one, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Lines in the clear.
    Clear,
    /// Lines by TLS.
    Tls,
}

/// The number of a session; never used twice.
pub type SessionNumber = u64;

/// Every session that can be resumed, with data `D` about the detached ones.
#[derive(Debug)]
pub struct ResumeTable<D> {
    sessions: HashMap<SessionNumber, Resumable<D>>,
    tokens: HashMap<Token, SessionNumber>,
    /// In the order in which they were detached.
    detached: BTreeMap<u64, SessionNumber>,
    next_detachment: u64,
    bytes: usize,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug)]
struct Resumable<D> {
    transport: Transport,
    token: Token,
    /// The token that was used last, until the client shows that it has the one after it.
    used: Option<Token>,
    state: ResumeState<D>,
}

#[derive(Debug)]
enum ResumeState<D> {
    Live(ClientId),
    Detached { number: u64, address: Arc<str>, bytes: usize, data: D },
}

/// A session as a token finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundSession {
    /// A client serves it.
    Live(SessionNumber, ClientId),
    /// Its connection was lost.
    Detached(SessionNumber),
}

impl Token {
    /// The token of those bits.
    #[must_use]
    pub fn of(bits: [u8; 16]) -> Token {
        Token(u128::from_be_bytes(bits))
    }

    /// Reads 32 hex digits.
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

/// Never the bits: a log is read by others.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl<D> ResumeTable<D> {
    /// An empty table that keeps at most so many detached sessions, of so many bytes together.
    #[must_use]
    pub fn new(most: usize, most_bytes: usize) -> ResumeTable<D> {
        let (sessions, tokens, detached) = Default::default();
        ResumeTable { sessions, tokens, detached, next_detachment: 0, bytes: 0, most, most_bytes }
    }

    /// A session begins, served by `client`.
    pub fn begin(&mut self, session: SessionNumber, client: ClientId, transport: Transport, token: Token) {
        self.tokens.insert(token, session);
        self.sessions.insert(session, Resumable { transport, token, used: None, state: ResumeState::Live(client) });
    }

    /// The session that a token goes on with.
    #[must_use]
    pub fn find(&self, token: Token, transport: Transport) -> Option<FoundSession> {
        let session = *self.tokens.get(&token)?;
        let resumable = self.sessions.get(&session).filter(|resumable| resumable.transport == transport)?;
        Some(match resumable.state {
            ResumeState::Live(client) => FoundSession::Live(session, client),
            ResumeState::Detached { .. } => FoundSession::Detached(session),
        })
    }

    /// What was kept of a detached session.
    pub fn detached(&self, session: SessionNumber) -> Option<&D> {
        match &self.sessions.get(&session)?.state {
            ResumeState::Detached { data, .. } => Some(data),
            ResumeState::Live(_) => None,
        }
    }

    /// All that was kept of detached sessions, to be changed. What is added counts as no bytes.
    pub fn all_detached(&mut self) -> impl Iterator<Item = &mut D> {
        self.sessions.values_mut().filter_map(|resumable| match &mut resumable.state {
            ResumeState::Detached { data, .. } => Some(data),
            ResumeState::Live(_) => None,
        })
    }

    /// `client` goes on with a session by the token `used`, and gets `fresh`. Returns what was kept of it, if it was
    /// detached. Nothing happens if the token is not the session's.
    pub fn resume(&mut self, session: SessionNumber, client: ClientId, used: Token, fresh: Token) -> Option<D> {
        if self.tokens.get(&used) != Some(&session) {
            return None;
        }
        let resumable = self.sessions.get_mut(&session)?;
        for old in [Some(resumable.token), resumable.used].into_iter().flatten().filter(|old| *old != used) {
            self.tokens.remove(&old);
        }
        self.tokens.insert(fresh, session);
        (resumable.token, resumable.used) = (fresh, Some(used));
        let before = std::mem::replace(&mut resumable.state, ResumeState::Live(client));
        self.release(before)
    }

    /// The client of a session has its newest token: the one before is void.
    pub fn confirm(&mut self, session: SessionNumber) {
        let used = self.sessions.get_mut(&session).and_then(|resumable| resumable.used.take());
        if let Some(used) = used {
            self.tokens.remove(&used);
        }
    }

    /// The connection of a session, from `address`, was lost. Returns the number of this detachment, for
    /// [`Self::expire`], and what had to go for it.
    pub fn detach(&mut self, session: SessionNumber, address: Arc<str>, data: D, bytes: usize) -> (u64, Vec<D>) {
        let number = self.next_detachment;
        let mut dropped = Vec::new();
        if let Some(resumable) = self.sessions.get_mut(&session) {
            self.next_detachment += 1;
            let before =
                std::mem::replace(&mut resumable.state, ResumeState::Detached { number, address, bytes, data });
            dropped.extend(self.release(before));
            self.detached.insert(number, session);
            self.bytes += bytes;
        } else {
            dropped.push(data);
        }
        while let Some(session) = self.one_too_many().and_then(|number| self.detached.remove(&number)) {
            dropped.extend(self.revoke(session));
        }
        (number, dropped)
    }

    /// The oldest detachment of the address that has the most of what there is too much of.
    fn one_too_many(&self) -> Option<u64> {
        let too_many = self.detached.len() > self.most;
        if !too_many && self.bytes <= self.most_bytes {
            return None;
        }
        let mut shares: HashMap<&str, (usize, u64)> = HashMap::new();
        for (number, session) in &self.detached {
            if let Some(ResumeState::Detached { address, bytes, .. }) =
                self.sessions.get(session).map(|known| &known.state)
            {
                shares.entry(address).or_insert((0, *number)).0 += if too_many { 1 } else { *bytes };
            }
        }
        let most = shares.into_values().max_by_key(|(share, oldest)| (*share, Reverse(*oldest)));
        most.map(|(_, oldest)| oldest)
    }

    /// A session cannot be resumed any more. Returns what was kept of it, if it was detached.
    pub fn revoke(&mut self, session: SessionNumber) -> Option<D> {
        let Resumable { token, used, state, .. } = self.sessions.remove(&session)?;
        self.tokens.remove(&token);
        used.and_then(|used| self.tokens.remove(&used));
        self.release(state)
    }

    /// A state that a session had counts no more. Returns what was kept of the session, if it was detached.
    fn release(&mut self, before: ResumeState<D>) -> Option<D> {
        let ResumeState::Detached { number, bytes, data, .. } = before else { return None };
        self.detached.remove(&number);
        self.bytes -= bytes;
        Some(data)
    }

    /// The time of a detached session is up, unless it was resumed since that detachment.
    pub fn expire(&mut self, detachment: u64) -> Option<D> {
        let session = *self.detached.get(&detachment)?;
        self.revoke(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn here() -> Arc<str> {
        "10.0.0.1".into()
    }

    fn token(n: u8) -> Token {
        Token::of([n; 16])
    }

    #[test]
    fn a_token_is_32_hex_digits_and_is_never_logged() {
        let token = Token::of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(token.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(Token::parse(&token.to_string()), Some(token));
        assert!(!format!("{token:?}").contains("0102"));
        for wrong in ["", "00", &"0".repeat(33), &"g".repeat(32), &format!("+{}", "0".repeat(31))] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_used_token_is_good_until_the_client_has_the_next_one() {
        let mut table: ResumeTable<()> = ResumeTable::new(9, 9);
        table.begin(1, 10, Transport::Clear, token(1));
        assert_eq!(table.find(token(1), Transport::Tls), None, "another kind of connection");
        assert_eq!(table.find(token(1), Transport::Clear), Some(FoundSession::Live(1, 10)));
        table.resume(1, 11, token(1), token(2));
        // The answer was lost: the client tries again.
        assert_eq!(table.find(token(1), Transport::Clear), Some(FoundSession::Live(1, 11)));
        table.resume(1, 12, token(1), token(3));
        assert_eq!(table.find(token(2), Transport::Clear), None, "the client never got that one");
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
            table.begin(n.into(), n.into(), Transport::Clear, token(n));
        }
        let (first, dropped) = table.detach(1, here(), "one", 40);
        assert!(dropped.is_empty());
        assert!(table.detach(2, here(), "two", 40).1.is_empty());
        assert_eq!(table.detach(3, here(), "three", 40).1, ["one"], "too many");
        assert_eq!(table.detach(4, here(), "four", 70).1, ["two", "three"], "too many bytes");
        assert_eq!(table.expire(first), None, "gone already");
        assert_eq!(table.resume(4, 9, token(4), token(5)), Some("four"));
        let (again, _) = table.detach(4, here(), "again", 1);
        assert_eq!(table.expire(again - 1), None, "an older loss");
        assert_eq!(table.expire(again), Some("again"));
        assert_eq!(table.find(token(5), Transport::Clear), None);
    }

    #[test]
    fn the_address_with_the_most_pushes_out_its_own() {
        let mut table = ResumeTable::new(3, 100);
        for n in 1..=6 {
            table.begin(n.into(), n.into(), Transport::Clear, token(n));
        }
        let many = || Arc::from("10.0.0.2");
        table.detach(1, here(), "one", 20);
        table.detach(2, many(), "two", 1);
        table.detach(3, many(), "three", 1);
        assert_eq!(table.detach(4, many(), "four", 1).1, ["two"], "too many");
        assert_eq!(table.detach(5, here(), "five", 1).1, ["one"], "of equal ones the oldest");
        assert_eq!(table.detach(6, many(), "six", 99).1, ["three", "four"], "too many in number, then in bytes");
        assert_eq!(table.detach(1, here(), "gone", 1).1, ["gone"], "known no more");
        table.begin(7, 7, Transport::Clear, token(7));
        assert_eq!(table.detach(7, here(), "seven", 1).1, ["six"], "whose address has the most bytes");
    }

    #[derive(Clone, Debug)]
    enum ResumeStep {
        Begin(u64),
        Detach(u64, usize),
        Resume(u64),
        Confirm(u64),
        Revoke(u64),
        Expire(u64),
    }

    fn step() -> impl Strategy<Value = ResumeStep> {
        let session = || 0..6_u64;
        prop_oneof![
            session().prop_map(ResumeStep::Begin),
            (session(), 0..60_usize).prop_map(|(session, bytes)| ResumeStep::Detach(session, bytes)),
            session().prop_map(ResumeStep::Resume),
            session().prop_map(ResumeStep::Confirm),
            session().prop_map(ResumeStep::Revoke),
            (0..20_u64).prop_map(ResumeStep::Expire),
        ]
    }

    proptest! {
        #[test]
        fn every_token_leads_to_a_session_and_the_bounds_hold(steps in prop::collection::vec(step(), 0..60)) {
            let mut table = ResumeTable::new(3, 100);
            let mut begun = std::collections::HashSet::new();
            let mut newest = HashMap::new();
            for (n, step) in steps.into_iter().enumerate() {
                let fresh = Token(n as u128);
                match step {
                    ResumeStep::Begin(session) if begun.insert(session) => {
                        table.begin(session, 1, Transport::Clear, fresh);
                        newest.insert(session, fresh);
                    }
                    ResumeStep::Begin(_) => {}
                    ResumeStep::Detach(session, bytes) => {
                        let address = if session < 3 { here() } else { "10.0.0.2".into() };
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
                let bytes = |resumable: &Resumable<u64>| match resumable.state {
                    ResumeState::Detached { bytes, .. } => bytes,
                    ResumeState::Live(_) => 0,
                };
                prop_assert_eq!(table.sessions.values().map(bytes).sum::<usize>(), table.bytes);
                let count = |resumable: &Resumable<u64>| 1 + usize::from(resumable.used.is_some());
                prop_assert_eq!(table.sessions.values().map(count).sum::<usize>(), table.tokens.len());
                for (token, session) in &table.tokens {
                    let resumable = &table.sessions[session];
                    prop_assert!(resumable.token == *token || resumable.used == Some(*token));
                }
            }
        }
    }
}
