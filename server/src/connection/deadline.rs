//! The deadlines of a sign-in. All are absolute times, so sending byte by byte extends none of them.

use crate::door::DoorSpec;
use landline_common::Limits;
use std::time::{Duration, Instant};

/// The deadlines of one client that is not signed in.
pub(super) struct SignInDeadline {
    /// Time at which a silent client of a main port gets the greeting.
    greeting_at: Instant,
    /// Silence after which the message of an unframed client is complete.
    quiet: Duration,
    /// Time for each answer.
    answer: Duration,
    answer_by: Instant,
    sign_in_by: Instant,
}

impl SignInDeadline {
    /// Starts all deadlines now.
    pub(super) fn start(limits: &Limits, door: &DoorSpec) -> SignInDeadline {
        let now = Instant::now();
        let answer = Limits::seconds((door.answer_seconds)(limits));
        SignInDeadline {
            greeting_at: now + Limits::millis(limits.greeting_ms),
            quiet: Limits::millis(limits.unframed_quiet_ms),
            answer,
            answer_by: now + answer,
            sign_in_by: now + Limits::seconds(limits.sign_in_seconds),
        }
    }

    /// Returns the time at which the connection ends without a further answer.
    pub(super) fn expires_at(&self) -> Instant {
        self.answer_by.min(self.sign_in_by)
    }

    /// Returns true if that time has come.
    pub(super) fn has_expired(&self) -> bool {
        Instant::now() >= self.expires_at()
    }

    /// Restarts the time for an answer: the client has sent one.
    pub(super) fn restart_answer(&mut self) {
        self.answer_by = Instant::now() + self.answer;
    }

    /// Returns the time until which the client must send bytes before its silence means something: that its partial
    /// message is complete (`is_message_open`), or that it waits for a greeting (`is_new`).
    pub(super) fn silence_at(&self, is_message_open: bool, is_new: bool) -> Option<Instant> {
        match (is_message_open, is_new) {
            (true, _) => Some(Instant::now() + self.quiet),
            (false, true) => Some(self.greeting_at),
            (false, false) => None,
        }
    }
}
