//! Hands and the floor, and how a room stands.

use super::super::{CommandResult, Session, User, no_such_user};
use super::targets::{about, check_minutes, seconds_of};
use super::{MAX_LISTED, full};
use crate::hub::Hub;
use crate::hub::rules::{Hand, RoomGate, Sanctions};
use landline_common::event::Text;
use landline_common::room_overview::PinnedMessage;
use landline_common::{Cause, EventKind, NameKey, RoomOverview, Standing};
use std::sync::Arc;

impl Session {
    /// Gives a user the floor; 0 minutes take it back.
    pub(super) fn give_floor(&mut self, gate: &RoomGate, user: Option<&str>, minutes: Option<u64>) -> CommandResult {
        let key = user.map(NameKey::of);
        let is_meant = |hand: &&Hand| key.as_ref().is_none_or(|key| hand.user.key() == key);
        let hand = gate.read(|rules| rules.hands().find(is_meant).cloned());
        let target = match (hand, user) {
            // Another guest may have the name by now: the hand counts.
            (Some(hand), _) => self.target_by_owner(hand.user, hand.owner),
            (None, Some(user)) => self.target(user)?,
            (None, None) => return Err(Cause::NoHands.with_room(gate.name().to_string())),
        };
        let Some(owner) = target.owner.clone() else { return Err(no_such_user(target.name.as_str())) };
        let now = self.now;
        if minutes == Some(0) {
            self.change_room(gate, |rules| {
                let had_floor = rules.has_floor(&owner, now);
                rules.take_floor(&owner);
                had_floor.then_some(()).ok_or_else(|| about(Cause::NoFloor, &target, gate))
            })?;
            self.announce_change(gate, Cause::FloorTaken.with_user(target.name.to_string()));
            return Ok(());
        }
        check_minutes(minutes)?;
        let identity = target.identity();
        self.change_room(gate, |rules| {
            if !rules.is_owner(&owner) && rules.mutes.find(&identity, now).is_some() {
                return Err(about(Cause::TargetMuted, &target, gate));
            }
            rules.give_floor(&owner, minutes, now);
            Ok(())
        })?;
        self.announce_change(
            gate,
            Cause::FloorGiven.with_user(target.name.to_string()).for_seconds(seconds_of(minutes)),
        );
        Ok(())
    }

    /// Raises the user's hand, or takes it down if it is up and there is no text.
    pub(super) fn toggle_hand(&mut self, gate: &RoomGate, text: Option<&str>) -> CommandResult {
        let text = self.rule_text(text)?;
        let identity = self.user.rules_identity();
        if gate.read(|rules| rules.mutes.find(&identity, self.now).is_some()) {
            return Err(Cause::Muted.with_room(gate.name().to_string()));
        }
        let name = self.user.name.clone();
        let owner = self.user.history_owner().clone();
        let limits = self.hub.limits.clone();
        let before = self.change_room(gate, |rules| {
            if text.is_none() && rules.lower_hand(&owner) {
                return Ok(None);
            }
            let before = rules.raise_hand(&name, &owner, text.as_deref().unwrap_or_default(), &limits);
            before.map(Some).ok_or_else(|| full(gate, limits.room_list))
        })?;
        let Some(before) = before else {
            self.answer(Cause::HandDown.with_room(gate.name().to_string()).into());
            return Ok(());
        };
        let raised = Cause::HandRaised.with_user(name.to_string()).in_room(gate.name().to_string());
        for user in self.hub.owners_in(gate).iter().filter(|user| user.client() != self.user.client()) {
            let text = text.clone().filter(|_| !self.is_blocked_by(user));
            let mut raised = raised.clone();
            raised.about.word = Some(text.unwrap_or_else(|| "(no text)".to_owned()).into());
            self.send_event_to(user, raised.into());
        }
        let up = Cause::HandUp.with_count(before as u64).in_room(gate.name().to_string());
        self.answer(self.explain(up).into());
        Ok(())
    }

    pub(super) fn show_hands(&mut self, gate: &RoomGate) -> CommandResult {
        let hands = self.readable_hands(gate).into_iter();
        let hands: Vec<String> =
            hands.map(|(user, text)| format!("{user}: {text}").trim_end_matches(": ").to_owned()).collect();
        if hands.is_empty() {
            return Err(Cause::NoHands.with_room(gate.name().to_string()));
        }
        let more = hands.len().saturating_sub(MAX_LISTED);
        let rest = (more > 0).then(|| format!("and {more} more"));
        self.send_lines(hands.into_iter().take(MAX_LISTED).chain(rest));
        Ok(())
    }

