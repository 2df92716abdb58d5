//! Ids of received messages, per connection and per room: nothing is shown twice, and missed messages can be requested.
//! See `rooms.rs` for the states of a room while it catches up.

use super::limits::{MAX_HELD_BACK, MAX_IDS, MAX_ROOMS, MAX_SEQ_SKIPS};
use landline_common::Event;
use std::collections::{BTreeMap, BTreeSet};

/// A room that the client knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedRoom {
    /// Name of the room, as the server writes it.
    pub title: Box<str>,
    /// Membership of the user.
    pub membership: Membership,
    /// No message up to this id is missing. `None` if the client has never caught up in the room.
    pub complete_to: Option<u64>,
    /// Highest id received live. A gap may be before it.
    newest: Option<u64>,
    /// True if no message is missing.
    pub caught_up: bool,
    /// True until the first catch-up. The client had no id to give, so only the server can tell whether the user has
    /// missed the messages that it sends.
    pub is_first_look: bool,
}

/// Membership of the user in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The user is in the room.
    In,
    /// A request to join waits or is under way.
    Joining,
    /// The user is not in the room.
    Out,
}

/// The rooms that the client knows, by lower-case name. The name `all` stands for messages to all users.
#[derive(Clone, Debug, Default)]
pub struct JoinedRooms(BTreeMap<Box<str>, JoinedRoom>);

/// Returns the lower-case name of a room, by which rooms are compared.
#[must_use]
pub fn folded(room: &str) -> Box<str> {
    room.to_lowercase().into()
}

impl JoinedRooms {
    /// Returns the room, and adds it with `membership` if it is new. If there are too many, rooms that the user is not
    /// in are dropped; returns `None` if that does not help.
    pub fn get_or_create(&mut self, title: &str, membership: Membership) -> Option<&mut JoinedRoom> {
        let key = folded(title);
        if self.0.len() >= MAX_ROOMS && !self.0.contains_key(&key) {
            self.0.retain(|_, room| room.membership != Membership::Out);
            if self.0.len() >= MAX_ROOMS {
                return None;
            }
        }
        let new = || JoinedRoom {
            title: title.into(),
            membership,
            complete_to: None,
            newest: None,
            caught_up: false,
            is_first_look: true,
        };
        Some(self.0.entry(key).or_insert_with(new))
    }

    /// Returns a room by name.
    #[must_use]
    pub fn get(&self, room: &str) -> Option<&JoinedRoom> {
        self.0.get(&folded(room))
    }

    /// Returns a room by name, for changes.
    pub fn get_mut(&mut self, room: &str) -> Option<&mut JoinedRoom> {
        self.0.get_mut(&folded(room))
    }

    /// Returns all rooms with their lower-case names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JoinedRoom)> {
        self.0.iter().map(|(key, room)| (&**key, room))
    }

    /// Returns all rooms with their lower-case names, for changes.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut JoinedRoom)> {
        self.0.iter_mut().map(|(key, room)| (&**key, room))
    }

    /// Returns whether the user is in a room.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.get(room).is_some_and(|room| room.membership == Membership::In)
    }

    /// Returns the rooms that the user is in, each with the id up to which nothing is missing, for the sign-in.
    #[must_use]
    pub fn joined(&self) -> BTreeMap<String, Option<u64>> {
        let wanted = self.0.iter().filter(|(_, room)| room.membership == Membership::In);
        wanted.map(|(_, room)| (room.title.to_string(), room.complete_to)).collect()
    }

    /// Records a live message. It proves nothing about earlier ones unless the room is caught up.
    pub fn record_live(&mut self, room: &str, id: u64) {
        if let Some(room) = self.get_mut(room) {
            room.newest = room.newest.max(Some(id));
            if room.caught_up {
                room.complete_to = room.complete_to.max(Some(id));
            }
        }
    }

    /// Records a missed message. The server sends these in order, so no message before it is missing.
    pub fn record_missed(&mut self, room: &str, id: u64) {
        if let Some(room) = self.get_mut(room) {
            room.complete_to = room.complete_to.max(Some(id));
        }
    }

    /// Marks the room as caught up.
    pub fn mark_caught_up(&mut self, room: &str) {
        if let Some(room) = self.get_mut(room) {
            room.caught_up = true;
            room.is_first_look = false;
            // In a room without messages, all later ones are new.
            room.complete_to = room.complete_to.max(room.newest).or(Some(0));
        }
    }
}

/// Result of recording the sequence number of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// The event was not received before.
    New,
    /// The event was received before.
    Known,
    /// Events before it are missing that the server cannot have lost.
    Broken {
        /// The last number that was received.
        last: u64,
    },
}

/// Ids and sequence numbers of received events.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The highest ids of messages, up to a limit.
    ids: BTreeSet<u64>,
    /// Highest sequence number of the session.
    pub seq: Option<u64>,
    /// Sequence numbers that may still be missing over this connection.
    skips_left: u64,
    /// Sequence number to acknowledge next.
    pub to_acknowledge: Option<u64>,
}

