//! The history: reading, searching, removing.

use super::{MessageOwner, ModelServer, not_online};
use crate::steps::{ACCOUNTS, NAMES, ROOMS, RoomIndex, UserIndex, WORDS};

/// Maximum of messages in one answer to a search.
const FOUND: usize = 20;

/// A stored message.
#[derive(Debug)]
pub(super) struct ModelMessage {
    pub from: UserIndex,
    /// Owner of the sender's side of a direct message.
    pub owner: MessageOwner,
    pub destination: Destination,
    pub text: String,
    /// True if the sender has removed it.
    pub removed: bool,
    /// True if the receiver has removed it, for the receiver only.
    pub forgotten: bool,
}

/// Receivers of a message. A direct message also has the owner of the receiver's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Room(RoomIndex),
    All,
    Direct(UserIndex, MessageOwner),
}

impl ModelMessage {
    fn line(&self) -> String {
        let from = NAMES[self.from];
        let text = &self.text;
        match self.destination {
            Destination::Room(room) => format!("[{} TIME] {from}: {text}", ROOMS[room]),
            Destination::All => format!("[all TIME] {from}: {text}"),
            Destination::Direct(to, _) => format!("[PM TIME] {from} to {}: {text}", NAMES[to]),
        }
    }

    /// Returns whether this is a direct message that `owner` can see, with a partner for whom `other` returns true.
    fn is_between(&self, owner: MessageOwner, other: impl Fn(MessageOwner) -> bool) -> bool {
        let Destination::Direct(_, to) = self.destination else { return false };
        !self.removed && ((self.owner == owner && other(to)) || (to == owner && !self.forgotten && other(self.owner)))
    }
}

impl ModelServer {
    pub(super) fn history(&mut self, me: UserIndex, most: usize) {
        let current = self.session(me).rooms.last().map(|membership| membership.room);
        let mut found = self.find(me, |room| Some(room) == current);
        let more = found.len() > most;
        found.drain(..found.len().saturating_sub(most));
        let remark = current.map_or(String::new(), |room| format!(" (in {})", ROOMS[room]));
        self.show(me, found, &remark, if more { "/history before ID" } else { "" });
    }

    pub(super) fn history_with(&mut self, me: UserIndex, user: UserIndex) -> Result<(), String> {
        let owner = self.session(me).owner;
        let other = match self.online.iter().find(|session| session.user == user) {
            Some(session) => session.owner,
            None if user < ACCOUNTS => MessageOwner::Account(user),
            None => return Err(not_online(user)),
        };
        let blocked = self.blocks_of(me);
        let messages = self.said.iter().filter(|message| message.is_between(owner, |owner| owner == other));
        let found = messages.filter(|message| !blocked.contains(&message.from)).map(ModelMessage::line).collect();
        self.show(me, found, &format!(" (with {})", NAMES[user]), "");
        Ok(())
    }

    pub(super) fn unread(&mut self, me: UserIndex) -> Result<(), String> {
        let Some(current) = self.session(me).rooms.last() else {
            return Err("404 You are in no room. /join ROOM takes you into one.".into());
        };
        let Some(marks) = self.marks.get(me) else {
            return Err("403 Only accounts have a last visit. /history shows what was said before.".into());
        };
        let room = current.room;
        let up_to = current.joined_after;
        let Some(after) = current.caught_up.or(marks[room]) else {
            self.show(me, Vec::new(), " (this is your first visit here)", "");
            return Ok(());
        };
        let blocked = self.blocks_of(me);
        let missed =
            self.said.iter().take(up_to).skip(after).filter(|message| message.destination == Destination::Room(room));
        let missed = missed.filter(|message| !blocked.contains(&message.from)).map(ModelMessage::line).collect();
        if let Some(current) = self.session_mut(me).rooms.last_mut() {
            current.caught_up = Some(up_to);
        }
        self.show(me, missed, &format!(" (unread in {})", ROOMS[room]), "");
        Ok(())
    }

    pub(super) fn search(&mut self, me: UserIndex, word: usize) {
        let word = WORDS[word];
        let rooms: Vec<RoomIndex> = self.session(me).rooms.iter().map(|membership| membership.room).collect();
        let mut found = self.find(me, |room| rooms.contains(&room));
        found.retain(|line| line.ends_with(word));
        found.reverse();
        let more = found.len() > FOUND;
        found.truncate(FOUND);
        let found = found.iter().map(|line| line.replace(word, &format!("*{word}*"))).collect();
        self.show(me, found, "", &if more { format!("/search before ID {word}") } else { String::new() });
    }

    pub(super) fn forget(&mut self, me: UserIndex) {
        let owner = self.session(me).owner;
        let mut removed = 0;
        for message in self.said.iter_mut().filter(|message| !message.removed) {
            let Destination::Direct(_, to) = message.destination else { continue };
            if message.owner == owner {
                message.removed = true;
                removed += 1;
            } else if to == owner && !message.forgotten {
                message.forgotten = true;
                removed += 1;
            }
        }
        let messages = if removed == 1 { "1 message".into() } else { format!("{removed} messages") };
        self.tell(me, format!("INFO: {messages} removed from the history."));
    }

    /// Returns the messages that a user may see: those of the given rooms, those to all, and the user's direct
    /// messages.
    fn find(&self, me: UserIndex, in_room: impl Fn(RoomIndex) -> bool) -> Vec<String> {
        let owner = self.session(me).owner;
        let blocked = self.blocks_of(me);
        let visible = |message: &&ModelMessage| match message.destination {
            Destination::Room(room) => in_room(room),
            Destination::All => true,
            Destination::Direct(..) => message.is_between(owner, |_| true),
        };
        let messages = self.said.iter().filter(visible).filter(|message| !blocked.contains(&message.from));
        messages.map(ModelMessage::line).collect()
    }

    /// Sends found messages and the last line of the answer.
    fn show(&mut self, me: UserIndex, found: Vec<String>, remark: &str, next: &str) {
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
