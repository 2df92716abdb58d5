//! Standard output: events as lines for people, or as they were sent, for programs.

use super::object::Object;
use crate::model::plain::Ways;
use jiff::Timestamp;
use landline_common::clean::clean;
use landline_common::moment::Day;
use landline_common::text::{self, Dialect};
use landline_common::{Event, Moment, What};
use std::io::{self, BufWriter, Stdout, Write};

/// Standard output.
pub(super) struct Output {
    out: BufWriter<Stdout>,
    ways: Ways,
    /// The day of the line with a time that was printed last; at first that of the start.
    day: Day,
}

impl Output {
    /// For programs (`json`), or for people.
    pub(super) fn new(ways: Ways) -> Output {
        Output { out: BufWriter::new(io::stdout()), ways, day: here(Timestamp::now()).day() }
    }

    /// Prints an event that was sent as `line`.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(super) fn show(&mut self, event: &Event<'_>, dialect: Dialect, line: &str) -> io::Result<()> {
        if self.ways.json {
            return self.unknown(line);
        }
        let dialect = if self.ways.mesh { Dialect::Mesh } else { dialect };
        let event = Event { at: local(event.at), ..event.clone() };
        if self.ways.mesh
            && let Some(line) = date_line(&event, &mut self.day)
        {
            self.out.write_all(line.as_bytes())?;
        }
        self.out.write_all(lines(&event, dialect).as_bytes())
    }

    /// Passes on what programs may know even if this one does not.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(super) fn unknown(&mut self, line: &str) -> io::Result<()> {
        let Some(object) = Object::parse(line).filter(|_| self.ways.json) else { return Ok(()) };
        writeln!(self.out, "{object}")
    }

    /// Gives on what was printed.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A moment by this machine's clock.
fn local(at: Moment) -> Moment {
    here(Timestamp::from_millisecond(at.unix_ms).unwrap_or_default())
}

fn here(at: Timestamp) -> Moment {
    let offset_s = at.to_zoned(jiff::tz::TimeZone::system()).offset().seconds();
    Moment { unix_ms: at.as_millisecond(), offset_s }
}

/// The date, in front of talk of another day than `shown`. In a mesh, lines say the time only, and what is looked up,
/// found or heard late may be of any day.
fn date_line(event: &Event<'_>, shown: &mut Day) -> Option<String> {
    let day = event.at.day();
    let has_time = matches!(event.what, What::Said { .. } | What::Recalled { .. });
    (has_time && std::mem::replace(shown, day) != day).then(|| format!("--- {day}\n"))
}

/// For people: cleaned again.
fn lines(event: &Event<'_>, dialect: Dialect) -> String {
    let mut written = Vec::new();
    text::write(event, dialect, usize::MAX, &mut written);
    // A sign-in to an account is two lines for programs that compare them; for people the second one says all.
    let written = String::from_utf8_lossy(&written);
    let shown = written.lines().filter(|line| *line != "AUTH_SUCCESS");
    shown.map(|line| format!("{}\n", clean(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::history::Place;

    fn shown(what: What<'_>, dialect: Dialect) -> String {
        lines(&what.at(Moment::default()), dialect)
    }

    #[test]
    fn p1_in_a_mesh_a_date_stands_where_the_day_changes() {
        const DAY_MS: i64 = 86_400_000;
        let at = |days: i64| Moment { unix_ms: days * DAY_MS, offset_s: 0 };
        let said = || What::Said { id: 1, room: "mesh".into(), user: "Tim".into(), text: "Hello".into() };
        let place = || Place::Room("mesh".into());
        let recalled = || What::Recalled { id: 1, place: place(), user: "Tim".into(), text: "Hello".into() };
        let mut shown = at(9).day();
        let mut all = String::new();
        for (what, days) in [
            (said(), 9),
            // Looked up, the last of it of today; found, the newest first; heard late; said now.
            (recalled(), 7),
            (recalled(), 8),
            (recalled(), 9),
            (What::info("3 messages"), 9),
            (recalled(), 8),
            (recalled(), 7),
            (What::info("2 messages"), 9),
            (said(), 8),
            (said(), 9),
            (said(), 10),
            (said(), 10),
        ] {
            let event = what.at(at(days));
            all += &date_line(&event, &mut shown).unwrap_or_default();
            all += &lines(&event, Dialect::Mesh);
        }
        let talk = "00:00:00 Tim: Hello\n";
        let expected = [
            talk,
            "--- 1970-01-08\n",
            talk,
            "--- 1970-01-09\n",
            talk,
            "--- 1970-01-10\n",
            talk,
            "INFO: 3 messages\n",
            "--- 1970-01-09\n",
            talk,
            "--- 1970-01-08\n",
            talk,
            "INFO: 2 messages\n",
            "--- 1970-01-09\n",
            talk,
            "--- 1970-01-10\n",
            talk,
            "--- 1970-01-11\n",
            talk,
            talk,
        ];
        assert_eq!(all, expected.concat());
    }

    #[test]
    fn people_get_clean_lines() {
        let said = |text: &'static str| What::Said { id: 1, room: "ops".into(), user: "bob".into(), text: text.into() };
        assert_eq!(shown(said("hi\u{1b}[31m!"), Dialect::Lines), "bob: hi!\n");
        assert_eq!(shown(said("hi"), Dialect::Elsewhere), "[ops] bob: hi\n");
        let (user, server, room) = ("bob".into(), "S".into(), "lobby".into());
        let welcome =
            shown(What::Welcome { user, server, room, account: true, grant: Default::default() }, Dialect::Lines);
        assert!(welcome.starts_with("200 Welcome to S, bob.") && welcome.lines().count() == 1, "{welcome}");
    }
}
