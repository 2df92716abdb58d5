//! The rules of one room.

use super::sanctions::Sanctions;
use super::{Identity, Sanction, after_minutes, seconds_until};
use crate::hub::name_tokens::NameHolder;
use landline_common::bounded_map::{BoundedMap, Priority};
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Cause, Limits, NameKey, OffsetDateTime, Report, UserName};
use std::collections::VecDeque;
use std::sync::Arc;

/// Maximum number of users who have the floor.
const MAX_FLOORS: usize = 256;
/// Traces of users who pause in slow mode. Beyond it, the pause that began first ends early.
const MAX_TRACES: usize = 4_096;

/// An owner of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hub) struct RoomOwner {
    pub(in crate::hub) user: UserName,
    pub(in crate::hub) owner: HistoryOwner,
}

/// The right to speak in a quiet room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub) enum Floor {
    /// For one message.
    OneMessage,
    /// Until a time in milliseconds.
    Until(i64),
}

/// A raised hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hub) struct Hand {
    pub(in crate::hub) user: UserName,
    pub(in crate::hub) owner: HistoryOwner,
    pub(in crate::hub) text: String,
}

/// A message that is kept on top of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hub) struct Pin {
    pub(in crate::hub) id: u64,
    /// Time of the message in milliseconds since 1970.
    pub(in crate::hub) at_ms: i64,
    pub(in crate::hub) user: String,
    /// The beginning of the text, as one line.
    pub(in crate::hub) text: String,
}

/// What is left of a user whose session ends, to recognize the user in the next one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trace {
    Name(NameKey),
    Holder(NameHolder),
    Address(Arc<str>),
}

impl Trace {
    /// The traces of a user. A shared address is none, and an account has its names only.
    fn of(identity: &Identity) -> impl Iterator<Item = Trace> {
        let is_guest = matches!(identity.owner, HistoryOwner::Guest(_));
        let address = (is_guest && identity.has_own_address).then(|| Trace::Address(identity.address.clone()));
        let holder = identity.holder.map(Trace::Holder);
        let names = identity.former_names.iter().chain([&identity.name]).cloned().map(Trace::Name);
        names.chain(holder).chain(address)
    }
}

/// What the owners of a room have set. The default restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct RoomRules {
    /// The users who run the room, the one who opened it first.
    pub(in crate::hub) owners: Vec<RoomOwner>,
    /// The room belongs to the server's owners, who may let others run it: the lobby, a room that is older than the rules,
    /// and a room without owners that they have set something for. Its rules outlast its owners.
    pub(in crate::hub) is_servers: bool,
    pub(in crate::hub) topic: Option<String>,
    pub(in crate::hub) pin: Option<Pin>,
    pub(in crate::hub) key: Option<String>,
    /// Only invited users may enter.
    pub(in crate::hub) is_closed: bool,
    pub(in crate::hub) is_quiet: bool,
    /// Seconds between two messages of a user; 0 without slow mode.
    pub(in crate::hub) slow_seconds: u64,
    pub(in crate::hub) mutes: Sanctions,
    pub(in crate::hub) bans: Sanctions,
    pub(super) invited: Vec<HistoryOwner>,
    floor: Vec<(HistoryOwner, Floor)>,
    hands: VecDeque<Hand>,
    /// Time of each user's last message, in slow mode.
    last_messages: BoundedMap<Trace, i64, MAX_TRACES>,
}

impl RoomRules {
    /// The rules of a new room, which its opener owns, or no user.
    pub(in crate::hub) fn opened_by(owner: Option<(UserName, HistoryOwner)>) -> RoomRules {
        let owners = owner.into_iter().map(|(user, owner)| RoomOwner { user, owner }).collect();
        RoomRules { owners, ..RoomRules::default() }
    }

    /// The rules of a new room that belongs to the server's owners.
    pub(in crate::hub) fn of_server() -> RoomRules {
        RoomRules { is_servers: true, ..RoomRules::default() }
    }

