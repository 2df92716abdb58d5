//! Lines in, lines out, without a socket, a thread, a terminal or a clock: ([`Plain`], [`Input`]) → (state, [`Act`]s).
//! What is typed goes out in its order, no faster than a server takes it, and is kept until the server has it.

mod breaks;
mod direct;
mod hear;
mod heard;
mod own;

use super::chance::Chance;
use super::outgoing::{Errand, Item, Outgoing};
use super::{Now, Phase};
use direct::Chat;
use heard::Heard;
use landline_common::Event;
use landline_common::text::Dialect;
use own::Own;
use std::collections::BTreeMap;

/// Lines that are taken ahead of those that are out: the rest waits where it comes from.
const AHEAD: usize = 16;
/// Lines that are named when they could not be sent.
const NAMED: usize = 10;

/// What happens to the client.
#[derive(Clone, Debug)]
pub enum Input {
    /// A line was typed.
    Line(String),
    /// A line was too long to be taken: its beginning.
    TooLong(String),
    /// Nothing more will be typed.
    End,
    /// The system says to end, now.
    Stop,
    /// Time has passed.
    Tick,
    /// The server told something; the first thing is that one is signed in.
    Event(Box<Event<'static>>),
    /// The connection could not be made, or broke: why.
    Down(String),
    /// The server does not let one in.
    Refused {
        /// Why, in its own words.
        why: String,
        /// It may, later.
        again: bool,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Connect and sign in.
    Connect,
    /// Give the connection up.
    Disconnect,
    /// Send a line.
    Send(String),
    /// Print the event that has just come in.
    Show(Dialect),
    /// Say something beside what the server tells.
    Say(String),
    /// End; one's own lines are all dealt with, or why not.
    Leave(Result<(), String>),
}

/// How it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// Somebody sits at the keyboard.
    pub interactive: bool,
    /// Everything is shown as it comes, for programs.
    pub json: bool,
    /// In a mesh, what is said is shown as its predecessor did, with the second.
    pub mesh: bool,
    /// Where nobody sits, a lost connection is given up after so many milliseconds.
    pub patience_ms: u64,
    /// How often the server is asked for a sign of life, in milliseconds.
    pub keepalive_ms: u64,
}

/// Lines in, lines out.
#[derive(Debug)]
pub struct Plain {
    me: Box<str>,
    /// The room to start in.
    wanted: Box<str>,
    account: bool,
    ways: Ways,
    /// Where one is; the last one is where the server takes talk.
    rooms: Vec<Box<str>>,
    outgoing: Outgoing,
    /// What was typed and is not dealt with, by number.
    own: BTreeMap<u64, Own>,
    keys: u64,
    refused: usize,
    heard: Heard,
    /// Direct chats that are open.
    direct: Vec<Chat>,
    phase: Phase,
    was_up: bool,
    failed: u32,
    /// When the connection was lost, and why there is none since.
    lost: Option<(u64, String)>,
    thrown_out: bool,
    /// Nothing more will be typed.
    ending: bool,
    over: bool,
    now: Now,
    chance: Chance,
    acts: Vec<Act>,
}

impl Plain {
    /// Somebody who wants to be in `room` as `me`. `seed` is where chance comes from.
    #[must_use]
    pub fn new(me: &str, room: &str, ways: Ways, seed: u64) -> Plain {
        Plain {
            me: me.into(),
            wanted: room.into(),
            account: false,
            ways,
            rooms: Vec::new(),
            outgoing: Outgoing::every(ways.keepalive_ms),
            own: BTreeMap::new(),
            keys: 0,
            refused: 0,
            heard: Heard::default(),
            direct: Vec::new(),
            phase: Phase::Connecting,
            was_up: false,
            failed: 0,
            lost: None,
            thrown_out: false,
            ending: false,
            over: false,
            now: Now::default(),
            chance: Chance::new(seed),
            acts: Vec::new(),
        }
    }

