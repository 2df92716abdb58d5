//! One conversation: what was said in it, and where its reader is.

pub use super::conversation_id::ConversationId;
use super::editor::Editor;
use super::groups::Groups;
use super::input_history::InputHistory;
use super::limits::{MAX_LINES, MAX_MEMBERS, MAX_SPEAKERS};
use super::line::{Body, ChatMessage, Delivery, Line, Presence};
use super::names::NameSet;
use std::collections::{HashSet, VecDeque};

/// What is known about what was said before the first line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OlderHistory {
    /// The server may have more.
    #[default]
    Unknown,
    /// It has been asked.
    Requested,
    /// There is nothing more.
    Exhausted,
}

/// How far a chat has come that is stored nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretChatState {
    /// One side has asked, or nothing has happened yet.
    #[default]
    NotOpen,
    /// Accepted here; it opens any moment.
    Opening,
    /// It takes talk.
    Open,
    /// It is over.
    Ended,
}

/// The last line that is shown when one reads back, and how many of its rows are below the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The line's key.
    pub key: u64,
    /// Rows of it that are not shown.
    pub rows_below: usize,
}

/// One conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Where it is.
    pub id: ConversationId,
    /// Its name, as people write it.
    pub title: Box<str>,
    lines: VecDeque<Line>,
    groups: Groups,
    ids: HashSet<u64>,
    /// What was cleared away does not come back by itself.
    cleared_up_to: Option<u64>,
    weight: usize,
    /// Messages since it was last looked at, and how many of them name the reader.
    pub unread: usize,
    /// See `unread`.
    pub mentions: usize,
    /// The first line since it was last looked at.
    pub marker: Option<u64>,
    /// What is being typed.
    pub draft: Editor,
    /// What was typed before.
    pub input_history: InputHistory,
    /// Where one reads back; nothing at the end.
    pub scroll: Option<Anchor>,
    /// Messages that came since one reads back.
    pub new_below: usize,
    /// Who is in the room.
    pub members: NameSet,
    /// Nobody knows yet who is in the room, or somebody has come since.
    pub members_stale: bool,
    /// The members were listed since the user went in, over the present connection.
    pub members_listed: bool,
    /// Who spoke, the last one first.
    pub speakers: VecDeque<Box<str>>,
    /// The user has asked to go in, and the server has not answered yet.
    pub joining: bool,
    /// What the server may have from before.
    pub older_history: OlderHistory,
    /// How far a chat has come that is stored nowhere.
    pub chat_state: SecretChatState,
    /// The numbers that both sides of an open encrypted chat compare.
    pub fingerprint: Option<Box<str>>,
    /// The chat opened while another conversation was viewed, and has not been viewed since.
    pub opened_unseen: bool,
    /// When something last happened in it.
    pub last_active: u64,
}

impl Conversation {
    /// An empty one.
    #[must_use]
    pub fn new(id: ConversationId, title: &str) -> Conversation {
        Conversation {
            id,
            title: title.into(),
            lines: VecDeque::new(),
            groups: Groups::default(),
            ids: HashSet::new(),
            cleared_up_to: None,
            weight: 0,
            unread: 0,
            mentions: 0,
            marker: None,
            draft: Editor::default(),
            input_history: InputHistory::default(),
            scroll: None,
            new_below: 0,
            members: NameSet::new(MAX_MEMBERS),
            members_stale: true,
            members_listed: false,
            speakers: VecDeque::new(),
            joining: false,
            older_history: OlderHistory::default(),
            chat_state: SecretChatState::default(),
            fingerprint: None,
            opened_unseen: false,
            last_active: 0,
        }
    }

    /// How many users are in the room. `None` while the list is not known: right after going in or reconnecting, also
    /// if only the user is listed and others have come since.
    #[must_use]
    pub fn members_known(&self) -> Option<usize> {
        let members = self.members.len();
        let is_known = self.members_listed && members > 0 && !(self.members_stale && members == 1);
        is_known.then_some(members)
    }

    /// Everything in it, oldest first.
    #[must_use]
    pub fn lines(&self) -> &VecDeque<Line> {
        &self.lines
    }

    /// Whether the line at `index` begins a group of messages of one user: their name stands there.
    #[must_use]
    pub fn begins_group(&self, index: usize) -> bool {
        index == 0 || self.lines.get(index).is_none_or(|line| self.groups.begins(line.key))
    }

    /// Bytes that it holds, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether the message with that id is in it already.
    #[must_use]
    pub fn contains_id(&self, id: u64) -> bool {
        self.ids.contains(&id) || self.cleared_up_to.is_some_and(|floor| id <= floor)
    }

    /// The highest id that is known.
    #[must_use]
    pub fn newest_id(&self) -> Option<u64> {
        self.lines.iter().rev().find_map(|line| line.id).or(self.cleared_up_to)
    }

    /// The lowest id that is known.
    #[must_use]
    pub fn oldest_id(&self) -> Option<u64> {
        self.lines.iter().find_map(|line| line.id)
    }

    /// Where the line with that key is.
    #[must_use]
    pub fn position(&self, key: u64) -> Option<usize> {
        self.lines.iter().rposition(|line| line.key == key)
    }

