//! What others say, and who is where.

use super::State;
use crate::chat::ScreenEffect;
use crate::chat::conversation::ConversationId;
use crate::chat::line::{Body, ChatMessage, Delivery, Line, cleaned, cleaned_message, cleaned_name};
use crate::engine::IncomingEvent;
use landline_common::clean::flatten;
use landline_common::event::{Part, Text};
use landline_common::mention::is_mentioned;
use landline_common::name::is_server_author;

impl State {
    /// Somebody said something; perhaps it is one's own line that comes back.
    pub(super) fn show_message(
        &mut self,
        id: &ConversationId,
        title: &str,
        (message_id, at): (u64, i64),
        (user, text): (&str, &str),
        incoming: &IncomingEvent,
    ) {
        // The delivery of one's own line says where it belongs.
        if incoming.own_key.is_some() {
            return;
        }
        let (user, text) = (cleaned_name(user), cleaned_message(text));
        self.conversations.open(id, &cleaned_name(title));
        let own = self.is_me(&user) && *id != ConversationId::user(&user);
        let delivery = if own { Delivery::Sent } else { Delivery::Received };
        let mention = !own && self.is_named(id, &text);
        let message = ChatMessage { user, text, room: None, mention, private: false, delivery };
        self.insert_message(id, Some(message_id), at, message, !own);
    }

    /// Somebody said something in a chat that is stored nowhere.
    pub(super) fn show_secret_message(&mut self, id: &ConversationId, at: i64, from: &str, text: &str) {
        let (user, text) = (cleaned_name(from), cleaned_message(text));
        self.conversations.open(id, &user);
        let mention = self.is_named(id, &text);
        let message = ChatMessage { user, text, room: None, mention, private: true, delivery: Delivery::Received };
        self.insert_message(id, None, at, message, true);
    }

    /// Whether a text in that conversation names the user.
    pub(super) fn is_named(&self, id: &ConversationId, text: &str) -> bool {
        let members = self.conversations.get(id).into_iter().flat_map(|conversation| conversation.members.iter());
        is_mentioned(text, &self.me, members.chain(self.people.online().iter()))
    }

    /// A message takes its place; whoever is not looking is told of it, `aloud` if it is new.
    pub(super) fn insert_message(
        &mut self,
        id: &ConversationId,
        message_id: Option<u64>,
        at: i64,
        message: ChatMessage,
        aloud: bool,
    ) {
        // For a notice that may stand before it, and for itself.
        let (before, key) = (self.next_key(), self.next_key());
        let is_viewed = self.conversations.viewed().id == *id;
        // What is said to everybody is an announcement: it is for each of them.
        let personal = message.mention || id.is_one_to_one() || *id == ConversationId::Global;
        let incoming = message.delivery == Delivery::Received;
        // What the server says itself makes no user of it.
        let of_user = incoming && !is_server_author(&message.user);
        // Past the server, people talk whether or not they are there.
        if of_user && aloud && !matches!(id, ConversationId::Encrypted(_)) {
            self.people.add(&message.user);
        }
        let copy = (message.mention && matches!(id, ConversationId::Room(_) | ConversationId::Global))
            .then(|| message.clone());
        let Some(conversation) = self.conversations.get_mut(id) else { return };
        if of_user {
            conversation.record_speaker(&message.user);
            // They signed in to the room since its people were last listed.
            let listed = !conversation.members.is_empty() && matches!(id, ConversationId::Room(_)) && aloud;
            if listed && conversation.members.add(&message.user) {
                conversation.add_presence(before, at, |presence| presence.add(&message.user, true));
            }
        }
        let line = Line { key, id: message_id, at, body: Body::Message(message) };
        if !conversation.insert(line, !aloud) || !incoming {
            return;
        }
        conversation.new_below += usize::from(is_viewed && conversation.scroll.is_some());
        // What was missed is new also where one looks.
        if !is_viewed || !aloud {
            conversation.marker = conversation.marker.or(Some(key));
        }
        if !is_viewed {
            conversation.unread += 1;
            conversation.mentions += usize::from(personal);
        }
        if let Some(message) = copy {
            self.add_to_mentions(id, message_id, at, message, is_viewed && aloud);
        }
        if aloud {
            self.alert(id, personal);
        }
    }

