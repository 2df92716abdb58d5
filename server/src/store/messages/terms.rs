//! The words of a search: as a query of the index, as parts that texts may have, and marked in what was found.

use super::fold::{fold, fold_into, index_text, is_token, is_word};
use memchr::memmem::Finder;
use unicode_segmentation::UnicodeSegmentation;

/// Terms of one search; more say nothing more.
const MOST: usize = 16;
/// Fewer letters must be a whole word: too many words have two letters in them. The index knows beginnings of three.
const PART_CHARS: usize = 3;
/// Characters shown on each side of the first match.
const AROUND: usize = 80;

/// What is searched for. Nothing in it means anything but itself.
#[derive(Debug)]
pub(super) struct Terms {
    /// As they were typed; each has something in it that can be found.
    words: Vec<String>,
    sought: Vec<Sought>,
}

/// A term as texts are searched for it.
#[derive(Debug)]
struct Sought {
    /// Folded, without punctuation at its ends.
    finder: Finder<'static>,
    /// It must be a whole word: it is short, or ends with punctuation, as in `tea.`.
    whole: bool,
}

impl Terms {
    pub(super) fn of(words: &str) -> Terms {
        // A control character would end the query.
        let words = words.split(|c: char| c.is_whitespace() || c.is_control());
        let words = words.map(|word| (word, fold(word))).filter(|(_, folded)| folded.contains(is_findable)).take(MOST);
        let (words, sought) = words.map(|(word, folded)| (word.to_owned(), Sought::of(&folded))).unzip();
        Terms { words, sought }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// In the syntax of FTS5: each term quoted, all of them, the last one as a beginning if it may be one.
    pub(super) fn query(&self) -> String {
        let quoted = self.words.iter().map(|word| format!("\"{}\"", index_text(word).trim().replace('"', "\"\"")));
        let query = quoted.collect::<Vec<_>>().join(" AND ");
        let is_beginning = self.sought.last().is_some_and(|last| !last.whole && last.text().ends_with(is_word));
        // The last characters of a term that begins with others, as in `天La`, may be fewer than the index knows.
        let letters =
            self.sought.last().map_or(0, |last| last.text().chars().rev().take_while(|c| is_word(*c)).count());
        query + if is_beginning && letters >= PART_CHARS { " *" } else { "" }
    }

    /// True if the index finds every text that has these terms in it: none begins or ends within a word.
    pub(super) fn is_complete_in_index(&self) -> bool {
        self.sought.iter().all(|sought| sought.text().starts_with(is_token) && sought.text().ends_with(is_token))
    }

    /// Whether a text has all of the terms in it; `buffer` is used for that.
    pub(super) fn are_in(&self, text: &str, buffer: &mut String) -> bool {
        fold_into(text, buffer);
        self.sought.iter().all(|sought| sought.places(buffer).next().is_some())
    }
}

impl Sought {
    fn of(folded: &str) -> Sought {
        let text = folded.trim_matches(|c| !is_findable(c));
        let is_short = text.chars().all(is_word) && text.chars().count() < PART_CHARS;
        let whole = is_short || (text.len() < folded.trim_start_matches(|c| !is_findable(c)).len());
        Sought { finder: Finder::new(text.as_bytes()).into_owned(), whole }
    }

    fn text(&self) -> &str {
        // It was made of a text.
        str::from_utf8(self.finder.needle()).unwrap_or_default()
    }

    /// Where it is in a folded text: from and to.
    fn places(&self, folded: &str) -> impl Iterator<Item = (usize, usize)> {
        let places = self.finder.find_iter(folded.as_bytes()).map(|from| (from, from + self.finder.needle().len()));
        places.filter(|(from, to)| !self.whole || word_around(folded, (*from, *to)) == (*from, *to))
    }
}

/// The whole word around a place in a folded text, if it begins or ends within one.
fn word_around(folded: &str, (from, to): (usize, usize)) -> (usize, usize) {
    let (before, inside, behind) = (&folded[..from], &folded[from..to], &folded[to..]);
    let more = |is_within: bool, rest: usize| if is_within { rest } else { 0 };
    let left = before.len() - before.trim_end_matches(is_word).len();
    let right = behind.len() - behind.trim_start_matches(is_word).len();
    (from - more(inside.starts_with(is_word), left), to + more(inside.ends_with(is_word), right))
}

/// True for what a search can find: characters of words, and those that are found alone.
fn is_findable(c: char) -> bool {
    is_word(c) || is_token(c)
}

/// The text around the first of the words that were searched for, each word with one of them in it marked `*so*`.
///
/// About 80 characters are shown on either side; `…` stands where more was cut off.
#[must_use]
pub fn excerpt(text: &str, words: &str) -> String {
    let found = found_in(text, &Terms::of(words));
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

/// Where a text has the terms, from and to: in its order, and apart from each other.
fn found_in(text: &str, terms: &Terms) -> Vec<(usize, usize)> {
    let mut folded = String::new();
    // Where each grapheme begins in both.
    let mut begins = Vec::new();
    for (at, grapheme) in text.grapheme_indices(true) {
        begins.push((folded.len(), at));
        folded.push_str(&fold(grapheme));
    }
    let whole_graphemes = |(from, to): (usize, usize)| {
        let first = begins.partition_point(|(begin, _)| *begin <= from).saturating_sub(1);
        let behind = begins.partition_point(|(begin, _)| *begin < to);
        (begins.get(first).map_or(0, |(_, at)| *at), begins.get(behind).map_or(text.len(), |(_, at)| *at))
    };
    let pieces = terms.sought.iter().flat_map(Sought::pieces);
    let mut found: Vec<(usize, usize)> = pieces
        .flat_map(|piece| {
            let places = piece.places(&folded).map(|place| whole_graphemes(word_around(&folded, place)));
            places.collect::<Vec<_>>()
        })
        .collect();
    found.sort_unstable();
    let mut apart: Vec<(usize, usize)> = Vec::with_capacity(found.len());
    for (from, to) in found {
        match apart.last_mut() {
            Some((_, end)) if from < *end => *end = to.max(*end),
            _ => apart.push((from, to)),
        }
    }
    apart
}

impl Sought {
    /// Its parts between punctuation, as the index finds them.
    fn pieces(&self) -> impl Iterator<Item = Sought> {
        let pieces = self.text().split(|c| !is_findable(c)).filter(|piece| !piece.is_empty());
        pieces.map(|piece| {
            let sought = Sought::of(piece);
            Sought { whole: sought.whole || self.whole, ..sought }
        })
    }
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
            ("Ünsinn", "\"unsinn\" *"),
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
            ("die Fehlermeldungen kamen", "meldung", "die *Fehlermeldungen* kamen"),
            ("人人生而自由，权利", "权利 自由", "人人生而*自由*，*权利*"),
            ("Landline聊天很好", "聊天", "Landline*聊天*很好"),
            ("Landline聊天很好", "land", "*Landline*聊天很好"),
            ("สวัสดีครับ", "คร", "สวัสดี*ครั*บ"),
            ("ｶﾞｷ と", "ガ", "*ｶﾞ*ｷ と"),
            ("👩\u{200d}💻 works", "👩", "*👩\u{200d}💻* works"),
            ("a 🇩🇪🇫🇷", "🇫🇷", "a 🇩🇪*🇫🇷*"),
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
