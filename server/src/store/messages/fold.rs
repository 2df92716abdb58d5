//! How texts are compared in a search, and what the index of words gets to see.
//!
//! A text is *folded*: no case, no marks of letters, no difference between wide and narrow forms. FTS5 splits what it
//! indexes at blanks and punctuation, so a sentence of Chinese or Thai would be one long word, and emoji none at all.
//! So each character of scripts without blanks between words, and each sign, is a *token* of its own: the index gets
//! them apart, and a query of several of them is a phrase. Of flags, the two letters are one token.
//!
//! SQLite's tables are older than many of these characters, and call marks and signs no parts of words. So all but the
//! most frequent go into the index as two characters of the private use area, which are.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Where the two halves of a token begin in the private use area.
const HIGH: u32 = 0xE000;
const LOW: u32 = 0xE800;

/// Makes [`index_text`] known to SQL, for the view that the index reads: every connection needs it.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("index_text", 1, flags, |context| {
        let text = context.get_raw(0).as_str()?;
        Ok(index_text(text).into_owned())
    })
}

/// A text as the index of words gets it.
pub(super) fn index_text(text: &str) -> Cow<'_, str> {
    // The index itself knows the case of ASCII.
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let folded = fold(text);
    let mut out = String::with_capacity(folded.len() * 2);
    let mut chars = folded.chars().peekable();
    while let Some(c) = chars.next() {
        if is_known_letter(c) {
            out.extend([' ', c, ' ']);
        } else if !is_token(c) {
            out.push(c);
        } else {
            out.push(' ');
            push_halves(c, &mut out);
            if is_flag_letter(c)
                && let Some(second) = chars.next_if(|next| is_flag_letter(*next))
            {
                push_halves(second, &mut out);
            }
            out.push(' ');
        }
    }
    Cow::Owned(out)
}

/// The letters among the tokens that are most frequent, which SQLite has always known: kana, Han and Hangul.
fn is_known_letter(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FE}' | '\u{4E00}'..='\u{9FA5}'
        | '\u{AC00}'..='\u{D7A3}')
}

fn push_halves(c: char, out: &mut String) {
    let c = u32::from(c);
    out.extend([HIGH + (c >> 12), LOW + (c & 0xFFF)].into_iter().filter_map(char::from_u32));
}

/// A text as it is compared.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// The same, in place of what `out` has.
pub(super) fn fold_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else if text.contains(is_in_pieces) {
        let mut wide = String::with_capacity(text.len());
        for c in text.chars() {
            if is_narrow(c) { decompose_compatible(c, |part| wide.push(part)) } else { wide.push(c) }
        }
        wide.nfc().for_each(|c| fold_char(c, out));
    } else {
        text.chars().for_each(|c| fold_char(c, out));
    }
}

fn fold_char(c: char, out: &mut String) {
    match c {
        _ if c.is_ascii() => out.push(c.to_ascii_lowercase()),
        // Kana, Han and Hangul have a code point for each syllable or character.
        '\u{3041}'..='\u{30FF}' | '\u{3131}'..='\u{318E}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' => {
            out.push(c);
        }
        _ => decompose_compatible(c, |part| match part {
            'ς' => out.push('σ'),
            _ if is_token(part) => out.push(part),
            _ if is_combining_mark(part) => {}
            _ => out.extend(part.to_lowercase()),
        }),
    }
}

/// Narrow kana and Hangul, and abbreviations in one square, which are several characters.
fn is_narrow(c: char) -> bool {
    matches!(c, '\u{3300}'..='\u{33FF}' | '\u{FF61}'..='\u{FFDC}' | '\u{1F200}'..='\u{1F2FF}')
}

/// What has another form with its neighbors put together.
fn is_in_pieces(c: char) -> bool {
    is_narrow(c)
        || matches!(c, '\u{3099}' | '\u{309A}' | '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97F}'
            | '\u{D7B0}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{2F800}'..='\u{2FA1F}')
}

/// True for a character of a word, which blanks and punctuation divide.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_token(c)
}

/// True for a character of a folded text that is found alone: of a script without blanks between words, or a sign.
pub(super) fn is_token(c: char) -> bool {
    if c < '\u{A9}' {
        return false;
    }
    is_sign(c) || (is_without_blanks(c) && (c.is_alphanumeric() || is_combining_mark(c)))
}

fn is_flag_letter(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Arrows, symbols and emoji; no lines, boxes and dots, which only draw.
fn is_sign(c: char) -> bool {
    matches!(c, '©' | '®' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1F1FF}' | '\u{1F300}'..='\u{1FAFF}')
}

/// The blocks of scripts that put no blanks between words, and Hangul, whose words end in particles.
fn is_without_blanks(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{109F}' // Thai, Lao, Tibetan, Myanmar
        | '\u{1100}'..='\u{11FF}' // Hangul
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{1950}'..='\u{19FF}' // Tai Le, New Tai Lue, Khmer
        | '\u{1A20}'..='\u{1AAF}' // Tai Tham
        | '\u{1B00}'..='\u{1B7F}' // Balinese
        | '\u{3005}'..='\u{303B}' | '\u{3040}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' // Han, kana, Bopomofo, Hangul
        | '\u{4E00}'..='\u{A4CF}' // Han, Yi
        | '\u{A960}'..='\u{A97F}' // Hangul
        | '\u{A980}'..='\u{A9FF}' | '\u{AA60}'..='\u{AADF}' // Javanese, Myanmar, Tai Viet
        | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' // Hangul, Han
        | '\u{16FE0}'..='\u{18DFF}' | '\u{1AFF0}'..='\u{1B2FF}' // Tangut, kana, Nushu
        | '\u{20000}'..='\u{3FFFF}' // Han
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_users_take_for_the_same_are() {
        for (a, b) in [
            ("GRÜßE", "gruße"),
            ("cafe\u{301}", "CAFÉ"),
            ("Ｌａｎ １２", "lan 12"),
            ("ｶﾞｷﾞ", "ガギ"),
            ("か\u{3099}", "が"),
            ("㌀", "アパート"),
            ("\u{1112}\u{1161}\u{11AB}", "한"),
            ("กำ", "ก\u{0E4D}\u{0E32}"),
            ("ΟΔΟΣ", "οδός"),
            ("ﬁn", "FIN"),
            ("ПРИВЕТ", "привет"),
            ("שָׁלוֹם", "שלום"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        for (a, b) in [("か", "が"), ("ครับ", "ครบ"), ("权", "利"), ("👍", "👎")] {
            assert_ne!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn the_index_gets_characters_of_scripts_without_blanks_apart() {
        let tokens = |text| index_text(text).split(' ').filter(|token| !token.is_empty()).count();
        for (text, count) in [
            ("Landline works", 2),
            ("Landline聊天很好", 5),
            ("สวัสดีครับ", 10),
            ("🙂 smile", 2),
            ("🇩🇪🇫🇷", 2),
            ("👍🏽", 2),
            ("日本語、です。", 7),
            ("한국어", 3),
            ("ｶﾞ", 1),
            ("𠮷野家", 3),
            ("────", 1),
        ] {
            assert_eq!(tokens(text), count, "{text}: {:?}", index_text(text));
        }
    }
}
