//! Running a room and the server: the commands of owners, and what they have in common.
//!
//! [`checks`] asks the rules what a user may say and see, [`targets`] acts on other users, [`floor`] has the hands and the
//! floor, [`notices`] tells a newcomer how a room stands, [`taking_back`] removes and changes messages, [`pins`] has the
//! pinned message and the transcript.

mod checks;
mod floor;
mod notices;
mod pins;
mod taking_back;
mod targets;

use super::super::broadcast_group::Notice;
use super::super::rules::{Identity, RoomGate, RoomRules, ServerRules};
use super::super::{Hub, Registry, User};
use super::{CommandResult, Session, quoted};
use landline_common::clean::clean;
use landline_common::command::{RoomAction, ServerAction};
use landline_common::history::HistoryOwner;
use landline_common::limits::count;
use landline_common::room_overview::ServerOverview;
use landline_common::visible::is_blank;
use landline_common::{Cause, EventKind, OffsetDateTime, Report, RoomName};
use std::sync::Arc;

/// Most names or hands in an answer, which goes out in one piece.
const MAX_LISTED: usize = 20;

impl Session {
    /// Carries out a command about a room.
    pub(in crate::hub::session) fn act_in_room(&mut self, room: Option<&str>, action: RoomAction<'_>) -> CommandResult {
        let gate = self.gate_of(room)?;
        match action {
            RoomAction::Rules => return self.show_rules(&gate),
            RoomAction::Hands => return self.show_hands(&gate),
            RoomAction::Hand(text) => return self.toggle_hand(&gate, text),
            RoomAction::Delete { message, minutes } => return self.delete(&gate, message, minutes),
            RoomAction::Edit { text, id } => return self.edit(&gate, text, id),
            _ => self.require_owner(&gate)?,
        }
        match action {
            RoomAction::Topic(text) => self.set_topic(&gate, text),
            RoomAction::Kick { user, reason } => self.kick(&gate, user, reason),
            RoomAction::Mute { user, minutes } => self.sanction(&gate, user, minutes, false),
            RoomAction::Ban { user, minutes } => self.sanction(&gate, user, minutes, true),
            RoomAction::Unmute(user) => self.lift(&gate, user, false),
            RoomAction::Unban(user) => self.lift(&gate, user, true),
            RoomAction::Op(user) => self.add_owner(&gate, user),
            RoomAction::Deop(user) => self.remove_owner(&gate, user),
            RoomAction::Invite(user) => self.invite(&gate, user),
            RoomAction::Open(open) => {
                let cause = if open { Cause::RoomOpened } else { Cause::RoomClosed };
                self.set(&gate, cause.report(), |rules| rules.is_closed = !open)
            }
            RoomAction::Key(key) => self.set_key(&gate, key),
            RoomAction::Slow(0) => self.set(&gate, Cause::SlowOff.report(), |rules| rules.set_slow(0)),
            RoomAction::Slow(seconds) => {
                self.set(&gate, Cause::SlowOn.with_seconds(seconds), |rules| rules.set_slow(seconds))
            }
            RoomAction::Quiet(quiet) => {
                let cause = if quiet { Cause::QuietOn } else { Cause::QuietOff };
                self.set(&gate, cause.report(), |rules| rules.set_quiet(quiet))
            }
            RoomAction::Floor { user, minutes } => self.give_floor(&gate, user, minutes),
            RoomAction::Pin(message) => self.pin(&gate, message),
            RoomAction::Unpin => self.unpin(&gate),
            RoomAction::Transcript { after } => self.show_transcript(&gate, after),
            // The first match answers these.
            RoomAction::Rules | RoomAction::Hands | RoomAction::Hand(_) => Ok(()),
            RoomAction::Delete { .. } | RoomAction::Edit { .. } => Ok(()),
        }
    }

