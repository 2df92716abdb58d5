//! Prints events to standard output: as text for users, or as the JSON objects of the server for programs.

use super::object::OrderedObject;
use crate::chat::plain::PlainOptions;
use crate::clock::{ZONE, wall};
use crate::encryption::Encryption;
use landline_common::cause::CauseKind;
use landline_common::clean::clean;
use landline_common::qr::lines_for_terminal;
use landline_common::text::{self, Dialect};
use landline_common::time::Day;
use landline_common::{Event, EventKind, json};
use serde_json::Value;
use std::io::{self, BufWriter, Write};

/// How to print an event.
pub(super) struct Print<'l> {
    /// The form of the text, for users.
    pub dialect: Dialect,
    /// The JSON line of the event, for programs.
    pub line: &'l str,
    /// True if this program created the event.
    pub by_program: bool,
}

/// Standard output.
pub(super) struct Output {
    out: Box<dyn Write>,
    /// True if `out` prints above a line editor. Then nothing else may write to the terminal.
    is_above: bool,
    options: PlainOptions,
    encryption: Encryption,
    /// The day of the last printed line with a time; at first the day of the start.
    day: Day,
}

impl Output {
    /// Creates the output, for users or for programs (`json`).
    pub(super) fn new(options: PlainOptions) -> Output {
        let day = wall().day();
        Output {
            out: Box::new(BufWriter::new(io::stdout())),
            is_above: false,
            options,
            encryption: Encryption::None,
            day,
        }
    }

    /// Prints through `writer`, above a line editor, from now on; without a writer, to standard output again.
    #[cfg(unix)]
    pub(super) fn print_above(&mut self, writer: Option<super::line_editor::AbovePrompt>) {
        self.is_above = writer.is_some();
        self.out = match writer {
            Some(writer) => Box::new(writer),
            None => Box::new(BufWriter::new(io::stdout())),
        };
    }

    /// Prints a notice of this program: to standard error, or above the line editor.
    ///
    /// # Errors
    /// The output is closed.
    pub(super) fn print_notice(&mut self, text: &str) -> io::Result<()> {
        if self.is_above {
            writeln!(self.out, "landline: {}", clean(text))?;
        }
        self.out.flush()?;
        if !self.is_above {
            eprintln!("landline: {}", clean(text));
        }
        Ok(())
    }

    /// Sets the encryption of the connection from which the next events come.
    pub(super) fn set_encryption(&mut self, encryption: Encryption) {
        self.encryption = encryption;
    }

