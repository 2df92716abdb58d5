//! The model of the plain presenter: [`Plain::step`] takes a [`PlainInput`] and returns [`PlainEffect`]s. Pure: no socket,
//! thread, terminal or clock.
//!
//! The engine sends lines in the order in which they were typed. This module decides the meaning of a line, which events
//! are printed, and when the program ends.

mod session;
mod shown;
mod typed;

use crate::chat::Remembered;
use crate::chat::leaving::unsent_summary;
use crate::chat::password_form::{PasswordAnswer, Purpose};
use crate::engine::limits::ENCRYPTED_UNDER_WAY;
use crate::engine::{Engine, Now, Options, Phase};
use crate::sign_in::{Loss, SignInRefused};
use landline_common::event::Reply;
use landline_common::text::Dialect;
use landline_common::{Event, EventKind};
use std::collections::BTreeMap;

/// Lines to take before the earlier ones are sent; more stay in the pipe.
const MAX_AHEAD: usize = 16;
/// Characters of a refused line in its error.
const QUOTED_CHARS: usize = 80;
/// Most unsent lines that are listed on exit; of further ones only the number.
const MAX_NAMED: usize = 10;
/// Milliseconds to read from a pipe after `/quit`, to name the lines that are not sent.
const AFTER_QUIT_MS: u64 = 200;

/// An input of the model.
#[derive(Clone, Debug)]
pub enum PlainInput {
    /// A line of standard input.
    Line(String),
    /// A line above the limit: its beginning.
    TooLong(String),
    /// The user has answered the questions for passwords.
    Passwords(PasswordAnswer),
    /// Standard input has ended.
    End,
    /// A signal ends the program at once.
    Stop,
    /// Time has passed.
    Tick,
    /// An event of the server or of this program. The first one confirms the sign-in.
    Event(Box<Event<'static>>),
    /// The connection failed or broke.
    Down {
        /// Reason.
        why: String,
        /// The part that failed.
        loss: Loss,
    },
    /// The server refused the sign-in.
    Refused(SignInRefused),
}

/// Work for the presenter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainEffect {
    /// An effect of the engine.
    Engine(crate::engine::Effect),
    /// Print the event of the present input.
    Show(Dialect),
    /// Print an event that was held back.
    ShowLate(Box<Event<'static>>, Dialect),
    /// Print an answer of this program to a command object.
    Answer(Box<Event<'static>>),
    /// Print a notice of this program.
    Notice(String),
    /// Ask for passwords on the terminal. The result returns as [`PlainInput::Passwords`].
    AskPasswords {
        /// Purpose of the passwords.
        purpose: Purpose,
        /// TLS encrypts the connection to the server.
        is_encrypted: bool,
    },
    /// Store something for the next start.
    Remember(Remembered),
    /// End the program; the error is the reason if lines were not sent or the session ended.
    Leave(Result<(), String>),
}

/// Options of the plain presenter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainOptions {
    /// True if a user types on a terminal.
    pub interactive: bool,
    /// True to print each event as a JSON object, for programs.
    pub json: bool,
    /// True to send each line as a message, also one that begins like a command.
    pub say: bool,
    /// True in a mesh. Messages then show the time with seconds, as in the predecessor.
    pub mesh: bool,
    /// Milliseconds after which a script gives up a lost connection.
    pub patience_ms: u64,
    /// Milliseconds between two pings.
    pub keepalive_ms: u64,
}

/// A typed line without a final answer.
#[derive(Clone, Debug)]
struct Typed {
    text: String,
    /// True if it was sent at least once.
    sent: bool,
}

/// State of the plain presenter.
#[derive(Debug)]
pub struct Plain {
    engine: Engine,
    options: PlainOptions,
    /// The rooms of the user, as typed so far. Messages go into the last one.
    rooms: Vec<Box<str>>,
    /// Typed lines without a final answer, by number.
    typed: BTreeMap<u64, Typed>,
    last_key: u64,
    /// The typed line that the present event answers.
    answered: Option<u64>,
    refused: usize,
    /// Names of the users with open encrypted chats, in lower case.
    encrypted: Vec<String>,
    /// Names of the users with open off-the-record chats.
    off_the_record: Vec<Box<str>>,
    /// Time of the loss of the connection, and the reason of the last failure.
    outage: Option<(u64, String)>,
    /// True after the first loss of the connection.
    was_lost: bool,
    /// True after the end of the input or `/quit`: no further line is sent.
    ending: bool,
    /// After `/quit` in a pipe: the time until which lines behind it are read.
    quit_until: Option<u64>,
    /// Label of the `quit` object, for its answer.
    quit_label: Option<String>,
    /// The first lines behind `/quit`.
    after_quit: Vec<String>,
    after_quit_count: usize,
    has_ended: bool,
    now: Now,
    effects: Vec<PlainEffect>,
}

impl Plain {
    /// Creates the model for the session of `engine`.
    #[must_use]
    pub fn new(mut engine: Engine, options: PlainOptions) -> Plain {
        engine.set_options(Options { idle_ms: options.keepalive_ms, one_order: true, mesh: options.mesh });
        Plain {
            engine,
            options,
            rooms: Vec::new(),
            typed: BTreeMap::new(),
            last_key: 0,
            answered: None,
            refused: 0,
            encrypted: Vec::new(),
            off_the_record: Vec::new(),
            outage: None,
            was_lost: false,
            ending: false,
            quit_until: None,
            quit_label: None,
            after_quit: Vec::new(),
            after_quit_count: 0,
            has_ended: false,
            now: Now::default(),
            effects: Vec::new(),
        }
    }

