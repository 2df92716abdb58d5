//! The terms of a search, in three forms: a query for the index, patterns for scanning texts, and marks in excerpts.
//!
//! A term is what the user typed between blanks. All comparisons use folded text, see [`super::fold`]. Example for
//! `tea. don't mel`:
//!
//! | typed | query for the index | pattern in a text | marked in an excerpt |
//! |---|---|---|---|
//! | `tea.` | `"tea"` | whole word `tea` | whole word `tea` |
//! | `don't` | `"don't"` | `don't` anywhere | `don` and `t` |
//! | `mel` | `"mel" *` | `mel` anywhere | words with `mel` in them |
//!
//! Characters that this server's Unicode tables do not know are found by the pattern alone.
//!
//! The query is quoted, so nothing that a user types is query syntax. Punctuation at the end makes a term a whole word,
//! and so does a length of one or two letters: nearly every text has a word with these letters in it.
//!
//! Texts and terms may be 8,000 bytes long and come from any user. So every function here takes time in proportion to the
//! length of the text, and the number of terms and pieces is bounded.

use super::fold::{fold, fold_into, index_form, is_token, is_unknown, is_word};
use memchr::memmem::Finder;
use unicode_segmentation::UnicodeSegmentation;

/// Most terms of one search; later ones are ignored.
const MOST_TERMS: usize = 16;
/// Letters from which on a term may be part of a word. The index has beginnings of three letters.
const MIN_PART_CHARS: usize = 3;
/// Most pieces that an excerpt marks. A term of 8,000 bytes could have 4,000.
const MOST_PIECES: usize = 64;
/// Characters of an excerpt on each side of the first match.
const CONTEXT_CHARS: usize = 80;

/// The terms of one search.
#[derive(Debug)]
pub(super) struct SearchTerms {
    /// One for each term with at least one character that can be found.
    patterns: Vec<Pattern>,
    /// The parts of the patterns between punctuation, for excerpts.
    pieces: Vec<Pattern>,
}

/// A string to be found in folded texts.
#[derive(Debug)]
struct Pattern {
    /// Folded, without punctuation at its ends.
    finder: Finder<'static>,
    /// Matches whole words only.
    whole: bool,
}

/// A range of byte positions in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    /// Inclusive.
    from: usize,
    /// Exclusive.
    to: usize,
}

impl SearchTerms {
    pub(super) fn of(words: &str) -> SearchTerms {
        // A NUL would end the query for SQLite. No message contains other control characters within a word.
        let words = words.split(|c: char| c.is_whitespace() || c.is_control());
        let folded = words.map(fold).filter(|folded| folded.contains(is_findable)).take(MOST_TERMS);
        let patterns: Vec<Pattern> = folded.map(|folded| Pattern::of(&folded)).collect();
        let mut pieces: Vec<Pattern> = Vec::new();
        for piece in patterns.iter().flat_map(Pattern::pieces) {
            if pieces.len() == MOST_PIECES {
                break;
            }
            if !pieces.iter().any(|known| known.whole == piece.whole && known.text() == piece.text()) {
                pieces.push(piece);
            }
        }
        SearchTerms { patterns, pieces }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Returns the query for FTS5: all terms, quoted. The last one also matches as a beginning, as its user may still be
    /// typing it.
    pub(super) fn query(&self) -> String {
        let quote = |pattern: &Pattern| format!("\"{}\"", index_form(pattern.text()).trim().replace('"', "\"\""));
        let query = self.patterns.iter().map(quote).collect::<Vec<_>>().join(" AND ");
        let may_be_beginning = self.patterns.last().is_some_and(|last| !last.whole && last.text().ends_with(is_word));
        // Of a term such as `天La`, only the letters at its end are the beginning of a word.
        let letters =
            self.patterns.last().map_or(0, |last| last.text().chars().rev().take_while(|c| is_word(*c)).count());
        query + if may_be_beginning && letters >= MIN_PART_CHARS { " *" } else { "" }
    }

    /// Returns true if the index finds every text that has these terms. It does not if a term may begin or end inside a
    /// word.
    pub(super) fn index_finds_all(&self) -> bool {
        self.patterns.iter().all(|pattern| pattern.text().starts_with(is_token) && pattern.text().ends_with(is_token))
    }

    /// Returns true if a text has all terms. `buffer` is overwritten; passing it again saves allocations.
    pub(super) fn match_text(&self, text: &str, buffer: &mut String) -> bool {
        fold_into(text, buffer);
        self.patterns.iter().all(|pattern| pattern.matches(buffer).next().is_some())
    }
}

impl Pattern {
    fn of(folded: &str) -> Pattern {
        let text = folded.trim_matches(|c| !is_findable(c));
        let is_short = text.chars().all(is_word) && text.chars().count() < MIN_PART_CHARS;
        let has_end = text.len() < folded.trim_start_matches(|c| !is_findable(c)).len();
        Pattern { finder: Finder::new(text.as_bytes()).into_owned(), whole: is_short || has_end }
    }

    fn text(&self) -> &str {
        // The needle is UTF-8, since `of` makes it of a string.
        str::from_utf8(self.finder.needle()).unwrap_or_default()
    }

