//! What somebody asks of the history.

use super::parse::number;
use std::fmt;

/// How many messages are shown when somebody names no number.
const USUAL: u64 = 20;

/// A part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask<'a> {
    /// The last so many.
    Last(u64),
    /// What was said before that id.
    Before(u64),
    /// What was said after that id.
    After(u64),
    /// What was missed since the last visit.
    Unread,
    /// Direct messages with that person.
    With(&'a str),
}

impl Default for Ask<'_> {
    fn default() -> Self {
        Ask::Last(USUAL)
    }
}

impl<'a> Ask<'a> {
    /// What follows `/history`; nothing at all is the usual.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Ask<'a>> {
        let (word, rest) = text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim_start()));
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        match (number(word), rest) {
            (None, "") if word.is_empty() => Some(Ask::default()),
            (Some(n), "") if n > 0 => Some(Ask::Last(n)),
            (None, "") if is("unread") => Some(Ask::Unread),
            (None, id) if is("before") => number(id).map(Ask::Before),
            (None, id) if is("after") => number(id).map(Ask::After),
            (None, user) if is("with") && !user.is_empty() && !user.contains(' ') => Some(Ask::With(user)),
            _ => None,
        }
    }
}

impl fmt::Display for Ask<'_> {
    /// As it stands behind `/history`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ask::Last(n) => write!(f, " {n}"),
            Ask::Before(id) => write!(f, " before {id}"),
            Ask::After(id) => write!(f, " after {id}"),
            Ask::Unread => f.write_str(" unread"),
            Ask::With(user) => write!(f, " with {user}"),
        }
    }
}

/// `before ID WORDS`, as the answer to a search says how to go on.
pub(super) fn before(text: &str) -> Option<(u64, &str)> {
    let (word, rest) = text.split_once(' ')?;
    let (id, words) = rest.trim_start().split_once(' ')?;
    let words = words.trim_start();
    (word.eq_ignore_ascii_case("before") && !words.is_empty()).then(|| Some((number(id)?, words))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked() {
        for (text, ask) in [
            ("", Some(Ask::Last(20))),
            ("7", Some(Ask::Last(7))),
            ("before 5", Some(Ask::Before(5))),
            ("AFTER 5", Some(Ask::After(5))),
            ("unread", Some(Ask::Unread)),
            ("with bob", Some(Ask::With("bob"))),
            ("0", None),
            ("-1", None),
            ("before", None),
            ("before x", None),
            ("with", None),
            ("with bob and alice", None),
            ("7 8", None),
            ("yesterday", None),
        ] {
            assert_eq!(Ask::parse(text), ask, "{text}");
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
