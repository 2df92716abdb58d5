//! Formats text tables with columns as wide as their widest cell on a terminal.

use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Formats `head` and `rows`, one line each, with two spaces between columns and none at the ends of lines.
#[must_use]
pub fn aligned<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows);
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.width().max(*width);
        }
    }
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(widths) {
            // Pad by display width, not by characters: CJK characters and emoji take two terminal cells.
            let _ = write!(row, "{cell}{:1$}  ", "", width - cell.width());
        }
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_columns_by_display_width() {
        let rows = [["田中", "1"], ["", "2"], ["🙂 a", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(["NAME", "N"], rows), "NAME  N\n田中  1\n      2\n🙂 a\n");
        assert_eq!(aligned(["NAME"], []), "NAME\n");
    }
}
