//! Lines of a user at a terminal that were dropped, since they came too fast. Such a client sends no labels that could be
//! answered one by one, and what it typed is gone; so one line a second tells how many were dropped, and the first.

use landline_common::clean::clean;
use landline_common::{Cause, Report};
use std::time::{Duration, Instant};

/// Lines that are dropped within this time are told of together.
const GATHER: Duration = Duration::from_secs(1);
/// Characters of the first dropped line that are quoted.
const QUOTED_CHARS: usize = 24;

/// The dropped lines that the user has not been told of.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    lines: u64,
    first: String,
    due: Option<Instant>,
}

impl Unsent {
    /// Counts a dropped line. Without a text it is not quoted, as the answer to a question may be a password.
    pub(super) fn add(&mut self, line: Option<&str>, now: Instant) {
        if line.is_some_and(|line| line.trim().is_empty()) {
            return;
        }
        if self.due.is_none() {
            self.first = quoted(line.unwrap_or_default());
            self.due = Some(now + GATHER);
        }
        self.lines += 1;
    }

    /// The time at which the user must be told.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes the report about all lines that were counted; `None` if there are none.
    pub(super) fn take(&mut self) -> Option<Report<'static>> {
        let Unsent { lines, first, due } = std::mem::take(self);
        due?;
        let mut report = Cause::LinesDropped.with_count(lines);
        report.about.word = Some(first.into());
        Some(report)
    }

    /// The same, once the time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Report<'static>> {
        self.due.filter(|due| *due <= now).and_then(|_| self.take())
    }
}

/// Returns the beginning of a line as `, from "…"`, safe to show.
fn quoted(line: &str) -> String {
    let line = clean(line.trim());
    let mut chars = line.chars();
    let beginning: String = chars.by_ref().take(QUOTED_CHARS).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    if beginning.is_empty() { String::new() } else { format!(", from \"{beginning}{more}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_second_are_told_of_together() {
        let (mut unsent, start) = (Unsent::default(), Instant::now());
        assert!(unsent.take_due(start).is_none() && unsent.due().is_none());
        unsent.add(Some(" "), start);
        assert_eq!(unsent.due(), None);
        unsent.add(Some("the first of them is quoted, but only its beginning\u{1b}"), start);
        unsent.add(Some("second"), start + GATHER / 2);
        assert!(unsent.take_due(start + GATHER / 2).is_none());
        let report = unsent.take_due(start + GATHER).expect("it is due");
        assert_eq!(report.sentence(), "2 lines not sent, from \"the first of them is quo…\". Send again, more slowly.");
        assert!(unsent.take().is_none());
    }

    #[test]
    fn answers_to_questions_are_not_quoted() {
        let mut unsent = Unsent::default();
        unsent.add(None, Instant::now());
        assert_eq!(unsent.take().expect("one line").sentence(), "1 line not sent. Send again, more slowly.");
    }
}
