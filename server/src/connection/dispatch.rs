//! Carries out the messages of one signed-in client.
//!
//! A message is an answer to an open question (see [`super::account`]), a line, or a command object. Lines and objects
//! become a [`Command`]. The account commands are carried out here, with the stores; all others by the hub's session.
//! Talk that exceeds the budget of the client's address is dropped before that.

use super::inbound::ReadObject;
use super::passwords::Passwords;
use super::questions::Questions;
use super::record::SessionRecord;
use super::unsent::DroppedLines;
use crate::door::{Door, Inbound};
use crate::guard::AddressBudget;
use crate::guard::address_budget::{BudgetVerdict, TalkSize};
use crate::hub::{AfterCommand, Session, Tag, User, throttled};
use landline_common::clean::{clean, has_line_end};
use landline_common::command::{Command, CommandError, Request, parse};
use landline_common::event::Text;
use landline_common::limits::ROOM_CHARS;
use landline_common::lines::ReadMessage;
use landline_common::{Cause, EventKind, OffsetDateTime, Rendering, Report};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time after which a client may try again when the budget of its address is used up.
const ADDRESS_RETRY: Duration = Duration::from_secs(1);

/// Characters of a word that is quoted back to the client.
const LONGEST_WORD: usize = 40;

/// The state of one signed-in client that its messages work on.
pub(super) struct Dispatcher<'t> {
    pub session: &'t mut Session,
    pub door: &'t dyn Door,
    pub user: Arc<User>,
    /// Records the session under each of its names.
    pub record: &'t SessionRecord<'t>,
    /// Checks and sets passwords.
    pub passwords: Passwords<'t>,
    /// The open questions; the next lines answer them.
    pub questions: Option<Questions>,
    /// Until this time talk is refused: it may have been typed as an answer to a question.
    pub talk_allowed_from: Instant,
    /// The talk budget of the client's address; `None` means no limit.
    pub budget: Option<Arc<AddressBudget>>,
    /// The client is unframed: each of its reads is a message.
    pub unframed: bool,
    /// An unframed client is sending a file.
    pub in_file: bool,
    /// A message since the last check of the idle timeout counts as activity.
    pub active: bool,
    /// Talk was dropped because the budget of the address is used up.
    pub over_budget: bool,
    /// Dropped lines that must be reported to a user at a terminal.
    pub dropped: DroppedLines,
    /// The rendering of events for this client.
    pub rendering: Rendering,
}

