//! What goes into one message, wherever it is said: to a server, in a mesh, in a direct chat.

use landline_common::clean::{clean_message, count_lines};
use landline_common::limits::MESSAGE_LINES;

/// Characters of one message; the server's own bound.
pub const MESSAGE_CHARS: usize = 2_000;

/// Why a cleaned text does not go into one message, if it does not.
#[must_use]
pub fn too_long(text: &str) -> Option<String> {
    let (length, lines) = (text.chars().count(), count_lines(text));
    if length > MESSAGE_CHARS {
        return Some(format!("that is too long: {length} characters, and at most {MESSAGE_CHARS} go into one message"));
    }
    (lines > MESSAGE_LINES)
        .then(|| format!("that is too long: {lines} lines, and at most {MESSAGE_LINES} go into one message"))
}

/// A message of another program, safe to show, and cut to what goes into one: whatever that program let through.
#[must_use]
pub fn cut_to_one(text: &str) -> String {
    let text = clean_message(text);
    let lines = text.match_indices('\n').nth(MESSAGE_LINES - 1).map_or(text.len(), |(end, _)| end);
    let end = text.char_indices().nth(MESSAGE_CHARS).map_or(text.len(), |(end, _)| end);
    text[..lines.min(end)].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_fifty_lines_of_two_thousand_characters_go_into_one_message() {
        let lines = |n: usize| vec!["x"; n].join("\n");
        assert_eq!(too_long(&lines(50)), None);
        assert_eq!(
            too_long(&lines(51)).as_deref(),
            Some("that is too long: 51 lines, and at most 50 go into one message")
        );
        assert!(too_long(&"é".repeat(2_000)).is_none() && too_long(&"é".repeat(2_001)).is_some());
        assert_eq!(cut_to_one(&lines(60)), lines(50));
        assert_eq!(cut_to_one(&format!("a\n\t{}", "é".repeat(3_000))), format!("a\n    {}", "é".repeat(1_994)));
        assert_eq!(cut_to_one("\u{1b}[2J\r\n  a \r\n"), "  a");
    }
}
