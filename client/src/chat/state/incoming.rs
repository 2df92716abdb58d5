//! Shows messages of other users, and tracks who is online and in which room.

use super::State;
use crate::chat::ScreenEffect;
use crate::chat::conversation::ConversationId;
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, ChatMessage, Delivery, Line, Severity, cleaned, cleaned_message, cleaned_name};
use crate::engine::IncomingEvent;
use landline_common::clean::flatten;
use landline_common::event::{Part, Text};
use landline_common::mention::is_mentioned;
use landline_common::name::is_server_author;

/// A message from the server, not cleaned yet.
#[derive(Clone, Copy)]
pub(super) struct RawMessage<'m> {
    pub(super) id: u64,
    /// Milliseconds since 1970 UTC.
    pub(super) at: i64,
    pub(super) user: &'m str,
    pub(super) text: &'m str,
}

impl State {
    /// Shows a live message in a conversation, which is opened if necessary.
    pub(super) fn show_message(
        &mut self,
        id: &ConversationId,
        title: &str,
        raw: RawMessage<'_>,
        incoming: &IncomingEvent,
    ) {
        // An echo of the user's own line: its delivery update moves the line that is shown already.
        if incoming.own_key.is_some() {
            return;
        }
        let user = cleaned_name(raw.user);
        let text = cleaned_message(raw.text);
        self.conversations.open(id, &cleaned_name(title));
        // In the conversation with oneself, a message without a request is an incoming one.
        let is_own = self.is_me(&user) && *id != ConversationId::user(&user);
        let delivery = if is_own { Delivery::Sent } else { Delivery::Received };
        let mention = !is_own && self.is_named(id, &text);
        let message = ChatMessage { user, text, room: None, mention, edited: false, private: false, delivery };
        self.insert_message(id, Some(raw.id), raw.at, message, !is_own);
    }

    /// Shows a message of a secret chat. It has no id, since no server stores it.
    pub(super) fn show_secret_message(&mut self, id: &ConversationId, at: i64, from: &str, text: &str) {
        let user = cleaned_name(from);
        let text = cleaned_message(text);
        self.conversations.open(id, &user);
        let mention = self.is_named(id, &text);
        let delivery = Delivery::Received;
        let message = ChatMessage { user, text, room: None, mention, edited: false, private: true, delivery };
        self.insert_message(id, None, at, message, true);
    }

    /// Returns whether a text in a conversation mentions the user. Other names are considered too: `@alice様` mentions
    /// the user alice only if no user alice様 is there.
    pub(super) fn is_named(&self, id: &ConversationId, text: &str) -> bool {
        let members = self.conversations.get(id).into_iter().flat_map(|conversation| conversation.members.iter());
        is_mentioned(text, &self.me, members.chain(self.people.online().iter()))
    }

    /// Inserts a message and counts it as unread. `is_live` messages also ring the bell and update the members; others
    /// were missed and come from the history.
    pub(super) fn insert_message(
        &mut self,
        id: &ConversationId,
        message_id: Option<u64>,
        at: i64,
        message: ChatMessage,
        is_live: bool,
    ) {
        // A presence line may come before the message, so take its key first.
        let presence_key = self.next_key();
        let key = self.next_key();
        let is_viewed = self.conversations.viewed().id == *id;
        let is_personal = message.mention || id.is_one_to_one() || *id == ConversationId::Global;
        let is_received = message.delivery == Delivery::Received;
        if is_received && *id == ConversationId::Global {
            self.announced_at = self.now.ms;
        }
        let is_of_user = is_received && !is_server_author(&message.user);
        // Encrypted chats bypass the server, so their users need not be online there.
        if is_of_user && is_live && !matches!(id, ConversationId::Encrypted(_)) {
            self.people.add(&message.user);
        }
        let copy = (message.mention && matches!(id, ConversationId::Room(_) | ConversationId::Global))
            .then(|| message.clone());
        let Some(conversation) = self.conversations.get_mut(id) else { return };
        if is_of_user {
            conversation.record_speaker(&message.user);
            conversation.rules_stale |= is_live && conversation.room_status.gives_floor_to(&message.user);
            // A speaker missing from the member list has joined since the list was requested.
            let is_listed = !conversation.members.is_empty() && matches!(id, ConversationId::Room(_)) && is_live;
            if is_listed && conversation.members.add(&message.user) {
                conversation.add_presence(presence_key, at, |presence| presence.add(&message.user, true));
            }
        }
        let line = Line { key, id: message_id, at, body: Body::Message(message) };
        if !conversation.insert(line, !is_live) || !is_received {
            return;
        }
        conversation.new_below += usize::from(is_viewed && conversation.scroll.is_some());
        // Mark missed messages in the viewed conversation too, since the user was away.
        if !is_viewed || !is_live {
            conversation.marker = conversation.marker.or(Some(key));
        }
        if !is_viewed {
            conversation.unread += 1;
            conversation.mentions += usize::from(is_personal);
        }
        if let Some(message) = copy {
            self.add_to_mentions(id, message_id, at, message, is_viewed && is_live);
        }
        if is_live {
            self.alert(id, is_personal);
        }
    }