    /// Carries out a command about the whole server.
    pub(in crate::hub::session) fn act_on_server(&mut self, action: ServerAction<'_>) -> CommandResult {
        if let ServerAction::Claim(code) = action {
            let owner = self.user.history_owner().clone();
            let name = self.user.name.clone();
            let limits = self.hub.limits.clone();
            self.change_server(|rules| rules.claim(code, &name, &owner, &limits))?;
            log::info!("hub: /claim made a user an owner of the server user={name}");
            let mut report = Cause::ServerOwned.report();
            if !self.user.is_account() {
                report.about.word = Some(", as long as this session lasts; /register keeps it".into());
            }
            self.answer(report.into());
            return Ok(());
        }
        if !self.is_server_owner() {
            return Err(Cause::NotServerOwner.report());
        }
        match action {
            ServerAction::Claim(_) => Ok(()),
            ServerAction::Whispers { owners_only } => {
                let before = self.hub.server_overview(self.now);
                self.change_server(|rules| {
                    rules.whispers_to_owners_only = owners_only;
                    Ok(())
                })?;
                let cause = if owners_only { Cause::WhispersOwners } else { Cause::WhispersAll };
                self.announce_change_since(&before, cause.report())
            }
            ServerAction::Doors { open } => {
                let before = self.hub.server_overview(self.now);
                let inside = (!open).then(|| self.hub.users_inside());
                self.change_server(|rules| {
                    rules.set_doors(inside);
                    Ok(())
                })?;
                let cause = if open { Cause::DoorsOpen } else { Cause::DoorsShut };
                self.announce_change_since(&before, cause.report())
            }
            ServerAction::Expel { user, minutes } => self.expel(user, minutes),
            ServerAction::Readmit(user) => {
                let target = self.target(user)?;
                let name = target.name.to_string();
                let now = self.now;
                self.change_server(|rules| {
                    let lifted = rules.bans.lift(&target.identity(), now);
                    lifted.then_some(()).ok_or_else(|| Cause::NotBanned.with_user(name))
                })?;
                self.answer(self.by(Cause::UserReadmitted.with_user(target.name.to_string())).into());
                Ok(())
            }
        }
    }

    /// Removes the rooms that an owner has taken the user out of.
    /// Returns the current room if it is among them: what the user has typed was meant for it.
    pub(in crate::hub::session) fn drop_ended_rooms(&mut self) -> Option<RoomName> {
        if self.rooms.iter().all(|membership| membership.subscription.is_member()) {
            return None;
        }
        let ended_current = self.rooms.last().filter(|membership| !membership.subscription.is_member());
        let ended_current = ended_current.map(|membership| membership.name.clone());
        let (rooms, ended) =
            std::mem::take(&mut self.rooms).into_iter().partition(|membership| membership.subscription.is_member());
        self.rooms = rooms;
        self.save_room_list();
        for membership in ended {
            self.unsubscribe(membership, false);
        }
        if ended_current.is_some() {
            self.promote_current_room();
        }
        ended_current
    }

    pub(in crate::hub::session) fn is_server_owner(&self) -> bool {
        self.hub.is_server_owner(self.user.history_owner())
    }

