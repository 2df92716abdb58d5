//! What was said, in one order for everybody: by logical time, and by author where that is the same.

use super::budget::told_bytes;
use super::origin::Origin;
use super::quota::{Quota, QuotaHolder};
use super::ranges::Ranges;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{MESSAGE_BYTES, MESSAGES, ORIGINS};
use std::collections::BTreeMap;
use std::net::IpAddr;

pub use super::origin::Author;

/// The place of a message in the order of all.
pub type Position = (u64, NodeId);

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The number that screens know it by; it grows with the order.
    pub id: u64,
    /// The author's how manieth.
    pub seq: u64,
    /// When it was said, by the author's clock.
    pub at: i64,
    /// What.
    pub text: Box<str>,
}

/// All messages.
#[derive(Debug)]
pub struct Store {
    messages: BTreeMap<Position, Message>,
    ids: BTreeMap<u64, Position>,
    origins: BTreeMap<NodeId, Origin>,
    shares: Quota,
    bytes: usize,
    changes: u64,
    most: (usize, usize),
    /// How often it was looked up what is missing.
    #[cfg(test)]
    pub looked: std::cell::Cell<usize>,
}

impl Store {
    /// The one of that member.
    #[must_use]
    pub fn of_member(me: NodeId) -> Store {
        let mut store = Store::with_room(MESSAGES, MESSAGE_BYTES);
        store.shares.put(me, QuotaHolder::Own);
        store
    }

    /// For so many messages with so many bytes.
    #[must_use]
    pub fn with_room(messages: usize, bytes: usize) -> Store {
        Store {
            messages: BTreeMap::new(),
            ids: BTreeMap::new(),
            origins: BTreeMap::new(),
            shares: Quota::default(),
            bytes: 0,
            changes: 0,
            most: (messages, bytes),
            #[cfg(test)]
            looked: std::cell::Cell::default(),
        }
    }

    /// Adds a message. Its id, if it is new and fits among the author's others, whether or not there is room to keep it.
    pub fn add(
        &mut self,
        (lamport, origin): Position,
        author: &Author,
        seq: u64,
        (at, text): (i64, &str),
    ) -> Option<u64> {
        let changes = self.changes + 1;
        let known = self.origin(origin, author);
        if !known.takes(seq, lamport) {
            return None;
        }
        known.add(seq, lamport);
        known.changed = changes;
        self.changes = changes;
        let id = self.free_id(lamport, origin);
        self.bytes += text.len();
        self.shares.add(origin, self.weight(text));
        self.ids.insert(id, (lamport, origin));
        self.messages.insert((lamport, origin), Message { id, seq, at, text: text.into() });
        self.make_room();
        Some(id)
    }

    /// Adds what an author says themselves: what others told of them does not keep it out.
    pub fn add_own(&mut self, position: Position, author: &Author, seq: u64, (at, text): (i64, &str)) -> Option<u64> {
        let told = self.messages.get(&position).is_some_and(|known| known.seq == seq && *known.text == *text);
        let known = self.origin(position.1, author);
        if known.said(seq) {
            return None;
        }
        known.say(seq);
        // Others may have told another name for that id.
        known.author.clone_from(author);
        if told {
            return None;
        }
        let wrong = known.give_way(seq, position.0);
        wrong.into_iter().for_each(|time| self.forget((time, position.1)));
        self.add(position, author, seq, (at, text))
    }

    /// How much of the room a message takes: short ones count, too.
    fn weight(&self, text: &str) -> usize {
        text.len() + self.most.1 / self.most.0
    }

    /// Of two authors whose ids begin alike, the second gets the next number.
    fn free_id(&self, lamport: u64, origin: NodeId) -> u64 {
        let first = lamport << 24 | origin.high_bits();
        (first..).find(|id| !self.ids.contains_key(id)).unwrap_or(first)
    }

    /// Whoever takes most loses their oldest.
    fn make_room(&mut self) {
        while self.messages.len() > self.most.0 || self.bytes > self.most.1 {
            let Some(origin) = self.shares.most() else { return };
            let Some(lamport) = self.origins.get_mut(&origin).and_then(Origin::pop_first) else { return };
            self.forget((lamport, origin));
        }
    }

    fn forget(&mut self, position: Position) {
        let Some(message) = self.messages.remove(&position) else { return };
        self.bytes -= message.text.len();
        self.shares.sub(position.1, self.weight(&message.text));
        self.ids.remove(&message.id);
    }

    /// Where there are too many authors, one of those who are gone is forgotten, with the fewest messages.
    fn make_room_for(&mut self, origin: NodeId) {
        if self.origins.len() < ORIGINS || self.origins.contains_key(&origin) {
            return;
        }
        let Some(least) = self.shares.least() else { return };
        let Some(gone) = self.origins.remove(&least) else { return };
        gone.times.values().for_each(|time| self.forget((*time, least)));
        self.shares.remove(least);
    }

    /// Somebody is here, at that address.
    pub fn came(&mut self, member: NodeId, address: IpAddr) {
        self.shares.put(member, QuotaHolder::At(address));
    }

    /// Somebody has left.
    pub fn left(&mut self, member: NodeId) {
        self.shares.put(member, QuotaHolder::Gone);
    }

    /// Whether an author said that themselves.
    #[must_use]
    pub fn said(&self, origin: NodeId, seq: u64) -> bool {
        self.origins.get(&origin).is_some_and(|known| known.said(seq))
    }

    /// Notes that something is not kept which an author says: nobody need tell it.
    pub fn decline(&mut self, origin: NodeId, author: &Author, seq: u64) {
        let known = self.origin(origin, author);
        known.say(seq);
        known.need_not(seq);
    }

