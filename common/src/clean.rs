//! What people typed, made safe to show on any terminal.
//!
//! Removed: terminal escape sequences (ECMA-48: CSI, OSC and the other strings, two-byte escapes), all other control
//! characters, overrides and isolates of text direction, and characters that are nowhere visible. What separates
//! (tab, newline, the Unicode line and paragraph separators) becomes a space, so that one message stays one line.

use std::borrow::Cow;

/// `text` without anything that a terminal would obey or nobody would see. Borrowed when there is nothing to do.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || text.chars().all(|c| fate(c) == Fate::Keep) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match fate(c) {
            Fate::Keep => out.push(c),
            Fate::Space => out.push(' '),
            Fate::Drop => {}
            Fate::Escape(kind) => skip_escape(kind, &mut chars),
        }
    }
    Cow::Owned(out)
}

/// True for characters that occupy no place and carry no meaning in a name: nobody could see them.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Keep,
    Space,
    Drop,
    Escape(Escape),
}

/// How an escape sequence begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    /// ESC: the next character says which.
    Esc,
    /// CSI, alone or as ESC `[`: up to its final byte.
    Csi,
    /// OSC, DCS, SOS, PM or APC: up to BEL or ST.
    String,
}

/// A control string longer than this is not one: what a stray ESC `]` would swallow stays bounded.
const LONGEST_ESCAPE: usize = 256;

fn fate(c: char) -> Fate {
    match c {
        '\t' | '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Fate::Space,
        '\u{1b}' => Fate::Escape(Escape::Esc),
        '\u{9b}' => Fate::Escape(Escape::Csi),
        '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => Fate::Escape(Escape::String),
        c if c.is_control() => Fate::Drop,
        // Direction overrides, embeddings, isolates; invisible operators; byte order mark; annotations.
        '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{200b}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' => {
            Fate::Drop
        }
        _ => Fate::Keep,
    }
}

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

/// Skips a control string up to its terminator; one without a terminator nearby loses only its introducer.
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
    fn escapes_go_as_a_whole() {
        assert_eq!(clean("a\u{1b}[31;1mred\u{1b}[0m b"), "ared b");
        assert_eq!(clean("a\u{1b}]0;title\u{07}b"), "ab");
        assert_eq!(clean("a\u{1b}]0;title\u{1b}\\b"), "ab");
        assert_eq!(clean("a\u{9b}2Jb\u{1b}(Bc\u{1b}7d"), "abcd");
        assert_eq!(clean("a\u{1b}]no end to it"), "ano end to it");
        assert_eq!(clean("a\u{1b}"), "a");
    }

    #[test]
    fn separators_become_spaces_and_controls_go() {
        assert_eq!(clean("a\tb\r\nc\u{2028}d"), "a b  c d");
        assert_eq!(clean("a\0b\u{7f}c\u{80}d"), "abcd");
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{feff}d"), "abcd");
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["grüße", "日本語", "👩‍👩‍👧 👍🏽", "می‌خواهم", "שלום", "हिन्दी"]
        {
            assert_eq!(clean(text), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_dangerous_is_left(text in any::<String>()) {
            let cleaned = clean(&text).into_owned();
            prop_assert!(cleaned.chars().all(|c| fate(c) == Fate::Keep));
            prop_assert_eq!(clean(&cleaned).into_owned(), cleaned.clone());
        }
    }
}
