//! How long somebody may be silent.

use std::time::{Duration, Instant};

/// One person's silence.
#[derive(Debug)]
pub struct Idle {
    timeout: Duration,
    /// How long before the end they are warned.
    warning: Duration,
    heard: Instant,
    warned: bool,
}

/// What a silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nothing yet.
    Fine,
    /// They should be warned; said once.
    Warn,
    /// It has been too long.
    TooLong,
}

impl Idle {
    /// Somebody who was just heard. A warning comes `warning` before the end, if the timeout is longer than twice that.
    #[must_use]
    pub fn new(timeout: Duration, warning: Duration, now: Instant) -> Idle {
        Idle { timeout, warning, heard: now, warned: timeout <= warning * 2 }
    }

    /// They were heard.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.warned = self.timeout <= self.warning * 2;
    }

    /// When to ask [`Idle::check`] next.
    #[must_use]
    pub fn next(&self) -> Instant {
        if self.warned { self.heard + self.timeout } else { self.heard + self.timeout - self.warning }
    }

    /// What their silence means by now.
    pub fn check(&mut self, now: Instant) -> Silence {
        if now >= self.heard + self.timeout {
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
    fn a_warning_and_then_the_end() {
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
    fn being_heard_begins_anew() {
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
