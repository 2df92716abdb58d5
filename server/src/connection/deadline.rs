//! How long a client may take to sign in.

use crate::door::PortKind;
use landline_common::Limits;
use std::time::{Duration, Instant};

/// The times that are left. All are absolute: sending byte by byte does not extend them.
pub(super) struct SignInDeadline {
    greet_at: Instant,
    quiet: Duration,
    answer: Duration,
    answer_by: Instant,
    give_up: Instant,
}

impl SignInDeadline {
    pub(super) fn begin(limits: &Limits, port_kind: PortKind) -> SignInDeadline {
        let now = Instant::now();
        let answer = Limits::seconds((port_kind.spec(&[]).answer_seconds)(limits));
        SignInDeadline {
            greet_at: now + Limits::millis(limits.greeting_ms),
            quiet: Limits::millis(limits.unframed_quiet_ms),
            answer,
            answer_by: now + answer,
            give_up: now + Limits::seconds(limits.sign_in_seconds),
        }
    }

    pub(super) fn end(&self) -> Instant {
        self.answer_by.min(self.give_up)
    }

    pub(super) fn answered(&mut self) {
        self.answer_by = Instant::now() + self.answer;
    }

    /// When silence would mean something: that a message is whole, or that the client waits for a greeting.
    pub(super) fn quiet_at(&self, message_open: bool, fresh: bool) -> Option<Instant> {
        match (message_open, fresh) {
            (true, _) => Some(Instant::now() + self.quiet),
            (false, true) => Some(self.greet_at),
            (false, false) => None,
        }
    }
}
