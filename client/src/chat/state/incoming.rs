//! What others say, and who is where.

use super::State;
use crate::chat::ScreenEffect;
use crate::chat::conversation::ConversationId;
use crate::chat::line::{Body, Delivery, Line, Talk, name, said, shortened};
use crate::engine::IncomingEvent;
use landline_common::clean::flatten;
use landline_common::event::{Part, Text};
use landline_common::mention::is_mentioned;
use landline_common::name::is_server_author;

impl State {
    /// Somebody said something; perhaps it is one's own line that comes back.
    pub(super) fn said(
        &mut self,
        place: &ConversationId,
        title: &str,
        (id, at): (u64, i64),
        (user, text): (&str, &str),
        heard: &IncomingEvent,
    ) {
        // The delivery of one's own line says where it belongs.
        if heard.own_key.is_some() {
            return;
        }
        let (user, text) = (name(user), said(text));
        self.conversations.open(place, &name(title));
        let own = self.is_me(&user) && *place != ConversationId::person(&user);
        let delivery = if own { Delivery::Sent } else { Delivery::Heard };
        let mention = !own && self.is_named(place, &text);
        let talk = Talk { user, text, room: None, mention, private: false, delivery };
        self.arrived(place, Some(id), at, talk, !own);
    }

    /// Somebody said something in a chat that is stored nowhere.
    pub(super) fn said_secretly(&mut self, place: &ConversationId, at: i64, from: &str, text: &str) {
        let (user, text) = (name(from), said(text));
        self.conversations.open(place, &user);
        let mention = self.is_named(place, &text);
        let talk = Talk { user, text, room: None, mention, private: true, delivery: Delivery::Heard };
        self.arrived(place, None, at, talk, true);
    }

    /// Whether a text in that conversation names the user.
    pub(super) fn is_named(&self, place: &ConversationId, text: &str) -> bool {
        let members = self.conversations.get(place).into_iter().flat_map(|conversation| conversation.members.iter());
        is_mentioned(text, &self.me, members.chain(self.people.online().iter()))
    }

    /// A message takes its place; whoever is not looking is told of it, `aloud` if it is new.
    pub(super) fn arrived(&mut self, place: &ConversationId, id: Option<u64>, at: i64, talk: Talk, aloud: bool) {
        // For a notice that may stand before it, and for itself.
        let (before, key) = (self.key_number(), self.key_number());
        let is_viewed = self.conversations.viewed().place == *place;
        // What is said to everybody is an announcement: it is for each of them.
        let personal = talk.mention || place.is_personal() || *place == ConversationId::Global;
        let heard = talk.delivery == Delivery::Heard;
        // What the server says itself makes no user of it.
        let of_user = heard && !is_server_author(&talk.user);
        // Past the server, people talk whether or not they are there.
        if of_user && aloud && !matches!(place, ConversationId::Direct(_)) {
            self.people.came(&talk.user);
        }
        let copy =
            (talk.mention && matches!(place, ConversationId::Room(_) | ConversationId::Global)).then(|| talk.clone());
        let Some(conversation) = self.conversations.get_mut(place) else { return };
        if of_user {
            conversation.spoke(&talk.user);
            // They signed in to the room since its people were last listed.
            let listed = !conversation.members.is_empty() && matches!(place, ConversationId::Room(_)) && aloud;
            if listed && conversation.members.add(&talk.user) {
                conversation.presence(before, at, |presence| presence.add(&talk.user, true));
            }
        }
        let line = Line { key, id, at, body: Body::Talk(talk) };
        if !conversation.insert(line, !aloud) || !heard {
            return;
        }
        conversation.below += usize::from(is_viewed && conversation.scroll.is_some());
        // What was missed is new also where one looks.
        if !is_viewed || !aloud {
            conversation.marker = conversation.marker.or(Some(key));
        }
        if !is_viewed {
            conversation.unread += 1;
            conversation.mentions += usize::from(personal);
        }
        if let Some(talk) = copy {
            self.mentioned(place, id, at, talk, is_viewed && aloud);
        }
        if aloud {
            self.ring(place, personal);
        }
    }

    /// Into the list of mentions.
    fn mentioned(&mut self, place: &ConversationId, id: Option<u64>, at: i64, talk: Talk, seen: bool) {
        let key = self.key_number();
        let room = self.conversations.get(place).map(|conversation| conversation.title.clone());
        let list_viewed = self.conversations.viewed().place == ConversationId::Mentions;
        if let Some(list) = self.conversations.get_mut(&ConversationId::Mentions) {
            let body = Body::Talk(Talk { room, mention: false, ..talk });
            let new = list.insert(Line { key, id, at, body }, false);
            list.unread += usize::from(new && !seen && !list_viewed);
        }
    }

    fn ring(&mut self, place: &ConversationId, personal: bool) {
        if !self.alerts.ring(self.now.ms, personal) {
            return;
        }
        self.effects.push(ScreenEffect::Bell);
        if self.alerts.notifies()
            && let Some(conversation) = self.conversations.get(place)
            && let Some(Line { body: Body::Talk(talk), .. }) = conversation.lines().back()
        {
            let text = flatten(&talk.text);
            self.effects.push(ScreenEffect::Notify(format!("{} ({}): {text}", talk.user, conversation.title)));
        }
    }

