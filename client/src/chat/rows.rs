//! Lays lines out in rows. The view draws the rows, and the model scrolls by them, so that both always agree.

use super::conversation::{Anchor, Conversation};
use super::geometry::Columns;
use super::line::{Body, ChatMessage, Delivery, Line};
use super::wrap::{CellWidth, wrap};
use crate::engine::Zone;
use std::borrow::Cow;
use std::ops::Range;

/// The layout of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineLayout<'l> {
    /// Rules above the line.
    pub separators: Separators,
    /// True if the name is shown, at the beginning of a group.
    pub shows_name: bool,
    /// True if the time is shown.
    pub shows_time: bool,
    /// Text.
    pub text: Cow<'l, str>,
    /// Rows, as ranges of the text.
    pub rows: Vec<Range<usize>>,
    /// Indent of the first row, for what stands in front of the text.
    pub first_indent: usize,
    /// Rows below the text, with the reason for which it was not sent.
    pub failure_rows: Vec<String>,
}

/// Rules above a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Separators {
    /// Day that begins, in days since 1970.
    pub day: Option<i64>,
    /// True above the first unread line.
    pub new: bool,
}

impl LineLayout<'_> {
    /// Returns the number of rows, with separators.
    #[must_use]
    pub fn height(&self) -> usize {
        usize::from(self.separators.day.is_some())
            + usize::from(self.separators.new)
            + self.rows.len()
            + self.failure_rows.len()
    }
}

/// Parameters of the layout, equal for all lines of the screen.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Columns.
    pub columns: Columns,
    /// Time zone of times and days.
    pub zone: Zone,
}

impl Layout {
    /// Returns the local minute of a time, in minutes since 1970.
    fn minute(self, at: i64) -> i64 {
        (at + i64::from(self.zone.at(at).offset_s) * 1_000).div_euclid(60_000)
    }

    /// Returns the local day of a time, in days since 1970.
    fn day(self, at: i64) -> i64 {
        self.minute(at).div_euclid(24 * 60)
    }

    /// Returns the layout of the line at `index`.
    #[must_use]
    pub fn line_layout(self, conversation: &Conversation, index: usize) -> LineLayout<'_> {
        self.lay_out(conversation, index, false)
    }

    /// Returns the layout of the line at `index` with its name, for the first line of the screen.
    #[must_use]
    pub fn line_layout_with_name(self, conversation: &Conversation, index: usize) -> LineLayout<'_> {
        self.lay_out(conversation, index, true)
    }

    fn lay_out(self, conversation: &Conversation, index: usize, shows_name: bool) -> LineLayout<'_> {
        let lines = conversation.lines();
        let line = &lines[index];
        let before = index.checked_sub(1).map(|index| &lines[index]);
        let day = self.day(line.at);
        let separators = Separators {
            day: before.is_none_or(|before| self.day(before.at) != day).then_some(day),
            new: conversation.marker == Some(line.key) && before.is_some(),
        };
        let shows_name = shows_name || separators != Separators::default() || conversation.begins_group(index);
        // Show the time also beside a message of several rows: it tells where the message ends.
        let is_apart = |before: &Line| {
            self.minute(before.at) != self.minute(line.at) || self.is_long(before) || self.is_long(line)
        };
        let shows_time = shows_name || before.is_none_or(is_apart);
        let (text, first_indent, failure_rows) = match &line.body {
            Body::Message(message) => {
                (message.shown_text(), self.indent_of_first_row(message, shows_name), self.failure_rows(message))
            }
            Body::Presence(presence) => (Cow::Owned(presence.sentence()), self.sign_width(), Vec::new()),
            Body::Notice { text, .. } | Body::Removed(text) => (Cow::Borrowed(&**text), self.sign_width(), Vec::new()),
        };
        let width = self.columns.text;
        let rows = wrap(&text, width.saturating_sub(first_indent), width);
        LineLayout { separators, shows_name, shows_time, text, rows, first_indent, failure_rows }
    }

    /// Returns whether a line is a message of several rows.
    fn is_long(self, line: &Line) -> bool {
        line.message()
            .is_some_and(|message| message.text.contains('\n') || message.shown_text().cell_width() > self.columns.text)
    }

    /// Returns the width of the sign before a notice. With a name column, the sign stands there.
    fn sign_width(self) -> usize {
        if self.columns.name_width == 0 { 2 } else { 0 }
    }

    /// Returns the width of room and name in front of a message.
    fn indent_of_first_row(self, message: &ChatMessage, named: bool) -> usize {
        let room = message.room.as_deref().map_or(0, |room| room.cell_width() + 3);
        let name = if self.columns.name_width == 0 && named { shown_name(&message.user).cell_width() + 2 } else { 0 };
        (room + name).min(self.columns.text / 2)
    }

    fn failure_rows(self, message: &ChatMessage) -> Vec<String> {
        let Delivery::Failed(why) = &message.delivery else { return Vec::new() };
        let text = format!("not sent: {why}");
        wrap(&text, self.columns.text, self.columns.text).into_iter().map(|row| text[row].to_owned()).collect()
    }
}

