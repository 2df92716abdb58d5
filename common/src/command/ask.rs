//! The arguments of `/history`.

use super::parse::number;
use std::fmt;

/// Number of messages for `/history` without arguments.
const USUAL: u64 = 20;

/// The part of the history that a user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask<'a> {
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

impl Default for Ask<'_> {
    fn default() -> Self {
        Ask::Last(USUAL)
    }
}

impl<'a> Ask<'a> {
    /// Parses the arguments of `/history`; without any, the default. `None` if they do not fit.
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
    /// Writes the arguments of `/history`, with a space in front.
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

/// Parses `before ID WORDS`, the arguments of `/search` for the next page.
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
