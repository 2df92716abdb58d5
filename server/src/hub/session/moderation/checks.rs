//! The rules asked: what a user may say to a room, to all users and to one user, and which rooms lists may name.

use super::super::{CommandResult, Session};
use crate::fanout::ClientId;
use crate::hub::rules::{Identity, RoomGate};
use landline_common::history::HistoryOwner;
use landline_common::{Cause, RoomName};

impl Session {
    /// Allows one message in the room of `gate`, and counts it, or refuses.
    pub(in crate::hub::session) fn check_talk(&self, gate: &RoomGate) -> CommandResult {
        let identity = || {
            let is_slow = gate.read(|rules| rules.slow_seconds > 0);
            let has_own_address = is_slow && self.hub.registry().has_own_address(&self.user);
            Identity { has_own_address, ..self.user.rules_identity() }
        };
        match gate.allow_message(identity, self.now) {
            Err(_) if self.is_server_owner() => Ok(()),
            allowed => allowed,
        }
    }

    /// Refuses a message to all users of a user who is muted, or neither owner nor unhindered, in a room that it is in, or
    /// in a room that belongs to the server's owners. Other rooms do not count: their owners may be any guests.
    pub(in crate::hub::session) fn check_announcement(&self) -> CommandResult {
        if self.is_server_owner() {
            return Ok(());
        }
        let registry = self.hub.registry();
        let identity = self.user.rules_identity();
        for gate in registry.rules.iter().filter(|gate| gate.silences(|| identity.clone(), self.now)) {
            let is_member = self.is_in(gate);
            let (refusal, is_servers) = gate.read(|rules| {
                let refusal = match rules.mutes.find(&identity, self.now) {
                    Some(_) => Cause::Muted.report(),
                    None if rules.is_quiet => Cause::Quiet.report(),
                    None => Cause::Slowed.with_seconds(rules.slow_seconds),
                };
                (refusal, rules.is_servers)
            });
            if is_member || is_servers {
                return Err(refusal.in_room(gate.name().to_string()));
            }
        }
        Ok(())
    }

    /// Refuses what a user would say to one other user, or ask of one: a guest where only owners may be written to, and
    /// a user who is muted in a room that the other one is in. An absent user (without `client`) is in no room, so a
    /// mute counts there in the rooms of this user and in those that belong to the server's owners.
    pub(in crate::hub::session) fn check_whisper(&self, to: &HistoryOwner, client: Option<ClientId>) -> CommandResult {
        let server_rules = self.hub.server_rules.lock();
        if server_rules.is_owner(self.user.history_owner()) || server_rules.is_owner(to) {
            return Ok(());
        }
        let owners_only = server_rules.whispers_to_owners_only && !self.user.is_account();
        drop(server_rules);
        let registry = self.hub.registry();
        let runs_my_room = || {
            self.rooms
                .iter()
                .filter_map(|room| room.group.gate.as_ref())
                .any(|gate| gate.read(|rules| rules.is_owner(to)))
        };
        if owners_only && !runs_my_room() {
            return Err(Cause::OwnersOnly.report());
        }
        let identity = self.user.rules_identity();
        let counts = |gate: &RoomGate| match client {
            Some(client) => registry.rooms.member(gate.name(), client).is_some(),
            None => self.is_in(gate) || gate.read(|rules| rules.is_servers),
        };
        let muted_in = registry.rules.iter().find(|gate| {
            gate.read(|rules| !rules.is_owner(to) && rules.mutes.find(&identity, self.now).is_some()) && counts(gate)
        });
        match muted_in {
            Some(gate) => Err(Cause::Muted.with_room(gate.name().to_string())),
            None => Ok(()),
        }
    }

    /// True if the user is in the room of `gate`.
    pub(super) fn is_in(&self, gate: &RoomGate) -> bool {
        self.rooms.iter().any(|membership| membership.name.key() == gate.name().key())
    }

    /// True if lists may name a room to the user: it is open to all users, or the user is in it or may enter.
    pub(in crate::hub::session) fn may_see_room(&self, room: &RoomName) -> bool {
        let gate = self.hub.registry().rules.find(room.key()).cloned();
        let is_member = || self.rooms.iter().any(|membership| membership.name.key() == room.key());
        gate.is_none_or(|gate| gate.read(|rules| rules.is_visible_to(self.user.history_owner())))
            || is_member()
            || self.is_server_owner()
    }
}
