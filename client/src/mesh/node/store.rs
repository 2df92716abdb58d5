//! The messages of all authors, in one order for all members.
//!
//! Problem: members receive messages at different times and over different paths, and there is no server that could
//! order them. Any member can invent authors and messages, and space is limited.
//!
//! Invariants:
//! - Messages are ordered by logical time (Lamport), then by author. A member's clock follows the times of the messages
//!   that it stores, so an answer sorts behind its question (for times near the maximum, see
//!   [`crate::mesh::limits::LAMPORT_TOLERANCE`]). All members with the same messages have the same order.
//! - Ids grow with that order. An id has 64 bits: 40 for the logical time, 24 for the first bits of the author's id.
//! - The store holds at most `max_messages` messages with `max_bytes` of texts, and [`ORIGINS`] authors. Above that, the
//!   [`Quota`] chooses the author whose oldest message is evicted. Evicted messages are not requested again.
//! - `revision` grows by one for each stored message, so that a `Have` lists only authors with new messages.
//!
//! Example, with alice's id below bob's:
//!
//! | logical time | author | message | id |
//! |---|---|---|---|
//! | 4 | alice | 1 | 4 · 2²⁴ + alice's bits |
//! | 5 | alice | 2 | 5 · 2²⁴ + alice's bits |
//! | 5 | bob | 1 | 5 · 2²⁴ + bob's bits |
//!
//! [`super::origin`] has the states of a single message. Whether a message is acceptable at all (its text, its logical
//! time, the rate of its sender) is decided before, in `talk` and `catch_up`.

use super::budget::transfer_bytes;
use super::origin::Origin;
use super::quota::{Quota, QuotaHolder};
use super::ranges::Ranges;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{MESSAGE_BYTES, MESSAGES, ORIGINS};
use crate::mesh::wire::Saying;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub use super::origin::Author;

/// The position of a message in the order: by logical time, then by author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    lamport: u64,
    origin: NodeId,
}

/// One stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The id for the UI.
    pub id: u64,
    /// Number among the author's messages, from 1.
    pub seq: u64,
    /// Time by the author's wall clock, in Unix milliseconds.
    pub at: i64,
    /// The text.
    pub text: Box<str>,
}

/// All stored messages.
#[derive(Debug)]
pub struct Store {
    messages: BTreeMap<Position, Message>,
    by_id: BTreeMap<u64, Position>,
    origins: BTreeMap<NodeId, Origin>,
    /// Space taken by each author.
    quota: Quota,
    /// Bytes of all texts.
    bytes: usize,
    /// Number of messages stored so far, evicted ones included.
    revision: u64,
    max_messages: usize,
    max_bytes: usize,
    /// Number of calls of [`Store::missing`], for a test of its cost.
    #[cfg(test)]
    pub lookups: std::cell::Cell<usize>,
}

impl Store {
    /// Creates the store of the local member `me`.
    #[must_use]
    pub fn for_member(me: NodeId) -> Store {
        let mut store = Store::with_capacity(MESSAGES, MESSAGE_BYTES);
        store.quota.set_holder(me, QuotaHolder::Local);
        store
    }

    /// Creates a store for this many messages and bytes of text.
    #[must_use]
    pub fn with_capacity(max_messages: usize, max_bytes: usize) -> Store {
        Store {
            messages: BTreeMap::new(),
            by_id: BTreeMap::new(),
            origins: BTreeMap::new(),
            quota: Quota::default(),
            bytes: 0,
            revision: 0,
            max_messages,
            max_bytes,
            #[cfg(test)]
            lookups: std::cell::Cell::default(),
        }
    }

    /// Stores a message that any member sent, and returns its id. Returns `None` if it is known, or if its logical time
    /// contradicts the author's other messages. A full store may evict the message at once; it still has an id, so that
    /// it is shown.
    pub fn add(&mut self, origin: NodeId, author: &Author, message: &Saying) -> Option<u64> {
        let Saying { seq, lamport, at, ref text } = *message;
        let revision = self.revision + 1;
        let known = self.origin_mut(origin, author);
        if !known.accepts(seq, lamport) {
            return None;
        }
        known.add(seq, lamport);
        known.revision = revision;
        self.revision = revision;
        let id = self.unused_id(lamport, origin);
        self.bytes += text.len();
        self.quota.grow(origin, self.cost(text));
        let position = Position { lamport, origin };
        self.by_id.insert(id, position);
        self.messages.insert(position, Message { id, seq, at, text: text.as_str().into() });
        self.evict_to_limits();
        Some(id)
    }

    /// Stores a message that its author sent, and returns its id. Removes what other members sent in the author's name
    /// and contradicts it. Returns `None` if another member had sent the same message before, which is shown already.
    pub fn add_from_author(&mut self, origin: NodeId, author: &Author, message: &Saying) -> Option<u64> {
        let position = Position { lamport: message.lamport, origin };
        let is_stored =
            self.messages.get(&position).is_some_and(|known| known.seq == message.seq && *known.text == *message.text);
        let known = self.origin_mut(origin, author);
        if known.is_from_author(message.seq) {
            return None;
        }
        known.mark_from_author(message.seq);
        // Other members may have sent another name for this id.
        known.author.clone_from(author);
        if is_stored {
            return None;
        }
        for lamport in known.remove_conflicting(message.seq, message.lamport) {
            self.remove(Position { lamport, origin });
        }
        self.add(origin, author, message)
    }

