//! Shows messages from the history, and requests older ones: to fill a gap after a lost connection, when the user scrolls
//! back, or at the user's command.

use super::State;
use crate::chat::conversation::{ConversationId, OlderHistory};
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, ChatMessage, Delivery, EDITED, Line, Severity, cleaned, cleaned_message, cleaned_name};
use crate::engine::{IncomingEvent, MessageSource, RequestKind};
use landline_common::history::Location;
use landline_common::{Event, EventKind, text};

impl State {
    /// Handles a message from the history.
    pub(super) fn add_from_history(&mut self, event: &Event<'_>, incoming: &IncomingEvent) {
        match incoming.source {
            // The engine sends an update once it knows whether the message was missed.
            MessageSource::HeldBack => {}
            // The delivery update of the user's own line shows it.
            _ if incoming.own_key.is_some() => {}
            MessageSource::Missed if !incoming.is_new => {}
            MessageSource::Search => self.show_search_hit(event),
            looked => self.insert_from_history(event, looked),
        }
    }

    /// Handles a message that the engine held back until it knew whether the user has missed it.
    pub(super) fn add_held_back(&mut self, event: &Event<'_>, missed: bool) {
        self.insert_from_history(event, if missed { MessageSource::Missed } else { MessageSource::Scrollback });
    }

    /// Inserts a message into its conversation. Only a missed one counts as unread.
    fn insert_from_history(&mut self, event: &Event<'_>, looked: MessageSource) {
        let EventKind::Recalled { id, place, user, text, edited } = &event.what else { return };
        let at = event.at.unix_ms;
        let is_own = self.is_me(user);
        let user = cleaned_name(user);
        let (conversation_id, title) = self.conversation_of(place, &user, is_own);
        // Scrolling back in a room must not open other conversations.
        if looked == MessageSource::Scrollback && self.conversations.get(&conversation_id).is_none() {
            return;
        }
        let text = cleaned_message(text);
        if self.conversations.open(&conversation_id, &title).contains_id(*id) {
            return;
        }
        let mention = !is_own && self.is_named(&conversation_id, &text);
        let delivery = if is_own { Delivery::Sent } else { Delivery::Received };
        let message = ChatMessage { user, text, room: None, mention, edited: *edited, private: false, delivery };
        if looked == MessageSource::Missed {
            return self.insert_message(&conversation_id, Some(*id), at, message, false);
        }
        let key = self.next_key();
        if let Some(conversation) = self.conversations.get_mut(&conversation_id) {
            conversation.insert(Line { key, id: Some(*id), at, body: Body::Message(message) }, true);
        }
    }

    /// Returns the conversation of a message from the history, and its title.
    fn conversation_of(&self, place: &Location<'_>, user: &str, is_own: bool) -> (ConversationId, Box<str>) {
        match place {
            Location::Room(room) => (ConversationId::room(room), cleaned_name(room)),
            Location::Global => (ConversationId::Global, "everybody".into()),
            Location::DirectMessage { to } if is_own => (ConversationId::user(to), cleaned_name(to)),
            Location::DirectMessage { .. } => (ConversationId::user(user), user.into()),
        }
    }

    /// Shows a search result in the viewed conversation, with its conversation and date.
    fn show_search_hit(&mut self, event: &Event<'_>) {
        let EventKind::Recalled { id, place, user, text, edited } = &event.what else { return };
        let is_own = self.is_me(user);
        let user = cleaned_name(user);
        let (_, title) = self.conversation_of(place, &user, is_own);
        let date = self.now.zone.at(event.at.unix_ms).date();
        let mark = if *edited { EDITED } else { "" };
        self.add_quote_here(*id, &cleaned(&format!("[{title} {date}] {user}{mark}: {text}"), NOTICE_CHARS));
    }

    /// Handles the end of a page of the history: the number of messages, a remark, and whether there are more.
    pub(super) fn history_page_end(
        &mut self,
        event: &Event<'_>,
        incoming: &IncomingEvent,
        shown: usize,
        remark: &str,
        more: bool,
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

    /// Requests the messages before the first line of the viewed room. Does nothing if the conversation is full, or the
    /// server has no more.
    pub(super) fn request_older(&mut self) {
        let is_up = self.engine.is_up();
        let conversation = self.conversations.viewed_mut();
        let ConversationId::Room(room) = conversation.id.clone() else { return };
        let is_full = conversation.lines().len() >= crate::chat::limits::MAX_LINES;
        if !is_up || is_full || conversation.older_history != OlderHistory::Unknown {
            return;
        }
        conversation.older_history = OlderHistory::Requested;
        conversation.undo_clear();
        let first = conversation.oldest_id();
        self.engine.request_older(&room, first);
    }

    /// Requests older messages if the known ones of the viewed room do not fill the screen.
    pub(super) fn request_older_if_short(&mut self) {
        let viewed = self.conversations.viewed();
        let height = self.geometry().rows;
        let ConversationId::Room(room) = &viewed.id else { return };
        // Cleared messages come back only if the user asks for them.
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

    /// Records that a room has no older messages.
    pub(super) fn no_older_history(&mut self, room: &str) {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::Room(room.into())) {
            conversation.older_history = OlderHistory::Exhausted;
        }
    }
}
