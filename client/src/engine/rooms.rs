//! Rooms: who is in, who is not let in, and what was missed there.

use super::limits::PAGES;
use super::received::{Membership, folded};
use super::request::{Progress, RequestKind};
use super::send_queue::Item;
use super::{Engine, Update};

impl Engine {
    pub(super) fn caught_up(&mut self, room: &str, missed: bool, more: bool) {
        for event in self.held.take() {
            self.tell(Update::Recalled { event: Box::new(event), missed });
        }
        if more && missed {
            if let Some(room) = self.rooms.get_mut(room) {
                room.is_first_look = false;
            }
            self.ask_missed(room, 0, 0);
        } else {
            self.all_there(room);
        }
    }

    pub(super) fn all_there(&mut self, room: &str) {
        self.rooms.caught_up(room);
        self.tell(Update::CaughtUp { room: folded(room) });
    }

    /// One page of the history has ended.
    pub(super) fn page_end(&mut self, item: Option<&Item>, more: bool) {
        let Some(RequestKind::CatchUp(room, page)) = item.map(|item| item.kind.clone()) else { return };
        if more && page < PAGES { self.ask_missed(&room, page + 1, 0) } else { self.all_there(&room) }
    }

    pub(super) fn entered(&mut self, room: &str, item: Option<&Item>) {
        let was_in = self.rooms.is_in(room);
        let opened = self.rooms.open(room, Membership::In);
        if let Some(known) = opened {
            (known.membership, known.title) = (Membership::In, room.into());
            known.is_first_look &= was_in;
        }
        let asked = item.filter(|item| matches!(item.kind, RequestKind::Join(_)));
        if asked.is_some() || !was_in {
            self.tell(Update::Entered { room: room.into(), key: asked.map_or(0, |item| item.key) });
        }
        if !was_in {
            self.look_into(room);
        }
    }

    /// Fetches what was missed in a room that was just entered, if the user was there before.
    pub(super) fn look_into(&mut self, room: &str) {
        let known = self.rooms.get(room).and_then(|room| room.known_to);
        if known.is_none() && !self.account {
            return self.all_there(room);
        }
        if let Some(room) = self.rooms.get_mut(room) {
            room.caught_up = false;
        }
        self.ask_missed(room, 0, 0);
    }

    pub(super) fn left(&mut self, room: &str) {
        if let Some(known) = self.rooms.get_mut(room) {
            known.membership = Membership::Out;
        }
        self.tell(Update::Left { room: room.into() });
    }

    /// The user is not let into a room: what waits for it is not sent.
    pub(super) fn kept_out(&mut self, room: &str, key: u64, why: &str) {
        let key_of_room = folded(room);
        if let Some(known) = self.rooms.get_mut(room) {
            known.membership = Membership::Out;
        }
        self.tell(Update::KeptOut { room: room.into(), key, why: why.into() });
        for item in self.queue.take_waiting(|item| item.room.as_deref() == Some(&*key_of_room)) {
            self.deliver(&item, Progress::Failed(why.into()));
        }
    }
}
