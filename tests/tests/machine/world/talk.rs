//! What is said, and where: rooms, everybody, one person.

use super::history::{Message, Where};
use super::{MAIL, MAIL_OF_ONE, Party, World, nobody};
use crate::steps::{ACCOUNTS, NAMES, Place, ROOMS, Who, text};

/// A message that waits for an account.
#[derive(Debug)]
pub(super) struct Letter {
    pub from: Who,
    sender: Party,
    pub text: String,
}

/// A room that somebody is in.
#[derive(Debug)]
pub(super) struct Membership {
    pub room: Place,
    /// The last message of all before they came.
    pub came_after: usize,
    /// The last message here since.
    pub heard: Option<usize>,
    /// Up to which message they have looked up what they missed.
    pub caught_up: Option<usize>,
}

impl World {
    pub(super) fn next_number(&mut self) -> usize {
        self.number += 1;
        self.number - 1
    }

    pub(super) fn say(&mut self, me: Who, lines: usize, word: usize) -> Result<(), String> {
        let Some(room) = self.visit_of(me).rooms.last().map(|membership| membership.room) else {
            self.number += lines;
            // One refusal a line; the last is the caller's.
            let refusal = "404 You are in no room. /join ROOM takes you into one, /rooms lists them.";
            (1..lines).for_each(|_| self.tell(me, format!("ERROR: {refusal}")));
            return Err(refusal.into());
        };
        for _ in 0..lines {
            let said = text(self.next_number(), word);
            for hearer in self.hearers(me) {
                let membership = self.visit_of(hearer).rooms.iter().position(|membership| membership.room == room);
                let last = self.visit_of(hearer).rooms.len().wrapping_sub(1);
                match membership {
                    None => {}
                    Some(at) if at == last => self.tell(hearer, format!("{}: {said}", NAMES[me])),
                    Some(_) => self.tell(hearer, format!("[{}] {}: {said}", ROOMS[room], NAMES[me])),
                }
            }
            self.keep(me, Where::Room(room), said);
            let id = self.said.len();
            self.open[room] = Some(id);
            let members = self.here.iter_mut().flat_map(|visit| &mut visit.rooms);
            members.filter(|membership| membership.room == room).for_each(|membership| membership.heard = Some(id));
        }
        Ok(())
    }

    pub(super) fn say_to_all(&mut self, me: Who, word: usize) {
        let said = text(self.next_number(), word);
        for hearer in self.hearers(me) {
            self.tell(hearer, format!("[all] {}: {said}", NAMES[me]));
        }
        self.keep(me, Where::Everybody, said);
    }

    pub(super) fn message(&mut self, me: Who, to: Who, word: usize) -> Result<(), String> {
        let said = text(self.next_number(), word);
        let name = NAMES[to];
        if to == me {
            return Err("400 That is you.".into());
        }
        let is_here = self.is_here(to);
        if !is_here && to >= ACCOUNTS {
            return Err(nobody(to));
        }
        if self.blocks_of(to).contains(&me) {
            return Err(format!("403 Not delivered: {name} blocks you."));
        }
        let sender = self.visit_of(me).party;
        if is_here {
            self.tell(to, format!("[PM] {}: {said}", NAMES[me]));
        } else {
            let waiting = &self.mail[to];
            if waiting.len() >= MAIL {
                return Err(format!("403 Not delivered: too many messages wait for {name} already."));
            }
            if waiting.iter().filter(|letter| letter.sender == sender).count() >= MAIL_OF_ONE {
                return Err(format!("403 Not delivered: too many of your messages wait for {name} already."));
            }
            self.mail[to].push(Letter { from: me, sender, text: said.clone() });
            self.tell(me, format!("INFO: {name} is offline. Message queued for delivery."));
        }
        let party = if is_here { self.visit_of(to).party } else { Party::Account(to) };
        self.keep(me, Where::Direct(to, party), said);
        Ok(())
    }

    pub(super) fn join(&mut self, me: Who, room: Place) {
        let rooms = &mut self.visit(me).rooms;
        if let Some(at) = rooms.iter().position(|membership| membership.room == room) {
            let membership = rooms.remove(at);
            rooms.push(membership);
        } else {
            let is_in = |visit: &super::Visit| visit.rooms.iter().any(|membership| membership.room == room);
            self.news(me, is_in, &format!("{} joined {}", NAMES[me], ROOMS[room]));
            self.take_seat(me, room);
        }
        self.tell(me, format!("INFO: You are in {} now", ROOMS[room]));
    }

    pub(super) fn take_seat(&mut self, me: Who, room: Place) {
        self.open[room].get_or_insert(0);
        let came_after = self.said.len();
        self.visit(me).rooms.push(Membership { room, came_after, heard: None, caught_up: None });
    }

    pub(super) fn leave_room(&mut self, me: Who, room: Option<Place>) -> Result<(), String> {
        let rooms = &self.visit_of(me).rooms;
        let at = match room {
            None => rooms.len().checked_sub(1),
            Some(room) => rooms.iter().position(|membership| membership.room == room),
        };
        let Some(at) = at else {
            let which = room.map_or("any room", |room| ROOMS[room]);
            return Err(format!("404 You are not in {which}. /rooms lists the rooms."));
        };
        let was_current = at + 1 == rooms.len();
        let membership = self.visit(me).rooms.remove(at);
        let room = membership.room;
        let is_in = |visit: &super::Visit| visit.rooms.iter().any(|membership| membership.room == room);
        self.news(me, is_in, &format!("{} left {}", NAMES[me], ROOMS[room]));
        self.mark(me, &membership, self.open[room].filter(|last| *last > 0));
        self.close_if_empty(room);
        self.tell(me, format!("INFO: You left {}", ROOMS[room]));
        if was_current {
            let now = match self.visit_of(me).rooms.last() {
                Some(current) => format!("INFO: You are in {} now", ROOMS[current.room]),
                None => "INFO: You are in no room now. /join ROOM takes you into one.".into(),
            };
            self.tell(me, now);
        }
        Ok(())
    }

    pub(super) fn close_if_empty(&mut self, room: Place) {
        let mut members = self.here.iter().flat_map(|visit| &visit.rooms);
        if !members.any(|membership| membership.room == room) {
            self.open[room] = None;
        }
    }

    /// Everybody else who does not block them.
    fn hearers(&self, me: Who) -> Vec<Who> {
        let others = self.here.iter().map(|visit| visit.who).filter(|who| *who != me);
        others.filter(|who| !self.blocks_of(*who).contains(&me)).collect()
    }

    fn keep(&mut self, from: Who, place: Where, text: String) {
        let party = self.visit_of(from).party;
        self.said.push(Message { from, party, place, text, removed: false, forgotten: false });
    }
}
