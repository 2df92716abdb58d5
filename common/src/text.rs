//! Writes events as lines of text.
//!
//! Users and older clients tell lines apart by their beginnings (`INFO:`, `[PM] alice:`, …), so a user must not be able
//! to forge one. These rules prevent that:
//!
//! - Each line of a message repeats the whole prefix:
//!
//!   ```text
//!   alice: if x:
//!   alice:     return
//!   ```
//! - An action ([`crate::action`]) has another prefix, with a sign that no name has: `* alice waves`.
//! - In names, and in everything else that stands within a line, line ends become spaces.
//!
//! Texts come in cleaned ([`crate::clean`]); this module does not clean them again.

mod notices;

use crate::action::action_of;
use crate::cause::{CauseKind, Report};
use crate::clean::flatten;
use crate::event::{Event, EventKind, Part, Text};
use crate::history::Location;
use crate::time::OffsetDateTime;
use std::io::Write;

/// Caution for an account that has just signed in with its password over a connection that is not encrypted.
pub const PASSWORD_SENT: &str = "Your password crossed the network unencrypted: use it nowhere else.";

/// The variants of the text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// For users of a terminal, in the reader's current room: `alice: hello`.
    Lines,
    /// For users of a terminal, in a room that is not the reader's current one: `[ops] alice: hello`.
    Elsewhere,
    /// For tcp_chat's client, unframed: `alice - hello`.
    TcpChat,
    /// For Chat77's clients, unframed: `alice: hello`.
    Chat77,
    /// For users of a mesh, in the form of its predecessor: `14:22:05 alice: hello`, `alice joined chat`.
    Mesh,
    /// For the `text` of LanTalk's system messages, which are sentences. [`crate::lantalk`] writes its talk.
    LanTalk,
}

impl Dialect {
    fn is_unframed(self) -> bool {
        matches!(self, Dialect::TcpChat | Dialect::Chat77)
    }

    /// True if a message must become one line: these clients take each line, or each `send`, for a message of its own.
    fn is_flat(self) -> bool {
        self.is_unframed() || self == Dialect::LanTalk
    }
}

