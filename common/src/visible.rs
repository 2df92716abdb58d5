//! Bounds invisible characters, and tells whether a text shows anything at all.
//!
//! A message may have characters without a width: accents, joiners of emoji, vowel signs. Two abuses are prevented here:
//! hundreds of marks on one letter paint over the lines above and below, and characters without a shape (tags, variation
//! selectors) carry hidden text. [`crate::clean`] removes what a terminal would obey.

use crate::clean::is_invisible;
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// Characters without a width that may follow a character with one. Tibetan stacks have up to eight, Hebrew, Arabic and
/// Thai fewer. More would reach into the lines above and below.
pub const MOST_MARKS: usize = 8;

/// Removes tag characters, and marks beyond [`MOST_MARKS`]. Borrowed if `text` has neither.
///
/// The three flags that are written in tag characters (England, Scotland, Wales) stay.
#[must_use]
pub fn without_hidden(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !has_hidden(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let flag_bytes = flag_bytes_at(rest);
        let (piece, behind) = rest.split_at(flag_bytes.max(c.len_utf8()));
        rest = behind;
        if flag_bytes > 0 {
            marks = 0;
        } else {
            marks = if has_no_width(c) { marks + 1 } else { 0 };
            if is_tag(c) || marks > MOST_MARKS {
                continue;
            }
        }
        out.push_str(piece);
    }
    Cow::Owned(out)
}

/// True if [`without_hidden`] may change `text`: it does not look for flags.
fn has_hidden(text: &str) -> bool {
    let mut marks = 0;
    text.chars().any(|c| {
        marks = if has_no_width(c) { marks + 1 } else { 0 };
        marks > MOST_MARKS || is_tag(c)
    })
}

/// True if a reader would see nothing: only whitespace and invisible characters.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    !text.bytes().any(|b| b.is_ascii_graphic()) && text.chars().all(|c| c.is_whitespace() || shows_nothing(c))
}

/// True if a character, on its own, leaves its cell on the screen empty.
fn shows_nothing(c: char) -> bool {
    let is_noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    // Null notehead, hieroglyphic blanks, Khitan filler, a Duployan selector and a Duployan mark.
    let is_blank = matches!(c, '\u{1d159}' | '\u{13441}'..='\u{13442}' | '\u{16fe4}' | '\u{1bc9d}'..='\u{1bc9e}');
    has_no_width(c) || is_invisible(c) || is_noncharacter || is_blank
}

fn has_no_width(c: char) -> bool {
    !c.is_control() && c.width() == Some(0)
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// Returns the length in bytes of the flag (England, Scotland, Wales) at the beginning of `text`; 0 if there is none.
fn flag_bytes_at(text: &str) -> usize {
    let flags = [
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
    ];
    flags.iter().find(|flag| text.starts_with(**flag)).map_or(0, |flag| flag.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::{clean, clean_message};
    use proptest::prelude::*;

    #[test]
    fn x8_a_text_without_visible_characters_is_blank() {
        for text in [
            "",
            " \n\t",
            "\u{3164}",
            "\u{3164}\u{3164} \u{ffa0}",
            "\u{2800}\u{2800}",
            "\u{115f}\u{1160}",
            "\u{ad}\u{34f}\u{180e}",
            "\u{fe0f}\u{e0100}",
            "\u{e0041}\u{e0042}",
            "\u{200d}\u{200c}\u{200e}",
            "\u{301}\u{301}",
            "\u{1bc9d}",
            "\u{1d159}",
            "\u{a0}\u{3000}",
            "\u{1d173}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["x", "👍", "न", "\u{fffd}", "é", "🏴", "ー", "·"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn x8_tag_characters_cannot_hide_text() {
        let hidden: String = "secret".chars().map(|c| char::from_u32(0xe0000 + u32::from(c)).unwrap()).collect();
        assert_eq!(clean(&format!("hello{hidden} there")), "hello there");
        assert_eq!(clean_message(&format!("🏴{hidden}\nb{hidden}")), "🏴\nb");
        let wales = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}";
        assert_eq!(clean(&format!("{wales}{hidden}!")), format!("{wales}!"));
        let selectors: String = ('\u{e0100}'..='\u{e01ef}').collect();
        assert!(clean(&format!("👍{selectors}")).chars().count() <= 1 + MOST_MARKS);
    }

    #[test]
    fn x8_the_marks_of_a_letter_are_bounded() {
        for mark in ["\u{301}", "\u{489}", "\u{20dd}", "\u{e31}", "\u{1161}", "\u{fe0f}", "\u{200d}"] {
            let cleaned = clean(&format!("a{}b", mark.repeat(1_800))).into_owned();
            assert!(cleaned.chars().count() <= 2 + MOST_MARKS, "{mark:?}: {}", cleaned.chars().count());
            assert!(clean_message(&format!("x\n{}", mark.repeat(100))).chars().count() <= 2 + MOST_MARKS);
        }
        // Marks with a width of their own do not pile up, and ordinary text has few.
        for text in ["हाााााााााााा", "ཧྐྵྨླྺྼྻྂ", "שָׁ֔לוֹם", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⣀⣤⣶", "한글ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ", "q̃̃̃"]
        {
            assert_eq!(clean(text), text);
        }
    }

    proptest! {
        #[test]
        fn removing_twice_changes_nothing_more(text in any::<String>()) {
            let once = without_hidden(&text).into_owned();
            prop_assert_eq!(without_hidden(&once).into_owned(), once.clone());
        }
    }
}
