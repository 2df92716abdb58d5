//! The idle timeout of one session.

use std::time::{Duration, Instant};

/// Tracks how long one client has been silent.
#[derive(Debug)]
pub struct Idle {
    timeout: Duration,
    /// Time before the timeout at which the user is warned.
    warning: Duration,
    /// Time of the client's last input that counts.
    last_heard: Instant,
    warned: bool,
}

/// The consequence of a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// No consequence yet.
    Fine,
    /// The user must be warned. Returned once for each silence.
    Warn,
    /// The timeout has passed: the session must end.
    TooLong,
}

impl Idle {
    /// Starts the timeout at `now`. The warning comes `warning` before the end, or not at all if the timeout is at most
    /// twice that.
    #[must_use]
    pub fn new(timeout: Duration, warning: Duration, now: Instant) -> Idle {
        Idle { timeout, warning, last_heard: now, warned: timeout <= warning * 2 }
    }

    /// Restarts the timeout: the client has sent something.
    pub fn heard(&mut self, now: Instant) {
        self.last_heard = now;
        self.warned = self.timeout <= self.warning * 2;
    }

    /// Returns when to call [`Idle::check`] next.
    #[must_use]
    pub fn next(&self) -> Instant {
        let end = self.last_heard + self.timeout;
        if self.warned { end } else { end - self.warning }
    }

    /// Returns the consequence of the silence so far. Records that a warning was returned.
    pub fn check(&mut self, now: Instant) -> Silence {
        if now >= self.last_heard + self.timeout {
            Silence::TooLong
        } else if now >= self.next() {
            self.warned = true;
            Silence::Warn
        } else {
            Silence::Fine
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
    fn warns_and_then_ends() {
        let start = Instant::now();
        let mut idle = Idle::new(seconds(300), seconds(30), start);
        assert_eq!(idle.next(), start + seconds(270));
        assert_eq!(idle.check(start + seconds(269)), Silence::Fine);
        assert_eq!(idle.check(start + seconds(270)), Silence::Warn);
        assert_eq!(idle.check(start + seconds(271)), Silence::Fine);
        assert_eq!(idle.next(), start + seconds(300));
        assert_eq!(idle.check(start + seconds(300)), Silence::TooLong);
    }

    #[test]
    fn input_restarts_the_timeout() {
        let start = Instant::now();
        let mut idle = Idle::new(seconds(300), seconds(30), start);
        idle.check(start + seconds(280));
        idle.heard(start + seconds(290));
        assert_eq!(idle.check(start + seconds(301)), Silence::Fine);
        assert_eq!(idle.check(start + seconds(560)), Silence::Warn);
    }

    #[test]
    fn a_short_timeout_has_no_warning() {
        let start = Instant::now();
        let mut idle = Idle::new(seconds(5), seconds(30), start);
        assert_eq!(idle.next(), start + seconds(5));
        assert_eq!(idle.check(start + seconds(4)), Silence::Fine);
        assert_eq!(idle.check(start + seconds(5)), Silence::TooLong);
    }
}