/// Returns a name, cut to its width in front of a text.
#[must_use]
pub fn shown_name(user: &str) -> String {
    super::wrap::truncated(user, 16)
}

impl Conversation {
    /// Returns the index of the last line on the screen, and the number of its rows below the edge.
    #[must_use]
    pub fn bottom(&self) -> (usize, usize) {
        let at_end = (self.lines().len().saturating_sub(1), 0);
        let Some(anchor) = self.scroll else { return at_end };
        self.position(anchor.key).map_or(at_end, |index| (index, anchor.rows_below))
    }

    /// Scrolls `by` rows back, or forward if not `back`, on a screen of `height` rows. Returns `true` if it reached the
    /// beginning.
    pub fn scroll_by(&mut self, layout: Layout, height: usize, back: bool, by: usize) -> bool {
        if self.lines().is_empty() {
            return back;
        }
        let (mut index, mut rows_below) = self.bottom();
        let height_of = |conversation: &Conversation, index: usize| layout.line_layout(conversation, index).height();
        let mut left = by;
        if back {
            rows_below += left;
            while rows_below >= height_of(self, index) && index > 0 {
                rows_below -= height_of(self, index);
                index -= 1;
            }
            rows_below = rows_below.min(height_of(self, index) - 1);
            let reached_beginning = self.fill_screen(layout, height, &mut index, &mut rows_below);
            self.set_bottom(index, rows_below);
            return reached_beginning;
        }
        while left > rows_below && index + 1 < self.lines().len() {
            left -= rows_below;
            index += 1;
            rows_below = height_of(self, index);
        }
        rows_below = rows_below.saturating_sub(left);
        self.set_bottom(index, rows_below);
        false
    }

    /// Moves the bottom down until no row above the first line is empty. Returns whether the first line is at the top.
    fn fill_screen(&self, layout: Layout, height: usize, index: &mut usize, rows_below: &mut usize) -> bool {
        let mut above = layout.line_layout(self, *index).height().saturating_sub(*rows_below);
        let mut first = *index;
        while above < height && first > 0 {
            first -= 1;
            above += layout.line_layout(self, first).height();
        }
        let mut missing = height.saturating_sub(above);
        let reached_beginning = first == 0 && above <= height;
        while missing > 0 {
            let down = missing.min(*rows_below);
            *rows_below -= down;
            missing -= down;
            if missing == 0 || *index + 1 >= self.lines().len() {
                break;
            }
            *index += 1;
            *rows_below = layout.line_layout(self, *index).height();
        }
        reached_beginning
    }

