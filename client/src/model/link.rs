//! The connection as the model sees it: up, or down until the next attempt; and what happens to one's lines then.

use super::conversation::Place;
use super::line::{Delivery, Talk, Tone};
use super::outgoing::{Errand, Item};
use super::state::State;
use super::{Effect, Exit};
use landline_common::command::{Command, Request};
use landline_common::event::Text;
use landline_common::text;

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it does.
    pub phase: Phase,
    /// One has been in before.
    pub was_up: bool,
    /// Attempts that failed in a row.
    failed: u32,
    /// The server has thrown one out: nobody comes back from that by themselves.
    pub thrown_out: bool,
    /// The server takes command objects, in which a text may have several lines.
    pub objects: bool,
}

/// What the connection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Connecting and signing in.
    Connecting,
    /// Signed in.
    Up,
    /// Down; the next attempt is at that time, in milliseconds.
    Waiting {
        /// When.
        until: u64,
        /// Why it is down.
        why: Box<str>,
    },
    /// Down, and no attempt is made by itself.
    Stopped {
        /// Why.
        why: Box<str>,
    },
}

impl Default for Link {
    fn default() -> Link {
        Link { phase: Phase::Connecting, was_up: false, failed: 0, thrown_out: false, objects: false }
    }
}

impl Link {
    /// Signed in.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }
}

impl State {
    /// Signed in: into the rooms again, then what was missed, then what waits.
    pub(super) fn welcomed(&mut self, user: &str, server: &str, room: &str, account: bool) {
        let first = !self.link.was_up;
        self.link = Link { phase: Phase::Up, was_up: true, failed: 0, thrown_out: false, objects: self.link.objects };
        (self.me, self.server, self.account) = (user.into(), server.into(), account);
        // The form of events, the key for direct chats and the name; or the word, the name and the password; perhaps
        // these twice, to register.
        let lines = match (account, std::mem::take(&mut self.registers)) {
            (false, _) => 3,
            (true, false) => 5,
            (true, true) => 8,
        };
        self.outgoing.begin(room, lines, self.now.ms);
        self.talks.open(&Place::room(room), room);
        self.notice(&Place::Server, Tone::Info, &format!("connected to {server} as {user}"));
        let mut rooms = Vec::new();
        for conversation in self.talks.iter_mut() {
            (conversation.stale, conversation.private) = (true, false);
            conversation.caught_up = !matches!(conversation.place, Place::Room(_));
            if let Place::Room(name) = &conversation.place {
                rooms.push((name.clone(), conversation.title.clone()));
            }
        }
        let current = room.to_lowercase();
        let again = rooms.iter().filter(|(name, _)| **name != *current);
        let enter = again.map(|(name, title)| Item {
            line: format!("/join {title}"),
            within: None,
            errand: Errand::Enter(name.clone(), false),
        });
        let mut items = vec![self.catch_up(&current, 0)];
        items.extend(enter);
        items.push(Item { line: "/users".into(), within: None, errand: Errand::Online });
        self.outgoing.push_first(items);
        if first {
            self.greet(server, user, account);
        }
    }

    fn greet(&mut self, server: &str, user: &str, account: bool) {
        let text =
            format!("Welcome to {server}, {user}. Type to talk; Tab completes names and /commands; F1 shows all keys.");
        self.tell(Tone::Info, &text);
        if account {
            self.tell(Tone::Info, text::PASSWORD_SENT);
        }
    }

    /// One is in that room (again): what was missed there comes first.
    pub(super) fn entered(&mut self, room: &str, asked: bool) {
        let place = Place::room(room);
        let conversation = self.talks.open(&place, room);
        if asked || !conversation.caught_up {
            (conversation.caught_up, conversation.stale) = (false, true);
            let item = self.catch_up(&room.to_lowercase(), 0);
            self.outgoing.push_first(vec![item]);
        }
        if asked {
            self.view(&place);
        }
    }

    pub(super) fn catch_up(&self, room: &str, page: usize) -> Item {
        let known = self.talks.get(&Place::Room(room.into())).and_then(|conversation| conversation.known_to);
        let line = match known {
            Some(id) => format!("/history after {id}"),
            // Only accounts have a last visit.
            None if !self.is_first_look(room) => "/history unread".to_owned(),
            None => "/history".to_owned(),
        };
        Item { line, within: Some(room.into()), errand: Errand::CatchUp(room.into(), page) }
    }

    /// What was missed in a room is there (or, not `known`, nobody can say). Lines of which it was not known whether
    /// they had arrived go out again if they have not.
    pub(super) fn caught_up(&mut self, room: &str, known: bool) {
        let place = Place::Room(room.into());
        if let Some(conversation) = self.talks.get_mut(&place) {
            conversation.caught_up = true;
            // Where nothing was ever said, all that will be is new.
            conversation.known_to = conversation.known_to.max(conversation.newest_id()).or(Some(0));
        }
        self.settle_unsure(&place, known);
        if self.all_caught_up() {
            let others: Vec<Place> = self.talks.iter().map(|c| c.place.clone()).collect();
            for place in others.iter().filter(|place| !matches!(place, Place::Room(_))) {
                // Guests' direct messages cannot be looked up after a new sign-in.
                let known = known && (self.account || *place == Place::Everybody);
                self.settle_unsure(place, known);
            }
        }
        self.refresh();
    }

