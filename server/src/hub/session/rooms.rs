//! Going into rooms and leaving them.

use super::super::broadcast_group::{BroadcastGroup, PresenceChange};
use super::super::user::delivery_mode;
use super::super::{Hub, Registry, User};
use super::{Done, Session, shown};
use crate::fanout::{DeliveryMode, RoomLog, Subscription};
use landline_common::limits::count;
use landline_common::{Cause, Report, RoomName};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// One room that somebody is in.
#[derive(Debug)]
pub(super) struct Membership {
    pub name: RoomName,
    pub group: Arc<BroadcastGroup>,
    pub subscription: Arc<Subscription>,
    delivery_mode: DeliveryMode,
    /// The last id that was said before they came.
    pub came_after: u64,
    /// Up to which id they have looked up what they missed.
    pub caught_up: Option<u64>,
}

/// A room that somebody is in without a seat yet.
pub(super) struct Entered {
    name: RoomName,
    group: Arc<BroadcastGroup>,
}

impl Membership {
    /// Hears the room differently from here on. Returns when all that was said before is out.
    pub(super) fn listen(&mut self, delivery_mode: DeliveryMode) {
        let old = std::mem::replace(&mut self.delivery_mode, delivery_mode);
        if old != delivery_mode {
            self.group.log.wait_delivered(self.group.log.change_mode(&self.subscription, old, delivery_mode));
        }
    }
}

impl Hub {
    /// Puts somebody into a room, which is opened if it is new; they have no seat there yet.
    pub(super) fn enter(
        &self,
        registry: &mut Registry,
        room: &RoomName,
        user: &Arc<User>,
    ) -> Result<Entered, Report<'static>> {
        let most = count(self.limits.rooms_per_address);
        let (name, group) = registry.rooms.enter(room, user, most, || RoomLog::new(&self.flushers))?;
        Ok(Entered { name, group })
    }
}

impl Session {
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
        let entered = self.hub.enter(&mut self.hub.registry(), &name, &self.user)?;
        self.quieten_current();
        // They are told once they are in, and before anything that is said there.
        let outbox = self.user.outbox.clone();
        outbox.hold();
        self.subscribe(entered, true);
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
        let entered = self.hub.enter(&mut self.hub.registry(), name, &self.user)?;
        self.subscribe(entered, announced);
        Ok(())
    }

    /// Takes a seat in a room, which becomes the current one.
    pub(super) fn subscribe(&mut self, Entered { name, group }: Entered, announced: bool) {
        let hub = &self.hub;
        let subscription = Subscription::new(&self.user.outbox, &self.user.block_filter);
        // If nothing has been said since the room opened, what was said in it before has an id below this one.
        let opened_before = hub.ids.load(Relaxed) - 1;
        let delivery_mode = delivery_mode(self.user.rendering(), true);
        let coming = PresenceChange { hub, group: &group, user: &self.user, coming: true };
        group.log.enter(&subscription, delivery_mode, announced.then_some(&mut coming.notice(self.now)));
        let came_after =
            if subscription.id_before_joining() > 0 { subscription.id_before_joining() } else { opened_before };
        self.rooms.push(Membership { name, group, subscription, delivery_mode, came_after, caught_up: None });
        self.note_rooms();
    }

    /// Gives a seat back. If that is announced, it returns when all that was said before is out.
    pub(super) fn give_up(&mut self, membership: Membership, announced: bool) {
        let Membership { name, group, subscription, delivery_mode, came_after, caught_up } = membership;
        let going = PresenceChange { hub: &self.hub, group: &group, user: &self.user, coming: false };
        let number = group.log.leave(&subscription, delivery_mode, announced.then_some(&mut going.notice(self.now)));
        // An account's mark is what it had heard when everything was out.
        if announced || self.user.is_account() {
            group.log.wait_delivered(number);
        }
        self.remember_mark(&name, &subscription, caught_up, came_after);
        self.hub.registry().rooms.leave(&name, self.user.client());
    }

    /// Notes the last message of a room that went out to an account. Where nothing was said during the stay, that is
    /// what the account caught up with, or on its first visit what was said before it came: the next visit must know
    /// what is new.
    fn remember_mark(&self, room: &RoomName, subscription: &Subscription, caught_up: Option<u64>, came_after: u64) {
        if !self.user.is_account() {
            return;
        }
        let (memory, account) = (&self.hub.memory, self.user.name.key());
        let heard = if self.user.outbox.is_clear() {
            subscription.id_before_leaving()
        } else {
            subscription.last_delivered_id()
        };
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
        let delivery_mode = delivery_mode(self.user.rendering(), false);
        if let Some(current) = self.rooms.last_mut() {
            current.listen(delivery_mode);
        }
    }

    fn attend_current(&mut self) {
        let delivery_mode = delivery_mode(self.user.rendering(), true);
        if let Some(current) = self.rooms.last_mut() {
            current.listen(delivery_mode);
        }
        let now = match self.rooms.last() {
            Some(current) => Cause::Entered.of_room(current.name.to_string()),
            None => Cause::InNoRoom.report(),
        };
        self.answer(now.into());
    }
}
