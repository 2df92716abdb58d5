//! The state of the full screen.
//!
//! [`State::step`] handles one input. Files below handle one subject each: `keys`, `submit`, `local` (the client's own
//! commands), `menus`, `pasting`, `passwords`, `saving` for what the user does; `events`, `incoming`, `taking_back`, `chat_history`,
//! `secret_chats` for what the server sends; `session` for updates of the engine. Each step ends with
//! `apply_engine_output`, so that no effect of the engine waits for another input.

mod chat_history;
mod events;
mod incoming;
mod keys;
mod local;
mod menus;
mod passwords;
mod pasting;
mod renaming;
mod saving;
mod secret_chats;
mod session;
mod submit;
mod taking_back;

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
use crate::encryption::Encryption;
use crate::engine::{Engine, Now, Options, Phase, RequestKind};

/// Milliseconds between two requests for the rules of a room.
const RULES_REQUEST_INTERVAL_MS: u64 = 3_000;

/// Milliseconds for which the status line shows a message to all users. It stays counted as unread.
const ANNOUNCEMENT_MS: u64 = 20_000;

/// The state of the full screen, from which everything is drawn.
#[derive(Clone, Debug)]
pub struct State {
    /// The client's side of the session.
    engine: Engine,
    /// Name of the user, as the server writes it.
    me: Box<str>,
    /// Encryption of the present connection.
    encryption: Encryption,
    /// Name of the server; its address before the first sign-in.
    server: Box<str>,
    /// Conversations.
    conversations: Conversations,
    people: People,
    /// Window over the conversation.
    overlay: Option<Overlay>,
    completion: Completion,
    settings: Settings,
    alerts: Alerts,
    /// Time of the last message to all users, in milliseconds.
    announced_at: u64,
    leaving: Leaving,
    joins: PendingJoins,
    /// Requests for secret chats.
    requests: OpenRequests,
    /// Conversation that was shown when the user closed a secret chat. The next line in it needs a second Enter, since it
    /// may have been meant for that chat.
    confirm_next_line_in: Option<ConversationId>,
    /// Rooms that were stored last for the next start.
    stored_rooms: Vec<String>,
    /// Why the server was not trusted, as shown last, until the next sign-in.
    shown_refusal: Option<Box<str>>,
    /// Width and height of the screen.
    size: (usize, usize),
    now: Now,
    /// Number of the newest line or command.
    last_key: u64,
    effects: Vec<ScreenEffect>,
}

impl State {
    /// Creates the state for the session of `engine` at `server`, with `room` shown.
    #[must_use]
    pub fn new(mut engine: Engine, server: &str, room: &str, settings: Settings) -> State {
        engine.set_options(Options { idle_ms: settings.keepalive_ms, one_order: false, mesh: settings.mesh });
        State {
            me: engine.me().into(),
            encryption: Encryption::None,
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
            announced_at: 0,
            confirm_next_line_in: None,
            stored_rooms: Vec::new(),
            shown_refusal: None,
            size: (80, 24),
            now: Now::default(),
            last_key: 0,
            effects: Vec::new(),
        }
    }

    /// Handles an input that happened at `now`, and returns the effects that the presenter must carry out.
    pub fn step(&mut self, input: Input, now: Now) -> Vec<ScreenEffect> {
        self.now = now;
        self.engine.set_now(now);
        match input {
            Input::Key(key) => self.key(key),
            Input::Paste(text) => self.paste(&text),
            Input::Burst(text) => self.paste_from_keys(&text),
            Input::Wheel { back, rows } => self.wheel(back, rows),
            Input::Resize(width, height) => self.size = (width, height),
            Input::Tick => self.tick(),
            Input::Reached(encryption) => self.reached(encryption),
            Input::Event { event, by_program } => self.handle_event(&event, by_program),
            Input::Saved(done) => self.save_finished(done),
            Input::Folder(names) => self.folder_listed(names),
            Input::Down { why, loss } => self.connection_down(&why, loss),
            Input::Refused(refused) => self.sign_in_refused(&refused),
        }
        self.apply_engine_output();
        std::mem::take(&mut self.effects)
    }

    /// Returns the encryption of the present connection.
    #[must_use]
    pub fn encryption(&self) -> &Encryption {
        &self.encryption
    }

