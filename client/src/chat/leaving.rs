//! Quitting while lines are undelivered. The client first waits a moment for them, then asks the user.
//!
//! | state | next |
//! |---|---|
//! | `No` | the user quits: nothing undelivered → quit; connected → `Waiting`; else → `Asked` |
//! | `Waiting` | nothing undelivered → quit; time over → `Asked`; a key → `No` |
//! | `Asked` | the user quits again → quit; any other action → `No` |

/// Milliseconds to wait for undelivered lines before asking.
const LEAVE_WAIT_MS: u64 = 500;

/// Returns a sentence, without a full stop, about lines that were not sent, and lines `in_doubt`: sent over a connection
/// but never answered.
#[must_use]
pub fn unsent_summary(not_sent: usize, in_doubt: usize) -> String {
    let lines = |n: usize| if n == 1 { "1 line was".to_owned() } else { format!("{n} lines were") };
    match (not_sent, in_doubt) {
        (n, 0) => format!("{} not sent", lines(n)),
        (0, n) => format!("{} perhaps not sent", lines(n)),
        (n, in_doubt) => format!("{} not sent, {} perhaps not sent", lines(n), lines(in_doubt)),
    }
}

/// State of quitting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// The user does not quit.
    #[default]
    No,
    /// Waits for undelivered lines until a time. `how` names the key or command that quits, for the question.
    Waiting { until: u64, how: &'static str },
    /// The user was asked.
    Asked,
}

/// State of quitting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaving(Progress);

/// What the caller must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeavingStep {
    /// Do nothing yet.
    Wait,
    /// Quit.
    Leave,
    /// Ask the user; with the key or command that quits anyway.
    AskUser(&'static str),
}

impl Leaving {
    /// Handles the wish to quit by the key or command `how`. `up` is whether the client is connected, so that
    /// undelivered lines may still go out.
    pub fn start(&mut self, unsent: usize, up: bool, now_ms: u64, how: &'static str) -> LeavingStep {
        if unsent == 0 || self.0 == Progress::Asked {
            return LeavingStep::Leave;
        }
        self.0 = Progress::Waiting { until: now_ms + if up { LEAVE_WAIT_MS } else { 0 }, how };
        self.advance(unsent, now_ms)
    }

    /// Handles a change of `unsent`, the number of undelivered lines, or of the time.
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

    /// Stops waiting, since the user pressed a key.
    pub fn stop_waiting(&mut self) {
        if self.is_waiting() {
            self.0 = Progress::No;
        }
    }

    /// Withdraws the question, since the user did something else.
    pub fn cancel_question(&mut self) {
        if self.0 == Progress::Asked {
            self.0 = Progress::No;
        }
    }

    /// Returns whether the client waits for undelivered lines.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.0, Progress::Waiting { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quitting_waits_for_unsent_lines_and_then_asks() {
        let mut leaving = Leaving::default();
        assert_eq!(leaving.start(1, true, 0, "/quit"), LeavingStep::Wait);
        assert_eq!(leaving.advance(1, LEAVE_WAIT_MS), LeavingStep::AskUser("/quit"));
        assert_eq!(leaving.start(1, true, 600, "/quit"), LeavingStep::Leave);
        leaving.cancel_question();
        assert_eq!(leaving.start(1, false, 700, "/quit"), LeavingStep::AskUser("/quit"));
        assert_eq!(Leaving::default().start(0, true, 0, "/quit"), LeavingStep::Leave);
    }

    #[test]
    fn r8_lines_in_doubt_are_counted_apart() {
        assert_eq!(unsent_summary(1, 0), "1 line was not sent");
        assert_eq!(unsent_summary(0, 1), "1 line was perhaps not sent");
        assert_eq!(unsent_summary(2, 1), "2 lines were not sent, 1 line was perhaps not sent");
    }

    #[test]
    fn a_key_stops_the_wait() {
        let mut leaving = Leaving::default();
        assert_eq!(leaving.start(2, true, 0, "Ctrl-C"), LeavingStep::Wait);
        leaving.stop_waiting();
        assert_eq!(leaving.advance(0, 100), LeavingStep::Wait);
    }
}
