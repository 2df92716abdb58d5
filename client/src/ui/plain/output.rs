//! Standard output: events as lines for people, or as they were sent, for programs.

use super::object::Object;
use crate::model::plain::Ways;
use jiff::Timestamp;
use landline_common::clean::clean;
use landline_common::text::{self, Dialect};
use landline_common::{Event, Moment};
use std::io::{self, BufWriter, Stdout, Write};

/// Standard output.
pub(super) struct Output {
    out: BufWriter<Stdout>,
    ways: Ways,
}

impl Output {
    /// For programs (`json`), or for people.
    pub(super) fn new(ways: Ways) -> Output {
        Output { out: BufWriter::new(io::stdout()), ways }
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
        self.out.write_all(lines(event, dialect).as_bytes())
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

/// For people: cleaned again, and with this machine's time.
fn lines(event: &Event<'_>, dialect: Dialect) -> String {
    let at = Timestamp::from_millisecond(event.at.unix_ms).unwrap_or_default();
    let offset_s = at.to_zoned(jiff::tz::TimeZone::system()).offset().seconds();
    let event = Event { at: Moment { offset_s, ..event.at }, ..event.clone() };
    let mut written = Vec::new();
    text::write(&event, dialect, usize::MAX, &mut written);
    // A sign-in to an account is two lines for programs that compare them; for people the second one says all.
    let written = String::from_utf8_lossy(&written);
    let shown = written.lines().filter(|line| *line != "AUTH_SUCCESS");
    shown.map(|line| format!("{}\n", clean(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::What;

    fn shown(what: What<'_>, dialect: Dialect) -> String {
        lines(&what.at(Moment::default()), dialect)
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
