//! Property test of exactly-once delivery. The network between the client and a simulated server of protocol 2 breaks at
//! any moment, and the server restarts and throttles. Afterwards each typed line is stored once, in the order of its
//! room, and the screen shows exactly the stored messages.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::{TestClient, alice};
use crate::chat::{Input, ScreenEffect, Settings, State};
use crate::engine::{Engine, Now, Zone};
use crate::sign_in::Loss;
use landline_common::command::RoomAction;
use landline_common::event::{PROTOCOL, Part, Reply, SignInDetails};
use landline_common::history::Location;
use landline_common::{Cause, Command, Event, EventKind, OffsetDateTime, Request};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages in a page of the history.
const PAGE: usize = 3;
const ROOMS: [&str; 2] = ["lobby", "ops"];

/// A message stored by the server.
#[derive(Clone, Debug)]
struct Stored {
    room: &'static str,
    user: &'static str,
    text: String,
}

/// A simulated network and server.
#[derive(Default)]
struct FakeNetwork {
    /// Lines on their way to the server.
    to_server: VecDeque<String>,
    /// Events on their way to the client.
    to_client: VecDeque<Event<'static>>,
    /// Stored messages; the id is the index plus one.
    stored: Vec<Stored>,
    /// Off-the-record lines that bob has received.
    received_by_bob: Vec<String>,
    /// Ids of messages by their nonces. They survive a restart.
    nonces: BTreeMap<String, u64>,
    /// Answered labels of the session, with the ids of their messages.
    labels: BTreeMap<String, Option<u64>>,
    /// Rooms of the session.
    rooms: BTreeSet<&'static str>,
    /// Token that resumes the session.
    token: u64,
    connected: bool,
    /// Number of commands to throttle from now on.
    throttles: usize,
}

fn room_of(name: &str) -> &'static str {
    ROOMS.into_iter().find(|room| *room == name).expect("a room that is known")
}

impl FakeNetwork {
    fn send_event(&mut self, what: EventKind<'static>, reply: Option<(&str, bool)>) {
        let reply = reply.map(|(label, done)| Reply { label: label.to_owned().into(), done });
        let event = Event { reply, ..what.at(OffsetDateTime::default()) };
        if self.connected {
            self.to_client.push_back(event);
        }
    }

    /// Restarts the server, which loses its sessions and keeps stored messages.
    fn restart(&mut self) {
        self.labels.clear();
        self.rooms.clear();
        self.token += 1_000;
    }

