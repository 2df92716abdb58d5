//! What was said before.

use super::{Party, World, nobody};
use crate::steps::{ACCOUNTS, NAMES, Place, ROOMS, WORDS, Who};

/// How many messages one answer to a search has.
const FOUND: usize = 20;

/// Something that was said and is kept.
#[derive(Debug)]
pub(super) struct Message {
    pub from: Who,
    pub party: Party,
    pub place: Where,
    pub text: String,
    /// Its sender has removed it.
    pub removed: bool,
    /// Its receiver has.
    pub forgotten: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Room(Place),
    Everybody,
    Direct(Who, Party),
}

impl Message {
    fn line(&self) -> String {
        let (from, text) = (NAMES[self.from], &self.text);
        match self.place {
            Where::Room(room) => format!("[{} TIME] {from}: {text}", ROOMS[room]),
            Where::Everybody => format!("[all TIME] {from}: {text}"),
            Where::Direct(to, _) => format!("[PM TIME] {from} to {}: {text}", NAMES[to]),
        }
    }

    /// Between the party and the other, as the party sees it.
    fn is_between(&self, party: Party, other: impl Fn(Party) -> bool) -> bool {
        let Where::Direct(_, to) = self.place else { return false };
        !self.removed && ((self.party == party && other(to)) || (to == party && !self.forgotten && other(self.party)))
    }
}

impl World {
    pub(super) fn history(&mut self, me: Who, most: usize) {
        let current = self.visit_of(me).rooms.last().map(|membership| membership.room);
        let mut found = self.find(me, |room| Some(room) == current);
        let more = found.len() > most;
        found.drain(..found.len().saturating_sub(most));
        let remark = current.map_or(String::new(), |room| format!(" (in {})", ROOMS[room]));
        self.show(me, found, &remark, if more { "/history before ID" } else { "" });
    }

    pub(super) fn history_with(&mut self, me: Who, who: Who) -> Result<(), String> {
        let party = self.visit_of(me).party;
        let other = match self.here.iter().find(|visit| visit.who == who) {
            Some(visit) => visit.party,
            None if who < ACCOUNTS => Party::Account(who),
            None => return Err(nobody(who)),
        };
        let blocked = self.blocks_of(me);
        let messages = self.said.iter().filter(|message| message.is_between(party, |party| party == other));
        let found = messages.filter(|message| !blocked.contains(&message.from)).map(Message::line).collect();
        self.show(me, found, &format!(" (with {})", NAMES[who]), "");
        Ok(())
    }

    pub(super) fn unread(&mut self, me: Who) -> Result<(), String> {
        let Some(current) = self.visit_of(me).rooms.last() else {
            return Err("404 You are in no room. /join ROOM takes you into one.".into());
        };
        let Some(marks) = self.marks.get(me) else {
            return Err("403 Only accounts have a last visit. /history shows what was said before.".into());
        };
        let (room, up_to) = (current.room, current.came_after);
        let Some(after) = current.caught_up.or(marks[room]) else {
            self.show(me, Vec::new(), " (this is your first visit here)", "");
            return Ok(());
        };
        let blocked = self.blocks_of(me);
        let missed = self.said.iter().take(up_to).skip(after).filter(|message| message.place == Where::Room(room));
        let missed = missed.filter(|message| !blocked.contains(&message.from)).map(Message::line).collect();
        if let Some(current) = self.visit(me).rooms.last_mut() {
            current.caught_up = Some(up_to);
        }
        self.show(me, missed, &format!(" (unread in {})", ROOMS[room]), "");
        Ok(())
    }

    pub(super) fn search(&mut self, me: Who, word: usize) {
        let word = WORDS[word];
        let rooms: Vec<Place> = self.visit_of(me).rooms.iter().map(|membership| membership.room).collect();
        let mut found = self.find(me, |room| rooms.contains(&room));
        found.retain(|line| line.ends_with(word));
        found.reverse();
        let more = found.len() > FOUND;
        found.truncate(FOUND);
        let found = found.iter().map(|line| line.replace(word, &format!("*{word}*"))).collect();
        self.show(me, found, "", &if more { format!("/search before ID {word}") } else { String::new() });
    }

    pub(super) fn forget(&mut self, me: Who) {
        let party = self.visit_of(me).party;
        let mut removed = 0;
        for message in self.said.iter_mut().filter(|message| !message.removed) {
            let Where::Direct(_, to) = message.place else { continue };
            if message.party == party {
                (message.removed, removed) = (true, removed + 1);
            } else if to == party && !message.forgotten {
                (message.forgotten, removed) = (true, removed + 1);
            }
        }
        let messages = if removed == 1 { "1 message".into() } else { format!("{removed} messages") };
        self.tell(me, format!("INFO: {messages} removed from the history."));
    }

    /// What somebody may see of these rooms, of what was said to everybody, and of their own direct messages.
    fn find(&self, me: Who, in_room: impl Fn(Place) -> bool) -> Vec<String> {
        let (party, blocked) = (self.visit_of(me).party, self.blocks_of(me));
        let visible = |message: &&Message| match message.place {
            Where::Room(room) => in_room(room),
            Where::Everybody => true,
            Where::Direct(..) => message.is_between(party, |_| true),
        };
        let messages = self.said.iter().filter(visible).filter(|message| !blocked.contains(&message.from));
        messages.map(Message::line).collect()
    }

    fn show(&mut self, me: Who, found: Vec<String>, remark: &str, next: &str) {
        let messages = match found.len() {
            0 => "no messages".into(),
            1 => "1 message".into(),
            n => format!("{n} messages"),
        };
        let next = if next.is_empty() { String::new() } else { format!("; more: {next}") };
        found.into_iter().for_each(|line| self.tell(me, line));
        self.tell(me, format!("INFO: {messages}{remark}{next}"));
    }
}
