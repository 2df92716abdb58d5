//! A client for tests: the user alice at the full screen, and a server whose events the test chooses.

use super::conversation::ConversationId;
use super::key::{Code, Key};
use super::line::{Body, Delivery, EDITED};
use super::{Input, Remembered, ScreenEffect, Settings, State};
use crate::encryption::Encryption;
use crate::engine::typed::line;
use crate::engine::{Engine, Now, Zone};
use crate::sign_in::{Identity, Loss};
use landline_common::event::{PROTOCOL, Part, Reply, SignInDetails};
use landline_common::history::Location;
use landline_common::{Cause, Event, EventKind, OffsetDateTime, Request, RoomName, RoomOverview, UserName};
use std::collections::HashMap;

/// 2026-11-21 14:00 UTC.
const START_MS: i64 = 1_795_269_600_000;

/// Alice at the full screen.
pub struct TestClient {
    /// State of the screen.
    pub state: State,
    /// Time since the start, in milliseconds.
    pub ms: u64,
    /// Effects, except sent lines and stored rooms.
    pub effects: Vec<ScreenEffect>,
    /// Sent lines that the test has not taken, except pings and acknowledgements.
    pub sent: Vec<String>,
    /// Labels and lines of unanswered commands.
    pub unanswered: Vec<(String, String)>,
    /// Nonces of sent messages.
    pub nonces: Vec<String>,
    /// Acknowledged sequence numbers.
    pub acknowledged: Vec<u64>,
    /// Labels of unanswered pings.
    pub pings: Vec<String>,
    /// Changes of messages: id and new text.
    pub edits: Vec<(u64, String)>,
    /// Rules with which the server answers, by room. It refuses questions about other rooms.
    pub rules: HashMap<String, RoomOverview>,
    /// The connection is encrypted, as the server says at the next sign-in.
    pub is_encrypted: bool,
}

/// Returns the identity of alice, a guest.
pub fn alice() -> Identity {
    Identity {
        name: UserName::parse("alice").unwrap(),
        room: RoomName::lobby(),
        rooms: Vec::new(),
        password: None,
        register: false,
        server_password: None,
        name_token: None,
    }
}

/// Returns the encryption of a connection at the first meeting with a server.
pub fn encrypted() -> Encryption {
    let key = "0f".repeat(32).parse().unwrap();
    Encryption::Tls { key, first_meeting: Some("first meeting with 10.0.0.1:12345".into()) }
}

impl TestClient {
    /// Returns a client before the sign-in, with further rooms from the last session.
    pub fn with_rooms(rooms: &[&str]) -> TestClient {
        let rooms = rooms.iter().map(|room| RoomName::parse(room).unwrap()).collect();
        TestClient::with(Engine::new(Identity { rooms, ..alice() }, 7), "10.0.0.1:12345", Settings::default())
    }

    fn with(engine: Engine, server: &str, settings: Settings) -> TestClient {
        let room = if settings.mesh { "mesh" } else { "lobby" };
        let state = State::new(engine, server, room, settings);
        TestClient {
            state,
            ms: 0,
            effects: Vec::new(),
            sent: Vec::new(),
            unanswered: Vec::new(),
            nonces: Vec::new(),
            acknowledged: Vec::new(),
            pings: Vec::new(),
            edits: Vec::new(),
            rules: HashMap::new(),
            is_encrypted: false,
        }
    }

    /// Returns a client before the sign-in.
    pub fn new(width: usize, height: usize) -> TestClient {
        let mut client = TestClient::with_rooms(&[]);
        client.step(Input::Resize(width, height));
        client
    }

    /// Returns a client in a mesh with bob and carol.
    pub fn in_mesh(width: usize, height: usize) -> TestClient {
        let settings = Settings { mesh: true, ..Settings::default() };
        let who = Identity { room: RoomName::parse("mesh").unwrap(), ..alice() };
        let mut client = TestClient::with(Engine::new(who, 7), "mesh", settings);
        client.step(Input::Resize(width, height));
        let grant = SignInDetails { protocol: PROTOCOL, member_of: vec!["mesh".into()], ..SignInDetails::default() };
        let (user, server, room, grant) = ("alice".into(), "mesh".into(), "mesh".into(), Box::new(grant));
        client.receive(EventKind::Welcome { user, server, room, account: false, grant });
        client.answer_all();
        for user in ["bob", "carol"] {
            client.receive(EventKind::Joined { user: user.into(), room: "mesh".into() });
        }
        client.advance(6_000);
        client
    }

