//! Limits of one message, the same at a server, in a mesh and in an encrypted chat.

use landline_common::clean::{clean_message, count_lines};
use landline_common::limits::MESSAGE_LINES;

/// Characters of one message at most. The server has the same limit.
pub const MESSAGE_CHARS: usize = 2_000;

/// Returns an error text if a cleaned text does not fit into one message.
#[must_use]
pub fn length_error(text: &str) -> Option<String> {
    let length = text.chars().count();
    let lines = count_lines(text);
    if length > MESSAGE_CHARS {
        return Some(format!("message too long: {length} of at most {MESSAGE_CHARS} characters"));
    }
    (lines > MESSAGE_LINES).then(|| format!("message too long: {lines} of at most {MESSAGE_LINES} lines"))
}

/// Cleans a message of another program and cuts it to the limits, which that program may not have checked.
#[must_use]
pub fn truncate(text: &str) -> String {
    let text = clean_message(text);
    let lines = text.match_indices('\n').nth(MESSAGE_LINES - 1).map_or(text.len(), |(end, _)| end);
    let end = text.char_indices().nth(MESSAGE_CHARS).map_or(text.len(), |(end, _)| end);
    text[..lines.min(end)].trim_end().to_owned()
}

/// Splits a text into messages at line ends. A line that is too long for one message is split at spaces, or between any
/// two characters if it has no space.
#[must_use]
pub fn split(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    let mut chars = 0;
    let mut lines = 0;
    for piece in text.split('\n').flat_map(pieces) {
        let more = piece.chars().count() + usize::from(lines > 0);
        if lines > 0 && (chars + more > MESSAGE_CHARS || lines == MESSAGE_LINES) {
            parts.push(std::mem::take(&mut part));
            chars = 0;
            lines = 0;
        }
        part += if lines > 0 { "\n" } else { "" };
        part += piece;
        chars += piece.chars().count() + usize::from(lines > 0);
        lines += 1;
    }
    parts.push(part);
    // Drop parts of empty lines only: cleaning removes such lines at both ends of a message.
    parts.into_iter().map(|part| clean_message(&part).into_owned()).filter(|part| !part.is_empty()).collect()
}

/// Splits one line into pieces of at most [`MESSAGE_CHARS`] characters.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((most, _)) = rest.char_indices().nth(MESSAGE_CHARS) {
        // Split at a space, unless that would leave less than half a piece.
        let blank = rest[..most].rfind(' ').filter(|blank| *blank > most / 2);
        let (piece, more) = rest.split_at(blank.map_or(most, |blank| blank + 1));
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a9_one_message_holds_fifty_lines_and_two_thousand_characters() {
        let lines = |n: usize| vec!["x"; n].join("\n");
        assert_eq!(length_error(&lines(50)), None);
        assert_eq!(length_error(&lines(51)).as_deref(), Some("message too long: 51 of at most 50 lines"));
        assert!(length_error(&"é".repeat(2_000)).is_none() && length_error(&"é".repeat(2_001)).is_some());
        assert_eq!(truncate(&lines(60)), lines(50));
        assert_eq!(truncate(&format!("a\n\t{}", "é".repeat(3_000))), format!("a\n    {}", "é".repeat(1_994)));
        assert_eq!(truncate("\u{1b}[2J\r\n  a \r\n"), "  a");
    }

    #[test]
    fn a9_a_long_text_is_split_between_lines() {
        let lines = |n: usize| vec!["x"; n].join("\n");
        assert_eq!(split(&lines(120)), [lines(50), lines(50), lines(20)]);
        let long = ["y".repeat(1_500), "z".repeat(600), "  end".to_owned()];
        assert_eq!(split(&long.join("\n")), [long[0].clone(), long[1..].join("\n")]);
        assert_eq!(split(&"wide ".repeat(500)), ["wide ".repeat(400).trim_end(), "wide ".repeat(100).trim_end()]);
        assert_eq!(
            split(&"日".repeat(4_001)).iter().map(|part| part.chars().count()).collect::<Vec<_>>(),
            [2_000, 2_000, 1]
        );
    }

    proptest! {
        #[test]
        fn split_parts_fit_and_keep_all_letters(text in "([a-c 日]{0,30}\n{0,3}){0,200}", long in "[a ]{0,3000}") {
            let text = clean_message(&format!("{text}{long}")).into_owned();
            let parts = split(&text);
            prop_assert!(parts.iter().all(|part| length_error(part).is_none()));
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&parts.concat()), letters(&text));
        }
    }
}
