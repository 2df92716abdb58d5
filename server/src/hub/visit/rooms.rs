//! Going into rooms and leaving them.

use super::super::circle::{Circle, Movement};
use super::super::person::ear;
use super::super::{Hub, Person, Registry};
use super::{Done, Visit, shown};
use crate::fanout::{Ear, Room, Seat};
use landline_common::limits::count;
use landline_common::{Cause, Report, RoomName};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// One room that somebody is in.
#[derive(Debug)]
pub(super) struct Membership {
    pub name: RoomName,
    pub circle: Arc<Circle>,
    pub seat: Arc<Seat>,
    ear: Ear,
    /// The last id that was said before they came.
    pub came_after: u64,
    /// Up to which id they have looked up what they missed.
    pub caught_up: Option<u64>,
}

/// A room that somebody is in without a seat yet.
pub(super) struct Entered {
    name: RoomName,
    circle: Arc<Circle>,
}

impl Membership {
    /// Hears the room differently from here on. Returns when all that was said before is out.
    pub(super) fn listen(&mut self, ear: Ear) {
        let old = std::mem::replace(&mut self.ear, ear);
        if old != ear {
            self.circle.log.settle(self.circle.log.change(&self.seat, old, ear));
        }
    }
}

impl Hub {
    /// Puts somebody into a room, which is opened if it is new; they have no seat there yet.
    pub(super) fn enter(
        &self,
        registry: &mut Registry,
        room: &RoomName,
        person: &Arc<Person>,
    ) -> Result<Entered, Report<'static>> {
        let most = count(self.limits.rooms_per_address);
        let (name, circle) = registry.rooms.enter(room, person, most, || Room::new(&self.flushers))?;
        Ok(Entered { name, circle })
    }
}

impl Visit {
    pub(super) fn join(&mut self, room: &str) -> Done {
        let name = RoomName::parse(room).map_err(Report::of_room_name)?;
        if let Some(at) = self.place_of(&name) {
            let membership = self.rooms.remove(at);
            self.quieten_current();
            self.rooms.push(membership);
            self.note_rooms();
            self.attend_current();
            return Ok(());
        }
        name.check_new().map_err(Report::of_room_name)?;
        let most = count(self.hub.limits.rooms_per_person);
        if self.rooms.len() >= most {
            return Err(Cause::TooManyRooms.of_count(most as u64));
        }
        let entered = self.hub.enter(&mut self.hub.registry(), &name, &self.person)?;
        self.quieten_current();
        // They are told once they are in, and before anything that is said there.
        let outbox = self.person.outbox.clone();
        outbox.hold();
        self.take_seat(entered, true);
        let name = self.rooms.last().map_or(name, |membership| membership.name.clone());
        let answer = self.written(Cause::Entered.of_room(name.as_str()).into());
        outbox.release(&answer, None);
        Ok(())
    }

    pub(super) fn leave(&mut self, room: Option<&str>) -> Done {
        let at = match room {
            None => self.rooms.len().checked_sub(1),
            Some(room) => RoomName::parse(room).ok().and_then(|name| self.place_of(&name)),
        };
        let Some(at) = at else {
            let which = room.map_or("any room".into(), shown);
            return Err(Cause::NotInRoom.of_room(which));
        };
        let was_current = at + 1 == self.rooms.len();
        let membership = self.rooms.remove(at);
        let name = membership.name.clone();
        self.note_rooms();
        self.give_up(membership, true);
        let left = Cause::LeftRoom.of_room(name.as_str()).into();
        if was_current {
            self.tell(left)
        } else {
            self.answer(left)
        }
        if was_current {
            self.attend_current();
        }
        Ok(())
    }

    /// Goes into a room, which becomes the current one.
    pub(super) fn enter(&mut self, name: &RoomName, announced: bool) -> Done {
        let entered = self.hub.enter(&mut self.hub.registry(), name, &self.person)?;
        self.take_seat(entered, announced);
        Ok(())
    }

    /// Takes a seat in a room, which becomes the current one.
    pub(super) fn take_seat(&mut self, Entered { name, circle }: Entered, announced: bool) {
        let hub = &self.hub;
        let seat = Seat::new(&self.person.outbox, &self.person.muffle);
        // If nothing has been said since the room opened, what was said in it before has an id below this one.
        let opened_before = hub.ids.load(Relaxed) - 1;
        let ear = ear(self.person.rendering(), true);
        let coming = Movement { hub, circle: &circle, person: &self.person, coming: true };
        circle.log.enter(&seat, ear, announced.then_some(&mut coming.notice(self.now)));
        let came_after = if seat.came_after() > 0 { seat.came_after() } else { opened_before };
        self.rooms.push(Membership { name, circle, seat, ear, came_after, caught_up: None });
        self.note_rooms();
    }

    /// Gives a seat back. If that is announced, it returns when all that was said before is out.
    pub(super) fn give_up(&mut self, membership: Membership, announced: bool) {
        let Membership { name, circle, seat, ear, came_after, caught_up } = membership;
        let going = Movement { hub: &self.hub, circle: &circle, person: &self.person, coming: false };
        let number = circle.log.leave(&seat, ear, announced.then_some(&mut going.notice(self.now)));
        // An account's mark is what it had heard when everything was out.
        if announced || self.person.is_account() {
            circle.log.settle(number);
        }
        self.remember_mark(&name, &seat, caught_up, came_after);
        self.hub.registry().rooms.leave(&name, self.person.client());
    }

    /// Notes the last message of a room that went out to an account. Where nothing was said during the stay, that is
    /// what the account caught up with, or on its first visit what was said before it came: the next visit must know
    /// what is new.
    fn remember_mark(&self, room: &RoomName, seat: &Seat, caught_up: Option<u64>, came_after: u64) {
        if !self.person.is_account() {
            return;
        }
        let (memory, account) = (&self.hub.memory, self.person.name.key());
        let heard = if self.person.outbox.is_clear() { seat.left_after() } else { seat.heard() };
        let is_first_visit = || memory.mark(account, room.key()) == Ok(None);
        let read = match heard {
            0 => caught_up.or_else(|| is_first_visit().then_some(came_after)),
            heard => Some(heard),
        };
        if let Some(read) = read {
            memory.set_mark(account, room.key(), read);
        }
    }

    pub(super) fn place_of(&self, name: &RoomName) -> Option<usize> {
        self.rooms.iter().position(|membership| membership.name.key() == name.key())
    }

    pub(super) fn quieten_current(&mut self) {
        let ear = ear(self.person.rendering(), false);
        if let Some(current) = self.rooms.last_mut() {
            current.listen(ear);
        }
    }

    fn attend_current(&mut self) {
        let ear = ear(self.person.rendering(), true);
        if let Some(current) = self.rooms.last_mut() {
            current.listen(ear);
        }
        let now = match self.rooms.last() {
            Some(current) => Cause::Entered.of_room(current.name.to_string()),
            None => Cause::InNoRoom.report(),
        };
        self.answer(now.into());
    }
}
