//! Making an account, and changing its password, by a user who is here.
//!
//! **Invariant.** A line that may be a password is never said. While questions are open, each line is an answer. A user
//! may also type ahead where no question comes: behind a `/register` or `/password` that is refused, misspelled or
//! dropped. So talk is refused for a while behind every such line, and behind the end of the questions.

use super::dispatch::Dispatcher;
use super::questions::{Next, Purpose, Questions};
use landline_common::command::{Command, CommandError};
use landline_common::{Cause, EventKind, OffsetDateTime, Rendering, Report};
use std::time::{Duration, Instant};

/// What arrives so soon behind the questions was typed before their end could be read.
const BEHIND_QUESTIONS: Duration = Duration::from_secs(2);

/// A user who expects questions types the passwords within this time, perhaps without reading the refusal.
const BEHIND_REFUSAL: Duration = Duration::from_secs(10);

/// Usages of the commands that begin questions.
const WORDS: [&str; 2] = ["/register", "/password"];

/// Returns true for a line whose user expects questions: one of the commands, also with arguments or misspelled.
fn expects_questions(command: &Result<Command<'_>, CommandError<'_>>) -> bool {
    match command {
        Ok(command) => matches!(command, Command::Register { .. } | Command::Password(_)),
        Err(CommandError::Usage(usage)) => WORDS.contains(usage),
        Err(CommandError::NoWindow(_)) => false,
        Err(why @ CommandError::Unknown(_)) => {
            why.report().about.hint.is_some_and(|hint| WORDS.contains(&hint.as_ref()))
        }
    }
}

/// What a command comes to at once; `None` where questions follow.
type Done = Result<Option<Report<'static>>, Report<'static>>;

impl Dispatcher<'_> {
    /// `/register` or `/password`, with the passwords or without them.
    pub(super) fn account_command(&mut self, command: Command<'_>, now: OffsetDateTime) -> Done {
        let user = self.user;
        let purpose = match command {
            Command::Password(_) if !user.is_account() => return Err(Cause::NoAccount.report()),
            Command::Password(Some(change)) => {
                self.passwords.change(user, change)?;
                return Ok(Some(Cause::PasswordChanged.report()));
            }
            Command::Password(None) => Purpose::Change,
            _ if user.is_account() => return Err(Cause::AccountAlready.of_user(user.name.to_string())),
            Command::Register { password: Some(password) } => return self.register(password).map(Some),
            _ => Purpose::Register,
        };
        if self.rendering != Rendering::Text {
            return Err(Cause::NoQuestionsHere.report());
        }
        let questions = Questions::new(purpose);
        let least = self.passwords.context.limits.password_min_bytes;
        self.tell(EventKind::info(questions.introduction(user.name.as_str(), least)), now);
        self.ask(questions, now);
        Ok(None)
    }

    fn register(&mut self, password: &str) -> Result<Report<'static>, Report<'static>> {
        self.passwords.register_guest(self.user, password)?;
        self.session.becomes_account();
        Ok(Cause::AccountMade.of_user(self.user.name.to_string()))
    }

    pub(super) fn ask(&mut self, questions: Questions, now: OffsetDateTime) {
        self.tell(EventKind::Ask(questions.prompt().into()), now);
        self.questions = Some(questions);
    }

    /// Takes an answer. Nothing of it is said, kept or logged.
    pub(super) fn answer(&mut self, mut questions: Questions, line: &str, now: OffsetDateTime) {
        let report = match questions.answer(line) {
            Next::HistoryQuery(_) => return self.ask(questions, now),
            Next::Cancelled => Cause::QuestionsCancelled.report(),
            Next::Differ => Cause::PasswordsDiffer.report(),
            Next::Register(password) => self.register(password).unwrap_or_else(|refusal| refusal),
            Next::Change(change) => match self.passwords.change(self.user, change) {
                Ok(()) => Cause::PasswordChanged.report(),
                Err(refusal) => refusal,
            },
        };
        let is_told = report.cause == Cause::QuestionsCancelled;
        self.tell(report.into(), now);
        if !is_told {
            self.tell(Cause::QuestionsOver.report().into(), now);
        }
        self.talk_from = Instant::now() + BEHIND_QUESTIONS;
    }

    /// Refuses talk for a while if the user of a line expects questions and none are open. Returns true if so.
    pub(super) fn hold_talk_behind(&mut self, command: &Result<Command<'_>, CommandError<'_>>) -> bool {
        let holds = self.questions.is_none() && expects_questions(command);
        if holds {
            self.talk_from = Instant::now() + BEHIND_REFUSAL;
        }
        holds
    }

    /// Tells the user for how long talk is refused.
    pub(super) fn tell_talk_held(&mut self, now: OffsetDateTime) {
        self.tell(Cause::TalkHeld.of_seconds(BEHIND_REFUSAL.as_secs()).into(), now);
    }

    /// Takes note of a line that is dropped without being carried out.
    pub(super) fn skip(&mut self, message: &str) {
        let Some(typed) = self.door.decode(message) else { return };
        if let Some(command) = self.command(&typed) {
            self.hold_talk_behind(&command);
        }
    }
}
