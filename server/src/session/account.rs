//! Making an account, and changing its password, by a user who is here.

use super::questions::{Next, Purpose, Questions};
use super::turn::Turn;
use landline_common::command::Command;
use landline_common::{Cause, Moment, Rendering, Report, What};
use std::time::{Duration, Instant};

/// What arrives so soon behind the questions was typed before their end could be read.
const BEHIND_QUESTIONS: Duration = Duration::from_secs(2);

/// What a command comes to at once; `None` where questions follow.
type Done = Result<Option<Report<'static>>, Report<'static>>;

impl Turn<'_> {
    /// `/register` or `/password`, with the passwords or without them.
    pub(super) fn account_command(&mut self, command: Command<'_>, now: Moment) -> Done {
        let person = self.person;
        let purpose = match command {
            Command::Password(_) if !person.is_account() => return Err(Cause::NoAccount.report()),
            Command::Password(Some(change)) => {
                self.passwords.change(person, change)?;
                return Ok(Some(Cause::PasswordChanged.report()));
            }
            Command::Password(None) => Purpose::Change,
            _ if person.is_account() => return Err(Cause::AccountAlready.of_user(person.name.to_string())),
            Command::Register { password: Some(password) } => return self.register(password).map(Some),
            _ => Purpose::Register,
        };
        if self.rendering != Rendering::Text {
            return Err(Cause::NoQuestionsHere.report());
        }
        let questions = Questions::new(purpose);
        let least = self.passwords.services.limits.password_min_bytes;
        self.tell(What::info(questions.introduction(person.name.as_str(), least)), now);
        self.ask(questions, now);
        Ok(None)
    }

    fn register(&mut self, password: &str) -> Result<Report<'static>, Report<'static>> {
        self.passwords.register_guest(self.person, password)?;
        self.visit.becomes_account();
        Ok(Cause::AccountMade.of_user(self.person.name.to_string()))
    }

    pub(super) fn ask(&mut self, questions: Questions, now: Moment) {
        self.tell(What::Ask(questions.prompt().into()), now);
        self.questions = Some(questions);
    }

    /// Takes an answer. Nothing of it is said, kept or logged.
    pub(super) fn answer(&mut self, mut questions: Questions, line: &str, now: Moment) {
        let report = match questions.answer(line) {
            Next::Ask(_) => return self.ask(questions, now),
            Next::Cancelled => Cause::QuestionsCancelled.report(),
            Next::Differ => Cause::PasswordsDiffer.report(),
            Next::Register(password) => self.register(password).unwrap_or_else(|refusal| refusal),
            Next::Change(change) => match self.passwords.change(self.person, change) {
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
}
