//! Alice at the plain client, and a server that says what the test says.

use super::super::*;
use landline_common::history::Place as Where;
use landline_common::{Moment, What};

pub struct Desk {
    pub plain: Plain,
    pub ms: u64,
    pub sent: Vec<String>,
    pub pings: Vec<String>,
    pub said: Vec<String>,
    pub shown: usize,
    pub dialect: Option<Dialect>,
    pub connects: usize,
    pub left: Option<Result<(), String>>,
}

impl Desk {
    pub fn new(ways: Ways, room: &str) -> Desk {
        Desk {
            plain: Plain::new("alice", room, ways, 7),
            ms: 0,
            sent: Vec::new(),
            pings: Vec::new(),
            said: Vec::new(),
            shown: 0,
            dialect: None,
            connects: 0,
            left: None,
        }
    }

    /// Signed in as a guest.
    pub fn guest(ways: Ways) -> Desk {
        let mut desk = Desk::new(ways, "lobby");
        desk.welcome("lobby", false);
        desk.shown = 0;
        desk
    }

    pub fn step(&mut self, input: Input) {
        let wall = Moment { unix_ms: i64::try_from(self.ms).unwrap(), offset_s: 0 };
        for act in self.plain.step(input, Now { ms: self.ms, wall }) {
            assert!(self.left.is_none(), "{act:?} after the end");
            match act {
                Act::Send(line) => match line.strip_prefix("/ping ") {
                    Some(token) => self.pings.push(token.into()),
                    None => self.sent.push(line),
                },
                Act::Say(text) => self.said.push(text),
                Act::Show(dialect) => (self.shown, self.dialect) = (self.shown + 1, Some(dialect)),
                Act::Connect => self.connects += 1,
                Act::Disconnect => {}
                Act::Leave(end) => self.left = Some(end),
            }
        }
    }

    pub fn hear(&mut self, what: What<'static>) {
        let at = Moment { unix_ms: i64::try_from(self.ms).unwrap(), offset_s: 0 };
        self.step(Input::Event(Box::new(what.at(at))));
    }

    pub fn welcome(&mut self, room: &'static str, account: bool) {
        self.hear(What::Welcome {
            user: "alice".into(),
            server: "S".into(),
            room: room.into(),
            account,
            grant: Default::default(),
        });
    }

    pub fn said(&mut self, id: u64, room: &'static str, user: &'static str, text: &'static str) {
        self.hear(What::Said { id, room: room.into(), user: user.into(), text: text.into() });
    }

    pub fn recalled(&mut self, id: u64, user: &'static str, text: &'static str) {
        self.hear(What::Recalled { id, place: Where::Room("lobby".into()), user: user.into(), text: text.into() });
    }

    pub fn recall_end(&mut self) {
        self.hear(What::RecallEnd { shown: 0, remark: "".into(), next: None });
    }

    pub fn pong(&mut self) {
        for token in std::mem::take(&mut self.pings) {
            self.hear(What::Pong(token.into()));
        }
    }

    pub fn type_in(&mut self, line: &str) {
        self.step(Input::Line(line.into()));
    }

    /// Time passes; the server answers pings if it is `alive`.
    pub fn pass(&mut self, ms: u64, alive: bool) {
        let end = self.ms + ms;
        while self.ms < end && self.left.is_none() {
            self.ms += 100;
            self.step(Input::Tick);
            if alive {
                self.pong();
            }
        }
    }

    pub fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }
}