    /// Returns the matches in a folded text, in order and without overlaps.
    fn matches(&self, folded: &str) -> impl Iterator<Item = Span> {
        let length = self.finder.needle().len();
        let all = self.finder.find_iter(folded.as_bytes()).map(move |from| Span { from, to: from + length });
        all.filter(|span| !self.whole || is_whole(folded, *span))
    }

    /// Returns the parts between punctuation, which are what the index finds.
    fn pieces(&self) -> impl Iterator<Item = Pattern> {
        let pieces = self.text().split(|c| !is_findable(c)).filter(|piece| !piece.is_empty());
        pieces.map(|piece| {
            let pattern = Pattern::of(piece);
            Pattern { whole: pattern.whole || self.whole, ..pattern }
        })
    }
}

/// Returns true if a span of a folded text neither begins nor ends inside a word. Looks only at the characters at the two
/// ends, since a text may have a match at each of its characters.
fn is_whole(folded: &str, span: Span) -> bool {
    let before = &folded[..span.from];
    let inside = &folded[span.from..span.to];
    let after = &folded[span.to..];
    let begins_inside_word = inside.starts_with(is_word) && before.ends_with(is_word);
    let ends_inside_word = inside.ends_with(is_word) && after.starts_with(is_word);
    !begins_inside_word && !ends_inside_word
}

/// Extends a span of a folded text to the ends of the words in which it begins and ends.
fn word_around(folded: &str, span: Span) -> Span {
    let before = &folded[..span.from];
    let inside = &folded[span.from..span.to];
    let after = &folded[span.to..];
    let mut word = span;
    if inside.starts_with(is_word) {
        word.from = before.trim_end_matches(is_word).len();
    }
    if inside.ends_with(is_word) {
        word.to += after.len() - after.trim_start_matches(is_word).len();
    }
    word
}

/// Extends spans, which must be in order and not overlap, to whole words. Spans inside the previous word are skipped: so
/// each word is scanned at most twice, however many matches it has.
fn words_around(folded: &str, spans: impl Iterator<Item = Span>) -> impl Iterator<Item = Span> {
    let mut end = 0;
    spans.filter_map(move |span| {
        let word = (span.to > end).then(|| word_around(folded, span))?;
        end = word.to;
        Some(word)
    })
}

/// Returns true for a character that a search can find: of a word, a token, or unknown. An unknown character is no
/// punctuation, as a whole word would end before it.
fn is_findable(c: char) -> bool {
    is_word(c) || is_token(c) || is_unknown(c)
}

/// Returns an excerpt of a text around the first of the words, as a search result shows it.
///
/// Each word that has one of the words in it is marked `*so*`. About 80 characters are shown on each side of the first
/// one, and `…` where more was cut off. Without a match, the excerpt is the beginning of the text.
#[must_use]
pub fn excerpt(text: &str, words: &str) -> String {
    SearchTerms::of(words).excerpt(text)
}

impl SearchTerms {
    /// Returns an excerpt, see [`excerpt`].
    pub(super) fn excerpt(&self, text: &str) -> String {
        let marks = marked_spans(text, self);
        let first = marks.first().copied().unwrap_or(Span { from: 0, to: 0 });
        let from = text[..first.from].char_indices().rev().take(CONTEXT_CHARS).last().map_or(first.from, |(at, _)| at);
        let to = text[first.to..].char_indices().nth(CONTEXT_CHARS).map_or(text.len(), |(at, _)| first.to + at);
        let mut out = String::from(if from > 0 { "…" } else { "" });
        let mut at = from;
        for mark in marks.into_iter().take_while(|mark| mark.to <= to) {
            out.push_str(&text[at..mark.from]);
            out.push('*');
            out.push_str(&text[mark.from..mark.to]);
            out.push('*');
            at = mark.to;
        }
        out.push_str(&text[at..to]);
        out.push_str(if to < text.len() { "…" } else { "" });
        out
    }
}

/// The start of a grapheme cluster in a text and in its folded form.
struct Grapheme {
    in_folded: usize,
    in_text: usize,
}

/// Returns the spans of a text to be marked, in order and without overlaps. They begin and end at grapheme clusters.
fn marked_spans(text: &str, terms: &SearchTerms) -> Vec<Span> {
    let mut folded = String::new();
    let mut graphemes = Vec::new();
    for (at, grapheme) in text.grapheme_indices(true) {
        graphemes.push(Grapheme { in_folded: folded.len(), in_text: at });
        folded.push_str(&fold(grapheme));
    }
    let in_text = |span: Span| {
        let first = graphemes.partition_point(|grapheme| grapheme.in_folded <= span.from).saturating_sub(1);
        let next = graphemes.partition_point(|grapheme| grapheme.in_folded < span.to);
        Span {
            from: graphemes.get(first).map_or(0, |grapheme| grapheme.in_text),
            to: graphemes.get(next).map_or(text.len(), |grapheme| grapheme.in_text),
        }
    };
    let words = terms.pieces.iter().flat_map(|piece| words_around(&folded, piece.matches(&folded)));
    let mut found: Vec<Span> = words.map(in_text).collect();
    found.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(found.len());
    for span in found {
        match merged.last_mut() {
            Some(last) if span.from < last.to => last.to = span.to.max(last.to),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_script::{Script, UnicodeScript};

    #[test]
    fn query_quotes_terms_and_the_last_may_be_a_beginning() {
        for (typed, query) in [
            ("tea time", "\"tea\" AND \"time\" *"),
            ("x", "\"x\""),
            ("tea.", "\"tea\""),
            ("a\"b", "\"a\"\"b\""),
            ("say \"hi\"", "\"say\" AND \"hi\""),
            ("a OR b* NOT -c", "\"a\" AND \"or\" AND \"b\" AND \"not\" AND \"c\""),
            ("text:foo", "\"text:foo\" *"),
            ("Ünsinn", "\"unsinn\" *"),
            ("!!! tea ???", "\"tea\" *"),
            (" \" * ", ""),
        ] {
            assert_eq!(SearchTerms::of(typed).query(), query, "{typed}");
        }
        assert_eq!(SearchTerms::of(&"a ".repeat(99)).patterns.len(), MOST_TERMS);
    }

    #[test]
    fn excerpt_marks_words_with_matches() {
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
    fn excerpt_of_a_long_text_is_cut_at_characters() {
        let text = format!("{}tea{}", "ü ".repeat(100), " ö".repeat(100));
        let shown = excerpt(&text, "tea");
        assert_eq!(shown, format!("…{}*tea*{}…", "ü ".repeat(40), " ö".repeat(40)));
        assert_eq!(excerpt(&"x".repeat(200), "tea"), format!("{}…", "x".repeat(80)));
    }

    #[test]
    fn a_word_with_many_matches_is_scanned_once() {
        // A scan of the word for each match would take seconds.
        let text = "𞤢".repeat(8_000);
        let words = (3..19).map(|n| "𞤢".repeat(n)).collect::<Vec<_>>().join(" ");
        let terms = SearchTerms::of(&words);
        let folded = fold(&text);
        for piece in &terms.pieces {
            assert_eq!(words_around(&folded, piece.matches(&folded)).count(), 1);
        }
        assert_eq!(terms.excerpt(&text), format!("*{text}*"));
    }

    /// Returns true for a character that may be part of a word, in this Unicode or a newer one.
    fn may_be_letter(c: char) -> bool {
        c.is_alphanumeric() || c.script() == Script::Unknown
    }

    #[test]
    fn each_letter_and_unknown_character_is_found_inside_a_word() {
        let mut buffer = String::new();
        let missed: String = ('\0'..=char::MAX)
            .filter(|c| may_be_letter(*c) && fold(&c.to_string()).chars().all(may_be_letter))
            .filter(|c| {
                let found = |part: String| SearchTerms::of(&part).match_text(&format!("xabc{c}{c}abcy"), &mut buffer);
                ![format!("abc{c}"), format!("abc{c}{c}abc"), format!("{c}abc")].into_iter().all(found)
            })
            .collect();
        assert_eq!(missed.escape_unicode().take(200).collect::<String>(), "");
    }

    #[test]
    fn pieces_are_distinct_and_bounded() {
        let pieces = |words: &str| SearchTerms::of(words).pieces.len();
        assert_eq!(pieces(&"a.".repeat(4_000)), 1);
        let all: String = (0..1_000).map(|n| format!("{n}.")).collect();
        assert_eq!(pieces(&all), MOST_PIECES);
    }

    /// Generates texts in which a few kinds of words, tokens and punctuation meet in all combinations.
    fn mixed_text() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&["a", "b", "𞤢", "天", "ก", ".", " ", "é"][..]), 0..40)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn is_whole_agrees_with_word_around(text in mixed_text(), term in mixed_text()) {
            let folded = fold(&text);
            let term = fold(&term);
            for (from, _) in folded.match_indices(term.as_str()).filter(|_| !term.is_empty()) {
                let span = Span { from, to: from + term.len() };
                prop_assert_eq!(is_whole(&folded, span), word_around(&folded, span) == span);
            }
        }

        #[test]
        fn words_around_covers_the_word_around_each_span(text in mixed_text(), term in mixed_text()) {
            let folded = fold(&text);
            let term = fold(&term);
            let spans = || folded.match_indices(term.as_str()).map(|(from, part)| Span { from, to: from + part.len() });
            let covered = |words: &[Span]| {
                (0..folded.len()).map(|at| words.iter().any(|word| (word.from..word.to).contains(&at))).collect::<Vec<_>>()
            };
            let each: Vec<_> = spans().map(|span| word_around(&folded, span)).collect();
            let words: Vec<_> = words_around(&folded, spans()).collect();
            prop_assert_eq!(covered(&words), covered(&each));
        }

        #[test]
        fn excerpt_is_part_of_the_text(text in any::<String>(), words in any::<String>()) {
            let shown = excerpt(&text, &words);
            let plain = |s: &str| s.chars().filter(|c| !matches!(c, '*' | '…')).collect::<String>();
            prop_assert!(plain(&text).contains(&plain(&shown)));
        }
    }
}