    /// Somebody asks for one's attention without saying anything.
    pub(super) fn called(&mut self, place: &ConversationId, from: &str) {
        let is_viewed = self.conversations.viewed().place == *place;
        let conversation = self.conversations.open(place, from);
        if !is_viewed {
            conversation.unread += 1;
            conversation.mentions += 1;
        }
        self.ring(place, true);
    }

    /// Somebody signed in: into which room, nobody said.
    pub(super) fn connected(&mut self, at: i64, user: &str) {
        self.people.came(user);
        for conversation in self.conversations.iter_mut().filter(|c| matches!(c.place, ConversationId::Room(_))) {
            conversation.stale = true;
        }
        self.presence(&ConversationId::Server, at, user, true);
        self.presence_if_open(at, user, true);
    }

    pub(super) fn disconnected(&mut self, at: i64, user: &str) {
        self.people.went(user);
        self.requests.close_of(user);
        self.presence(&ConversationId::Server, at, user, false);
        self.presence_if_open(at, user, false);
        let rooms: Vec<ConversationId> = self.conversations.iter().map(|c| c.place.clone()).collect();
        for place in rooms.iter().filter(|place| matches!(place, ConversationId::Room(_))) {
            if self.conversations.get_mut(place).is_some_and(|conversation| conversation.members.remove(user)) {
                self.presence(place, at, user, false);
            }
        }
    }

    /// In the conversation with that person, if there is one.
    fn presence_if_open(&mut self, at: i64, user: &str, came: bool) {
        self.presence(&ConversationId::person(user), at, user, came);
    }

    /// Somebody came into a room, or left it.
    pub(super) fn moved(&mut self, at: i64, user: &str, room: &str, came: bool) {
        let place = ConversationId::room(room);
        let Some(conversation) = self.conversations.get_mut(&place) else { return };
        if came {
            conversation.members.add(user);
            self.people.came(user);
        } else {
            conversation.members.remove(user);
        }
        self.presence(&place, at, user, came);
    }

    /// Many came and went at once, somewhere or at all.
    pub(super) fn gathered(&mut self, at: i64, room: Option<&str>, came: usize, went: usize) {
        let key = self.key_number();
        let place = room.map_or(ConversationId::Server, ConversationId::room);
        if let Some(conversation) = self.conversations.get_mut(&place) {
            conversation.presence(key, at, |presence| presence.add_many(came, went));
        }
        for conversation in self.conversations.iter_mut().filter(|c| matches!(c.place, ConversationId::Room(_))) {
            conversation.stale = true;
        }
    }

    fn presence(&mut self, place: &ConversationId, at: i64, user: &str, came: bool) {
        let key = self.key_number();
        if let Some(conversation) = self.conversations.get_mut(place) {
            conversation.presence(key, at, |presence| presence.add(user, came));
        }
    }

    /// Who is online, or one page of them: then all stay who are known already.
    pub(super) fn listed_online(&mut self, users: &[Text<'_>], part: &Part<'_>, by_itself: bool) {
        let names: Vec<Box<str>> = users.iter().map(|user| name(user)).collect();
        self.people.listed(names.iter().map(|name| &**name), part.is_whole());
        if !by_itself {
            self.show_list("online", users, part);
        }
    }

    /// Who is in a room. Those who were not there the last time have come since; of one page nothing is known of those
    /// who are on no other.
    pub(super) fn listed_members(
        &mut self,
        at: i64,
        (room, users, part): (&str, &[Text<'_>], &Part<'_>),
        by_itself: bool,
    ) {
        let place = ConversationId::room(room);
        let users: Vec<Box<str>> = users.iter().map(|user| name(user)).collect();
        let mut new = Vec::new();
        if let Some(conversation) = self.conversations.get_mut(&place) {
            (conversation.stale, conversation.listed) = (false, true);
            let first = conversation.members.is_empty() || !part.is_whole();
            let old = conversation.members.clone();
            if part.is_whole() {
                conversation.members.clear();
            }
            for user in &users {
                conversation.members.add(user);
                if !first && !old.has(user) {
                    new.push(user.clone());
                }
            }
        }
        new.retain(|user| *user != self.me);
        for user in &new {
            self.presence(&place, at, user, true);
        }
        if !by_itself {
            let users: Vec<Text<'_>> = users.iter().map(|user| Text::Borrowed(&**user)).collect();
            self.show_list(&format!("in {}", name(room)), &users, part);
        }
    }

    fn show_list(&mut self, what: &str, users: &[Text<'_>], part: &Part<'_>) {
        let list = shortened(&users.join(", "), crate::chat::limits::NOTICE_CHARS);
        let more = part.more.as_ref().map_or(String::new(), |more| format!(", {more}"));
        self.tell(crate::chat::line::Severity::Info, &format!("{} {what}: {list}{more}", users.len()));
    }
}
