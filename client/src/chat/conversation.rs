//! One conversation: its lines, and how far the user has read and typed.
//!
//! **Order.** Lines with a message id are sorted by id. The user's own messages have no id before the server has
//! confirmed them, and stay last; [`Conversation::confirm`] then moves them to their place. An id occurs at most once.

mod changing;

pub use super::conversation_id::ConversationId;
use super::editor::Editor;
use super::groups::Groups;
use super::input_history::InputHistory;
use super::limits::{MAX_LINES, MAX_MEMBERS, MAX_SPEAKERS};
use super::line::{Body, ChatMessage, Delivery, Line, Presence};
use super::names::NameSet;
use super::room_status::RoomStatus;
use std::collections::{HashSet, VecDeque};

/// Whether the server has messages from before the first line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OlderHistory {
    /// The server may have some.
    #[default]
    Unknown,
    /// They are requested.
    Requested,
    /// There are none.
    Exhausted,
}

/// State of a secret chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretChatState {
    /// Not accepted yet, or not even requested.
    #[default]
    NotOpen,
    /// Accepted by the user; the server has not opened it yet.
    Opening,
    /// Takes messages.
    Open,
    /// Over; takes no messages.
    Ended,
}

/// The last line on the screen while the user reads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Key of the line.
    pub key: u64,
    /// Number of its rows below the edge of the screen.
    pub rows_below: usize,
}

/// A change of the user's message that is being typed in place of the draft.
#[derive(Clone, Debug)]
pub struct Editing {
    /// Id of the message.
    pub id: u64,
    /// The draft before.
    former: Editor,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Identity.
    pub id: ConversationId,
    /// Name of the room or user, as written.
    pub title: Box<str>,
    lines: VecDeque<Line>,
    groups: Groups,
    /// Ids of all messages in `lines`.
    ids: HashSet<u64>,
    /// Notices that quote a message: its id, and the key of the line.
    quotes: VecDeque<(u64, u64)>,
    /// Newest id that `/clear` removed. Messages up to it are dropped until the user asks for history.
    cleared_up_to: Option<u64>,
    /// Sum of the sizes of all lines.
    size_bytes: usize,
    /// Number of messages that arrived since the user last viewed the conversation.
    pub unread: usize,
    /// Number of unread messages that are for the user alone or mention the user.
    pub mentions: usize,
    /// Key of the first unread line, above which the screen draws a rule.
    pub marker: Option<u64>,
    /// The message being typed.
    pub draft: Editor,
    /// Set while `draft` is the new text of a message.
    pub editing: Option<Editing>,
    /// Lines sent before, for ↑.
    pub input_history: InputHistory,
    /// Position while the user reads back; `None` at the end.
    pub scroll: Option<Anchor>,
    /// Number of messages that arrived while the user reads back.
    pub new_below: usize,
    /// Known members of the room.
    pub members: NameSet,
    /// True if the members must be requested: they are unknown, or a user has connected since.
    pub members_stale: bool,
    /// True if the server has listed the members since the user joined, over the present connection.
    pub members_listed: bool,
    /// True if the rules of the room must be requested: they are unknown, or may have changed since.
    pub rules_stale: bool,
    /// Time of the last request for them in milliseconds; `None` before the first one since the user joined.
    pub rules_requested_at: Option<u64>,
    /// Known rules of the room.
    pub room_status: RoomStatus,
    /// Users who spoke, most recent first.
    pub speakers: VecDeque<Box<str>>,
    /// True while the server has not answered the user's `/join`.
    pub joining: bool,
    /// Whether the server has messages from before the first line.
    pub older_history: OlderHistory,
    /// State, if this is a secret chat.
    pub chat_state: SecretChatState,
    /// Fingerprint that both users of an open encrypted chat compare.
    pub fingerprint: Option<Box<str>>,
    /// True if the secret chat opened while another conversation was viewed, and was not viewed since.
    pub opened_unseen: bool,
    /// Value of the activity counter of [`Conversations`](super::conversations::Conversations) at the last activity.
    pub last_active: u64,
}

impl Conversation {
    /// Creates an empty conversation.
    #[must_use]
    pub fn new(id: ConversationId, title: &str) -> Conversation {
        Conversation {
            id,
            title: title.into(),
            lines: VecDeque::new(),
            groups: Groups::default(),
            ids: HashSet::new(),
            quotes: VecDeque::new(),
            cleared_up_to: None,
            size_bytes: 0,
            unread: 0,
            mentions: 0,
            marker: None,
            draft: Editor::default(),
            editing: None,
            input_history: InputHistory::default(),
            scroll: None,
            new_below: 0,
            members: NameSet::new(MAX_MEMBERS),
            members_stale: true,
            members_listed: false,
            rules_stale: true,
            rules_requested_at: None,
            room_status: RoomStatus::default(),
            speakers: VecDeque::new(),
            joining: false,
            older_history: OlderHistory::default(),
            chat_state: SecretChatState::default(),
            fingerprint: None,
            opened_unseen: false,
            last_active: 0,
        }
    }

