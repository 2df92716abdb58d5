//! Joining and leaving rooms, the current room, and the read markers of accounts.

use super::super::broadcast_group::{BroadcastGroup, PresenceChange};
use super::super::user::delivery_mode;
use super::super::{Hub, Registry, User};
use super::{CommandResult, Session, quoted};
use crate::fanout::{ClientId, DeliveryMode, RoomLog, Subscription};
use crate::hub::rules::{RoomRules, unused_since_ms};
use crate::hub::throttled;
use landline_common::limits::count;
use landline_common::{Cause, OffsetDateTime, Report, RoomName};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// A user's membership of one room.
#[derive(Debug)]
pub(super) struct Membership {
    pub name: RoomName,
    pub group: Arc<BroadcastGroup>,
    pub subscription: Arc<Subscription>,
    /// The last message id in the room before the user joined.
    pub start_id: u64,
    /// The last message id up to which the user has read what it missed.
    pub caught_up: Option<u64>,
}

/// A room that has the user as a member, but no subscription yet.
pub(super) struct Entered {
    name: RoomName,
    group: Arc<BroadcastGroup>,
    /// The rules must be stored: an account has opened the room and runs it over restarts, or the room is used for the
    /// first time on this day. A room that is used must not count as unused after a crash.
    pub(super) must_be_stored: bool,
}

/// How a user enters a room.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// The room's key word, if the user gave one.
    pub(super) key: Option<&'a str>,
    /// The user was in the room on its last connection, so the rules for entering were asked already.
    pub(super) resumed: bool,
    pub(super) now: OffsetDateTime,
}

impl Membership {
    /// Changes the form in which the user gets the room's entries. Returns when all earlier entries are delivered.
    pub(super) fn set_delivery_mode(&mut self, delivery_mode: DeliveryMode) {
        self.group.log.wait_delivered(self.group.log.change_mode(&self.subscription, delivery_mode));
    }
}

impl Hub {
    /// Adds a user to a room, which opens if it is new. The user has no subscription yet.
    pub(super) fn enter(
        &self,
        registry: &mut Registry,
        room: &RoomName,
        user: &Arc<User>,
        entry: Entry<'_>,
    ) -> Result<Entered, Report<'static>> {
        let unused_since_ms = unused_since_ms(self.limits.unused_room_days, entry.now);
        if !registry.rooms.is_open(room.key()) {
            registry.rules.expire(room.key(), unused_since_ms);
        }
        if !self.is_server_owner(user.history_owner()) {
            registry.admit(room, user, entry, self.poller.uptime())?;
        }
        let is_known = registry.rules.find(room.key()).is_some();
        let Registry { rooms, rules, server_rooms, .. } = registry;
        let per_address = count(self.limits.rooms_per_address);
        let opens_for_owners = *room.key() == *RoomName::lobby().key() || server_rooms.contains(room.key());
        // Counted for a new room only: it asks each room for its owners.
        let can_own = !is_known
            && !opens_for_owners
            && rules.owned_by(user.history_owner(), unused_since_ms) < count(self.limits.owned_rooms);
        let (name, group) = rooms.enter(room, user, per_address, || {
            let first_rules = || match opens_for_owners {
                true => RoomRules::of_server(),
                false => RoomRules::opened_by(can_own.then(|| (user.name.clone(), user.history_owner().clone()))),
            };
            let gate = rules.open(room, first_rules, entry.now);
            BroadcastGroup::new(RoomLog::new(&self.flushers), Some(gate), &self.limits)
        })?;
        let must_be_stored = (can_own && user.is_account()) | rules.mark_used(room.key(), entry.now);
        Ok(Entered { name, group, must_be_stored })
    }
}

impl Registry {
    /// Admits a user to a room by the room's rules. A wrong key word counts for the address.
    fn admit(&mut self, room: &RoomName, user: &User, entry: Entry<'_>, uptime: Duration) -> CommandResult {
        let Entry { key, resumed, now } = entry;
        let gate = self.rules.find(room.key());
        if key.is_some() && gate.is_none_or(|gate| gate.read(|rules| rules.key.is_none())) {
            return Err(Cause::NoKey.with_room(room.to_string()));
        }
        let Some(gate) = gate else { return Ok(()) };
        let name = gate.name().as_str();
        let admit = |key| gate.read(|rules| rules.admit(name, &user.rules_identity(), key, now));
        if resumed {
            return gate.read(|rules| rules.check_ban(name, &user.rules_identity(), now));
        }
        match admit(None) {
            Err(refusal) if key.is_some() && refusal.cause == Cause::KeyNeeded => {
                let room = room.key().clone();
                self.key_budgets.check(room.clone(), &user.address, uptime).map_err(throttled)?;
                admit(key).map_err(|refusal| {
                    let _ = self.key_budgets.take(room, &user.address, uptime);
                    refusal.with_text(format!("That is not the word. {name} has a key word: /join {name} WORD."))
                })
            }
            admitted => admitted,
        }
    }

