//! For tests: somebody at the client, and a server that says what the test says.

use super::conversation::ConversationId;
use super::key::{Code, Key};
use super::line::{Body, Delivery};
use super::{Input, Remembered, ScreenEffect, Settings, State};
use crate::engine::typed::line;
use crate::engine::{Engine, Now, Zone};
use crate::sign_in::{Identity, Loss};
use landline_common::event::{PROTOCOL, Part, Reply, SignInDetails};
use landline_common::history::Location as Where;
use landline_common::{Cause, Event, EventKind, OffsetDateTime, Request, RoomName, UserName};

/// 2026-11-21 14:00 UTC.
const START_MS: i64 = 1_795_269_600_000;

/// Alice at her client.
pub struct TestClient {
    /// The client.
    pub state: State,
    /// Milliseconds since the start.
    pub ms: u64,
    /// What it wanted done, but for what it sent.
    pub effects: Vec<ScreenEffect>,
    /// What it sent that the test has not looked at yet, but for pings.
    pub sent: Vec<String>,
    /// The labels and lines of commands that the server has not answered.
    pub unanswered: Vec<(String, String)>,
    /// The nonces of what was said.
    pub nonces: Vec<String>,
    /// What was acknowledged.
    pub acknowledged: Vec<u64>,
    /// The labels of pings that the server has not answered.
    pub pings: Vec<String>,
}

/// Who alice is, before she is in.
pub fn alice() -> Identity {
    Identity {
        name: UserName::parse("alice").unwrap(),
        room: RoomName::lobby(),
        rooms: Vec::new(),
        password: None,
        register: false,
        server_password: None,
    }
}

