//! Makes text from the network safe to show on any terminal.
//!
//! Removed are terminal escape sequences (ECMA-48: CSI, OSC and the other control strings, two-byte escapes), all other
//! control characters, overrides and isolates of text direction, and some characters that are invisible everywhere.
//!
//! | function | result | used for |
//! |---|---|---|
//! | [`clean`] | one line; tabs and line ends become spaces | names, log lines, everything but messages |
//! | [`clean_message`] | lines that end with LF, with their indentation | messages |
//! | [`flatten`] | one line out of a cleaned message | clients that take each line for a message |
//!
//! A line end is any mandatory break of Unicode (UAX #14): LF, CR, CR LF, VT, FF, NEL, U+2028 and U+2029. A cleaned
//! message has LF only, so that no reader sees more lines than the server counted.

use crate::visible::without_hidden;
use std::borrow::Cow;

/// Returns `text` as one line, without anything that a terminal would obey or that hides text. Borrowed if nothing changes.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    match stripped(text) {
        Cow::Borrowed(text) => without_hidden(text),
        Cow::Owned(text) => Cow::Owned(without_hidden(&text).into_owned()),
    }
}

/// Returns `text` as one line, without anything that a terminal would obey.
fn stripped(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || text.chars().all(|c| classify(c) == Class::Keep) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match classify(c) {
            Class::Keep => out.push(c),
            Class::Tab | Class::LineEnd => out.push(' '),
            Class::Drop => {}
            Class::Escape(kind) => skip_escape(kind, &mut chars),
        }
    }
    Cow::Owned(out)
}

/// The spaces that replace a tab in the indentation of a line.
pub const TAB: &str = "    ";

/// Cleans a message of one or several lines; in the result `\n` separates them.
///
/// A tab in a line's indentation becomes four spaces ([`TAB`]), any other tab one space. Whitespace at the end of a line,
/// and empty lines at the beginning and the end of the message, are removed; empty lines in between stay. The result may
/// be empty. Borrowed if nothing changes.
///
/// ```
/// use landline_common::clean::clean_message;
/// assert_eq!(clean_message("if x:\r\n\treturn\ty  \r\n\r\n"), "if x:\n    return y");
/// ```
#[must_use]
pub fn clean_message(text: &str) -> Cow<'_, str> {
    let safe = stripped_message(text);
    match without_hidden(&safe) {
        Cow::Borrowed(_) => safe,
        // The removal may have left whitespace at the end of a line.
        Cow::Owned(text) => Cow::Owned(stripped_message(&text).into_owned()),
    }
}

/// True if a terminal would obey nothing in a message. Unlike a cleaned message, it may hide text ([`without_hidden`]):
/// messages that were stored by an older version are read back.
#[must_use]
pub fn is_safe_message(text: &str) -> bool {
    // Older versions had messages of one line only, and left spaces at the end.
    stripped_message(text) == text || stripped(text) == text
}

fn stripped_message(text: &str) -> Cow<'_, str> {
    let safe = text.bytes().all(|b| (0x20..0x7f).contains(&b)) || text.chars().all(|c| classify(c) == Class::Keep);
    if safe && !text.ends_with(char::is_whitespace) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // The current line begins here in `out`.
    let mut line_start = 0;
    // The current line has only whitespace so far.
    let mut in_indentation = true;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match classify(c) {
            Class::Keep => {
                in_indentation &= c.is_whitespace();
                out.push(c);
            }
            Class::Tab => out.push_str(if in_indentation { TAB } else { " " }),
            Class::LineEnd => {
                if c == '\r' {
                    chars.next_if_eq(&'\n');
                }
                trim_end_from(&mut out, line_start);
                if !out.is_empty() {
                    out.push('\n');
                }
                line_start = out.len();
                in_indentation = true;
            }
            Class::Drop => {}
            Class::Escape(kind) => skip_escape(kind, &mut chars),
        }
    }
    trim_end_from(&mut out, 0);
    Cow::Owned(out)
}

/// Removes whitespace at the end of `text`, but nothing before the byte `from`.
fn trim_end_from(text: &mut String, from: usize) {
    let kept = text[from..].trim_end().len();
    text.truncate(from + kept);
}