    /// Handles a sign-in.
    fn sign_in(&mut self, lines: &str) {
        let object = lines.lines().nth(1).expect("an object");
        let request = Request::parse(object).expect("an object");
        let resumed = request.token.as_deref() == Some(&*self.token.to_string()) && self.token > 0;
        self.connected = true;
        if !resumed {
            self.labels.clear();
            self.rooms.clear();
        }
        self.token += 1;
        let wanted: Vec<(&'static str, Option<u64>)> = request
            .rooms
            .iter()
            .flatten()
            .filter(|(room, _)| &***room != "all")
            .map(|(room, id)| (room_of(room), *id))
            .collect();
        self.rooms.extend(wanted.iter().map(|(room, _)| *room).chain(["lobby"]));
        let grant = SignInDetails {
            protocol: PROTOCOL,
            token: Some(self.token.to_string().into()),
            name_token: None,
            resumed,
            member_of: self.rooms.iter().map(|room| (*room).into()).collect(),
            rate: Some((10, 5_000)),
            encrypted: false,
        };
        let (user, server, room) = ("alice".into(), "Landline".into(), "lobby".into());
        self.send_event(
            EventKind::Welcome { user, server, room, account: true, grant: Box::new(grant) },
            Some(("s", false)),
        );
        for (room, id) in wanted {
            let more = self.send_history(room, id.unwrap_or(0), "s");
            self.send_event(
                EventKind::CaughtUp { room: room.into(), count: 0, missed: true, more },
                Some(("s", false)),
            );
        }
        self.send_event(
            EventKind::CaughtUp { room: "all".into(), count: 0, missed: false, more: false },
            Some(("s", false)),
        );
        self.send_event(EventKind::Done { id: None, repeated: false }, Some(("s", true)));
    }

    fn say(&mut self, room: &'static str, user: &'static str, text: &str, label: Option<&str>) -> u64 {
        self.stored.push(Stored { room, user, text: text.to_owned() });
        let id = self.stored.len() as u64;
        if self.rooms.contains(room) {
            let what = EventKind::Said { id, room: room.into(), user: user.into(), text: text.to_owned().into() };
            self.send_event(what, label.map(|label| (label, true)));
        }
        id
    }

    /// Handles a line of the client.
    fn handle_line(&mut self, line: &str) {
        let request = Request::parse(line).expect("an object");
        let Some(label) = request.answer_label() else { return };
        let label = &*label;
        let command = request.command().expect("a command");
        if !command.is_upkeep() && self.throttles > 0 {
            self.throttles -= 1;
            let mut why = Cause::Throttled.report();
            why.about.retry_ms = Some(300);
            return self.send_event(why.into(), Some((label, true)));
        }
        let seen = self.labels.get(label).copied();
        let known = request.nonce.as_deref().and_then(|nonce| self.nonces.get(nonce)).copied();
        if let (Some(id), _) | (None, id @ Some(_)) = (seen, known) {
            return self.send_event(EventKind::Done { id, repeated: true }, Some((label, true)));
        }
        let id = self.carry_out(&command, label);
        if !command.is_upkeep() {
            self.labels.insert(label.to_owned(), id);
        }
        if let (Some(nonce), Some(id)) = (&request.nonce, id) {
            self.nonces.insert(nonce.to_string(), id);
        }
    }

    fn carry_out(&mut self, command: &Command<'_>, label: &str) -> Option<u64> {
        let done = Some((label, true));
        match *command {
            Command::SayIn { room, text } if self.rooms.contains(room) => {
                return Some(self.say(room_of(room), "alice", text, Some(label)));
            }
            Command::SayIn { room, .. } => panic!("message to {room}, where the user is not"),
            Command::Private { text, .. } => {
                self.received_by_bob.push(text.to_owned());
                self.send_event(EventKind::Done { id: None, repeated: false }, done);
            }
            Command::Ping(_) => self.send_event(EventKind::Pong("".into()), done),
            Command::Join(room) => {
                self.rooms.insert(room_of(room));
                self.send_event(Cause::Entered.with_room(room.to_owned()).into(), done);
            }
            Command::HistoryIn { room, ask } => {
                let after = match ask {
                    landline_common::command::HistoryQuery::After(id) => id,
                    _ => 0,
                };
                let more = self.send_history(room_of(room), after, label).then(|| "xq".into());
                self.send_event(EventKind::RecallEnd { count: 0, remark: "".into(), next: more }, done);
            }
            Command::Members { room, .. } => {
                let (room, users, part) = (room.to_owned().into(), vec!["alice".into()], Part::default());
                self.send_event(EventKind::Members { room, users, unencrypted: Box::default(), part }, done);
            }
            Command::InRoom { room, action: RoomAction::Rules } => {
                let room = room.unwrap_or_default().to_owned().into();
                self.send_event(EventKind::Rules { room, rules: Box::default() }, done);
            }
            Command::Online { .. } => {
                let (users, part) = (vec!["alice".into(), "bob".into()], Part::default());
                self.send_event(EventKind::Online { users, unencrypted: Box::default(), part }, done);
            }
            other => panic!("unexpected command {other:?}"),
        }
        None
    }

    /// Sends a page of the messages after `after` in a room. Returns whether there are more.
    fn send_history(&mut self, room: &'static str, after: u64, label: &str) -> bool {
        let found: Vec<(u64, Stored)> =
            (1..).zip(self.stored.clone()).filter(|(id, said)| *id > after && said.room == room).collect();
        for (id, Stored { user, text, .. }) in found.iter().take(PAGE).cloned() {
            let what = EventKind::Recalled {
                id,
                place: Location::Room(room.into()),
                user: user.into(),
                text: text.into(),
                edited: false,
            };
            self.send_event(what, Some((label, false)));
        }
        found.len() > PAGE
    }

    /// Breaks the connection. Up to `arrive` lines on their way to the server still arrive.
    fn break_connection(&mut self, arrive: usize) {
        for _ in 0..arrive.min(self.to_server.len()) {
            let line = self.to_server.pop_front().expect("a line");
            self.handle_line(&line);
        }
        self.to_server.clear();
        self.to_client.clear();
        self.connected = false;
    }
}

/// The client and the network.
struct FakeWorld {
    state: State,
    ms: u64,
    network: FakeNetwork,
    /// Lines typed for each room.
    typed: BTreeMap<&'static str, Vec<String>>,
}

impl FakeWorld {
    fn new() -> FakeWorld {
        let state = State::new(Engine::new(alice(), 7), "10.0.0.1:12345", "lobby", Settings::default());
        let mut world = FakeWorld { state, ms: 0, network: FakeNetwork::default(), typed: BTreeMap::new() };
        let mut sign_in = world.state.engine_mut().sign_in();
        world.network.sign_in(&sign_in.begin());
        world.deliver_to_client(1);
        world.enter("/join ops");
        world
    }

