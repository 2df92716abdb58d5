//! Which rows a line takes on the screen. The view draws these, and the model turns pages by them.

use super::conversation::{Anchor, Conversation};
use super::geometry::Columns;
use super::line::{Body, Delivery, Line, Talk};
use super::wrap::{CellWidth, wrap};
use crate::engine::Zone;
use std::borrow::Cow;
use std::ops::Range;

/// A line, laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Laid<'l> {
    /// Rules above it.
    pub above: Above,
    /// The name is shown (a new group begins).
    pub named: bool,
    /// The time is shown (the one before has another).
    pub timed: bool,
    /// What is written.
    pub text: Cow<'l, str>,
    /// In which rows.
    pub rows: Vec<Range<usize>>,
    /// How far in the first row begins, for a name in front of the text.
    pub hang: usize,
    /// Rows of why it was not sent, below.
    pub why: Vec<String>,
}

/// Rules above a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Above {
    /// A day begins: days since 1970.
    pub day: Option<i64>,
    /// What is new begins.
    pub new: bool,
}

impl Laid<'_> {
    /// How many rows it takes.
    #[must_use]
    pub fn height(&self) -> usize {
        usize::from(self.above.day.is_some()) + usize::from(self.above.new) + self.rows.len() + self.why.len()
    }
}

/// What all lines of one picture have in common.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// How lines are set.
    pub columns: Columns,
    /// The time zone in which times and days are shown.
    pub zone: Zone,
}

impl Layout {
    fn minute(self, at: i64) -> i64 {
        (at + i64::from(self.zone.at(at).offset_s) * 1_000).div_euclid(60_000)
    }

    fn day(self, at: i64) -> i64 {
        self.minute(at).div_euclid(24 * 60)
    }

    /// Lays out the line at `index`.
    #[must_use]
    pub fn lay(self, conversation: &Conversation, index: usize) -> Laid<'_> {
        self.lay_out(conversation, index, false)
    }

    /// The same, with the name in any case.
    #[must_use]
    pub fn lay_named(self, conversation: &Conversation, index: usize) -> Laid<'_> {
        self.lay_out(conversation, index, true)
    }

    fn lay_out(self, conversation: &Conversation, index: usize, named: bool) -> Laid<'_> {
        let lines = conversation.lines();
        let line = &lines[index];
        let before = index.checked_sub(1).map(|index| &lines[index]);
        let day = self.day(line.at);
        let above = Above {
            day: before.is_none_or(|before| self.day(before.at) != day).then_some(day),
            new: conversation.marker == Some(line.key) && before.is_some(),
        };
        let named = named || above != Above::default() || conversation.begins_group(index);
        // Where a message takes several rows, the time says where it ends and the next one begins.
        let is_apart = |before: &Line| {
            self.minute(before.at) != self.minute(line.at) || self.is_long(before) || self.is_long(line)
        };
        let timed = named || before.is_none_or(is_apart);
        let (text, hang, why) = match &line.body {
            Body::Talk(talk) => (Cow::Borrowed(&*talk.text), self.hang(talk, named), self.why(talk)),
            Body::Presence(presence) => (Cow::Owned(presence.sentence()), self.sign(), Vec::new()),
            Body::Notice { text, .. } => (Cow::Borrowed(&**text), self.sign(), Vec::new()),
        };
        let width = self.columns.text;
        let rows = wrap(&text, width.saturating_sub(hang), width);
        Laid { above, named, timed, text, rows, hang, why }
    }

    /// Whether a message takes several rows.
    fn is_long(self, line: &Line) -> bool {
        line.talk().is_some_and(|talk| talk.text.contains('\n') || talk.text.cell_width() > self.columns.text)
    }

    /// Cells that a sign takes in front of the text, where there is no column for it.
    fn sign(self) -> usize {
        if self.columns.nick == 0 { 2 } else { 0 }
    }

    /// Cells that the name takes in front of the text.
    fn hang(self, talk: &Talk, named: bool) -> usize {
        let room = talk.room.as_deref().map_or(0, |room| room.cell_width() + 3);
        let name = if self.columns.nick == 0 && named { shown_name(&talk.user).cell_width() + 2 } else { 0 };
        (room + name).min(self.columns.text / 2)
    }

    fn why(self, talk: &Talk) -> Vec<String> {
        let Delivery::Failed(why) = &talk.delivery else { return Vec::new() };
        let text = format!("not sent: {why}");
        wrap(&text, self.columns.text, self.columns.text).into_iter().map(|row| text[row].to_owned()).collect()
    }
}

/// A name as it stands in front of a text.
#[must_use]
pub fn shown_name(user: &str) -> String {
    super::wrap::cut(user, 16)
}

impl Conversation {
    /// Where the last row is that is shown.
    #[must_use]
    pub fn bottom(&self) -> (usize, usize) {
        let at_end = (self.lines().len().saturating_sub(1), 0);
        let Some(anchor) = self.scroll else { return at_end };
        self.position(anchor.key).map_or(at_end, |index| (index, anchor.cut))
    }

