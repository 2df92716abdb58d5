//! The words of a search: as a query of the index, as parts that texts may have, and marked in what was found.

use super::fold::{fold, fold_into, index_text, is_token, is_word};
use memchr::memmem::Finder;
use unicode_segmentation::UnicodeSegmentation;

/// Terms of one search; more say nothing more.
const MOST: usize = 16;
/// Fewer letters must be a whole word: too many words have two letters in them. The index knows beginnings of three.
const PART_CHARS: usize = 3;
/// Parts between punctuation that are marked in what was found: a term of 8,000 bytes can have 4,000.
const PIECES: usize = 64;
/// Characters shown on each side of the first match.
const AROUND: usize = 80;

/// What is searched for. Nothing in it means anything but itself.
#[derive(Debug)]
pub(super) struct SearchTerms {
    /// As they were typed; each has something in it that can be found.
    words: Vec<String>,
    sought: Vec<Sought>,
    /// The terms without their punctuation, as an excerpt marks them.
    pieces: Vec<Sought>,
}

/// A term as texts are searched for it.
#[derive(Debug)]
struct Sought {
    /// Folded, without punctuation at its ends.
    finder: Finder<'static>,
    /// It must be a whole word: it is short, or ends with punctuation, as in `tea.`.
    whole: bool,
}

impl SearchTerms {
    pub(super) fn of(words: &str) -> SearchTerms {
        // A control character would end the query.
        let words = words.split(|c: char| c.is_whitespace() || c.is_control());
        let words = words.map(|word| (word, fold(word))).filter(|(_, folded)| folded.contains(is_findable)).take(MOST);
        let (words, sought): (_, Vec<Sought>) =
            words.map(|(word, folded)| (word.to_owned(), Sought::of(&folded))).unzip();
        let mut pieces: Vec<Sought> = Vec::new();
        for piece in sought.iter().flat_map(Sought::pieces) {
            if pieces.len() == PIECES {
                break;
            }
            if !pieces.iter().any(|known| known.whole == piece.whole && known.text() == piece.text()) {
                pieces.push(piece);
            }
        }
        SearchTerms { words, sought, pieces }
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
        places.filter(|place| !self.whole || is_whole(folded, *place))
    }
}

/// True if a place in a folded text neither begins nor ends within a word. Only the characters at its two ends are looked
/// at: a text may have one match for each of its characters.
fn is_whole(folded: &str, (from, to): (usize, usize)) -> bool {
    let (before, inside, behind) = (&folded[..from], &folded[from..to], &folded[to..]);
    let begins_within = inside.starts_with(is_word) && before.ends_with(is_word);
    let ends_within = inside.ends_with(is_word) && behind.starts_with(is_word);
    !begins_within && !ends_within
}

/// The whole word around a place in a folded text, if it begins or ends within one.
fn word_around(folded: &str, (from, to): (usize, usize)) -> (usize, usize) {
    let (before, inside, behind) = (&folded[..from], &folded[from..to], &folded[to..]);
    let more = |is_within: bool, rest: usize| if is_within { rest } else { 0 };
    let left = before.len() - before.trim_end_matches(is_word).len();
    let right = behind.len() - behind.trim_start_matches(is_word).len();
    (from - more(inside.starts_with(is_word), left), to + more(inside.ends_with(is_word), right))
}

/// The words around places in a folded text, which are in order and apart from each other. A place within the word
/// before it gives none of its own: each word is walked over twice at most, however many places it has.
fn words_of(folded: &str, places: impl Iterator<Item = (usize, usize)>) -> impl Iterator<Item = (usize, usize)> {
    let mut end = 0;
    places.filter_map(move |place| {
        let word = (place.1 > end).then(|| word_around(folded, place))?;
        end = word.1;
        Some(word)
    })
}

/// True for what a search can find: characters of words, and those that are found alone.
fn is_findable(c: char) -> bool {
    is_word(c) || is_token(c)
}

/// The text around the first of the words that were searched for, as [`SearchTerms::excerpt`] makes it.
#[must_use]
pub fn excerpt(text: &str, words: &str) -> String {
    SearchTerms::of(words).excerpt(text)
}

impl SearchTerms {
    /// The text around the first of the terms, each word with one of them in it marked `*so*`. Takes time in proportion
    /// to the length of the text.
    ///
    /// About 80 characters are shown on either side; `…` stands where more was cut off.
    pub(super) fn excerpt(&self, text: &str) -> String {
        let found = found_in(text, self);
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
}

/// Where a text has the terms, from and to: in its order, and apart from each other.
fn found_in(text: &str, terms: &SearchTerms) -> Vec<(usize, usize)> {
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
    let words = terms.pieces.iter().flat_map(|piece| words_of(&folded, piece.places(&folded)));
    let mut found: Vec<(usize, usize)> = words.map(whole_graphemes).collect();
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
            assert_eq!(SearchTerms::of(typed).query(), query, "{typed}");
        }
        assert_eq!(SearchTerms::of(&"a ".repeat(99)).words.len(), MOST);
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

    #[test]
    fn each_word_is_walked_over_once_however_many_matches_it_has() {
        // 100 excerpts that walked over the word for each match would look at 3,000 million characters.
        let text = "𞤢".repeat(8_000);
        let words = (3..19).map(|n| "𞤢".repeat(n)).collect::<Vec<_>>().join(" ");
        let terms = SearchTerms::of(&words);
        let folded = fold(&text);
        for piece in &terms.pieces {
            assert_eq!(words_of(&folded, piece.places(&folded)).count(), 1);
        }
        assert_eq!(terms.excerpt(&text), format!("*{text}*"));
    }

    #[test]
    fn the_pieces_of_terms_are_bounded() {
        let pieces = |words: &str| SearchTerms::of(words).pieces.len();
        assert_eq!(pieces(&"a.".repeat(4_000)), 1);
        let all: String = (0..1_000).map(|n| format!("{n}.")).collect();
        assert_eq!(pieces(&all), PIECES);
    }

    /// Texts in which words, tokens and punctuation of few kinds meet in all ways.
    fn crowded() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&["a", "b", "𞤢", "天", "ก", ".", " ", "é"][..]), 0..40)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_characters_at_its_ends_tell_a_whole_word(text in crowded(), term in crowded()) {
            let (folded, term) = (fold(&text), fold(&term));
            for (from, _) in folded.match_indices(term.as_str()).filter(|_| !term.is_empty()) {
                let place = (from, from + term.len());
                prop_assert_eq!(is_whole(&folded, place), word_around(&folded, place) == place);
            }
        }

        #[test]
        fn the_words_of_places_cover_the_word_around_each(text in crowded(), term in crowded()) {
            let (folded, term) = (fold(&text), fold(&term));
            let places = || folded.match_indices(term.as_str()).map(|(from, part)| (from, from + part.len()));
            let covered = |words: &[(usize, usize)]| {
                (0..folded.len()).map(|at| words.iter().any(|(from, to)| (*from..*to).contains(&at))).collect::<Vec<_>>()
            };
            let each: Vec<_> = places().map(|place| word_around(&folded, place)).collect();
            let words: Vec<_> = words_of(&folded, places()).collect();
            prop_assert_eq!(covered(&words), covered(&each));
        }

        #[test]
        fn an_excerpt_is_part_of_the_text(text in any::<String>(), words in any::<String>()) {
            let shown = excerpt(&text, &words);
            let plain = |s: &str| s.chars().filter(|c| !matches!(c, '*' | '…')).collect::<String>();
            prop_assert!(plain(&text).contains(&plain(&shown)));
        }
    }
}