    /// True for an owner of the room.
    pub(in crate::hub) fn is_owner(&self, owner: &HistoryOwner) -> bool {
        self.owners.iter().any(|other| other.owner == *owner)
    }

    /// True if lists may name the room to a user who is not in it.
    pub(in crate::hub) fn is_visible_to(&self, owner: &HistoryOwner) -> bool {
        let is_open = !self.is_closed && self.key.is_none();
        is_open || self.is_owner(owner) || self.invited.contains(owner)
    }

    /// True if some user may be refused to speak, so that each message must be asked about.
    pub(in crate::hub) fn restricts_talk(&self) -> bool {
        self.is_quiet || self.slow_seconds > 0 || !self.mutes.is_empty()
    }

    /// Admits a user to the room, or refuses. Invited users and owners need no key word; a ban counts for all but owners.
    pub(in crate::hub) fn admit(
        &self,
        room: &str,
        identity: &Identity,
        key: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<(), Report<'static>> {
        self.check_ban(room, identity, now)?;
        if self.is_owner(&identity.owner) || self.invited.contains(&identity.owner) {
            return Ok(());
        }
        if self.is_closed {
            return Err(Cause::InviteOnly.with_room(room.to_owned()));
        }
        match &self.key {
            Some(word) if key != Some(word) => Err(Cause::KeyNeeded.with_room(room.to_owned())),
            _ => Ok(()),
        }
    }

