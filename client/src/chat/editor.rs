//! The message editor: one or several lines, edited by grapheme clusters, which users see as characters.

use super::limits::DRAFT_BYTES;
use super::wrap::CellWidth;
use std::ops::Range;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// A message being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// Byte position of the cursor, always between two grapheme clusters.
    cursor: usize,
    /// Column to which ↑ and ↓ return after a shorter row.
    goal_column: Option<usize>,
    /// Text cut last, which `Yank` inserts.
    kill_buffer: String,
}

/// An edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the edits are what their names say")]
pub enum Edit {
    Left,
    Right,
    WordLeft,
    WordRight,
    /// Moves to the beginning of the line.
    Home,
    /// Moves to the end of the line.
    End,
    /// Inserts a line end.
    NewLine,
    Backspace,
    Delete,
    KillWord,
    KillToStart,
    KillToEnd,
    Yank,
}

impl Editor {
    /// Returns the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text before the cursor.
    #[must_use]
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Replaces the text, and moves the cursor to the end.
    pub fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Returns the text after the cursor.
    #[must_use]
    pub fn after(&self) -> &str {
        &self.text[self.cursor..]
    }

    /// Returns whether the draft has room for `bytes` more, see [`DRAFT_BYTES`].
    #[must_use]
    pub fn fits(&self, bytes: usize) -> bool {
        self.text.len() + bytes <= DRAFT_BYTES
    }

    /// Empties the editor, and returns its text.
    pub fn take(&mut self) -> String {
        self.cursor = 0;
        self.goal_column = None;
        std::mem::take(&mut self.text)
    }