    fn step(&mut self, input: Input) {
        let now = Now { ms: self.ms, wall: OffsetDateTime::default(), zone: Zone::default() };
        for effect in self.state.step(input, now) {
            match effect {
                ScreenEffect::Connect(mut sign_in) => self.network.sign_in(&sign_in.begin()),
                ScreenEffect::Disconnect => self.network.break_connection(0),
                ScreenEffect::Send(line) if self.network.connected => self.network.to_server.push_back(line),
                _ => {}
            }
        }
    }

    fn enter(&mut self, line: &str) {
        for c in line.chars() {
            self.step(Input::Key(Key::plain(Code::Char(c))));
        }
        self.step(Input::Key(Key::plain(Code::Enter)));
    }

    /// Types a line for a room.
    fn say(&mut self, room: &'static str, text: String) {
        let number = self
            .state
            .conversations()
            .numbered()
            .position(|conversation| conversation.id == ConversationId::room(room));
        match number {
            Some(at) => {
                let digit = char::from_digit(u32::try_from(at).unwrap() + 1, 10).unwrap();
                self.step(Input::Key(Key::alt(Code::Char(digit))));
            }
            // The room is being joined, and has no number.
            None => self.enter(&format!("/join {room}")),
        }
        self.enter(&text);
        self.typed.entry(room).or_default().push(text);
    }

    fn deliver_to_server(&mut self, lines: usize) {
        for _ in 0..lines {
            let Some(line) = self.network.to_server.pop_front() else { return };
            self.network.handle_line(&line);
        }
    }

    fn deliver_to_client(&mut self, events: usize) {
        for _ in 0..events {
            let Some(event) = self.network.to_client.pop_front() else { return };
            self.step(Input::Event { event: Box::new(event), by_program: false });
        }
    }

    fn pass(&mut self, ms: u64) {
        let end = self.ms + ms;
        while self.ms < end {
            self.ms = (self.ms + 100).min(end);
            self.step(Input::Tick);
        }
    }

    /// Breaks the connection. Returns whether there was one.
    fn cut(&mut self, arrive: usize, loss: Loss) -> bool {
        let connected = self.network.connected;
        if connected {
            self.network.break_connection(arrive);
            self.step(Input::Down { why: "cut".into(), loss });
        }
        connected
    }

    fn run_step(&mut self, step: &NetworkStep) {
        let count = self.typed.values().map(Vec::len).sum::<usize>();
        match step {
            NetworkStep::Type(room) => self.say(ROOMS[*room], format!("line {count}")),
            // An equal text typed twice must be stored twice.
            NetworkStep::Repeat => self.say("lobby", "ok".to_owned()),
            NetworkStep::Other(room) => _ = self.network.say(ROOMS[*room], "bob", "hm", None),
            NetworkStep::Up(n) => self.deliver_to_server(*n),
            NetworkStep::Down(n) => self.deliver_to_client(*n),
            NetworkStep::Pass(ms) => self.pass(*ms),
            NetworkStep::Cut(arrive, loss) => _ = self.cut(*arrive, *loss),
            NetworkStep::Restart(arrive) => {
                // After the loss of a server the client pauses, so the restart comes before the next connection.
                if self.cut(*arrive, Loss::Server) {
                    self.network.restart();
                }
            }
            NetworkStep::Throttle(n) => self.network.throttles = *n,
        }
    }