    /// Refuses a banned user. An owner may have the address or the name token of one.
    pub(in crate::hub) fn check_ban(
        &self,
        room: &str,
        identity: &Identity,
        now: OffsetDateTime,
    ) -> Result<(), Report<'static>> {
        match self.bans.find(identity, now).filter(|_| !self.is_owner(&identity.owner)) {
            Some(ban) => Err(Cause::RoomBanned.with_room(room.to_owned()).for_seconds(ban.seconds_left(now))),
            None => Ok(()),
        }
    }

    /// Refuses a message that the rules forbid. Changes nothing.
    fn check_message(&self, room: &str, identity: &Identity, now: OffsetDateTime) -> Result<(), Report<'static>> {
        if self.is_owner(&identity.owner) {
            return Ok(());
        }
        let room = || room.to_owned();
        if let Some(mute) = self.mutes.find(identity, now) {
            return Err(Cause::Muted.with_room(room()).for_seconds(mute.seconds_left(now)));
        }
        if self.is_quiet && !self.has_floor(&identity.owner, now) {
            return Err(Cause::Quiet.with_room(room()));
        }
        if let Some(next) = self.pause_end(identity).filter(|next| *next > now.unix_ms) {
            let mut report = Cause::Slowed.with_room(room());
            report.about.seconds = Some(seconds_until(next, now));
            return Err(report);
        }
        Ok(())
    }

    /// The pause between two messages in milliseconds.
    fn pause_ms(&self) -> i64 {
        i64::try_from(self.slow_seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }

    /// When a user may speak again in slow mode, by the last message of a session that had a trace of the user.
    fn pause_end(&self, identity: &Identity) -> Option<i64> {
        if self.slow_seconds == 0 {
            return None;
        }
        let last = Trace::of(identity).filter_map(|trace| self.last_messages.get(&trace).copied()).max()?;
        Some(last.saturating_add(self.pause_ms()))
    }

    /// Begins a user's pause in slow mode.
    fn begin_pause(&mut self, identity: &Identity, now: OffsetDateTime) {
        let pause = self.pause_ms();
        let priority = |last: &i64| {
            let is_over = last.saturating_add(pause) <= now.unix_ms;
            if is_over { Priority::Expired } else { Priority::Rank(*last) }
        };
        for trace in Trace::of(identity) {
            *self.last_messages.entry(trace, priority).or_default() = now.unix_ms;
        }
    }

    /// True if a user may not speak freely here, and so not to all users either: muted, or no owner where the room is
    /// quiet or slow. The floor is for the room alone.
    pub(in crate::hub) fn silences(&self, identity: &Identity, now: OffsetDateTime) -> bool {
        !self.is_owner(&identity.owner)
            && (self.is_quiet || self.slow_seconds > 0 || self.mutes.find(identity, now).is_some())
    }

    /// Allows one message of a user, and counts it: it uses up a floor for one message, and begins a pause in slow mode.
    pub(in crate::hub) fn allow_message(
        &mut self,
        room: &str,
        identity: &Identity,
        now: OffsetDateTime,
    ) -> Result<(), Report<'static>> {
        self.check_message(room, identity, now)?;
        if self.is_quiet {
            self.floor.retain(|(owner, floor)| *owner != identity.owner || *floor != Floor::OneMessage);
        }
        if self.slow_seconds > 0 && !self.is_owner(&identity.owner) {
            self.begin_pause(identity, now);
        }
        Ok(())
    }

    /// True for a user who may speak in a quiet room.
    pub(in crate::hub) fn has_floor(&self, owner: &HistoryOwner, now: OffsetDateTime) -> bool {
        self.floor
            .iter()
            .any(|(other, floor)| other == owner && !matches!(floor, Floor::Until(until) if *until <= now.unix_ms))
    }

    /// Adds an owner. Returns false if there are too many.
    #[must_use]
    pub(in crate::hub) fn add_owner(&mut self, user: UserName, owner: HistoryOwner, limits: &Limits) -> bool {
        let has_space = self.owners.len() < count(limits.room_owners);
        if has_space {
            self.owners.push(RoomOwner { user, owner });
        }
        has_space
    }

    /// Lets a user enter, whatever is closed. Returns false if too many are invited.
    #[must_use]
    pub(in crate::hub) fn invite(&mut self, owner: &HistoryOwner, limits: &Limits) -> bool {
        if self.invited.contains(owner) {
            return true;
        }
        let has_space = self.invited.len() < count(limits.room_list);
        if has_space {
            self.invited.push(owner.clone());
        }
        has_space
    }

    /// Takes the invitation of a user who is banned or taken out back.
    pub(in crate::hub) fn uninvite(&mut self, owner: &HistoryOwner) {
        self.invited.retain(|other| other != owner);
    }

    /// Sets the pause between two messages; 0 ends slow mode.
    pub(in crate::hub) fn set_slow(&mut self, seconds: u64) {
        self.slow_seconds = seconds;
        self.last_messages = BoundedMap::default();
    }

    /// Makes the room quiet or not. Floors and hands end with the quiet.
    pub(in crate::hub) fn set_quiet(&mut self, quiet: bool) {
        self.is_quiet = quiet;
        if !quiet {
            self.floor.clear();
            self.hands.clear();
        }
    }

    /// Gives a user the floor, for one message or some minutes, and takes the hand down.
    pub(in crate::hub) fn give_floor(&mut self, owner: &HistoryOwner, minutes: Option<u64>, now: OffsetDateTime) {
        let floor = minutes.map_or(Floor::OneMessage, |minutes| Floor::Until(after_minutes(minutes, now)));
        self.floor
            .retain(|(other, floor)| other != owner && !matches!(floor, Floor::Until(until) if *until <= now.unix_ms));
        // Floors of users who have gone are left over.
        if self.floor.len() >= MAX_FLOORS {
            self.floor.remove(0);
        }
        self.floor.push((owner.clone(), floor));
        self.hands.retain(|hand| hand.owner != *owner);
    }

    /// Takes the floor and the hand of a user back.
    pub(in crate::hub) fn take_floor(&mut self, owner: &HistoryOwner) {
        self.floor.retain(|(other, _)| other != owner);
        self.hands.retain(|hand| hand.owner != *owner);
    }

    /// Raises a hand, or replaces its text. Returns the number of hands before it; `None` if too many are up.
    pub(in crate::hub) fn raise_hand(
        &mut self,
        user: &UserName,
        owner: &HistoryOwner,
        text: &str,
        limits: &Limits,
    ) -> Option<usize> {
        if let Some(position) = self.hands.iter().position(|hand| hand.owner == *owner) {
            text.clone_into(&mut self.hands[position].text);
            return Some(position);
        }
        let before = self.hands.len();
        if before >= count(limits.room_list) {
            return None;
        }
        self.hands.push_back(Hand { user: user.clone(), owner: owner.clone(), text: text.to_owned() });
        Some(before)
    }

    /// Takes a hand down. Returns false if it was not up.
    #[must_use]
    pub(in crate::hub) fn lower_hand(&mut self, owner: &HistoryOwner) -> bool {
        let before = self.hands.len();
        self.hands.retain(|hand| hand.owner != *owner);
        self.hands.len() < before
    }

    /// The raised hands, the first one first.
    pub(in crate::hub) fn hands(&self) -> impl Iterator<Item = &Hand> {
        self.hands.iter()
    }

    /// Lists an owner and a hand under the new name of its user. Sanctions keep the earlier name.
    pub(in crate::hub) fn rename(&mut self, owner: &HistoryOwner, name: &UserName) {
        let owners = self.owners.iter_mut().filter(|other| other.owner == *owner).map(|owner| &mut owner.user);
        let hands = self.hands.iter_mut().filter(|hand| hand.owner == *owner).map(|hand| &mut hand.user);
        owners.chain(hands).for_each(|user| user.clone_from(name));
    }

    /// Makes an account the owner of what a guest had, who has registered it.
    pub(in crate::hub) fn replace_owner(&mut self, guest: &HistoryOwner, account: &HistoryOwner) {
        let replace = |owner: &mut HistoryOwner| {
            if owner == guest {
                owner.clone_from(account);
            }
        };
        self.owners.iter_mut().for_each(|owner| replace(&mut owner.owner));
        self.invited.iter_mut().for_each(replace);
        self.floor.iter_mut().for_each(|(owner, _)| replace(owner));
        self.hands.iter_mut().for_each(|hand| replace(&mut hand.owner));
        self.mutes.replace_owner(guest, account);
        self.bans.replace_owner(guest, account);
    }

    /// Removes an owner. Returns false if the user was none.
    ///
    /// With the last owner, the rules of a room end, or a guest could leave rules behind that only the server's owners can
    /// lift. What keeps other users out stays until the room closes: its members spoke among themselves. The rules of a
    /// room of the server stay.
    #[must_use]
    pub(in crate::hub) fn remove_owner(&mut self, user: &HistoryOwner) -> bool {
        let before = self.owners.len();
        self.owners.retain(|owner| owner.owner != *user);
        let removed = self.owners.len() < before;
        if removed && self.owners.is_empty() && !self.is_servers {
            let RoomRules { key, is_closed, invited, bans, .. } = std::mem::take(self);
            *self = RoomRules { key, is_closed, invited, bans, ..RoomRules::default() };
        }
        removed
    }

    /// Forgets a guest whose session has ended for good, or an account that was deleted.
    pub(in crate::hub) fn forget_owner(&mut self, user: &HistoryOwner) {
        let _was_owner = self.remove_owner(user);
        self.invited.retain(|owner| owner != user);
        self.take_floor(user);
    }

    /// Mutes or bans a user. Returns false if there are too many sanctions of that kind.
    #[must_use]
    pub(in crate::hub) fn sanction(
        &mut self,
        is_ban: bool,
        sanction: Sanction,
        limits: &Limits,
        now: OffsetDateTime,
    ) -> bool {
        if let Some(owner) = &sanction.owner {
            self.floor.retain(|(other, _)| other != owner);
            self.hands.retain(|hand| hand.owner != *owner);
            if is_ban {
                self.invited.retain(|other| other != owner);
            }
        }
        let list = if is_ban { &mut self.bans } else { &mut self.mutes };
        list.add(sanction, count(limits.room_list), now)
    }
}

#[cfg(test)]
mod tests;
