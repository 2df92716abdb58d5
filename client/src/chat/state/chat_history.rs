//! What was said before, and is looked up: to fill a gap, because the user reads back, or because the user asked.

use super::State;
use crate::chat::conversation::{ConversationId, OlderHistory};
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, ChatMessage, Delivery, Line, Severity, cleaned, cleaned_message, cleaned_name};
use crate::engine::{IncomingEvent, MessageSource, RequestKind};
use landline_common::history::Location as Where;
use landline_common::{Event, EventKind, text};

impl State {
    /// One message out of the history.
    pub(super) fn add_from_history(&mut self, event: &Event<'_>, incoming: &IncomingEvent) {
        match incoming.source {
            // The engine tells what it is, or the delivery of one's own line does.
            MessageSource::HeldBack => {}
            _ if incoming.own_key.is_some() => {}
            MessageSource::Missed if !incoming.is_new => {}
            MessageSource::Search => self.show_search_hit(event),
            looked => self.insert_from_history(event, looked),
        }
    }

    /// A message of which it is known by now whether it was missed.
    pub(super) fn add_held_back(&mut self, event: &Event<'_>, missed: bool) {
        self.insert_from_history(event, if missed { MessageSource::Missed } else { MessageSource::Scrollback });
    }

    fn insert_from_history(&mut self, event: &Event<'_>, looked: MessageSource) {
        let EventKind::Recalled { id, place, user, text } = &event.what else { return };
        let at = event.at.unix_ms;
        let (user, own) = (cleaned_name(user), self.is_me(user));
        let (place, title) = self.conversation_of(place, &user, own);
        // Reading back in a room does not open other conversations.
        if looked == MessageSource::Scrollback && self.conversations.get(&place).is_none() {
            return;
        }
        let text = cleaned_message(text);
        if self.conversations.open(&place, &title).contains_id(*id) {
            return;
        }
        let mention = !own && self.is_named(&place, &text);
        let delivery = if own { Delivery::Sent } else { Delivery::Received };
        let message = ChatMessage { user, text, room: None, mention, private: false, delivery };
        if looked == MessageSource::Missed {
            return self.insert_message(&place, Some(*id), at, message, false);
        }
        let key = self.next_key();
        if let Some(conversation) = self.conversations.get_mut(&place) {
            conversation.insert(Line { key, id: Some(*id), at, body: Body::Message(message) }, true);
        }
    }

    /// Where a message out of the history belongs, and what that is called.
    fn conversation_of(&self, place: &Where<'_>, user: &str, own: bool) -> (ConversationId, Box<str>) {
        match place {
            Where::Room(room) => (ConversationId::room(room), cleaned_name(room)),
            Where::Global => (ConversationId::Global, "everybody".into()),
            Where::DirectMessage { to } if own => (ConversationId::user(to), cleaned_name(to)),
            Where::DirectMessage { .. } => (ConversationId::user(user), user.into()),
        }
    }

    /// A search found something: shown where one looks, with the place and the day.
    fn show_search_hit(&mut self, event: &Event<'_>) {
        let EventKind::Recalled { place, user, text, .. } = &event.what else { return };
        let (user, own) = (cleaned_name(user), self.is_me(user));
        let (_, title) = self.conversation_of(place, &user, own);
        let date = self.now.zone.at(event.at.unix_ms).date();
        self.add_notice_here(Severity::Info, &cleaned(&format!("[{title} {date}] {user}: {text}"), NOTICE_CHARS));
    }

    /// That was all of one page: how many, a remark, and whether there is more.
    pub(super) fn history_page_end(
        &mut self,
        event: &Event<'_>,
        incoming: &IncomingEvent,
        (shown, remark, more): (usize, &str, bool),
    ) {
        match &incoming.answer {
            Some((RequestKind::Older(room), _)) => {
                if let Some(conversation) = self.conversations.get_mut(&ConversationId::Room(room.clone())) {
                    conversation.older_history = if more { OlderHistory::Unknown } else { OlderHistory::Exhausted };
                }
            }
            Some((kind, _)) if !kind.is_typed() => {}
            _ if shown == 0 && remark.is_empty() => self.add_notice_here(Severity::Info, "nothing was found"),
            _ => {
                let line = text::plain(event);
                self.add_notice_here(
                    Severity::Info,
                    &cleaned(line.strip_prefix("INFO: ").unwrap_or(&line), NOTICE_CHARS),
                );
            }
        }
    }

    /// Asks for what was said before the first line of the room one looks at.
    pub(super) fn request_older(&mut self) {
        let up = self.engine.is_up();
        let conversation = self.conversations.viewed_mut();
        let ConversationId::Room(room) = conversation.id.clone() else { return };
        let full = conversation.lines().len() >= crate::chat::limits::MAX_LINES;
        if !up || full || conversation.older_history != OlderHistory::Unknown {
            return;
        }
        conversation.older_history = OlderHistory::Requested;
        conversation.undo_clear();
        let first = conversation.oldest_id();
        self.engine.request_older(&room, first);
    }

    /// Where less is known of the room one looks at than fits on the screen, what was said before is asked for.
    pub(super) fn request_older_if_short(&mut self) {
        let (viewed, height) = (self.conversations.viewed(), self.geometry().rows);
        let ConversationId::Room(room) = &viewed.id else { return };
        // What was cleared away comes back only if the user asks for it.
        if viewed.is_cleared() {
            return;
        }
        let known = viewed.lines().iter().filter(|line| line.id.is_some()).count();
        if known > 0
            && known < height
            && viewed.older_history == OlderHistory::Unknown
            && self.engine.is_caught_up(room)
        {
            self.request_older();
        }
    }

    /// There is no history to be had.
    pub(super) fn no_older_history(&mut self, room: &str) {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::Room(room.into())) {
            conversation.older_history = OlderHistory::Exhausted;
        }
    }
}
