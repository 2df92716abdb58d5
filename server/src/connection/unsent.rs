//! Reports dropped lines to a user at a terminal. Such a client sends no labels, so its lines cannot be refused one by
//! one. Instead a report a second gives the number of lines that were dropped, and quotes the first.

use landline_common::clean::clean;
use landline_common::{Cause, Report};
use std::time::{Duration, Instant};

/// Lines dropped within this time share a report.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Characters of the first dropped line that are quoted.
const QUOTED_CHARS: usize = 24;

/// The dropped lines that are not reported yet.
#[derive(Debug, Default)]
pub(super) struct DroppedLines {
    lines: u64,
    first: String,
    due: Option<Instant>,
}

impl DroppedLines {
    /// Counts a dropped line; a blank one is not counted. `None` counts a line that must not be quoted: the answer to a
    /// question may be a password.
    pub(super) fn add(&mut self, line: Option<&str>, now: Instant) {
        if line.is_some_and(|line| line.trim().is_empty()) {
            return;
        }
        if self.due.is_none() {
            self.first = quoted(line.unwrap_or_default());
            self.due = Some(now + REPORT_INTERVAL);
        }
        self.lines += 1;
    }

    /// Returns the time at which the next report is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes the report about the counted lines; `None` if there are none.
    pub(super) fn take(&mut self) -> Option<Report<'static>> {
        let DroppedLines { lines, first, due } = std::mem::take(self);
        due?;
        let mut report = Cause::LinesDropped.with_count(lines);
        report.about.word = Some(first.into());
        Some(report)
    }

    /// Like [`Self::take`], but `None` before the report is due.
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
    fn lines_of_one_second_share_a_report() {
        let mut dropped = DroppedLines::default();
        let start = Instant::now();
        assert!(dropped.take_due(start).is_none() && dropped.due().is_none());
        dropped.add(Some(" "), start);
        assert_eq!(dropped.due(), None);
        dropped.add(Some("the first of them is quoted, but only its beginning\u{1b}"), start);
        dropped.add(Some("second"), start + REPORT_INTERVAL / 2);
        assert!(dropped.take_due(start + REPORT_INTERVAL / 2).is_none());
        let report = dropped.take_due(start + REPORT_INTERVAL).expect("it is due");
        assert_eq!(report.sentence(), "2 lines not sent, from \"the first of them is quo…\". Send again, more slowly.");
        assert!(dropped.take().is_none());
    }

    #[test]
    fn answers_to_questions_are_not_quoted() {
        let mut dropped = DroppedLines::default();
        dropped.add(None, Instant::now());
        assert_eq!(dropped.take().expect("one line").sentence(), "1 line not sent. Send again, more slowly.");
    }
}