    /// Handles an input at the time `now`, and returns the effects.
    pub fn step(&mut self, input: PlainInput, now: Now) -> Vec<PlainEffect> {
        self.now = now;
        self.engine.set_now(now);
        if self.has_ended {
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
        std::mem::take(&mut self.effects)
    }

    /// Returns whether the model can take one more line now.
    #[must_use]
    pub fn takes_lines(&self) -> bool {
        if self.quit_until.is_some() {
            return true;
        }
        // Lines of an encrypted chat do not need the server.
        let can_send = self.options.interactive || self.engine.is_up() || !self.encrypted.is_empty();
        self.engine.was_up()
            && can_send
            && !self.ending
            && self.engine.waiting() < MAX_AHEAD
            && self.engine.unanswered_direct() < ENCRYPTED_UNDER_WAY
    }

    /// Returns the milliseconds until the next tick.
    #[must_use]
    pub fn tick_interval(&self) -> u64 {
        if self.ending { 50 } else { self.engine.tick_interval() }
    }

    /// Returns the phase of the connection.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        self.engine.phase()
    }

    /// Returns whether this program created a label.
    #[must_use]
    pub fn is_own_label(&self, label: &str) -> bool {
        self.engine.is_own_label(label)
    }

    /// Answers a command object that is not sent to the server.
    fn answer(&mut self, label: Option<String>, what: EventKind<'static>) {
        let reply = label.map(|label| Reply { label: label.into(), done: true });
        self.effects.push(PlainEffect::Answer(Box::new(Event { reply, ..what.at(self.now.wall) })));
    }

    fn notice(&mut self, text: &str) {
        self.effects.push(PlainEffect::Notice(text.to_owned()));
    }

    /// Counts a line as refused, by this program or the server, and prints the reason.
    fn refuse(&mut self, typed: &str, why: &str) {
        self.refused += 1;
        let why_of = || format!("{}: {}", why.trim_end_matches('.'), beginning(typed));
        let text = if self.options.interactive { why.to_owned() } else { why_of() };
        self.notice(&text);
    }

    /// Returns the room into which messages go.
    fn room(&self) -> Option<&str> {
        self.rooms.last().map(|room| &**room)
    }

    /// Handles the end of standard input.
    fn end(&mut self) {
        self.ending = true;
        self.quit_until = None;
    }

    /// Ends the program, and names the lines that were not sent.
    fn leave(&mut self, end: Result<(), String>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let unsent = self.typed.len() + self.after_quit_count;
        let perhaps = self.typed.values().filter(|typed| typed.sent).count();
        let prefix = |typed: &Typed| if typed.sent { "perhaps not sent" } else { "not sent" };
        let mut named: Vec<String> =
            self.typed.values().take(MAX_NAMED).map(|typed| format!("{}: {}", prefix(typed), typed.text)).collect();
        named.extend(self.after_quit.iter().map(|line| format!("not sent: {line}")));
        named.truncate(MAX_NAMED);
        if unsent > named.len() {
            named.push(format!("not sent: {} more lines", unsent - named.len()));
        }
        for text in &named {
            self.notice(text);
        }
        let for_scripts = !self.options.interactive;
        if end.is_err() && for_scripts && !self.ending {
            self.notice("the rest of standard input was not sent");
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
        self.effects.push(PlainEffect::Leave(end));
    }
}

/// Returns a line as an error quotes it: cleaned, and cut if it is long.
fn beginning(line: &str) -> String {
    let line = landline_common::clean::clean(line);
    let mut chars = line.chars();
    let beginning: String = chars.by_ref().take(QUOTED_CHARS).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{beginning}{more}")
}

#[cfg(test)]
mod tests;