    /// Returns the share of the capacity that a message takes. Each message has a base cost, so that many empty ones
    /// count, too.
    fn cost(&self, text: &str) -> usize {
        text.len() + self.max_bytes / self.max_messages
    }

    /// Returns the id for a message. Two authors whose ids begin with the same 24 bits would have the same message id at
    /// the same logical time; the second gets the next free one.
    fn unused_id(&self, lamport: u64, origin: NodeId) -> u64 {
        let first = lamport << 24 | origin.high_bits();
        (first..).find(|id| !self.by_id.contains_key(id)).unwrap_or(first)
    }

    /// Evicts the oldest messages of the authors that take most, until the limits hold.
    fn evict_to_limits(&mut self) {
        while self.messages.len() > self.max_messages || self.bytes > self.max_bytes {
            let Some(origin) = self.quota.largest() else { return };
            let Some(lamport) = self.origins.get_mut(&origin).and_then(Origin::evict_first) else { return };
            self.remove(Position { lamport, origin });
        }
    }

    fn remove(&mut self, position: Position) {
        let Some(message) = self.messages.remove(&position) else { return };
        self.bytes -= message.text.len();
        self.quota.shrink(position.origin, self.cost(&message.text));
        self.by_id.remove(&message.id);
    }

    /// Makes space for a new author: at the limit, forgets the author with the fewest messages among those that are gone.
    fn evict_origin_for(&mut self, origin: NodeId) {
        if self.origins.len() < ORIGINS || self.origins.contains_key(&origin) {
            return;
        }
        let Some(smallest) = self.quota.smallest() else { return };
        let Some(evicted) = self.origins.remove(&smallest) else { return };
        for lamport in evicted.lamport_by_seq.into_values() {
            self.remove(Position { lamport, origin: smallest });
        }
        self.quota.remove(smallest);
    }

    /// Notes that a member is here, at this address. Its messages count for the address.
    pub fn set_present(&mut self, member: NodeId, address: IpAddr) {
        self.quota.set_holder(member, QuotaHolder::Address(address));
    }

    /// Notes that a member has left. Its messages count for all that are gone.
    pub fn set_gone(&mut self, member: NodeId) {
        self.quota.set_holder(member, QuotaHolder::Gone);
    }

    /// Returns whether a message was received from its author.
    #[must_use]
    pub fn is_from_author(&self, origin: NodeId, seq: u64) -> bool {
        self.origins.get(&origin).is_some_and(|known| known.is_from_author(seq))
    }

    /// Notes that a message of its author is not stored, and need not be requested from others.
    pub fn decline(&mut self, origin: NodeId, author: &Author, seq: u64) {
        let known = self.origin_mut(origin, author);
        known.mark_from_author(seq);
        known.mark_known(seq);
    }

    fn origin_mut(&mut self, origin: NodeId, author: &Author) -> &mut Origin {
        self.evict_origin_for(origin);
        self.quota.grow(origin, 0);
        self.origins.entry(origin).or_insert_with(|| Origin::new(author.clone()))
    }

    /// Returns the offered messages of an author that are missing here.
    #[must_use]
    pub fn missing(&self, origin: NodeId, offered: &Ranges) -> Ranges {
        #[cfg(test)]
        self.lookups.set(self.lookups.get() + 1);
        self.origins.get(&origin).map_or_else(|| offered.clone(), |known| offered.difference(&known.known))
    }

    /// Returns the stored numbers of each author that got a message after `revision`, last changed first.
    #[must_use]
    pub fn changed_since(&self, revision: u64) -> Vec<(NodeId, &Ranges)> {
        let changed = self.origins.iter().filter(|(_, known)| known.revision > revision && !known.stored.is_empty());
        let mut changed: Vec<_> = changed.map(|(origin, known)| (known.revision, *origin, &known.stored)).collect();
        changed.sort_unstable_by_key(|(revision, ..)| std::cmp::Reverse(*revision));
        changed.into_iter().map(|(_, origin, stored)| (origin, stored)).collect()
    }

    /// Returns the bytes that sending the whole history takes (see [`transfer_bytes`]).
    #[must_use]
    pub fn transfer_bytes(&self) -> u64 {
        transfer_bytes(self.bytes, self.messages.len(), self.origins.len())
    }

    /// Returns a number that grows with each stored message.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns name and key of an author.
    #[must_use]
    pub fn author(&self, origin: NodeId) -> Option<&Author> {
        self.origins.get(&origin).map(|known| &known.author)
    }

    /// Returns the stored messages of an author with numbers `from` to `to`, with their logical times.
    pub fn messages_of(&self, origin: NodeId, from: u64, to: u64) -> impl Iterator<Item = (u64, &Message)> {
        let times = self.origins.get(&origin).map(|known| known.lamport_by_seq.range(from..=to));
        times.into_iter().flatten().filter_map(move |(_, lamport)| {
            let message = self.messages.get(&Position { lamport: *lamport, origin })?;
            Some((*lamport, message))
        })
    }

