//! The state of the connection: when to connect again, when to ask for a sign of life, when to give up.

use super::limits::{NETWORK_PAUSE_MS, PING_BUSY_MS, PING_IDLE_MS, SILENCE_MS, SILENCE_SHOWN_MS};
use super::rng::Rng;
use crate::sign_in::Loss;
use std::collections::VecDeque;

/// What the connection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Connecting and signing in.
    Connecting,
    /// Signed in.
    Up,
    /// Down; the next attempt is at that time, in milliseconds.
    Waiting {
        /// When.
        until: u64,
        /// Why it is down.
        why: Box<str>,
    },
    /// Down, and no attempt is made before the user wants one.
    Stopped {
        /// Why.
        why: Box<str>,
    },
}

/// The state of the connection.
#[derive(Clone, Debug)]
pub struct ConnectionState {
    /// What it does.
    pub phase: Phase,
    /// The user has been in before.
    pub was_up: bool,
    /// Attempts that failed in a row.
    failed: u32,
    /// Why the server has ended the session, if it was not a loss: no attempt is made by itself then.
    pub ended: Option<Box<str>>,
    /// How long the last ping took, in milliseconds.
    pub latency: Option<u64>,
    /// Unanswered pings: label, and when it was sent.
    pings: VecDeque<(Box<str>, u64)>,
    last_ping: u64,
    last_heard: u64,
    idle_ms: u64,
}

impl Default for ConnectionState {
    fn default() -> ConnectionState {
        ConnectionState {
            phase: Phase::Connecting,
            was_up: false,
            failed: 0,
            ended: None,
            latency: None,
            pings: VecDeque::new(),
            last_ping: 0,
            last_heard: 0,
            idle_ms: PING_IDLE_MS,
        }
    }
}

impl ConnectionState {
    /// Asks an idle server for a sign of life each so many milliseconds.
    pub fn set_idle_ms(&mut self, ms: u64) {
        self.idle_ms = ms;
    }

    /// Signed in.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// The user is in.
    pub fn up(&mut self, now: u64) {
        (self.phase, self.was_up, self.failed, self.ended) = (Phase::Up, true, 0, None);
        self.pings.clear();
        (self.last_ping, self.last_heard, self.latency) = (now, now, None);
    }

    /// The server said something.
    pub fn heard(&mut self, now: u64) {
        self.last_heard = now;
    }

    /// The connection is lost. `true` if an attempt is to be made at once.
    pub fn down(&mut self, why: &str, loss: Loss, rng: &mut Rng, now: u64) -> bool {
        let was_up = self.is_up();
        self.pings.clear();
        self.latency = None;
        if let Some(why) = self.ended.clone() {
            self.phase = Phase::Stopped { why };
            return false;
        }
        // What the network lost is looked for at once; a server that ended the connection is left alone for a moment.
        if was_up && loss != Loss::Server || loss == Loss::Address {
            self.phase = Phase::Connecting;
            return true;
        }
        let pause = match loss {
            Loss::Server => rng.backoff(self.failed),
            Loss::Network | Loss::Address => NETWORK_PAUSE_MS + rng.roll(NETWORK_PAUSE_MS),
        };
        self.failed += u32::from(loss == Loss::Server);
        self.phase = Phase::Waiting { until: now + pause, why: why.into() };
        false
    }

    /// Waits for a moment: what keeps the user out may be over then.
    pub fn wait_briefly(&mut self, why: &str, rng: &mut Rng, now: u64) {
        let until = now + 2 * NETWORK_PAUSE_MS + rng.roll(NETWORK_PAUSE_MS);
        self.phase = Phase::Waiting { until, why: why.into() };
    }

    /// Makes no attempt by itself.
    pub fn stop(&mut self, why: &str) {
        self.phase = Phase::Stopped { why: why.into() };
    }