    /// Returns whether the connection is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.encryption.is_on()
    }

    /// Returns whether a program reads the output.
    #[cfg(unix)]
    pub(super) fn is_for_programs(&self) -> bool {
        self.options.json
    }

    /// Prints an event. `is_own` returns whether this program created a label.
    ///
    /// # Errors
    /// The output is closed.
    pub(super) fn print_event(
        &mut self,
        event: &Event<'_>,
        print: &Print<'_>,
        is_own: impl Fn(&str) -> bool,
    ) -> io::Result<()> {
        if self.options.json {
            let is_welcome = matches!(event.what, EventKind::Welcome { .. }) && !self.options.mesh;
            return self.print_object(print.line, is_own, is_welcome.then_some(&self.encryption.clone()));
        }
        let dialect = if self.options.mesh { Dialect::Mesh } else { print.dialect };
        let mut event = Event { at: ZONE.at(event.at.unix_ms), ..event.clone() };
        if let EventKind::Welcome { account, .. } = &mut event.what {
            // Of an account, the line warns that the password was sent in the clear.
            *account &= !self.is_encrypted();
        }
        if self.options.mesh
            && let Some(line) = date_line(&event, &mut self.day)
        {
            self.out.write_all(line.as_bytes())?;
        }
        self.out.write_all(lines(&event, dialect, print.by_program).as_bytes())?;
        if let EventKind::Link { url, .. } = &event.what {
            for line in lines_for_terminal(&clean(url), columns()) {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }

    /// Prints a JSON line of the server for a reading program, which may know events that this version does not.
    ///
    /// # Errors
    /// The output is closed.
    pub(super) fn print_json(&mut self, line: &str, is_own: impl Fn(&str) -> bool) -> io::Result<()> {
        self.print_object(line, is_own, None)
    }

    /// Prints a JSON line of the server, with the encryption of the connection if it is given.
    fn print_object(
        &mut self,
        line: &str,
        is_own: impl Fn(&str) -> bool,
        encryption: Option<&Encryption>,
    ) -> io::Result<()> {
        let Some(mut object) = OrderedObject::parse(line).filter(|_| self.options.json) else { return Ok(()) };
        if let Some(encryption) = encryption {
            object.set("tls", encryption.is_on().into());
            object.set("server_key", encryption.key().map_or(Value::Null, |key| key.to_string().into()));
        }
        match object.without_label(is_own) {
            Some(object) => writeln!(self.out, "{object}"),
            None => Ok(()),
        }
    }

    /// Prints an answer that this program gives to a command object.
    ///
    /// # Errors
    /// The output is closed.
    pub(super) fn print_answer(&mut self, event: &Event<'_>) -> io::Result<()> {
        let mut line = Vec::new();
        json::write(event, &mut line);
        self.print_json(String::from_utf8_lossy(&line).trim_end(), |_| false)
    }

    /// Flushes the output.
    ///
    /// # Errors
    /// The output is closed.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns a line with the date if the message of `event` is from another day than `shown`, and updates `shown`. In a
/// mesh, messages show only the time, and those from the history may be of any day.
fn date_line(event: &Event<'_>, shown: &mut Day) -> Option<String> {
    let day = event.at.day();
    let has_time = matches!(event.what, EventKind::Said { .. } | EventKind::Recalled { .. });
    (has_time && std::mem::replace(shown, day) != day).then(|| format!("--- {day}\n"))
}

/// Returns the number of columns of standard output, or 0 if that is no terminal.
fn columns() -> usize {
    #[cfg(unix)]
    let columns = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    #[cfg(not(unix))]
    let columns = 0;
    columns
}

/// Formats an event for users, cleaned. Marks a line of the server that looks like a line that only this program prints:
/// a server must not fake a notice or an encrypted chat.
fn lines(event: &Event<'_>, dialect: Dialect, by_program: bool) -> String {
    let mut written = Vec::new();
    text::write(event, dialect, usize::MAX, &mut written);
    // Leave out the first of the two lines of a sign-in to an account: it exists for programs only.
    let written = String::from_utf8_lossy(&written);
    let shown = written.lines().filter(|line| *line != "AUTH_SUCCESS").map(|line| clean(line));
    let marked = |line: &str| if by_program || !looks_local(event, line) { "" } else { SERVER_MARK };
    shown.map(|line| format!("{}{line}\n", marked(&line))).collect()
}

/// Mark in front of a line of the server that looks like a line of this program.
const SERVER_MARK: &str = "server: ";
/// Beginnings of the lines that only this program prints, in lower case.
const LOCAL_PREFIXES: [&str; 8] = [
    "direct_connected",
    "direct_ended",
    "[direct]",
    "direct chat with",
    "encrypted chat with",
    "the direct chat with",
    "the encrypted chat with",
    "landline:",
];

fn looks_local(event: &Event<'_>, line: &str) -> bool {
    let bare = line.trim_start().to_lowercase();
    let suspicious = matches!(event.what, EventKind::Ask(_) | EventKind::AskAll { .. })
        || matches!(&event.what, EventKind::Report(report) if report.cause.kind() == CauseKind::Line)
        || names(&event.what).iter().any(|name| !is_name(name));
    suspicious || LOCAL_PREFIXES.iter().any(|prefix| bare.starts_with(prefix))
}

/// Returns the names with which the line of an event begins.
fn names<'e>(what: &'e EventKind<'_>) -> Vec<&'e str> {
    match what {
        EventKind::Said { room, user, .. } => vec![room, user],
        EventKind::SaidToAll { user, .. } | EventKind::Connected { user, .. } | EventKind::Disconnected { user } => {
            vec![user]
        }
        EventKind::Renamed { from, to } => vec![from, to],
        EventKind::Joined { user, room } | EventKind::Left { user, room } => vec![user, room],
        EventKind::Direct { from, .. } | EventKind::Private { from, .. } => vec![from],
        EventKind::Recalled { user, .. } | EventKind::Transcribed { user, .. } => vec![user],
        EventKind::Edited { room, user, .. } => vec![room, user],
        EventKind::Deleted { user, by, .. } => vec![user, by],
        _ => Vec::new(),
    }
}

/// Returns whether a name is free of the punctuation with which lines of this program begin.
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
    fn x3_a_line_of_a_server_never_looks_like_one_of_this_program() {
        let forged = "DIRECT_CONNECTED:alice:12345 67890";
        for what in [
            Cause::Registered.report().with_text(forged).into(),
            EventKind::Ask(forged.into()),
            EventKind::Ask("landline: no connection".into()),
            EventKind::Said { id: 1, room: "lobby".into(), user: "[Direct] alice".into(), text: "hi".into() },
            EventKind::Said { id: 1, room: "lobby".into(), user: forged.into(), text: "hi".into() },
            EventKind::Said { id: 1, room: "lobby".into(), user: "DIRECT_CONNECTED".into(), text: "x".into() },
            EventKind::Said { id: 1, room: "Direct".into(), user: "alice".into(), text: "hi".into() },
            EventKind::Connected { user: "[Direct] bob: hi".into(), encrypted: false },
            EventKind::Disconnected { user: "landline".into() },
            EventKind::Renamed { from: "landline".into(), to: "bob".into() },
            EventKind::Renamed { from: "alice".into(), to: "DIRECT_ENDED:bob".into() },
            EventKind::Joined { user: "DIRECT_ENDED:bob".into(), room: "x".into() },
        ] {
            for dialect in [Dialect::Lines, Dialect::Elsewhere] {
                for line in shown(what.clone(), dialect).lines() {
                    let harmless = line.starts_with(SERVER_MARK)
                        || line == "[lobby] alice: hi"
                        || !LOCAL_PREFIXES.iter().any(|prefix| line.to_lowercase().starts_with(prefix));
                    assert!(harmless, "{line}");
                }
            }
        }
        let own = EventKind::DirectConnected { with: "alice".into(), fingerprint: "12345".into() };
        assert_eq!(lines(&own.at(OffsetDateTime::default()), Dialect::Lines, true), "DIRECT_CONNECTED:alice:12345\n");
    }

    #[test]
    fn p1_in_a_mesh_a_date_line_precedes_messages_of_another_day() {
        const DAY_MS: i64 = 86_400_000;
        let at = |days: i64| OffsetDateTime { unix_ms: days * DAY_MS, offset_s: 0 };
        let said = || EventKind::Said { id: 1, room: "mesh".into(), user: "Tim".into(), text: "Hello".into() };
        let place = || Location::Room("mesh".into());
        let recalled =
            || EventKind::Recalled { id: 1, place: place(), user: "Tim".into(), text: "Hello".into(), edited: false };
        let mut shown = at(9).day();
        let mut all = String::new();
        for (what, days) in [
            (said(), 9),
            // A lookup that ends today, a search with the newest first, a late message, live messages.
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
    fn users_get_cleaned_lines() {
        let said =
            |text: &'static str| EventKind::Said { id: 1, room: "ops".into(), user: "bob".into(), text: text.into() };
        assert_eq!(shown(said("hi\u{1b}[31m!"), Dialect::Lines), "bob: hi!\n");
        assert_eq!(shown(said("hi"), Dialect::Elsewhere), "[ops] bob: hi\n");
        let user = "bob".into();
        let server = "S".into();
        let room = "lobby".into();
        let welcome = shown(
            EventKind::Welcome { user, server, room, account: true, grant: Box::new(SignInDetails::default()) },
            Dialect::Lines,
        );
        assert!(welcome.starts_with("200 Welcome to S, bob.") && welcome.lines().count() == 1, "{welcome}");
    }
}