impl TestClient {
    /// Before the connection is made, in further rooms the last time.
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
        }
    }

    /// Before the connection is made.
    pub fn new(width: usize, height: usize) -> TestClient {
        let mut client = TestClient::with_rooms(&[]);
        client.step(Input::Resize(width, height));
        client
    }

    /// In a mesh with bob and carol.
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

    /// Signed in as a guest in the lobby, where nothing was missed and bob is, too.
    pub fn signed_in(width: usize, height: usize) -> TestClient {
        let mut client = TestClient::new(width, height);
        client.welcome();
        client.nothing_missed();
        client.answer_all();
        client.advance(6_000);
        client.take_sent();
        client
    }

    /// The server lets her in, into all rooms that she wants to be in.
    pub fn welcome(&mut self) {
        self.welcomed(true, false);
    }

    /// The server lets her in by the sign-in of that label.
    pub fn welcomed_by(&mut self, label: &str) {
        let welcome = self.welcome_event(true, false);
        self.reply_part(label, welcome);
    }

    /// The server lets her in; perhaps her session goes on.
    pub fn welcomed(&mut self, limited: bool, resumed: bool) {
        let welcome = self.welcome_event(limited, resumed);
        self.receive(welcome);
    }

    fn welcome_event(&mut self, limited: bool, resumed: bool) -> EventKind<'static> {
        let member_of = self.state.engine().rooms().map(|room| room.to_owned().into()).collect();
        let grant = SignInDetails {
            protocol: PROTOCOL,
            token: Some("token".into()),
            resumed,
            member_of,
            rate: limited.then_some((10, 5_000)),
        };
        let (user, server, room) = ("alice".into(), "Landline".into(), "lobby".into());
        self.unanswered.clear();
        self.pings.clear();
        EventKind::Welcome { user, server, room, account: false, grant: Box::new(grant) }
    }

    /// The server has nothing that she missed in any room.
    pub fn nothing_missed(&mut self) {
        let mut rooms: Vec<String> = self.state.engine().rooms().map(str::to_owned).collect();
        rooms.push("all".into());
        rooms.into_iter().for_each(|room| self.caught_up(room, false, false));
    }

    /// That was what she missed in a room.
    pub fn caught_up(&mut self, room: impl Into<String>, missed: bool, more: bool) {
        self.receive(EventKind::CaughtUp { room: room.into().into(), count: 0, missed, more });
    }

    /// Something happens.
    pub fn step(&mut self, input: Input) {
        let unix_ms = START_MS + i64::try_from(self.ms).unwrap();
        let now = Now { ms: self.ms, wall: OffsetDateTime { unix_ms, offset_s: 0 }, zone: Zone::default() };
        for effect in self.state.step(input, now) {
            match effect {
                ScreenEffect::Send(object) => self.note(&object),
                ScreenEffect::Remember(Remembered::Rooms(_)) => {}
                other => self.effects.push(other),
            }
        }
    }

    fn note(&mut self, object: &str) {
        let request = Request::parse(object).expect("an object");
        let label = request.answer_label();
        self.nonces.extend(request.nonce.as_deref().map(str::to_owned));
        match (&*request.r#type, label) {
            ("ping", Some(label)) => self.pings.push(label),
            ("ack", None) => self.acknowledged.extend(request.seq),
            ("pong", None) => {}
            (_, label) => {
                self.sent.push(line(object));
                self.unanswered.extend(label.map(|label| (label, line(object))));
            }
        }
    }

    fn moment(&self) -> OffsetDateTime {
        OffsetDateTime { unix_ms: START_MS + i64::try_from(self.ms).unwrap(), offset_s: 0 }
    }

    /// The server tells something.
    pub fn receive(&mut self, what: EventKind<'static>) {
        let event = Box::new(what.at(self.moment()));
        self.step(Input::Event { event, by_program: false });
    }

    /// The server tells something that is acknowledged.
    pub fn receive_with_seq(&mut self, seq: u64, what: EventKind<'static>) {
        let event = Box::new(Event { seq: Some(seq), ..what.at(self.moment()) });
        self.step(Input::Event { event, by_program: false });
    }

    /// One of alice's own messages comes out of the history.
    pub fn receive_own_history(&mut self, id: u64, room: &'static str, text: &'static str, nonce: &str) {
        let what = EventKind::Recalled { id, place: Where::Room(room.into()), user: "alice".into(), text: text.into() };
        let event = Box::new(Event { nonce: Some(nonce.to_owned().into()), ..what.at(self.moment()) });
        self.step(Input::Event { event, by_program: false });
    }

    /// The server answers the first command that begins so, and nothing more follows.
    #[track_caller]
    pub fn answer(&mut self, command: &str, what: EventKind<'static>) {
        let at = self.unanswered.iter().position(|(_, line)| line.starts_with(command));
        let at = at.unwrap_or_else(|| panic!("{command} is not in {:?}", self.unanswered));
        let (label, _) = self.unanswered.remove(at);
        self.reply(label, what);
    }

    /// The server says a part of an answer.
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

    /// The server says the first line for a room that it has not answered, under that id.
    #[track_caller]
    pub fn echo(&mut self, id: u64, room: &'static str, text: &str) {
        let what = EventKind::Said { id, room: room.into(), user: "alice".into(), text: text.to_owned().into() };
        self.answer(&format!("{room}: {text}"), what);
    }

    /// The server refuses the first command that begins so.
    #[track_caller]
    pub fn refuse(&mut self, command: &str, cause: Cause) {
        self.answer(command, cause.report().with_text("xq wvzt").into());
    }

    /// The server lets her into a room.
    #[track_caller]
    pub fn grant_join(&mut self, room: &'static str) {
        let command = self.unanswered.iter().find(|(_, line)| line.eq_ignore_ascii_case(&format!("/join {room}")));
        let command = command.map(|(_, line)| line.clone()).expect("she wants to go in");
        self.answer(&command, Cause::Entered.with_room(room).into());
    }

    /// The server answers the program's own questions: who is there, and that there is no history.
    pub fn answer_all(&mut self) {
        while let Some(at) = self.unanswered.iter().position(|(_, line)| is_question(line)) {
            let (label, line) = self.unanswered.remove(at);
            let people = || vec!["alice".into(), "bob".into()];
            let what = match line.split_once("/who ") {
                Some((_, room)) => {
                    let users = if room == "mesh" { vec!["alice".into()] } else { people() };
                    EventKind::Members { room: room.to_owned().into(), users, part: Part::default() }
                }
                None if line == "/users" => EventKind::Online { users: people(), part: Part::default() },
                None => EventKind::RecallEnd { count: 0, remark: "".into(), next: None },
            };
            self.reply(label, what);
        }
    }

    /// The server takes one message after the other. All that was sent.
    pub fn acknowledge_all(&mut self) -> Vec<String> {
        let mut id = 1_000;
        while let Some((_, line)) = self.unanswered.iter().find(|(_, line)| !is_question(line)).cloned() {
            self.answer(&line, EventKind::Done { id: Some(id), repeated: false });
            id += 1;
        }
        self.take_sent()
    }

    /// The connection is lost.
    pub fn connection_down(&mut self, why: &str, loss: Loss) {
        self.step(Input::Down { why: why.into(), loss });
    }

    /// The server ends the connection.
    pub fn lose_connection(&mut self) {
        self.connection_down("the server closed the connection", Loss::Server);
        self.take_sent();
    }

    /// Somebody says something in a room.
    pub fn receive_message(&mut self, id: u64, room: &'static str, user: &'static str, text: &str) {
        let text = text.to_owned().into();
        self.receive(EventKind::Said { id, room: room.into(), user: user.into(), text });
    }

    /// Something that was said in a room comes out of the history.
    pub fn receive_history(&mut self, id: u64, room: &'static str, user: &'static str, text: &'static str) {
        let place = Where::Room(room.into());
        self.receive(EventKind::Recalled { id, place, user: user.into(), text: text.into() });
    }

    /// The server gives the signs of life that it was asked for.
    pub fn answer_pings(&mut self) {
        for label in std::mem::take(&mut self.pings) {
            self.reply(label, EventKind::Pong("".into()));
        }
    }

    /// Time passes, and the server is alive.
    pub fn advance(&mut self, ms: u64) {
        let end = self.ms + ms;
        while self.ms < end {
            self.advance_silently(200.min(end - self.ms));
            self.answer_pings();
            self.answer_all();
        }
    }

    /// Time passes, and nothing is heard.
    pub fn advance_silently(&mut self, ms: u64) {
        let end = self.ms + ms;
        while self.ms < end {
            self.ms = (self.ms + 200).min(end);
            self.step(Input::Tick);
        }
    }

    /// She presses a key.
    pub fn press(&mut self, key: Key) {
        self.step(Input::Key(key));
    }

    /// She types.
    pub fn type_in(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(Key::plain(Code::Char(c))));
    }

    /// She types a line, and Enter.
    pub fn enter_line(&mut self, line: &str) {
        self.type_in(line);
        self.press(Key::plain(Code::Enter));
    }

    /// What was sent since the last look.
    pub fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    /// The lines of a conversation: marks for how far one's own have come, names and texts.
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
                format!("{mark}{}: {}", message.user, message.text)
            }
            Body::Presence(presence) => format!("~ {}", presence.sentence()),
            Body::Notice { text, .. } => format!("- {text}"),
        };
        conversation.lines().iter().map(shown).collect()
    }

    /// The talk in the lobby.
    pub fn lobby(&self) -> Vec<String> {
        let mut lines = self.lines(&ConversationId::room("lobby"));
        lines.retain(|line| !line.starts_with("- Welcome"));
        lines
    }
}

/// What the program asks without anybody having typed it.
fn is_question(line: &str) -> bool {
    line.starts_with("/who ") || line == "/users" || line.contains(": /history")
}
