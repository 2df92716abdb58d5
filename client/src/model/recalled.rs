//! What was said before, and is looked up: to fill a gap, because somebody reads back, or because they asked.

use super::conversation::{Older, Place};
use super::limits::{NOTICE_CHARS, PAGES};
use super::line::{Body, Delivery, Line, Talk, Tone, name, said, shortened};
use super::outgoing::{Errand, Item};
use super::state::State;
use landline_common::history::Place as Where;
use landline_common::{Event, Moment, text};

impl State {
    /// One message out of the history.
    pub(super) fn recalled(&mut self, id: u64, at: i64, place: &Where<'_>, user: &str, text: &str) {
        let lookup = self.outgoing.in_flight().find(|errand| is_lookup(errand)).cloned();
        let (user, own) = (name(user), self.is_me(user));
        let (place, title) = match place {
            Where::Room(room) => (Place::room(room), name(room)),
            Where::Everybody => (Place::Everybody, "everybody".into()),
            Where::Direct { to } if own => (Place::person(to), name(to)),
            Where::Direct { .. } => (Place::person(&user), user.clone()),
        };
        if lookup == Some(Errand::Search) {
            return self.found(at, &title, &user, text);
        }
        let missed = matches!(&lookup, Some(Errand::CatchUp(room, _)) if !self.is_first_look(room));
        // Reading back in a room does not open other conversations.
        if !missed && lookup != Some(Errand::Recall) && self.talks.get(&place).is_none() {
            return;
        }
        let text = said(text);
        let conversation = self.talks.open(&place, &title);
        if missed {
            conversation.known_to = conversation.known_to.max(Some(id));
        }
        if conversation.has(id) {
            return;
        }
        if own && let Some(key) = conversation.own_open(&text, true) {
            self.outgoing.came_back(key);
            return conversation.confirm(key, id, at);
        }
        let mention = !own && super::arrive::names_me(&text, &self.me);
        let delivery = if own { Delivery::Sent } else { Delivery::Heard };
        let talk = Talk { user, text, room: None, mention, private: false, delivery };
        if missed {
            return self.arrived(&place, Some(id), at, talk, false);
        }
        let key = self.key_number();
        if let Some(conversation) = self.talks.get_mut(&place) {
            conversation.insert(Line { key, id: Some(id), at, body: Body::Talk(talk) }, true);
        }
    }

    /// Nothing was missed, but what was said last shows what the talk is about.
    pub(super) fn is_first_look(&self, room: &str) -> bool {
        let conversation = self.talks.get(&Place::Room(room.into()));
        conversation.is_none_or(|room| room.known_to.is_none() && (room.nothing_missed || !self.account))
    }

    /// Everything that was asked for in a room is there; somebody with an account who missed nothing gets a first look.
    fn all_recalled(&mut self, room: &str, page: usize) {
        let first_look = self.is_first_look(room);
        match self.talks.get_mut(&Place::Room(room.into())) {
            Some(conversation) if conversation.known_to.is_none() && !first_look => {
                conversation.nothing_missed = true;
                let look = self.catch_up(room, page + 1);
                self.outgoing.push_first(vec![look]);
            }
            _ => self.caught_up(room, true),
        }
    }

    /// A search found something: shown where one looks, with the place and the day.
    fn found(&mut self, at: i64, place: &str, user: &str, text: &str) {
        let date = Moment { unix_ms: at, ..self.now.wall }.date();
        self.tell(Tone::Info, &shortened(&format!("[{place} {date}] {user}: {text}"), NOTICE_CHARS));
    }

    /// That was all of one page.
    pub(super) fn recall_end(&mut self, event: &Event<'_>, shown: usize, remark: &str, next: Option<&str>) {
        match self.outgoing.answered(is_lookup) {
            Some(Errand::CatchUp(room, page)) => match next {
                Some(next)
                    if page < PAGES
                        && ["/history after", "/history unread"].iter().any(|ask| next.starts_with(ask)) =>
                {
                    let errand = Errand::CatchUp(room.clone(), page + 1);
                    self.outgoing.push_first(vec![Item { line: next.to_owned(), within: Some(room), errand }]);
                }
                _ => self.all_recalled(&room, page),
            },
            Some(Errand::Older(room)) => {
                if let Some(conversation) = self.talks.get_mut(&Place::Room(room)) {
                    conversation.older = if next.is_some() { Older::Perhaps } else { Older::Nothing };
                }
            }
            _ if shown == 0 && remark.is_empty() => self.tell(Tone::Info, "nothing was found"),
            _ => {
                let line = text::plain(event);
                self.tell(Tone::Info, &shortened(line.strip_prefix("INFO: ").unwrap_or(&line), NOTICE_CHARS));
            }
        }
    }

    /// Asks for what was said before the first line of the room one looks at.
    pub(super) fn ask_older(&mut self) {
        let up = self.link.is_up();
        let conversation = self.talks.viewed_mut();
        let Place::Room(room) = conversation.place.clone() else { return };
        let ask = conversation.oldest_id().map_or("/history".to_owned(), |first| format!("/history before {first}"));
        let full = conversation.lines().len() >= super::limits::LINES;
        if !up || full || conversation.older != Older::Perhaps {
            return;
        }
        conversation.older = Older::Asked;
        self.outgoing.push(Item { line: ask, within: Some(room.clone()), errand: Errand::Older(room) });
    }

    /// There is no history to be had.
    pub(super) fn no_older(&mut self, room: &str) {
        if let Some(conversation) = self.talks.get_mut(&Place::Room(room.into())) {
            conversation.older = Older::Nothing;
        }
    }
}

fn is_lookup(errand: &Errand) -> bool {
    matches!(errand, Errand::CatchUp(..) | Errand::Older(_) | Errand::Recall | Errand::Search)
}
