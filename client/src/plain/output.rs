//! Standard output: events as lines for people, or as they were sent, for programs.

use super::object::OrderedObject;
use crate::chat::plain::PlainOptions;
use crate::clock::{ZONE, wall};
use landline_common::cause::CauseKind;
use landline_common::clean::clean;
use landline_common::text::{self, Dialect};
use landline_common::time::Day;
use landline_common::{Event, EventKind, json};
use std::io::{self, BufWriter, Write};

/// How an event is printed.
pub(super) struct Print<'l> {
    /// As which lines.
    pub dialect: Dialect,
    /// As it was sent, for programs.
    pub line: &'l str,
    /// This program told it itself.
    pub by_program: bool,
}

/// Standard output.
pub(super) struct Output {
    out: Box<dyn Write>,
    /// `out` is above a line that is being typed: nothing else may write to the terminal.
    is_above: bool,
    ways: PlainOptions,
    /// The day of the line with a time that was printed last; at first that of the start.
    day: Day,
}

impl Output {
    /// For programs (`json`), or for people.
    pub(super) fn new(ways: PlainOptions) -> Output {
        let day = wall().day();
        Output { out: Box::new(BufWriter::new(io::stdout())), is_above: false, ways, day }
    }

    /// From now on everything is printed above the line that is being typed, by `writer`; without one, as before.
    #[cfg(unix)]
    pub(super) fn print_above(&mut self, writer: Option<super::line_editor::Above>) {
        self.is_above = writer.is_some();
        self.out = match writer {
            Some(writer) => Box::new(writer),
            None => Box::new(BufWriter::new(io::stdout())),
        };
    }

    /// Prints what the program itself says: on standard error, or above the line that is being typed.
    ///
    /// # Errors
    /// The output is closed.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        if self.is_above {
            writeln!(self.out, "landline: {}", clean(text))?;
        }
        self.out.flush()?;
        if !self.is_above {
            eprintln!("landline: {}", clean(text));
        }
        Ok(())
    }

    /// True if programs read the output.
    #[cfg(unix)]
    pub(super) fn is_for_programs(&self) -> bool {
        self.ways.json
    }

    /// Prints an event. `is_own` says which labels no program gave.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(super) fn show(
        &mut self,
        event: &Event<'_>,
        print: &Print<'_>,
        is_own: impl Fn(&str) -> bool,
    ) -> io::Result<()> {
        if self.ways.json {
            return self.unknown(print.line, is_own);
        }
        let dialect = if self.ways.mesh { Dialect::Mesh } else { print.dialect };
        let event = Event { at: ZONE.at(event.at.unix_ms), ..event.clone() };
        if self.ways.mesh
            && let Some(line) = date_line(&event, &mut self.day)
        {
            self.out.write_all(line.as_bytes())?;
        }
        self.out.write_all(lines(&event, dialect, print.by_program).as_bytes())
    }

    /// Passes on what programs may know even if this one does not, without labels that they have not given.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(super) fn unknown(&mut self, line: &str, is_own: impl Fn(&str) -> bool) -> io::Result<()> {
        let Some(object) = OrderedObject::parse(line).filter(|_| self.ways.json) else { return Ok(()) };
        match object.without_label(is_own) {
            Some(object) => writeln!(self.out, "{object}"),
            None => Ok(()),
        }
    }

    /// Prints an answer of this program's own, for programs.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(super) fn own(&mut self, event: &Event<'_>) -> io::Result<()> {
        let mut line = Vec::new();
        json::write(event, &mut line);
        self.unknown(String::from_utf8_lossy(&line).trim_end(), |_| false)
    }

    /// Gives on what was printed.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The date, in front of talk of another day than `shown`. In a mesh, lines say the time only, and what is looked up,
/// found or heard late may be of any day.
fn date_line(event: &Event<'_>, shown: &mut Day) -> Option<String> {
    let day = event.at.day();
    let has_time = matches!(event.what, EventKind::Said { .. } | EventKind::Recalled { .. });
    (has_time && std::mem::replace(shown, day) != day).then(|| format!("--- {day}\n"))
}

/// For people: cleaned again. What a server says never begins as what this program says of itself, or of encrypted
/// chats.
fn lines(event: &Event<'_>, dialect: Dialect, by_program: bool) -> String {
    let mut written = Vec::new();
    text::write(event, dialect, usize::MAX, &mut written);
    // A sign-in to an account is two lines for programs that compare them; for people the second one says all.
    let written = String::from_utf8_lossy(&written);
    let shown = written.lines().filter(|line| *line != "AUTH_SUCCESS").map(|line| clean(line));
    let marked = |line: &str| if by_program || !looks_like_ours(event, line) { "" } else { SERVER };
    shown.map(|line| format!("{}{line}\n", marked(&line))).collect()
}

/// In front of a line of a server that could be taken for one of this program's.
const SERVER: &str = "server: ";
/// How lines begin that only this program prints.
const OURS: [&str; 8] = [
    "direct_connected",
    "direct_ended",
    "[direct]",
    "direct chat with",
    "encrypted chat with",
    "the direct chat with",
    "the encrypted chat with",
    "landline:",
];