    /// Stores the position, or none at the end, where the screen follows new lines.
    fn set_bottom(&mut self, index: usize, rows_below: usize) {
        let at_end = index + 1 == self.lines().len() && rows_below == 0;
        self.scroll = if at_end { None } else { Some(Anchor { key: self.lines()[index].key, rows_below }) };
        if at_end {
            self.new_below = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::conversation::ConversationId;

    fn room(texts: &[(&str, i64, &str)]) -> Conversation {
        let mut room = Conversation::new(ConversationId::room("ops"), "ops");
        for (key, (user, at, text)) in (0..).zip(texts) {
            let message = ChatMessage::received(user, text);
            room.insert(Line { key, id: Some(key), at: at * 60_000, body: Body::Message(message) }, false);
        }
        room
    }

    const LAYOUT: Layout = Layout {
        columns: Columns { time: 0, mark: 5, name: 7, name_width: 10, indent: 20, text: 10 },
        zone: Zone::new(|_| 0),
    };

    #[test]
    fn a_group_shows_its_name_once() {
        let room = room(&[("ann", 0, "a"), ("ann", 0, "b"), ("ann", 3, "c"), ("bob", 3, "d"), ("bob", 9, "e")]);
        let laid: Vec<_> =
            (0..5).map(|i| LAYOUT.line_layout(&room, i)).map(|laid| (laid.shows_name, laid.shows_time)).collect();
        assert_eq!(laid, [(true, true), (false, false), (false, true), (true, true), (true, true)]);
    }

    #[test]
    fn a_new_day_and_the_first_unread_line_have_a_separator() {
        let mut room = room(&[("ann", 0, "a"), ("ann", 24 * 60 - 1, "b"), ("ann", 24 * 60, "c")]);
        room.marker = Some(1);
        let above: Vec<_> = (0..3).map(|i| LAYOUT.line_layout(&room, i).separators).collect();
        assert_eq!(above[0], Separators { day: Some(0), new: false });
        assert_eq!(above[1], Separators { day: None, new: true });
        assert_eq!(above[2], Separators { day: Some(1), new: false });
        let east = Layout { zone: Zone::new(|_| 3_600), ..LAYOUT };
        assert_eq!(east.line_layout(&room, 1).separators.day, Some(1));
    }

    #[test]
    fn d9_a_day_begins_by_the_offset_valid_at_its_time() {
        const HOUR: i64 = 60;
        // Summer time, of two hours, ends at 48:00 UTC.
        let zone = Zone::new(|ms| if ms < 48 * HOUR * 60_000 { 7_200 } else { 3_600 });
        let room = room(&[("ann", 21 * HOUR, "23:00"), ("ann", 22 * HOUR, "0:00"), ("ann", 70 * HOUR, "71:00")]);
        let days: Vec<_> = (0..3).map(|i| Layout { zone, ..LAYOUT }.line_layout(&room, i).separators.day).collect();
        assert_eq!(days, [Some(0), Some(1), Some(2)]);
        assert_eq!(zone.at(22 * HOUR * 60_000).clock().to_string(), "00:00");
    }

    #[test]
    fn an_action_names_its_user() {
        let room = room(&[("ann", 0, "/me waves"), ("ann", 0, "/mean")]);
        let texts: Vec<_> = (0..2).map(|i| LAYOUT.line_layout(&room, i).text.into_owned()).collect();
        assert_eq!(texts, ["* ann waves", "/mean"]);
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        // One row for the day, then 20 of one row each.
        let mut room = room(&[("ann", 0, "x"); 20]);
        assert!(!room.scroll_by(LAYOUT, 5, true, 5));
        assert_eq!(room.bottom(), (14, 0));
        assert!(!room.scroll_by(LAYOUT, 5, true, 7));
        assert_eq!(room.bottom(), (7, 0));
        assert!(room.scroll_by(LAYOUT, 5, true, 9));
        assert_eq!(room.bottom(), (3, 0), "the first screen is full: the day and four lines");
        room.scroll_by(LAYOUT, 5, false, 10);
        assert_eq!(room.bottom(), (13, 0));
        room.scroll_by(LAYOUT, 5, false, 10);
        assert_eq!((room.bottom(), room.scroll), ((19, 0), None));
    }

    #[test]
    fn long_lines_scroll_row_by_row() {
        let mut room = room(&[("ann", 0, "one two three four five six seven"), ("ann", 0, "x")]);
        assert_eq!(LAYOUT.line_layout(&room, 0).height(), 5);
        room.scroll_by(LAYOUT, 2, true, 2);
        assert_eq!(room.bottom(), (0, 1));
        room.scroll_by(LAYOUT, 2, false, 1);
        assert_eq!(room.bottom(), (0, 0));
        room.scroll_by(LAYOUT, 2, false, 1);
        assert_eq!(room.scroll, None);
    }
}