    /// Replaces `range`, which must end at or before the cursor, and moves the cursor after `text`.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        self.goal_column = None;
        let after = self.text.split_off(self.cursor);
        self.text.replace_range(range, text);
        self.cursor = self.text.len();
        self.text.push_str(&after);
        self.snap_to_boundary();
    }

    /// Inserts text at the cursor. Drops the part beyond [`DRAFT_BYTES`].
    pub fn insert(&mut self, text: &str) {
        self.goal_column = None;
        let capacity = DRAFT_BYTES.saturating_sub(self.text.len());
        let text = &text[..text.floor_char_boundary(capacity.min(text.len()))];
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
        self.snap_to_boundary();
    }

    /// Carries out an edit.
    pub fn edit(&mut self, edit: Edit) {
        self.goal_column = None;
        let end = self.text.len();
        match edit {
            Edit::Left => self.cursor = self.boundary(false),
            Edit::Right => self.cursor = self.boundary(true),
            Edit::WordLeft => self.cursor = self.word_left(),
            Edit::WordRight => self.cursor = self.word_right(),
            Edit::Home => self.cursor = self.before().rfind('\n').map_or(0, |at| at + 1),
            Edit::End => self.cursor = self.after().find('\n').map_or(end, |at| self.cursor + at),
            Edit::NewLine => self.insert("\n"),
            Edit::Backspace => self.remove(self.boundary(false)..self.cursor),
            Edit::Delete => self.remove(self.cursor..self.boundary(true)),
            Edit::KillWord => self.kill(self.word_left()..self.cursor),
            Edit::KillToStart => self.kill(0..self.cursor),
            Edit::KillToEnd => self.kill(self.cursor..end),
            Edit::Yank => self.insert(&self.kill_buffer.clone()),
        }
    }

    /// Moves one row up, or down if not `up`, in rows of `width` cells. Returns `false` if there is no such row.
    pub fn move_row(&mut self, up: bool, width: usize) -> bool {
        let (rows, (row, cell)) = self.rows(width);
        let next = if up { row.checked_sub(1) } else { Some(row + 1) };
        let Some((next, range)) = next.and_then(|next| Some((next, rows.get(next)?.clone()))) else { return false };
        let goal = self.goal_column.unwrap_or(cell);
        let mut cells = 0;
        let within = |grapheme: &(usize, &str)| {
            cells += grapheme.1.cell_width();
            cells <= goal
        };
        let passed = self.text[range.clone()].grapheme_indices(true).take_while(within).last();
        self.cursor = passed.map_or(range.start, |(at, grapheme)| range.start + at + grapheme.len());
        // The position after the last cluster of a wrapped row belongs to the next row: stay in this one.
        if rows.get(next + 1).is_some_and(|below| below.start == self.cursor) {
            self.cursor = self.boundary(false);
        }
        self.goal_column = Some(goal);
        true
    }

    /// Returns the text in rows of at most `width` cells, without line ends, and the row and column of the cursor.
    #[must_use]
    pub fn rows(&self, width: usize) -> (Vec<Range<usize>>, (usize, usize)) {
        let width = width.max(2);
        let mut rows = Vec::new();
        let mut start = 0;
        let mut cells = 0;
        let mut cursor = None;
        for (at, grapheme) in self.text.grapheme_indices(true) {
            if grapheme == "\n" {
                if at == self.cursor {
                    cursor = Some((rows.len(), cells));
                }
                rows.push(start..at);
                start = at + 1;
                cells = 0;
                continue;
            }
            let wide = grapheme.cell_width();
            if cells + wide > width {
                rows.push(start..at);
                start = at;
                cells = 0;
            }
            if at == self.cursor {
                cursor = Some((rows.len(), cells));
            }
            cells += wide;
        }
        // If the last row is full, the cursor after it needs another row.
        if cells >= width {
            rows.push(start..self.text.len());
            start = self.text.len();
            cells = 0;
        }
        let cursor = cursor.unwrap_or((rows.len(), cells));
        rows.push(start..self.text.len());
        (rows, cursor)
    }

    /// Moves the cursor out of a grapheme cluster: an edit may have joined two of them, as an accent joins a letter.
    fn snap_to_boundary(&mut self) {
        let mut cursor = GraphemeCursor::new(self.cursor, self.text.len(), true);
        if !cursor.is_boundary(&self.text, 0).unwrap_or(true) {
            self.cursor = self.boundary(true);
        }
    }

    /// Returns the next boundary between grapheme clusters, or the previous one.
    fn boundary(&self, forward: bool) -> usize {
        let mut cursor = GraphemeCursor::new(self.cursor, self.text.len(), true);
        let (found, edge) = if forward {
            (cursor.next_boundary(&self.text, 0), self.text.len())
        } else {
            (cursor.prev_boundary(&self.text, 0), 0)
        };
        found.ok().flatten().unwrap_or(edge)
    }

    fn word_left(&self) -> usize {
        let words = self.text.unicode_word_indices().map(|(start, _)| start);
        words.take_while(|start| *start < self.cursor).last().unwrap_or(0)
    }

    fn word_right(&self) -> usize {
        let ends = self.text.unicode_word_indices().map(|(start, word)| start + word.len());
        ends.into_iter().find(|end| *end > self.cursor).unwrap_or(self.text.len())
    }

    fn kill(&mut self, range: Range<usize>) {
        self.kill_buffer = self.text[range.clone()].to_owned();
        self.remove(range);
    }

    fn remove(&mut self, range: Range<usize>) {
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.snap_to_boundary();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(text: &str, edits: &[Edit]) -> Editor {
        let mut editor = Editor::default();
        editor.insert(text);
        edits.iter().for_each(|edit| editor.edit(*edit));
        editor
    }

    #[test]
    fn edits_move_by_grapheme_clusters() {
        let family = "a👩‍👩‍👧é";
        assert_eq!(typed(family, &[Edit::Backspace, Edit::Backspace]).text(), "a");
        assert_eq!(typed(family, &[Edit::Left, Edit::Left]).before(), "a");
        assert_eq!(typed(family, &[Edit::Home, Edit::Delete]).text(), "👩‍👩‍👧é");
    }

    #[test]
    fn words_are_killed_and_yanked() {
        let mut editor = typed("hello wide world", &[Edit::KillWord]);
        assert_eq!(editor.text(), "hello wide ");
        editor.edit(Edit::Home);
        editor.edit(Edit::Yank);
        assert_eq!(editor.text(), "worldhello wide ");
        assert_eq!(typed("one two", &[Edit::WordLeft, Edit::KillToStart]).text(), "two");
        assert_eq!(typed("one two", &[Edit::Home, Edit::WordRight, Edit::KillToEnd]).text(), "one");
    }

    #[test]
    fn rows_break_where_the_next_character_does_not_fit() {
        let editor = typed("日本語x", &[]);
        assert_eq!(editor.rows(5), (vec![0..6, 6..10], (1, 3)));
        assert_eq!(typed("abcd", &[]).rows(4).1, (1, 0), "the cursor after a full row is in the next one");
        assert_eq!(typed("abcd", &[Edit::Left]).rows(4).1, (0, 3));
        assert_eq!(typed("", &[]).rows(4).1, (0, 0));
    }

    #[test]
    fn a9_home_and_end_move_within_the_line() {
        let mut editor = typed("if x:", &[Edit::NewLine]);
        editor.insert("    y");
        assert_eq!(editor.rows(20), (vec![0..5, 6..11], (1, 5)));
        editor.edit(Edit::Home);
        assert_eq!(editor.before(), "if x:\n");
        editor.edit(Edit::Left);
        assert_eq!(editor.rows(20).1, (0, 5));
        editor.edit(Edit::Home);
        editor.edit(Edit::End);
        assert_eq!((editor.before(), editor.after()), ("if x:", "\n    y"));
        editor.edit(Edit::Delete);
        assert_eq!(editor.text(), "if x:    y");
        assert_eq!(typed("ab\ncd\n", &[]).rows(2), (vec![0..2, 3..5, 6..6], (2, 0)));
        assert_eq!(typed("ab\n", &[Edit::Left]).rows(2).1, (0, 2), "at the end of a full row");
    }

    #[test]
    fn a9_the_cursor_keeps_its_column_up_and_down() {
        let mut editor = typed("a long line\nab\nanother one", &[]);
        let mut moved = |up| editor.move_row(up, 20).then(|| editor.rows(20).1);
        assert_eq!(moved(false), None, "that is the last row");
        assert_eq!([moved(true), moved(true), moved(true)], [Some((1, 2)), Some((0, 11)), None]);
        assert_eq!([moved(false), moved(false)], [Some((1, 2)), Some((2, 11))]);
        let mut wrapped = typed("abcdefgh日", &[]);
        let mut moved = |up| wrapped.move_row(up, 4).then(|| wrapped.rows(4).1);
        assert_eq!([moved(true), moved(true), moved(true)], [Some((1, 2)), Some((0, 2)), None]);
        let mut full = typed("abcd\nabcdef", &[Edit::Left, Edit::Left, Edit::Left]);
        assert_eq!((full.rows(4).1, full.move_row(true, 4), full.rows(4).1), ((1, 3), true, (0, 3)));
    }

    #[test]
    fn the_text_is_bounded() {
        assert!(typed(&"ä".repeat(DRAFT_BYTES), &[]).text().len() <= DRAFT_BYTES);
    }

    fn edit() -> impl Strategy<Value = Edit> {
        use Edit::*;
        prop::sample::select(vec![
            Left,
            Right,
            WordLeft,
            WordRight,
            Home,
            End,
            NewLine,
            Backspace,
            Delete,
            KillWord,
            KillToStart,
            KillToEnd,
            Yank,
        ])
    }

    proptest! {
        #[test]
        fn rows_show_the_whole_text_after_any_edits(
            steps in prop::collection::vec(("[a-c 日👍\u{301}\n]{0,8}|\\PC*", edit(), any::<bool>()), 0..30),
            width in 0usize..20,
        ) {
            let mut editor = Editor::default();
            for (text, edit, up) in steps {
                editor.insert(&text);
                editor.edit(edit);
                editor.move_row(up, width);
                let (rows, (row, cell)) = editor.rows(width);
                prop_assert!(editor.text().is_char_boundary(editor.before().len()));
                prop_assert!(row < rows.len() && cell <= width.max(2));
                let shown: String = rows.iter().map(|row| &editor.text()[row.clone()]).collect();
                prop_assert_eq!(shown.replace('\n', ""), editor.text().replace('\n', ""));
            }
        }
    }
}