    /// Returns the window over the conversation.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// Returns the division of the screen.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        let (width, height) = self.size;
        let (rows, _) = self.conversations.viewed().draft.rows(Geometry::input_width(width));
        let viewed = self.conversations.viewed();
        let geometry = Geometry::of(width, height, rows.len(), matches!(viewed.id, ConversationId::Room(_)));
        if viewed.room_status.pin().is_some() { geometry.with_pin() } else { geometry }
    }

    /// Returns the layout of lines.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout { columns: self.geometry().columns, zone: self.now.zone }
    }

    /// Returns the milliseconds until the presenter must send [`Input::Tick`].
    #[must_use]
    pub fn tick_interval(&self) -> u64 {
        if self.leaving.is_waiting() { 50 } else { self.engine.tick_interval() }
    }

    /// Returns the phase of the connection.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        self.engine.phase()
    }

    /// Returns the round-trip time of the last ping, in milliseconds.
    #[must_use]
    pub fn latency(&self) -> Option<u64> {
        self.engine.latency()
    }

    /// Returns the number of undelivered lines that the status line shows: none while the connection is up and no line
    /// waits.
    #[must_use]
    pub fn unsent(&self) -> usize {
        if self.engine.waiting() == 0 && self.engine.is_up() { 0 } else { self.undelivered_lines().count() }
    }

    /// Returns the undelivered lines of the user, with their conversations.
    fn undelivered_lines(&self) -> impl Iterator<Item = (&Conversation, &Line)> {
        self.conversations.iter().flat_map(|conversation| {
            let is_undelivered = |line: &&Line| line.message().is_some_and(|message| message.delivery.is_undelivered());
            conversation.lines().iter().filter(is_undelivered).map(move |line| (conversation, line))
        })
    }

    /// Returns the known users online.
    #[cfg(test)]
    pub fn online(&self) -> &crate::chat::names::NameSet {
        self.people.online()
    }

    /// Returns the client's side of the session.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the name of the user, as the server writes it.
    #[must_use]
    pub fn me(&self) -> &str {
        &self.me
    }

    /// Returns the name of the server, or its address before the first sign-in.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns all conversations.
    #[must_use]
    pub fn conversations(&self) -> &Conversations {
        &self.conversations
    }

    /// Returns the requests for secret chats that the user has not answered.
    #[must_use]
    pub fn requests(&self) -> &OpenRequests {
        &self.requests
    }

    /// Returns the last message to all users, until the user views it or [`ANNOUNCEMENT_MS`] are over.
    #[must_use]
    pub fn announcement(&self) -> Option<&ChatMessage> {
        let global = self.conversations.get(&ConversationId::Global).filter(|global| global.unread > 0)?;
        if self.now.ms >= self.announced_at + ANNOUNCEMENT_MS {
            return None;
        }
        let messages = global.lines().iter().rev().filter_map(Line::message);
        messages.into_iter().find(|message| message.delivery == Delivery::Received)
    }

    /// Returns the secret chat that opened last while another conversation was viewed, until the user views it.
    #[must_use]
    pub fn opened_unseen(&self) -> Option<&Conversation> {
        let unseen = self.conversations.iter().filter(|c| c.opened_unseen && c.chat_state == SecretChatState::Open);
        unseen.max_by_key(|conversation| conversation.last_active)
    }

    /// Returns all conversations, for tests that start in a certain state.
    #[cfg(test)]
    pub fn conversations_mut(&mut self) -> &mut Conversations {
        &mut self.conversations
    }

    /// Returns the engine, for tests that start in a certain state.
    #[cfg(test)]
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Returns whether a user is known to be online.
    #[must_use]
    pub fn is_online(&self, user: &str) -> bool {
        self.people.online().contains(user)
    }

    /// Returns whether a user gets in the clear what this client gets encrypted.
    #[must_use]
    pub fn is_in_the_clear(&self, user: &str) -> bool {
        self.engine.is_encrypted() && self.people.is_unencrypted(user)
    }

    /// Returns whether the client is in a mesh, without a server.
    #[must_use]
    pub fn in_mesh(&self) -> bool {
        self.settings.mesh
    }

    /// Returns the time of the last step.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// Returns the number for a new line or command.
    fn next_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    /// Adds a notice to a conversation, if it exists.
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

    /// Adds a notice to the viewed conversation.
    pub(super) fn add_notice_here(&mut self, severity: Severity, text: &str) {
        let id = self.conversations.viewed().id.clone();
        self.add_notice(&id, severity, text);
    }

    /// Sets the delivery of a line of the user.
    fn set_delivery(&mut self, id: &ConversationId, key: u64, delivery: Delivery) {
        let line = self.conversations.get_mut(id).and_then(|conversation| conversation.line_mut(key));
        if let Some(message) = line.and_then(Line::message_mut) {
            message.delivery = delivery;
        }
    }

    /// Views another conversation, and requests what is missing on its screen.
    fn view(&mut self, id: &ConversationId) {
        self.completion.reset();
        self.conversations.view(id);
        self.leaving.cancel_question();
        self.refresh_viewed_room();
        self.request_older_if_short();
    }

    /// Requests the members and the rules of the viewed room if they are stale.
    fn refresh_viewed_room(&mut self) {
        self.request_members_if_stale();
        self.request_rules_if_stale();
    }

    /// Requests the members of the viewed room if they are stale. Limits the rate if some are known.
    fn request_members_if_stale(&mut self) {
        let viewed = self.conversations.viewed();
        let ConversationId::Room(room) = &viewed.id else { return };
        if !viewed.members_stale {
            return;
        }
        let is_urgent = viewed.members.is_empty() || !viewed.members_listed;
        if self.people.may_request_members(self.now.ms, is_urgent) && self.engine.is_in(room) && self.engine.is_up() {
            let room = room.clone();
            self.people.record_members_request(self.now.ms);
            self.engine.request(RequestKind::Members(room));
        }
    }

    /// Requests the rules of the viewed room if they are stale. Limits the rate if they were requested before. A server
    /// that does not know the request refuses it, and is not asked again before the next change.
    fn request_rules_if_stale(&mut self) {
        let now_ms = self.now.ms;
        let viewed = self.conversations.viewed_mut();
        let ConversationId::Room(room) = &viewed.id else { return };
        let may_ask = viewed.rules_requested_at.is_none_or(|at| now_ms >= at + RULES_REQUEST_INTERVAL_MS);
        let has_rules = !self.settings.mesh && self.engine.is_up() && self.engine.is_in(room);
        let request = RequestKind::Rules(room.clone());
        // An answer under way may be older than the change that made the rules stale.
        if viewed.rules_stale && may_ask && has_rules && !self.engine.is_requested(&request) {
            viewed.rules_stale = false;
            viewed.rules_requested_at = Some(now_ms);
            self.engine.request(request);
        }
    }

    /// Ends the program.
    fn quit(&mut self, exit: Exit) {
        self.effects.push(ScreenEffect::Quit(exit));
    }

    /// Returns whether a name, cleaned or not, is the name of the user.
    fn is_me(&self, user: &str) -> bool {
        user == &*self.me || cleaned_name(user) == self.me
    }
}