impl Received {
    /// Records the id of a message. Returns `false` if it was recorded before.
    pub fn record_id(&mut self, id: u64) -> bool {
        let new = self.ids.insert(id);
        if self.ids.len() > MAX_IDS {
            self.ids.pop_first();
        }
        new
    }

    /// Begins a connection: of a new session, whose numbers begin with 1, or of a resumed one.
    pub fn begin_connection(&mut self, resumed: bool) {
        if !resumed {
            self.seq = None;
        }
        self.to_acknowledge = None;
        self.skips_left = if resumed { MAX_SEQ_SKIPS } else { 0 };
    }

    /// Records the sequence number of an event, to acknowledge it later. A repeated event is acknowledged again: the
    /// server repeats an event because it has no acknowledgement. Numbers grow by one: an acknowledgement of a number far ahead would
    /// cover events that were not received, and the client would drop later events with lower numbers.
    pub fn record_seq(&mut self, seq: u64) -> Numbering {
        let last = self.seq.unwrap_or(0);
        let skipped = seq.saturating_sub(last + 1);
        if skipped > self.skips_left {
            return Numbering::Broken { last };
        }
        self.skips_left -= skipped;
        self.seq = Some(last.max(seq));
        self.to_acknowledge = self.seq;
        if seq > last { Numbering::New } else { Numbering::Known }
    }
}

/// Messages out of the history of one room, held back until the server tells whether the user has missed them.
#[derive(Clone, Debug, Default)]
pub struct HeldBack {
    events: Vec<Event<'static>>,
}

impl HeldBack {
    /// Adds a message. If there are too many, returns all of them, which then count as not missed.
    pub fn push(&mut self, event: Event<'static>) -> Vec<Event<'static>> {
        self.events.push(event);
        if self.events.len() < MAX_HELD_BACK { Vec::new() } else { self.take() }
    }

    /// Takes all messages.
    pub fn take(&mut self) -> Vec<Event<'static>> {
        std::mem::take(&mut self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_messages_do_not_close_a_gap() {
        let mut rooms = JoinedRooms::default();
        rooms.get_or_create("Ops", Membership::In).unwrap().complete_to = Some(10);
        rooms.record_live("ops", 50);
        assert_eq!(rooms.joined(), [("Ops".to_owned(), Some(10))].into());
        rooms.record_missed("OPS", 20);
        assert_eq!(rooms.get("ops").unwrap().complete_to, Some(20));
        rooms.mark_caught_up("ops");
        assert_eq!(rooms.get("ops").unwrap().complete_to, Some(50));
        rooms.record_live("ops", 51);
        assert_eq!(rooms.get("ops").unwrap().complete_to, Some(51));
    }

    #[test]
    fn rooms_and_ids_are_bounded() {
        let mut rooms = JoinedRooms::default();
        for n in 0..2 * MAX_ROOMS {
            let membership = if n % 2 == 0 { Membership::In } else { Membership::Out };
            rooms.get_or_create(&format!("r{n}"), membership);
        }
        assert!(rooms.iter().count() <= MAX_ROOMS && rooms.is_in("r0"));
        let mut received = Received::default();
        assert!(received.record_id(7) && !received.record_id(7));
        (100..20_000).for_each(|id| assert!(received.record_id(id)));
        assert_eq!(received.ids.len(), MAX_IDS);
    }

    #[test]
    fn a_repeated_sequence_number_is_acknowledged_again() {
        let mut received = Received::default();
        received.begin_connection(false);
        let numberings = [1, 2, 2, 1, 3].map(|seq| received.record_seq(seq));
        assert_eq!(numberings, [Numbering::New, Numbering::New, Numbering::Known, Numbering::Known, Numbering::New]);
        assert_eq!((received.seq, received.to_acknowledge.take()), (Some(3), Some(3)));
    }

    #[test]
    fn f12_a_number_that_is_too_far_ahead_is_not_acknowledged() {
        let mut received = Received::default();
        received.begin_connection(false);
        for seq in [2, u64::MAX] {
            assert_eq!(received.record_seq(seq), Numbering::Broken { last: 0 });
        }
        assert_eq!((received.record_seq(1), received.record_seq(3)), (Numbering::New, Numbering::Broken { last: 1 }));
        assert_eq!((received.seq, received.to_acknowledge.take()), (Some(1), Some(1)));
        received.begin_connection(true);
        assert_eq!(received.record_seq(MAX_SEQ_SKIPS + 3), Numbering::Broken { last: 1 });
        assert_eq!(received.record_seq(MAX_SEQ_SKIPS + 1), Numbering::New, "what an honest server may have lost");
        assert_eq!(received.record_seq(MAX_SEQ_SKIPS + 2), Numbering::New);
        assert!(matches!(received.record_seq(MAX_SEQ_SKIPS + 5), Numbering::Broken { .. }), "once");
    }
}
