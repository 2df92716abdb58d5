//! The table of renderings: each form in which events are written to clients.

use crate::event::Event;
use crate::limits::{Limits, count};
use crate::text::Dialect;
use crate::{json, lantalk, text, websocket};

/// One form in which events can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rendering {
    /// Text lines, in the reader's current room.
    Text,
    /// Text lines, in a room that is not the reader's current one.
    TextElsewhere,
    /// Text for tcp_chat's client, unframed.
    TcpChat,
    /// Text for Chat77's clients, unframed.
    Chat77,
    /// JSON objects, one per line.
    Json,
    /// The JSON objects of LanTalk 2.0.
    LanTalk,
    /// The objects of [`Rendering::Json`], each in one frame of a WebSocket.
    WebSocket,
}

/// The properties of one rendering.
struct RenderingRow {
    rendering: Rendering,
    /// Clients get their own messages back.
    echoes_own_messages: bool,
    /// Each message is one `send` without a newline.
    unframed: bool,
    /// Messages are JSON objects with labels and numbers, and the client may send command objects.
    json: bool,
    write: fn(&Event<'_>, &Limits, &mut Vec<u8>),
}

/// Number of renderings.
pub const RENDERINGS: usize = 7;

static TABLE: [RenderingRow; RENDERINGS] = [
    row(Rendering::Text, |e, l, out| text::write(e, Dialect::Lines, count(l.list_bytes), out)),
    row(Rendering::TextElsewhere, |e, l, out| text::write(e, Dialect::Elsewhere, count(l.list_bytes), out)),
    RenderingRow {
        echoes_own_messages: true,
        unframed: true,
        ..row(Rendering::TcpChat, |e, l, out| text::write(e, Dialect::TcpChat, count(l.unframed_bytes), out))
    },
    RenderingRow {
        unframed: true,
        ..row(Rendering::Chat77, |e, l, out| text::write(e, Dialect::Chat77, count(l.unframed_bytes), out))
    },
    RenderingRow { echoes_own_messages: true, json: true, ..row(Rendering::Json, |e, _, out| json::write(e, out)) },
    row(Rendering::LanTalk, |e, l, out| lantalk::write(e, count(l.list_bytes), out)),
    RenderingRow {
        echoes_own_messages: true,
        json: true,
        ..row(Rendering::WebSocket, |e, _, out| write_framed(e, out))
    },
];

const fn row(rendering: Rendering, write: fn(&Event<'_>, &Limits, &mut Vec<u8>)) -> RenderingRow {
    RenderingRow { rendering, echoes_own_messages: false, unframed: false, json: false, write }
}

/// Appends the JSON object of an event in one frame, without its newline.
fn write_framed(event: &Event<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    json::write(event, out);
    out.pop();
    websocket::frame_text(start, out);
}

impl Rendering {
    /// Index into tables of [`RENDERINGS`] entries.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The rendering at an index.
    ///
    /// # Panics
    /// If `index` is not below [`RENDERINGS`].
    #[must_use]
    pub fn at(index: usize) -> Rendering {
        TABLE[index].rendering
    }

    /// True if clients get their own messages back.
    #[must_use]
    pub fn echoes_own_messages(self) -> bool {
        TABLE[self.index()].echoes_own_messages
    }

    /// True if each message is one `send` without a newline.
    #[must_use]
    pub fn is_unframed(self) -> bool {
        TABLE[self.index()].unframed
    }

    /// True if messages are JSON objects with labels and numbers, and the client may send command objects.
    #[must_use]
    pub fn is_json(self) -> bool {
        TABLE[self.index()].json
    }

    /// The rendering for rooms that are not the reader's current one.
    #[must_use]
    pub fn elsewhere(self) -> Rendering {
        if self == Rendering::Text { Rendering::TextElsewhere } else { self }
    }

    /// Appends `event` as zero or more whole messages; several where one would be too long. A message is a line with
    /// its newline, or a frame.
    pub fn write(self, event: &Event<'_>, limits: &Limits, out: &mut Vec<u8>) {
        (TABLE[self.index()].write)(event, limits, out);
    }

    /// Appends events that [`Rendering::Json`] has written as lines, as whole messages of this rendering, which must be
    /// one of JSON.
    pub fn write_json_lines(self, lines: &[u8], out: &mut Vec<u8>) {
        if self != Rendering::WebSocket {
            return out.extend_from_slice(lines);
        }
        // JSON escapes the newlines of its strings.
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            websocket::write_text(line, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventKind, OffsetDateTime};

    #[test]
    fn every_rendering_stands_at_its_index() {
        for (i, row) in TABLE.iter().enumerate() {
            assert_eq!(row.rendering.index(), i);
        }
    }

    #[test]
    fn a_frame_has_the_object_of_a_json_line() {
        let limits = Limits::default();
        let events = ["short", "two\nlines", &"long".repeat(100)]
            .map(|text| EventKind::info(text.to_owned()).at(OffsetDateTime::default()));
        let [mut lines, mut frames, mut framed] = [const { Vec::new() }; 3];
        for event in &events {
            Rendering::Json.write(event, &limits, &mut lines);
            Rendering::WebSocket.write(event, &limits, &mut frames);
        }
        let mut expected = Vec::new();
        for line in std::str::from_utf8(&lines).unwrap().lines() {
            websocket::write_text(line.as_bytes(), &mut expected);
        }
        assert_eq!(frames, expected);
        Rendering::WebSocket.write_json_lines(&lines, &mut framed);
        assert_eq!(framed, frames);
        let mut same = Vec::new();
        Rendering::Json.write_json_lines(&lines, &mut same);
        assert_eq!(same, lines);
    }

    #[test]
    fn clients_that_get_json_get_their_own_messages_and_are_framed() {
        for row in TABLE.iter().filter(|row| row.json) {
            assert!(row.echoes_own_messages && !row.unframed, "{:?}", row.rendering);
        }
        assert!(Rendering::Json.is_json() && Rendering::WebSocket.is_json() && !Rendering::LanTalk.is_json());
    }
}
