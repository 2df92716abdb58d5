//! What the full screen knows, and how it answers to what happens.

mod chat_history;
mod events;
mod incoming;
mod keys;
mod local;
mod passwords;
mod pasting;
mod saving;
mod secret_chats;
mod session;
mod submit;

pub use local::CLIENT_COMMANDS;

use crate::chat::alerts::Alerts;
use crate::chat::complete::Completion;
use crate::chat::conversation::{Conversation, ConversationId, SecretChatState};
use crate::chat::conversations::Conversations;
use crate::chat::geometry::Geometry;
use crate::chat::joins::PendingJoins;
use crate::chat::leaving::Leaving;
use crate::chat::line::{Body, ChatMessage, Delivery, Line, Severity, cleaned_name};
use crate::chat::overlay::Overlay;
use crate::chat::people::People;
use crate::chat::requests::OpenRequests;
use crate::chat::rows::Layout;
use crate::chat::{Exit, Input, ScreenEffect, Settings};
use crate::engine::{Engine, Now, Options, Phase, RequestKind};

/// Everything that the screen shows comes from here.
#[derive(Clone, Debug)]
pub struct State {
    /// The client's side of the session.
    engine: Engine,
    /// One's own name, as the server says it.
    me: Box<str>,
    /// What the server calls itself, or its address.
    server: Box<str>,
    /// All conversations.
    conversations: Conversations,
    people: People,
    /// What lies over the conversation.
    overlay: Option<Overlay>,
    completion: Completion,
    settings: Settings,
    alerts: Alerts,
    leaving: Leaving,
    joins: PendingJoins,
    /// Requests for chats that are stored nowhere.
    requests: OpenRequests,
    /// A secret chat was closed here: the next line is asked about before it is said.
    asks_before: Option<ConversationId>,
    /// The rooms that were last remembered.
    remembered: Vec<String>,
    size: (usize, usize),
    now: Now,
    keys: u64,
    effects: Vec<ScreenEffect>,
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
            conversations: Conversations::new(room),
            people: People::default(),
            overlay: None,
            completion: Completion::default(),
            settings,
            leaving: Leaving::default(),
            joins: PendingJoins::default(),
            requests: OpenRequests::default(),
            alerts: Alerts::new(settings.bell, settings.notify),
            asks_before: None,
            remembered: Vec::new(),
            size: (80, 24),
            now: Now::default(),
            keys: 0,
            effects: Vec::new(),
        }
    }

    /// Takes note of what happened at `now`, and says what is to be done.
    pub fn step(&mut self, input: Input, now: Now) -> Vec<ScreenEffect> {
        self.now = now;
        self.engine.set_now(now);
        match input {
            Input::Key(key) => self.key(key),
            Input::Paste(text) => self.paste(&text),
            Input::Burst(text) => self.paste_keys(&text),
            Input::Wheel { back, rows } => self.wheel(back, rows),
            Input::Resize(width, height) => self.size = (width, height),
            Input::Tick => self.tick(),
            Input::Event { event, by_program } => self.handle_event(&event, by_program),
            Input::Saved(done) => self.save_finished(done),
            Input::Folder(names) => self.folder_listed(names),
            Input::Down { why, loss } => self.connection_down(&why, loss),
            Input::Refused(refused) => self.sign_in_refused(&refused),
        }
        self.apply_engine_output();
        std::mem::take(&mut self.effects)
    }

    /// What lies over the conversation.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// How the screen is divided.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        let (width, height) = self.size;
        let (rows, _) = self.conversations.viewed().draft.rows(Geometry::input_width(width));
        Geometry::of(width, height, rows.len(), matches!(self.conversations.viewed().id, ConversationId::Room(_)))
    }

    /// How lines are laid out.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout { columns: self.geometry().columns, zone: self.now.zone }
    }

    /// Milliseconds after which time itself changes something.
    #[must_use]
    pub fn tick_interval(&self) -> u64 {
        if self.leaving.is_waiting() { 50 } else { self.engine.tick_interval() }
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
    fn open_lines(&self) -> impl Iterator<Item = (&Conversation, &Line)> {
        self.conversations.iter().flat_map(|conversation| {
            let is_open = |line: &&Line| line.message().is_some_and(|message| message.delivery.is_undelivered());
            conversation.lines().iter().filter(is_open).map(move |line| (conversation, line))
        })
    }

    /// The users online, as far as is known.
    #[cfg(test)]
    pub fn online(&self) -> &crate::chat::names::NameSet {
        self.people.online()
    }

    /// The client's side of the session.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The user's own name, as the server says it.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// What the server calls itself, or its address.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// All conversations.
    #[must_use]
    pub fn conversations(&self) -> &Conversations {
        &self.conversations
    }

    /// Requests for chats that wait for the user's answer.
    #[must_use]
    pub fn requests(&self) -> &OpenRequests {
        &self.requests
    }

    /// What was said to everybody last and has not been looked at.
    #[must_use]
    pub fn announcement(&self) -> Option<&ChatMessage> {
        let global = self.conversations.get(&ConversationId::Global).filter(|global| global.unread > 0)?;
        let messages = global.lines().iter().rev().filter_map(Line::message);
        messages.into_iter().find(|message| message.delivery == Delivery::Received)
    }

    /// The chat that opened last while another conversation was viewed, until it is viewed.
    #[must_use]
    pub fn opened_unseen(&self) -> Option<&Conversation> {
        let unseen = self.conversations.iter().filter(|c| c.opened_unseen && c.chat_state == SecretChatState::Open);
        unseen.max_by_key(|conversation| conversation.last_active)
    }

    /// For tests that begin in the middle.
    #[cfg(test)]
    pub fn conversations_mut(&mut self) -> &mut Conversations {
        &mut self.conversations
    }

    /// For tests that begin in the middle.
    #[cfg(test)]
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Whether somebody of that name is online, as far as is known.
    #[must_use]
    pub fn is_online(&self, user: &str) -> bool {
        self.people.online().contains(user)
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

    fn next_key(&mut self) -> u64 {
        self.keys += 1;
        self.keys
    }

    /// Puts a notice into a conversation.
    fn add_notice(&mut self, id: &ConversationId, severity: Severity, text: &str) {
        let line = Line {
            key: self.next_key(),
            id: None,
            at: self.now.wall.unix_ms,
            body: Body::Notice { severity, text: text.into() },
        };
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.insert(line, false);
        }
    }

    /// Puts a notice where one looks.
    pub(super) fn add_notice_here(&mut self, severity: Severity, text: &str) {
        let id = self.conversations.viewed().id.clone();
        self.add_notice(&id, severity, text);
    }

    /// What one's own line has come to.
    fn set_delivery(&mut self, id: &ConversationId, key: u64, delivery: Delivery) {
        let line = self.conversations.get_mut(id).and_then(|conversation| conversation.line_mut(key));
        if let Some(message) = line.and_then(Line::message_mut) {
            message.delivery = delivery;
        }
    }

    /// Looks at another conversation.
    fn view(&mut self, id: &ConversationId) {
        self.completion.reset();
        self.conversations.view(id);
        self.leaving.cancel_question();
        self.request_members_if_stale();
        self.request_older_if_short();
    }

    /// Asks who is in the room one looks at, if that is not known, but not all the time.
    fn request_members_if_stale(&mut self) {
        let viewed = self.conversations.viewed();
        let (ConversationId::Room(room), true) = (&viewed.id, viewed.members_stale) else { return };
        let first = viewed.members.is_empty() || !viewed.members_listed;
        if self.people.may_request_members(self.now.ms, first) && self.engine.is_in(room) && self.engine.is_up() {
            let room = room.clone();
            self.people.record_members_request(self.now.ms);
            self.engine.request(RequestKind::Members(room));
        }
    }

    /// Leaves, now.
    fn quit(&mut self, exit: Exit) {
        self.effects.push(ScreenEffect::Quit(exit));
    }

    /// Whether that is one's own name.
    fn is_me(&self, user: &str) -> bool {
        user == &*self.me || cleaned_name(user) == self.me
    }
}
