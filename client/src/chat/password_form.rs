//! The form that asks for passwords. The typed text is never shown, goes into no draft or history, and is dropped with the
//! form; `Debug` does not print it.

use super::bindings::{Action, action_of};
use super::editor::Editor;
use super::key::{Code, Key};
use crate::engine::Engine;
use crate::new_password::{NewPassword, PasswordStep};
use landline_common::Cause;
use landline_common::clean::clean;
use landline_common::command::{Command, PasswordChange};
use landline_common::password;
use std::fmt;

/// Characters of an answer; servers take less.
const MAX_ANSWER_CHARS: usize = 200;

/// The form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordForm {
    /// Purpose.
    pub purpose: Purpose,
    /// Current password, once typed; asked only for a change.
    current: Option<String>,
    new: NewPassword,
    field: Editor,
    /// Error of the last answer.
    problem: Option<String>,
}

/// The purpose of the passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Register an account.
    Register,
    /// Change the password of the account.
    Change,
    /// Sign in again, after the known password was refused.
    SignIn,
}

impl Purpose {
    /// Returns the error text if the form would be useless now.
    #[must_use]
    pub fn refusal(self, engine: &Engine, mesh: bool) -> Option<String> {
        match (self, engine.has_account()) {
            _ if mesh => Some("a mesh has no accounts".into()),
            (Purpose::SignIn, _) => None,
            _ if !engine.is_up() => Some("not connected: try again when the connection is back".into()),
            (Purpose::Register, true) => {
                Some(Cause::AccountAlready.with_user(engine.me().to_owned()).sentence().into_owned())
            }
            (Purpose::Change, false) => Some(Cause::NoAccount.template().to_owned()),
            _ => None,
        }
    }
}

/// The result of a key.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordAnswer {
    /// The form needs further input.
    Incomplete,
    /// The user cancelled.
    Discard,
    /// Register an account with this password.
    Register(String),
    /// Change the password.
    Change {
        /// Current password.
        old: String,
        /// New password.
        new: String,
    },
    /// Sign in with this password.
    SignIn(String),
}

impl PasswordAnswer {
    /// Returns the command to send, if there is one.
    #[must_use]
    pub fn command(&self) -> Option<Command<'_>> {
        match self {
            PasswordAnswer::Incomplete | PasswordAnswer::Discard | PasswordAnswer::SignIn(_) => None,
            PasswordAnswer::Register(password) => Some(Command::Register { password: Some(password) }),
            PasswordAnswer::Change { old, new } => Some(Command::Password(Some(PasswordChange { old, new }))),
        }
    }
}

impl PasswordForm {
    /// Creates an empty form.
    #[must_use]
    pub fn new(purpose: Purpose) -> PasswordForm {
        PasswordForm { purpose, current: None, new: NewPassword::default(), field: Editor::default(), problem: None }
    }

