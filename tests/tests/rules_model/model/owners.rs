//! What owners of a room can do.

use super::{Checked, Floor, Model, Owner, SHORT, refuse};
use crate::refusal::Refusal;
use crate::steps::{Action, RoomIndex, UserIndex};

impl Model {
    /// Performs a command about the current room.
    pub(super) fn run_room(&mut self, me: UserIndex, action: Action) -> Checked {
        let mine = self.owner(me);
        let at = *self.rooms_of(me).last().ok_or(vec![Refusal::NoRoom])?;
        let now = self.now;
        if let Action::Hand(with_text) = action {
            let identity = self.identity(me);
            let room = &mut self.rooms[at];
            if room.mutes.hold(identity, now) {
                return refuse(Refusal::Muted);
            }
            let is_up = room.hands.iter().any(|(_, owner)| *owner == mine);
            match (is_up, with_text) {
                (false, _) => room.hands.push((me, mine)),
                (true, false) => room.hands.retain(|(_, owner)| *owner != mine),
                (true, true) => {}
            }
            return Ok(());
        }
        if !self.owners.contains(&mine) && !self.rooms[at].owners.contains(&mine) {
            return refuse(Refusal::NotOwner);
        }
        // By the rules that they set, a room that no user runs becomes one of the server's owners.
        let takes_room = self.owners.contains(&mine) && self.rooms[at].owners.is_empty();
        self.set_rules(me, mine, at, action)?;
        self.rooms[at].is_servers |= takes_room && !matches!(action, Action::Kick(_));
        Ok(())
    }

    fn set_rules(&mut self, me: UserIndex, mine: Owner, at: RoomIndex, action: Action) -> Checked {
        let now = self.now;
        match action {
            Action::Kick(user) => {
                self.require_below(me, Some(at), user)?;
                if let Some(owner) = self.known_owner(user) {
                    self.rooms[at].invited.retain(|other| *other != owner);
                }
                if !self.take_out(user, at) {
                    return refuse(Refusal::TargetNotInRoom);
                }
            }
            Action::Mute(user, short) | Action::Ban(user, short) => {
                self.require_below(me, Some(at), user)?;
                let is_ban = matches!(action, Action::Ban(..));
                let identity = self.known(user);
                let room = &mut self.rooms[at];
                if let Some(owner) = identity.owner {
                    room.floors.retain(|(other, _)| *other != owner);
                    room.hands.retain(|(_, other)| *other != owner);
                    room.invited.retain(|other| !is_ban || *other != owner);
                }
                let list = if is_ban { &mut room.bans } else { &mut room.mutes };
                list.add(identity, short.then_some(now + SHORT), now);
                if is_ban {
                    self.take_out(user, at);
                }
            }
            Action::Unmute(user) | Action::Unban(user) => {
                let identity = self.known(user);
                let is_ban = matches!(action, Action::Unban(_));
                let room = &mut self.rooms[at];
                let list = if is_ban { &mut room.bans } else { &mut room.mutes };
                if !list.lift(identity, now) {
                    return refuse(if is_ban { Refusal::NotBanned } else { Refusal::NotMuted });
                }
            }
            Action::Op(user) => {
                let owner = self.known_owner(user).ok_or(vec![Refusal::NoSuchUser])?;
                if self.rooms[at].owners.contains(&owner) {
                    return refuse(Refusal::OwnerAlready);
                }
                self.rooms[at].owners.push(owner);
            }
            Action::Deop(user) => {
                let owner = self.known_owner(user).filter(|owner| self.rooms[at].owners.contains(owner));
                let owner = owner.ok_or(vec![Refusal::NoOwner])?;
                let room = &mut self.rooms[at];
                room.is_servers |= self.owners.contains(&mine) && room.owners.len() == 1;
                room.remove_owner(owner);
            }
            Action::Invite(user) => {
                let owner = self.known_owner(user).ok_or(vec![Refusal::NoSuchUser])?;
                if self.is_online(user) {
                    self.check_whisper(me, owner, Some(user))?;
                }
                if !self.rooms[at].invited.contains(&owner) {
                    self.rooms[at].invited.push(owner);
                }
            }
            Action::Open(open) => self.rooms[at].is_closed = !open,
            Action::Key(key) => self.rooms[at].has_key = key,
            Action::Slow(slow) => {
                self.rooms[at].is_slow = slow;
                self.rooms[at].spoken.clear();
            }
            Action::Quiet(quiet) => {
                self.rooms[at].is_quiet = quiet;
                if !quiet {
                    self.rooms[at].floors.clear();
                    self.rooms[at].hands.clear();
                }
            }
            Action::Floor(user, short) => {
                let first = self.rooms[at].hands.first().map(|(user, _)| *user);
                let user = user.or(first).ok_or(vec![Refusal::NoHands])?;
                // The user who raised the hand, also if another session has the name now.
                let hand = self.rooms[at].hands.iter().find(|(other, _)| *other == user).map(|(_, owner)| *owner);
                let owner = hand.or(self.known_owner(user)).ok_or(vec![Refusal::NoSuchUser])?;
                let identity = self.known(user);
                let room = &mut self.rooms[at];
                if !room.owners.contains(&owner) && room.mutes.hold(identity, now) {
                    return refuse(Refusal::TargetMuted);
                }
                room.floors.retain(|(other, _)| *other != owner);
                room.hands.retain(|(_, other)| *other != owner);
                // `/floor` alone gives the floor for one message.
                let is_short = short && matches!(action, Action::Floor(Some(_), _));
                room.floors.push((owner, if is_short { Floor::Until(now + SHORT) } else { Floor::Once }));
            }
            other => unreachable!("{other:?} is about no room"),
        }
        Ok(())
    }

    /// Owners of the server stand above those of a room.
    pub(super) fn require_below(&self, me: UserIndex, room: Option<RoomIndex>, target: UserIndex) -> Checked {
        let Some(owner) = self.known_owner(target) else { return Ok(()) };
        if target == me {
            return refuse(Refusal::Yourself);
        }
        if self.owners.contains(&owner) {
            return refuse(Refusal::TargetAbove);
        }
        let is_room_owner = room.is_some_and(|room| self.rooms[room].owners.contains(&owner));
        if is_room_owner && !self.owners.contains(&self.owner(me)) {
            return refuse(Refusal::TargetIsOwner);
        }
        Ok(())
    }

    /// Takes a user out of a room. Returns false if the user was not in it.
    pub(super) fn take_out(&mut self, user: UserIndex, room: RoomIndex) -> bool {
        let Some(session) = &mut self.sessions[user] else { return false };
        let before = session.rooms.len();
        session.rooms.retain(|other| *other != room);
        let was_in = session.rooms.len() < before;
        self.close_empty_rooms();
        was_in
    }
}
