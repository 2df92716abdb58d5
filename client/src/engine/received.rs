//! What was received, by its numbers: nothing is shown twice, and what was missed can be asked for.

use super::limits::{HELD, IDS, ROOMS};
use landline_common::Event;
use std::collections::{BTreeMap, BTreeSet};

/// A room as the client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its name, as it is written.
    pub title: Box<str>,
    /// Whether the user is in it.
    pub membership: Membership,
    /// Up to this id nothing is missing. `None`: nothing is known of the room.
    pub known_to: Option<u64>,
    /// The highest id that was received, which says nothing about a gap before it.
    newest: Option<u64>,
    /// Nothing is missing at all.
    pub caught_up: bool,
    /// The server was asked without an id: it says whether what it sends was missed.
    pub is_first_look: bool,
}

/// Whether the user is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// In it.
    In,
    /// On the way into it.
    Joining,
    /// Not in it.
    Out,
}

/// All rooms of the user, by name in small letters; `all` stands for what is said to all users.
#[derive(Clone, Debug, Default)]
pub struct Rooms(BTreeMap<Box<str>, Room>);

/// A room's name in small letters.
#[must_use]
pub fn folded(room: &str) -> Box<str> {
    room.to_lowercase().into()
}

impl Rooms {
    /// The room of that name, which is made if it is new; `None` if there are too many.
    pub fn open(&mut self, title: &str, membership: Membership) -> Option<&mut Room> {
        let key = folded(title);
        if self.0.len() >= ROOMS && !self.0.contains_key(&key) {
            self.0.retain(|_, room| room.membership != Membership::Out);
            if self.0.len() >= ROOMS {
                return None;
            }
        }
        let new = || Room {
            title: title.into(),
            membership,
            known_to: None,
            newest: None,
            caught_up: false,
            is_first_look: true,
        };
        Some(self.0.entry(key).or_insert_with(new))
    }

    /// The room of that name.
    #[must_use]
    pub fn get(&self, room: &str) -> Option<&Room> {
        self.0.get(&folded(room))
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, room: &str) -> Option<&mut Room> {
        self.0.get_mut(&folded(room))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Room)> {
        self.0.iter().map(|(key, room)| (&**key, room))
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Room)> {
        self.0.iter_mut().map(|(key, room)| (&**key, room))
    }

    /// Whether the user is in that room.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.get(room).is_some_and(|room| room.membership == Membership::In)
    }

    /// The rooms to be in, each with the id up to which nothing is missing.
    #[must_use]
    pub fn to_be_in(&self) -> BTreeMap<String, Option<u64>> {
        let wanted = self.0.iter().filter(|(_, room)| room.membership == Membership::In);
        wanted.map(|(_, room)| (room.title.to_string(), room.known_to)).collect()
    }

    /// A message was received live.
    pub fn heard(&mut self, room: &str, id: u64) {
        if let Some(room) = self.get_mut(room) {
            room.newest = room.newest.max(Some(id));
            if room.caught_up {
                room.known_to = room.known_to.max(Some(id));
            }
        }
    }

    /// A message that was missed was received, in its order.
    pub fn filled(&mut self, room: &str, id: u64) {
        if let Some(room) = self.get_mut(room) {
            room.known_to = room.known_to.max(Some(id));
        }
    }

    /// Nothing is missing in that room any more.
    pub fn caught_up(&mut self, room: &str) {
        if let Some(room) = self.get_mut(room) {
            room.caught_up = true;
            room.is_first_look = false;
            // Where nothing was ever said, all that will be is new.
            room.known_to = room.known_to.max(room.newest).or(Some(0));
        }
    }
}

/// The numbers of what was received.
#[derive(Clone, Debug, Default)]
pub struct Received {
    ids: BTreeSet<u64>,
    /// The last `seq`.
    pub seq: Option<u64>,
    /// A `seq` that is to be acknowledged.
    pub to_acknowledge: Option<u64>,
}

impl Received {
    /// Notes a message; `false` if it was received before.
    pub fn is_new(&mut self, id: u64) -> bool {
        let new = self.ids.insert(id);
        if self.ids.len() > IDS {
            self.ids.pop_first();
        }
        new
    }

    /// Notes an event with a `seq`; `false` if it was received before. It is acknowledged in any case.
    pub fn is_new_seq(&mut self, seq: u64) -> bool {
        let new = self.seq.is_none_or(|last| seq > last);
        self.seq = self.seq.max(Some(seq));
        self.to_acknowledge = self.seq;
        new
    }
}

/// Messages of one room of which the server has not said yet whether they were missed.
#[derive(Clone, Debug, Default)]
pub struct Held {
    events: Vec<Event<'static>>,
}

impl Held {
    /// One more. Gives back all when there are too many: then they do not count as missed.
    pub fn push(&mut self, event: Event<'static>) -> Vec<Event<'static>> {
        self.events.push(event);
        if self.events.len() < HELD { Vec::new() } else { self.take() }
    }

    /// All of them.
    pub fn take(&mut self) -> Vec<Event<'static>> {
        std::mem::take(&mut self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_messages_say_nothing_about_a_gap() {
        let mut rooms = Rooms::default();
        rooms.open("Ops", Membership::In).unwrap().known_to = Some(10);
        rooms.heard("ops", 50);
        assert_eq!(rooms.to_be_in(), [("Ops".to_owned(), Some(10))].into());
        rooms.filled("OPS", 20);
        assert_eq!(rooms.get("ops").unwrap().known_to, Some(20));
        rooms.caught_up("ops");
        assert_eq!(rooms.get("ops").unwrap().known_to, Some(50));
        rooms.heard("ops", 51);
        assert_eq!(rooms.get("ops").unwrap().known_to, Some(51));
    }

    #[test]
    fn rooms_and_ids_are_bounded() {
        let mut rooms = Rooms::default();
        for n in 0..2 * ROOMS {
            let membership = if n % 2 == 0 { Membership::In } else { Membership::Out };
            rooms.open(&format!("r{n}"), membership);
        }
        assert!(rooms.iter().count() <= ROOMS && rooms.is_in("r0"));
        let mut received = Received::default();
        assert!(received.is_new(7) && !received.is_new(7));
        (100..20_000).for_each(|id| assert!(received.is_new(id)));
        assert_eq!(received.ids.len(), IDS);
    }

    #[test]
    fn a_seq_is_new_once_and_always_acknowledged() {
        let mut received = Received::default();
        assert!(received.is_new_seq(3) && received.is_new_seq(4) && !received.is_new_seq(4) && !received.is_new_seq(3));
        assert_eq!((received.seq, received.to_acknowledge.take()), (Some(4), Some(4)));
    }
}
