//! Breaks text into rows by its width on a terminal.

use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Marks that must not begin a row, in scripts written without blanks.
const CLOSING: [char; 14] = ['。', '、', '，', '．', '！', '？', '：', '；', '）', '」', '』', '】', '》', '…'];

/// Halfwidth dakuten and handakuten. Unicode counts them as zero-width marks, but terminals give each a cell.
const HALFWIDTH_MARKS: [char; 2] = ['\u{ff9e}', '\u{ff9f}'];

/// Width of a text in terminal cells.
pub trait CellWidth {
    /// Returns the sum of the widths of all grapheme clusters.
    fn cell_width(&self) -> usize;
}

impl CellWidth for str {
    fn cell_width(&self) -> usize {
        // The width of the whole text would count the two letters of an Arabic ligature as one cell.
        let clusters: usize = self.graphemes(true).map(UnicodeWidthStr::width).sum();
        clusters + self.matches(HALFWIDTH_MARKS).count()
    }
}

/// Breaks `text` into at least one row: the first of at most `first` cells, the others of at most `width`. Each line
/// begins a row. Lines that are too long break at blanks if possible, and never within a grapheme cluster. Limits below
/// two cells count as two.
#[must_use]
pub fn wrap(text: &str, first: usize, width: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut limit) = (0, first.max(2));
    for line in text.split('\n') {
        let line_end = start + line.len();
        while let Some(end) = row_end(&text[start..line_end], limit) {
            rows.push(trimmed(text, start..start + end));
            (start, limit) = (start + end, width.max(2));
        }
        rows.push(trimmed(text, start..line_end));
        (start, limit) = (line_end + 1, width.max(2));
    }
    rows
}

/// Returns the end of the first row of `text`, or `None` if all of it fits. The row ends after the last blank that fits,
/// but not within the indentation; without such a blank, it ends within a word.
fn row_end(text: &str, limit: usize) -> Option<usize> {
    let indentation = text.len() - text.trim_start_matches(' ').len();
    let (mut cells, mut space, mut last) = (0, None, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        cells += grapheme.cell_width();
        // Trailing blanks are trimmed from a row, so they always fit.
        if grapheme == " " {
            space = (at >= indentation).then_some(at + 1);
        } else if cells > limit && at > 0 {
            // Let a closing mark take the cluster before it to the next row.
            let closes = grapheme.starts_with(CLOSING) && last > 0;
            return space.or(Some(if closes { last } else { at }));
        }
        last = at;
    }
    None
}

fn trimmed(text: &str, row: Range<usize>) -> Range<usize> {
    row.start..row.start + text[row].trim_end_matches(' ').len()
}

/// Returns `text` cut to `width` cells. If it is cut, it ends with an ellipsis.
#[must_use]
pub fn truncated(text: &str, width: usize) -> String {
    if text.cell_width() <= width {
        return text.to_owned();
    }
    let mut cells = 0;
    let fits = |grapheme: &&str| {
        cells += grapheme.cell_width();
        cells < width
    };
    let mut out: String = text.graphemes(true).take_while(fits).collect();
    if width > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str, first: usize, width: usize) -> Vec<&str> {
        wrap(text, first, width).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn rows_break_between_words() {
        assert_eq!(rows("the quick brown fox", 9, 10), ["the quick", "brown fox"]);
        assert_eq!(rows("the quick brown fox", 4, 10), ["the", "quick", "brown fox"]);
        assert_eq!(rows("", 5, 5), [""]);
        assert_eq!(rows("ab   ", 2, 2), ["ab"]);
    }

    #[test]
    fn a9_each_line_begins_a_row_and_keeps_its_indentation() {
        assert_eq!(rows("if x:\n    y\n\nz", 8, 8), ["if x:", "    y", "", "z"]);
        assert_eq!(rows("a b\nthe quick", 2, 10), ["a", "b", "the quick"]);
        assert_eq!(rows("    long word", 9, 9), ["    long", "word"]);
        assert_eq!(rows("    longerword", 8, 8), ["    long", "erword"]);
        assert_eq!(rows("         x", 4, 4), ["", "x"], "blanks alone fill a row");
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(rows("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
        assert_eq!(rows("a bcdefghij", 4, 4), ["a", "bcde", "fghi", "j"]);
    }

    #[test]
    fn widths_are_terminal_cells() {
        assert_eq!(rows("日本語日本語", 5, 5), ["日本", "語日", "本語"]);
        assert_eq!(rows("日本語日。", 8, 8), ["日本語", "日。"], "a closing mark does not begin a row");
        assert_eq!(rows("👩‍👩‍👧👩‍👩‍👧", 3, 3), ["👩‍👩‍👧", "👩‍👩‍👧"]);
        assert_eq!(truncated("日本語", 5), "日本…");
        assert_eq!(truncated("abc", 3), "abc");
        assert_eq!(truncated("abcd", 3), "ab…");
    }

    proptest! {
        #[test]
        fn wrapping_loses_no_text_and_keeps_to_the_width(text in "[a-c 日👍é\n]{0,60}", first in 2usize..12, width in 2usize..12) {
            let rows = wrap(&text, first, width);
            let joined: String = rows.iter().map(|row| &text[row.clone()]).collect();
            prop_assert!(rows.len() > text.matches('\n').count() && !joined.contains('\n'));
            prop_assert_eq!(joined.replace(' ', ""), text.replace([' ', '\n'], ""));
            for (at, row) in rows.iter().enumerate() {
                let limit = if at == 0 { first } else { width };
                prop_assert!(text[row.clone()].cell_width() <= limit);
            }
        }

        #[test]
        fn truncated_text_keeps_to_the_width(text in any::<String>(), width in 0usize..20) {
            prop_assert!(truncated(&text, width).cell_width() <= width);
        }
    }
}