    /// Returns the number of members, or `None` while it is unknown: right after joining or reconnecting, and while
    /// only the user is listed although another user has connected since.
    #[must_use]
    pub fn members_known(&self) -> Option<usize> {
        let members = self.members.len();
        let is_known = self.members_listed && members > 0 && !(self.members_stale && members == 1);
        is_known.then_some(members)
    }

    /// Forgets the rules of the room, which must be requested again.
    pub fn forget_rules(&mut self) {
        self.room_status = RoomStatus::default();
        self.rules_stale = true;
        self.rules_requested_at = None;
    }

    /// Returns all lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> &VecDeque<Line> {
        &self.lines
    }

    /// Returns whether the line at `index` begins a group of messages of one user, and so shows the name.
    #[must_use]
    pub fn begins_group(&self, index: usize) -> bool {
        index == 0 || self.lines.get(index).is_none_or(|line| self.groups.begins(line.key))
    }

    /// Returns the approximate size of all lines in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Returns whether the message was added before, even if it was cleared.
    #[must_use]
    pub fn contains_id(&self, id: u64) -> bool {
        self.ids.contains(&id) || self.cleared_up_to.is_some_and(|floor| id <= floor)
    }

    /// Returns the highest message id.
    #[must_use]
    pub fn newest_id(&self) -> Option<u64> {
        self.lines.iter().rev().find_map(|line| line.id).or(self.cleared_up_to)
    }

    /// Returns the lowest message id.
    #[must_use]
    pub fn oldest_id(&self) -> Option<u64> {
        self.lines.iter().find_map(|line| line.id)
    }

    /// Returns the index of a line.
    #[must_use]
    pub fn position(&self, key: u64) -> Option<usize> {
        self.lines.iter().rposition(|line| line.key == key)
    }

    /// Returns a line by its key.
    pub fn line_mut(&mut self, key: u64) -> Option<&mut Line> {
        self.lines.iter_mut().rev().find(|line| line.key == key)
    }

    /// Returns whether a message of the user is not delivered yet.
    #[must_use]
    pub fn has_undelivered(&self) -> bool {
        self.lines.iter().rev().filter_map(Line::message).any(|message| message.delivery.is_undelivered())
    }

    /// Returns the user's own messages, with the keys of their lines.
    pub fn own_messages_mut(&mut self) -> impl Iterator<Item = (u64, &mut ChatMessage)> {
        self.lines.iter_mut().filter_map(|line| {
            let key = line.key;
            line.message_mut().filter(|message| message.delivery.is_own()).map(|message| (key, message))
        })
    }

    /// Inserts a line: by its id if it has one, and before undelivered messages. A line `from_history` also goes before
    /// notices of a later time. Returns `false` if the id is known already.
    pub fn insert(&mut self, line: Line, from_history: bool) -> bool {
        if let Some(id) = line.id
            && (self.contains_id(id) || !self.ids.insert(id))
        {
            return false;
        }
        let at = self.insert_position(&line, from_history);
        self.size_bytes += line.size_bytes();
        self.lines.insert(at, line);
        self.groups.update_from(&self.lines, at);
        while self.lines.len() > MAX_LINES {
            self.drop_oldest();
        }
        true
    }

    /// Returns the index at which a line is inserted.
    fn insert_position(&self, line: &Line, from_history: bool) -> usize {
        let mut position = self.lines.len();
        let Some(id) = line.id else { return position };
        for (index, other) in self.lines.iter().enumerate().rev() {
            let is_undelivered = || other.message().is_some_and(|message| message.delivery.is_undelivered());
            match other.id {
                Some(other) if other < id => break,
                Some(_) => position = index,
                None if position == index + 1 && (is_undelivered() || (from_history && other.at > line.at)) => {
                    position = index
                }
                None => {}
            }
        }
        position
    }

    /// Moves a message of the user to its place, after the server has given it an id and a time.
    pub fn confirm(&mut self, key: u64, id: u64, at: i64) {
        let Some(position) = self.position(key) else { return };
        let Some(mut line) = self.lines.remove(position) else { return };
        self.groups.remove(key);
        self.groups.update_from(&self.lines, position);
        self.size_bytes = self.size_bytes.saturating_sub(line.size_bytes());
        let followed = self.scroll.is_some_and(|anchor| anchor.key == key);
        if let Some(message) = line.message_mut() {
            message.delivery = Delivery::Sent;
        }
        line.id = Some(id);
        line.at = at;
        if !self.insert(line, true) && followed {
            self.scroll = None;
        }
    }

    /// Returns id and content of the user's newest message; `None` while it is not delivered.
    #[must_use]
    pub fn newest_own(&self) -> Option<(u64, &ChatMessage)> {
        let is_own =
            |message: &ChatMessage| matches!(message.delivery, Delivery::Unsent | Delivery::Pending | Delivery::Sent);
        let line = self.lines.iter().rev().find(|line| line.message().is_some_and(is_own))?;
        line.id.zip(line.message())
    }

    /// Returns id and content of the newest message of another user, or of any user without a name.
    #[must_use]
    pub fn newest_of(&self, user: Option<&str>) -> Option<(u64, &ChatMessage)> {
        let is_by = |message: &ChatMessage, user: &str| {
            message.delivery == Delivery::Received && message.user.to_lowercase() == user.to_lowercase()
        };
        let messages = self.lines.iter().rev().filter_map(|line| line.id.zip(line.message()));
        messages.into_iter().find(|(_, message)| user.is_none_or(|user| is_by(message, user)))
    }

    /// Puts the text of a message into the input, in place of the draft.
    pub fn start_editing(&mut self, id: u64, text: &str) {
        let former = std::mem::take(&mut self.draft);
        self.draft.set(text);
        self.editing = Some(Editing { id, former });
    }

    /// Brings the draft back. Returns `false` if no message was being changed.
    pub fn stop_editing(&mut self) -> bool {
        let Some(editing) = self.editing.take() else { return false };
        self.draft = editing.former;
        true
    }

    /// Adds joins and leaves at time `at`: `change` records them. Consecutive ones of the same minute share a line, so
    /// that its time is true for all of them.
    pub fn add_presence(&mut self, key: u64, at: i64, change: impl FnOnce(&mut Presence)) {
        let minute = |at: i64| at.div_euclid(60_000);
        if let Some(Line { body: Body::Presence(presence), at: first, .. }) = self.lines.back_mut()
            && minute(*first) == minute(at)
        {
            return change(presence);
        }
        let mut presence = Presence::default();
        change(&mut presence);
        self.insert(Line { key, id: None, at, body: Body::Presence(presence) }, false);
    }

    /// Makes a user the most recent speaker.
    pub fn record_speaker(&mut self, user: &str) {
        self.speakers.retain(|other| **other != *user);
        self.speakers.push_front(user.into());
        self.speakers.truncate(MAX_SPEAKERS);
    }

    /// Replaces the name of a user in the lists of the room. Returns `false` if the user is not known to be a member.
    pub fn rename_member(&mut self, from: &str, to: &str) -> bool {
        let is_member = self.members.remove(from);
        if is_member {
            self.members.add(to);
        }
        self.room_status.record_renamed(from, to);
        for speaker in self.speakers.iter_mut().filter(|speaker| ***speaker == *from) {
            *speaker = to.into();
        }
        is_member
    }

    /// Resets the unread counters, since the user views the conversation.
    pub fn mark_read(&mut self) {
        self.unread = 0;
        self.mentions = 0;
        self.new_below = 0;
        self.opened_unseen = false;
    }

    /// Removes all lines except undelivered messages. The server may still have them.
    pub fn clear(&mut self) {
        self.cleared_up_to = self.newest_id();
        self.ids.clear();
        self.older_history = OlderHistory::Unknown;
        self.lines.retain(|line| line.message().is_some_and(|message| message.delivery.is_undelivered()));
        self.groups = Groups::of(&self.lines);
        self.size_bytes = self.lines.iter().map(Line::size_bytes).sum();
        self.scroll = None;
        self.marker = None;
        self.new_below = 0;
    }

    /// Returns whether lines were cleared and not asked for since.
    #[must_use]
    pub fn is_cleared(&self) -> bool {
        self.cleared_up_to.is_some()
    }

    /// Lets cleared messages come back, since the user has asked for history.
    pub fn undo_clear(&mut self) {
        self.cleared_up_to = None;
    }

    /// Removes the oldest line.
    pub fn drop_oldest(&mut self) {
        let Some(line) = self.lines.pop_front() else { return };
        self.unindex(&line);
        if let Some(anchor) = &mut self.scroll
            && anchor.key == line.key
        {
            self.scroll = self.lines.front().map(|first| Anchor { key: first.key, rows_below: 0 });
        }
    }

    /// Removes a line that was removed from `lines` from everything else.
    fn unindex(&mut self, line: &Line) {
        self.groups.remove(line.key);
        self.size_bytes = self.size_bytes.saturating_sub(line.size_bytes());
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