    /// Copies a message into the list of mentions. Counts it as unread unless it was `seen` where it was sent.
    fn add_to_mentions(
        &mut self,
        id: &ConversationId,
        message_id: Option<u64>,
        at: i64,
        message: ChatMessage,
        seen: bool,
    ) {
        let key = self.next_key();
        let room = self.conversations.get(id).map(|conversation| conversation.title.clone());
        let list_is_viewed = self.conversations.viewed().id == ConversationId::Mentions;
        if let Some(list) = self.conversations.get_mut(&ConversationId::Mentions) {
            let body = Body::Message(ChatMessage { room, mention: false, ..message });
            let is_new = list.insert(Line { key, id: message_id, at, body }, false);
            list.unread += usize::from(is_new && !seen && !list_is_viewed);
        }
    }

    /// Rings the bell and notifies the desktop about the last line of a conversation, as the user has configured.
    pub(super) fn alert(&mut self, id: &ConversationId, is_personal: bool) {
        if !self.alerts.try_ring(self.now.ms, is_personal) {
            return;
        }
        self.effects.push(ScreenEffect::Bell);
        if self.alerts.notifies()
            && let Some(conversation) = self.conversations.get(id)
            && let Some(line) = conversation.lines().back()
        {
            let title = &conversation.title;
            let text = match &line.body {
                Body::Message(message) => format!("{} ({title}): {}", message.user, flatten(&message.shown_text())),
                Body::Notice { text, .. } => format!("({title}): {text}"),
                Body::Presence(_) | Body::Removed(_) => return,
            };
            self.effects.push(ScreenEffect::Notify(text));
        }
    }

    /// Counts a secret chat as unread and rings the bell, for a request or a change of its state.
    pub(super) fn request_attention(&mut self, id: &ConversationId, from: &str) {
        let is_viewed = self.conversations.viewed().id == *id;
        let conversation = self.conversations.open(id, from);
        if !is_viewed {
            conversation.unread += 1;
            conversation.mentions += 1;
        }
        self.alert(id, true);
    }

    /// Handles a user who has connected. The event does not tell the user's rooms, so all member lists become stale.
    pub(super) fn user_connected(&mut self, at: i64, user: &str, is_encrypted: bool) {
        self.people.add(user);
        self.people.record_encryption(user, is_encrypted);
        self.mark_members_stale();
        self.add_presence(&ConversationId::Server, at, user, true);
        self.add_presence(&ConversationId::user(user), at, user, true);
    }

    /// Handles a user who has disconnected, and so left all rooms.
    pub(super) fn user_disconnected(&mut self, at: i64, user: &str) {
        self.people.remove(user);
        self.requests.close_all_of(user);
        self.note_user_gone(user, None);
        self.add_presence(&ConversationId::Server, at, user, false);
        self.add_presence(&ConversationId::user(user), at, user, false);
        let ids: Vec<ConversationId> = self.conversations.iter().map(|c| c.id.clone()).collect();
        for id in ids.iter().filter(|id| matches!(id, ConversationId::Room(_))) {
            let Some(conversation) = self.conversations.get_mut(id) else { continue };
            conversation.room_status.record_left(user);
            if conversation.members.remove(user) {
                self.add_presence(id, at, user, false);
            }
        }
    }