    /// The raised hands, the first one first: names and texts, without the texts of users whom this user blocks.
    fn readable_hands(&self, gate: &RoomGate) -> Vec<(String, String)> {
        let hands: Vec<Hand> = gate.read(|rules| rules.hands().cloned().collect());
        let registry = self.hub.registry();
        let me = self.user.client();
        let has_blocks = !registry.blocks.list(me).is_empty();
        let is_blocked = |hand: &Hand| {
            let names = || {
                let user = registry.user_of(&hand.owner);
                user.map_or_else(|| vec![hand.user.key().clone()], |user| user.name_keys())
            };
            has_blocks && registry.blocks.is_blocked(me, &names())
        };
        let readable = |hand: &Hand| if is_blocked(hand) { String::new() } else { hand.text.clone() };
        hands.iter().map(|hand| (hand.user.to_string(), readable(hand))).collect()
    }

    /// Shows how a room stands, and what that means for the user.
    pub(super) fn show_rules(&mut self, gate: &RoomGate) -> CommandResult {
        let now = self.now;
        let identity = self.user.rules_identity();
        let owner = self.require_owner(gate).is_ok();
        let (server_owners, server) = {
            let server_rules = self.hub.server_rules.lock();
            let owners: Vec<String> = server_rules.owners.iter().map(|owner| owner.user.to_string()).collect();
            (owners, server_rules.is_owner(&identity.owner).then(|| server_rules.overview(now)))
        };
        let mut members = if owner { self.hub.members_of(gate) } else { Vec::new() };
        members.sort_by(|a, b| a.name.key().cmp(b.name.key()));
        let mut hands = if owner { self.readable_hands(gate) } else { Vec::new() };
        let more_hands = hands.len().saturating_sub(MAX_LISTED) as u64;
        hands.truncate(MAX_LISTED);
        let rules = gate.read(|rules| {
            let names = |list: &Sanctions| list.in_force(now).map(|sanction| sanction.user.to_string()).collect();
            let with_floor = members.iter().filter(|user| rules.has_floor(user.history_owner(), now));
            let own_hand = rules.hands().position(|hand| hand.owner == identity.owner);
            let mute = rules.mutes.find(&identity, now).filter(|_| !owner);
            let pin = rules.pin.as_ref().map(|pin| PinnedMessage {
                id: pin.id,
                at: pin.at_ms,
                user: pin.user.clone(),
                text: pin.text.clone(),
            });
            RoomOverview {
                pin,
                owners: rules.owners.iter().map(|owner| owner.user.to_string()).collect(),
                server_owners,
                server,
                topic: rules.topic.clone(),
                open: !rules.is_closed,
                has_key: rules.key.is_some(),
                quiet: rules.is_quiet,
                slow: rules.slow_seconds,
                banned: names(&rules.bans),
                muted: names(&rules.mutes),
                hands,
                more_hands,
                floor: with_floor.take(MAX_LISTED).map(|user| user.name.to_string()).collect(),
                you: Standing {
                    owner,
                    muted: mute.is_some(),
                    seconds: mute.and_then(|mute| mute.seconds_left(now)),
                    floor: rules.has_floor(&identity.owner, now),
                    hand: own_hand.map(|before| before as u64),
                },
            }
        });
        self.answer(EventKind::Rules { room: gate.name().to_string().into(), rules: Box::new(rules) });
        Ok(())
    }

    fn send_lines(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            self.send_event(EventKind::Info(Text::from(line)));
        }
    }
}

impl Hub {
    fn members_of(&self, gate: &RoomGate) -> Vec<Arc<User>> {
        self.registry().rooms.members(gate.name()).map(|(_, members)| members).unwrap_or_default()
    }

    /// The members of a room who run it: its owners, and those of the server.
    fn owners_in(&self, gate: &RoomGate) -> Vec<Arc<User>> {
        let is_owner = |user: &Arc<User>| {
            let owner = user.history_owner();
            self.is_server_owner(owner) || gate.read(|rules| rules.is_owner(owner))
        };
        self.members_of(gate).into_iter().filter(is_owner).collect()
    }
}
