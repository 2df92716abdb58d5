//! The commands `/register` and `/password` of a signed-in user.
//!
//! The invariant: a line that may be a password is never sent to users. While questions are open, each line is an
//! answer. A user may also type ahead where no question comes: after a `/register` or `/password` that is refused,
//! misspelled or dropped. So talk is refused for a while after every such line, and after the end of the questions:
//!
//! | event | talk is refused for |
//! |---|---|
//! | the questions end | 2 s |
//! | `/register` or `/password` opens no questions | 10 s |

use super::dispatch::Dispatcher;
use super::questions::{AnswerResult, Purpose, Questions};
use landline_common::command::{Command, CommandError};
use landline_common::{Cause, EventKind, OffsetDateTime, Rendering, Report};
use std::time::{Duration, Instant};

/// Time after the questions within which a line was typed before the user could read their end.
const AFTER_QUESTIONS: Duration = Duration::from_secs(2);

/// Time within which a user types a password after a command that opened no questions, perhaps without having read the
/// refusal.
const AFTER_REFUSAL: Duration = Duration::from_secs(10);

/// The commands that ask questions, as their usage is reported.
const ACCOUNT_COMMANDS: [&str; 2] = ["/register", "/password"];

/// Returns true for `/register` and `/password`, also with arguments or misspelled: the user's next line may be a password.
fn password_may_follow(command: &Result<Command<'_>, CommandError<'_>>) -> bool {
    match command {
        Ok(command) => matches!(command, Command::Register { .. } | Command::Password(_)),
        Err(CommandError::Usage(usage)) => ACCOUNT_COMMANDS.contains(usage),
        Err(CommandError::NoWindow(_) | CommandError::RoomOfWords(_) | CommandError::UsersOfRoom(_)) => false,
        Err(why @ CommandError::Unknown(_)) => {
            why.report().about.hint.is_some_and(|hint| ACCOUNT_COMMANDS.contains(&hint.as_ref()))
        }
    }
}

/// The immediate result of an account command; `None` if questions follow.
type AccountResult = Result<Option<Report<'static>>, Report<'static>>;

impl Dispatcher<'_> {
    /// Carries out `/register` or `/password`, or asks for the passwords if the command has none.
    pub(super) fn account_command(&mut self, command: Command<'_>, now: OffsetDateTime) -> AccountResult {
        let user = self.user.clone();
        let purpose = match command {
            Command::Password(_) if !user.is_account() => return Err(Cause::NoAccount.report()),
            Command::Password(Some(change)) => {
                self.passwords.change_password(&user, change)?;
                return Ok(Some(Cause::PasswordChanged.report()));
            }
            Command::Password(None) => Purpose::Change,
            _ if user.is_account() => return Err(Cause::AccountAlready.with_user(user.name.to_string())),
            Command::Register { password: Some(password) } => return self.register(password).map(Some),
            _ => Purpose::Register,
        };
        if self.rendering != Rendering::Text {
            return Err(Cause::NoQuestionsHere.report());
        }
        let questions = Questions::new(purpose);
        let least = self.passwords.context.limits.password_min_bytes;
        self.send_event(EventKind::info(questions.introduction(user.name.as_str(), least, user.is_encrypted())), now);
        self.ask(questions, now);
        Ok(None)
    }

    fn register(&mut self, password: &str) -> Result<Report<'static>, Report<'static>> {
        self.passwords.register_guest(&self.user, password)?;
        self.session.upgrade_to_account();
        Ok(Cause::AccountMade.with_user(self.user.name.to_string()))
    }

    /// Asks the next question.
    pub(super) fn ask(&mut self, questions: Questions, now: OffsetDateTime) {
        self.send_event(EventKind::Ask(questions.prompt().into()), now);
        self.questions = Some(questions);
    }

    /// Takes the answer to the open question. The line is a password: it is not sent to users, stored or logged.
    pub(super) fn answer(&mut self, mut questions: Questions, line: &str, now: OffsetDateTime) {
        let report = match questions.answer(line) {
            AnswerResult::Prompt(_) => return self.ask(questions, now),
            AnswerResult::Cancelled => Cause::QuestionsCancelled.report(),
            AnswerResult::Differ => Cause::PasswordsDiffer.report(),
            AnswerResult::Register(password) => self.register(password).unwrap_or_else(|refusal| refusal),
            AnswerResult::Change(change) => match self.passwords.change_password(&self.user, change) {
                Ok(()) => Cause::PasswordChanged.report(),
                Err(refusal) => refusal,
            },
        };
        let names_the_end = report.cause == Cause::QuestionsCancelled;
        self.send_event(report.into(), now);
        if !names_the_end {
            self.send_event(Cause::QuestionsOver.report().into(), now);
        }
        self.talk_allowed_from = Instant::now() + AFTER_QUESTIONS;
    }

    /// Refuses talk for 10 s after `/register` or `/password`, also misspelled or refused, that opened no questions: the
    /// user's next line may be a password. Returns true if talk is refused now because of `command`.
    pub(super) fn hold_talk_after(&mut self, command: &Result<Command<'_>, CommandError<'_>>) -> bool {
        let holds = self.questions.is_none() && password_may_follow(command);
        if holds {
            self.talk_allowed_from = Instant::now() + AFTER_REFUSAL;
        }
        holds
    }

    /// Tells the user for how long talk is refused.
    pub(super) fn report_talk_hold(&mut self, now: OffsetDateTime) {
        self.send_event(Cause::TalkHeld.with_seconds(AFTER_REFUSAL.as_secs()).into(), now);
    }

    /// Refuses talk for 10 s after a dropped line that was `/register` or `/password`: the user does not know that it was
    /// dropped, and the next line may be a password.
    pub(super) fn note_dropped_command(&mut self, message: &str) {
        let Some(inbound) = self.door.decode(message) else { return };
        if let Some(command) = self.command(&inbound) {
            self.hold_talk_after(&command);
        }
    }
}