/// Returns a cleaned message as one line. Each line end, with the empty lines and the indentation that follow it, becomes
/// one space.
#[must_use]
pub fn flatten(message: &str) -> Cow<'_, str> {
    let Some((first, rest)) = message.split_once('\n') else { return Cow::Borrowed(message) };
    let mut out = String::with_capacity(message.len());
    for line in std::iter::once(first).chain(rest.split('\n').map(str::trim_start)).filter(|line| !line.is_empty()) {
        out.push_str(if out.is_empty() { "" } else { " " });
        out.push_str(line);
    }
    Cow::Owned(out)
}

/// True if `text` has a line end of any kind.
#[must_use]
pub fn has_line_end(text: &str) -> bool {
    let ascii = |b: u8| matches!(b, b'\n' | b'\r' | 0x0b | 0x0c);
    text.bytes().any(ascii) || (!text.is_ascii() && text.contains(['\u{85}', '\u{2028}', '\u{2029}']))
}

/// Replaces each character that ends a line by a space, for doors at which a line is a message.
#[must_use]
pub fn blank_line_ends(text: &str) -> Cow<'_, str> {
    if !has_line_end(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if classify(c) == Class::LineEnd { ' ' } else { c }).collect())
}

/// Number of lines of a cleaned message, at least 1.
#[must_use]
pub fn count_lines(message: &str) -> usize {
    memchr::memchr_iter(b'\n', message.as_bytes()).count() + 1
}

/// True for a character that looks like nothing and has no meaning in a name. Two names that differ only by such
/// characters look the same.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// How a character is treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Keep,
    Tab,
    LineEnd,
    Drop,
    Escape(Escape),
}

/// The kinds of escape sequences, by their beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    /// ESC; the next character selects the kind.
    Esc,
    /// CSI, as U+009B or ESC `[`: ends with a final byte.
    Csi,
    /// A control string (OSC, DCS, SOS, PM or APC): ends with BEL or ST.
    String,
}

/// Characters within which a control string must end. A stray ESC `]` must not swallow the rest of a text.
const LONGEST_ESCAPE: usize = 256;

fn classify(c: char) -> Class {
    match c {
        '\t' => Class::Tab,
        '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Class::LineEnd,
        '\u{1b}' => Class::Escape(Escape::Esc),
        '\u{9b}' => Class::Escape(Escape::Csi),
        '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => Class::Escape(Escape::String),
        c if c.is_control() => Class::Drop,
        // Direction overrides, embeddings and isolates, invisible operators, the byte order mark, annotations.
        '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{200b}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' => {
            Class::Drop
        }
        _ => Class::Keep,
    }
}

