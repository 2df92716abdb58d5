//! What the full screen knows, and how it answers to what happens.

use super::complete::Completion;
use super::conversation::{Conversation, Place};
use super::files::Asked;
use super::geometry::Geometry;
use super::limits::ONLINE;
use super::line::{Body, Delivery, Line, Tone, name};
use super::names::Names;
use super::overlay::Overlay;
use super::rows::Paper;
use super::session::{Parting, PendingJoin};
use super::talks::Talks;
use super::{Effect, Exit, Input, Settings};
use crate::engine::{Engine, Now, Options, Phase, RequestKind};

/// Everything that the screen shows comes from here.
#[derive(Clone, Debug)]
pub struct State {
    /// The client's side of the session.
    pub engine: Engine,
    /// One's own name, as the server says it.
    pub me: Box<str>,
    /// What the server calls itself, or its address.
    pub server: Box<str>,
    /// All conversations.
    pub talks: Talks,
    /// People online.
    pub(super) online: Names,
    /// Rooms that the server listed.
    pub(super) rooms: Names,
    /// What lies over the conversation.
    pub overlay: Option<Overlay>,
    pub(super) completion: Option<Completion>,
    pub(super) asked_folder: Option<Asked>,
    pub(super) settings: Settings,
    /// Leaving once more leaves, although lines are unsent.
    pub(super) leaving: bool,
    /// The user leaves when nothing is unsent.
    pub(super) parting: Option<Parting>,
    /// Rooms that the user has asked to go into.
    pub(super) joins: Vec<PendingJoin>,
    /// A secret chat was closed here: the next line is asked about before it is said.
    pub(super) asks_before: Option<Place>,
    /// Keys that were pressed: a join that was asked for does not change the view once more were.
    pub(super) activity: u64,
    /// The rooms that were last remembered.
    pub(super) remembered: Vec<String>,
    pub(super) rung_at: Option<u64>,
    pub(super) asked_who_at: u64,
    pub(super) asked_rooms_at: Option<u64>,
    size: (usize, usize),
    pub(super) now: Now,
    keys: u64,
    pub(super) effects: Vec<Effect>,
}

impl State {
    /// A user whose session `engine` is, at `server`, looking at `room`.
    #[must_use]
    pub fn new(mut engine: Engine, server: &str, room: &str, settings: Settings) -> State {
        engine.set_options(Options { idle_ms: settings.keepalive_ms, one_order: false, mesh: settings.mesh });
        State {
            me: engine.me().into(),
            engine,
            server: server.into(),
            talks: Talks::new(room),
            online: Names::new(ONLINE),
            rooms: Names::new(ONLINE),
            overlay: None,
            completion: None,
            asked_folder: None,
            settings,
            leaving: false,
            parting: None,
            joins: Vec::new(),
            asks_before: None,
            activity: 0,
            remembered: Vec::new(),
            rung_at: None,
            asked_who_at: 0,
            asked_rooms_at: None,
            size: (80, 24),
            now: Now::default(),
            keys: 0,
            effects: Vec::new(),
        }
    }

    /// Takes note of what happened at `now`, and says what is to be done.
    pub fn step(&mut self, input: Input, now: Now) -> Vec<Effect> {
        self.now = now;
        self.engine.set_now(now);
        match input {
            Input::Key(key) => self.key(key),
            Input::Paste(text) => self.paste(&text),
            Input::Burst(text) => self.burst(&text),
            Input::Resize(width, height) => self.size = (width, height),
            Input::Tick => self.tick(),
            Input::Event { event, by_program } => self.hear(&event, by_program),
            Input::Saved(done) => self.saved(done),
            Input::Folder(names) => self.folder(names),
            Input::Down { why, loss } => self.down(&why, loss),
            Input::Refused(refused) => self.refused(&refused),
        }
        self.settle();
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
    pub fn tick_interval(&self) -> u64 {
        if self.parting.is_some() { 50 } else { self.engine.tick_interval() }
    }

    /// How the connection is.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        self.engine.phase()
    }

    /// How long the last sign of life took, in milliseconds.
    #[must_use]
    pub fn latency(&self) -> Option<u64> {
        self.engine.latency()
    }

    /// How many of one's own lines wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        if self.engine.waiting() == 0 && self.engine.is_up() { 0 } else { self.open_lines().count() }
    }

    /// One's own lines that are not sent for certain, with the conversations in which they are.
    pub(super) fn open_lines(&self) -> impl Iterator<Item = (&Conversation, &super::line::Talk)> {
        self.talks.iter().flat_map(|conversation| {
            let talk = conversation.lines().iter().filter_map(Line::talk);
            talk.filter(|talk| talk.delivery.is_open()).map(move |talk| (conversation, talk))
        })
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
        self.fill_screen();
    }

    /// Asks who is in the room one looks at, if that is not known, but not all the time.
    pub(super) fn refresh(&mut self) {
        let viewed = self.talks.viewed();
        let (Place::Room(room), true) = (&viewed.place, viewed.stale) else { return };
        let first = viewed.members.is_empty();
        if (first || self.now.ms >= self.asked_who_at + 3_000) && self.engine.is_in(room) && self.engine.is_up() {
            let room = room.clone();
            self.asked_who_at = self.now.ms;
            self.engine.ask(RequestKind::Members(room));
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
