//! Tables for people: columns as wide as what stands in them.

use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// `rows` under `head`, two spaces between the columns.
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
            // Padding by characters would be wrong where one of them takes two cells.
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
    fn columns_stand_below_each_other_whatever_is_written() {
        let rows = [["田中", "1"], ["", "2"], ["🙂 a", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(["NAME", "N"], rows), "NAME  N\n田中  1\n      2\n🙂 a\n");
        assert_eq!(aligned(["NAME"], []), "NAME\n");
    }
}