    /// Returns the gate of a named room, or of the current one. The user is in it, or owns the server.
    fn gate_of(&self, room: Option<&str>) -> Result<Arc<RoomGate>, Report<'static>> {
        if let Some(room) = room.filter(|_| self.is_server_owner()) {
            let name = RoomName::parse(room).map_err(Report::from_room_name_error)?;
            let gate = self.hub.registry().rules.find(name.key()).cloned();
            return gate.ok_or_else(|| Cause::NoSuchRoom.with_room(quoted(room)));
        }
        let position = match room {
            Some(room) => self.require_room(room)?,
            None => self.rooms.len().checked_sub(1).ok_or_else(|| Cause::NoRoomToTalk.report())?,
        };
        // Every room has a gate; only the global group has none.
        self.rooms[position].group.gate.clone().ok_or_else(|| Cause::NoRoomToTalk.report())
    }

    fn require_owner(&self, gate: &RoomGate) -> CommandResult {
        if self.is_owner_of(gate) {
            return Ok(());
        }
        Err(Cause::NotOwner.with_room(gate.name().to_string()))
    }

    /// Adds the user's name as that of the one who did it.
    fn by(&self, mut report: Report<'static>) -> Report<'static> {
        report.about.by = Some(self.user.name.to_string().into());
        report
    }

    /// Changes a room's rules and stores them; undoes the change if they cannot be stored.
    fn change_room<T>(
        &self,
        gate: &RoomGate,
        change: impl FnOnce(&mut RoomRules) -> Result<T, Report<'static>>,
    ) -> Result<T, Report<'static>> {
        let stored = gate.to_record(self.now);
        let by_server_owner = self.is_server_owner();
        let (changed, before) = gate.change(|rules| {
            // A room that no user runs becomes one of the server by the rules that its owners set.
            rules.is_servers |= by_server_owner && rules.owners.is_empty();
            change(rules)
        })?;
        if gate.to_record(self.now) != stored && self.store_rules().is_err() {
            gate.restore(before);
            return Err(Cause::RulesNotStored.report());
        }
        Ok(changed)
    }

    /// Changes the server's rules and stores them; undoes the change if they cannot be stored.
    fn change_server(&self, change: impl FnOnce(&mut ServerRules) -> CommandResult) -> CommandResult {
        let mut rules = self.hub.server_rules.lock();
        let before = rules.clone();
        if let Err(refusal) = change(&mut rules) {
            *rules = before;
            return Err(refusal);
        }
        drop(rules);
        if self.store_rules().is_err() {
            *self.hub.server_rules.lock() = before;
            return Err(Cause::RulesNotStored.report());
        }
        Ok(())
    }

    /// Stores the rules after a change that the caller undoes if this fails. Logs a failure.
    pub(in crate::hub::session) fn store_rules(&self) -> Result<(), String> {
        self.hub.store_rules_or_log(&self.user, "the change was undone, and the user told", self.now)
    }

    /// Stores the rules after this user has become the owner of rooms without a command of owners. Logs a failure,
    /// which undoes nothing.
    pub(in crate::hub::session) fn store_ownership(&self) {
        self.hub.store_ownership_of(&self.user, self.now);
    }

    /// Tells the room what an owner has changed. An owner who is not in the room is told, too. Members who block the owner
    /// are not told what the owner has written: a topic, a reason.
    fn announce_change(&mut self, gate: &RoomGate, report: Report<'static>) {
        let report = self.by(report).in_room(gate.name().to_string());
        let group = self.hub.registry().rooms.find(gate.name()).map(|(_, group)| group);
        if !self.is_in(gate) {
            self.answer(report.clone().into());
        }
        if let Some(group) = group {
            let has_text = report.about.word.is_some() || report.about.reason.is_some();
            let mut notice = Notice::of(EventKind::from(report).at(self.now), &self.hub.limits);
            let number = match has_text {
                true => group.log.announce_change(self.user.client(), &mut notice),
                false => group.log.announce(&mut notice),
            };
            group.log.wait_delivered(number);
        }
    }

    /// Tells all users what an owner of the server has changed; only the owner if it was so before.
    fn announce_change_since(&mut self, before: &ServerOverview, report: Report<'static>) -> CommandResult {
        let report = self.by(report);
        if self.hub.server_overview(self.now) == *before {
            self.answer(report.into());
            return Ok(());
        }
        let event = EventKind::from(report).at(self.now);
        let global = &self.hub.global.log;
        global.wait_delivered(global.announce(&mut Notice::of(event, &self.hub.limits)));
        Ok(())
    }

    /// Makes a simple change, and tells the room; only the user if it was so before.
    fn set(&mut self, gate: &RoomGate, report: Report<'static>, set: impl FnOnce(&mut RoomRules)) -> CommandResult {
        let changed = self.change_room(gate, |rules| {
            let before = rules.clone();
            set(rules);
            Ok(*rules != before)
        })?;
        if changed {
            self.announce_change(gate, report);
        } else {
            self.answer(self.by(report.in_room(gate.name().to_string())).into());
        }
        Ok(())
    }

    /// Cleans a text of a rule and checks its length; `None` if nothing of it can be seen.
    pub(in crate::hub::session) fn rule_text(&self, text: Option<&str>) -> Result<Option<String>, Report<'static>> {
        let Some(text) = text else { return Ok(None) };
        let text = clean(text).trim().to_owned();
        let most = count(self.hub.limits.rule_chars);
        if text.chars().count() > most {
            return Err(Cause::RuleTooLong.with_count(most as u64));
        }
        Ok(Some(text).filter(|text| !is_blank(text)))
    }

    fn set_topic(&mut self, gate: &RoomGate, text: Option<&str>) -> CommandResult {
        let topic = self.rule_text(text)?;
        let report = match &topic {
            Some(topic) => Cause::TopicSet.with_word(topic.clone()),
            None => Cause::TopicRemoved.report(),
        };
        self.set(gate, report, |rules| rules.topic = topic)
    }

    fn set_key(&mut self, gate: &RoomGate, key: Option<&str>) -> CommandResult {
        let key = self.rule_text(key)?;
        if key.as_ref().is_some_and(|key| key.contains(char::is_whitespace)) {
            return Err(Cause::BadObject.with_word("key is one word, as users type it behind /join ROOM"));
        }
        let cause = if key.is_some() { Cause::KeySet } else { Cause::KeyRemoved };
        self.set(gate, cause.report(), |rules| rules.key = key)
    }
}

