//! Joining and leaving rooms, the current room, and the read markers of accounts.

use super::super::broadcast_group::{BroadcastGroup, PresenceChange};
use super::super::user::delivery_mode;
use super::super::{Hub, Registry, User};
use super::{CommandResult, Session, quoted};
use crate::fanout::{DeliveryMode, RoomLog, Subscription};
use landline_common::limits::count;
use landline_common::{Cause, Report, RoomName};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A user's membership of one room.
#[derive(Debug)]
pub(super) struct Membership {
    pub name: RoomName,
    pub group: Arc<BroadcastGroup>,
    pub subscription: Arc<Subscription>,
    delivery_mode: DeliveryMode,
    /// The last message id in the room before the user joined.
    pub start_id: u64,
    /// The last message id up to which the user has read what it missed.
    pub caught_up: Option<u64>,
}

/// A room that has the user as a member, but no subscription yet.
pub(super) struct Entered {
    name: RoomName,
    group: Arc<BroadcastGroup>,
}

impl Membership {
    /// Changes the form in which the user gets the room's entries. Returns when all earlier entries are delivered.
    pub(super) fn set_delivery_mode(&mut self, delivery_mode: DeliveryMode) {
        let old = std::mem::replace(&mut self.delivery_mode, delivery_mode);
        if old != delivery_mode {
            self.group.log.wait_delivered(self.group.log.change_mode(&self.subscription, old, delivery_mode));
        }
    }
}

impl Hub {
    /// Adds a user to a room, which opens if it is new. The user has no subscription yet.
    pub(super) fn enter(
        &self,
        registry: &mut Registry,
        room: &RoomName,
        user: &Arc<User>,
    ) -> Result<Entered, Report<'static>> {
        let per_address = count(self.limits.rooms_per_address);
        let (name, group) = registry.rooms.enter(room, user, per_address, || RoomLog::new(&self.flushers))?;
        Ok(Entered { name, group })
    }
}

impl Session {
    pub(super) fn join(&mut self, room: &str) -> CommandResult {
        let name = RoomName::parse(room).map_err(Report::from_room_name_error)?;
        if let Some(position) = self.room_position(&name) {
            let membership = self.rooms.remove(position);
            self.demote_current_room();
            self.rooms.push(membership);
            self.save_room_list();
            self.promote_current_room();
            return Ok(());
        }
        name.check_new().map_err(Report::from_room_name_error)?;
        let most = count(self.hub.limits.rooms_per_person);
        if self.rooms.len() >= most {
            return Err(Cause::TooManyRooms.with_count(most as u64));
        }
        let entered = self.hub.enter(&mut self.hub.registry(), &name, &self.user)?;
        self.demote_current_room();
        // Hold the outbox: the answer comes after the subscription, but before any entry of the room.
        let outbox = self.user.outbox.clone();
        outbox.hold();
        self.subscribe(entered, true);
        let name = self.rooms.last().map_or(name, |membership| membership.name.clone());
        let answer = self.render_answer(Cause::Entered.with_room(name.as_str()).into());
        outbox.release(&answer, None);
        Ok(())
    }

    pub(super) fn leave(&mut self, room: Option<&str>) -> CommandResult {
        let position = match room {
            None => self.rooms.len().checked_sub(1),
            Some(room) => RoomName::parse(room).ok().and_then(|name| self.room_position(&name)),
        };
        let Some(position) = position else {
            let name = room.map_or("any room".into(), quoted);
            return Err(Cause::NotInRoom.with_room(name));
        };
        let was_current = position + 1 == self.rooms.len();
        let membership = self.rooms.remove(position);
        let name = membership.name.clone();
        self.save_room_list();
        self.unsubscribe(membership, true);
        let left = Cause::LeftRoom.with_room(name.as_str()).into();
        if was_current {
            self.send_event(left);
            self.promote_current_room();
        } else {
            self.answer(left);
        }
        Ok(())
    }

