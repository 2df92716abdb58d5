//! QR codes, as a picture (SVG) and as lines for a terminal.
//!
//! Cameras need a dark code on a light ground with a quiet zone of 4 modules around it (ISO/IEC 18004). So both forms
//! include that zone, and name black and white instead of relying on the colors of the reader's screen.

use qrcode::{Color, EcLevel};
use std::fmt::Write as _;

/// Modules of the quiet zone at each side.
const QUIET_ZONE: usize = 4;
/// Columns of a terminal that every user can be expected to have.
pub const USUAL_COLUMNS: usize = 80;
/// Black on white from the 256 fixed colors: a theme may replace the first 16 colors.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
/// Back to the colors of the terminal.
const RESET: &str = "\x1b[0m";

/// A QR code with its quiet zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrCode {
    /// Modules in a row, without the quiet zone.
    width: usize,
    dark: Vec<bool>,
}

impl QrCode {
    /// Makes the code of a text. `None` if the text is too long for one: more than 2,953 bytes.
    ///
    /// The code has the lowest level of error correction. A screen has no dirt and no tears, and larger modules can be read
    /// from farther away.
    #[must_use]
    pub fn new(text: &str) -> Option<QrCode> {
        let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(QrCode { width: code.width(), dark })
    }

    /// Returns the modules of a row or a column, with the quiet zone. In a terminal, each needs a column.
    #[must_use]
    pub fn size(&self) -> usize {
        self.width + 2 * QUIET_ZONE
    }

    /// Returns true for a dark module. The quiet zone and everything beyond it is light.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        match (x.checked_sub(QUIET_ZONE), y.checked_sub(QUIET_ZONE)) {
            (Some(x), Some(y)) if x < self.width && y < self.width => self.dark[y * self.width + x],
            _ => false,
        }
    }

    /// Returns the code as SVG. One unit is one module.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let size = self.size();
        let mut path = String::new();
        for y in 0..size {
            let mut x = 0;
            while x < size {
                let run = (x..size).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    // Cannot fail: a String takes everything.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>\n"
        )
    }

    /// Returns the code as lines of half blocks, two modules above each other in one character. The foreground must be
    /// black and the background white.
    pub fn half_blocks(&self) -> impl Iterator<Item = String> {
        let size = self.size();
        (0..size).step_by(2).map(move |y| {
            let block = |x| match (self.is_dark(x, y), self.is_dark(x, y + 1)) {
                (false, false) => ' ',
                (true, false) => '▀',
                (false, true) => '▄',
                (true, true) => '█',
            };
            (0..size).map(block).collect()
        })
    }

    /// Returns the lines of [`QrCode::half_blocks`] with escapes for black on white.
    pub fn terminal_lines(&self) -> impl Iterator<Item = String> {
        self.half_blocks().map(|line| format!("{BLACK_ON_WHITE}{line}{RESET}"))
    }
}

/// Returns the lines of the code of `text` for a terminal of `columns`. There are none if the code is wider: a wrapped code
/// cannot be read.
#[must_use]
pub fn lines_for_terminal(text: &str, columns: usize) -> Vec<String> {
    let code = QrCode::new(text).filter(|code| code.size() <= columns);
    code.map_or_else(Vec::new, |code| code.terminal_lines().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_a_quiet_zone_and_finder_patterns() {
        let code = QrCode::new("http://10.0.0.5:8080/#lobby").unwrap();
        assert_eq!(code.size(), 33);
        for i in 0..code.size() {
            for edge in [0, 3, code.size() - 4, code.size() - 1] {
                assert!(!code.is_dark(i, edge) && !code.is_dark(edge, i), "{i} {edge}");
            }
        }
        // A finder pattern is 7 modules wide and light behind that.
        assert!((4..11).all(|x| code.is_dark(x, 4) && code.is_dark(4, x)) && !code.is_dark(11, 4));
        assert!(!code.is_dark(usize::MAX, usize::MAX));
    }

    #[test]
    fn picture_and_lines_have_the_modules_of_the_code() {
        let code = QrCode::new("http://10.0.0.5:8080/").unwrap();
        let svg = code.to_svg();
        let path = svg.split("d=\"").nth(2).unwrap().split('"').next().unwrap();
        let mut drawn = 0;
        for run in path.split('M').skip(1) {
            let (start, rest) = run.split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let [x, y, length] = [x, y, rest.split_once('v').unwrap().0].map(|text| text.parse::<usize>().unwrap());
            assert!((x..x + length).all(|x| code.is_dark(x, y)) && !code.is_dark(x + length, y), "{run}");
            drawn += length;
        }
        assert_eq!(drawn, code.dark.iter().filter(|dark| **dark).count());
        let lines: Vec<String> = code.half_blocks().collect();
        assert_eq!(lines.len(), code.size().div_ceil(2));
        for (y, line) in lines.iter().enumerate() {
            assert_eq!(line.chars().count(), code.size());
            for (x, block) in line.chars().enumerate() {
                let halves = (matches!(block, '▀' | '█'), matches!(block, '▄' | '█'));
                assert_eq!(halves, (code.is_dark(x, 2 * y), code.is_dark(x, 2 * y + 1)), "{x} {y}");
            }
        }
    }

    #[test]
    fn lines_fit_the_terminal_or_are_left_out() {
        let code = QrCode::new("http://10.0.0.5:8080/").unwrap();
        assert_eq!(lines_for_terminal("http://10.0.0.5:8080/", code.size()).len(), code.size().div_ceil(2));
        assert!(lines_for_terminal("http://10.0.0.5:8080/", code.size() - 1).is_empty());
        assert!(lines_for_terminal(&"x".repeat(2_954), usize::MAX).is_empty());
        let longest = format!("http://192.168.100.100:65535/#{}", "%E4%BC%9A".repeat(32));
        assert!(!lines_for_terminal(&longest, USUAL_COLUMNS).is_empty(), "the longest room fits a usual terminal");
        for line in code.terminal_lines() {
            assert!(line.starts_with(BLACK_ON_WHITE) && line.ends_with(RESET), "{line:?}");
        }
    }
}
