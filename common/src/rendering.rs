//! The table of renderings: each form in which events are written to clients.

use crate::event::Event;
use crate::limits::{Limits, count};
use crate::text::Dialect;
use crate::{json, lantalk, text};

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
}

/// The properties of one rendering.
struct RenderingRow {
    rendering: Rendering,
    /// Clients get their own messages back.
    echoes_own_messages: bool,
    /// Each message is one `send` without a newline.
    unframed: bool,
    write: fn(&Event<'_>, &Limits, &mut Vec<u8>),
}

/// Number of renderings.
pub const RENDERINGS: usize = 6;

static TABLE: [RenderingRow; RENDERINGS] = [
    row(Rendering::Text, false, false, |e, l, out| text::write(e, Dialect::Lines, count(l.list_bytes), out)),
    row(Rendering::TextElsewhere, false, false, |e, l, out| {
        text::write(e, Dialect::Elsewhere, count(l.list_bytes), out)
    }),
    row(Rendering::TcpChat, true, true, |e, l, out| text::write(e, Dialect::TcpChat, count(l.unframed_bytes), out)),
    row(Rendering::Chat77, false, true, |e, l, out| text::write(e, Dialect::Chat77, count(l.unframed_bytes), out)),
    row(Rendering::Json, true, false, |e, _, out| json::write(e, out)),
    row(Rendering::LanTalk, false, false, |e, l, out| lantalk::write(e, count(l.list_bytes), out)),
];

const fn row(
    rendering: Rendering,
    echoes_own_messages: bool,
    unframed: bool,
    write: fn(&Event<'_>, &Limits, &mut Vec<u8>),
) -> RenderingRow {
    RenderingRow { rendering, echoes_own_messages, unframed, write }
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

    /// The rendering for rooms that are not the reader's current one.
    #[must_use]
    pub fn elsewhere(self) -> Rendering {
        if self == Rendering::Text { Rendering::TextElsewhere } else { self }
    }

    /// Appends `event` as zero or more lines, each ended by a newline; several where one would be too long.
    pub fn write(self, event: &Event<'_>, limits: &Limits, out: &mut Vec<u8>) {
        (TABLE[self.index()].write)(event, limits, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rendering_stands_at_its_index() {
        for (i, row) in TABLE.iter().enumerate() {
            assert_eq!(row.rendering.index(), i);
        }
    }
}
