//! The arguments of `/history`.

use super::parse::parse_number;
use std::fmt;

/// Number of messages for `/history` without arguments.
const USUAL: u64 = 20;

/// The part of the history that a user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryQuery<'a> {
    /// The last messages, this many.
    Last(u64),
    /// The messages before this id.
    Before(u64),
    /// The messages after this id.
    After(u64),
    /// The messages missed since the last visit.
    Unread,
    /// The direct messages with this user.
    With(&'a str),
}

impl Default for HistoryQuery<'_> {
    fn default() -> Self {
        HistoryQuery::Last(USUAL)
    }
}

impl<'a> HistoryQuery<'a> {
    /// Parses the arguments of `/history`; without any, the default. `None` if they do not fit.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<HistoryQuery<'a>> {
        let (word, rest) = text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim_start()));
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        match (parse_number(word), rest) {
            (None, "") if word.is_empty() => Some(HistoryQuery::default()),
            (Some(n), "") if n > 0 => Some(HistoryQuery::Last(n)),
            (None, "") if is("unread") => Some(HistoryQuery::Unread),
            (None, id) if is("before") => parse_number(id).map(HistoryQuery::Before),
            (None, id) if is("after") => parse_number(id).map(HistoryQuery::After),
            (None, user) if is("with") && !user.is_empty() && !user.contains(' ') => Some(HistoryQuery::With(user)),
            _ => None,
        }
    }
}

impl fmt::Display for HistoryQuery<'_> {
    /// Writes the arguments of `/history`, with a space in front.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HistoryQuery::Last(n) => write!(f, " {n}"),
            HistoryQuery::Before(id) => write!(f, " before {id}"),
            HistoryQuery::After(id) => write!(f, " after {id}"),
            HistoryQuery::Unread => f.write_str(" unread"),
            HistoryQuery::With(user) => write!(f, " with {user}"),
        }
    }
}

/// Parses `before ID WORDS`, the arguments of `/search` for the next page.
pub(super) fn before(text: &str) -> Option<(u64, &str)> {
    let (word, rest) = text.split_once(' ')?;
    let (id, words) = rest.trim_start().split_once(' ')?;
    let words = words.trim_start();
    (word.eq_ignore_ascii_case("before") && !words.is_empty()).then(|| Some((parse_number(id)?, words))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked() {
        for (text, ask) in [
            ("", Some(HistoryQuery::Last(20))),
            ("7", Some(HistoryQuery::Last(7))),
            ("before 5", Some(HistoryQuery::Before(5))),
            ("AFTER 5", Some(HistoryQuery::After(5))),
            ("unread", Some(HistoryQuery::Unread)),
            ("with bob", Some(HistoryQuery::With("bob"))),
            ("0", None),
            ("-1", None),
            ("before", None),
            ("before x", None),
            ("with", None),
            ("with bob and alice", None),
            ("7 8", None),
            ("yesterday", None),
        ] {
            assert_eq!(HistoryQuery::parse(text), ask, "{text}");
        }
    }

    #[test]
    fn a_search_goes_on_before_an_id() {
        assert_eq!(before("before 5 the end"), Some((5, "the end")));
        for words in ["before 5", "before lunch", "5 before", "before 5 "] {
            assert_eq!(before(words), None, "{words}");
        }
    }
}
