//! The questions for passwords within a session, for clients that read text lines. Pure: an answer in, the next step
//! out.
//!
//! The invariant: an answer is never talk. So no answer is judged before the last one is there: if a wrong first answer
//! ended the questions, a user who types ahead would say the next password aloud. There is no time limit either, or a
//! late answer would be talk. The questions stay until they are answered or cancelled, or until the idle timeout ends
//! the session.

use landline_common::command::PasswordChange;
use landline_common::password;

/// The purpose of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Make an account.
    Register,
    /// Change the password.
    Change,
}

/// Questions of which at least one is open, with the answers so far.
pub(super) struct Questions {
    purpose: Purpose,
    answers: Vec<String>,
}

/// The next step after an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AnswerResult<'a> {
    /// Ask this question.
    Prompt(&'static str),
    /// The user has ended the questions, by an empty line or /cancel: nothing is registered or changed.
    Cancelled,
    /// The two new passwords differ.
    Differ,
    /// Make an account with this password.
    Register(&'a str),
    /// Change the password.
    Change(PasswordChange<'a>),
}

impl Purpose {
    fn prompts(self) -> &'static [&'static str] {
        match self {
            Purpose::Register => &["NEW PASSWORD?", "NEW PASSWORD AGAIN?"],
            Purpose::Change => &["PRESENT PASSWORD?", "NEW PASSWORD?", "NEW PASSWORD AGAIN?"],
        }
    }
}

impl Questions {
    pub(super) fn new(purpose: Purpose) -> Questions {
        Questions { purpose, answers: Vec::new() }
    }

    /// Returns the text to send before the first question. `least` is the minimum length of a password.
    pub(super) fn introduction(&self, name: &str, least: u64, is_encrypted: bool) -> String {
        let what = match self.purpose {
            Purpose::Register => format!("Making an account of your name {name}."),
            Purpose::Change => format!("Changing the password of {name}."),
        };
        let readers = if is_encrypted { "The server sees it" } else { "It is not encrypted on this network" };
        format!(
            "{what} A password has {least} to 72 characters. {readers}: do not reuse one from elsewhere. \
             Your next lines are the answers and are not said; an empty line or /cancel ends this."
        )
    }

    /// Returns the open question.
    pub(super) fn prompt(&self) -> &'static str {
        self.purpose.prompts().get(self.answers.len()).copied().unwrap_or_default()
    }

    /// Takes the answer to the open question.
    pub(super) fn answer(&mut self, line: &str) -> AnswerResult<'_> {
        let answer = password::from_line(line);
        if answer.is_empty() || answer.eq_ignore_ascii_case("/cancel") {
            return AnswerResult::Cancelled;
        }
        self.answers.push(answer.to_owned());
        match (self.purpose, &self.answers[..]) {
            (Purpose::Register, [new, again]) | (Purpose::Change, [_, new, again]) if new != again => {
                AnswerResult::Differ
            }
            (Purpose::Register, [new, _]) => AnswerResult::Register(new),
            (Purpose::Change, [old, new, _]) => AnswerResult::Change(PasswordChange { old, new }),
            _ => AnswerResult::Prompt(self.prompt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_judged_before_the_last_one() {
        let mut change = Questions::new(Purpose::Change);
        assert_eq!(change.prompt(), "PRESENT PASSWORD?");
        assert_eq!(change.answer(" old one \r"), AnswerResult::Prompt("NEW PASSWORD?"));
        assert_eq!(change.answer("/quit"), AnswerResult::Prompt("NEW PASSWORD AGAIN?"), "a command is an answer, too");
        assert_eq!(change.answer("/quit"), AnswerResult::Change(PasswordChange { old: "old one", new: "/quit" }));
        let mut register = Questions::new(Purpose::Register);
        assert_eq!(register.answer("one"), AnswerResult::Prompt("NEW PASSWORD AGAIN?"));
        assert_eq!(register.answer("one"), AnswerResult::Register("one"));
    }

    #[test]
    fn introduction_says_who_reads_the_password() {
        let text = |is_encrypted| Questions::new(Purpose::Change).introduction("carol", 8, is_encrypted);
        assert_eq!(
            text(false),
            "Changing the password of carol. A password has 8 to 72 characters. It is not encrypted on this network: do \
             not reuse one from elsewhere. Your next lines are the answers and are not said; an empty line or /cancel ends \
             this."
        );
        assert_eq!(text(true), text(false).replace("It is not encrypted on this network", "The server sees it"));
    }

    #[test]
    fn passwords_that_differ_and_empty_lines_end_the_questions() {
        for (purpose, lines) in [(Purpose::Register, &["a", "b"][..]), (Purpose::Change, &["a", "a", "b"])] {
            let mut questions = Questions::new(purpose);
            let (last, before) = lines.split_last().unwrap();
            for line in before {
                assert!(matches!(questions.answer(line), AnswerResult::Prompt(_)));
            }
            assert_eq!(questions.answer(last), AnswerResult::Differ);
            for word in ["", " \r", "/cancel", "/CANCEL "] {
                assert_eq!(Questions::new(purpose).answer(word), AnswerResult::Cancelled);
            }
        }
    }
}