/// Skips what follows the introducer of an escape sequence.
fn skip_escape(kind: Escape, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match kind {
        Escape::Esc => match chars.peek() {
            Some('[') => {
                chars.next();
                skip_escape(Escape::Csi, chars);
            }
            Some(']' | 'P' | 'X' | '^' | '_') => {
                chars.next();
                skip_escape(Escape::String, chars);
            }
            _ => {
                while chars.next_if(|c| ('\u{20}'..='\u{2f}').contains(c)).is_some() {}
                chars.next_if(|c| ('\u{30}'..='\u{7e}').contains(c));
            }
        },
        Escape::Csi => {
            while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
            chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Escape::String => skip_string(chars),
    }
}

/// Skips a control string with its terminator. Skips nothing if no terminator is near: only the introducer is lost.
fn skip_string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let mut ahead = chars.clone().enumerate();
    let end = ahead.by_ref().take(LONGEST_ESCAPE).find(|(_, c)| matches!(c, '\u{07}' | '\u{1b}' | '\u{9c}'));
    let Some((at, found)) = end else { return };
    let st = found == '\u{1b}' && matches!(ahead.next(), Some((_, '\\')));
    for _ in 0..at + if found == '\u{1b}' { usize::from(st) * 2 } else { 1 } {
        chars.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_are_removed_as_a_whole() {
        assert_eq!(clean("a\u{1b}[31;1mred\u{1b}[0m b"), "ared b");
        assert_eq!(clean("a\u{1b}]0;title\u{07}b"), "ab");
        assert_eq!(clean("a\u{1b}]0;title\u{1b}\\b"), "ab");
        assert_eq!(clean("a\u{9b}2Jb\u{1b}(Bc\u{1b}7d"), "abcd");
        assert_eq!(clean("a\u{1b}]no end to it"), "ano end to it");
        assert_eq!(clean("a\u{1b}"), "a");
    }

    #[test]
    fn separators_become_spaces_and_controls_are_removed() {
        assert_eq!(clean("a\tb\r\nc\u{2028}d"), "a b  c d");
        assert_eq!(clean("a\0b\u{7f}c\u{80}d"), "abcd");
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{feff}d"), "abcd");
    }

    #[test]
    fn ordinary_text_stays() {
        for text in ["grüße", "日本語", "👩‍👩‍👧 👍🏽", "می‌خواهم", "שלום", "हिन्दी"]
        {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn a_message_keeps_its_lines_and_their_indentation() {
        for (typed, message) in [
            ("  def f():\n\treturn 1", "  def f():\n    return 1"),
            ("a\r\nb\rc\u{b}d\u{c}e\u{85}f\u{2028}g\u{2029}h", "a\nb\nc\nd\ne\nf\ng\nh"),
            (" \t x\ty\t", "      x y"),
            ("\t\u{200b}\tx", "        x"),
            ("\n \n\n  first \t\n\n\u{3000}\nlast\u{a0}\n \n", "  first\n\n\nlast"),
            ("a\u{1b}[2J\nb\u{202e}", "a\nb"),
            (" \n\t", ""),
            ("one line", "one line"),
            ("blanks at the end  ", "blanks at the end"),
        ] {
            assert_eq!(clean_message(typed), message, "{typed:?}");
        }
    }

    #[test]
    fn flattening_replaces_each_break_by_one_space() {
        for (message, flat) in [("a", "a"), ("  a\n    b\n\n c", "  a b c"), ("a\n\n\nb", "a b"), ("", "")] {
            assert_eq!(flatten(message), flat, "{message:?}");
        }
        assert_eq!(["", "a", "a\nb", "a\n\nb"].map(count_lines), [1, 1, 2, 3]);
    }

    /// Texts with many line ends, spaces and escape sequences.
    fn text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            "\n",
            "\r",
            "\r\n",
            "\t",
            " ",
            "\u{2028}",
            "\u{85}",
            "\u{a0}",
            "\u{3000}",
            "\u{1b}[31m",
            "\u{200b}",
            "x",
        ]);
        prop_oneof![any::<String>(), prop::collection::vec(odd, 0..20).prop_map(|parts| parts.concat())]
    }

    proptest! {
        #[test]
        fn a_cleaned_line_has_nothing_to_remove(text in text()) {
            let cleaned = clean(&text).into_owned();
            prop_assert!(cleaned.chars().all(|c| classify(c) == Class::Keep));
            prop_assert_eq!(clean(&cleaned).into_owned(), cleaned.clone());
        }

        #[test]
        fn a_cleaned_message_has_nothing_to_remove_but_line_ends(text in text()) {
            let message = clean_message(&text).into_owned();
            prop_assert!(message.chars().all(|c| c == '\n' || classify(c) == Class::Keep));
            prop_assert_eq!(clean_message(&message).into_owned(), message.clone());
            prop_assert!(!message.starts_with('\n') && !message.ends_with('\n'));
            prop_assert!(message.split('\n').all(|line| line.trim_end() == line), "{:?}", message);
            prop_assert!(has_line_end(&text) || !message.contains('\n'));
            prop_assert_eq!(count_lines(&clean_message(&blank_line_ends(&text))), 1);
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&message), letters(&clean(&text)));
            let flat = flatten(&message).into_owned();
            prop_assert_eq!(clean(&flat).into_owned(), flat.clone());
            prop_assert_eq!(letters(&flat), letters(&message));
        }
    }
}
