//! Direct chats, past the server. What is said there does not wait for the server, and nothing of it is asked of it:
//! lines go out at once, a few at a time, and are sent when they come back.

use super::Effect;
use super::arrive::names_me;
use super::conversation::{Conversation, Place};
use super::limits::{IN_FLIGHT, WAITING};
use super::line::{Delivery, Line, Talk, Tone, said};
use super::state::State;
use landline_common::command::Command;

impl State {
    /// Somebody asks for a direct chat.
    pub(super) fn direct_asked(&mut self, from: &str) {
        let text = format!("{from} asks for a direct private chat, past the server: /accept {from} or /reject {from}");
        self.direct_news(from, &text);
    }

    /// Somebody accepted; the two programs are coming together.
    pub(super) fn direct_ready(&mut self, user: &str) {
        self.direct_news(user, &format!("{user} accepts; connecting to {user}'s computer…"));
    }

    pub(super) fn direct_rejected(&mut self, by: &str) {
        self.direct_notice(by, &format!("{by} does not want a direct private chat now"));
    }

    /// It is open.
    pub(super) fn direct_connected(&mut self, with: &str, fingerprint: &str) {
        self.direct_news(with, &opened(with, fingerprint));
        self.talks.open(&Place::direct(with), with).direct = Some(fingerprint.into());
    }

    /// Somebody is to be asked: unless there is one already. Whether there is.
    pub(super) fn has_direct(&mut self, user: &str) -> bool {
        let place = Place::direct(user);
        let Some(conversation) = self.talks.get(&place) else { return false };
        let Some(fingerprint) = conversation.direct.clone() else { return false };
        let text = opened(&conversation.title, &fingerprint);
        self.view(&place);
        self.notice(&place, Tone::Info, &text);
        true
    }

    /// It is over, or did not come about; what has not gone out will not.
    pub(super) fn direct_ended(&mut self, with: &str, reason: &str) {
        let (place, text) = (Place::direct(with), format!("the direct chat with {with} is over: {reason}"));
        let Some(conversation) = self.talks.get_mut(&place) else {
            // One has closed it.
            return self.tell(Tone::Info, &text);
        };
        let was_open = conversation.direct.take().is_some();
        for (_, talk) in conversation.own_mut().filter(|(_, talk)| talk.delivery.is_open()) {
            talk.delivery = Delivery::Failed(reason.into());
        }
        // Whoever has ended it need not be called.
        if was_open { self.direct_news(with, &text) } else { self.notice(&place, Tone::Info, &text) }
    }

    /// Something was said in one; perhaps it is one's own line that has gone out.
    pub(super) fn direct_talk(&mut self, at: i64, with: &str, own: bool, text: &str) {
        let (place, text) = (Place::direct(with), said(text));
        if own {
            return self.direct_sent(&place, at, &text);
        }
        self.talks.open(&place, with);
        let (user, mention) = (with.into(), names_me(&text, &self.me));
        let talk = Talk { user, text, room: None, mention, private: true, delivery: Delivery::Heard };
        self.arrived(&place, None, at, talk, true);
    }

    fn direct_sent(&mut self, place: &Place, at: i64, text: &str) {
        let Some(conversation) = self.talks.get_mut(place) else { return };
        let is_it = |talk: &Talk| talk.delivery == Delivery::Pending && *talk.text == *text;
        let found = conversation.own_mut().find(|(_, talk)| is_it(talk)).map(|(key, _)| key);
        if let Some(line) = found.and_then(|key| conversation.line_mut(key)) {
            line.at = at;
            line.talk_mut().into_iter().for_each(|talk| talk.delivery = Delivery::Sent);
        }
        self.direct_go_on(place);
    }

    /// Says something in one, wherever one looks. `false` if it cannot be said.
    pub(super) fn say_directly(&mut self, to: &str, text: &str) -> bool {
        let place = Place::direct(to);
        let title = self.talks.get(&place).map_or(to.into(), |conversation| conversation.title.clone());
        let said = self.say(&place, &title, text, true);
        if said {
            self.view(&place);
        }
        said
    }

    /// Why nothing can be said there, if so.
    pub(super) fn direct_problem(&self, place: &Place, title: &str) -> Option<String> {
        let Some(conversation) = self.talks.get(place).filter(|conversation| conversation.direct.is_some()) else {
            return Some(format!("there is no direct chat with {title}; /direct {title} asks for one"));
        };
        let waiting = open(conversation).count();
        (waiting >= WAITING).then(|| "too many lines wait to be sent; wait until some are out".to_owned())
    }

    /// Sends what may go now.
    pub(super) fn direct_go_on(&mut self, place: &Place) {
        let Some(conversation) = self.talks.get_mut(place).filter(|conversation| conversation.direct.is_some()) else {
            return;
        };
        let under_way = open(conversation).filter(|talk| talk.delivery == Delivery::Pending).count();
        let to = conversation.title.clone();
        let waiting = conversation.own_mut().filter(|(_, talk)| talk.delivery == Delivery::Unsent);
        for (_, talk) in waiting.take(IN_FLIGHT.saturating_sub(under_way)) {
            talk.delivery = Delivery::Pending;
            self.effects.push(Effect::Send(Command::DirectText { to: &to, text: &talk.text }.to_string()));
        }
    }

    /// Ends one, or one that is about to begin.
    pub(super) fn stop_directly(&mut self, user: &str) -> bool {
        if let Some(conversation) = self.talks.get_mut(&Place::direct(user)) {
            conversation.direct = None;
        }
        self.effects.push(Effect::Send(Command::DirectStop(user).to_string()));
        true
    }

    /// A notice for somebody who waits for it, or does not expect it.
    fn direct_news(&mut self, user: &str, text: &str) {
        self.called(&Place::direct(user), user);
        self.direct_notice(user, text);
    }

    fn direct_notice(&mut self, user: &str, text: &str) {
        let place = Place::direct(user);
        self.talks.open(&place, user);
        self.notice(&place, Tone::Info, text);
    }
}

/// What to know about a chat that is open.
fn opened(with: &str, fingerprint: &str) -> String {
    format!(
        "direct chat with {with}: encrypted, past the server, stored nowhere. Compare these numbers with {with} by \
         voice: {fingerprint} – if {with} has others, somebody is in between. /direct-stop {with} ends it"
    )
}

/// One's own lines that have not gone out.
fn open(conversation: &Conversation) -> impl Iterator<Item = &Talk> {
    conversation.lines().iter().filter_map(Line::talk).filter(|talk| talk.delivery.is_open())
}