    /// Returns a client signed in as a guest, in the lobby with bob, without missed messages.
    pub fn signed_in(width: usize, height: usize) -> TestClient {
        let mut client = TestClient::new(width, height);
        client.welcome();
        client.nothing_missed();
        client.answer_all();
        client.advance(6_000);
        client.take_sent();
        client
    }

    /// The server accepts the sign-in with all rooms.
    pub fn welcome(&mut self) {
        self.welcomed(true, false);
    }

    /// The server accepts the sign-in attempt with this label.
    pub fn welcomed_by(&mut self, label: &str) {
        let welcome = self.welcome_event(true, false);
        self.reply_part(label, welcome);
    }

    /// The server accepts the sign-in, with a rate limit if `limited`, and resumes the session if `resumed`.
    pub fn welcomed(&mut self, limited: bool, resumed: bool) {
        let welcome = self.welcome_event(limited, resumed);
        self.receive(welcome);
    }

    fn welcome_event(&mut self, limited: bool, resumed: bool) -> EventKind<'static> {
        let member_of = self.state.engine().rooms().map(|room| room.to_owned().into()).collect();
        let grant = SignInDetails {
            protocol: PROTOCOL,
            token: Some("token".into()),
            name_token: None,
            resumed,
            member_of,
            rate: limited.then_some((10, 5_000)),
            encrypted: self.is_encrypted,
        };
        let (user, server, room) = ("alice".into(), "Landline".into(), "lobby".into());
        self.unanswered.clear();
        self.pings.clear();
        EventKind::Welcome { user, server, room, account: false, grant: Box::new(grant) }
    }

    /// The server tells that no message was missed.
    pub fn nothing_missed(&mut self) {
        let mut rooms: Vec<String> = self.state.engine().rooms().map(str::to_owned).collect();
        rooms.push("all".into());
        for room in rooms {
            self.caught_up(room, false, false);
        }
    }

    /// The server has sent all, or a page (`more`), of the messages of a room.
    pub fn caught_up(&mut self, room: impl Into<String>, missed: bool, more: bool) {
        self.receive(EventKind::CaughtUp { room: room.into().into(), count: 0, missed, more });
    }

    /// Feeds an input, and collects the effects.
    pub fn step(&mut self, input: Input) {
        let unix_ms = START_MS + i64::try_from(self.ms).unwrap();
        let now = Now { ms: self.ms, wall: OffsetDateTime { unix_ms, offset_s: 0 }, zone: Zone::default() };
        for effect in self.state.step(input, now) {
            match effect {
                ScreenEffect::Send(object) => self.collect(&object),
                ScreenEffect::Remember(Remembered::Rooms(_)) => {}
                other => self.effects.push(other),
            }
        }
    }

    /// Collects a sent object.
    fn collect(&mut self, object: &str) {
        let request = Request::parse(object).expect("an object");
        let label = request.answer_label();
        self.nonces.extend(request.nonce.as_deref().map(str::to_owned));
        match (&*request.r#type, label) {
            ("ping", Some(label)) => self.pings.push(label),
            ("ack", None) => self.acknowledged.extend(request.seq),
            ("pong", None) => {}
            (_, label) => {
                if request.r#type == "edit" {
                    self.edits.extend(request.id.zip(request.text.as_deref().map(str::to_owned)));
                }
                self.sent.push(line(object));
                self.unanswered.extend(label.map(|label| (label, line(object))));
            }
        }
    }

    fn moment(&self) -> OffsetDateTime {
        OffsetDateTime { unix_ms: START_MS + i64::try_from(self.ms).unwrap(), offset_s: 0 }
    }

    /// Receives an event.
    pub fn receive(&mut self, what: EventKind<'static>) {
        let event = Box::new(what.at(self.moment()));
        self.step(Input::Event { event, by_program: false });
    }

    /// Receives an event with a sequence number, which must be acknowledged.
    pub fn receive_with_seq(&mut self, seq: u64, what: EventKind<'static>) {
        let event = Box::new(Event { seq: Some(seq), ..what.at(self.moment()) });
        self.step(Input::Event { event, by_program: false });
    }

    /// Receives a message of alice from the history.
    pub fn receive_own_history(&mut self, id: u64, room: &'static str, text: &'static str, nonce: &str) {
        let what = EventKind::Recalled {
            id,
            place: Location::Room(room.into()),
            user: "alice".into(),
            text: text.into(),
            edited: false,
        };
        let event = Box::new(Event { nonce: Some(nonce.to_owned().into()), ..what.at(self.moment()) });
        self.step(Input::Event { event, by_program: false });
    }

    /// Receives the complete answer to the first unanswered command with this beginning.
    #[track_caller]
    pub fn answer(&mut self, command: &str, what: EventKind<'static>) {
        let at = self.unanswered.iter().position(|(_, line)| line.starts_with(command));
        let at = at.unwrap_or_else(|| panic!("{command} is not in {:?}", self.unanswered));
        let (label, _) = self.unanswered.remove(at);
        self.reply(label, what);
    }

    /// Receives a part of an answer.
    pub fn reply_part(&mut self, label: &str, what: EventKind<'static>) {
        let reply = Some(Reply { label: label.to_owned().into(), done: false });
        let event = Box::new(Event { reply, ..what.at(self.moment()) });
        self.step(Input::Event { event, by_program: false });
    }

    fn reply(&mut self, label: String, what: EventKind<'static>) {
        let reply = Some(Reply { label: label.into(), done: true });
        let event = Box::new(Event { reply, ..what.at(self.moment()) });
        self.step(Input::Event { event, by_program: false });
    }

    /// Receives the echo of an unanswered message to a room, with its id.
    #[track_caller]
    pub fn echo(&mut self, id: u64, room: &'static str, text: &str) {
        let what = EventKind::Said { id, room: room.into(), user: "alice".into(), text: text.to_owned().into() };
        self.answer(&format!("{room}: {text}"), what);
    }

    /// Receives a refusal of the first unanswered command with this beginning.
    #[track_caller]
    pub fn refuse(&mut self, command: &str, cause: Cause) {
        self.answer(command, cause.report().with_text("xq wvzt").into());
    }

    /// The server accepts a `/join`.
    #[track_caller]
    pub fn grant_join(&mut self, room: &'static str) {
        let command = self.unanswered.iter().find(|(_, line)| line.eq_ignore_ascii_case(&format!("/join {room}")));
        let command = command.map(|(_, line)| line.clone()).expect("an unanswered /join");
        self.answer(&command, Cause::Entered.with_room(room).into());
    }

    /// Answers all background requests: alice and bob are there, and there is no history.
    pub fn answer_all(&mut self) {
        while let Some(at) = self.unanswered.iter().position(|(_, line)| is_background_request(line)) {
            let (label, line) = self.unanswered.remove(at);
            let people = || vec!["alice".into(), "bob".into()];
            let what = match line.split_once("/who ") {
                Some((_, room)) => {
                    let users = if room == "mesh" { vec!["alice".into()] } else { people() };
                    EventKind::Members {
                        room: room.to_owned().into(),
                        users,
                        unencrypted: Box::default(),
                        part: Part::default(),
                    }
                }
                None if line.ends_with(": /rules") => {
                    let room = line.trim_end_matches(": /rules");
                    match self.rules.get(room) {
                        Some(rules) => {
                            EventKind::Rules { room: room.to_owned().into(), rules: Box::new(rules.clone()) }
                        }
                        // A server of an earlier version.
                        None => Cause::UnknownCommand.with_word("rules").into(),
                    }
                }
                None if line == "/users" => {
                    EventKind::Online { users: people(), unencrypted: Box::default(), part: Part::default() }
                }
                None => EventKind::RecallEnd { count: 0, remark: "".into(), next: None },
            };
            self.reply(label, what);
        }
    }

    /// Confirms all messages, one after the other. Returns all sent lines.
    pub fn acknowledge_all(&mut self) -> Vec<String> {
        let mut id = 1_000;
        while let Some((_, line)) = self.unanswered.iter().find(|(_, line)| !is_background_request(line)).cloned() {
            self.answer(&line, EventKind::Done { id: Some(id), repeated: false });
            id += 1;
        }
        self.take_sent()
    }

    /// The connection fails.
    pub fn connection_down(&mut self, why: &str, loss: Loss) {
        self.step(Input::Down { why: why.into(), loss });
    }

    /// The server closes the connection.
    pub fn lose_connection(&mut self) {
        self.connection_down("the server closed the connection", Loss::Server);
        self.take_sent();
    }

    /// Receives a message in a room.
    pub fn receive_message(&mut self, id: u64, room: &'static str, user: &'static str, text: &str) {
        let text = text.to_owned().into();
        self.receive(EventKind::Said { id, room: room.into(), user: user.into(), text });
    }

    /// Receives a message of a room from the history.
    pub fn receive_history(&mut self, id: u64, room: &'static str, user: &'static str, text: &'static str) {
        let place = Location::Room(room.into());
        self.receive(EventKind::Recalled { id, place, user: user.into(), text: text.into(), edited: false });
    }

    /// Answers all pings.
    pub fn answer_pings(&mut self) {
        for label in std::mem::take(&mut self.pings) {
            self.reply(label, EventKind::Pong("".into()));
        }
    }

    /// Lets time pass while the server answers pings and background requests.
    pub fn advance(&mut self, ms: u64) {
        let end = self.ms + ms;
        while self.ms < end {
            self.advance_silently(200.min(end - self.ms));
            self.answer_pings();
            self.answer_all();
        }
    }

    /// Lets time pass while the server sends nothing.
    pub fn advance_silently(&mut self, ms: u64) {
        let end = self.ms + ms;
        while self.ms < end {
            self.ms = (self.ms + 200).min(end);
            self.step(Input::Tick);
        }
    }

    /// Presses a key.
    pub fn press(&mut self, key: Key) {
        self.step(Input::Key(key));
    }

    /// Types a text.
    pub fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.press(Key::plain(Code::Char(c)));
        }
    }

    /// Types a line and presses Enter.
    pub fn enter_line(&mut self, line: &str) {
        self.type_in(line);
        self.press(Key::plain(Code::Enter));
    }

    /// Returns the lines sent since the last call.
    pub fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    /// Returns the lines of a conversation, with a mark for the delivery of own messages.
    pub fn lines(&self, place: &ConversationId) -> Vec<String> {
        let conversation = self.state.conversations().get(place).expect("a conversation");
        let shown = |line: &super::line::Line| match &line.body {
            Body::Message(message) => {
                let mark = match &message.delivery {
                    Delivery::Received | Delivery::Sent => "",
                    Delivery::Unsent => "unsent ",
                    Delivery::Pending => "pending ",
                    Delivery::Failed(_) => "failed ",
                };
                let edited = if message.edited { EDITED } else { "" };
                format!("{mark}{}: {}{edited}", message.user, message.text)
            }
            Body::Presence(presence) => format!("~ {}", presence.sentence()),
            Body::Notice { text, .. } => format!("- {text}"),
            Body::Removed(text) => format!("({text})"),
        };
        conversation.lines().iter().map(shown).collect()
    }

    /// Returns the lines of the lobby, without the greeting.
    pub fn lobby(&self) -> Vec<String> {
        let mut lines = self.lines(&ConversationId::room("lobby"));
        lines.retain(|line| !line.starts_with("- Welcome"));
        lines
    }
}

/// Returns whether a line looks like a background request.
fn is_background_request(line: &str) -> bool {
    line.starts_with("/who ") || line == "/users" || line.ends_with(": /rules") || line.contains(": /history")
}
