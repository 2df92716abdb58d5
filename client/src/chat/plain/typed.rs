//! What was typed: a line → what is to be sent, and kept until it is dealt with.

use super::{Act, BEHIND_QUIT_MS, NAMED, Plain, Typed};
use crate::chat::line::too_long;
use crate::chat::password_form::{PasswordAnswer, Purpose};
use crate::engine::{Cancelled, RequestKind, Target};
use landline_common::clean::{clean, clean_message};
use landline_common::command::{Command, CommandError, Request, parse};
use landline_common::{Cause, Report};
use std::borrow::Cow;

impl Plain {
    /// Somebody typed a line, or a program wrote one.
    pub(super) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if self.quit_until.is_some() {
            return self.behind_quit(line);
        }
        if self.ending {
            return;
        }
        if self.ways.say {
            return self.talk(line, line);
        }
        if self.ways.json && Request::is_object(line) {
            return self.object(line);
        }
        let word = line.split(' ').next().unwrap_or_default().to_lowercase();
        match &*word {
            "/reconnect" => return self.engine.connect_now(),
            "/cancel" => return self.cancel(),
            "/save" => {
                let why = "everything is printed here; to keep it, send it into a file: landline … > FILE";
                return self.refuse(line, why);
            }
            _ => {}
        }
        let me = self.engine.me().to_owned();
        match self.meaning(line, &me) {
            None => {}
            Some(Err(why)) => self.refuse(line, &why.to_string()),
            Some(Ok(command)) => self.obey(line, &command),
        }
    }

    /// Out of a pipe only a slash makes a command: a log may say "exit", or begin with a name.
    fn meaning<'l>(&self, line: &'l str, me: &str) -> Option<Result<Command<'l>, CommandError<'l>>> {
        if self.ways.interactive || line.starts_with('/') {
            return parse(line, me);
        }
        (!line.trim_start().is_empty()).then_some(Ok(Command::Say(line)))
    }

    /// `--say`: a line is talk, whatever it looks like.
    fn talk(&mut self, typed: &str, text: &str) {
        match self.room().map(Into::into) {
            Some(room) => self.send(typed, &Target::Room(room), text),
            None => self.refuse(typed, "you are in no room; /join ROOM goes into one"),
        }
    }

    fn obey(&mut self, typed: &str, command: &Command<'_>) {
        match *command {
            Command::Quit => self.quit(),
            Command::Say(text) => self.talk(typed, text),
            // What a predecessor's program sends is talk, typed by a user.
            Command::Foreign { .. } => self.talk(typed, typed),
            Command::All(text) => self.send(typed, &Target::Global, text),
            Command::Message { to, text } => self.send(typed, &Target::User(to.into()), text),
            Command::Private { to: Some(to), text } => self.send(typed, &Target::OffTheRecord(to.into()), text),
            Command::Private { to: None, text } => match &self.off_the_record[..] {
                [only] => {
                    let only = only.clone();
                    self.send(typed, &Target::OffTheRecord(only), text);
                }
                _ => self.refuse(typed, "say whose: /private USER TEXT; /say TEXT says any text"),
            },
            Command::DirectText { to, text } => {
                if self.encrypted.contains(&to.to_lowercase()) {
                    return self.send(typed, &Target::Encrypted(to.into()), text);
                }
                self.refuse(
                    typed,
                    &format!(
                        "there is no encrypted chat with {to}; /direct {to} asks for one, /say TEXT says any text"
                    ),
                );
            }
            Command::Register { .. } => self.ask_passwords(typed, Purpose::Register),
            Command::Password(_) => self.ask_passwords(typed, Purpose::Change),
            Command::Format(_) => {
                self.refuse(typed, "the form of events is fixed while this program runs; --json gives JSON");
            }
            _ => self.command(typed, command),
        }
    }

    /// Asks for passwords where a user can type them without their being seen.
    fn ask_passwords(&mut self, typed: &str, purpose: Purpose) {
        if !self.ways.interactive {
            let why = "a password is asked for on a terminal; programs send an object, with --json";
            return self.refuse(typed, why);
        }
        match purpose.refusal(&self.engine, self.ways.mesh) {
            Some(why) => self.refuse(typed, &why),
            None => self.acts.push(Act::AskPasswords(purpose)),
        }
    }

    /// They are typed.
    pub(super) fn passwords(&mut self, answer: &PasswordAnswer) {
        match answer.command() {
            // Its slash form has no password in it.
            Some(command) => self.command(&command.to_string(), &command),
            None => self.say("nothing was changed"),
        }
    }

    fn send(&mut self, typed: &str, target: &Target, text: &str) {
        let text = clean_message(text);
        if let Some(why) = too_long(&text) {
            return self.refuse(typed, &why);
        }
        if text.is_empty() {
            return;
        }
        let key = self.next_key();
        let done = self.engine.say(key, target, &text).map_err(str::to_owned);
        self.taken(typed, key, done);
    }

    /// Where talk goes follows what is typed: the server is asked meanwhile.
    fn command(&mut self, typed: &str, command: &Command<'_>) {
        let (key, room) = (self.next_key(), self.room().map(str::to_owned));
        let done = self.engine.command(key, command, room.as_deref()).map_err(str::to_owned);
        if done.is_ok() {
            match command {
                Command::Join(room) => self.go_into(room),
                Command::Leave(named) => self.go_out_of(named.or(room.as_deref()).unwrap_or_default()),
                _ => {}
            }
        }
        self.taken(typed, key, done);
    }

    /// A command object, as a program writes it.
    fn object(&mut self, line: &str) {
        let request = match Request::parse(line) {
            Ok(request) => request,
            Err((label, report)) => return self.refuse_object(line, label, report),
        };
        let label = request.answer_label();
        if request.r#type == "quit" {
            self.quit_label = label;
            return self.quit();
        }
        // A label that waits for an answer already is not answered here.
        let label = label.filter(|label| !self.engine.waits_for(label));
        let key = self.next_key();
        let named = named(&request, line);
        match self.engine.pass(key, line) {
            Err(why) => self.refuse_object(&named, label, Cause::BadObject.with_word(why)),
            done => self.taken(&named, key, done),
        }
    }

    /// Refuses a command object: the program that wrote it reads why where it reads all answers.
    fn refuse_object(&mut self, line: &str, label: Option<String>, report: Report<'static>) {
        let why = report.sentence().into_owned();
        self.answer(label, report.into());
        self.refuse(line, &why);
    }

    /// Refuses a line of which only the beginning was read.
    pub(super) fn line_too_long(&mut self, beginning: &str) {
        let why = "that line is too long";
        if !self.ways.json || self.ways.say || !Request::is_object(beginning) {
            return self.refuse(beginning, why);
        }
        // No label can be read out of a part of an object.
        self.refuse_object(beginning, None, Cause::BadObject.with_word(why));
    }

    fn next_key(&mut self) -> u64 {
        self.keys += 1;
        self.keys
    }

    fn taken(&mut self, typed: &str, key: u64, done: Result<(), String>) {
        if let Err(why) = done {
            return self.refuse(typed, &why);
        }
        // What needs no answer is dealt with.
        if !self.engine.is_open(key) {
            return;
        }
        self.typed.insert(key, Typed { text: clean(typed).into_owned(), sent: false });
        if !self.engine.is_up() && self.encrypted.is_empty() {
            self.say("no connection; this is sent as soon as there is one");
        }
    }

    /// The room is where talk goes from now on.
    pub(super) fn go_into(&mut self, room: &str) {
        self.go_out_of(room);
        self.rooms.push(room.into());
    }

    /// Talk goes there no more.
    pub(super) fn go_out_of(&mut self, room: &str) {
        let room = room.to_lowercase();
        self.rooms.retain(|other| other.to_lowercase() != room);
    }

    /// What waits to be sent is not sent.
    fn cancel(&mut self) {
        let Cancelled { taken, handed_over } = self.engine.cancel(RequestKind::is_typed);
        let lines: Vec<String> =
            taken.iter().filter_map(|key| self.typed.remove(key)).map(|typed| typed.text).collect();
        lines.iter().for_each(|line| self.say(&format!("taken back: {line}")));
        let kept = handed_over.iter().filter_map(|key| self.typed.get(key));
        let kept: Vec<String> = kept.map(|typed| typed.text.clone()).collect();
        kept.iter().for_each(|line| self.say(&format!("may already have arrived, not taken back: {line}")));
        if lines.is_empty() && kept.is_empty() {
            self.say("nothing waits to be sent");
        }
    }

    /// Leaves, when all is sent. Behind it nothing is sent; what a pipe still holds is to be named.
    fn quit(&mut self) {
        self.ending = true;
        if !self.ways.interactive {
            self.quit_until = Some(self.now.ms + BEHIND_QUIT_MS);
        }
    }

    fn behind_quit(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        self.quit_until = Some(self.now.ms + BEHIND_QUIT_MS);
        self.behind_quit_count += 1;
        if self.behind_quit.len() < NAMED {
            self.behind_quit.push(clean(line).into_owned());
        }
    }
}

/// How an object is named where it was not sent or refused: of one with passwords only what it is.
fn named<'l>(request: &Request<'_>, line: &'l str) -> Cow<'l, str> {
    match &*request.r#type {
        secret @ ("register" | "password") => format!("the object {secret}").into(),
        _ => line.into(),
    }
}
