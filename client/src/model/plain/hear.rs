//! What the server tells: events → what is shown, and what became of one's own lines.

use super::own::Kind;
use super::{Act, Errand, Plain};
use crate::model::hear::THROWN_OUT;
use crate::model::limits::PAGES;
use crate::model::link::room_in;
use landline_common::event::Text;
use landline_common::history::Place as Where;
use landline_common::text::Dialect;
use landline_common::{Cause, Event, What};

/// The words behind which the server says which room one has left.
const LEFT: &str = "You left ";

impl Plain {
    pub(super) fn hear(&mut self, event: &Event<'_>) {
        let shown = match &event.what {
            What::Welcome { user, room, account, .. } => {
                let first = !self.was_up;
                self.welcomed(user, room, *account, event.at.unix_ms);
                self.ways.json || (first && self.ways.interactive)
            }
            What::Said { id, room, user, text } => self.talk(Some(room), *id, user, text),
            What::SaidToAll { id, user, text } => self.talk(None, *id, user, text),
            What::Direct { id, .. } => self.heard.add(None, *id),
            What::Recalled { id, place, user, text } => self.recalled(event.at.unix_ms, *id, place, user, text),
            What::RecallEnd { next, .. } => self.recall_end(next.as_deref()),
            What::Pong(token) => self.pong(token),
            What::Info(text) => self.info(text),
            What::Error { text, .. } => self.failed(None, text),
            What::Report(report) if report.is_refusal() => {
                let user = report.about.user.as_deref().filter(|_| report.cause == Cause::NoSuchUser);
                self.failed(user, &report.sentence())
            }
            What::Report(report) => self.info(&report.sentence()),
            What::Online { .. }
            | What::Seen { .. }
            | What::Blocked { .. }
            | What::Members { .. }
            | What::Rooms { .. }
            | What::PrivateChats { .. } => self.answered(),
            What::DirectTalk { with, own, text } => self.direct_talk(with, *own, text),
            What::DirectConnected { with, .. } => {
                self.direct_connected(with);
                true
            }
            What::DirectEnded { with, reason } => {
                self.direct_ended(with, reason);
                true
            }
            _ => true,
        };
        if shown && !self.over {
            self.acts.push(Act::Show(self.dialect(&event.what)));
        }
    }

    /// How it is written: where programs read, what they compare to the letter; for people, sentences.
    fn dialect(&self, what: &What<'_>) -> Dialect {
        match what {
            What::Said { room, .. } if room.to_lowercase() != self.room().to_lowercase() => Dialect::Elsewhere,
            What::PrivateRequest { .. }
            | What::PrivateConnected { .. }
            | What::PrivateRejected { .. }
            | What::PrivateEnded { .. }
            | What::DirectRequest { .. }
            | What::DirectReady { .. }
            | What::DirectRejected { .. }
            | What::DirectConnected { .. }
            | What::DirectEnded { .. }
                if self.ways.interactive =>
            {
                Dialect::LanTalk
            }
            _ => Dialect::Lines,
        }
    }

    /// Somebody said something; one's own lines come back so. People have their own lines before their eyes.
    fn talk(&mut self, room: Option<&str>, id: u64, user: &str, text: &str) -> bool {
        let new = self.heard.add(room, id);
        let own = *user == *self.me;
        if own {
            self.came_back(text, false);
        }
        new && (!own || self.ways.json)
    }

    /// One's own talk is with the server: the first line of that text is dealt with.
    fn came_back(&mut self, text: &str, doubtful: bool) {
        let is_it = |kind: &Kind| match kind {
            Kind::Talk(own) => **own == *text,
            Kind::Direct(own) => doubtful && **own == *text,
            _ => false,
        };
        let found = self.own.iter().find(|(_, own)| own.doubtful == doubtful && is_it(&own.kind)).map(|(key, _)| *key);
        if let Some(key) = found {
            self.outgoing.came_back(key);
            self.own.remove(&key);
        }
    }

