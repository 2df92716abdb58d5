//! What was said before, and is looked up: to fill a gap, because the user reads back, or because the user asked.

use super::State;
use crate::chat::conversation::{ConversationId, Older};
use crate::chat::limits::NOTICE_CHARS;
use crate::chat::line::{Body, Delivery, Line, Severity, Talk, name, said, shortened};
use crate::engine::{IncomingEvent, MessageSource, RequestKind};
use landline_common::history::Location as Where;
use landline_common::{Event, EventKind, text};

impl State {
    /// One message out of the history.
    pub(super) fn recalled(&mut self, event: &Event<'_>, heard: &IncomingEvent) {
        match heard.source {
            // The engine tells what it is, or the delivery of one's own line does.
            MessageSource::HeldBack => {}
            _ if heard.own_key.is_some() => {}
            MessageSource::Missed if !heard.is_new => {}
            MessageSource::Search => self.found(event),
            looked => self.place_recalled(event, looked),
        }
    }

    /// A message of which it is known by now whether it was missed.
    pub(super) fn recalled_late(&mut self, event: &Event<'_>, missed: bool) {
        self.place_recalled(event, if missed { MessageSource::Missed } else { MessageSource::Scrollback });
    }

    fn place_recalled(&mut self, event: &Event<'_>, looked: MessageSource) {
        let EventKind::Recalled { id, place, user, text } = &event.what else { return };
        let at = event.at.unix_ms;
        let (user, own) = (name(user), self.is_me(user));
        let (place, title) = self.where_said(place, &user, own);
        // Reading back in a room does not open other conversations.
        if looked == MessageSource::Scrollback && self.conversations.get(&place).is_none() {
            return;
        }
        let text = said(text);
        if self.conversations.open(&place, &title).has(*id) {
            return;
        }
        let mention = !own && self.is_named(&place, &text);
        let delivery = if own { Delivery::Sent } else { Delivery::Heard };
        let talk = Talk { user, text, room: None, mention, private: false, delivery };
        if looked == MessageSource::Missed {
            return self.arrived(&place, Some(*id), at, talk, false);
        }
        let key = self.key_number();
        if let Some(conversation) = self.conversations.get_mut(&place) {
            conversation.insert(Line { key, id: Some(*id), at, body: Body::Talk(talk) }, true);
        }
    }

    /// Where a message out of the history belongs, and what that is called.
    fn where_said(&self, place: &Where<'_>, user: &str, own: bool) -> (ConversationId, Box<str>) {
        match place {
            Where::Room(room) => (ConversationId::room(room), name(room)),
            Where::Global => (ConversationId::Global, "everybody".into()),
            Where::DirectMessage { to } if own => (ConversationId::person(to), name(to)),
            Where::DirectMessage { .. } => (ConversationId::person(user), user.into()),
        }
    }

    /// A search found something: shown where one looks, with the place and the day.
    fn found(&mut self, event: &Event<'_>) {
        let EventKind::Recalled { place, user, text, .. } = &event.what else { return };
        let (user, own) = (name(user), self.is_me(user));
        let (_, title) = self.where_said(place, &user, own);
        let date = self.now.zone.at(event.at.unix_ms).date();
        self.tell(Severity::Info, &shortened(&format!("[{title} {date}] {user}: {text}"), NOTICE_CHARS));
    }

    /// That was all of one page: how many, a remark, and whether there is more.
    pub(super) fn recall_end(
        &mut self,
        event: &Event<'_>,
        heard: &IncomingEvent,
        (shown, remark, more): (usize, &str, bool),
    ) {
        match &heard.answer {
            Some((RequestKind::Older(room), _)) => {
                if let Some(conversation) = self.conversations.get_mut(&ConversationId::Room(room.clone())) {
                    conversation.older = if more { Older::Perhaps } else { Older::Nothing };
                }
            }
            Some((kind, _)) if !kind.is_typed() => {}
            _ if shown == 0 && remark.is_empty() => self.tell(Severity::Info, "nothing was found"),
            _ => {
                let line = text::plain(event);
                self.tell(Severity::Info, &shortened(line.strip_prefix("INFO: ").unwrap_or(&line), NOTICE_CHARS));
            }
        }
    }

    /// Asks for what was said before the first line of the room one looks at.
    pub(super) fn ask_older(&mut self) {
        let up = self.engine.is_up();
        let conversation = self.conversations.viewed_mut();
        let ConversationId::Room(room) = conversation.place.clone() else { return };
        let full = conversation.lines().len() >= crate::chat::limits::LINES;
        if !up || full || conversation.older != Older::Perhaps {
            return;
        }
        conversation.older = Older::Asked;
        conversation.reopen();
        let first = conversation.oldest_id();
        self.engine.request_older(&room, first);
    }

    /// Where less is known of the room one looks at than fits on the screen, what was said before is asked for.
    pub(super) fn fill_screen(&mut self) {
        let (viewed, height) = (self.conversations.viewed(), self.geometry().rows);
        let ConversationId::Room(room) = &viewed.place else { return };
        // What was cleared away comes back only if the user asks for it.
        if viewed.is_cleared() {
            return;
        }
        let known = viewed.lines().iter().filter(|line| line.id.is_some()).count();
        if known > 0 && known < height && viewed.older == Older::Perhaps && self.engine.is_caught_up(room) {
            self.ask_older();
        }
    }

    /// There is no history to be had.
    pub(super) fn no_older(&mut self, room: &str) {
        if let Some(conversation) = self.conversations.get_mut(&ConversationId::Room(room.into())) {
            conversation.older = Older::Nothing;
        }
    }
}
