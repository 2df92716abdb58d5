//! A network that breaks at any moment between a client and a server that keeps what is said: everything that was
//! typed is said once, in order, and everybody's screen says the same.

use crate::model::conversation::Place;
use crate::model::desk::Desk;
use crate::model::{Effect, Input};
use landline_common::What;
use landline_common::event::Part;
use landline_common::history::Place as Where;
use proptest::prelude::*;
use std::collections::VecDeque;

/// Messages in one answer to a question about the history.
const PAGE: usize = 3;

/// What is between the client and the server, and what the server keeps.
#[derive(Default)]
struct Network {
    up: VecDeque<String>,
    down: VecDeque<What<'static>>,
    /// Who said what in the lobby; the id is the place, and one.
    said: Vec<(&'static str, String)>,
    connected: bool,
}

impl Network {
    fn welcome(&mut self, account: bool) {
        self.connected = true;
        let (user, server, room) = ("alice".into(), "Landline".into(), "lobby".into());
        self.down.push_back(What::Welcome { user, server, room, account, grant: Default::default() });
    }

    fn say(&mut self, user: &'static str, text: &str) {
        self.said.push((user, text.to_owned()));
        if self.connected {
            let (id, room, text) = (self.said.len() as u64, "lobby".into(), text.to_owned().into());
            self.down.push_back(What::Said { id, room, user: user.into(), text });
        }
    }

    /// The server takes a line.
    fn obey(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "/say" => self.say("alice", rest),
            "/ping" => self.down.push_back(What::Pong(rest.to_owned().into())),
            "/history" => {
                let after = rest.strip_prefix("after ").map_or(0, |id| id.parse().expect("an id"));
                self.recall(after);
            }
            "/who" => {
                self.down.push_back(What::Members {
                    room: "lobby".into(),
                    users: vec!["alice".into(), "bob".into()],
                    part: Part::default(),
                });
            }
            "/users" => {
                self.down.push_back(What::Online { users: vec!["alice".into(), "bob".into()], part: Part::default() })
            }
            other => panic!("nobody asked for {other}"),
        }
    }

    fn recall(&mut self, after: usize) {
        let page: Vec<_> = self.said.iter().enumerate().skip(after).take(PAGE).collect();
        for (at, (user, text)) in &page {
            let (id, place, text) = (*at as u64 + 1, Where::Room("lobby".into()), text.clone().into());
            self.down.push_back(What::Recalled { id, place, user: (*user).into(), text });
        }
        let end = after + page.len();
        let next = (end < self.said.len()).then(|| format!("/history after {end}").into());
        self.down.push_back(What::RecallEnd { shown: page.len(), remark: "".into(), next });
    }

    /// It breaks; so many of the lines on their way to the server still arrive.
    fn cut(&mut self, arrive: usize) {
        for _ in 0..arrive.min(self.up.len()) {
            let line = self.up.pop_front().expect("a line");
            self.obey(&line);
        }
        self.up.clear();
        self.down.clear();
        self.connected = false;
    }
}

/// Both ends.
struct World {
    desk: Desk,
    network: Network,
}

impl World {
    fn new() -> World {
        let mut world = World { desk: Desk::new(80, 24), network: Network::default() };
        world.network.welcome(true);
        world.move_down(1);
        world
    }

    /// What the client wants done is done.
    fn settle(&mut self) {
        let pings = std::mem::take(&mut self.desk.pings).into_iter().map(|token| format!("/ping {token}"));
        let sent = self.desk.take_sent();
        if self.network.connected {
            self.network.up.extend(sent);
            self.network.up.extend(pings);
        }
        for effect in std::mem::take(&mut self.desk.effects) {
            match effect {
                Effect::Connect => self.network.welcome(true),
                Effect::Disconnect => self.network.cut(0),
                _ => {}
            }
        }
    }

    fn move_up(&mut self, lines: usize) {
        for _ in 0..lines {
            let Some(line) = self.network.up.pop_front() else { return };
            self.network.obey(&line);
        }
    }

    fn move_down(&mut self, events: usize) {
        for _ in 0..events {
            let Some(what) = self.network.down.pop_front() else { return };
            self.desk.hear(what);
            self.settle();
        }
    }

    fn pass(&mut self, ms: u64) {
        self.desk.pass_silently(ms);
        self.settle();
    }

    fn step(&mut self, step: &Step, typed: &mut Vec<String>) {
        match step {
            Step::Type => {
                typed.push(format!("line {}", typed.len()));
                self.desk.enter(typed.last().expect("a line"));
                self.settle();
            }
            // The same text twice must be said twice.
            Step::Repeat => {
                typed.push("ok".to_owned());
                self.desk.enter("ok");
                self.settle();
            }
            Step::Other => self.network.say("bob", "hm"),
            Step::Up(n) => self.move_up(*n),
            Step::Down(n) => self.move_down(*n),
            Step::Pass(ms) => self.pass(*ms),
            Step::Cut(arrive) => {
                if self.network.connected && self.desk.state.link.is_up() {
                    self.network.cut(*arrive);
                    self.desk.step(Input::Down("cut".into()));
                    self.settle();
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Type,
    Repeat,
    Other,
    Up(usize),
    Down(usize),
    Pass(u64),
    Cut(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Type),
        2 => Just(Step::Repeat),
        2 => Just(Step::Other),
        4 => (1usize..6).prop_map(Step::Up),
        4 => (1usize..6).prop_map(Step::Down),
        3 => (0u64..4_000).prop_map(Step::Pass),
        2 => (0usize..8).prop_map(Step::Cut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everything_is_said_once_and_in_order(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        let mut typed = Vec::new();
        for step in &steps {
            world.step(step, &mut typed);
        }
        // From here on the network holds.
        for _ in 0..600 {
            world.pass(400);
            world.move_up(usize::MAX);
            world.move_down(usize::MAX);
        }
        let said: Vec<&String> = world.network.said.iter().filter(|(user, _)| *user == "alice").map(|(_, text)| text).collect();
        prop_assert_eq!(said, typed.iter().collect::<Vec<_>>());
        let mut shown = world.desk.lines(&Place::room("lobby"));
        shown.retain(|line| !line.starts_with(['-', '~']));
        let kept: Vec<String> = world.network.said.iter().map(|(user, text)| format!("{user}: {text}")).collect();
        prop_assert_eq!(shown, kept);
    }
}
