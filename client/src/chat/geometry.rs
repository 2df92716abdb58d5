//! Divides the screen by its size. The view draws by it, and the model scrolls by it.

/// Width of the screen from which the sidebar is shown.
const SIDEBAR_FROM: usize = 48;
/// Width of the screen from which the member list is shown.
const PEOPLE_FROM: usize = 92;
/// Width of a conversation from which names have a column; below, they stand in front of the text.
const COLUMN_FROM: usize = 60;
/// Width of text. In longer rows the eye loses the next one.
const MAX_TEXT_WIDTH: usize = 110;
/// Rows of a conversation from which a pinned message is shown above it.
const PIN_FROM: usize = 8;
/// Width of an overlay with its frame.
pub const MAX_OVERLAY_WIDTH: usize = 96;

/// The parts of the screen, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Width of the screen.
    pub width: usize,
    /// Height of the screen.
    pub height: usize,
    /// Width of the sidebar with the conversations; 0 if hidden.
    pub sidebar: usize,
    /// Width of the member list; 0 if hidden.
    pub people: usize,
    /// Width of the conversation.
    pub conversation: usize,
    /// Rows of the conversation, without its title and the pinned message.
    pub rows: usize,
    /// Rows of the pinned message: 1, or 0 without one.
    pub pin: usize,
    /// Rows of the input.
    pub input: usize,
    /// Columns of the conversation.
    pub columns: Columns,
}

/// The columns of a conversation: time, mark, name, text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Position of the time.
    pub time: usize,
    /// Position of the mark for the kind of line.
    pub mark: usize,
    /// Position of the name.
    pub name: usize,
    /// Width of the name column; 0 if names stand in front of the text.
    pub name_width: usize,
    /// Position of the text.
    pub indent: usize,
    /// Width of the text.
    pub text: usize,
}

impl Geometry {
    /// Returns the geometry of a screen whose input needs `input` rows. Only rooms have a member list.
    #[must_use]
    pub fn of(width: usize, height: usize, input: usize, in_room: bool) -> Geometry {
        let sidebar = match width {
            0..SIDEBAR_FROM => 0,
            SIDEBAR_FROM..80 => 14,
            80..110 => 18,
            _ => 20,
        };
        let people = match width {
            0..PEOPLE_FROM => 0,
            _ if !in_room => 0,
            PEOPLE_FROM..110 => 15,
            _ => 18,
        };
        let rules = usize::from(sidebar > 0) + usize::from(people > 0);
        let conversation = width.saturating_sub(sidebar + people + rules);
        let input = input.clamp(1, (height / 4).max(1));
        // Two rows are for the title and the status line.
        let rows = height.saturating_sub(input + 2);
        let columns = Columns::of(conversation);
        Geometry { width, height, sidebar, people, conversation, rows, pin: 0, input, columns }
    }

    /// Returns the geometry with a row for a pinned message, if the screen has space for one.
    #[must_use]
    pub fn with_pin(self) -> Geometry {
        let pin = usize::from(self.rows >= PIN_FROM);
        Geometry { rows: self.rows - pin, pin, ..self }
    }

    /// Returns the inner width and height of an overlay. It covers the conversation, up to [`MAX_OVERLAY_WIDTH`], and has a
    /// frame and a margin.
    #[must_use]
    pub fn overlay(&self) -> (usize, usize) {
        (self.width.min(MAX_OVERLAY_WIDTH).saturating_sub(4), (self.rows + self.pin).saturating_sub(2))
    }

    /// Returns the width of an input row, without the prompt, on a screen of `width`.
    #[must_use]
    pub fn input_width(width: usize) -> usize {
        width.saturating_sub(PROMPT + 1).max(2)
    }
}

/// Width of the prompt.
pub const PROMPT: usize = 2;

impl Columns {
    /// Returns the columns of a conversation of `width` cells.
    #[must_use]
    pub fn of(width: usize) -> Columns {
        let name_width = match width {
            0..COLUMN_FROM => 0,
            COLUMN_FROM..76 => 10,
            _ => 14,
        };
        // Leave a margin on a wide screen.
        let time = usize::from(name_width > 0);
        let mark = time + "hh:mm".len();
        let name = mark + 2;
        // A rule separates the name column from the text.
        let indent = name + if name_width > 0 { name_width + 3 } else { 0 };
        Columns {
            time,
            mark,
            name,
            name_width,
            indent,
            text: width.saturating_sub(indent + 1).clamp(2, MAX_TEXT_WIDTH),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_screen() {
        for width in 0..300 {
            for in_room in [false, true] {
                let g = Geometry::of(width, 24, 1, in_room);
                let rules = usize::from(g.sidebar > 0) + usize::from(g.people > 0);
                assert_eq!(g.sidebar + g.people + rules + g.conversation, width);
                assert_eq!(g.rows + g.input + 2, 24);
            }
        }
    }

    #[test]
    fn narrow_screens_hide_the_lists() {
        let small = Geometry::of(60, 15, 1, true);
        assert_eq!((small.sidebar, small.people, small.rows, small.columns.name_width), (14, 0, 12, 0));
        assert_eq!(Geometry::of(40, 10, 1, true).sidebar, 0);
        let large = Geometry::of(120, 40, 2, true);
        assert_eq!((large.sidebar, large.people, large.rows, large.columns.name_width), (20, 18, 36, 14));
        assert_eq!(Geometry::of(80, 8, 7, true).input, 2, "the input never takes more than a quarter");
        assert_eq!(Geometry::of(0, 0, 1, true).rows, 0);
    }
}
