//! Folding: the form in which texts are compared in a search, and the form in which the index gets them.
//!
//! Folding removes differences that users do not mean: case, accents, and wide or narrow forms. `Grüße`, `GRUẞE` and
//! `gruße` have one folded form.
//!
//! The index, FTS5, splits texts into words at blanks and punctuation. This fails for scripts without blanks between
//! words, such as Chinese and Thai: a sentence would be one word. It also drops signs such as emoji. So each character of
//! such scripts, and each sign, is a *token*: the index gets it as a word of its own, and a search for several of them is
//! a phrase. The two letters of a flag are one token.
//!
//! SQLite's Unicode tables are older than many of these characters and treat signs and marks as separators. So all but
//! the most frequent tokens are written to the index as two characters of the private use area, which it treats as
//! letters.
//!
//! | text | index |
//! |---|---|
//! | `Landline works` | `Landline works` |
//! | `Landline聊天` | `landline 聊  天 ` |
//! | `🙂 smile` | two private use characters, then `smile` |

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_script::{Script, UnicodeScript};

/// First private use characters for the two halves of a token.
const HIGH: u32 = 0xE000;
const LOW: u32 = 0xE800;

/// Registers [`index_text`] as a function of SQL. The view that the index reads calls it, so every connection needs it.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("index_text", 1, flags, |context| {
        let text = context.get_raw(0).as_str()?;
        Ok(index_text(text).into_owned())
    })
}

/// Returns a text in the form in which the index gets it.
pub(super) fn index_text(text: &str) -> Cow<'_, str> {
    // FTS5 folds the case of ASCII itself.
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(index_form(&fold(text)))
}

/// Returns a folded text in the form in which the index gets it.
pub(super) fn index_form(folded: &str) -> String {
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
    out
}

/// Returns true for the most frequent tokens: kana, Han and Hangul that SQLite's tables know as letters.
fn is_known_letter(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FE}' | '\u{4E00}'..='\u{9FA5}'
        | '\u{AC00}'..='\u{D7A3}')
}

fn push_halves(c: char, out: &mut String) {
    let c = u32::from(c);
    out.extend([HIGH + (c >> 12), LOW + (c & 0xFFF)].into_iter().filter_map(char::from_u32));
}

/// Returns the folded form of a text.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// Replaces the content of `out` by the folded form of a text.
pub(super) fn fold_into(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else if text.contains(may_compose) {
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
        // Kana, Han and Hangul have one code point for each syllable or character, and no accents to remove.
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

/// Returns true for narrow kana and Hangul, and for squared abbreviations, which stand for several characters.
fn is_narrow(c: char) -> bool {
    matches!(c, '\u{3300}'..='\u{33FF}' | '\u{FF61}'..='\u{FFDC}' | '\u{1F200}'..='\u{1F2FF}')
}

/// Returns true for a character that may compose with its neighbors, so the text must be normalized as a whole.
fn may_compose(c: char) -> bool {
    is_narrow(c)
        || matches!(c, '\u{3099}' | '\u{309A}' | '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97F}'
            | '\u{D7B0}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{2F800}'..='\u{2FA1F}')
}

/// Returns true for a character of a word, in scripts with blanks between words.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_token(c)
}

/// Returns true for a token: a character of a script without blanks between words, or a sign. `c` is of a folded text.
pub(super) fn is_token(c: char) -> bool {
    if c < '\u{A9}' {
        return false;
    }
    is_sign(c) || (is_without_blanks(c) && (c.is_alphanumeric() || is_combining_mark(c)))
}

/// Returns true for a character that no script has: unassigned, or of private use. It may be a letter in a newer Unicode
/// than this server's. The index drops some of these characters, so only a scan finds them.
pub(super) fn is_unknown(c: char) -> bool {
    c.script() == Script::Unknown
}

fn is_flag_letter(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Returns true for arrows, symbols and emoji, but not for characters that draw lines and boxes.
fn is_sign(c: char) -> bool {
    matches!(c, '©' | '®' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1F1FF}' | '\u{1F300}'..='\u{1FAFF}')
}

/// Returns true for scripts without blanks between words, and for Hangul, where particles are attached to words.
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
    fn equivalent_forms_fold_to_one_text() {
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
    fn index_text_separates_tokens() {
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
