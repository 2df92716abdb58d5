//! What becomes of one message of somebody who is signed in.

use super::inbound::ReadObject;
use super::passwords::Passwords;
use super::questions::Questions;
use super::unsent::Unsent;
use crate::door::{Door, Inbound};
use crate::guard::AddressBudget;
use crate::guard::address_budget::{BudgetVerdict, TalkSize};
use crate::hub::{AfterCommand, Session, Tag, User};
use landline_common::clean::{clean, has_line_end};
use landline_common::command::{Command, CommandError, Request, parse};
use landline_common::event::Text;
use landline_common::limits::ROOM_CHARS;
use landline_common::lines::ReadMessage;
use landline_common::{Cause, EventKind, OffsetDateTime, Rendering, Report};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After so long, an address that has said too much may say a part of it again.
const ADDRESS_RETRY: Duration = Duration::from_secs(1);

/// Characters of a word that is quoted back.
const LONGEST_WORD: usize = 40;

/// What one client's messages are carried out with.
pub(super) struct Dispatcher<'t> {
    pub session: &'t mut Session,
    pub door: &'t dyn Door,
    pub user: &'t User,
    /// Checks and sets passwords.
    pub passwords: Passwords<'t>,
    /// Questions whose answers are no messages.
    pub questions: Option<Questions>,
    /// Before that, what would be said may have been meant as an answer to a question.
    pub talk_from: Instant,
    /// What all sessions of their address together may say; `None` is without a limit.
    pub budget: Option<Arc<AddressBudget>>,
    pub unframed: bool,
    /// An unframed client is sending a file.
    pub in_file: bool,
    /// They have given a sign of life that counts.
    pub awake: bool,
    /// Something was dropped, as people at their address say too much together.
    pub crowded: bool,
    /// Dropped lines of a user at a terminal.
    pub unsent: Unsent,
    /// How the client gets its events.
    pub rendering: Rendering,
}

