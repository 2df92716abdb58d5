//! The idle timeout of one session.

use std::time::{Duration, Instant};

/// The idle timeout of one client, as a timer that its input restarts.
#[derive(Debug)]
pub struct IdleTimer {
    timeout: Duration,
    /// Time before the timeout at which the user is warned.
    warning: Duration,
    /// Time of the client's last input that counts.
    last_input: Instant,
    warned: bool,
}

/// The state of an idle timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleState {
    /// The client was active lately enough.
    Active,
    /// The user must be warned. Returned once for each silence.
    Warn,
    /// The timeout has passed: the session must end.
    Expired,
}

impl IdleTimer {
    /// Starts the timeout at `now`. The warning comes `warning` before the end, or not at all if the timeout is at most
    /// twice that.
    #[must_use]
    pub fn new(timeout: Duration, warning: Duration, now: Instant) -> IdleTimer {
        IdleTimer { timeout, warning, last_input: now, warned: timeout <= warning * 2 }
    }

    /// Restarts the timeout: the client has sent input that counts.
    pub fn restart(&mut self, now: Instant) {
        self.last_input = now;
        self.warned = self.timeout <= self.warning * 2;
    }

    /// Returns when to call [`IdleTimer::poll`] next.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        let end = self.last_input + self.timeout;
        if self.warned { end } else { end - self.warning }
    }

    /// Returns the state at `now`. Returns [`IdleState::Warn`] once for each silence.
    pub fn poll(&mut self, now: Instant) -> IdleState {
        if now >= self.last_input + self.timeout {
            IdleState::Expired
        } else if now >= self.deadline() {
            self.warned = true;
            IdleState::Warn
        } else {
            IdleState::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn user_is_warned_before_the_timeout() {
        let start = Instant::now();
        let mut idle = IdleTimer::new(seconds(300), seconds(30), start);
        assert_eq!(idle.deadline(), start + seconds(270));
        assert_eq!(idle.poll(start + seconds(269)), IdleState::Active);
        assert_eq!(idle.poll(start + seconds(270)), IdleState::Warn);
        assert_eq!(idle.poll(start + seconds(271)), IdleState::Active);
        assert_eq!(idle.deadline(), start + seconds(300));
        assert_eq!(idle.poll(start + seconds(300)), IdleState::Expired);
    }

    #[test]
    fn input_restarts_the_timeout() {
        let start = Instant::now();
        let mut idle = IdleTimer::new(seconds(300), seconds(30), start);
        idle.poll(start + seconds(280));
        idle.restart(start + seconds(290));
        assert_eq!(idle.poll(start + seconds(301)), IdleState::Active);
        assert_eq!(idle.poll(start + seconds(560)), IdleState::Warn);
    }

    #[test]
    fn short_timeout_has_no_warning() {
        let start = Instant::now();
        let mut idle = IdleTimer::new(seconds(5), seconds(30), start);
        assert_eq!(idle.deadline(), start + seconds(5));
        assert_eq!(idle.poll(start + seconds(4)), IdleState::Active);
        assert_eq!(idle.poll(start + seconds(5)), IdleState::Expired);
    }
}