/// Appends `event` as zero or more lines, each ended by a newline.
///
/// Lists become lines of at most `longest` bytes, cut between names; one name may exceed that. Talk for unframed dialects
/// is cut between characters. Each part has the prefix.
pub fn write(event: &Event<'_>, dialect: Dialect, longest: usize, out: &mut Vec<u8>) {
    let mut lines = LineWriter { out, dialect, max_bytes: longest };
    match &event.what {
        // A mesh has one room, so its name is left out. Messages from the history look like new ones.
        EventKind::Said { user, text, .. } | EventKind::Recalled { place: Location::Room(_), user, text, .. }
            if dialect == Dialect::Mesh =>
        {
            lines.message([&event.at.clock_to_the_second().to_string(), " ", ""], user, ["", ": "], text);
        }
        EventKind::Said { room, user, text, .. } => lines.said(Some(room), user, text),
        EventKind::SaidToAll { user, text, .. } => lines.said(None, user, text),
        EventKind::Direct { from, text, kept: false, .. } => lines.message(["[PM] ", "", ""], from, ["", ": "], text),
        EventKind::Direct { from, text, kept: true, .. } => {
            lines.message(["[PM ", &event.at.date().to_string(), "] "], from, ["", ": "], text);
        }
        EventKind::Recalled { place, user, text, edited, .. } => {
            let (place, receiver) = match place {
                Location::Room(room) => (&**room, String::new()),
                Location::Global => ("all", String::new()),
                Location::DirectMessage { to } => ("PM", format!(" to {to}")),
            };
            let place = format!("{place} {}", event.at.date());
            let receiver = receiver + mark(*edited);
            lines.message(["[", &place, "] "], user, [&receiver, ": "], text);
        }
        EventKind::Transcribed { id, user, text, edited, .. } => {
            let id_and_date = format!("{id}] {} ", event.at.date());
            lines.message(["[", &id_and_date, ""], user, [mark(*edited), ": "], text);
        }
        EventKind::Edited { room, user, text, .. } => lines.said(Some(room), &format!("{user}{}", mark(true)), text),
        EventKind::Deleted { room, ids, user, by, said_ms } => {
            let at = OffsetDateTime { unix_ms: *said_ms, ..event.at };
            lines.deleted(room.as_deref(), ids.len(), (user, by), &at.clock().to_string());
        }
        EventKind::RecallEnd { count, remark, next } => lines.recall_end(*count, remark, next.as_deref()),
        EventKind::Private { from, text } => lines.message(["[Private] ", "", ""], from, ["", ": "], text),
        EventKind::DirectTalk { with, own: false, text } => {
            lines.message(["[Direct] ", "", ""], with, ["", ": "], text)
        }
        EventKind::DirectTalk { with, own: true, text } => lines.talk(&["[Direct] to ", with, ": "], text),
        EventKind::Gathered { room, came, went, users } => lines.presence_summary(room.as_deref(), *came, *went, users),
        EventKind::Online { .. }
        | EventKind::Seen { .. }
        | EventKind::Blocked { .. }
        | EventKind::Members { .. }
        | EventKind::PrivateChats { .. }
        | EventKind::Rooms { .. } => lines.list_of(&event.what),
        EventKind::Rules { room, rules } => lines.sentences(&rules.sentences(room, event.at.offset_s)),
        EventKind::Welcome { user, server, room, account, grant } => {
            lines.welcome([user, server, room], *account, grant.encrypted);
        }
        EventKind::Refused(report) if dialect.is_unframed() => {
            lines.line(format_args!("{}", report.code().unwrap_or(403)))
        }
        EventKind::Refused(report) => {
            lines.line(format_args!("{} {}", report.code().unwrap_or(403), report.sentence()));
        }
        EventKind::Report(report) => lines.report(report),
        EventKind::Whois(whois) => lines.sentences(&whois.sentences(event.at)),
        EventKind::Link { room, url } => lines.link(room, url),
        other if dialect == Dialect::LanTalk => lines.lantalk(other),
        EventKind::Joined { user, .. } if dialect == Dialect::Mesh => lines.line(format_args!("{user} joined chat")),
        EventKind::Disconnected { user } if dialect == Dialect::Mesh => lines.line(format_args!("{user} left chat")),
        other => lines.simple(other),
    }
}

/// Returns the event in the dialect [`Dialect::Lines`], without the last newline and without cuts: for JSON's `text`
/// field and for logs.
#[must_use]
pub fn plain(event: &Event<'_>) -> String {
    let mut out = Vec::new();
    write(event, Dialect::Lines, usize::MAX, &mut out);
    out.pop();
    String::from_utf8_lossy(&out).into_owned()
}

/// The mark behind the name of an author who has replaced the text. No name has a blank, so no line of a user looks so.
pub(crate) fn mark(edited: bool) -> &'static str {
    if edited { " (edited)" } else { "" }
}

struct LineWriter<'o> {
    out: &'o mut Vec<u8>,
    dialect: Dialect,
    max_bytes: usize,
}

