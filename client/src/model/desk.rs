//! For tests: somebody at the client, and a server that says what the test says.

use super::conversation::Place;
use super::key::{Code, Key};
use super::line::{Body, Delivery};
use super::{Effect, Input, Now, Settings, State};
use landline_common::event::Part;
use landline_common::history::Place as Where;
use landline_common::{Moment, What};

/// 2026-11-21 14:00 UTC.
const START_MS: i64 = 1_795_269_600_000;

/// Alice at her client.
pub struct Desk {
    /// The client.
    pub state: State,
    /// Milliseconds since the start.
    pub ms: u64,
    /// What it wanted done, but for what it sent.
    pub effects: Vec<Effect>,
    /// What it sent that the test has not looked at yet, but for questions for a sign of life.
    pub sent: Vec<String>,
    /// Such questions that the server has not answered.
    pub pings: Vec<String>,
}

impl Desk {
    /// Before the connection is made.
    pub fn new(width: usize, height: usize) -> Desk {
        let state = State::new("alice", "10.0.0.1:12345", "lobby", Settings::default(), 7);
        let mut desk = Desk { state, ms: 0, effects: Vec::new(), sent: Vec::new(), pings: Vec::new() };
        desk.step(Input::Resize(width, height));
        desk
    }

    /// In a mesh with bob and carol.
    pub fn in_mesh(width: usize, height: usize) -> Desk {
        let settings = Settings { mesh: true, ..Settings::default() };
        let state = State::new("alice", "mesh", "mesh", settings, 7);
        let mut desk = Desk { state, ms: 0, effects: Vec::new(), sent: Vec::new(), pings: Vec::new() };
        desk.step(Input::Resize(width, height));
        let (user, server, room) = ("alice".into(), "mesh".into(), "mesh".into());
        desk.hear(What::Welcome { user, server, room, account: false, grant: Default::default() });
        desk.catch_up_nothing();
        desk.hear(What::Online { users: vec!["alice".into()], part: Part::default() });
        desk.hear(What::Members { room: "mesh".into(), users: vec!["alice".into()], part: Part::default() });
        for user in ["bob", "carol"] {
            desk.hear(What::Joined { user: user.into(), room: "mesh".into() });
        }
        desk.pass(6_000);
        desk
    }

    /// Signed in as a guest in the lobby, where nothing was missed and bob is, too.
    pub fn signed_in(width: usize, height: usize) -> Desk {
        let mut desk = Desk::new(width, height);
        desk.welcome();
        desk.catch_up_nothing();
        desk.hear(What::Online { users: vec!["alice".into(), "bob".into()], part: Part::default() });
        desk.hear(What::Members {
            room: "lobby".into(),
            users: vec!["alice".into(), "bob".into()],
            part: Part::default(),
        });
        desk.pass(6_000);
        desk.take_sent();
        desk
    }

    /// The server lets her in.
    pub fn welcome(&mut self) {
        let (user, server, room) = ("alice".into(), "Landline".into(), "lobby".into());
        self.hear(What::Welcome { user, server, room, account: false, grant: Default::default() });
    }

    /// The server has nothing that she missed in the room it is asked about.
    pub fn catch_up_nothing(&mut self) {
        self.hear(What::RecallEnd { shown: 0, remark: "".into(), next: None });
    }

    /// Something happens.
    pub fn step(&mut self, input: Input) {
        let unix_ms = START_MS + i64::try_from(self.ms).unwrap();
        let now = Now { ms: self.ms, wall: Moment { unix_ms, offset_s: 0 } };
        for effect in self.state.step(input, now) {
            match effect {
                Effect::Send(line) => match line.strip_prefix("/ping ") {
                    Some(token) => self.pings.push(token.to_owned()),
                    None => self.sent.push(line),
                },
                other => self.effects.push(other),
            }
        }
    }

    /// The server tells something.
    pub fn hear(&mut self, what: What<'static>) {
        let unix_ms = START_MS + i64::try_from(self.ms).unwrap();
        self.step(Input::Event(Box::new(what.at(Moment { unix_ms, offset_s: 0 }))));
    }

    /// Somebody says something in a room.
    pub fn said(&mut self, id: u64, room: &'static str, user: &'static str, text: &str) {
        let text = text.to_owned().into();
        self.hear(What::Said { id, room: room.into(), user: user.into(), text });
    }

    /// Something that was said in a room comes out of the history.
    pub fn recalled(&mut self, id: u64, room: &'static str, user: &'static str, text: &'static str) {
        let place = Where::Room(room.into());
        self.hear(What::Recalled { id, place, user: user.into(), text: text.into() });
    }

    /// The server gives the signs of life that it was asked for.
    pub fn pong(&mut self) {
        for token in std::mem::take(&mut self.pings) {
            self.hear(What::Pong(token.into()));
        }
    }

    /// Time passes, and the server is alive.
    pub fn pass(&mut self, ms: u64) {
        let end = self.ms + ms;
        while self.ms < end {
            self.pass_silently(200.min(end - self.ms));
            self.pong();
        }
    }

    /// Time passes, and nothing is heard.
    pub fn pass_silently(&mut self, ms: u64) {
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
    pub fn enter(&mut self, line: &str) {
        self.type_in(line);
        self.press(Key::plain(Code::Enter));
    }

    /// What was sent since the last look.
    pub fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    /// The lines of a conversation: marks for how far one's own have come, names and texts.
    pub fn lines(&self, place: &Place) -> Vec<String> {
        let conversation = self.state.talks.get(place).expect("a conversation");
        let shown = |line: &super::line::Line| match &line.body {
            Body::Talk(talk) => {
                let mark = match &talk.delivery {
                    Delivery::Heard | Delivery::Sent => "",
                    Delivery::Unsent => "unsent ",
                    Delivery::Pending => "pending ",
                    Delivery::Unsure => "unsure ",
                    Delivery::Failed(_) => "failed ",
                };
                format!("{mark}{}: {}", talk.user, talk.text)
            }
            Body::Presence(presence) => format!("~ {}", presence.sentence()),
            Body::Notice { text, .. } => format!("- {text}"),
        };
        conversation.lines().iter().map(shown).collect()
    }

    /// The talk in the lobby.
    pub fn lobby(&self) -> Vec<String> {
        let mut lines = self.lines(&Place::room("lobby"));
        lines.retain(|line| !line.starts_with("- Welcome"));
        lines
    }
}