    /// Handles a user who has joined a room, or left it if not `joined`.
    pub(super) fn user_moved(&mut self, at: i64, user: &str, room: &str, joined: bool) {
        let id = ConversationId::room(room);
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if joined {
            conversation.members.add(user);
            self.people.add(user);
        } else {
            conversation.members.remove(user);
            conversation.room_status.record_left(user);
            self.note_user_gone(user, Some(room));
        }
        self.add_presence(&id, at, user, joined);
    }

    /// Handles the number of joins and leaves in a room, or of connects and disconnects at the server.
    pub(super) fn add_presence_batch(&mut self, at: i64, room: Option<&str>, joined: usize, left: usize) {
        let key = self.next_key();
        let id = room.map_or(ConversationId::Server, ConversationId::room);
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.add_presence(key, at, |presence| presence.add_many(joined, left));
        }
        self.mark_members_stale();
    }

    fn mark_members_stale(&mut self) {
        for conversation in self.conversations.iter_mut().filter(|c| matches!(c.id, ConversationId::Room(_))) {
            conversation.members_stale = true;
        }
    }

    /// Adds a join of a user, or a leave if not `joined`, to a conversation if it exists.
    fn add_presence(&mut self, id: &ConversationId, at: i64, user: &str, joined: bool) {
        let key = self.next_key();
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.add_presence(key, at, |presence| presence.add(user, joined));
        }
    }

    /// Records which users of a list are in the clear. Returns the cleaned names of all its users.
    pub(super) fn record_listed(&mut self, users: &[Text<'_>], unencrypted: &[Text<'_>]) -> Vec<Box<str>> {
        let [users, unencrypted] = [users, unencrypted].map(|names| names.iter().map(|it| cleaned_name(it)).collect());
        let users: Vec<Box<str>> = users;
        self.people.record_encryption_of(&users, &unencrypted);
        users
    }

    /// Handles the list of users online, or a page of it. Shows it unless the client requested it `in_background`.
    pub(super) fn update_online(&mut self, users: &[Box<str>], part: &Part<'_>, in_background: bool) {
        self.people.update_from_list(users.iter().map(|name| &**name), part.is_whole());
        if !in_background {
            self.show_list("online", users, part);
        }
    }

    /// Handles the members of a room. Users missing from the previous list have joined since. A page of a long list only
    /// adds members: users may be missing from it because they are on another page.
    pub(super) fn update_members(
        &mut self,
        at: i64,
        room: &str,
        users: &[Box<str>],
        part: &Part<'_>,
        in_background: bool,
    ) {
        let id = ConversationId::room(room);
        let mut new = Vec::new();
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.members_stale = false;
            conversation.members_listed = true;
            let has_no_previous = conversation.members.is_empty() || !part.is_whole();
            let previous = conversation.members.clone();
            if part.is_whole() {
                conversation.members.clear();
            }
            for user in users {
                conversation.members.add(user);
                if !has_no_previous && !previous.contains(user) {
                    new.push(user.clone());
                }
            }
        }
        new.retain(|user| *user != self.me);
        for user in &new {
            self.add_presence(&id, at, user, true);
        }
        if !in_background {
            self.show_list(&format!("in {}", cleaned_name(room)), users, part);
        }
    }

    /// Shows a list that the user asked for.
    fn show_list(&mut self, what: &str, users: &[Box<str>], part: &Part<'_>) {
        let list = cleaned(&users.join(", "), NOTICE_CHARS);
        let more = part.more.as_ref().map_or(String::new(), |more| format!(", {more}"));
        self.add_notice_here(Severity::Info, &format!("{} {what}: {list}{more}", users.len()));
    }
}