    /// Returns the messages shown in a room, each with its user and a mark if undelivered.
    fn shown(&self, room: &str) -> Vec<String> {
        let lines = self.state.conversations().get(&ConversationId::room(room)).expect("a tab").lines();
        let shown = lines.iter().filter_map(|line| {
            let message = line.message()?;
            let open = if message.delivery.is_undelivered() { "unsent " } else { "" };
            Some(format!("{open}{}: {}", message.user, message.text))
        });
        shown.collect()
    }
}

#[derive(Clone, Debug)]
enum NetworkStep {
    Type(usize),
    Repeat,
    Other(usize),
    Up(usize),
    Down(usize),
    Pass(u64),
    Cut(usize, Loss),
    Restart(usize),
    Throttle(usize),
}

fn step() -> impl Strategy<Value = NetworkStep> {
    let loss = prop::sample::select(vec![Loss::Server, Loss::Network, Loss::Address]);
    prop_oneof![
        5 => (0usize..2).prop_map(NetworkStep::Type),
        2 => Just(NetworkStep::Repeat),
        2 => (0usize..2).prop_map(NetworkStep::Other),
        4 => (1usize..6).prop_map(NetworkStep::Up),
        4 => (1usize..9).prop_map(NetworkStep::Down),
        3 => (0u64..4_000).prop_map(NetworkStep::Pass),
        3 => ((0usize..8), loss).prop_map(|(arrive, loss)| NetworkStep::Cut(arrive, loss)),
        1 => (0usize..8).prop_map(NetworkStep::Restart),
        1 => (0usize..4).prop_map(NetworkStep::Throttle),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn typed_stored_and_shown_lines_agree(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = FakeWorld::new();
        for step in &steps {
            world.run_step(step);
        }
        // The network is stable from here on.
        for _ in 0..600 {
            world.pass(400);
            world.deliver_to_server(usize::MAX);
            world.deliver_to_client(usize::MAX);
        }
        for room in ROOMS {
            let said = world.network.stored.iter().filter(|said| said.room == room);
            let own: Vec<&String> = said.clone().filter(|said| said.user == "alice").map(|said| &said.text).collect();
            let typed = world.typed.get(room).cloned().unwrap_or_default();
            prop_assert_eq!(own, typed.iter().collect::<Vec<_>>(), "{}", room);
            let kept: Vec<String> = said.map(|said| format!("{}: {}", said.user, said.text)).collect();
            prop_assert_eq!(world.shown(room), kept, "{}", room);
        }
        prop_assert!(world.state.unsent() == 0);
    }
}

#[test]
fn off_the_record_lines_arrive_once_or_fail() {
    let mut client = TestClient::signed_in(80, 24);
    client.receive(EventKind::PrivateConnected { with: "bob".into() });
    let mut heard = Vec::new();
    for n in 0..6 {
        client.enter_line(&format!("/private bob line {n}"));
        let line = format!("/private bob line {n}");
        match n % 3 {
            0 => {
                heard.push(line.clone());
                client.answer(&line, EventKind::Done { id: None, repeated: false });
            }
            // The line arrived, and its answer was lost.
            1 => {
                heard.push(line.clone());
                client.lose_connection();
                client.advance(31_000);
                client.welcomed(true, true);
                client.answer(&line, EventKind::Done { id: None, repeated: true });
            }
            _ => {
                client.take_sent();
                client.lose_connection();
                client.advance(31_000);
                client.welcomed(true, false);
                assert!(!client.take_sent().contains(&line), "a line that may have arrived is not resent");
                client.receive(EventKind::PrivateConnected { with: "bob".into() });
            }
        }
    }
    let lines = client.lines(&ConversationId::off_the_record("bob"));
    let shown: Vec<&String> = lines.iter().filter(|line| line.contains("line ")).collect();
    let expected: Vec<String> = (0..6)
        .map(|n| if n % 3 == 2 { format!("failed alice: line {n}") } else { format!("alice: line {n}") })
        .collect();
    assert_eq!(shown, expected.iter().collect::<Vec<_>>());
    assert_eq!(heard.len(), 4);
}