    fn all_caught_up(&self) -> bool {
        self.talks.iter().all(|conversation| conversation.caught_up)
    }

    fn settle_unsure(&mut self, place: &Place, known: bool) {
        let objects = self.link.objects;
        let Some(conversation) = self.talks.get_mut(place) else { return };
        let title = conversation.title.clone();
        let mut again = Vec::new();
        for (key, talk) in conversation.own_mut().filter(|(_, talk)| talk.delivery == Delivery::Unsure) {
            if known && !talk.private {
                talk.delivery = Delivery::Unsent;
                again.push(item(place, &title, key, talk, objects));
            } else {
                let why = "the connection broke, and it is not known whether this arrived; ↑ brings it back";
                talk.delivery = Delivery::Failed(why.into());
            }
        }
        self.outgoing.push_first(again);
    }

    /// The connection could not be made, or broke.
    pub(super) fn down(&mut self, why: &str) {
        if !self.link.was_up {
            return self.quit(Exit::Refused(why.to_owned()));
        }
        let was_up = self.link.is_up();
        for (place, key) in self.outgoing.end() {
            self.deliver(&place, key, Delivery::Unsure);
        }
        self.doubt_pending();
        let wait = self.chance.pause(self.link.failed);
        self.link.failed += 1;
        self.link.phase = if self.link.thrown_out {
            Phase::Stopped { why: "the server has thrown you out".into() }
        } else {
            Phase::Waiting { until: self.now.ms + wait, why: why.into() }
        };
        if was_up {
            self.notice(&Place::Server, Tone::Refused, &format!("connection lost: {why}"));
        }
    }

    /// Lines whose fate a barrier did not tell.
    fn doubt_pending(&mut self) {
        // Direct chats have nothing to do with it.
        for conversation in self.talks.iter_mut().filter(|c| !matches!(c.place, Place::Direct(_))) {
            conversation.caught_up = false;
            for (_, talk) in conversation.own_mut().filter(|(_, talk)| talk.delivery == Delivery::Pending) {
                talk.delivery = Delivery::Unsure;
            }
        }
    }

    /// The server does not let one in.
    pub(super) fn refused(&mut self, why: &str, again: bool) {
        self.down(why);
        if self.link.was_up && !again {
            self.link.phase = Phase::Stopped { why: why.into() };
        }
    }

    /// Connects now, if it waits to.
    pub(super) fn connect_now(&mut self) {
        if matches!(self.link.phase, Phase::Waiting { .. } | Phase::Stopped { .. }) {
            self.link.phase = Phase::Connecting;
            self.link.thrown_out = false;
            self.effects.push(Effect::Connect);
        }
    }

    pub(super) fn tick(&mut self) {
        match self.link.phase {
            Phase::Waiting { until, .. } if until <= self.now.ms => self.connect_now(),
            Phase::Up if self.outgoing.is_dead(self.now.ms) => {
                self.effects.push(Effect::Disconnect);
                self.down("the server does not answer");
            }
            Phase::Up => {
                self.give_up_overdue();
                self.refresh();
            }
            _ => {}
        }
    }

    /// The server answered what came later, but never this.
    fn give_up_overdue(&mut self) {
        for (place, key) in self.outgoing.overdue(self.now.ms) {
            self.outgoing.came_back(key);
            self.deliver(&place, key, Delivery::Failed("the server did not take it; ↑ brings it back".into()));
        }
    }

    /// Sends what may go now.
    pub(super) fn dispatch(&mut self) {
        if !self.link.is_up() {
            return;
        }
        let everywhere = self.all_caught_up();
        loop {
            let talks = &self.talks;
            let held = |errand: &Errand| match errand {
                Errand::Own(place @ Place::Room(_), _) => talks.get(place).is_some_and(|c| !c.caught_up),
                Errand::Own(..) => !everywhere,
                _ => false,
            };
            let Some(line) = self.outgoing.next(self.now.ms, held) else { return };
            if let Some(Errand::Own(place, key)) = self.outgoing.in_flight().last().cloned() {
                self.deliver(&place, key, Delivery::Pending);
            }
            self.effects.push(Effect::Send(line));
        }
    }

    /// Puts a question to the server that nobody typed.
    pub(super) fn ask(&mut self, line: String, errand: Errand) {
        self.outgoing.push(Item { line, within: None, errand });
    }
}

/// One's own line as it is sent.
pub(super) fn item(place: &Place, title: &str, key: u64, talk: &Talk, objects: bool) -> Item {
    let text = &talk.text;
    let (command, within) = match place {
        Place::Room(room) => (Command::Say(text), Some(room.clone())),
        Place::Person(_) if talk.private => (Command::Private { to: Some(title), text }, None),
        Place::Person(_) => (Command::Message { to: title, text }, None),
        _ => (Command::All(text), None),
    };
    // A text line is one line of text.
    let object = (objects && text.contains('\n')).then(|| Request::of_command(&command, within.as_deref())).flatten();
    let line = object.map_or_else(|| command.to_string(), |object| object.to_line());
    Item { line, within, errand: Errand::Own(place.clone(), key) }
}

/// The words behind which the server says which room one is in.
pub(super) fn room_in(text: &Text<'_>) -> Option<String> {
    text.strip_prefix("You are in ")?.strip_suffix(" now").map(str::to_lowercase)
}