impl Dispatcher<'_> {
    /// Handles one message that is not a command object.
    pub(super) fn handle_message(&mut self, message: &str, now: OffsetDateTime, instant: Instant) -> AfterCommand {
        if let Some(questions) = self.questions.take() {
            self.active = true;
            self.answer(questions, message, now);
            return AfterCommand::Here;
        }
        #[cfg(feature = "faults")]
        crate::faults::strike("session", message.as_bytes());
        if self.unframed && track_file_transfer(&mut self.in_file, message) {
            self.note_dropped_command(message);
            return AfterCommand::Here;
        }
        let Some(inbound) = self.door.decode(message) else {
            log::trace!("session: message without a meaning at this door user={}", self.user.name);
            return AfterCommand::Here;
        };
        let Some(command) = self.command(&inbound) else { return AfterCommand::Here };
        let after = match command {
            Ok(command) => {
                let is_bare = !matches!(command, Command::Say(_)) && !message.starts_with('/');
                self.handle_command(command, Tag { is_bare, ..Tag::default() }, now, instant)
            }
            Err(why) => {
                self.send_event(why.report().into(), now);
                AfterCommand::Here
            }
        };
        if self.hold_talk_after(&command) {
            self.report_talk_hold(now);
        }
        after
    }

    /// Carries out the command of a line.
    fn handle_command(
        &mut self,
        command: Command<'_>,
        tag: Tag,
        now: OffsetDateTime,
        instant: Instant,
    ) -> AfterCommand {
        self.active |= !matches!(command, Command::Ping(_));
        if command.text_for_others().is_some() && instant < self.talk_allowed_from {
            self.send_event(Cause::BehindQuestions.report().into(), now);
            return AfterCommand::Here;
        }
        if !self.charge_address(&command, instant) {
            self.over_budget = true;
            return AfterCommand::Here;
        }
        // Logs talk only: private messages and passwords must not reach the log.
        if let Command::Say(text) = command {
            log::debug!("<{}> {text}", self.user.name);
        }
        let after = self.carry_out(command, tag, now);
        self.rendering = self.user.rendering();
        after
    }

    /// Carries out a command object; its answer carries its label.
    pub(super) fn handle_object(
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
                self.session.refuse_labeled(label, cleaned(why), now);
                return AfterCommand::Here;
            }
        };
        let label = request.answer_label();
        let command = match request.command() {
            Ok(command) => command,
            Err(why) => {
                self.session.refuse_labeled(label, cleaned(why), now);
                return AfterCommand::Here;
            }
        };
        self.active |= !command.is_upkeep();
        if !self.charge_address(&command, instant) {
            match label {
                Some(label) => self.refuse_throttled(label, ADDRESS_RETRY, now),
                None => self.over_budget = true,
            }
            return AfterCommand::Here;
        }
        let tag = Tag { label, nonce: request.nonce.as_deref().map(str::to_owned), is_bare: false };
        let after = self.carry_out(command, tag, now);
        self.rendering = self.user.rendering();
        after
    }

    /// Carries out a command: an account command and a change of the name here, any other in the hub.
    fn carry_out(&mut self, command: Command<'_>, tag: Tag, now: OffsetDateTime) -> AfterCommand {
        match command {
            Command::Register { .. } | Command::Password(_) => {
                if self.session.begin_command(&command, tag, now)
                    && let Err(report) | Ok(Some(report)) = self.account_command(command, now)
                {
                    self.session.finish_command(report);
                }
                AfterCommand::Here
            }
            Command::Nick(name) => {
                if self.session.begin_command(&command, tag, now)
                    && let Err(refusal) = self.rename(name)
                {
                    self.session.finish_command(refusal);
                }
                AfterCommand::Here
            }
            command => self.session.perform(command, tag, now),
        }
    }

    /// Answers a command object that was dropped because of a rate limit.
    pub(super) fn refuse_throttled(&mut self, label: String, retry: Duration, now: OffsetDateTime) {
        self.session.refuse_labeled(Some(label), throttled(retry), now);
    }

    /// Parses a decoded message; `None` if it is blank.
    pub(super) fn command<'m>(&self, inbound: &'m Inbound<'_>) -> Option<Result<Command<'m>, CommandError<'m>>> {
        match inbound {
            Inbound::Talk(text) => Some(Ok(Command::Say(text))),
            Inbound::Line(text) => parse(text, self.user.name.as_str()),
        }
    }

    /// Returns the number of lines that other users would see of a message; 1 if it is not talk.
    pub(super) fn lines(&self, message: &str) -> usize {
        if self.questions.is_some() {
            return 1;
        }
        // Decodes only where an escape could stand for a line end: nearly all messages are one line.
        if !has_line_end(message) && !message.contains('\\') {
            return 1;
        }
        let Some(inbound) = self.door.decode(message) else { return 1 };
        let command = self.command(&inbound);
        command.and_then(Result::ok).map_or(1, |command| self.lines_said(&command))
    }

    /// Returns the number of lines that other users would see of a command object; 1 if it is not talk.
    pub(super) fn lines_of_object(&self, object: &ReadObject<'_>) -> usize {
        let command = object.as_ref().ok().map(Request::command);
        command.and_then(Result::ok).map_or(1, |command| self.lines_said(&command))
    }

    fn lines_said(&self, command: &Command<'_>) -> usize {
        command.text_for_others().map_or(1, |text| self.size(text).lines)
    }

    fn size(&self, text: &str) -> TalkSize {
        // The longest prefix is `[ROOM] NAME: `. A character of a room's name has up to four bytes.
        TalkSize::of(text, self.user.name.as_str().len() + 4 * ROOM_CHARS + "[] : ".len())
    }

    /// Charges the budget of the client's address for a command that is talk. Returns false if the budget is used up
    /// and the command must be dropped.
    fn charge_address(&self, command: &Command<'_>, instant: Instant) -> bool {
        let (Some(budget), Some(text)) = (&self.budget, command.text_for_others()) else { return true };
        match budget.charge(self.size(text), instant) {
            BudgetVerdict::Passes => true,
            BudgetVerdict::Dropped { log } => {
                if log {
                    log::warn!(
                        "address budget: message limit exceeded address={}; messages over it are dropped (--limit \
                         address-lines, address-bytes)",
                        budget.address()
                    );
                }
                false
            }
        }
    }

    /// Refuses a message that is too long. It does not answer an open question, which is asked again.
    pub(super) fn refuse_too_long(&mut self, longest: u64, now: OffsetDateTime) -> AfterCommand {
        self.send_event(Cause::LineTooLong.with_count(longest).into(), now);
        if let Some(questions) = self.questions.take() {
            self.ask(questions, now);
        }
        AfterCommand::Here
    }

    /// Returns true for a line that is the quit command. The caller exempts it from the rate limit, so that a burst of
    /// lines that ends in it still ends the session.
    pub(super) fn is_quit(&self, message: &ReadMessage<'_>) -> bool {
        let ReadMessage::Text(text) = message else { return false };
        // Every form of the command fits into 64 bytes, also as one of LanTalk's JSON messages.
        if self.questions.is_some() || text.len() > 64 {
            return false;
        }
        self.door.decode(text).is_some_and(|inbound| self.command(&inbound) == Some(Ok(Command::Quit)))
    }

    /// Counts a dropped line for the report to a user who types. Other clients get no report: unframed programs compare
    /// every message, and clients that get JSON have labels.
    pub(super) fn count_dropped(&mut self, message: &ReadMessage<'_>, instant: Instant) {
        if self.unframed || self.rendering != Rendering::Text {
            return;
        }
        let line = match message {
            ReadMessage::Text(text) if self.questions.is_none() => Some(&**text),
            ReadMessage::Text(_) | ReadMessage::TooLong(_) => None,
        };
        self.dropped.add(line, instant);
    }

    /// Reports all dropped lines now, before the session ends.
    pub(super) fn report_dropped(&mut self, now: OffsetDateTime) {
        if let Some(report) = self.dropped.take() {
            self.send_event(report.into(), now);
        }
    }

    /// Sends the client an event, after the talk of its earlier messages.
    pub(super) fn send_event(&mut self, event: EventKind<'_>, now: OffsetDateTime) {
        self.session.refuse(event, now);
    }
}

/// Makes the word that a report quotes safe to show and short.
fn cleaned(mut why: Report<'static>) -> Report<'static> {
    let short = |text: Text<'static>| clean(&text).chars().take(4 * LONGEST_WORD).collect::<String>().into();
    why.about.word = why.about.word.take().map(short);
    why
}

/// Follows the file transfers of a Chat77 client, which sends a file as many messages at once, so that a read may start
/// inside one. Returns true if `text` is such a rest of a message, which must not be sent to users. A rest has no
/// spaces; all messages of these clients that users read have some. Updates `in_file`.
fn track_file_transfer(in_file: &mut bool, text: &str) -> bool {
    let begins = text.starts_with("FILE_START|") || text.starts_with("FILE_CHUNK|");
    let rest = *in_file && !text.contains(' ');
    *in_file = (begins || rest) && !text.contains("FILE_END|");
    rest
}
