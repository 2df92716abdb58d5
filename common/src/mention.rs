//! Whether a text names a user.
//!
//! | text, for a user called 田中 or alice | named | because |
//! |---|---|---|
//! | `hey Alice!`, `-alice-` | yes | a whole word, in any case |
//! | `malice`, `alice2`, `alice-bob` | no | a part of a word |
//! | `田中さん`, `aliceさん` | yes | a change of script ends a word where one of the two is written without blanks |
//! | `田中様` | no | the same script: it may be a longer name |
//! | `@田中様` | yes | behind `@` a name may be followed by more of such a script |
//! | `@田中様` with a user 田中様 here | no | the longest name of a user here counts |

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

/// Whether `text` names the user `me`. `users` are those who are here.
#[must_use]
pub fn is_mentioned<'u>(text: &str, me: &str, users: impl Iterator<Item = &'u str>) -> bool {
    let (text, me) = (folded(text), folded(me));
    if me.is_empty() || !text.contains(&me) {
        return false;
    }
    let is_longer = |user: &String| user.len() > me.len() && user.starts_with(&me);
    let longer: Vec<String> = users.map(folded).filter(is_longer).collect();
    text.match_indices(&me).any(|(start, _)| {
        let called = text[..start].ends_with(['@', '＠']);
        let names = |name: &str| text[start..].starts_with(name) && ends(&text, start + name.len(), called);
        (called || begins(&text, start)) && names(&me) && !longer.iter().any(|other| names(other))
    })
}

/// In one form of Unicode, and in small letters.
fn folded(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfc().collect::<String>().to_lowercase() }
}

/// What names consist of.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-') || is_combining_mark(c)
}

/// Whether a word begins at `at`. Dashes around a word are none of it.
fn begins(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches('-');
    let is_apart = before.chars().next_back().is_none_or(|last| !is_of_name(last));
    is_apart || (before.len() == at && changes_script(text, at))
}

/// Whether a word ends at `at`, or a name that was `called` by `@`.
fn ends(text: &str, at: usize, called: bool) -> bool {
    let behind = text[at..].trim_start_matches('-');
    let is_apart = behind.chars().next().is_none_or(|next| !is_of_name(next));
    let may_follow = |next: char| next.is_alphabetic() && !is_combining_mark(next) && is_without_blanks(next);
    is_apart || changes_script(text, at) || (called && text[at..].chars().next().is_some_and(may_follow))
}

/// Whether there is a change of script at `at`, to or from one that is written without blanks.
fn changes_script(text: &str, at: usize) -> bool {
    // A long vowel belongs to the script before it, a digit to none.
    let of_letters = |c: &char| c.is_alphabetic() && !matches!(c.script(), Script::Common | Script::Inherited);
    let is_neutral = |c: &char| c.is_alphabetic() || is_combining_mark(*c);
    let before = text[..at].chars().rev().take_while(is_neutral).find(of_letters);
    let behind = text[at..].chars().next().filter(of_letters);
    let (Some(before), Some(behind)) = (before, behind) else { return false };
    before.script() != behind.script() && (is_without_blanks(before) || is_without_blanks(behind))
}

/// Whether this letter's script has no blanks between words, or puts endings right behind a name of another script.
fn is_without_blanks(letter: char) -> bool {
    use Script::{
        Balinese, Bopomofo, Han, Hangul, Hiragana, Javanese, Katakana, Khmer, Lao, Myanmar, New_Tai_Lue, Tai_Le,
        Tai_Tham, Tai_Viet, Thai, Tibetan, Yi,
    };
    matches!(
        letter.script(),
        Balinese
            | Bopomofo
            | Han
            | Hangul
            | Hiragana
            | Javanese
            | Katakana
            | Khmer
            | Lao
            | Myanmar
            | New_Tai_Lue
            | Tai_Le
            | Tai_Tham
            | Tai_Viet
            | Thai
            | Tibetan
            | Yi
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(text: &str, me: &str, users: &[&str]) -> bool {
        is_mentioned(text, me, users.iter().copied())
    }

    #[test]
    fn a_name_is_a_whole_word() {
        for text in ["alice?", "hey Alice", "@alice: look", "(ALICE)", "-alice-", "a,alice", "bob@alice"] {
            assert!(named(text, "alice", &["bob"]), "{text}");
        }
        for text in ["malice", "alice2", "a lice", "", "alice-bob", "bob-alice", "@alice2", "@alicette", "_alice"] {
            assert!(!named(text, "alice", &["bob"]), "{text}");
        }
        assert!(!named("anything", "", &[]));
    }

    #[test]
    fn d11_a_change_of_script_ends_a_word() {
        for (text, me) in [
            ("田中さん、見て", "田中"),
            ("やあ、田中さん", "田中"),
            ("はい田中", "田中"),
            ("タローさん", "タロー"),
            ("aliceさん見て", "alice"),
            ("请问alice在吗", "alice"),
            ("alice가 왔다", "alice"),
            ("สวัสดีbobครับ", "bob"),
            ("ต้น มาแล้ว", "ต้น"),
        ] {
            assert!(named(text, me, &[]), "{text}");
        }
        for (text, me) in [
            ("田中様", "田中"),
            ("大田中", "田中"),
            ("田中2さん", "田中"),
            ("タロー", "タロ"),
            ("aliceб", "alice"),
            ("สมชายครับ", "สมชาย"),
            ("ก้น", "ก"),
        ] {
            assert!(!named(text, me, &[]), "{text}");
        }
    }

    #[test]
    fn d11_behind_an_at_the_longest_name_of_a_user_here_counts() {
        assert!(named("@田中さん見てください", "田中", &["田中", "bob"]));
        assert!(named("@田中様", "田中", &[]) && named("＠田中様", "田中", &[]));
        assert!(named("@สมชายครับ", "สมชาย", &[]) && named("見て@田中様", "田中", &[]));
        assert!(named("@민수야", "민수", &[]));
        assert!(!named("@田中様", "田中", &["田中様"]) && named("@田中様", "田中様", &["田中"]));
        assert!(!named("@田中さん", "田中", &["田中さん"]));
        assert!(!named("@alice_b", "alice", &[]) && !named("@ก้น", "ก", &[]));
        assert!(named("@田中様 @田中", "田中", &["田中様"]), "the second one is 田中");
    }

    #[test]
    fn the_forms_of_unicode_are_the_same() {
        assert!(named("hello Zoe\u{308}!", "Zoë", &[]) && named("ZOË", "zoe\u{308}", &[]));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), me in any::<String>(), user in any::<String>()) {
            let _ = named(&text, &me, &[&user]);
        }

        #[test]
        fn a_name_alone_is_always_a_mention(me in "[\\p{L}]{1,8}") {
            for text in [format!("@{me}"), format!("hm, {me}!")] {
                prop_assert!(named(&text, &me, &[]), "{}", text);
            }
        }
    }
}
