//! Writes notices about rooms: removed messages, summaries of presence, the address of the web page.

use super::{Dialect, LineWriter};
use crate::event::Text;
use crate::qr::{USUAL_COLUMNS, lines_for_terminal};

impl LineWriter<'_> {
    pub(super) fn deleted(&mut self, room: Option<&str>, count: usize, (user, by): (&str, &str), said_at: &str) {
        let messages = if count == 1 { "a message".to_owned() } else { format!("{count} messages") };
        let of = if user == by { String::new() } else { format!(" of {user}") };
        let place = match (self.dialect, room) {
            (Dialect::Elsewhere, Some(room)) => format!("[{room}] "),
            (_, None) => "[all] ".to_owned(),
            _ => String::new(),
        };
        let since = if count == 1 { "" } else { "since " };
        let prefix = if self.dialect == Dialect::LanTalk { "" } else { "INFO: " };
        self.talk(&[prefix], &format!("{place}{by} removed {messages}{of} ({since}{said_at})"));
    }

    pub(super) fn presence_summary(&mut self, room: Option<&str>, came: usize, went: usize, users: &[Text<'_>]) {
        let room = room.map_or(String::new(), |room| format!(" {room}"));
        let names = match users {
            [] => String::new(),
            _ if users.len() < came + went => format!(": {}, …", users.join(", ")),
            _ => format!(": {}", users.join(", ")),
        };
        self.line(format_args!("+{came} joined, {went} left{room}{names}"));
    }

    /// Writes the address of the page in a room. For users of a terminal, the lines of its QR code follow. A client that
    /// splits or merges lines gets none, and neither does [`plain`].
    pub(super) fn link(&mut self, room: &str, url: &str) {
        let info = if self.dialect == Dialect::LanTalk { "" } else { "INFO: " };
        self.talk(&[info, room, " in a browser: "], url);
        if !self.dialect.is_flat() && self.max_bytes < usize::MAX {
            for line in lines_for_terminal(url, USUAL_COLUMNS) {
                self.out.extend_from_slice(line.as_bytes());
                self.out.push(b'\n');
            }
        }
    }
}