    /// Returns the current question.
    #[must_use]
    pub fn question(&self) -> &'static str {
        match (self.new.awaits_repetition(), self.asks_current()) {
            _ if self.purpose == Purpose::SignIn => "The password of your account",
            (true, _) => "The new password again",
            (false, true) => "Your present password",
            (false, false) => "A new password, 8 characters or more",
        }
    }

    /// Returns one dot for each character before and after the cursor.
    #[must_use]
    pub fn masked(&self) -> (String, String) {
        let dots = |text: &str| "•".repeat(text.chars().count());
        (dots(self.field.before()), dots(self.field.after()))
    }

    /// Returns the error of the last answer.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn asks_current(&self) -> bool {
        self.purpose == Purpose::Change && self.current.is_none()
    }

    /// Inserts the first line of pasted text.
    pub fn paste(&mut self, text: &str) {
        self.insert(text.trim().lines().next().unwrap_or_default());
    }

    fn insert(&mut self, text: &str) {
        let capacity = MAX_ANSWER_CHARS.saturating_sub(self.field.text().chars().count());
        self.field.insert(&clean(text).chars().take(capacity).collect::<String>());
    }

    /// Handles a key.
    pub fn key(&mut self, key: Key) -> PasswordAnswer {
        match (action_of(key), key) {
            (Some(Action::Interrupt | Action::Escape), _) => return PasswordAnswer::Discard,
            (Some(Action::Submit), _) => return self.submit(),
            (Some(Action::Edit(edit)), _) => self.field.edit(edit),
            (None, Key { code: Code::Char(c), ctrl: false, alt: false }) => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        PasswordAnswer::Incomplete
    }

    /// Handles Enter: goes to the next question, or returns the answer.
    fn submit(&mut self) -> PasswordAnswer {
        let text = std::mem::take(&mut self.field).take();
        self.problem = None;
        if password::from_line(&text).is_empty() {
            self.problem = Some("no password entered (Esc cancels)".into());
            return PasswordAnswer::Incomplete;
        }
        if self.purpose == Purpose::SignIn {
            return PasswordAnswer::SignIn(text);
        }
        if self.asks_current() {
            self.current = Some(text);
            return PasswordAnswer::Incomplete;
        }
        match (self.new.take(&text), self.current.take()) {
            (PasswordStep::Done(new), Some(old)) => return PasswordAnswer::Change { old, new },
            (PasswordStep::Done(new), None) => return PasswordAnswer::Register(new),
            (typed, current) => {
                self.current = current;
                if let PasswordStep::Rejected(why) = typed {
                    self.problem = Some(why);
                }
            }
        }
        PasswordAnswer::Incomplete
    }
}

/// Prints no password.
impl fmt::Debug for PasswordAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PasswordAnswer::Incomplete => "Incomplete",
            PasswordAnswer::Discard => "Discard",
            PasswordAnswer::Register(_) => "Register(…)",
            PasswordAnswer::Change { .. } => "Change(…)",
            PasswordAnswer::SignIn(_) => "SignIn(…)",
        })
    }
}

/// Prints no typed text.
impl fmt::Debug for PasswordForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordForm({:?})", self.purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(form: &mut PasswordForm, text: &str) -> PasswordAnswer {
        text.chars().for_each(|c| assert_eq!(form.key(Key::plain(Code::Char(c))), PasswordAnswer::Incomplete));
        form.key(Key::plain(Code::Enter))
    }

    #[test]
    fn a_change_has_three_questions_and_an_account_two() {
        let mut form = PasswordForm::new(Purpose::Change);
        for (question, text) in [
            ("Your present password", "old horse"),
            ("A new password, 8 characters or more", "short"),
            ("A new password, 8 characters or more", "new horse"),
            ("The new password again", "new hearse"),
            ("A new password, 8 characters or more", "new horse"),
        ] {
            assert_eq!(form.question(), question);
            assert_eq!(type_in(&mut form, text), PasswordAnswer::Incomplete);
            assert_eq!(form.problem().is_some(), text == "short" || text == "new hearse");
        }
        let change = PasswordAnswer::Change { old: "old horse".into(), new: "new horse".into() };
        assert_eq!(type_in(&mut form, "new horse"), change);
        let mut form = PasswordForm::new(Purpose::Register);
        assert_eq!(type_in(&mut form, "new horse"), PasswordAnswer::Incomplete);
        assert_eq!(type_in(&mut form, "new horse"), PasswordAnswer::Register("new horse".into()));
    }

    #[test]
    fn typed_passwords_are_not_shown() {
        let mut form = PasswordForm::new(Purpose::Register);
        form.paste(" sesame\nmore");
        form.key(Key::plain(Code::Left));
        assert_eq!(form.masked(), ("•••••".into(), "•".into()));
        assert!(!format!("{form:?}").contains("sesame"));
        for key in [Key::plain(Code::Escape), Key::ctrl('c')] {
            assert_eq!(form.key(key), PasswordAnswer::Discard);
        }
        assert_eq!(
            PasswordForm::new(Purpose::Register).key(Key::plain(Code::Enter)),
            PasswordAnswer::Incomplete,
            "no password entered"
        );
        form.paste(&"x".repeat(9_999));
        let (before, after) = form.masked();
        assert_eq!(before.chars().count() + after.chars().count(), MAX_ANSWER_CHARS);
    }
}