    /// Something out of the history: asked for by hand, or to fill a gap.
    fn recalled(&mut self, at: i64, id: u64, place: &Where<'_>, user: &str, text: &str) -> bool {
        if !self.outgoing.in_flight().any(|errand| matches!(errand, Errand::CatchUp(..))) {
            return true;
        }
        let room = match place {
            Where::Room(room) => Some(&**room),
            _ => None,
        };
        let new = self.heard.add(room, id) && at >= self.heard.since_ms;
        let own = *user == *self.me;
        if own && new {
            self.came_back(text, true);
        }
        new && (!own || self.ways.json)
    }

    /// That was one page. Of what was missed, there may be more.
    fn recall_end(&mut self, next: Option<&str>) -> bool {
        let Some(Errand::CatchUp(room, page)) = self.outgoing.answered(|errand| matches!(errand, Errand::CatchUp(..)))
        else {
            return self.answered();
        };
        // Looking back has no end, going on has one.
        let on = next.filter(|next| page < PAGES && next.starts_with("/history after "));
        if let Some(next) = on {
            self.first(vec![(next.to_owned(), Some(room.clone()), Errand::CatchUp(room, page + 1))]);
        }
        false
    }

    /// An answer to a command: the first one that waits is dealt with.
    fn answered(&mut self) -> bool {
        let own = &self.own;
        let is_it = |errand: &Errand| match errand {
            Errand::Own(_, key) => own.get(key).is_some_and(|own| own.kind == Kind::Command),
            _ => false,
        };
        if let Some(Errand::Own(_, key)) = self.outgoing.answered(is_it) {
            self.own.remove(&key);
        }
        true
    }

    fn info(&mut self, text: &Text<'_>) -> bool {
        self.thrown_out |= THROWN_OUT.contains(&&**text);
        if text.contains("Slow down") {
            self.outgoing.slow_down(self.now.ms);
            return true;
        }
        if let Some(room) = room_in(text) {
            self.rooms.retain(|other| other.to_lowercase() != room);
            self.rooms.push(room.clone().into());
            let is_it = |errand: &Errand| match errand {
                Errand::Enter(other, _) | Errand::Switch(other) => **other == *room,
                _ => false,
            };
            if self.outgoing.answered(is_it).is_some() {
                return self.ways.json;
            }
        } else if let Some(room) = text.strip_prefix(LEFT) {
            let room = room.to_lowercase();
            self.rooms.retain(|other| other.to_lowercase() != room);
        }
        self.answered()
    }

    /// Something was refused: of what is on its way, the first that can be meant.
    fn failed(&mut self, user: Option<&str>, why: &str) -> bool {
        let user = user.map(str::to_lowercase);
        let to_user = |errand: &Errand| match (errand, &user) {
            (Errand::Own(super::super::conversation::Place::Person(person), _), Some(user)) => **person == **user,
            _ => false,
        };
        let found = self.outgoing.answered(to_user);
        match found.or_else(|| self.outgoing.answered(|errand| !matches!(errand, Errand::Barrier(_)))) {
            Some(Errand::Own(_, key)) => {
                if let Some(own) = self.own.remove(&key) {
                    self.refused += 1;
                    if !self.ways.interactive {
                        self.say(&format!("refused: {}", own.typed));
                    }
                }
            }
            // Talk must not go into another room than the one it is meant for.
            Some(Errand::Enter(room, _)) => self.leave(Err(format!("cannot go into {room}: {why}"))),
            _ => {}
        }
        true
    }

    /// Everything up to that sign of life has been dealt with. Only what somebody asked for is shown.
    fn pong(&mut self, token: &str) -> bool {
        let Some(done) = self.outgoing.pong(token, self.now.ms) else { return self.answered() };
        for errand in done {
            if let Errand::Own(_, key) = errand {
                self.own.remove(&key);
            }
        }
        false
    }
}