    fn origin(&mut self, origin: NodeId, author: &Author) -> &mut Origin {
        self.make_room_for(origin);
        self.shares.add(origin, 0);
        self.origins.entry(origin).or_insert_with(|| Origin::new(author.clone()))
    }

    /// What of these is missing here.
    #[must_use]
    pub fn missing(&self, origin: NodeId, offered: &Ranges) -> Ranges {
        #[cfg(test)]
        self.looked.set(self.looked.get() + 1);
        self.origins.get(&origin).map_or_else(|| offered.clone(), |known| offered.without(&known.done))
    }

    /// What is here of each author to whom something was added since `changes`; the newest first.
    #[must_use]
    pub fn changed_since(&self, changes: u64) -> Vec<(NodeId, &Ranges)> {
        let new = self.origins.iter().filter(|(_, known)| known.changed > changes && !known.has.is_empty());
        let mut new: Vec<_> = new.map(|(origin, known)| (known.changed, *origin, &known.has)).collect();
        new.sort_unstable_by_key(|(changed, ..)| std::cmp::Reverse(*changed));
        new.into_iter().map(|(_, origin, has)| (origin, has)).collect()
    }

    /// What telling all of it costs.
    #[must_use]
    pub fn told_bytes(&self) -> u64 {
        told_bytes(self.bytes, self.messages.len(), self.origins.len())
    }

    /// A count that grows when something is added.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Who an author is.
    #[must_use]
    pub fn author(&self, origin: NodeId) -> Option<&Author> {
        self.origins.get(&origin).map(|known| &known.author)
    }

    /// What is here of one author, from one number to another, with logical times.
    pub fn of(&self, origin: NodeId, from: u64, to: u64) -> impl Iterator<Item = (u64, &Message)> {
        let times = self.origins.get(&origin).map(|known| known.times.range(from..=to));
        times.into_iter().flatten().filter_map(move |(_, time)| Some((*time, self.messages.get(&(*time, origin))?)))
    }

    /// Everything between two ids (not they themselves), in its order, with authors.
    pub fn between(&self, after: u64, before: u64) -> impl DoubleEndedIterator<Item = (NodeId, &Message)> {
        let first = after.saturating_add(1);
        let ids = (first < before).then(|| self.ids.range(first..before));
        ids.into_iter().flatten().filter_map(|(_, position)| Some((position.1, self.messages.get(position)?)))
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

    fn add(store: &mut Store, lamport: u64, origin: u128, seq: u64, text: &str) -> Option<u64> {
        store.add((lamport, NodeId(origin << 104)), &author(), seq, (0, text))
    }

    #[test]
    fn the_order_is_that_of_logical_time_and_ids_follow_it() {
        let mut store = Store::with_room(MESSAGES, MESSAGE_BYTES);
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
    fn an_author_s_numbers_and_times_grow_together() {
        let mut store = Store::with_room(MESSAGES, MESSAGE_BYTES);
        add(&mut store, 5, 1, 5, "5").unwrap();
        for (lamport, seq) in [(5, 6), (4, 6), (5, 4), (6, 4)] {
            assert_eq!(add(&mut store, lamport, 1, seq, "no"), None);
        }
        assert!(add(&mut store, 4, 1, 4, "4").is_some());
    }

    #[test]
    fn ids_that_begin_alike_do_not_meet() {
        let mut store = Store::with_room(MESSAGES, MESSAGE_BYTES);
        let id = |n: u128| NodeId(7 << 104 | n);
        let one = store.add((3, id(1)), &author(), 1, (0, "one")).unwrap();
        let two = store.add((3, id(2)), &author(), 1, (0, "two")).unwrap();
        assert_eq!((two, store.between(0, u64::MAX).count()), (one + 1, 2));
    }

    #[test]
    fn the_oldest_go_first_and_are_not_asked_for_again() {
        let mut store = Store::with_room(3, 100);
        for n in 1..=5 {
            add(&mut store, n * 10, 1, n, "text");
        }
        assert_eq!(texts(&store).len(), 3);
        let mut all = Ranges::default();
        all.add(1, 6);
        assert_eq!(store.missing(NodeId(1 << 104), &all).iter().collect::<Vec<_>>(), [(6, 6)]);
        assert_eq!(store.changed_since(0)[0].1.iter().collect::<Vec<_>>(), [(3, 5)]);
        assert!(add(&mut store, 1, 2, 1, "older than all").is_some());
        assert_eq!(texts(&store), ["older than all", "text", "text"], "whoever has most gives way");
        assert!(add(&mut store, 60, 3, 1, &"x".repeat(95)).is_some());
        assert_eq!((texts(&store).len(), store.bytes), (3, 22), "bytes count, too, and what is not kept was new");
    }

    #[test]
    fn authors_are_bounded() {
        let mut store = Store::with_room(MESSAGES, MESSAGE_BYTES);
        for n in 0..=ORIGINS as u64 {
            store.add((n + 1, NodeId(u128::from(n) << 104)), &author(), 1, (0, "x"));
        }
        assert_eq!((store.origins.len(), store.messages.len(), store.ids.len()), (ORIGINS, ORIGINS, ORIGINS));
    }

    #[test]
    fn what_changed_is_told_once() {
        let mut store = Store::with_room(MESSAGES, MESSAGE_BYTES);
        add(&mut store, 1, 1, 1, "x");
        let seen = store.changes();
        assert_eq!(store.changed_since(0).len(), 1);
        assert!(store.changed_since(seen).is_empty());
        add(&mut store, 2, 1, 2, "y");
        assert_eq!(store.changed_since(seen)[0].1.iter().collect::<Vec<_>>(), [(1, 2)]);
    }
}
