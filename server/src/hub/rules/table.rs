//! The rules of all rooms, open or not.

use super::Identity;
use super::room::RoomRules;
use crate::ordered_mutex::OrderedMutex;
use crate::rules_record::RoomRecord;
use landline_common::history::HistoryOwner;
use landline_common::{OffsetDateTime, Report, RoomKey, RoomName, UserName};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A room's rules, shared by its members. Rooms without rules cost talk one atomic load.
#[derive(Debug)]
pub(in crate::hub) struct RoomGate {
    name: RoomName,
    restricts_talk: AtomicBool,
    /// Time of the last use, in milliseconds since 1970.
    last_used_ms: AtomicI64,
    rules: OrderedMutex<RoomRules, 2>,
}

impl RoomGate {
    fn new(name: RoomName, rules: RoomRules, last_used_ms: i64) -> Arc<RoomGate> {
        let restricts_talk = AtomicBool::new(rules.restricts_talk());
        let last_used_ms = AtomicI64::new(last_used_ms);
        Arc::new(RoomGate { name, restricts_talk, last_used_ms, rules: OrderedMutex::new(rules) })
    }

    /// The room's name as its first member wrote it.
    pub(in crate::hub) fn name(&self) -> &RoomName {
        &self.name
    }

    /// Notes that the room is used. Returns true for the first use of a day (in UTC).
    fn mark_used(&self, now: OffsetDateTime) -> bool {
        let last_ms = self.last_used_ms.swap(now.unix_ms, SeqCst);
        now.unix_ms.div_euclid(DAY_MS) != last_ms.div_euclid(DAY_MS)
    }

    /// Returns the record that outlasts a restart, if the room has one.
    pub(in crate::hub) fn to_record(&self, now: OffsetDateTime) -> Option<RoomRecord> {
        self.rules.lock().to_record(self.name.as_str(), self.last_used_ms.load(SeqCst), now)
    }

    /// Reads the rules.
    pub(in crate::hub) fn read<T>(&self, read: impl FnOnce(&RoomRules) -> T) -> T {
        read(&self.rules.lock())
    }

    /// Changes the rules, or leaves them as they are if `change` refuses. Returns what they were before.
    pub(in crate::hub) fn change<T>(
        &self,
        change: impl FnOnce(&mut RoomRules) -> Result<T, Report<'static>>,
    ) -> Result<(T, RoomRules), Report<'static>> {
        let mut rules = self.rules.lock();
        let before = rules.clone();
        match change(&mut rules) {
            Ok(changed) => {
                self.restricts_talk.store(rules.restricts_talk(), SeqCst);
                Ok((changed, before))
            }
            Err(refusal) => {
                *rules = before;
                Err(refusal)
            }
        }
    }

    /// Undoes a change that could not be stored.
    pub(in crate::hub) fn restore(&self, before: RoomRules) {
        let mut rules = self.rules.lock();
        self.restricts_talk.store(before.restricts_talk(), SeqCst);
        *rules = before;
    }

    /// Allows one message of a user, and counts it, or refuses.
    pub(in crate::hub) fn allow_message(
        &self,
        identity: impl FnOnce() -> Identity,
        now: OffsetDateTime,
    ) -> Result<(), Report<'static>> {
        if !self.restricts_talk.load(SeqCst) {
            return Ok(());
        }
        // Made before the lock is taken: it may look at the registry.
        let identity = identity();
        self.rules.lock().allow_message(self.name.as_str(), &identity, now)
    }

    /// True if the rules silence a user in this room.
    pub(in crate::hub) fn silences(&self, identity: impl FnOnce() -> Identity, now: OffsetDateTime) -> bool {
        self.restricts_talk.load(SeqCst) && self.rules.lock().silences(&identity(), now)
    }
}

/// The time before which a room's last use makes the room free, in milliseconds since 1970: so many days before `now`.
pub(in crate::hub) fn unused_since_ms(days: u64, now: OffsetDateTime) -> i64 {
    now.unix_ms.saturating_sub(i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY_MS))
}

