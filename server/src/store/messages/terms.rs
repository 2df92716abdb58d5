//! The words somebody searches for: as a query, and marked in what was found.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Terms of one search; more say nothing more.
const MOST: usize = 16;
/// A shorter last word must match as a whole: too many words begin with two letters. The index knows beginnings of three.
const PREFIX_CHARS: usize = 3;
/// Characters shown on each side of the first match.
const AROUND: usize = 80;

/// What somebody searches for. Nothing in it means anything but itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Each with something in it that can be found.
    words: Vec<String>,
    /// Whether the last one may be the beginning of a word.
    prefix: bool,
}

impl Terms {
    pub(super) fn of(words: &str) -> Terms {
        // A control character would end the query.
        let words = words.split(|c: char| c.is_whitespace() || c.is_control());
        let words: Vec<String> = words.filter(|word| word.contains(is_part)).take(MOST).map(str::to_owned).collect();
        // Somebody who ends with a stop means that word.
        let last = words.last().and_then(|word| word.rsplit(|c| !is_part(c)).next()).unwrap_or_default();
        let prefix = last.chars().count() >= PREFIX_CHARS;
        Terms { words, prefix }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// In the syntax of FTS5: each term quoted, all of them, the last one as a beginning.
    pub(super) fn query(&self) -> String {
        let quoted: Vec<String> = self.words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
        quoted.join(" AND ") + if self.prefix { " *" } else { "" }
    }

    /// The parts of the terms as the index compares them; the last one is marked if it may be a beginning.
    fn parts(&self) -> Vec<(String, bool)> {
        let mut parts: Vec<(String, bool)> = self
            .words
            .iter()
            .flat_map(|word| word.split(|c| !is_part(c)).filter(|part| !part.is_empty()))
            .map(|part| (folded(part), false))
            .collect();
        if let Some((_, prefix)) = parts.last_mut() {
            *prefix = self.prefix;
        }
        parts
    }
}

/// The text around the first of the words that were searched for, each of them marked `*so*`.
///
/// About 80 characters are shown on either side; `…` stands where more was cut off.
#[must_use]
pub fn excerpt(text: &str, words: &str) -> String {
    let parts = Terms::of(words).parts();
    let matched = |word: &str| {
        let word = folded(word);
        parts.iter().any(|(part, prefix)| if *prefix { word.starts_with(part) } else { word == *part })
    };
    let found: Vec<(usize, usize)> = words_of(text).filter(|(from, to)| matched(&text[*from..*to])).collect();
    let (first, end) = found.first().copied().unwrap_or((0, 0));
    let from = text[..first].char_indices().rev().take(AROUND).last().map_or(first, |(at, _)| at);
    let to = text[end..].char_indices().nth(AROUND).map_or(text.len(), |(at, _)| end + at);
    let mut out = String::from(if from > 0 { "…" } else { "" });
    let mut at = from;
    for (first, end) in found.into_iter().take_while(|(_, end)| *end <= to) {
        out.push_str(&text[at..first]);
        out.push('*');
        out.push_str(&text[first..end]);
        out.push('*');
        at = end;
    }
    out.push_str(&text[at..to]);
    out.push_str(if to < text.len() { "…" } else { "" });
    out
}

/// Where the words of a text begin and end.
fn words_of(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + text[at..].find(is_part)?;
        at = text[from..].find(|c| !is_part(c)).map_or(text.len(), |len| from + len);
        Some((from, at))
    })
}

/// True for characters of words, as the index splits them.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Without case and without the marks of letters, as the index compares words.
fn folded(word: &str) -> String {
    word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terms_are_quoted_and_the_last_is_a_beginning() {
        for (typed, query) in [
            ("tea time", "\"tea\" AND \"time\" *"),
            ("x", "\"x\""),
            ("tea.", "\"tea.\""),
            ("say \"hi\"", "\"say\" AND \"\"\"hi\"\"\""),
            ("a OR b* NOT -c", "\"a\" AND \"OR\" AND \"b*\" AND \"NOT\" AND \"-c\""),
            ("text:foo", "\"text:foo\" *"),
            ("!!! tea ???", "\"tea\" *"),
            (" \" * ", ""),
        ] {
            assert_eq!(Terms::of(typed).query(), query, "{typed}");
        }
        assert_eq!(Terms::of(&"a ".repeat(99)).words.len(), MOST);
    }

    #[test]
    fn matches_are_marked() {
        for (text, words, marked) in [
            ("The tea is ready", "tea", "The *tea* is ready"),
            ("Tea, teas and TEA", "tea", "*Tea*, *teas* and *TEA*"),
            ("Tea, teas and TEA", "tea.", "*Tea*, teas and *TEA*"),
            ("Für Bücher und Buch", "bucher", "Für *Bücher* und Buch"),
            ("don't stop", "stop DON'T", "*don*'*t* *stop*"),
            ("nothing here", "tea", "nothing here"),
            ("", "tea", ""),
        ] {
            assert_eq!(excerpt(text, words), marked, "{text} / {words}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        let text = format!("{}tea{}", "ü ".repeat(100), " ö".repeat(100));
        let shown = excerpt(&text, "tea");
        assert_eq!(shown, format!("…{}*tea*{}…", "ü ".repeat(40), " ö".repeat(40)));
        assert_eq!(excerpt(&"x".repeat(200), "tea"), format!("{}…", "x".repeat(80)));
    }

    proptest! {
        #[test]
        fn an_excerpt_is_part_of_the_text(text in any::<String>(), words in any::<String>()) {
            let shown = excerpt(&text, &words);
            let plain = |s: &str| s.chars().filter(|c| !matches!(c, '*' | '…')).collect::<String>();
            prop_assert!(plain(&text).contains(&plain(&shown)));
        }
    }
}
