//! A plain client of user alice, and a server that the test plays.

use super::super::*;
use crate::chat::test_client::alice;
use crate::engine::typed::line;
use crate::engine::{Effect, Engine, Zone};
use crate::sign_in::Loss;
use landline_common::event::{PROTOCOL, Reply, SignInDetails};
use landline_common::history::Location as Where;
use landline_common::{Cause, EventKind, OffsetDateTime, Request, RoomName};

pub struct TestClient {
    pub plain: Plain,
    pub ms: u64,
    pub sent: Vec<String>,
    /// Labels and lines that the server has not answered.
    pub unanswered: Vec<(String, String)>,
    pub pings: Vec<String>,
    pub said: Vec<String>,
    /// Answers of the program to command objects.
    pub answers: Vec<Event<'static>>,
    pub shown: usize,
    pub dialect: Option<Dialect>,
    pub connects: usize,
    /// Purposes of the questions for passwords.
    pub asked: Vec<Purpose>,
    /// What was stored for the next start.
    pub remembered: Vec<Remembered>,
    pub left: Option<Result<(), String>>,
}

impl TestClient {
    pub fn new(ways: PlainOptions, room: &str) -> TestClient {
        let identity = crate::sign_in::Identity { room: RoomName::parse(room).unwrap(), ..alice() };
        TestClient {
            plain: Plain::new(Engine::new(identity, 7), ways),
            ms: 0,
            sent: Vec::new(),
            unanswered: Vec::new(),
            pings: Vec::new(),
            said: Vec::new(),
            answers: Vec::new(),
            shown: 0,
            dialect: None,
            connects: 0,
            asked: Vec::new(),
            remembered: Vec::new(),
            left: None,
        }
    }

    /// Returns a client that is signed in as a guest.
    pub fn guest(ways: PlainOptions) -> TestClient {
        let mut client = TestClient::new(ways, "lobby");
        client.welcome("lobby", false);
        for room in ["all", "lobby"] {
            client.hear(EventKind::CaughtUp { room: room.into(), count: 0, missed: false, more: false });
        }
        client.shown = 0;
        client
    }

    pub fn step(&mut self, input: PlainInput) {
        let wall = OffsetDateTime { unix_ms: i64::try_from(self.ms).unwrap(), offset_s: 0 };
        for effect in self.plain.step(input, Now { ms: self.ms, wall, zone: Zone::default() }) {
            assert!(self.left.is_none(), "{effect:?} after the end");
            match effect {
                PlainEffect::Engine(Effect::Send(object)) => {
                    let request = Request::parse(&object).unwrap();
                    let label = request.answer_label().unwrap_or_default();
                    if request.r#type == "ping" && self.plain.is_own_label(&label) && request.token.is_none() {
                        self.pings.push(label);
                    } else if request.r#type != "pong" {
                        self.sent.push(line(&object));
                        self.unanswered.push((label, line(&object)));
                    }
                }
                PlainEffect::Engine(Effect::Acknowledge(_) | Effect::Disconnect) => {}
                PlainEffect::Engine(Effect::Connect(_)) => self.connects += 1,
                PlainEffect::Notice(text) => self.said.push(text),
                PlainEffect::Answer(event) => self.answers.push(*event),
                PlainEffect::Show(dialect) | PlainEffect::ShowLate(_, dialect) => {
                    self.shown += 1;
                    self.dialect = Some(dialect);
                }
                PlainEffect::AskPasswords { purpose, .. } => self.asked.push(purpose),
                PlainEffect::Remember(what) => self.remembered.push(what),
                PlainEffect::Leave(end) => self.left = Some(end),
            }
        }
    }

    fn event(&mut self, what: EventKind<'static>, reply: Option<Reply<'static>>) {
        let at = OffsetDateTime { unix_ms: i64::try_from(self.ms).unwrap(), offset_s: 0 };
        self.step(PlainInput::Event(Box::new(Event { reply, ..what.at(at) })));
    }

    pub fn hear(&mut self, what: EventKind<'static>) {
        self.event(what, None);
    }

    /// Sends the final answer to the first unanswered command that begins with `command`.
    #[track_caller]
    pub fn answer(&mut self, command: &str, what: EventKind<'static>) {
        let at = self.unanswered.iter().position(|(_, line)| line.starts_with(command));
        let at = at.unwrap_or_else(|| panic!("{command} is not in {:?}", self.unanswered));
        let label = self.unanswered.remove(at).0.into();
        self.event(what, Some(Reply { label, done: true }));
    }

    #[track_caller]
    pub fn echo(&mut self, id: u64, room: &'static str, text: &'static str) {
        let what = EventKind::Said { id, room: room.into(), user: "alice".into(), text: text.into() };
        self.answer(&format!("{room}: {text}"), what);
    }

    #[track_caller]
    pub fn refuse(&mut self, command: &str, cause: Cause) {
        self.answer(command, cause.report().with_text("xq wvzt").into());
    }

    pub fn done(&mut self, command: &str) {
        self.answer(command, EventKind::Done { id: None, repeated: false });
    }

    pub fn welcome(&mut self, room: &'static str, account: bool) {
        let grant = SignInDetails {
            protocol: PROTOCOL,
            token: Some("token".into()),
            member_of: self.plain.engine.rooms().map(|room| room.to_owned().into()).collect(),
            rate: Some((10, 5_000)),
            ..SignInDetails::default()
        };
        self.unanswered.clear();
        self.pings.clear();
        let grant = Box::new(grant);
        self.hear(EventKind::Welcome { user: "alice".into(), server: "S".into(), room: room.into(), account, grant });
    }

    pub fn said(&mut self, id: u64, room: &'static str, user: &'static str, text: &'static str) {
        self.hear(EventKind::Said { id, room: room.into(), user: user.into(), text: text.into() });
    }

    pub fn recalled(&mut self, id: u64, user: &'static str, text: &'static str) {
        self.hear(EventKind::Recalled {
            id,
            place: Where::Room("lobby".into()),
            user: user.into(),
            text: text.into(),
            edited: false,
        });
    }

    pub fn pong(&mut self) {
        for label in std::mem::take(&mut self.pings) {
            self.event(EventKind::Pong("".into()), Some(Reply { label: label.into(), done: true }));
        }
    }

    pub fn down(&mut self) {
        self.step(PlainInput::Down { why: "reset".into(), loss: Loss::Server });
    }

    pub fn type_in(&mut self, line: &str) {
        self.step(PlainInput::Line(line.into()));
    }

    /// Lets time pass. The server answers pings if it is `alive`.
    pub fn pass(&mut self, ms: u64, alive: bool) {
        let end = self.ms + ms;
        while self.ms < end && self.left.is_none() {
            self.ms += 100;
            self.step(PlainInput::Tick);
            if alive {
                self.pong();
            }
        }
    }

    pub fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }
}
