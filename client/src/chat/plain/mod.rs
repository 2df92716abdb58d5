//! Lines in, lines out, without a socket, a thread, a terminal or a clock: ([`Plain`], [`PlainInput`]) → (state, [`PlainEffect`]s).
//! The engine sends what is typed, in its order; here is what a line means, what is printed, and when it ends.

mod session;
mod shown;
mod typed;

use crate::chat::leaving::unsent_summary;
use crate::chat::password_form::{PasswordAnswer, Purpose};
use crate::engine::limits::ENCRYPTED_UNDER_WAY;
use crate::engine::{Engine, Now, Options, Phase};
use crate::sign_in::{Loss, SignInRefused};
use landline_common::event::Reply;
use landline_common::text::Dialect;
use landline_common::{Event, EventKind};
use std::collections::BTreeMap;

/// Lines that are taken ahead of those that are out: the rest waits where it comes from.
const AHEAD: usize = 16;
/// Lines that are named when they could not be sent.
const NAMED: usize = 10;
/// So long a pipe is listened to behind `/quit`, for what will not be sent to be named.
const BEHIND_QUIT_MS: u64 = 200;

/// What happens to the client.
#[derive(Clone, Debug)]
pub enum PlainInput {
    /// A line was typed.
    Line(String),
    /// A line was too long to be taken: its beginning.
    TooLong(String),
    /// Passwords were asked for and typed.
    Passwords(PasswordAnswer),
    /// Nothing more will be typed.
    End,
    /// The system says to end, now.
    Stop,
    /// Time has passed.
    Tick,
    /// The server (or this program itself) told something; the first thing is that one is signed in.
    Event(Box<Event<'static>>),
    /// The connection could not be made, or broke.
    Down {
        /// Why.
        why: String,
        /// What that says of the way to the server.
        loss: Loss,
    },
    /// The server does not let one in.
    Refused(SignInRefused),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainEffect {
    /// The engine wants this done.
    Engine(crate::engine::Effect),
    /// Print the event that has just come in.
    Show(Dialect),
    /// Print an event that came in before.
    ShowLate(Box<Event<'static>>, Dialect),
    /// Print an answer of this program's own to a command object.
    Answer(Box<Event<'static>>),
    /// Say something beside what the server tells.
    Notice(String),
    /// Ask for passwords on the terminal; what they come to comes back as [`PlainInput::Passwords`].
    AskPasswords(Purpose),
    /// Remember for the next time that the user signs in with an account.
    RememberAccount,
    /// End; one's own lines are all dealt with, or why not.
    Leave(Result<(), String>),
}

/// How it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainOptions {
    /// Somebody sits at the keyboard.
    pub interactive: bool,
    /// Everything is shown as it comes, for programs.
    pub json: bool,
    /// Every line is talk, whatever it looks like.
    pub say: bool,
    /// In a mesh, what is said is shown as its predecessor did, with the second.
    pub mesh: bool,
    /// Where nobody sits, a lost connection is given up after so many milliseconds.
    pub patience_ms: u64,
    /// How often the server is asked for a sign of life, in milliseconds.
    pub keepalive_ms: u64,
}

/// A line that was typed, until it is dealt with.
#[derive(Clone, Debug)]
struct Typed {
    text: String,
    /// It went out.
    sent: bool,
}

/// Lines in, lines out.
#[derive(Debug)]
pub struct Plain {
    engine: Engine,
    options: PlainOptions,
    /// Where the user is, as far as it was typed; talk goes into the last one.
    rooms: Vec<Box<str>>,
    /// What was typed and is not dealt with, by number.
    typed: BTreeMap<u64, Typed>,
    keys: u64,
    /// The typed line that the event which is being heard answers.
    answered: Option<u64>,
    refused: usize,
    /// Encrypted chats that are open, in small letters.
    encrypted: Vec<String>,
    /// Off-the-record chats that are open.
    off_the_record: Vec<Box<str>>,
    /// When the connection was lost, and why there is none since.
    lost: Option<(u64, String)>,
    /// The connection was lost before.
    came_back: bool,
    /// Nothing more will be sent.
    ending: bool,
    /// `/quit` came out of a pipe: until when lines behind it are looked for.
    quit_until: Option<u64>,
    /// The label of the object that said so.
    quit_label: Option<String>,
    /// What stands behind it.
    behind_quit: Vec<String>,
    behind_quit_count: usize,
    over: bool,
    now: Now,
    acts: Vec<PlainEffect>,
}

impl Plain {
    /// A user whose session `engine` is.
    #[must_use]
    pub fn new(mut engine: Engine, options: PlainOptions) -> Plain {
        engine.set_options(Options { idle_ms: options.keepalive_ms, one_order: true, mesh: options.mesh });
        Plain {
            engine,
            options,
            rooms: Vec::new(),
            typed: BTreeMap::new(),
            keys: 0,
            answered: None,
            refused: 0,
            encrypted: Vec::new(),
            off_the_record: Vec::new(),
            lost: None,
            came_back: false,
            ending: false,
            quit_until: None,
            quit_label: None,
            behind_quit: Vec::new(),
            behind_quit_count: 0,
            over: false,
            now: Now::default(),
            acts: Vec::new(),
        }
    }

    /// Takes note of what happened at `now`, and says what is to be done.
    pub fn step(&mut self, input: PlainInput, now: Now) -> Vec<PlainEffect> {
        self.now = now;
        self.engine.set_now(now);
        if self.over {
            return Vec::new();
        }
        match input {
            PlainInput::Line(line) => self.line(&line),
            PlainInput::TooLong(beginning) => self.line_too_long(&beginning),
            PlainInput::Passwords(answer) => self.passwords(&answer),
            PlainInput::End => self.end(),
            PlainInput::Stop => self.leave(Ok(())),
            PlainInput::Tick => self.tick(),
            PlainInput::Event(event) => self.handle_event(&event),
            PlainInput::Down { why, loss } => self.down(&why, loss),
            PlainInput::Refused(refused) => self.sign_in_refused(&refused),
        }
        self.finish_step();
        std::mem::take(&mut self.acts)
    }

    /// Whether one more line can be taken now.
    #[must_use]
    pub fn takes_lines(&self) -> bool {
        if self.quit_until.is_some() {
            return true;
        }
        // What is said past the server does not wait for it.
        let goes_on = self.options.interactive || self.engine.is_up() || !self.encrypted.is_empty();
        self.engine.was_up()
            && goes_on
            && !self.ending
            && self.engine.waiting() < AHEAD
            && self.engine.past_server() < ENCRYPTED_UNDER_WAY
    }

    /// Milliseconds after which time itself changes something.
    #[must_use]
    pub fn tick_interval(&self) -> u64 {
        if self.ending { 50 } else { self.engine.tick_interval() }
    }

    /// How the connection is.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        self.engine.phase()
    }

    /// Whether that label is one that this program made.
    #[must_use]
    pub fn is_own_label(&self, label: &str) -> bool {
        self.engine.is_own_label(label)
    }

    /// Answers a command object that goes no further.
    fn answer(&mut self, label: Option<String>, what: EventKind<'static>) {
        let reply = label.map(|label| Reply { label: label.into(), done: true });
        self.acts.push(PlainEffect::Answer(Box::new(Event { reply, ..what.at(self.now.wall) })));
    }

    fn say(&mut self, text: &str) {
        self.acts.push(PlainEffect::Notice(text.to_owned()));
    }

    /// A line will not be sent; or the server did not take it.
    fn refuse(&mut self, typed: &str, why: &str) {
        self.refused += 1;
        let typed = landline_common::clean::clean(typed);
        let text = if self.options.interactive { why.to_owned() } else { format!("{why}: {typed}") };
        self.say(&text);
    }

    /// The room into which talk goes.
    fn room(&self) -> Option<&str> {
        self.rooms.last().map(|room| &**room)
    }

    /// Nothing more will be typed.
    fn end(&mut self) {
        (self.ending, self.quit_until) = (true, None);
    }

    /// Ends, and names what was not sent.
    fn leave(&mut self, end: Result<(), String>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let unsent = self.typed.len() + self.behind_quit_count;
        let perhaps = self.typed.values().filter(|typed| typed.sent).count();
        let certain = |typed: &Typed| if typed.sent { "perhaps not sent" } else { "not sent" };
        let mut named: Vec<String> =
            self.typed.values().take(NAMED).map(|typed| format!("{}: {}", certain(typed), typed.text)).collect();
        named.extend(self.behind_quit.iter().map(|line| format!("not sent: {line}")));
        named.truncate(NAMED);
        if unsent > named.len() {
            named.push(format!("not sent: {} more lines", unsent - named.len()));
        }
        named.iter().for_each(|text| self.say(text));
        let for_scripts = !self.options.interactive;
        if end.is_err() && for_scripts && !self.ending {
            self.say("what else comes from standard input was not sent");
        }
        let lines = |n: usize| if n == 1 { "1 line was".to_owned() } else { format!("{n} lines were") };
        let end = end.and_then(|()| match (unsent, self.refused) {
            (0, n) if n > 0 && for_scripts => Err(format!("{} refused", lines(n))),
            (0, _) => Ok(()),
            (n, _) => Err(unsent_summary(n - perhaps, perhaps)),
        });
        if let Some(label) = self.quit_label.take() {
            self.answer(Some(label), EventKind::Done { id: None, repeated: false });
        }
        self.acts.push(PlainEffect::Leave(end));
    }
}

#[cfg(test)]
mod tests;