fn looks_like_ours(event: &Event<'_>, line: &str) -> bool {
    let bare = line.trim_start().to_lowercase();
    let odd = matches!(event.what, EventKind::Ask(_) | EventKind::AskAll { .. })
        || matches!(&event.what, EventKind::Report(report) if report.cause.kind() == CauseKind::Line)
        || names(&event.what).iter().any(|name| !is_name(name));
    odd || OURS.iter().any(|ours| bare.starts_with(ours))
}

/// The names at the beginning of an event's line.
fn names<'e>(what: &'e EventKind<'_>) -> Vec<&'e str> {
    match what {
        EventKind::Said { room, user, .. } => vec![room, user],
        EventKind::SaidToAll { user, .. } | EventKind::Connected { user } | EventKind::Disconnected { user } => {
            vec![user]
        }
        EventKind::Joined { user, room } | EventKind::Left { user, room } => vec![user, room],
        EventKind::Direct { from, .. } | EventKind::Private { from, .. } => vec![from],
        EventKind::Recalled { user, .. } => vec![user],
        _ => Vec::new(),
    }
}

/// Letters and digits with what names, rooms, members of a mesh and the operator have between them.
fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && !name.chars().any(|c| matches!(c, '[' | ']' | ':' | '"' | '<' | '>') || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::event::SignInDetails;
    use landline_common::history::Location;
    use landline_common::{Cause, OffsetDateTime};

    fn shown(what: EventKind<'_>, dialect: Dialect) -> String {
        lines(&what.at(OffsetDateTime::default()), dialect, false)
    }

    #[test]
    fn x3_what_a_server_says_never_looks_like_what_this_program_says() {
        let forged = "DIRECT_CONNECTED:alice:12345 67890";
        for what in [
            Cause::Registered.report().with_text(forged).into(),
            EventKind::Ask(forged.into()),
            EventKind::Ask("landline: no connection".into()),
            EventKind::Said { id: 1, room: "lobby".into(), user: "[Direct] alice".into(), text: "hi".into() },
            EventKind::Said { id: 1, room: "lobby".into(), user: forged.into(), text: "hi".into() },
            EventKind::Said { id: 1, room: "lobby".into(), user: "DIRECT_CONNECTED".into(), text: "x".into() },
            EventKind::Said { id: 1, room: "Direct".into(), user: "alice".into(), text: "hi".into() },
            EventKind::Connected { user: "[Direct] bob: hi".into() },
            EventKind::Disconnected { user: "landline".into() },
            EventKind::Joined { user: "DIRECT_ENDED:bob".into(), room: "x".into() },
        ] {
            for dialect in [Dialect::Lines, Dialect::Elsewhere] {
                for line in shown(what.clone(), dialect).lines() {
                    let harmless = line.starts_with(SERVER)
                        || line == "[lobby] alice: hi"
                        || !OURS.iter().any(|ours| line.to_lowercase().starts_with(ours));
                    assert!(harmless, "{line}");
                }
            }
        }
        let own = EventKind::DirectConnected { with: "alice".into(), fingerprint: "12345".into() };
        assert_eq!(lines(&own.at(OffsetDateTime::default()), Dialect::Lines, true), "DIRECT_CONNECTED:alice:12345\n");
    }

    #[test]
    fn p1_in_a_mesh_a_date_stands_where_the_day_changes() {
        const DAY_MS: i64 = 86_400_000;
        let at = |days: i64| OffsetDateTime { unix_ms: days * DAY_MS, offset_s: 0 };
        let said = || EventKind::Said { id: 1, room: "mesh".into(), user: "Tim".into(), text: "Hello".into() };
        let place = || Location::Room("mesh".into());
        let recalled = || EventKind::Recalled { id: 1, place: place(), user: "Tim".into(), text: "Hello".into() };
        let mut shown = at(9).day();
        let mut all = String::new();
        for (what, days) in [
            (said(), 9),
            // Looked up, the last of it of today; found, the newest first; heard late; said now.
            (recalled(), 7),
            (recalled(), 8),
            (recalled(), 9),
            (EventKind::info("3 messages"), 9),
            (recalled(), 8),
            (recalled(), 7),
            (EventKind::info("2 messages"), 9),
            (said(), 8),
            (said(), 9),
            (said(), 10),
            (said(), 10),
        ] {
            let event = what.at(at(days));
            all += &date_line(&event, &mut shown).unwrap_or_default();
            all += &lines(&event, Dialect::Mesh, true);
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
        let said =
            |text: &'static str| EventKind::Said { id: 1, room: "ops".into(), user: "bob".into(), text: text.into() };
        assert_eq!(shown(said("hi\u{1b}[31m!"), Dialect::Lines), "bob: hi!\n");
        assert_eq!(shown(said("hi"), Dialect::Elsewhere), "[ops] bob: hi\n");
        let (user, server, room) = ("bob".into(), "S".into(), "lobby".into());
        let welcome = shown(
            EventKind::Welcome { user, server, room, account: true, grant: Box::new(SignInDetails::default()) },
            Dialect::Lines,
        );
        assert!(welcome.starts_with("200 Welcome to S, bob.") && welcome.lines().count() == 1, "{welcome}");
    }
}
