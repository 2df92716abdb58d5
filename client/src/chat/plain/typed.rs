//! Interprets typed lines, passes them to the engine, and keeps them until their final answer.

use super::{AFTER_QUIT_MS, MAX_NAMED, Plain, PlainEffect, Typed};
use crate::chat::line::length_error;
use crate::chat::password_form::{PasswordAnswer, Purpose};
use crate::engine::{Cancelled, RequestKind, Target};
use landline_common::clean::{clean, clean_message};
use landline_common::command::{Command, CommandError, Request, RoomAction, ServerAction, parse};
use landline_common::{Cause, Report};
use std::borrow::Cow;

impl Plain {
    /// Handles a line of standard input.
    pub(super) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if self.quit_until.is_some() {
            return self.after_quit(line);
        }
        if self.ending {
            return;
        }
        if self.options.say {
            return self.send_to_room(line, line);
        }
        if self.options.json && Request::is_object(line) {
            return self.object(line);
        }
        let word = line.split(' ').next().unwrap_or_default().to_lowercase();
        match &*word {
            "/reconnect" => return self.engine.connect_now(),
            "/cancel" => return self.cancel(),
            "/save" => {
                let why = "/save works on the full screen only; to keep the output, redirect it: landline … > FILE";
                return self.refuse(line, why);
            }
            _ => {}
        }
        let me = self.engine.me().to_owned();
        match self.parse_line(line, &me) {
            None => {}
            Some(Err(why)) => self.refuse(line, &why.to_string()),
            Some(Ok(command)) => self.run_command(line, &command),
        }
    }

    /// Parses a line. In a pipe only a line with a slash is a command: a log may contain "exit", or begin with a name.
    fn parse_line<'l>(&self, line: &'l str, me: &str) -> Option<Result<Command<'l>, CommandError<'l>>> {
        if self.options.interactive || line.starts_with('/') {
            return parse(line, me);
        }
        (!line.trim_start().is_empty()).then_some(Ok(Command::Say(line)))
    }

    /// Sends text as a message into the current room.
    fn send_to_room(&mut self, typed: &str, text: &str) {
        match self.room().map(Into::into) {
            Some(room) => self.send(typed, &Target::Room(room), text),
            None => self.refuse(typed, "not sent: you are in no room; /join ROOM enters one"),
        }
    }

    fn run_command(&mut self, typed: &str, command: &Command<'_>) {
        match *command {
            Command::Quit => self.quit(),
            Command::Say(text) => self.send_to_room(typed, text),
            // A user who types a predecessor's command word means it as text.
            Command::Foreign { .. } => self.send_to_room(typed, typed),
            Command::All(text) => self.send(typed, &Target::Global, text),
            Command::Message { to, text } => self.send(typed, &Target::User(to.into()), text),
            Command::Private { to: Some(to), text } => self.send(typed, &Target::OffTheRecord(to.into()), text),
            Command::Private { to: None, text } => match &self.off_the_record[..] {
                [only] => {
                    let only = only.clone();
                    self.send(typed, &Target::OffTheRecord(only), text);
                }
                _ => self.refuse(typed, "not sent: several off-the-record chats, or none; name the user: /private USER TEXT (/say TEXT sends any text to the room)"),
            },
            Command::DirectText { to, text } => {
                if self.encrypted.contains(&to.to_lowercase()) {
                    return self.send(typed, &Target::Encrypted(to.into()), text);
                }
                self.refuse(
                    typed,
                    &format!(
                        "not sent: no encrypted chat with {to} is open; /direct {to} asks for one (/say TEXT sends any text to the room)"
                    ),
                );
            }
            Command::Register { .. } => self.ask_passwords(typed, Purpose::Register),
            Command::Password(_) => self.ask_passwords(typed, Purpose::Change),
            Command::Format(_) => {
                self.refuse(typed, "the output format cannot change while landline runs; start it with --json for JSON");
            }
            _ => self.command(typed, command),
        }
    }

    /// Asks for passwords, if a user is at a terminal, where the input can be hidden.
    fn ask_passwords(&mut self, typed: &str, purpose: Purpose) {
        if !self.options.interactive {
            let why = "cannot ask for a password: standard input is no terminal; programs send an object, with --json";
            return self.refuse(typed, why);
        }
        match purpose.refusal(&self.engine, self.options.mesh) {
            Some(why) => self.refuse(typed, &why),
            None => {
                let is_encrypted = self.engine.is_encrypted();
                self.effects.push(PlainEffect::AskPasswords { purpose, is_encrypted });
            }
        }
    }

    /// Handles the answer to the questions for passwords.
    pub(super) fn passwords(&mut self, answer: &PasswordAnswer) {
        match answer.command() {
            // The text of the command contains no password.
            Some(command) => self.command(&command.to_string(), &command),
            None => self.notice("cancelled; nothing was changed"),
        }
    }

    fn send(&mut self, typed: &str, target: &Target, text: &str) {
        let text = clean_message(text);
        if let Some(why) = length_error(&text) {
            return self.refuse(typed, &why);
        }
        if text.is_empty() {
            return;
        }
        let key = self.next_key();
        let done = self.engine.send_message(key, target, &text).map_err(str::to_owned);
        self.track(typed, key, done);
    }

    /// Sends a command. A join or leave changes the room for the following lines at once, before the server answers.
    fn command(&mut self, typed: &str, command: &Command<'_>) {
        let key = self.next_key();
        let room = self.room().map(str::to_owned);
        let done = self.engine.send_command(key, command, room.as_deref()).map_err(str::to_owned);
        if done.is_ok() {
            match command {
                Command::Join(room) | Command::JoinWithKey { room, .. } => self.enter_room(room),
                Command::Leave(display_text) => self.leave_room(display_text.or(room.as_deref()).unwrap_or_default()),
                _ => {}
            }
        }
        self.track(&without_secrets(typed, command), key, done);
    }

    /// Handles a command object of a program.
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
        // Do not answer a repeated label here: its first request is still unanswered.
        let label = label.filter(|label| !self.engine.has_unanswered_label(label));
        let key = self.next_key();
        let display_text = display_text(&request, line);
        match self.engine.send_object(key, line) {
            Err(why) => self.refuse_object(&display_text, label, Cause::BadObject.with_word(why)),
            done => self.track(&display_text, key, done),
        }
    }

    /// Refuses a command object. The program reads the reason among the other answers.
    fn refuse_object(&mut self, line: &str, label: Option<String>, report: Report<'static>) {
        let why = report.sentence().into_owned();
        self.answer(label, report.into());
        self.refuse(line, &why);
    }

    /// Refuses a line above the limit, of which only the beginning was read.
    pub(super) fn line_too_long(&mut self, beginning: &str) {
        let why = "line too long";
        if !self.options.json || self.options.say || !Request::is_object(beginning) {
            return self.refuse(beginning, why);
        }
        // A part of an object has no readable label.
        self.refuse_object(beginning, None, Cause::BadObject.with_word(why));
    }

    fn next_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    fn track(&mut self, typed: &str, key: u64, done: Result<(), String>) {
        if let Err(why) = done {
            return self.refuse(typed, &why);
        }
        // A request without an answer needs no tracking.
        if !self.engine.is_unanswered(key) {
            return;
        }
        self.typed.insert(key, Typed { text: clean(typed).into_owned(), sent: false });
        if !self.engine.is_up() && self.encrypted.is_empty() {
            self.notice("no connection; the line is sent when it is back");
        }
    }

    /// Makes `room` the room into which messages go.
    pub(super) fn enter_room(&mut self, room: &str) {
        self.leave_room(room);
        self.rooms.push(room.into());
    }

    /// Removes a room; messages go into the one before.
    pub(super) fn leave_room(&mut self, room: &str) {
        let room = room.to_lowercase();
        self.rooms.retain(|other| other.to_lowercase() != room);
    }

    /// Cancels all lines that wait to be sent.
    fn cancel(&mut self) {
        let Cancelled { cancelled, already_sent } = self.engine.cancel(RequestKind::is_typed);
        let lines: Vec<String> =
            cancelled.iter().filter_map(|key| self.typed.remove(key)).map(|typed| typed.text).collect();
        for line in &lines {
            self.notice(&format!("cancelled: {line}"));
        }
        let kept = already_sent.iter().filter_map(|key| self.typed.get(key));
        let kept: Vec<String> = kept.map(|typed| typed.text.clone()).collect();
        for line in &kept {
            self.notice(&format!("not cancelled, since it may have arrived: {line}"));
        }
        if lines.is_empty() && kept.is_empty() {
            self.notice("no line waits to be sent");
        }
    }

    /// Ends the program when all lines are sent. Lines behind `/quit` are not sent; those of a pipe are named.
    fn quit(&mut self) {
        self.ending = true;
        if !self.options.interactive {
            self.quit_until = Some(self.now.ms + AFTER_QUIT_MS);
        }
    }

    fn after_quit(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        self.quit_until = Some(self.now.ms + AFTER_QUIT_MS);
        self.after_quit_count += 1;
        if self.after_quit.len() < MAX_NAMED {
            self.after_quit.push(clean(line).into_owned());
        }
    }
}

/// Returns the text by which a line is named in notices, which often go into a file: without a key word or a code.
fn without_secrets<'l>(typed: &'l str, command: &Command<'_>) -> Cow<'l, str> {
    match command {
        Command::JoinWithKey { room, .. } => format!("/join {room}").into(),
        Command::InRoom { action: RoomAction::Key(Some(_)), .. } => "/key".into(),
        Command::OnServer(ServerAction::Claim(_)) => "/claim".into(),
        _ => typed.into(),
    }
}

/// Returns the text by which an object is named in notices: only its type if it contains passwords or key words.
fn display_text<'l>(request: &Request<'_>, line: &'l str) -> Cow<'l, str> {
    match &*request.r#type {
        secret @ ("register" | "password" | "key" | "claim") => format!("the object {secret}").into(),
        "join" if request.key.is_some() => "the object join".into(),
        _ => line.into(),
    }
}
