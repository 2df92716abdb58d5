//! Leaving the program while lines are unsent: first it waits a moment for them, then it asks.

/// So long the program waits, when the user leaves, for lines that are on their way.
const LEAVE_WAIT_MS: u64 = 500;

/// How many lines were not sent, and how many were handed to a connection and not answered: a sentence without an end.
#[must_use]
pub fn unsent_summary(not_sent: usize, perhaps: usize) -> String {
    let lines = |n: usize| if n == 1 { "1 line was".to_owned() } else { format!("{n} lines were") };
    match (not_sent, perhaps) {
        (n, 0) => format!("{} not sent", lines(n)),
        (0, n) => format!("{} perhaps not sent", lines(n)),
        (n, perhaps) => format!("{} not sent, {} perhaps not sent", lines(n), lines(perhaps)),
    }
}

/// How far leaving has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    No,
    /// It waits for what is unsent, and asks at `until`; `how` leaves all the same.
    Waiting { until: u64, how: &'static str },
    /// It has asked: leaving once more leaves.
    Asked,
}

/// The user leaves, or does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaving(Progress);

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeavingStep {
    /// Nothing yet.
    Wait,
    /// Leave now.
    Leave,
    /// Ask the user; what leaves all the same.
    AskUser(&'static str),
}

impl Leaving {
    /// The user wants to leave by `how`, with so many lines unsent; while the connection is up they may still go out.
    pub fn start(&mut self, unsent: usize, up: bool, now_ms: u64, how: &'static str) -> LeavingStep {
        if unsent == 0 || self.0 == Progress::Asked {
            return LeavingStep::Leave;
        }
        self.0 = Progress::Waiting { until: now_ms + if up { LEAVE_WAIT_MS } else { 0 }, how };
        self.advance(unsent, now_ms)
    }

    /// Leaves as soon as nothing is unsent; asks when that takes too long.
    pub fn advance(&mut self, unsent: usize, now_ms: u64) -> LeavingStep {
        match self.0 {
            Progress::Waiting { .. } if unsent == 0 => {
                self.0 = Progress::No;
                LeavingStep::Leave
            }
            Progress::Waiting { until, how } if now_ms >= until => {
                self.0 = Progress::Asked;
                LeavingStep::AskUser(how)
            }
            _ => LeavingStep::Wait,
        }
    }

    /// Stops waiting: a key was pressed.
    pub fn stop_waiting(&mut self) {
        if self.is_waiting() {
            self.0 = Progress::No;
        }
    }

    /// Takes the question back.
    pub fn cancel_question(&mut self) {
        if self.0 == Progress::Asked {
            self.0 = Progress::No;
        }
    }

    /// Whether it waits for unsent lines.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.0, Progress::Waiting { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsent_lines_are_waited_for_and_then_asked_about() {
        let mut leaving = Leaving::default();
        assert_eq!(leaving.start(1, true, 0, "/quit"), LeavingStep::Wait);
        assert_eq!(leaving.advance(1, LEAVE_WAIT_MS), LeavingStep::AskUser("/quit"));
        assert_eq!(leaving.start(1, true, 600, "/quit"), LeavingStep::Leave);
        leaving.cancel_question();
        assert_eq!(leaving.start(1, false, 700, "/quit"), LeavingStep::AskUser("/quit"));
        assert_eq!(Leaving::default().start(0, true, 0, "/quit"), LeavingStep::Leave);
    }

    #[test]
    fn r8_what_is_perhaps_not_sent_is_called_so() {
        assert_eq!(unsent_summary(1, 0), "1 line was not sent");
        assert_eq!(unsent_summary(0, 1), "1 line was perhaps not sent");
        assert_eq!(unsent_summary(2, 1), "2 lines were not sent, 1 line was perhaps not sent");
    }

    #[test]
    fn a_key_stops_the_waiting() {
        let mut leaving = Leaving::default();
        assert_eq!(leaving.start(2, true, 0, "Ctrl-C"), LeavingStep::Wait);
        leaving.stop_waiting();
        assert_eq!(leaving.advance(0, 100), LeavingStep::Wait);
    }
}
