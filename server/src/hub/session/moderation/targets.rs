//! What owners do to other users: take out, mute, ban, invite, and share the ownership.

use super::super::{CommandResult, Session, User, no_such_user};
use super::full;
use crate::fanout::DisconnectReason;
use crate::hub::broadcast_group::PresenceChange;
use crate::hub::name_tokens::NameHolder;
use crate::hub::rules::{Identity, RoomGate, Sanction, unused_since_ms};
use crate::hub::{Hub, Registry};
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::{Cause, NameKey, OffsetDateTime, Report, UserName};
use std::sync::Arc;
use std::time::Duration;

/// Time for the last words to a user who is banned from the server.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Longest time of a mute, a ban and the floor, in minutes: a year.
const MOST_MINUTES: u64 = 525_600;

/// A user that a command is about: online, a lost session, an account, or only a name.
pub(super) struct Target {
    pub(super) name: UserName,
    pub(super) owner: Option<HistoryOwner>,
    /// The program that has the name token of a guest.
    holder: Option<NameHolder>,
    /// The user, if online.
    user: Option<Arc<User>>,
    /// The address, if the user is online and no other user has it.
    own_address: Option<Arc<str>>,
}

impl Session {
    /// Finds the user that a command is about.
    pub(super) fn target(&self, name: &str) -> Result<Target, Report<'static>> {
        let name = without_at(name);
        if let Some(user) = self.hub.find(name) {
            return Ok(self.online_target(user));
        }
        let key = NameKey::of(name);
        if let Some(name) = self.hub.storage.account_name(&key) {
            let owner = Some(HistoryOwner::Account(key));
            return Ok(Target { name, owner, holder: None, user: None, own_address: None });
        }
        let name = UserName::parse(name).map_err(|_| no_such_user(name))?;
        let mut registry = self.hub.registry();
        let owner = registry.lost_owner(&key);
        let holder = registry.name_tokens.holder(&key, self.now);
        Ok(Target { name, owner, holder, user: None, own_address: None })
    }

    fn online_target(&self, user: Arc<User>) -> Target {
        let own_address = self.hub.registry().has_own_address(&user).then(|| user.address.key.clone());
        let owner = Some(user.history_owner().clone());
        let holder = user.name_holder();
        Target { name: user.name.clone(), owner, holder, user: Some(user), own_address }
    }

    /// Finds the user that an owner is, whatever its name is now.
    pub(super) fn target_by_owner(&self, name: UserName, owner: HistoryOwner) -> Target {
        let user = self.hub.registry().user_of(&owner);
        match user {
            Some(user) => self.online_target(user),
            None => Target { name, owner: Some(owner), holder: None, user: None, own_address: None },
        }
    }

    /// Refuses to act against an owner of the server, or, unless the user is one, against an owner of the room.
    fn require_below(&self, gate: Option<&RoomGate>, target: &Target) -> CommandResult {
        match &target.owner {
            Some(owner) => self.require_below_owner(gate, target.name.as_str(), owner),
            None => Ok(()),
        }
    }

    /// As [`Self::require_below`], for a user by name and owner.
    pub(super) fn require_below_owner(
        &self,
        gate: Option<&RoomGate>,
        name: &str,
        owner: &HistoryOwner,
    ) -> CommandResult {
        let name = || name.to_owned();
        if *owner == *self.user.history_owner() {
            return Err(Cause::Yourself.report());
        }
        if self.hub.is_server_owner(owner) {
            return Err(Cause::TargetAbove.with_user(name()));
        }
        match gate {
            Some(gate) if !self.is_server_owner() && gate.read(|rules| rules.is_owner(owner)) => {
                Err(Cause::TargetIsOwner.with_user(name()).in_room(gate.name().to_string()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn kick(&mut self, gate: &RoomGate, user: &str, reason: Option<&str>) -> CommandResult {
        let reason = self.rule_text(reason)?;
        let target = self.target(user)?;
        self.require_below(Some(gate), &target)?;
        self.change_room(gate, |rules| {
            if let Some(owner) = &target.owner {
                rules.uninvite(owner);
            }
            Ok(())
        })?;
        if !self.remove_from_room(gate, &target, reason.as_deref(), Cause::KickedFromRoom.report()) {
            return Err(about(Cause::TargetNotInRoom, &target, gate));
        }
        let report = Cause::UserKicked.with_user(target.name.to_string()).with_reason(reason.unwrap_or_default());
        self.announce_change(gate, report);
        Ok(())
    }

    /// Ends the membership of a user who is in the room, and tells the user why. Returns false if there is none.
    ///
    /// The user is looked up again: it may have resumed its session on another connection since. Its membership ends under
    /// the registry's lock, so that a connection that resumes the session at this moment enters the room no more.
    fn remove_from_room(&self, gate: &RoomGate, target: &Target, reason: Option<&str>, why: Report<'static>) -> bool {
        let Some(owner) = &target.owner else { return false };
        let mut registry = self.hub.registry();
        let Some(user) = registry.user_of(owner) else { return registry.forget_room_of_lost(owner, gate.name()) };
        let member = registry.rooms.member(gate.name(), user.client()).cloned();
        let (Some(member), Some((_, group))) = (member, registry.rooms.find(gate.name())) else { return false };
        registry.leave_room(gate.name(), user.client(), self.now);
        // A connection that takes the session over now must not enter the room.
        user.forget_room(gate.name());
        drop(registry);
        let change = PresenceChange { hub: &self.hub, group: &group, user: &user, joins: false };
        let mut notice = change.notice(self.now);
        let number = match &member.subscription {
            Some(subscription) => group.log.leave(subscription, Some(&mut notice)),
            // The user is just entering, and finds out when it has subscribed.
            None => Some(group.log.announce(&mut notice)),
        };
        if let Some(number) = number {
            group.log.wait_delivered(number);
        }
        // Again: until the subscription has ended, the user's thread may list the room again.
        user.forget_room(gate.name());
        self.hub.registry().forget_room_of_lost(owner, gate.name());
        let report = self.by(why).with_reason(reason.unwrap_or_default().to_owned());
        self.send_event_to(&user, report.in_room(gate.name().to_string()).into());
        true
    }

    /// Mutes or bans a user; a banned one leaves the room at once.
    pub(super) fn sanction(
        &mut self,
        gate: &RoomGate,
        user: &str,
        minutes: Option<u64>,
        is_ban: bool,
    ) -> CommandResult {
        check_minutes(minutes)?;
        let target = self.target(user)?;
        self.require_below(Some(gate), &target)?;
        let limits = self.hub.limits.clone();
        let now = self.now;
        let sanction = target.sanction(minutes, now);
        let other_spelling = gate.read(|rules| {
            let list = if is_ban { &rules.bans } else { &rules.mutes };
            list.other_spelling(&target.name, now)
        });
        self.change_room(gate, |rules| {
            let most = limits.room_list;
            let has_space = rules.sanction(is_ban, sanction, &limits, now);
            has_space.then_some(()).ok_or_else(|| full(gate, most))
        })?;
        let seconds = seconds_of(minutes);
        if !target.is_known() {
            let cause = if is_ban { Cause::BannedAhead } else { Cause::MutedAhead };
            self.send_event(about(cause, &target, gate).for_seconds(seconds).into());
            self.explain_name(&target, other_spelling);
            return Ok(());
        }
        let cause = if is_ban { Cause::UserBanned } else { Cause::UserMuted };
        if is_ban {
            let why = Cause::KickedFromRoom.with_word(" and banned you").for_seconds(seconds);
            self.remove_from_room(gate, &target, None, why);
        }
        self.announce_change(gate, cause.with_user(target.name.to_string()).for_seconds(seconds));
        self.explain_name(&target, other_spelling);
        if is_ban && target.may_return() {
            let cause = if self.is_server_owner() { Cause::GuestReturns } else { Cause::GuestReturnsHere };
            self.send_event(about(cause, &target, gate).into());
        }
        Ok(())
    }

    /// Tells the owner that a name was listed under another spelling.
    fn explain_name(&self, target: &Target, other_spelling: Option<String>) {
        if let Some(other) = other_spelling {
            let mut report = Cause::OneName.with_user(target.name.to_string());
            report.about.word = Some(other.into());
            self.send_event(report.into());
        }
    }

    pub(super) fn lift(&mut self, gate: &RoomGate, user: &str, is_ban: bool) -> CommandResult {
        let target = self.target(user)?;
        let identity = target.identity();
        let now = self.now;
        self.change_room(gate, |rules| {
            let list = if is_ban { &mut rules.bans } else { &mut rules.mutes };
            let cause = if is_ban { Cause::NotBanned } else { Cause::NotMuted };
            list.lift(&identity, now).then_some(()).ok_or_else(|| about(cause, &target, gate))
        })?;
        let cause = if is_ban { Cause::UserUnbanned } else { Cause::UserUnmuted };
        self.announce_change(gate, cause.with_user(target.name.to_string()));
        Ok(())
    }

    pub(super) fn add_owner(&mut self, gate: &RoomGate, user: &str) -> CommandResult {
        let target = self.target(user)?;
        let Some(owner) = target.owner.clone() else { return Err(no_such_user(user)) };
        let limits = self.hub.limits.clone();
        let unused_since_ms = unused_since_ms(limits.unused_room_days, self.now);
        let owned = self.hub.registry().rules.owned_by(&owner, unused_since_ms);
        let name = target.name.clone();
        self.change_room(gate, |rules| {
            if rules.is_owner(&owner) {
                return Err(about(Cause::OwnerAlready, &target, gate));
            }
            let has_space = owned < count(limits.owned_rooms) && rules.add_owner(name, owner, &limits);
            has_space.then_some(()).ok_or_else(|| full(gate, limits.room_owners))
        })?;
        self.announce_change(gate, Cause::OwnerMade.with_user(target.name.to_string()));
        Ok(())
    }

    pub(super) fn remove_owner(&mut self, gate: &RoomGate, user: &str) -> CommandResult {
        let target = self.target(user)?;
        let by_server_owner = self.is_server_owner();
        self.change_room(gate, |rules| {
            // The rules outlast the last owner if an owner of the server takes the room.
            rules.is_servers |= by_server_owner && rules.owners.len() == 1;
            let removed = target.owner.as_ref().is_some_and(|owner| rules.remove_owner(owner));
            removed.then_some(()).ok_or_else(|| about(Cause::NoOwner, &target, gate))
        })?;
        self.announce_change(gate, Cause::OwnerRemoved.with_user(target.name.to_string()));
        Ok(())
    }

    pub(super) fn invite(&mut self, gate: &RoomGate, user: &str) -> CommandResult {
        let target = self.target(user)?;
        let Some(owner) = target.owner.clone() else { return Err(no_such_user(user)) };
        if let Some(user) = &target.user {
            // An invitation shows the name of the room, which may be a message.
            self.check_not_blocked(user)?;
            self.count_request(&mut self.hub.registry(), user)?;
        }
        let limits = self.hub.limits.clone();
        self.change_room(gate, |rules| {
            rules.invite(&owner, &limits).then_some(()).ok_or_else(|| full(gate, limits.room_list))
        })?;
        if let Some(user) = &target.user {
            let report = self.by(Cause::Invited.with_room(gate.name().to_string()));
            self.send_event_to(user, report.into());
        }
        self.answer(about(Cause::InvitationSent, &target, gate).into());
        Ok(())
    }

    /// Bans a user from the server, and ends the user's session. Tells the owner what that does not do.
    pub(super) fn expel(&mut self, user: &str, minutes: Option<u64>) -> CommandResult {
        check_minutes(minutes)?;
        let target = self.target(user)?;
        self.require_below(None, &target)?;
        let limits = self.hub.limits.clone();
        let now = self.now;
        let sanction = target.sanction(minutes, now);
        let other_spelling = self.hub.server_rules.lock().bans.other_spelling(&target.name, now);
        self.change_server(|rules| {
            let has_space = rules.ban(sanction, &limits, now);
            let full = || Cause::RulesFull.with_count(limits.room_list).in_room("the server");
            has_space.then_some(()).ok_or_else(full)
        })?;
        self.hub.revoke_lost(|name, owner| name.key() == target.name.key() || target.owner.as_ref() == Some(owner));
        // Look the user up again: it may have resumed its session on another connection since.
        let user = target.owner.as_ref().and_then(|owner| self.hub.registry().user_of(owner));
        if let Some(user) = user.or_else(|| self.hub.find(target.name.as_str())) {
            self.hub.revoke_session(&user);
            self.send_event_to(&user, Cause::Banned.report().into());
            self.hub.end_soon(&user);
        }
        log::info!("hub: user banned from the server user={} by={}", target.name, self.user.name);
        let name = || target.name.to_string();
        self.answer(self.by(Cause::UserExpelled.with_user(name()).for_seconds(seconds_of(minutes))).into());
        if !target.is_known() {
            self.send_event(Cause::BannedAhead.with_user(name()).in_room("the server").into());
        } else if target.may_return() {
            self.send_event(Cause::GuestReturns.with_user(name()).into());
        }
        self.explain_name(&target, other_spelling);
        Ok(())
    }
}

impl Target {
    /// True if a user of the name is here, was here lately, or has an account.
    fn is_known(&self) -> bool {
        self.owner.is_some() || self.holder.is_some()
    }

    /// True for a guest of an address that other users have, too: a ban holds neither for another name nor for the
    /// address.
    fn may_return(&self) -> bool {
        !matches!(self.owner, Some(HistoryOwner::Account(_))) && self.own_address.is_none()
    }

    /// A mute or a ban of the user.
    fn sanction(&self, minutes: Option<u64>, now: OffsetDateTime) -> Sanction {
        Sanction::new(self.name.clone(), self.owner.clone(), self.holder, self.own_address.clone(), minutes, now)
    }

    /// What the rules compare. A user who is not online has no address.
    pub(super) fn identity(&self) -> Identity {
        let address = self.user.as_ref().map_or_else(|| Arc::from(""), |user| user.address.key.clone());
        // No session has the number 0, so a name without an owner is compared by the name alone.
        let owner = self.owner.clone().unwrap_or(HistoryOwner::Guest(0));
        let former_names = self.user.as_ref().map(|user| user.profile.former_names()).unwrap_or_default();
        let (name, holder) = (self.name.key().clone(), self.holder);
        Identity { name, former_names, owner, holder, address, has_own_address: false }
    }
}

/// Removes the `@` from the front of a name, as it stands in a mention.
pub(super) fn without_at(name: &str) -> &str {
    name.strip_prefix('@').unwrap_or(name)
}

/// Refuses a time that is no time.
pub(super) fn check_minutes(minutes: Option<u64>) -> CommandResult {
    match minutes {
        Some(minutes) if !(1..=MOST_MINUTES).contains(&minutes) => Err(Cause::MinutesBad.with_count(MOST_MINUTES)),
        _ => Ok(()),
    }
}

/// The seconds of a time in minutes.
pub(super) fn seconds_of(minutes: Option<u64>) -> Option<u64> {
    minutes.map(|minutes| minutes.saturating_mul(60))
}

/// Makes a report about a user in a room.
pub(super) fn about(cause: Cause, target: &Target, gate: &RoomGate) -> Report<'static> {
    cause.with_user(target.name.to_string()).in_room(gate.name().to_string())
}

impl Registry {
    /// True if no other online user has the address of a user.
    pub(super) fn has_own_address(&self, user: &User) -> bool {
        self.users.values().filter(|other| other.address.key == user.address.key).count() <= 1
    }

    /// Returns the online user that this owner is, also the one that a guest's session was before it registered.
    pub(super) fn user_of(&self, owner: &HistoryOwner) -> Option<Arc<User>> {
        self.users.values().find(|user| user.is_author(owner)).cloned()
    }
}

impl Hub {
    /// Ends a user's connection as soon as the last words are out, after [`LAST_WORDS`] in any case. The user says and
    /// reads nothing more.
    fn end_soon(&self, user: &Arc<User>) {
        let outbox = user.outbox.clone();
        outbox.close_input();
        if outbox.queued_bytes() == 0 {
            return outbox.disconnect(DisconnectReason::Banned);
        }
        self.poller.run_after(LAST_WORDS, move || outbox.disconnect(DisconnectReason::Banned));
    }
}