    /// Takes note of what happened at `now`, and says what is to be done.
    pub fn step(&mut self, input: Input, now: Now) -> Vec<Act> {
        self.now = now;
        if self.over {
            return Vec::new();
        }
        match input {
            Input::Line(line) => self.typed(&line),
            Input::TooLong(beginning) => self.refuse(&beginning, "that line is too long"),
            Input::End => self.end(),
            Input::Stop => self.leave(Ok(())),
            Input::Tick => self.tick(),
            Input::Event(event) => self.hear(&event),
            Input::Down(why) => self.down(&why),
            Input::Refused { why, again: true } => self.down(&why),
            Input::Refused { why, again: false } => self.leave(Err(why)),
        }
        self.go_on();
        std::mem::take(&mut self.acts)
    }

    /// Whether one more line can be taken now.
    #[must_use]
    pub fn takes_lines(&self) -> bool {
        // What is said past the server does not wait for it.
        let goes_on = self.ways.interactive || self.phase == Phase::Up || !self.direct.is_empty();
        self.was_up && goes_on && !self.ending && self.outgoing.waiting() < AHEAD && self.takes_direct()
    }

    /// Milliseconds after which time itself changes something.
    #[must_use]
    pub fn patience(&self) -> u64 {
        if self.outgoing.waiting() > 0 || self.phase != Phase::Up || self.ending { 100 } else { 1_000 }
    }

    /// How the connection is.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// One's own lines go out, and when there are none left and none will be, one leaves.
    fn go_on(&mut self) {
        if self.over || self.phase != Phase::Up {
            return;
        }
        let missing = self.outgoing.has(|errand| matches!(errand, Errand::Enter(..) | Errand::CatchUp(..)));
        if !missing {
            self.settle_doubtful();
        }
        while let Some(line) = self.outgoing.next(self.now.ms, |errand| missing && matches!(errand, Errand::Own(..))) {
            self.acts.push(Act::Send(line));
        }
        if self.ending && !missing && self.own.is_empty() {
            self.leave(Ok(()));
        }
    }

    /// Nothing more will be typed.
    fn end(&mut self) {
        self.ending = true;
        self.leave_if_down();
    }

    /// Without a connection, people do not wait for one to leave, and scripts only for lines that are to be sent.
    fn leave_if_down(&mut self) -> bool {
        let leaves = self.ending && self.phase != Phase::Up && (self.ways.interactive || self.own.is_empty());
        if leaves {
            self.leave(Ok(()));
        }
        leaves
    }

    /// Ends, and names what was not sent.
    fn leave(&mut self, end: Result<(), String>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let unsent = self.own.len();
        for own in self.own.values().take(NAMED) {
            let certain = if own.sent { "perhaps not sent" } else { "not sent" };
            self.acts.push(Act::Say(format!("{certain}: {}", own.typed)));
        }
        if unsent > NAMED {
            self.acts.push(Act::Say(format!("not sent: {} more lines", unsent - NAMED)));
        }
        let for_scripts = !self.ways.interactive;
        if end.is_err() && for_scripts && !self.ending {
            self.acts.push(Act::Say("what else comes from standard input was not sent".into()));
        }
        let end = end.and_then(|()| match (unsent, self.refused) {
            (0, n) if n > 0 && for_scripts => {
                Err(format!("{n} {} refused", if n == 1 { "line was" } else { "lines were" }))
            }
            (0, _) => Ok(()),
            (n, _) => Err(format!("{n} {} not sent", if n == 1 { "line was" } else { "lines were" })),
        });
        self.acts.push(Act::Leave(end));
    }

    fn say(&mut self, text: &str) {
        self.acts.push(Act::Say(text.to_owned()));
    }

    /// Puts lines that nobody typed before all others.
    fn first(&mut self, items: Vec<(String, Option<Box<str>>, Errand)>) {
        let items = items.into_iter().map(|(line, within, errand)| Item { line, within, errand }).collect();
        self.outgoing.push_first(items);
    }
}

#[cfg(test)]
mod tests;
