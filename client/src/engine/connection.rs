//! The state of the connection: when to connect again, when to ping, when to give up. Times are in milliseconds.
//!
//! | phase | next |
//! |---|---|
//! | `Connecting` | signed in → `Up`; failed → `Waiting`; refused for good → `Stopped` |
//! | `Up` | network lost or silent → `Connecting` at once; server closed → `Waiting`; session ended by the server → `Stopped` |
//! | any | server not trusted → `Stopped` |
//! | `Waiting` | time over, or the user wants it → `Connecting` |
//! | `Stopped` | the user wants it → `Connecting` |
//!
//! A network that does not answer is tried about every second, since an attempt costs it nothing. A server that refuses
//! is tried with growing pauses, so that many clients do not overload it.

use super::limits::{DOORS_RETRY_MS, NETWORK_RETRY_MS, PING_BUSY_MS, PING_IDLE_MS, SILENCE_LIMIT_MS, SILENCE_SHOWN_MS};
use super::rng::Rng;
use crate::sign_in::Loss;
use std::collections::VecDeque;

/// Phase of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Connecting and signing in.
    Connecting,
    /// Signed in.
    Up,
    /// Down until the next attempt.
    Waiting {
        /// Time of the next attempt.
        until: u64,
        /// Why the connection is down.
        why: Box<str>,
    },
    /// Down until the user asks for an attempt.
    Stopped {
        /// Why the connection is down.
        why: Box<str>,
    },
}

/// The state of the connection.
#[derive(Clone, Debug)]
pub struct ConnectionState {
    /// Phase.
    pub phase: Phase,
    /// True after the first sign-in.
    pub was_up: bool,
    /// Number of failed attempts in a row that were the server's fault.
    failed: u32,
    /// Why the server has ended the session on purpose (kick, ban, resumed elsewhere). Then the engine does not
    /// reconnect.
    pub ended: Option<Box<str>>,
    /// Round-trip time of the last ping.
    pub latency: Option<u64>,
    /// Unanswered pings, oldest first: label and time of sending.
    pings: VecDeque<(Box<str>, u64)>,
    /// Time of the last ping.
    last_ping: u64,
    /// Time of the last event of the server.
    last_heard: u64,
    /// Ping interval while no request is unanswered.
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
    /// Sets the ping interval for an idle connection.
    pub fn set_idle_ms(&mut self, ms: u64) {
        self.idle_ms = ms;
    }

    /// Returns whether the user is signed in.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Enters phase `Up`.
    pub fn set_up(&mut self, now: u64) {
        self.phase = Phase::Up;
        self.was_up = true;
        self.failed = 0;
        self.ended = None;
        self.pings.clear();
        self.last_ping = now;
        self.last_heard = now;
        self.latency = None;
    }

    /// Records that the server sent an event.
    pub fn record_traffic(&mut self, now: u64) {
        self.last_heard = now;
    }

    /// Handles a lost connection. Returns `true` if the caller must connect at once.
    pub fn set_down(&mut self, why: &str, loss: Loss, rng: &mut Rng, now: u64) -> bool {
        let was_up = self.is_up();
        self.pings.clear();
        self.latency = None;
        if let Some(why) = self.ended.clone() {
            self.phase = Phase::Stopped { why };
            return false;
        }
        if loss == Loss::Untrusted {
            self.stop(why);
            return false;
        }
        // After a network failure, connect at once: the network may be back. A server that closed the connection may be
        // restarting, so wait.
        if was_up && !matches!(loss, Loss::Server | Loss::NoTls) || loss == Loss::Address {
            self.phase = Phase::Connecting;
            return true;
        }
        let pause = match loss {
            Loss::Server | Loss::NoTls | Loss::Untrusted => rng.backoff(self.failed),
            Loss::Network | Loss::Address => NETWORK_RETRY_MS + rng.roll(NETWORK_RETRY_MS),
        };
        self.failed += u32::from(matches!(loss, Loss::Server | Loss::NoTls));
        self.phase = Phase::Waiting { until: now + pause, why: why.into() };
        false
    }

    /// Waits for one to two seconds, after a refusal that will soon be obsolete.
    pub fn wait_briefly(&mut self, why: &str, rng: &mut Rng, now: u64) {
        let until = now + 2 * NETWORK_RETRY_MS + rng.roll(NETWORK_RETRY_MS);
        self.phase = Phase::Waiting { until, why: why.into() };
    }

    /// Waits for 20 to 30 seconds, after a refusal that an owner of the server may end.
    pub fn wait_for_doors(&mut self, why: &str, rng: &mut Rng, now: u64) {
        let until = now + DOORS_RETRY_MS + rng.roll(DOORS_RETRY_MS / 2);
        self.phase = Phase::Waiting { until, why: why.into() };
    }

    /// Enters phase `Stopped`.
    pub fn stop(&mut self, why: &str) {
        self.phase = Phase::Stopped { why: why.into() };
    }

    /// Returns whether an attempt is due.
    #[must_use]
    pub fn is_due(&self, now: u64) -> bool {
        matches!(self.phase, Phase::Waiting { until, .. } if until <= now)
    }

