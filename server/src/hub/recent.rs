//! The newest messages of a broadcast group with their authors, so that an author can take a message back.
//!
//! The history has names only, and another guest may have the name of an author by now. So the group remembers the owner
//! of each message for as long as the author may take it back. The table is bounded by number and by time. It is filled
//! under the lock of the group's log, so it has the messages in the order of their ids, and it stores no texts: a message
//! costs one entry and no allocation.

use crate::ordered_mutex::OrderedMutex;
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Limits, UserName};
use std::collections::VecDeque;
use std::sync::Arc;

/// The author of messages: the name, and the owner at the sign-in.
#[derive(Debug)]
pub(super) struct Author {
    pub(super) name: UserName,
    pub(super) owner: HistoryOwner,
}

/// A message whose author is known.
#[derive(Clone, Debug)]
pub(super) struct RecentMessage {
    pub(super) id: u64,
    /// Time of the message in milliseconds since 1970.
    pub(super) at_ms: i64,
    pub(super) author: Arc<Author>,
}

/// The newest messages of one group, oldest first.
#[derive(Debug)]
pub(super) struct RecentMessages {
    messages: VecDeque<RecentMessage>,
    most: usize,
    span_ms: i64,
}

/// The place where talk of an author is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecentSink<'a> {
    pub(super) messages: &'a OrderedMutex<RecentMessages, 6>,
    pub(super) author: &'a Arc<Author>,
}

impl RecentSink<'_> {
    /// Remembers `lines` messages from the id `first_id` on.
    pub(super) fn record(&self, first_id: u64, lines: usize, at_ms: i64) {
        let mut messages = self.messages.lock();
        for id in (first_id..).take(lines) {
            messages.push(RecentMessage { id, at_ms, author: self.author.clone() });
        }
    }
}

impl RecentMessages {
    pub(super) fn new(limits: &Limits) -> RecentMessages {
        let span_ms = i64::try_from(limits.take_back_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        RecentMessages { messages: VecDeque::new(), most: count(limits.recent_messages), span_ms }
    }

    /// Adds the newest message, and forgets the oldest ones beyond the bounds.
    fn push(&mut self, message: RecentMessage) {
        let since_ms = message.at_ms.saturating_sub(self.span_ms);
        self.messages.push_back(message);
        while self.messages.len() > self.most || self.messages.front().is_some_and(|oldest| oldest.at_ms < since_ms) {
            self.messages.pop_front();
        }
    }

    /// Returns the message with this id.
    pub(super) fn find(&self, id: u64) -> Option<RecentMessage> {
        self.messages.iter().rev().find(|message| message.id == id).cloned()
    }

    /// Returns the messages since a time whose author fits, newest first.
    pub(super) fn of<'r>(
        &'r self,
        is_author: impl Fn(&Author) -> bool + 'r,
        since_ms: i64,
    ) -> impl Iterator<Item = &'r RecentMessage> {
        let messages = self.messages.iter().rev();
        messages.filter(move |message| message.at_ms >= since_ms && is_author(&message.author))
    }

    /// Forgets messages that were removed. Returns their number.
    pub(super) fn remove(&mut self, ids: &[u64]) -> usize {
        let before = self.messages.len();
        self.messages.retain(|message| !ids.contains(&message.id));
        before - self.messages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(name: &str, session: u64) -> Arc<Author> {
        let name = UserName::parse(name).unwrap();
        Arc::new(Author { name, owner: HistoryOwner::Guest(session) })
    }

    fn recent(most: u64, lines: &[(&Arc<Author>, i64)]) -> RecentMessages {
        let limits = Limits { recent_messages: most, take_back_seconds: 600, ..Limits::default() };
        let messages = OrderedMutex::new(RecentMessages::new(&limits));
        for (first_id, (author, at_ms)) in (1..).zip(lines) {
            RecentSink { messages: &messages, author }.record(first_id, 1, *at_ms);
        }
        let mut locked = messages.lock();
        std::mem::replace(&mut *locked, RecentMessages::new(&limits))
    }

    #[test]
    fn the_newest_messages_are_remembered_in_order_and_within_both_bounds() {
        let (alice, bob) = (author("alice", 1), author("bob", 2));
        let messages = recent(3, &[(&alice, 0), (&bob, 1), (&alice, 2), (&alice, 3)]);
        let ids = |messages: &RecentMessages, since| {
            let ids: Vec<u64> = messages.of(|author| author.owner == alice.owner, since).map(|m| m.id).collect();
            ids
        };
        assert_eq!(ids(&messages, 0), [4, 3], "the fourth message displaced the first");
        assert!(messages.find(1).is_none() && messages.find(2).is_some());
        assert_eq!(ids(&messages, 3), [4]);
        let late = recent(9, &[(&alice, 0), (&bob, 1), (&alice, 600_001)]);
        assert_eq!(ids(&late, 0), [3], "ten minutes are over");
        assert!(late.find(1).is_none() && late.find(2).is_some());
    }

    #[test]
    fn a_removed_message_is_forgotten_once() {
        let alice = author("alice", 1);
        let mut messages = recent(9, &[(&alice, 0), (&alice, 0), (&alice, 0)]);
        assert_eq!((messages.remove(&[2, 9]), messages.remove(&[2])), (1, 0));
        assert!(messages.find(2).is_none() && messages.find(3).is_some());
    }
}