/// The gates of all rooms that are open or have owners.
#[derive(Debug, Default)]
pub(in crate::hub) struct RulesTable(HashMap<RoomKey, Arc<RoomGate>>);

impl RulesTable {
    /// Adds a room with its rules, at the start of the server.
    pub(in crate::hub) fn insert(&mut self, name: RoomName, rules: RoomRules, last_used_ms: i64) {
        self.0.insert(name.key().clone(), RoomGate::new(name, rules, last_used_ms));
    }

    pub(in crate::hub) fn find(&self, room: &RoomKey) -> Option<&Arc<RoomGate>> {
        self.0.get(room)
    }

    /// Returns a room's gate, which `rules` makes for a room without one.
    pub(in crate::hub) fn open(
        &mut self,
        name: &RoomName,
        rules: impl FnOnce() -> RoomRules,
        now: OffsetDateTime,
    ) -> Arc<RoomGate> {
        let new = || RoomGate::new(name.clone(), rules(), now.unix_ms);
        self.0.entry(name.key().clone()).or_insert_with(new).clone()
    }

    /// Notes that a room is used. Returns true if that must be stored: for the first use of a day of a room that has a
    /// record.
    pub(in crate::hub) fn mark_used(&self, room: &RoomKey, now: OffsetDateTime) -> bool {
        self.0.get(room).is_some_and(|gate| gate.mark_used(now) && gate.to_record(now).is_some())
    }

    /// Forgets a closed room that was not used since `unused_since_ms`.
    pub(in crate::hub) fn expire(&mut self, room: &RoomKey, unused_since_ms: i64) {
        if self.0.get(room).is_some_and(|gate| gate.last_used_ms.load(SeqCst) < unused_since_ms) {
            self.0.remove(room);
        }
    }

    /// Forgets a room that has closed, unless it has owners or a record.
    pub(in crate::hub) fn close(&mut self, room: &RoomKey, now: OffsetDateTime) {
        let Some(gate) = self.0.get(room) else { return };
        gate.mark_used(now);
        if gate.read(|rules| rules.owners.is_empty()) && gate.to_record(now).is_none() {
            self.0.remove(room);
        }
    }

    /// Number of rooms that a user owns first: as their opener, or since all earlier owners have gone. Others that made it
    /// an owner too do not use up its number. Rooms not used since `unused_since_ms` do not count.
    pub(in crate::hub) fn owned_by(&self, owner: &HistoryOwner, unused_since_ms: i64) -> usize {
        let is_used = |gate: &RoomGate| gate.last_used_ms.load(SeqCst) >= unused_since_ms;
        let is_first = |rules: &RoomRules| rules.owners.first().is_some_and(|first| first.owner == *owner);
        self.0.values().filter(|gate| is_used(gate) && gate.read(is_first)).count()
    }

    /// All gates.
    pub(in crate::hub) fn iter(&self) -> impl Iterator<Item = &Arc<RoomGate>> {
        self.0.values()
    }

    /// Forgets a guest whose session has ended for good, or an account that was deleted: its name may become another
    /// user's. Open rooms (`is_open`) and those of the server stay without owners.
    pub(in crate::hub) fn forget_owner(&mut self, owner: &HistoryOwner, is_open: impl Fn(&RoomKey) -> bool) {
        self.0.retain(|key, gate| {
            let mut rules = gate.rules.lock();
            rules.forget_owner(owner);
            gate.restricts_talk.store(rules.restricts_talk(), SeqCst);
            !rules.owners.is_empty() || rules.is_servers || is_open(key)
        });
    }

    /// Lists owners and hands under the new name of a user.
    pub(in crate::hub) fn rename(&self, owner: &HistoryOwner, name: &UserName) {
        for gate in self.0.values() {
            gate.rules.lock().rename(owner, name);
        }
    }

    /// Makes an account the owner of what a guest had, who has registered it.
    pub(in crate::hub) fn replace_owner(&self, guest: &HistoryOwner, account: &HistoryOwner) {
        for gate in self.0.values() {
            gate.rules.lock().replace_owner(guest, account);
        }
    }
}

#[cfg(test)]
mod tests;
