//! What the client knows, and how it answers to what happens.

use super::chance::Chance;
use super::complete::Completion;
use super::conversation::{Conversation, Place};
use super::files::Asked;
use super::geometry::Geometry;
use super::limits::ONLINE;
use super::line::{Body, Delivery, Line, Tone, name};
use super::link::Link;
use super::names::Names;
use super::outgoing::{Errand, Outgoing};
use super::overlay::Overlay;
use super::rows::Paper;
use super::talks::Talks;
use super::{Effect, Exit, Input, Now, Settings};

/// Everything that the screen shows comes from here.
#[derive(Clone, Debug)]
pub struct State {
    /// One's own name, as the server says it.
    pub me: Box<str>,
    /// Signed in to an account.
    pub account: bool,
    /// What the server calls itself, or its address.
    pub server: Box<str>,
    /// All conversations.
    pub talks: Talks,
    /// The connection.
    pub link: Link,
    /// What is to be sent.
    pub(super) outgoing: Outgoing,
    /// People online.
    pub(super) online: Names,
    /// Rooms that the server listed.
    pub(super) rooms: Names,
    /// What lies over the conversation.
    pub overlay: Option<Overlay>,
    /// The first sign-in makes the account, which takes more lines.
    pub registers: bool,
    pub(super) completion: Option<Completion>,
    pub(super) asked_folder: Option<Asked>,
    pub(super) settings: Settings,
    /// One more Ctrl-C leaves, although lines are unsent.
    pub(super) leaving: bool,
    pub(super) rung_at: Option<u64>,
    pub(super) asked_who_at: u64,
    pub(super) asked_rooms_at: Option<u64>,
    size: (usize, usize),
    pub(super) now: Now,
    keys: u64,
    pub(super) chance: Chance,
    pub(super) effects: Vec<Effect>,
}

impl State {
    /// Somebody who wants to be in `room` as `me`, at `server`. `seed` is where chance comes from.
    #[must_use]
    pub fn new(me: &str, server: &str, room: &str, settings: Settings, seed: u64) -> State {
        State {
            me: me.into(),
            account: false,
            server: server.into(),
            talks: Talks::new(room),
            link: Link::default(),
            outgoing: Outgoing::every(settings.keepalive_ms),
            online: Names::new(ONLINE),
            rooms: Names::new(ONLINE),
            overlay: None,
            registers: false,
            completion: None,
            asked_folder: None,
            settings,
            leaving: false,
            rung_at: None,
            asked_who_at: 0,
            asked_rooms_at: None,
            size: (80, 24),
            now: Now::default(),
            keys: 0,
            chance: Chance::new(seed),
            effects: Vec::new(),
        }
    }

    /// Takes note of what happened at `now`, and says what is to be done.
    pub fn step(&mut self, input: Input, now: Now) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Key(key) => self.key(key),
            Input::Paste(text) => self.paste(&text),
            Input::Burst(text) => self.burst(&text),
            Input::Resize(width, height) => self.size = (width, height),
            Input::Tick => self.tick(),
            Input::Event(event) => self.hear(&event),
            Input::Saved(done) => self.saved(done),
            Input::Folder(names) => self.folder(names),
            Input::Down(why) => self.down(&why),
            Input::Refused { why, again } => self.refused(&why, again),
        }
        self.dispatch();
        std::mem::take(&mut self.effects)
    }

    /// How the screen is divided.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        let (width, height) = self.size;
        let (rows, _) = self.talks.viewed().draft.rows(Geometry::input_width(width));
        Geometry::of(width, height, rows.len(), matches!(self.talks.viewed().place, Place::Room(_)))
    }

    /// How lines are laid out.
    #[must_use]
    pub fn paper(&self) -> Paper {
        Paper { columns: self.geometry().columns, offset_s: self.now.wall.offset_s }
    }

    /// Milliseconds after which time itself changes something.
    #[must_use]
    pub fn patience(&self) -> u64 {
        if self.outgoing.waiting() > 0 || !self.link.is_up() { 200 } else { 1_000 }
    }

    /// How long the last sign of life took, in milliseconds.
    #[must_use]
    pub fn latency(&self) -> Option<u64> {
        self.outgoing.latency
    }

    /// How many of one's own lines wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        let open = |talks: &Conversation| {
            talks.lines().iter().rev().filter_map(Line::talk).filter(|talk| talk.delivery.is_open()).count()
        };
        if self.outgoing.waiting() == 0 && self.link.is_up() { 0 } else { self.talks.iter().map(open).sum() }
    }

    /// Whether somebody of that name is online, as far as is known.
    #[must_use]
    pub fn is_online(&self, user: &str) -> bool {
        self.online.has(user)
    }

    /// Whether there is no server.
    #[must_use]
    pub fn in_mesh(&self) -> bool {
        self.settings.mesh
    }

    /// The time that the screen is for.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    pub(super) fn key_number(&mut self) -> u64 {
        self.keys += 1;
        self.keys
    }

    /// Puts a notice into a conversation.
    pub(super) fn notice(&mut self, place: &Place, tone: Tone, text: &str) {
        let line = Line {
            key: self.key_number(),
            id: None,
            at: self.now.wall.unix_ms,
            body: Body::Notice { tone, text: text.into() },
        };
        if let Some(conversation) = self.talks.get_mut(place) {
            conversation.insert(line, false);
        }
    }

    /// Puts a notice where one looks.
    pub(super) fn tell(&mut self, tone: Tone, text: &str) {
        let place = self.talks.viewed().place.clone();
        self.notice(&place, tone, text);
    }

    /// What one's own line has come to.
    pub(super) fn deliver(&mut self, place: &Place, key: u64, delivery: Delivery) {
        let line = self.talks.get_mut(place).and_then(|conversation| conversation.line_mut(key));
        if let Some(talk) = line.and_then(Line::talk_mut) {
            talk.delivery = delivery;
        }
    }

    /// Looks at another conversation.
    pub(super) fn view(&mut self, place: &Place) {
        self.completion = None;
        self.talks.view(place);
        self.leaving = false;
        self.refresh();
    }

    /// Asks who is in the room one looks at, if that is not known, but not all the time.
    pub(super) fn refresh(&mut self) {
        let viewed = self.talks.viewed();
        let (Place::Room(room), true) = (&viewed.place, viewed.stale && viewed.caught_up) else { return };
        let first = viewed.members.is_empty();
        if (first || self.now.ms >= self.asked_who_at + 3_000) && self.link.is_up() {
            let (room, title) = (room.clone(), viewed.title.clone());
            if !self.outgoing.has(|errand| matches!(errand, Errand::Who(other) if *other == room)) {
                self.asked_who_at = self.now.ms;
                self.ask(format!("/who {title}"), Errand::Who(room));
            }
        }
    }

    /// Leaves, now.
    pub(super) fn quit(&mut self, exit: Exit) {
        self.effects.push(Effect::Quit(exit));
    }

    /// Whether that is one's own name.
    pub(super) fn is_me(&self, user: &str) -> bool {
        user == &*self.me || name(user) == self.me
    }
}
