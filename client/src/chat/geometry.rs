//! How the screen is divided, by its size alone: the view draws by it, and the model turns pages by it.

/// Narrower than this, the list of rooms is not shown.
const SIDEBAR_FROM: usize = 48;
/// Narrower than this, the list of people is not shown.
const PEOPLE_FROM: usize = 92;
/// Talk narrower than this has the name in front of the text instead of in a column of its own.
const COLUMN_FROM: usize = 60;
/// The widest that text is set, for the eye to find the next row.
const MAX_TEXT_WIDTH: usize = 110;
/// The widest of what lies over the conversation, with its frame.
pub const MAX_OVERLAY_WIDTH: usize = 96;

/// Widths and heights of the parts of the screen, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Of the screen.
    pub width: usize,
    /// Of the screen.
    pub height: usize,
    /// The list of rooms; 0 if it is not shown.
    pub sidebar: usize,
    /// The list of people; 0 if it is not shown.
    pub people: usize,
    /// The conversation.
    pub conversation: usize,
    /// Rows of the conversation, below its title.
    pub rows: usize,
    /// Rows of the input.
    pub input: usize,
    /// How a line is set.
    pub columns: Columns,
}

/// How a line of talk is set: time, mark, name, text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Where the time begins.
    pub time: usize,
    /// Where the mark stands that says what kind of line it is.
    pub mark: usize,
    /// Where the name begins, or its column.
    pub name: usize,
    /// The column of names; 0 if the name stands in front of the text.
    pub name_width: usize,
    /// Where the text begins.
    pub indent: usize,
    /// How wide the text may be.
    pub text: usize,
}

impl Geometry {
    /// The geometry of a screen whose input needs `input` rows; lists of people exist only in rooms.
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
        // The title and the status line.
        let rows = height.saturating_sub(input + 2);
        Geometry { width, height, sidebar, people, conversation, rows, input, columns: Columns::of(conversation) }
    }

    /// Cells and rows inside of what lies over the conversation: all of the screen but the title, the status line and
    /// the input, never wider than the eye likes; with a frame, and a cell beside it.
    #[must_use]
    pub fn overlay(&self) -> (usize, usize) {
        (self.width.min(MAX_OVERLAY_WIDTH).saturating_sub(4), self.rows.saturating_sub(2))
    }

    /// Cells of one row of the input, behind its prompt.
    #[must_use]
    pub fn input_width(width: usize) -> usize {
        width.saturating_sub(PROMPT + 1).max(2)
    }
}

/// Cells of the prompt in front of the input.
pub const PROMPT: usize = 2;

impl Columns {
    /// For a conversation of that width.
    #[must_use]
    pub fn of(width: usize) -> Columns {
        let name_width = match width {
            0..COLUMN_FROM => 0,
            COLUMN_FROM..76 => 10,
            _ => 14,
        };
        // A wide screen has a margin.
        let time = usize::from(name_width > 0);
        let mark = time + "hh:mm".len();
        let name = mark + 2;
        // Behind a column of names stands a rule.
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
    fn narrow_screens_are_left_to_the_talk() {
        let small = Geometry::of(60, 15, 1, true);
        assert_eq!((small.sidebar, small.people, small.rows, small.columns.name_width), (14, 0, 12, 0));
        assert_eq!(Geometry::of(40, 10, 1, true).sidebar, 0);
        let large = Geometry::of(120, 40, 2, true);
        assert_eq!((large.sidebar, large.people, large.rows, large.columns.name_width), (20, 18, 36, 14));
        assert_eq!(Geometry::of(80, 8, 7, true).input, 2, "the input never takes more than a quarter");
        assert_eq!(Geometry::of(0, 0, 1, true).rows, 0);
    }
}
