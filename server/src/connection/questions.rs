//! The questions for a password within a session, for a client that reads text lines. Pure: lines in, what to do out.
//!
//! **Invariant.** What answers a question is never talk. So nothing is judged before the last answer is there: if a wrong
//! first answer ended the questions, a user who types ahead would say the next password aloud. There is no time limit
//! either, or a late answer would be talk: the questions stay until they are answered or cancelled, and hold nothing but
//! these lines; a silent user is signed out as ever.

use landline_common::command::PasswordChange;
use landline_common::password;

/// What the answers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An account is made.
    Register,
    /// A password is changed.
    Change,
}

/// Questions that are not all answered.
pub(super) struct Questions {
    purpose: Purpose,
    answers: Vec<String>,
}

/// What follows from an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// Ask this.
    HistoryQuery(&'static str),
    /// The user wants nothing any more.
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

    /// What to know before answering.
    pub(super) fn introduction(&self, name: &str, least: u64) -> String {
        let what = match self.purpose {
            Purpose::Register => format!("Making an account of your name {name}."),
            Purpose::Change => format!("Changing the password of {name}."),
        };
        format!(
            "{what} A password has {least} to 72 characters. It is not encrypted on this network: do not reuse one from \
             elsewhere. Your next lines are the answers and are not said; an empty line or /cancel ends this."
        )
    }

    /// The question that is open.
    pub(super) fn prompt(&self) -> &'static str {
        self.purpose.prompts().get(self.answers.len()).copied().unwrap_or_default()
    }

    /// Takes an answer.
    pub(super) fn answer(&mut self, line: &str) -> Next<'_> {
        let answer = password::from_line(line);
        if answer.is_empty() || answer.eq_ignore_ascii_case("/cancel") {
            return Next::Cancelled;
        }
        self.answers.push(answer.to_owned());
        match (self.purpose, &self.answers[..]) {
            (Purpose::Register, [new, again]) | (Purpose::Change, [_, new, again]) if new != again => Next::Differ,
            (Purpose::Register, [new, _]) => Next::Register(new),
            (Purpose::Change, [old, new, _]) => Next::Change(PasswordChange { old, new }),
            _ => Next::HistoryQuery(self.prompt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_judged_before_the_last_answer() {
        let mut change = Questions::new(Purpose::Change);
        assert_eq!(change.prompt(), "PRESENT PASSWORD?");
        assert_eq!(change.answer(" old one \r"), Next::HistoryQuery("NEW PASSWORD?"));
        assert_eq!(change.answer("/quit"), Next::HistoryQuery("NEW PASSWORD AGAIN?"), "a command is an answer, too");
        assert_eq!(change.answer("/quit"), Next::Change(PasswordChange { old: "old one", new: "/quit" }));
        let mut register = Questions::new(Purpose::Register);
        assert_eq!(register.answer("one"), Next::HistoryQuery("NEW PASSWORD AGAIN?"));
        assert_eq!(register.answer("one"), Next::Register("one"));
    }

    #[test]
    fn passwords_that_differ_and_empty_lines_end_the_questions() {
        for (purpose, lines) in [(Purpose::Register, &["a", "b"][..]), (Purpose::Change, &["a", "a", "b"])] {
            let mut questions = Questions::new(purpose);
            let (last, before) = lines.split_last().unwrap();
            before.iter().for_each(|line| assert!(matches!(questions.answer(line), Next::HistoryQuery(_))));
            assert_eq!(questions.answer(last), Next::Differ);
            for word in ["", " \r", "/cancel", "/CANCEL "] {
                assert_eq!(Questions::new(purpose).answer(word), Next::Cancelled);
            }
        }
    }
}