    /// Returns all messages between two ids, both excluded, in order, with their authors.
    pub fn between(&self, after: u64, before: u64) -> impl DoubleEndedIterator<Item = (NodeId, &Message)> {
        let first = after.saturating_add(1);
        let ids = (first < before).then(|| self.by_id.range(first..before));
        ids.into_iter().flatten().filter_map(|(_, position)| Some((position.origin, self.messages.get(position)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::link::Keys;

    fn author() -> Author {
        Author { name: "bob".into(), key: Keys::from_bytes(&[1; 64]).public() }
    }

    fn texts(store: &Store) -> Vec<&str> {
        store.between(0, u64::MAX).map(|(_, message)| &*message.text).collect()
    }

    fn saying(lamport: u64, seq: u64, text: &str) -> Saying {
        Saying { seq, lamport, at: 0, text: text.into() }
    }

    fn add(store: &mut Store, lamport: u64, origin: u128, seq: u64, text: &str) -> Option<u64> {
        store.add(NodeId(origin << 104), &author(), &saying(lamport, seq, text))
    }

    #[test]
    fn messages_and_ids_are_ordered_by_logical_time_then_author() {
        let mut store = Store::with_capacity(MESSAGES, MESSAGE_BYTES);
        let late = add(&mut store, 5, 1, 2, "late").unwrap();
        let same = add(&mut store, 5, 9, 1, "same").unwrap();
        let early = add(&mut store, 2, 1, 1, "early").unwrap();
        assert!(early < late && late < same);
        assert_eq!(texts(&store), ["early", "late", "same"]);
        assert_eq!(add(&mut store, 2, 1, 1, "again"), None);
        assert_eq!(add(&mut store, 7, 1, 1, "other"), None);
        assert_eq!(store.between(early, same).count(), 1);
        assert_eq!(store.between(same, early).count(), 0);
    }

    #[test]
    fn numbers_and_times_of_an_author_must_grow_together() {
        let mut store = Store::with_capacity(MESSAGES, MESSAGE_BYTES);
        add(&mut store, 5, 1, 5, "5").unwrap();
        for (lamport, seq) in [(5, 6), (4, 6), (5, 4), (6, 4)] {
            assert_eq!(add(&mut store, lamport, 1, seq, "no"), None);
        }
        assert!(add(&mut store, 4, 1, 4, "4").is_some());
    }

    #[test]
    fn authors_with_equal_first_bits_get_different_message_ids() {
        let mut store = Store::with_capacity(MESSAGES, MESSAGE_BYTES);
        let id = |n: u128| NodeId(7 << 104 | n);
        let one = store.add(id(1), &author(), &saying(3, 1, "one")).unwrap();
        let two = store.add(id(2), &author(), &saying(3, 1, "two")).unwrap();
        assert_eq!((two, store.between(0, u64::MAX).count()), (one + 1, 2));
    }

    #[test]
    fn oldest_messages_are_evicted_and_not_requested_again() {
        let mut store = Store::with_capacity(3, 100);
        for n in 1..=5 {
            add(&mut store, n * 10, 1, n, "text");
        }
        assert_eq!(texts(&store).len(), 3);
        let mut all = Ranges::default();
        all.add(1, 6);
        assert_eq!(store.missing(NodeId(1 << 104), &all).iter().collect::<Vec<_>>(), [(6, 6)]);
        assert_eq!(store.changed_since(0)[0].1.iter().collect::<Vec<_>>(), [(3, 5)]);
        assert!(add(&mut store, 1, 2, 1, "older than all").is_some());
        assert_eq!(texts(&store), ["older than all", "text", "text"], "the author with most messages loses its oldest");
        assert!(add(&mut store, 60, 3, 1, &"x".repeat(95)).is_some());
        assert_eq!((texts(&store).len(), store.bytes), (3, 22), "bytes count, too; the evicted message was new");
    }

    #[test]
    fn number_of_authors_is_bounded() {
        let mut store = Store::with_capacity(MESSAGES, MESSAGE_BYTES);
        for n in 0..=ORIGINS as u64 {
            store.add(NodeId(u128::from(n) << 104), &author(), &saying(n + 1, 1, "x"));
        }
        assert_eq!((store.origins.len(), store.messages.len(), store.by_id.len()), (ORIGINS, ORIGINS, ORIGINS));
    }

    #[test]
    fn changed_since_lists_each_change_once() {
        let mut store = Store::with_capacity(MESSAGES, MESSAGE_BYTES);
        add(&mut store, 1, 1, 1, "x");
        let seen = store.revision();
        assert_eq!(store.changed_since(0).len(), 1);
        assert!(store.changed_since(seen).is_empty());
        add(&mut store, 2, 1, 2, "y");
        assert_eq!(store.changed_since(seen)[0].1.iter().collect::<Vec<_>>(), [(1, 2)]);
    }
}