    /// Enters a room, which becomes the current room. `announced`: its members get a notice.
    pub(super) fn enter(&mut self, name: &RoomName, announced: bool) -> CommandResult {
        let entered = self.hub.enter(&mut self.hub.registry(), name, &self.user)?;
        self.subscribe(entered, announced);
        Ok(())
    }

    /// Subscribes to a room, which becomes the current room. `announced`: its members get a notice.
    pub(super) fn subscribe(&mut self, Entered { name, group }: Entered, announced: bool) {
        let hub = &self.hub;
        let subscription = Subscription::new(&self.user.outbox, &self.user.block_filter);
        // If the room has no message since it opened, all earlier messages in it have ids up to this one.
        let last_id = hub.next_message_id.load(Relaxed) - 1;
        let delivery_mode = delivery_mode(self.user.rendering(), true);
        let change = PresenceChange { hub, group: &group, user: &self.user, joins: true };
        group.log.enter(&subscription, delivery_mode, announced.then_some(&mut change.notice(self.now)));
        let start_id = if subscription.id_before_joining() > 0 { subscription.id_before_joining() } else { last_id };
        self.rooms.push(Membership { name, group, subscription, delivery_mode, start_id, caught_up: None });
        self.save_room_list();
    }

    /// Leaves a room. `announced`: its members get a notice, and the call returns when all earlier entries are
    /// delivered.
    pub(super) fn unsubscribe(&mut self, membership: Membership, announced: bool) {
        let Membership { name, group, subscription, delivery_mode, start_id, caught_up } = membership;
        let change = PresenceChange { hub: &self.hub, group: &group, user: &self.user, joins: false };
        let number = group.log.leave(&subscription, delivery_mode, announced.then_some(&mut change.notice(self.now)));
        // The read marker of an account is known only after the delivery.
        if announced || self.user.is_account() {
            group.log.wait_delivered(number);
        }
        self.store_read_marker(&name, &subscription, caught_up, start_id);
        self.hub.registry().rooms.leave(&name, self.user.client());
    }

    /// Stores an account's read marker of a room: the last message that the kernel took for it, so that the next
    /// session knows what is unread. Without a message since the user joined, the marker is the message up to which the
    /// user has caught up. Without that, on the first visit, it is the last message before the user joined.
    fn store_read_marker(&self, room: &RoomName, subscription: &Subscription, caught_up: Option<u64>, start_id: u64) {
        if !self.user.is_account() {
            return;
        }
        let storage = &self.hub.storage;
        let account = self.user.name.key();
        let delivered = if self.user.outbox.is_clear() {
            subscription.id_before_leaving()
        } else {
            subscription.last_delivered_id()
        };
        let has_no_marker = || storage.read_marker(account, room.key()) == Ok(None);
        let read = match delivered {
            0 => caught_up.or_else(|| has_no_marker().then_some(start_id)),
            delivered => Some(delivered),
        };
        if let Some(read) = read {
            storage.set_read_marker(account, room.key(), read);
        }
    }

    /// Returns the position of a room in `rooms`.
    pub(super) fn room_position(&self, name: &RoomName) -> Option<usize> {
        self.rooms.iter().position(|membership| membership.name.key() == name.key())
    }

    /// Switches the current room to the form of other rooms, before another room becomes the current one.
    pub(super) fn demote_current_room(&mut self) {
        let delivery_mode = delivery_mode(self.user.rendering(), false);
        if let Some(current) = self.rooms.last_mut() {
            current.set_delivery_mode(delivery_mode);
        }
    }

    /// Switches the last room to the form of the current room, and answers with its name.
    fn promote_current_room(&mut self) {
        let delivery_mode = delivery_mode(self.user.rendering(), true);
        if let Some(current) = self.rooms.last_mut() {
            current.set_delivery_mode(delivery_mode);
        }
        let answer = match self.rooms.last() {
            Some(current) => Cause::Entered.with_room(current.name.to_string()),
            None => Cause::InNoRoom.report(),
        };
        self.answer(answer.into());
    }
}