impl LineWriter<'_> {
    /// Writes talk in a room, or to all without one. Most lines come from here, so it avoids `format!`.
    fn said(&mut self, room: Option<&Text<'_>>, user: &str, text: &str) {
        let place = match (self.dialect, room) {
            (Dialect::TcpChat | Dialect::Chat77 | Dialect::LanTalk, _) | (Dialect::Lines | Dialect::Mesh, Some(_)) => {
                ["", "", ""]
            }
            (Dialect::Elsewhere, Some(room)) => ["[", room, "] "],
            (_, None) => ["[all] ", "", ""],
        };
        let separator = if self.dialect == Dialect::TcpChat { " - " } else { ": " };
        self.message(place, user, ["", separator], text);
    }

    /// Writes a message of `user` with its prefix on each line: `[PLACE] alice: `, or `[PLACE] * alice ` for an action.
    /// `receiver` stands behind the name, `separator` before a text that is no action.
    fn message(&mut self, place: [&str; 3], user: &str, [receiver, separator]: [&str; 2], text: &str) {
        let [open, name, close] = place;
        match action_of(text) {
            Some(action) => self.talk(&[open, name, close, "* ", user, receiver, " "], action),
            None => self.talk(&[open, name, close, user, receiver, separator], text),
        }
    }

    /// Writes `text` with `prefix` on each line.
    fn talk(&mut self, prefix: &[&str], text: &str) {
        if !self.dialect.is_flat() {
            for line in text.split('\n') {
                self.prefixed(prefix, line);
            }
            return;
        }
        let prefix_bytes: usize = prefix.iter().map(|p| p.len()).sum();
        // At least the longest character, or a long prefix would leave no progress.
        let max_part_bytes =
            if self.dialect.is_unframed() { self.max_bytes.saturating_sub(prefix_bytes).max(4) } else { usize::MAX };
        let text = flatten(text);
        let mut rest = &*text;
        loop {
            let (part, more) = rest.split_at(rest.floor_char_boundary(max_part_bytes.min(rest.len())));
            self.prefixed(prefix, part);
            if more.is_empty() {
                return;
            }
            rest = more;
        }
    }

    fn prefixed(&mut self, prefix: &[&str], line: &str) {
        for piece in prefix {
            self.within_a_line(piece);
        }
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
    }

    /// Appends a part of a line, such as a name, without its line ends: a foreign server may send any name.
    fn within_a_line(&mut self, piece: &str) {
        let start = self.out.len();
        self.out.extend_from_slice(piece.as_bytes());
        blank_line_ends(&mut self.out[start..]);
    }

    /// Writes a list, or one page of it.
    fn list_of(&mut self, what: &EventKind<'_>) {
        match what {
            EventKind::Online { users, part, .. } => {
                let prefix = if self.dialect == Dialect::LanTalk { "Online: " } else { "Online clients: " };
                self.names(prefix, users, part);
            }
            EventKind::Seen { seconds, users, part } => {
                self.names(&format!("Online in the last {seconds} s: "), users, part);
            }
            EventKind::Blocked { users, part } => self.names("Blocked: ", users, part),
            EventKind::Members { room, users, part, .. } => self.names(&format!("In {room}: "), users, part),
            EventKind::PrivateChats { users, part } => self.names("Private chats: ", users, part),
            EventKind::Rooms { rooms, part } => {
                let shown: Vec<Text<'_>> =
                    rooms.iter().map(|(room, members)| format!("{room} ({members})").into()).collect();
                self.names("Rooms: ", &shown, part);
            }
            _ => {}
        }
    }

    fn names(&mut self, prefix: &str, names: &[Text<'_>], part: &Part<'_>) {
        self.list(prefix, names.iter().map(|name| &**name));
        match &part.more {
            // `plain` returns one line: put the remainder behind the names.
            Some(more) if self.max_bytes == usize::MAX => {
                self.out.pop();
                self.line(format_args!(", {more}"));
            }
            Some(more) => {
                let info = if self.dialect == Dialect::LanTalk { "" } else { "INFO: " };
                self.talk(&[info], &more.to_string());
            }
            None => {}
        }
    }

    /// Writes items behind a prefix, on as many lines as needed; `none` if there are no items.
    fn list<'n>(&mut self, prefix: &str, items: impl Iterator<Item = &'n str>) {
        let mut start = self.out.len();
        self.within_a_line(prefix);
        let mut first = true;
        for item in items {
            if !first && self.out.len() - start + 2 + item.len() > self.max_bytes {
                self.out.push(b'\n');
                start = self.out.len();
                self.within_a_line(prefix);
                first = true;
            }
            self.out.extend_from_slice(if first { b"" } else { b", " });
            self.within_a_line(item);
            first = false;
        }
        self.out.extend_from_slice(if first { b"none\n" } else { b"\n" });
    }

    fn recall_end(&mut self, shown: usize, remark: &str, next: Option<&str>) {
        let messages = match shown {
            0 => "no messages".to_owned(),
            1 => "1 message".to_owned(),
            n => format!("{n} messages"),
        };
        let remark = if remark.is_empty() { String::new() } else { format!(" ({remark})") };
        let next = next.map_or(String::new(), |next| format!("; more: {next}"));
        let prefix = if self.dialect == Dialect::LanTalk { "" } else { "INFO: " };
        self.talk(&[prefix], &format!("{messages}{remark}{next}"));
    }

    fn welcome(&mut self, [user, server, room]: [&str; 3], account: bool, encrypted: bool) {
        match self.dialect {
            Dialect::TcpChat => self.line(format_args!("200")),
            Dialect::Chat77 => self.line(format_args!("AUTH_SUCCESS")),
            Dialect::Lines | Dialect::Elsewhere | Dialect::LanTalk | Dialect::Mesh => {
                if account {
                    self.line(format_args!("AUTH_SUCCESS"));
                }
                let caution = if account && !encrypted { format!(" {PASSWORD_SENT}") } else { String::new() };
                self.line(format_args!(
                    "200 Welcome to {server}, {user}. You are in {room}; /help lists the commands.{caution}"
                ));
            }
        }
    }

    fn report(&mut self, report: &Report<'_>) {
        if self.dialect == Dialect::LanTalk {
            self.talk(&[], &report.lantalk_sentence());
        } else {
            let sentence = report.sentence();
            match (report.code(), report.cause.kind()) {
                (Some(code), _) => self.talk(&["ERROR: ", &code.to_string(), " "], &sentence),
                (None, CauseKind::BareRefusal) => self.talk(&["ERROR: "], &sentence),
                (None, CauseKind::Line) => self.talk(&[], &sentence),
                (None, _) => self.talk(&["INFO: "], &sentence),
            }
        }
        if let Some(reason) = &report.about.reason {
            let info = if self.dialect == Dialect::LanTalk { "" } else { "INFO: " };
            self.talk(&[info, "Reason: "], reason);
        }
    }

    fn sentences(&mut self, sentences: &[String]) {
        let info = if self.dialect == Dialect::LanTalk { "" } else { "INFO: " };
        sentences.iter().for_each(|sentence| self.talk(&[info], &flatten(sentence)));
    }

    fn simple(&mut self, what: &EventKind<'_>) {
        match what {
            EventKind::PrivateRequest { from } => self.line(format_args!("PRIVATE_REQUEST_FROM:{from}")),
            EventKind::PrivateConnected { with } => self.line(format_args!("PRIVATE_CONNECTED:{with}")),
            EventKind::PrivateRejected { by } => self.line(format_args!("PRIVATE_REJECTED:{by}")),
            EventKind::PrivateEnded { with, reason } => self.line(format_args!("PRIVATE_ENDED:{with}:{reason}")),
            EventKind::DirectRequest { from, key } => self.line(format_args!("DIRECT_REQUEST_FROM:{from}:{key}")),
            EventKind::DirectReady { user, key, addresses } => {
                self.line(format_args!("DIRECT_READY:{user}:{key}:{addresses}"));
            }
            EventKind::DirectRejected { by } => self.line(format_args!("DIRECT_REJECTED:{by}")),
            EventKind::DirectConnected { with, fingerprint } => {
                self.line(format_args!("DIRECT_CONNECTED:{with}:{fingerprint}"));
            }
            EventKind::DirectEnded { with, reason } => self.line(format_args!("DIRECT_ENDED:{with}:{reason}")),
            EventKind::Connected { user, .. } => self.line(format_args!("{user} has connected to the chatroom")),
            EventKind::Disconnected { user } => self.line(format_args!("{user} has left the chatroom")),
            EventKind::Renamed { from, to } => self.line(format_args!("{from} is now {to}")),
            EventKind::Joined { user, room } => self.line(format_args!("{user} joined {room}")),
            EventKind::Left { user, room } => self.line(format_args!("{user} left {room}")),
            EventKind::Info(text) => self.talk(&["INFO: "], text),
            EventKind::Error { code: Some(code), text } => self.talk(&["ERROR: ", &code.to_string(), " "], text),
            EventKind::Error { code: None, text } => self.talk(&["ERROR: "], text),
            EventKind::Pong(token) if token.is_empty() => self.line(format_args!("PONG")),
            EventKind::Pong(token) => self.talk(&["PONG "], token),
            EventKind::Format(format) => self.line(format_args!("INFO: events come as {} now", format.as_str())),
            EventKind::Ask(text) => self.line(format_args!("{text}")),
            // `write` handles these itself.
            EventKind::Said { .. }
            | EventKind::SaidToAll { .. }
            | EventKind::Direct { .. }
            | EventKind::Recalled { .. }
            | EventKind::RecallEnd { .. }
            | EventKind::Transcribed { .. }
            | EventKind::Deleted { .. }
            | EventKind::Edited { .. }
            | EventKind::Private { .. }
            | EventKind::DirectTalk { .. }
            | EventKind::Gathered { .. }
            | EventKind::Online { .. }
            | EventKind::Seen { .. }
            | EventKind::Blocked { .. }
            | EventKind::Members { .. }
            | EventKind::Rooms { .. }
            | EventKind::Rules { .. }
            | EventKind::Link { .. }
            | EventKind::PrivateChats { .. }
            | EventKind::Welcome { .. }
            | EventKind::Whois(_)
            | EventKind::Refused(_)
            | EventKind::Report(_) => {}
            // For programs only.
            EventKind::Done { .. } | EventKind::CaughtUp { .. } | EventKind::Ping | EventKind::AskAll { .. } => {}
        }
    }

    /// Writes the sentences of LanTalk 2.0, and sentences in its manner for events that it does not have.
    fn lantalk(&mut self, what: &EventKind<'_>) {
        match what {
            EventKind::Connected { user, .. } => self.line(format_args!("{user} joined.")),
            EventKind::Disconnected { user } => self.line(format_args!("{user} left the chat.")),
            EventKind::Info(text) | EventKind::Error { text, .. } => self.talk(&[], text),
            EventKind::PrivateRequest { from } => {
                self.line(format_args!("{from} wants an off-the-record chat. /accept {from} or /reject {from}"));
            }
            EventKind::PrivateConnected { with } => {
                self.line(format_args!(
                    "Private chat with {with}; nothing is stored. /private {with} TEXT writes, /end {with} ends it."
                ));
            }
            EventKind::PrivateRejected { by } | EventKind::DirectRejected { by } => {
                self.line(format_args!("{by} declined."));
            }
            EventKind::PrivateEnded { with, reason } => {
                self.line(format_args!("Private chat with {with} ended ({reason})."))
            }
            EventKind::DirectRequest { from, .. } => self.line(format_args!(
                "{from} wants an encrypted chat (not via the server). /accept {from} or /reject {from}"
            )),
            EventKind::DirectReady { user, .. } => {
                self.line(format_args!("{user} accepts; connecting to {user}'s computer…"));
            }
            EventKind::DirectConnected { with, fingerprint } => self.line(format_args!(
                "Encrypted chat with {with}; nothing is stored. Read these numbers to each other: {fingerprint} \
                 – if they differ, the connection is intercepted. /direct-say {with} TEXT writes, /direct-stop {with} ends it."
            )),
            EventKind::DirectEnded { with, reason } => {
                self.line(format_args!("Encrypted chat with {with} ended ({reason})."));
            }
            other => self.simple(other),
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let start = self.out.len();
        // Writing to a `Vec` cannot fail.
        let _ = write!(self.out, "{line}");
        blank_line_ends(&mut self.out[start..]);
        self.out.push(b'\n');
    }
}

/// Replaces newlines by spaces.
fn blank_line_ends(line: &mut [u8]) {
    while let Some(at) = memchr::memchr(b'\n', line) {
        line[at] = b' ';
    }
}

#[cfg(test)]
mod tests;