    /// The line with that key, to be changed.
    pub fn line_mut(&mut self, key: u64) -> Option<&mut Line> {
        self.lines.iter_mut().rev().find(|line| line.key == key)
    }

    /// Something that one said is not sent for certain yet.
    #[must_use]
    pub fn has_undelivered(&self) -> bool {
        self.lines.iter().rev().filter_map(Line::message).any(|message| message.delivery.is_undelivered())
    }

    /// One's own lines, with their keys, to be changed.
    pub fn own_messages_mut(&mut self) -> impl Iterator<Item = (u64, &mut ChatMessage)> {
        self.lines.iter_mut().filter_map(|line| {
            let key = line.key;
            line.message_mut().filter(|message| message.delivery.is_own()).map(|message| (key, message))
        })
    }

    /// Puts a line at its place: by its id if it has one, before what is still on its way. What was looked up again
    /// also goes before notices of a later time. `false` if its id is there already.
    pub fn insert(&mut self, line: Line, looked_up: bool) -> bool {
        if let Some(id) = line.id
            && (self.contains_id(id) || !self.ids.insert(id))
        {
            return false;
        }
        let at = self.insert_position(&line, looked_up);
        self.weight += line.size_bytes();
        self.lines.insert(at, line);
        self.groups.update_from(&self.lines, at);
        while self.lines.len() > MAX_LINES {
            self.drop_oldest();
        }
        true
    }

    /// Where a line goes. The order of ids comes first; among lines without one, what is on its way stays last.
    fn insert_position(&self, line: &Line, looked_up: bool) -> usize {
        let mut place = self.lines.len();
        let Some(id) = line.id else { return place };
        for (index, other) in self.lines.iter().enumerate().rev() {
            let open = || other.message().is_some_and(|message| message.delivery.is_undelivered());
            match other.id {
                Some(other) if other < id => break,
                Some(_) => place = index,
                None if place == index + 1 && (open() || (looked_up && other.at > line.at)) => place = index,
                None => {}
            }
        }
        place
    }

    /// One's own line has come back: it goes to its place in the order of the room.
    pub fn confirm(&mut self, key: u64, id: u64, at: i64) {
        let Some(position) = self.position(key) else { return };
        let Some(mut line) = self.lines.remove(position) else { return };
        self.groups.remove(key);
        self.groups.update_from(&self.lines, position);
        self.weight = self.weight.saturating_sub(line.size_bytes());
        let followed = self.scroll.is_some_and(|anchor| anchor.key == key);
        if let Some(message) = line.message_mut() {
            message.delivery = Delivery::Sent;
        }
        (line.id, line.at) = (Some(id), at);
        if !self.insert(line, true) && followed {
            self.scroll = None;
        }
    }

    /// Users came or went at that time, as `note` says: one line for all who do so in a row within the same minute, so
    /// that the time of the line is true for each of them.
    pub fn add_presence(&mut self, key: u64, at: i64, note: impl FnOnce(&mut Presence)) {
        let minute = |at: i64| at.div_euclid(60_000);
        if let Some(Line { body: Body::Presence(presence), at: first, .. }) = self.lines.back_mut()
            && minute(*first) == minute(at)
        {
            return note(presence);
        }
        let mut presence = Presence::default();
        note(&mut presence);
        self.insert(Line { key, id: None, at, body: Body::Presence(presence) }, false);
    }

    /// Notes who spoke last.
    pub fn record_speaker(&mut self, user: &str) {
        self.speakers.retain(|other| **other != *user);
        self.speakers.push_front(user.into());
        self.speakers.truncate(MAX_SPEAKERS);
    }

    /// It has been looked at, and is left or written into.
    pub fn mark_read(&mut self) {
        (self.unread, self.mentions, self.new_below) = (0, 0, 0);
        self.opened_unseen = false;
    }

    /// Forgets everything that was said (not what is still on its way).
    pub fn clear(&mut self) {
        self.cleared_up_to = self.newest_id();
        self.ids.clear();
        self.older_history = OlderHistory::Unknown;
        self.lines.retain(|line| line.message().is_some_and(|message| message.delivery.is_undelivered()));
        self.groups = Groups::of(&self.lines);
        self.weight = self.lines.iter().map(Line::size_bytes).sum();
        (self.scroll, self.marker, self.new_below) = (None, None, 0);
    }

    /// Whether something was cleared away, and not asked for since.
    #[must_use]
    pub fn is_cleared(&self) -> bool {
        self.cleared_up_to.is_some()
    }

    /// What was cleared away may come back: it was asked for.
    pub fn undo_clear(&mut self) {
        self.cleared_up_to = None;
    }

    /// Forgets the oldest line.
    pub fn drop_oldest(&mut self) {
        let Some(line) = self.lines.pop_front() else { return };
        self.forget(&line);
        if let Some(anchor) = &mut self.scroll
            && anchor.key == line.key
        {
            self.scroll = self.lines.front().map(|first| Anchor { key: first.key, rows_below: 0 });
        }
    }

    fn forget(&mut self, line: &Line) {
        self.groups.remove(line.key);
        self.weight = self.weight.saturating_sub(line.size_bytes());
        if let Some(id) = line.id {
            self.ids.remove(&id);
        }
        if self.marker == Some(line.key) {
            self.marker = None;
        }
    }
}

#[cfg(test)]
mod tests;
