//! Messages to rooms, to all users and to one user; entering and leaving rooms.

use super::history::{Destination, ModelMessage};
use super::{MAIL, MAIL_OF_ONE, MessageOwner, ModelServer, not_online_or_talk};
use crate::steps::{ACCOUNTS, NAMES, ROOMS, RoomIndex, UserIndex, text};

/// A message that waits for an account.
#[derive(Debug)]
pub(super) struct ModelLetter {
    pub from: UserIndex,
    sender: MessageOwner,
    pub text: String,
}

/// A session's membership of a room.
#[derive(Debug)]
pub(super) struct ModelMembership {
    pub room: RoomIndex,
    /// Id of the last message on the server before the user entered.
    pub joined_after: usize,
    /// Id of the last message in the room since then.
    pub heard: Option<usize>,
    /// Id of the last message that `/history unread` has shown.
    pub caught_up: Option<usize>,
}

impl ModelServer {
    pub(super) fn next_number(&mut self) -> usize {
        self.number += 1;
        self.number - 1
    }

    pub(super) fn say(&mut self, me: UserIndex, lines: usize, word: usize) -> Result<(), String> {
        let Some(room) = self.session(me).rooms.last().map(|membership| membership.room) else {
            self.number += lines;
            // Each line is refused; the caller sends the last refusal.
            let refusal = "404 You are in no room. /join ROOM takes you into one, /rooms lists them.";
            (1..lines).for_each(|_| self.tell(me, format!("ERROR: {refusal}")));
            return Err(refusal.into());
        };
        for _ in 0..lines {
            let said = text(self.next_number(), word);
            for hearer in self.hearers(me) {
                let membership = self.session(hearer).rooms.iter().position(|membership| membership.room == room);
                let last = self.session(hearer).rooms.len().wrapping_sub(1);
                match membership {
                    None => {}
                    Some(at) if at == last => self.tell(hearer, format!("{}: {said}", NAMES[me])),
                    Some(_) => self.tell(hearer, format!("[{}] {}: {said}", ROOMS[room], NAMES[me])),
                }
            }
            self.store(me, Destination::Room(room), said);
            let id = self.said.len();
            self.open[room] = Some(id);
            let members = self.online.iter_mut().flat_map(|session| &mut session.rooms);
            members.filter(|membership| membership.room == room).for_each(|membership| membership.heard = Some(id));
        }
        Ok(())
    }

    pub(super) fn say_to_all(&mut self, me: UserIndex, word: usize) {
        let said = text(self.next_number(), word);
        for hearer in self.hearers(me) {
            self.tell(hearer, format!("[all] {}: {said}", NAMES[me]));
        }
        self.store(me, Destination::All, said);
    }

    pub(super) fn message(&mut self, me: UserIndex, to: UserIndex, word: usize) -> Result<(), String> {
        let said = text(self.next_number(), word);
        let name = NAMES[to];
        if to == me {
            return Err("400 That is you. Nothing was done.".into());
        }
        let is_online = self.is_online(to);
        if !is_online && to >= ACCOUNTS {
            return Err(not_online_or_talk(to));
        }
        if self.blocks_of(to).contains(&me) {
            return Err(format!("403 Not delivered: {name} blocks you."));
        }
        let sender = self.session(me).owner;
        if is_online {
            self.tell(to, format!("[PM] {}: {said}", NAMES[me]));
        } else {
            let waiting = &self.mail[to];
            if waiting.len() >= MAIL {
                return Err(format!("403 Not delivered: too many messages wait for {name} already."));
            }
            if waiting.iter().filter(|letter| letter.sender == sender).count() >= MAIL_OF_ONE {
                return Err(format!("403 Not delivered: too many of your messages wait for {name} already."));
            }
            self.mail[to].push(ModelLetter { from: me, sender, text: said.clone() });
            self.tell(me, format!("INFO: {name} is offline. Message queued for delivery."));
        }
        let owner = if is_online { self.session(to).owner } else { MessageOwner::Account(to) };
        self.store(me, Destination::Direct(to, owner), said);
        Ok(())
    }

    pub(super) fn join(&mut self, me: UserIndex, room: RoomIndex) {
        let rooms = &mut self.session_mut(me).rooms;
        if let Some(at) = rooms.iter().position(|membership| membership.room == room) {
            let membership = rooms.remove(at);
            rooms.push(membership);
        } else {
            let is_in = |session: &super::ModelSession| session.rooms.iter().any(|membership| membership.room == room);
            self.announce_presence(me, is_in, &format!("{} joined {}", NAMES[me], ROOMS[room]));
            self.enter_room(me, room);
        }
        self.tell(me, format!("INFO: You are in {} now", ROOMS[room]));
    }

    pub(super) fn enter_room(&mut self, me: UserIndex, room: RoomIndex) {
        self.open[room].get_or_insert(0);
        let joined_after = self.said.len();
        self.session_mut(me).rooms.push(ModelMembership { room, joined_after, heard: None, caught_up: None });
    }

    pub(super) fn leave_room(&mut self, me: UserIndex, room: Option<RoomIndex>) -> Result<(), String> {
        let rooms = &self.session(me).rooms;
        let at = match room {
            None => rooms.len().checked_sub(1),
            Some(room) => rooms.iter().position(|membership| membership.room == room),
        };
        let Some(at) = at else {
            let which = room.map_or("any room", |room| ROOMS[room]);
            return Err(format!("404 You are not in {which}. /rooms lists the rooms."));
        };
        let was_current = at + 1 == rooms.len();
        let membership = self.session_mut(me).rooms.remove(at);
        let room = membership.room;
        let is_in = |session: &super::ModelSession| session.rooms.iter().any(|membership| membership.room == room);
        self.announce_presence(me, is_in, &format!("{} left {}", NAMES[me], ROOMS[room]));
        self.mark(me, &membership, self.open[room].filter(|last| *last > 0));
        self.close_if_empty(room);
        self.tell(me, format!("INFO: You left {}", ROOMS[room]));
        if was_current {
            let now = match self.session(me).rooms.last() {
                Some(current) => format!("INFO: You are in {} now", ROOMS[current.room]),
                None => "INFO: You are in no room now. /join ROOM takes you into one.".into(),
            };
            self.tell(me, now);
        }
        Ok(())
    }

    pub(super) fn close_if_empty(&mut self, room: RoomIndex) {
        let mut members = self.online.iter().flat_map(|session| &session.rooms);
        if !members.any(|membership| membership.room == room) {
            self.open[room] = None;
        }
    }

    /// Returns all other online users, without those that block `me`.
    fn hearers(&self, me: UserIndex) -> Vec<UserIndex> {
        let others = self.online.iter().map(|session| session.user).filter(|user| *user != me);
        others.filter(|user| !self.blocks_of(*user).contains(&me)).collect()
    }

    fn store(&mut self, from: UserIndex, destination: Destination, text: String) {
        let owner = self.session(from).owner;
        self.said.push(ModelMessage { from, owner, destination, text, removed: false, forgotten: false });
    }
}