    /// Removes a client from a room, which closes with its last member.
    pub(super) fn leave_room(&mut self, name: &RoomName, client: ClientId, now: OffsetDateTime) {
        if self.rooms.leave(name, client) {
            self.rules.close(name.key(), now);
        }
    }
}

impl Session {
    pub(super) fn join(&mut self, room: &str, key: Option<&str>) -> CommandResult {
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
        let entry = Entry { key, resumed: false, now: self.now };
        let entered = self.hub.enter(&mut self.hub.registry(), &name, &self.user, entry);
        if matches!(&entered, Err(refusal) if refusal.cause == Cause::Throttled) && self.hub.note_failure("key words") {
            let address = &self.user.address.shown;
            log::warn!(
                "hub: too many wrong key words, refused for a while room={name} user={} address={address}",
                self.user.name
            );
        }
        let entered = entered?;
        if entered.must_be_stored {
            self.store_ownership();
        }
        self.demote_current_room();
        // Hold the outbox: the answer comes after the subscription, but before any entry of the room.
        let outbox = self.user.outbox.clone();
        outbox.hold();
        self.subscribe(entered, true);
        let name = self.rooms.last().map_or(name, |membership| membership.name.clone());
        let answer = self.render_answer(Cause::Entered.with_room(name.as_str()).into());
        outbox.release(&answer, None);
        self.send_room_notices();
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

    /// Enters a room, which becomes the current room, without a notice. A `resumed` session is a member of its rooms; it
    /// does not enter a room that an owner has taken the user out of meanwhile.
    pub(super) fn enter(&mut self, name: &RoomName, resumed: bool) -> CommandResult {
        let entry = Entry { key: None, resumed, now: self.now };
        let mut registry = self.hub.registry();
        if resumed && registry.rooms.member(name, self.user.client()).is_none() {
            return Ok(());
        }
        let entered = self.hub.enter(&mut registry, name, &self.user, entry)?;
        drop(registry);
        if entered.must_be_stored {
            self.store_ownership();
        }
        self.demote_current_room();
        self.subscribe(entered, false);
        Ok(())
    }

    /// Subscribes to a room, which becomes the current room. `announced`: its members get a notice.
    pub(super) fn subscribe(&mut self, Entered { name, group, .. }: Entered, announced: bool) {
        let hub = &self.hub;
        let subscription = Subscription::new(&self.user.outbox, &self.user.block_filter);
        // If the room has no message since it opened, all earlier messages in it have ids up to this one.
        let last_id = hub.next_message_id.load(Relaxed) - 1;
        let delivery_mode = delivery_mode(self.user.rendering(), true);
        let change = PresenceChange { hub, group: &group, user: &self.user, joins: true };
        group.log.enter(&subscription, delivery_mode, announced.then_some(&mut change.notice(self.now)));
        let start_id = if subscription.id_before_joining() > 0 { subscription.id_before_joining() } else { last_id };
        let is_member = hub.registry().rooms.subscribe(&name, self.user.client(), &subscription);
        if !is_member {
            // An owner has taken the user out meanwhile. The next turn drops the room.
            let change = PresenceChange { hub, group: &group, user: &self.user, joins: false };
            group.log.leave(&subscription, announced.then_some(&mut change.notice(self.now)));
        }
        self.rooms.push(Membership { name, group, subscription, start_id, caught_up: None });
        self.save_room_list();
    }

    /// Leaves a room. `announced`: its members get a notice, and the call returns when all earlier entries are
    /// delivered.
    pub(super) fn unsubscribe(&mut self, membership: Membership, announced: bool) {
        let Membership { name, group, subscription, start_id, caught_up } = membership;
        let change = PresenceChange { hub: &self.hub, group: &group, user: &self.user, joins: false };
        let number = group.log.leave(&subscription, announced.then_some(&mut change.notice(self.now)));
        // The read marker of an account is known only after the delivery.
        if let Some(number) = number.filter(|_| announced || self.user.is_account()) {
            group.log.wait_delivered(number);
        }
        self.store_read_marker(&name, &subscription, caught_up, start_id);
        self.hub.registry().leave_room(&name, self.user.client(), self.now);
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
    pub(super) fn promote_current_room(&mut self) {
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