impl Dispatcher<'_> {
    /// Does what one message asks for.
    pub(super) fn obey(&mut self, message: &str, now: OffsetDateTime, instant: Instant) -> AfterCommand {
        if let Some(questions) = self.questions.take() {
            self.awake = true;
            self.answer(questions, message, now);
            return AfterCommand::Here;
        }
        #[cfg(feature = "faults")]
        crate::faults::strike("session", message.as_bytes());
        if self.unframed && is_rest_of_file(&mut self.in_file, message) {
            self.skip(message);
            return AfterCommand::Here;
        }
        let Some(typed) = self.door.decode(message) else {
            log::trace!("{} sent what means nothing at that door", self.user.name);
            return AfterCommand::Here;
        };
        let Some(command) = self.command(&typed) else { return AfterCommand::Here };
        let stay = match command {
            Ok(command) => {
                let is_bare = !matches!(command, Command::Say(_)) && !message.starts_with('/');
                self.obey_line(command, Tag { is_bare, ..Tag::default() }, now, instant)
            }
            Err(why) => {
                self.tell(why.report().into(), now);
                AfterCommand::Here
            }
        };
        if self.hold_talk_behind(&command) {
            self.tell_talk_held(now);
        }
        stay
    }

    /// Carries out the command of a line.
    fn obey_line(&mut self, command: Command<'_>, tag: Tag, now: OffsetDateTime, instant: Instant) -> AfterCommand {
        self.awake |= !matches!(command, Command::Ping(_));
        if command.said().is_some() && instant < self.talk_from {
            self.tell(Cause::BehindQuestions.report().into(), now);
            return AfterCommand::Here;
        }
        if !self.may_say(&command, instant) {
            self.crowded = true;
            return AfterCommand::Here;
        }
        // Talk only: what is private stays so, also in the log.
        if let Command::Say(text) = command {
            log::debug!("<{}> {text}", self.user.name);
        }
        let stay = self.carry_out(command, tag, now);
        self.rendering = self.user.rendering();
        stay
    }

    /// Does what a command object asks for, and answers with its label.
    pub(super) fn obey_object(
        &mut self,
        object: ReadObject<'_>,
        now: OffsetDateTime,
        instant: Instant,
    ) -> AfterCommand {
        #[cfg(feature = "faults")]
        crate::faults::strike("session", object.as_ref().map_or(&[], |object| object.r#type.as_bytes()));
        let request = match object {
            Ok(request) => request,
            Err((label, why)) => {
                self.session.refuse_labelled(label, cleaned(why), now);
                return AfterCommand::Here;
            }
        };
        let label = request.answer_label();
        let command = match request.command() {
            Ok(command) => command,
            Err(why) => {
                self.session.refuse_labelled(label, cleaned(why), now);
                return AfterCommand::Here;
            }
        };
        self.awake |= !command.is_upkeep();
        if !self.may_say(&command, instant) {
            match label {
                Some(label) => self.throttled(label, ADDRESS_RETRY, now),
                None => self.crowded = true,
            }
            return AfterCommand::Here;
        }
        let tag = Tag { label, nonce: request.nonce.as_deref().map(str::to_owned), is_bare: false };
        let stay = self.carry_out(command, tag, now);
        self.rendering = self.user.rendering();
        stay
    }

    fn carry_out(&mut self, command: Command<'_>, tag: Tag, now: OffsetDateTime) -> AfterCommand {
        match command {
            Command::Register { .. } | Command::Password(_) => {
                if self.session.begin(&command, tag, now)
                    && let Err(report) | Ok(Some(report)) = self.account_command(command, now)
                {
                    self.session.end(report);
                }
                AfterCommand::Here
            }
            command => self.session.perform(command, tag, now),
        }
    }

    /// Answers a command object that was dropped, since lines come too fast.
    pub(super) fn throttled(&mut self, label: String, retry: Duration, now: OffsetDateTime) {
        let mut why = Cause::Throttled.report();
        why.about.retry_ms = Some(u64::try_from(retry.as_millis()).unwrap_or(u64::MAX).max(1));
        self.session.refuse_labelled(Some(label), why, now);
    }

    pub(super) fn command<'m>(&self, typed: &'m Inbound<'_>) -> Option<Result<Command<'m>, CommandError<'m>>> {
        match typed {
            Inbound::Talk(text) => Some(Ok(Command::Say(text))),
            Inbound::Line(text) => parse(text, self.user.name.as_str()),
        }
    }

    /// Lines that other users would see of a message, if it says something; else 1.
    pub(super) fn lines(&self, message: &str) -> usize {
        if self.questions.is_some() {
            return 1;
        }
        // Nearly all messages are one line of their door, without an escape that could stand for a line end.
        if !has_line_end(message) && !message.contains('\\') {
            return 1;
        }
        let Some(typed) = self.door.decode(message) else { return 1 };
        let command = self.command(&typed);
        command.and_then(Result::ok).map_or(1, |command| self.lines_said(&command))
    }

    /// The same of a command object.
    pub(super) fn lines_of_object(&self, object: &ReadObject<'_>) -> usize {
        let command = object.as_ref().ok().map(Request::command);
        command.and_then(Result::ok).map_or(1, |command| self.lines_said(&command))
    }

    fn lines_said(&self, command: &Command<'_>) -> usize {
        command.said().map_or(1, |text| self.size(text).lines)
    }

    fn size(&self, text: &str) -> TalkSize {
        // The longest one: `[ROOM] NAME: `. A character has up to four bytes.
        TalkSize::of(text, self.user.name.as_str().len() + 4 * ROOM_CHARS + "[] : ".len())
    }

    /// Whether that, if it says something, is not too much together with what others at the same address say.
    fn may_say(&self, command: &Command<'_>, instant: Instant) -> bool {
        let (Some(budget), Some(text)) = (&self.budget, command.said()) else { return true };
        match budget.charge(self.size(text), instant) {
            BudgetVerdict::Passes => true,
            BudgetVerdict::Dropped { log } => {
                if log {
                    let address = budget.address();
                    log::warn!("those at {address} say too much together; what is over their limit is dropped");
                }
                false
            }
        }
    }

    /// A message was too long. As an answer to a question it is none: the question stays.
    pub(super) fn too_long(&mut self, longest: u64, now: OffsetDateTime) -> AfterCommand {
        self.tell(Cause::LineTooLong.of_count(longest).into(), now);
        if let Some(questions) = self.questions.take() {
            self.ask(questions, now);
        }
        AfterCommand::Here
    }

    /// True for a line that asks to leave. It is free of the rate: a burst that ends in it leaves.
    pub(super) fn leaves(&self, piece: &ReadMessage<'_>) -> bool {
        let ReadMessage::Text(text) = piece else { return false };
        // Long enough for every form of the command at the door whose messages are objects.
        if self.questions.is_some() || text.len() > 64 {
            return false;
        }
        self.door.decode(text).is_some_and(|typed| self.command(&typed) == Some(Ok(Command::Quit)))
    }

    /// Counts a line that came too fast, for users who type: programs compare every message that they get.
    pub(super) fn drop_line(&mut self, piece: &ReadMessage<'_>, instant: Instant) {
        if self.unframed || self.rendering != Rendering::Text {
            return;
        }
        let line = match piece {
            ReadMessage::Text(text) if self.questions.is_none() => Some(&**text),
            ReadMessage::Text(_) | ReadMessage::TooLong(_) => None,
        };
        self.unsent.add(line, instant);
    }

    /// Tells the user of all dropped lines, before the session ends.
    pub(super) fn tell_unsent(&mut self, now: OffsetDateTime) {
        if let Some(report) = self.unsent.take() {
            self.tell(report.into(), now);
        }
    }

    /// Tells them something behind what they said before.
    pub(super) fn tell(&mut self, what: EventKind<'_>, now: OffsetDateTime) {
        self.session.refuse(what, now);
    }
}

/// What is quoted of a client's line is safe to show, and short.
fn cleaned(mut why: Report<'static>) -> Report<'static> {
    let short = |text: Text<'static>| clean(&text).chars().take(4 * LONGEST_WORD).collect::<String>().into();
    why.about.word = why.about.word.take().map(short);
    why
}

/// Chat77's clients send a file as many messages at once, so a read may begin inside one of them. Such a rest is nothing
/// to be said; it has no spaces in it, and everything that these clients send for people to read has.
fn is_rest_of_file(in_file: &mut bool, text: &str) -> bool {
    let begins = text.starts_with("FILE_START|") || text.starts_with("FILE_CHUNK|");
    let rest = *in_file && !text.contains(' ');
    *in_file = (begins || rest) && !text.contains("FILE_END|");
    rest
}
