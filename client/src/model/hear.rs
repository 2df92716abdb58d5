//! What the server tells: events → state.

use super::conversation::Place;
use super::limits::{NOTICE_CHARS, PAGES};
use super::line::{Delivery, Tone, name, shortened};
use super::link::room_in;
use super::outgoing::Errand;
use super::state::State;
use landline_common::event::{PROTOCOL, Text};
use landline_common::{Cause, Event, Report, What, text};

/// What the server says to somebody whom it throws out.
pub(super) const THROWN_OUT: [&str; 2] = ["You have been kicked.", "You have been banned."];

impl State {
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        let at = event.at.unix_ms;
        match &event.what {
            What::Welcome { user, server, room, account, grant } => {
                self.link.objects = grant.protocol >= PROTOCOL;
                self.welcomed(&name(user), &name(server), &name(room), *account);
            }
            What::Said { id, room, user, text } => self.said(&Place::room(room), room, *id, at, user, text),
            What::SaidToAll { id, user, text } => self.said(&Place::Everybody, "everybody", *id, at, user, text),
            What::Direct { id, from, text, .. } => self.said(&Place::person(from), from, *id, at, from, text),
            What::Private { from, text } => self.said_privately(at, from, text),
            What::Recalled { id, place, user, text } => self.recalled(*id, at, place, user, text),
            What::RecallEnd { shown, remark, next } => self.recall_end(event, *shown, remark, next.as_deref()),
            What::Connected { user } => self.connected(at, &name(user)),
            What::Disconnected { user } => self.disconnected(at, &name(user)),
            What::Joined { user, room } => self.moved(at, &name(user), room, true),
            What::Left { user, room } => self.moved(at, &name(user), room, false),
            What::Gathered { room, came, went, .. } => self.gathered(at, room.as_deref(), *came, *went),
            What::Online { users, part } => self.listed_online(users, part),
            What::Members { room, users, part } => self.listed_members(event, room, users, part),
            What::Rooms { rooms, .. } => {
                rooms.iter().for_each(|(room, _)| _ = self.rooms.add(&name(room)));
                match self.outgoing.answered(|errand| *errand == Errand::Rooms) {
                    Some(_) => self.complete_anew(),
                    None => self.show(event),
                }
            }
            What::Pong(token) => self.pong(token),
            What::Info(text) => self.info(event, text),
            What::Error { code: Some(503), .. } if self.try_again() => {}
            What::Error { text, .. } => self.failed(None, &shortened(text, NOTICE_CHARS)),
            What::Report(report) => self.reported(event, report),
            What::DirectTalk { with, own, text } => self.direct_talk(at, &name(with), *own, text),
            other => self.hear_private(other, event),
        }
        self.talks.trim();
    }

    fn reported(&mut self, event: &Event<'_>, report: &Report<'_>) {
        let again = report.code() == Some(503) && self.try_again();
        let user = report.about.user.as_deref().filter(|_| report.cause == Cause::NoSuchUser);
        match report.is_refusal() {
            _ if again => {}
            true => self.failed(user, &without_prefix(event)),
            false => self.info(event, &report.sentence()),
        }
    }

    fn hear_direct(&mut self, what: &What<'_>, event: &Event<'_>) {
        match what {
            What::DirectRequest { from, .. } => self.direct_asked(&name(from)),
            What::DirectReady { user, .. } => self.direct_ready(&name(user)),
            What::DirectRejected { by } => self.direct_rejected(&name(by)),
            What::DirectConnected { with, fingerprint } => {
                self.direct_connected(&name(with), &shortened(fingerprint, NOTICE_CHARS));
            }
            What::DirectEnded { with, reason } => self.direct_ended(&name(with), &shortened(reason, NOTICE_CHARS)),
            _ => self.show(event),
        }
    }

    fn hear_private(&mut self, what: &What<'_>, event: &Event<'_>) {
        let (user, opened, text) = match what {
            What::PrivateRequest { from } => {
                let from = name(from);
                let text = format!("{from} asks for a private chat: /accept {from} or /reject {from}");
                self.called(&Place::person(&from), &from);
                (from, None, text)
            }
            What::PrivateConnected { with } => {
                let text =
                    format!("private chat with {with}: what you write here is stored nowhere; /end {with} ends it");
                (name(with), Some(true), text)
            }
            What::PrivateRejected { by } => (name(by), Some(false), format!("{by} does not want a private chat now")),
            What::PrivateEnded { with, reason } => (
                name(with),
                Some(false),
                format!("the private chat is over: {reason}; what you write now is a message"),
            ),
            other => return self.hear_direct(other, event),
        };
        let place = Place::person(&user);
        let conversation = self.talks.open(&place, &user);
        conversation.private = opened.unwrap_or(conversation.private);
        self.notice(&place, Tone::Info, &shortened(&text, NOTICE_CHARS));
    }

    /// Shows an answer where one looks.
    fn show(&mut self, event: &Event<'_>) {
        self.outgoing.answered(|errand| *errand == Errand::Typed);
        self.tell(Tone::Info, &without_prefix(event));
    }

    fn info(&mut self, event: &Event<'_>, text: &Text<'_>) {
        if let Some(room) = room_in(text) {
            let is_it = |errand: &Errand| match errand {
                Errand::Switch(other) | Errand::Enter(other, _) => **other == *room,
                _ => false,
            };
            match self.outgoing.answered(is_it) {
                Some(Errand::Enter(room, asked)) => return self.entered(&room, asked),
                Some(_) => return,
                None => {}
            }
        }
        self.link.thrown_out |= THROWN_OUT.contains(&&**text);
        if text.contains("Slow down") {
            self.outgoing.slow_down(self.now.ms);
        }
        self.show(event);
    }

    /// Something was refused: of what is on its way, the first that can be meant.
    fn failed(&mut self, user: Option<&str>, why: &str) {
        let to_user = |errand: &Errand| match (errand, user) {
            (Errand::Own(Place::Person(person), _), Some(user)) => **person == *user.to_lowercase(),
            _ => false,
        };
        let found = self.outgoing.answered(to_user);
        let found = found.or_else(|| self.outgoing.answered(|errand| !matches!(errand, Errand::Barrier(_))));
        match found {
            Some(Errand::Own(place, key)) => self.deliver(&place, key, Delivery::Failed(why.into())),
            Some(Errand::CatchUp(room, _)) => self.caught_up(&room, false),
            Some(Errand::Enter(room, asked)) => self.kept_out(&room, asked, why),
            Some(Errand::Older(room)) => self.no_older(&room),
            Some(Errand::Who(_) | Errand::Online | Errand::Rooms | Errand::Switch(_)) => {}
            _ => self.tell(Tone::Refused, why),
        }
    }

    /// The server has no time to look up what was missed: it is asked once more, after everything else.
    fn try_again(&mut self) -> bool {
        let first = self.outgoing.in_flight().find(|errand| !matches!(errand, Errand::Barrier(_))).cloned();
        let Some(Errand::CatchUp(room, tries @ 0..PAGES)) = first else { return false };
        self.outgoing.answered(|errand| matches!(errand, Errand::CatchUp(..)));
        let again = self.catch_up(&room, tries + 1);
        self.outgoing.push(again)
    }

    fn kept_out(&mut self, room: &str, asked: bool, why: &str) {
        let place = Place::Room(room.into());
        if asked {
            self.tell(Tone::Refused, why);
        }
        let Some(conversation) = self.talks.get_mut(&place) else { return };
        for (_, talk) in conversation.own_mut().filter(|(_, talk)| talk.delivery.is_open()) {
            talk.delivery = Delivery::Failed(why.into());
        }
        self.outgoing.drop_waiting(|errand| matches!(errand, Errand::Own(other, _) if *other == place));
        self.notice(&place, Tone::Refused, why);
        self.caught_up(room, false);
    }

    /// Everything up to that sign of life has been dealt with, and nothing of it was refused.
    fn pong(&mut self, token: &str) {
        let Some(done) = self.outgoing.pong(token, self.now.ms) else {
            return self.tell(Tone::Info, &shortened(&format!("PONG {token}"), NOTICE_CHARS));
        };
        for errand in done {
            match errand {
                Errand::Own(place @ Place::Person(_), key) => self.deliver(&place, key, Delivery::Sent),
                Errand::CatchUp(room, _) => self.caught_up(&room, false),
                Errand::Enter(room, asked) => self.entered(&room, asked),
                Errand::Older(room) => self.no_older(&room),
                _ => {}
            }
        }
    }
}

/// What a person would read, without the word in front that says what kind it is.
fn without_prefix(event: &Event<'_>) -> Box<str> {
    let line = text::plain(event);
    let prefixes = ["INFO: ", "ERROR: "];
    let bare = prefixes.iter().find_map(|prefix| line.strip_prefix(prefix)).unwrap_or(&line);
    let code = bare.split_once(' ').filter(|(code, _)| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()));
    shortened(code.map_or(bare, |(_, rest)| rest), NOTICE_CHARS)
}