    /// Into the list of mentions.
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
        let list_viewed = self.conversations.viewed().id == ConversationId::Mentions;
        if let Some(list) = self.conversations.get_mut(&ConversationId::Mentions) {
            let body = Body::Message(ChatMessage { room, mention: false, ..message });
            let new = list.insert(Line { key, id: message_id, at, body }, false);
            list.unread += usize::from(new && !seen && !list_viewed);
        }
    }

    fn alert(&mut self, id: &ConversationId, personal: bool) {
        if !self.alerts.try_ring(self.now.ms, personal) {
            return;
        }
        self.effects.push(ScreenEffect::Bell);
        if self.alerts.notifies()
            && let Some(conversation) = self.conversations.get(id)
            && let Some(Line { body: Body::Message(message), .. }) = conversation.lines().back()
        {
            let text = flatten(&message.text);
            self.effects.push(ScreenEffect::Notify(format!("{} ({}): {text}", message.user, conversation.title)));
        }
    }

    /// Somebody asks for one's attention without saying anything.
    pub(super) fn request_attention(&mut self, id: &ConversationId, from: &str) {
        let is_viewed = self.conversations.viewed().id == *id;
        let conversation = self.conversations.open(id, from);
        if !is_viewed {
            conversation.unread += 1;
            conversation.mentions += 1;
        }
        self.alert(id, true);
    }

    /// Somebody signed in: into which room, nobody said.
    pub(super) fn user_connected(&mut self, at: i64, user: &str) {
        self.people.add(user);
        for conversation in self.conversations.iter_mut().filter(|c| matches!(c.id, ConversationId::Room(_))) {
            conversation.members_stale = true;
        }
        self.add_presence(&ConversationId::Server, at, user, true);
        self.add_presence_to_direct_messages(at, user, true);
    }

    pub(super) fn user_disconnected(&mut self, at: i64, user: &str) {
        self.people.remove(user);
        self.requests.close_all_of(user);
        self.add_presence(&ConversationId::Server, at, user, false);
        self.add_presence_to_direct_messages(at, user, false);
        let rooms: Vec<ConversationId> = self.conversations.iter().map(|c| c.id.clone()).collect();
        for id in rooms.iter().filter(|id| matches!(id, ConversationId::Room(_))) {
            if self.conversations.get_mut(id).is_some_and(|conversation| conversation.members.remove(user)) {
                self.add_presence(id, at, user, false);
            }
        }
    }

    /// In the conversation with that person, if there is one.
    fn add_presence_to_direct_messages(&mut self, at: i64, user: &str, joined: bool) {
        self.add_presence(&ConversationId::user(user), at, user, joined);
    }

    /// Somebody came into a room, or left it.
    pub(super) fn user_moved(&mut self, at: i64, user: &str, room: &str, joined: bool) {
        let id = ConversationId::room(room);
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        if joined {
            conversation.members.add(user);
            self.people.add(user);
        } else {
            conversation.members.remove(user);
        }
        self.add_presence(&id, at, user, joined);
    }

    /// Many came and went at once, somewhere or at all.
    pub(super) fn add_presence_batch(&mut self, at: i64, room: Option<&str>, joined: usize, left: usize) {
        let key = self.next_key();
        let id = room.map_or(ConversationId::Server, ConversationId::room);
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.add_presence(key, at, |presence| presence.add_many(joined, left));
        }
        for conversation in self.conversations.iter_mut().filter(|c| matches!(c.id, ConversationId::Room(_))) {
            conversation.members_stale = true;
        }
    }

    fn add_presence(&mut self, id: &ConversationId, at: i64, user: &str, joined: bool) {
        let key = self.next_key();
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.add_presence(key, at, |presence| presence.add(user, joined));
        }
    }

    /// Who is online, or one page of them: then all stay who are known already.
    pub(super) fn update_online(&mut self, users: &[Text<'_>], part: &Part<'_>, in_background: bool) {
        let names: Vec<Box<str>> = users.iter().map(|user| cleaned_name(user)).collect();
        self.people.update_from_list(names.iter().map(|name| &**name), part.is_whole());
        if !in_background {
            self.show_list("online", users, part);
        }
    }

    /// Who is in a room. Those who were not there the last time have come since; of one page nothing is known of those
    /// who are on no other.
    pub(super) fn update_members(
        &mut self,
        at: i64,
        (room, users, part): (&str, &[Text<'_>], &Part<'_>),
        in_background: bool,
    ) {
        let id = ConversationId::room(room);
        let users: Vec<Box<str>> = users.iter().map(|user| cleaned_name(user)).collect();
        let mut new = Vec::new();
        if let Some(conversation) = self.conversations.get_mut(&id) {
            (conversation.members_stale, conversation.members_listed) = (false, true);
            let first = conversation.members.is_empty() || !part.is_whole();
            let old = conversation.members.clone();
            if part.is_whole() {
                conversation.members.clear();
            }
            for user in &users {
                conversation.members.add(user);
                if !first && !old.contains(user) {
                    new.push(user.clone());
                }
            }
        }
        new.retain(|user| *user != self.me);
        for user in &new {
            self.add_presence(&id, at, user, true);
        }
        if !in_background {
            let users: Vec<Text<'_>> = users.iter().map(|user| Text::Borrowed(&**user)).collect();
            self.show_list(&format!("in {}", cleaned_name(room)), &users, part);
        }
    }

    fn show_list(&mut self, what: &str, users: &[Text<'_>], part: &Part<'_>) {
        let list = cleaned(&users.join(", "), crate::chat::limits::NOTICE_CHARS);
        let more = part.more.as_ref().map_or(String::new(), |more| format!(", {more}"));
        self.add_notice_here(crate::chat::line::Severity::Info, &format!("{} {what}: {list}{more}", users.len()));
    }
}
