//! Groups consecutive messages of one user: the screen shows the name only at the beginning of a group.
//!
//! A group ends with a message of another user, after five minutes, and after about ten rows, so that the name is never
//! far above the text. A message of several lines is a group of its own; otherwise two of them would look like one.
//!
//! Whether a line begins a group depends on all lines before it, which may be thousands. So the beginnings are stored.
//! After a change, [`Groups::update_from`] checks lines only until it meets a beginning that did
//! not change.

use super::line::Line;
use std::collections::{HashSet, VecDeque};

/// Duration of a group in milliseconds.
const MAX_GROUP_MS: i64 = 5 * 60_000;
/// Estimated rows of a group.
const MAX_GROUP_ROWS: usize = 10;
/// Characters that count as one row. The estimate does not depend on the width of the screen, so that resizing changes no
/// groups.
const ROW_CHARS: usize = 60;

/// The keys of all lines that begin a group.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    begins: HashSet<u64>,
}

impl Groups {
    /// Returns the groups of all `lines`.
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

    /// Returns whether a line begins a group.
    #[must_use]
    pub fn begins(&self, key: u64) -> bool {
        self.begins.contains(&key)
    }

    /// Removes a line that no longer exists.
    pub fn remove(&mut self, key: u64) {
        self.begins.remove(&key);
    }

    /// Updates the groups after a line was inserted or removed at index `at`.
    pub fn update_from(&mut self, lines: &VecDeque<Line>, at: usize) {
        // Start at the beginning of the group before the change; groups are short.
        let begin = (0..at).rev().find(|index| self.begins(lines[*index].key)).unwrap_or(0);
        let mut group = Group::default();
        for (index, line) in lines.iter().enumerate().skip(begin) {
            let began = self.begins(line.key);
            let begins = group.push(line);
            if begins {
                self.begins.insert(line.key);
            } else {
                self.begins.remove(&line.key);
            }
            // After an unchanged beginning, all groups are as before.
            if index > at && began && begins {
                return;
            }
        }
    }
}

/// A group while its lines are added.
#[derive(Default)]
struct Group<'l> {
    first: Option<&'l Line>,
    last: Option<&'l Line>,
    rows: usize,
}

impl<'l> Group<'l> {
    /// Adds the next line. Returns `true` if it begins a new group.
    fn push(&mut self, line: &'l Line) -> bool {
        let rows = estimated_rows(line);
        let continues = self.rows + rows <= MAX_GROUP_ROWS
            && self
                .last
                .is_some_and(|last| is_of_same_user(last, line) && !has_line_ends(last) && !has_line_ends(line))
            && self.first.is_some_and(|first| (0..MAX_GROUP_MS).contains(&(line.at - first.at)));
        self.last = Some(line);
        if continues {
            self.rows += rows;
        } else {
            self.first = Some(line);
            self.rows = rows;
        }
        !continues
    }
}

/// Estimates the rows of a line.
fn estimated_rows(line: &Line) -> usize {
    line.message().map_or(1, |message| message.text.split('\n').map(|line| 1 + line.chars().count() / ROW_CHARS).sum())
}

fn has_line_ends(line: &Line) -> bool {
    line.message().is_some_and(|message| message.text.contains('\n'))
}

fn is_of_same_user(before: &Line, line: &Line) -> bool {
    let (Some(a), Some(b)) = (before.message(), line.message()) else { return false };
    a.user == b.user && a.room == b.room && a.private == b.private
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::line::{Body, ChatMessage};
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn line(key: u64, at: i64, user: &str, text: &str) -> Line {
        Line { key, id: None, at, body: Body::Message(ChatMessage::received(user, text)) }
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
        fn incremental_groups_equal_computed_ones(
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