    /// Whether an attempt is due.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        matches!(self.phase, Phase::Waiting { until, .. } if until <= now)
    }

    /// Whether a ping is due. `busy`: something else is unanswered, too.
    #[must_use]
    pub fn wants_ping(&self, busy: bool, now: u64) -> bool {
        let every = if busy || !self.pings.is_empty() { PING_BUSY_MS.min(self.idle_ms) } else { self.idle_ms };
        self.is_up() && now >= self.last_ping + every
    }

    /// A ping was sent.
    pub fn pinged(&mut self, label: &str, now: u64) {
        self.last_ping = now;
        self.pings.push_back((label.into(), now));
    }

    /// Whether that label is of a ping, which is answered now.
    pub fn ponged(&mut self, label: &str, now: u64) -> bool {
        let Some(at) = self.pings.iter().position(|(other, _)| **other == *label) else { return false };
        self.latency = Some(now.saturating_sub(self.pings[at].1));
        self.pings.drain(..=at);
        true
    }

    /// Milliseconds for which the server has not answered. `oldest`: when it was asked what else it has not answered.
    #[must_use]
    pub fn silent_ms(&self, oldest: Option<u64>, now: u64) -> u64 {
        let asked = self.pings.front().map(|(_, at)| *at).into_iter().chain(oldest).min();
        asked.map_or(0, |asked| now.saturating_sub(asked.max(self.last_heard)))
    }

    /// Seconds of silence that the user is to know of.
    #[must_use]
    pub fn silence(&self, oldest: Option<u64>, now: u64) -> Option<u64> {
        let ms = self.silent_ms(oldest, now);
        (self.is_up() && ms >= SILENCE_SHOWN_MS).then_some(ms / 1_000)
    }

    /// The silence has lasted too long.
    #[must_use]
    pub fn is_dead(&self, oldest: Option<u64>, now: u64) -> bool {
        self.is_up() && self.silent_ms(oldest, now) >= SILENCE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up() -> ConnectionState {
        let mut state = ConnectionState::default();
        state.up(0);
        state
    }

    #[test]
    fn a_lost_network_is_tried_at_once_and_then_often() {
        let (mut state, mut rng) = (up(), Rng::new(7));
        assert!(state.down("it broke", Loss::Network, &mut rng, 0));
        for _ in 0..50 {
            assert!(!state.down("unreachable", Loss::Network, &mut rng, 1_000));
            let Phase::Waiting { until, .. } = state.phase else { panic!("it waits") };
            assert!((1_500..=2_500).contains(&until), "{until}");
        }
        assert!(state.down("address", Loss::Address, &mut rng, 1_000));
    }

    #[test]
    fn a_server_that_refuses_is_tried_later_and_later() {
        let (mut state, mut rng) = (up(), Rng::new(7));
        let mut waits = Vec::new();
        for _ in 0..200 {
            assert!(!state.down("refused", Loss::Server, &mut rng, 0));
            let Phase::Waiting { until, .. } = state.phase else { panic!("it waits") };
            waits.push(until);
        }
        assert!(waits[0] <= 2_000 && waits.iter().all(|wait| (1_000..=30_000).contains(wait)));
        assert!(waits[10..].iter().any(|wait| *wait > 20_000) && waits[10..].iter().any(|wait| *wait < 8_000));
    }

    #[test]
    fn a_server_that_ended_the_session_is_left() {
        let (mut state, mut rng) = (up(), Rng::new(7));
        state.ended = Some("kicked".into());
        assert!(!state.down("closed", Loss::Server, &mut rng, 0));
        assert_eq!(state.phase, Phase::Stopped { why: "kicked".into() });
        assert!(!state.is_due(u64::MAX));
    }

    #[test]
    fn pings_come_more_often_while_something_is_unanswered() {
        let mut state = up();
        assert!(!state.wants_ping(false, 9_999) && state.wants_ping(false, 10_000));
        assert!(!state.wants_ping(true, 1_999) && state.wants_ping(true, 2_000));
        state.pinged("p1", 2_000);
        state.pinged("p2", 4_000);
        assert_eq!((state.silent_ms(None, 5_000), state.silence(None, 5_000)), (3_000, Some(3)));
        assert!(state.is_dead(None, 8_000) && !state.is_dead(None, 7_999));
        state.heard(7_000);
        assert!(!state.is_dead(None, 8_000));
        assert!(state.ponged("p2", 7_000) && !state.ponged("p1", 7_000));
        assert_eq!((state.latency, state.silent_ms(None, 60_000)), (Some(3_000), 0));
        assert!(state.is_dead(Some(50_000), 56_000), "other questions count, too");
    }
}