    /// Returns whether a ping is due. `busy` means that a request is unanswered; then pings are more frequent.
    #[must_use]
    pub fn wants_ping(&self, busy: bool, now: u64) -> bool {
        let every = if busy || !self.pings.is_empty() { PING_BUSY_MS.min(self.idle_ms) } else { self.idle_ms };
        self.is_up() && now >= self.last_ping + every
    }

    /// Records a sent ping.
    pub fn record_ping(&mut self, label: &str, now: u64) {
        self.last_ping = now;
        self.pings.push_back((label.into(), now));
    }

    /// Takes the answer to a ping, and sets the latency. Returns `false` if the label is of no ping.
    pub fn take_pong(&mut self, label: &str, now: u64) -> bool {
        let Some(at) = self.pings.iter().position(|(other, _)| **other == *label) else { return false };
        self.latency = Some(now.saturating_sub(self.pings[at].1));
        self.pings.drain(..=at);
        true
    }

    /// Returns for how long the server has sent nothing although it owes an answer: to a ping, or to a request sent at
    /// `oldest`. Returns 0 if it owes none.
    #[must_use]
    pub fn silent_ms(&self, oldest: Option<u64>, now: u64) -> u64 {
        let asked = self.pings.front().map(|(_, at)| *at).into_iter().chain(oldest).min();
        asked.map_or(0, |asked| now.saturating_sub(asked.max(self.last_heard)))
    }

    /// Returns the seconds of silence to show to the user, if it lasts long enough.
    #[must_use]
    pub fn silence(&self, oldest: Option<u64>, now: u64) -> Option<u64> {
        let ms = self.silent_ms(oldest, now);
        (self.is_up() && ms >= SILENCE_SHOWN_MS).then_some(ms / 1_000)
    }

    /// Returns whether the silence has lasted so long that the connection counts as lost.
    #[must_use]
    pub fn is_dead(&self, oldest: Option<u64>, now: u64) -> bool {
        self.is_up() && self.silent_ms(oldest, now) >= SILENCE_LIMIT_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up() -> ConnectionState {
        let mut state = ConnectionState::default();
        state.set_up(0);
        state
    }

    #[test]
    fn reconnects_at_once_and_then_often_to_a_lost_network() {
        let mut state = up();
        let mut rng = Rng::new(7);
        assert!(state.set_down("it broke", Loss::Network, &mut rng, 0));
        for _ in 0..50 {
            assert!(!state.set_down("unreachable", Loss::Network, &mut rng, 1_000));
            let Phase::Waiting { until, .. } = state.phase else { panic!("it waits") };
            assert!((1_500..=2_500).contains(&until), "{until}");
        }
        assert!(state.set_down("address", Loss::Address, &mut rng, 1_000));
    }

    #[test]
    fn backs_off_from_a_server_that_refuses() {
        let mut state = up();
        let mut rng = Rng::new(7);
        let mut waits = Vec::new();
        for _ in 0..200 {
            assert!(!state.set_down("refused", Loss::Server, &mut rng, 0));
            let Phase::Waiting { until, .. } = state.phase else { panic!("it waits") };
            waits.push(until);
        }
        assert!(waits[0] <= 2_000 && waits.iter().all(|wait| (1_000..=30_000).contains(wait)));
        assert!(waits[10..].iter().any(|wait| *wait > 20_000) && waits[10..].iter().any(|wait| *wait < 8_000));
    }

    #[test]
    fn does_not_reconnect_after_the_server_ended_the_session() {
        let mut state = up();
        let mut rng = Rng::new(7);
        state.ended = Some("kicked".into());
        assert!(!state.set_down("closed", Loss::Server, &mut rng, 0));
        assert_eq!(state.phase, Phase::Stopped { why: "kicked".into() });
        assert!(!state.is_due(u64::MAX));
    }

    #[test]
    fn does_not_reconnect_to_an_untrusted_server() {
        let mut state = up();
        assert!(!state.set_down("its key has changed", Loss::Untrusted, &mut Rng::new(7), 0));
        assert_eq!(state.phase, Phase::Stopped { why: "its key has changed".into() });
        assert!(!state.is_due(u64::MAX));
    }

    #[test]
    fn pings_more_often_while_a_request_is_unanswered() {
        let mut state = up();
        assert!(!state.wants_ping(false, 9_999) && state.wants_ping(false, 10_000));
        assert!(!state.wants_ping(true, 1_999) && state.wants_ping(true, 2_000));
        state.record_ping("p1", 2_000);
        state.record_ping("p2", 4_000);
        assert_eq!((state.silent_ms(None, 5_000), state.silence(None, 5_000)), (3_000, Some(3)));
        assert!(state.is_dead(None, 8_000) && !state.is_dead(None, 7_999));
        state.record_traffic(7_000);
        assert!(!state.is_dead(None, 8_000));
        assert!(state.take_pong("p2", 7_000) && !state.take_pong("p1", 7_000));
        assert_eq!((state.latency, state.silent_ms(None, 60_000)), (Some(3_000), 0));
        assert!(state.is_dead(Some(50_000), 56_000), "requests count as well as pings");
    }
}