    /// Goes `by` rows back (or forth), on a screen of so many rows. `true` if that was the beginning.
    pub fn turn(&mut self, paper: Layout, rows: usize, back: bool, by: usize) -> bool {
        if self.lines().is_empty() {
            return back;
        }
        let (mut index, mut cut) = self.bottom();
        let height = |conversation: &Conversation, index: usize| paper.lay(conversation, index).height();
        let mut left = by;
        if back {
            cut += left;
            while cut >= height(self, index) && index > 0 {
                cut -= height(self, index);
                index -= 1;
            }
            cut = cut.min(height(self, index) - 1);
            let hit = self.fill(paper, rows, &mut index, &mut cut);
            self.rest(index, cut);
            return hit;
        }
        while left > cut && index + 1 < self.lines().len() {
            left -= cut;
            index += 1;
            cut = height(self, index);
        }
        cut = cut.saturating_sub(left);
        self.rest(index, cut);
        false
    }

    /// The first row is at the top, and no emptiness above it: moves the bottom down until the screen is full.
    fn fill(&self, paper: Layout, rows: usize, index: &mut usize, cut: &mut usize) -> bool {
        let mut above = paper.lay(self, *index).height().saturating_sub(*cut);
        let mut first = *index;
        while above < rows && first > 0 {
            first -= 1;
            above += paper.lay(self, first).height();
        }
        let mut missing = rows.saturating_sub(above);
        let hit = first == 0 && above <= rows;
        while missing > 0 {
            let down = missing.min(*cut);
            *cut -= down;
            missing -= down;
            if missing == 0 || *index + 1 >= self.lines().len() {
                break;
            }
            *index += 1;
            *cut = paper.lay(self, *index).height();
        }
        hit
    }

    fn rest(&mut self, index: usize, cut: usize) {
        let at_end = index + 1 == self.lines().len() && cut == 0;
        self.scroll = if at_end { None } else { Some(Anchor { key: self.lines()[index].key, cut }) };
        if at_end {
            self.below = 0;
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
            let (user, text) = ((*user).into(), (*text).into());
            let talk = Talk { user, text, room: None, mention: false, private: false, delivery: Delivery::Heard };
            room.insert(Line { key, id: Some(key), at: at * 60_000, body: Body::Talk(talk) }, false);
        }
        room
    }

    const PAPER: Layout = Layout {
        columns: Columns { time: 0, mark: 5, name: 7, nick: 10, indent: 20, text: 10 },
        zone: Zone::new(|_| 0),
    };

    #[test]
    fn messages_of_one_person_are_a_group() {
        let room = room(&[("ann", 0, "a"), ("ann", 0, "b"), ("ann", 3, "c"), ("bob", 3, "d"), ("bob", 9, "e")]);
        let laid: Vec<_> = (0..5).map(|i| PAPER.lay(&room, i)).map(|laid| (laid.named, laid.timed)).collect();
        assert_eq!(laid, [(true, true), (false, false), (false, true), (true, true), (true, true)]);
    }

    #[test]
    fn a_new_day_and_what_is_new_have_a_rule() {
        let mut room = room(&[("ann", 0, "a"), ("ann", 24 * 60 - 1, "b"), ("ann", 24 * 60, "c")]);
        room.marker = Some(1);
        let above: Vec<_> = (0..3).map(|i| PAPER.lay(&room, i).above).collect();
        assert_eq!(above[0], Above { day: Some(0), new: false });
        assert_eq!(above[1], Above { day: None, new: true });
        assert_eq!(above[2], Above { day: Some(1), new: false });
        let east = Layout { zone: Zone::new(|_| 3_600), ..PAPER };
        assert_eq!(east.lay(&room, 1).above.day, Some(1));
    }

    #[test]
    fn d9_a_day_begins_by_the_offset_of_its_own_moments() {
        const HOUR: i64 = 60;
        // Summer time, of two hours, ends at 48:00 UTC.
        let zone = Zone::new(|ms| if ms < 48 * HOUR * 60_000 { 7_200 } else { 3_600 });
        let room = room(&[("ann", 21 * HOUR, "23:00"), ("ann", 22 * HOUR, "0:00"), ("ann", 70 * HOUR, "71:00")]);
        let days: Vec<_> = (0..3).map(|i| Layout { zone, ..PAPER }.lay(&room, i).above.day).collect();
        assert_eq!(days, [Some(0), Some(1), Some(2)]);
        assert_eq!(zone.at(22 * HOUR * 60_000).clock().to_string(), "00:00");
    }

    #[test]
    fn pages_are_turned_by_rows_and_never_beyond_the_ends() {
        // One row for the day, then 20 of one row each.
        let mut room = room(&[("ann", 0, "x"); 20]);
        assert!(!room.turn(PAPER, 5, true, 5));
        assert_eq!(room.bottom(), (14, 0));
        assert!(!room.turn(PAPER, 5, true, 7));
        assert_eq!(room.bottom(), (7, 0));
        assert!(room.turn(PAPER, 5, true, 9));
        assert_eq!(room.bottom(), (3, 0), "the first screen is full: the day and four lines");
        room.turn(PAPER, 5, false, 10);
        assert_eq!(room.bottom(), (13, 0));
        room.turn(PAPER, 5, false, 10);
        assert_eq!((room.bottom(), room.scroll), ((19, 0), None));
    }

    #[test]
    fn long_lines_are_left_row_by_row() {
        let mut room = room(&[("ann", 0, "one two three four five six seven"), ("ann", 0, "x")]);
        assert_eq!(PAPER.lay(&room, 0).height(), 5);
        room.turn(PAPER, 2, true, 2);
        assert_eq!(room.bottom(), (0, 1));
        room.turn(PAPER, 2, false, 1);
        assert_eq!(room.bottom(), (0, 0));
        room.turn(PAPER, 2, false, 1);
        assert_eq!(room.scroll, None);
    }
}
