//! Which lines begin a group of messages of one user. The name stands at the beginning of a group only.
//!
//! A group ends where another user speaks, after five minutes, and after about ten rows, so that a name is never far
//! above its text. A message of several lines is a group of its own: two of them would look like one.
//!
//! Where a group begins depends on the lines before it, which may be thousands. So it is kept for each line, and after a
//! change only those lines are looked at again for which it may be different.

use super::line::Line;
use std::collections::{HashSet, VecDeque};

/// Messages of one user within this time are one group.
const MAX_GROUP_MS: i64 = 5 * 60_000;
/// Rows of a group, about.
const MAX_GROUP_ROWS: usize = 10;
/// Characters that are taken for one row: how wide the screen is does not matter here.
const ROW_CHARS: usize = 60;

/// The keys of lines that begin a group.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    begins: HashSet<u64>,
}

impl Groups {
    /// The groups of these lines.
    #[must_use]
    pub fn of(lines: &VecDeque<Line>) -> Groups {
        let mut groups = Groups::default();
        let mut group = Group::default();
        for line in lines {
            if group.push(line) {
                groups.begins.insert(line.key);
            }
        }
        groups
    }

    /// Whether the line with that key begins a group.
    #[must_use]
    pub fn begins(&self, key: u64) -> bool {
        self.begins.contains(&key)
    }

    /// The line with that key is gone.
    pub fn remove(&mut self, key: u64) {
        self.begins.remove(&key);
    }

    /// A line was inserted at `at`, or removed there.
    pub fn update_from(&mut self, lines: &VecDeque<Line>, at: usize) {
        // The group before it is short.
        let begin = (0..at).rev().find(|index| self.begins(lines[*index].key)).unwrap_or(0);
        let mut group = Group::default();
        for (index, line) in lines.iter().enumerate().skip(begin) {
            let (was, begins) = (self.begins(line.key), group.push(line));
            if begins {
                self.begins.insert(line.key);
            } else {
                self.begins.remove(&line.key);
            }
            // From a beginning on that was one before, nothing is different.
            if index > at && was && begins {
                return;
            }
        }
    }
}

/// The group so far.
#[derive(Default)]
struct Group<'l> {
    first: Option<&'l Line>,
    last: Option<&'l Line>,
    rows: usize,
}

impl<'l> Group<'l> {
    /// Takes the next line. `true` if it begins a new group.
    fn push(&mut self, line: &'l Line) -> bool {
        let rows = rows(line);
        let goes_on = self.rows + rows <= MAX_GROUP_ROWS
            && self.last.is_some_and(|last| is_of_same_user(last, line) && !has_lines(last) && !has_lines(line))
            && self.first.is_some_and(|first| (0..MAX_GROUP_MS).contains(&(line.at - first.at)));
        self.last = Some(line);
        if goes_on {
            self.rows += rows;
        } else {
            (self.first, self.rows) = (Some(line), rows);
        }
        !goes_on
    }
}

fn rows(line: &Line) -> usize {
    line.message().map_or(1, |message| message.text.split('\n').map(|line| 1 + line.chars().count() / ROW_CHARS).sum())
}

fn has_lines(line: &Line) -> bool {
    line.message().is_some_and(|message| message.text.contains('\n'))
}

fn is_of_same_user(before: &Line, line: &Line) -> bool {
    let (Some(a), Some(b)) = (before.message(), line.message()) else { return false };
    a.user == b.user && a.room == b.room && a.private == b.private
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::line::{Body, ChatMessage, Delivery};
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn line(key: u64, at: i64, user: &str, text: &str) -> Line {
        let (user, text) = (user.into(), text.into());
        let message =
            ChatMessage { user, text, room: None, mention: false, private: false, delivery: Delivery::Received };
        Line { key, id: None, at, body: Body::Message(message) }
    }

    fn beginnings(lines: &VecDeque<Line>) -> Vec<usize> {
        let groups = Groups::of(lines);
        (0..lines.len()).filter(|index| groups.begins(lines[*index].key)).collect()
    }

    #[test]
    fn a8_a_group_ends_after_five_minutes_and_ten_rows() {
        let minutes = (0..12).map(|at| line(at, i64::try_from(at).unwrap() * MINUTE, "ann", "x")).collect();
        assert_eq!(beginnings(&minutes), [0, 5, 10], "five minutes from its beginning");
        let quick = (0..25).map(|key| line(key, 0, "ann", "x")).collect();
        assert_eq!(beginnings(&quick), [0, 10, 20]);
        let long = (0..5).map(|key| line(key, 0, "ann", &"x".repeat(200))).collect();
        assert_eq!(beginnings(&long), [0, 2, 4], "four rows each");
        let two = (0..4).map(|key| line(key, 0, if key == 2 { "bob" } else { "ann" }, "x")).collect();
        assert_eq!(beginnings(&two), [0, 2, 3]);
    }

    #[test]
    fn a8_a_message_of_several_lines_is_a_group_of_its_own() {
        let texts = ["a\nb", "c\nd", "e", "f"];
        let lines = (0..).zip(texts).map(|(key, text)| line(key, 0, "ann", text)).collect();
        assert_eq!(beginnings(&lines), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn groups_are_the_same_however_the_lines_came(
            lines in prop::collection::vec((0usize..40, 0i64..20, "ann|bob", "x|x\ny", any::<bool>()), 1..60)
        ) {
            let (mut all, mut groups) = (VecDeque::new(), Groups::default());
            for (key, (at, minutes, user, text, inserts)) in (0..).zip(lines) {
                let at = at.min(all.len());
                if inserts || at == all.len() {
                    all.insert(at, line(key, minutes * MINUTE, &user, &text));
                } else {
                    groups.remove(all.remove(at).map_or(0, |line| line.key));
                }
                groups.update_from(&all, at);
                prop_assert_eq!(&groups.begins, &Groups::of(&all).begins);
            }
        }
    }
}
