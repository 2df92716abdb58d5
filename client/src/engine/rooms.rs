//! Membership in rooms, and catching up with missed messages.
//!
//! **Problem.** After a lost connection or a join, messages of a room may be missing. Live messages arrive at once, so
//! the highest received id does not tell how much is missing before it.
//!
//! **Invariant.** No message up to [`Room::complete_to`](super::received::Room::complete_to) is missing. The sign-in
//! gives the server that id for each room.
//!
//! | state of a room | fields | a live message | a message from the history | next state |
//! |---|---|---|---|---|
//! | first look: the client has no id | not `caught_up`, `is_first_look` | raises `newest` | held back until the server tells whether it was missed | `CaughtUp` event, then as below |
//! | catching up | not `caught_up` | raises `newest` | missed: raises `complete_to` | last page, page limit or refusal → caught up |
//! | caught up | `caught_up` | raises `newest` and `complete_to` | shown as the user's own lookup | connection lost or room entered again → catching up |
//!
//! Example: `complete_to` is 10 when the connection breaks. Message 50 arrives live after the new sign-in; the sign-in
//! says 10. The server sends 11 to 30 and `CaughtUp` with `more`, so the client requests pages after 30. With the last
//! page the room is complete up to 50.
//!
//! Pages are background requests (see the send queue), so typed lines go first. This module does not merge or show
//! messages.

use super::limits::MAX_PAGES;
use super::received::{Membership, folded};
use super::request::{Progress, RequestKind};
use super::send_queue::QueuedRequest;
use super::{Engine, Update};

impl Engine {
    /// Handles `CaughtUp`: releases the messages held back, then requests the pages that did not fit into the sign-in.
    pub(super) fn apply_caught_up(&mut self, room: &str, missed: bool, more: bool) {
        for event in self.held_back.take() {
            self.push_update(Update::Recalled { event: Box::new(event), missed });
        }
        if more && missed {
            if let Some(room) = self.rooms.get_mut(room) {
                room.is_first_look = false;
            }
            self.request_missed(room, 0, 0);
        } else {
            self.finish_catch_up(room);
        }
    }

    /// Marks a room as caught up, and tells the UI.
    pub(super) fn finish_catch_up(&mut self, room: &str) {
        self.rooms.mark_caught_up(room);
        self.push_update(Update::CaughtUp { room: folded(room) });
    }

    /// Handles the end of a page: requests the next page of a catch-up, or finishes it after the last page or the page
    /// limit. Ignores pages that the user asked for.
    pub(super) fn end_page(&mut self, item: Option<&QueuedRequest>, more: bool) {
        let Some(RequestKind::CatchUp(room, page)) = item.map(|item| item.kind.clone()) else { return };
        if more && page < MAX_PAGES { self.request_missed(&room, page + 1, 0) } else { self.finish_catch_up(&room) }
    }

    /// Notes that the user is in a room now. `item` is the request that the server answered, if any.
    pub(super) fn enter_room(&mut self, room: &str, item: Option<&QueuedRequest>) {
        let was_in = self.rooms.is_in(room);
        let opened = self.rooms.get_or_create(room, Membership::In);
        if let Some(known) = opened {
            known.membership = Membership::In;
            known.title = room.into();
            known.is_first_look &= was_in;
        }
        let asked = item.filter(|item| matches!(item.kind, RequestKind::Join(_)));
        if asked.is_some() || !was_in {
            self.push_update(Update::Entered { room: room.into(), key: asked.map_or(0, |item| item.key) });
        }
        if !was_in {
            self.start_catch_up(room);
        }
    }

    /// Requests messages missed in a room that was just entered. A guest who was never there has missed nothing; for an
    /// account the server knows how far it has read.
    pub(super) fn start_catch_up(&mut self, room: &str) {
        let known = self.rooms.get(room).and_then(|room| room.complete_to);
        if known.is_none() && !self.account {
            return self.finish_catch_up(room);
        }
        if let Some(room) = self.rooms.get_mut(room) {
            room.caught_up = false;
        }
        self.request_missed(room, 0, 0);
    }

    /// Notes that the user is not in a room any more.
    pub(super) fn leave_room(&mut self, room: &str) {
        if let Some(known) = self.rooms.get_mut(room) {
            known.membership = Membership::Out;
        }
        self.push_update(Update::Left { room: room.into() });
    }

    /// Notes that an owner has taken the user out of a room. Messages that wait for this room fail, and no later sign-in
    /// enters it.
    pub(super) fn end_membership(&mut self, room: &str, why: &str) {
        if let Some(known) = self.rooms.get_mut(room) {
            known.membership = Membership::Out;
        }
        self.push_update(Update::RemovedFromRoom { room: room.into(), why: why.into() });
        self.fail_messages_to(room, why);
    }

    /// Notes that the server refused the user a room. Messages that wait for this room fail.
    pub(super) fn refuse_entry(&mut self, room: &str, key: u64, why: &str) {
        if let Some(known) = self.rooms.get_mut(room) {
            known.membership = Membership::Out;
        }
        self.push_update(Update::EntryRefused { room: room.into(), key, why: why.into() });
        self.fail_messages_to(room, why);
    }

    /// Fails the messages that wait until the user is in a room. Held for ever, they would also hold back all other lines
    /// from a pipe.
    fn fail_messages_to(&mut self, room: &str, why: &str) {
        let room_key = folded(room);
        for item in self.queue.take_waiting(|item| item.room.as_deref() == Some(&*room_key)) {
            self.report_progress(&item, Progress::Failed(why.into()));
        }
    }
}