/// Makes the refusal of one more entry in a list of a room that has `most`.
fn full(gate: &RoomGate, most: u64) -> Report<'static> {
    Cause::RulesFull.with_count(most).in_room(gate.name().to_string())
}

impl Hub {
    /// Stores the rules after `user` has become the owner of rooms. Logs a failure: the ownership holds, and the next
    /// change that is stored includes it.
    pub(in crate::hub::session) fn store_ownership_of(&self, user: &User, now: OffsetDateTime) {
        let outcome = "what this user owns since then is in memory only, until a later change of rules is stored";
        let _ = self.store_rules_or_log(user, outcome, now);
    }

    /// Stores the rules after a change by `user`. Logs a failure with its outcome.
    fn store_rules_or_log(&self, user: &User, outcome: &str, now: OffsetDateTime) -> Result<(), String> {
        self.store_rules(now).inspect_err(|why| {
            if self.note_failure("rules") {
                log::error!("hub: rules.json not written user={}: {why}; {outcome}", user.name);
            }
        })
    }

    /// Takes what an account runs from it, since it was deleted. Returns once that is on the disk.
    ///
    /// # Errors
    /// The reason why it could not be stored.
    pub fn forget_rules_of(&self, account: &HistoryOwner, now: OffsetDateTime) -> Result<(), String> {
        self.forget_owner(account);
        self.store_rules(now)
    }

    /// The users who are online or can resume their sessions.
    fn users_inside(&self) -> Vec<Identity> {
        let mut registry = self.registry();
        let lost: Vec<_> = registry.sessions.all_detached().map(|detached| detached.rules_identity()).collect();
        registry.users.values().map(|user| user.rules_identity()).chain(lost).collect()
    }

    /// Forgets what a guest had whose session has ended for good. Accounts keep theirs.
    pub(in crate::hub::session) fn forget_guest(&self, owner: &HistoryOwner) {
        if matches!(owner, HistoryOwner::Guest(_)) {
            self.forget_owner(owner);
        }
    }

    fn forget_owner(&self, owner: &HistoryOwner) {
        let mut registry = self.registry();
        let Registry { rooms, rules, .. } = &mut *registry;
        rules.forget_owner(owner, |room| rooms.is_open(room));
        drop(registry);
        self.server_rules.lock().forget_owner(owner);
    }

    /// Returns the rules that owners have set for the whole server.
    #[must_use]
    pub fn server_overview(&self, now: OffsetDateTime) -> ServerOverview {
        self.server_rules.lock().overview(now)
    }

    /// Returns whether a user owns the server.
    pub(in crate::hub::session) fn is_server_owner(&self, owner: &HistoryOwner) -> bool {
        self.server_rules.lock().is_owner(owner)
    }

    /// Sets the code that makes the next user who knows it an owner of the server.
    pub fn set_claim_code(&self, code: String) {
        self.server_rules.lock().set_code(code);
    }
}
