//! The questions for a password that lie over the conversation: keys in, what to do out. What is typed is shown nowhere,
//! goes into no draft, and is gone with the form.

use super::bindings::{Action, action};
use super::editor::Editor;
use super::key::{Code, Key};
use crate::engine::Engine;
use crate::new_password::{NewPassword, PasswordStep};
use landline_common::Cause;
use landline_common::clean::clean;
use landline_common::command::{Command, PasswordChange};
use landline_common::password;
use std::fmt;

/// Characters of an answer; no server takes more.
const LONGEST: usize = 200;

/// The questions.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordForm {
    /// What is done in the end.
    pub purpose: Purpose,
    present: Option<String>,
    new: NewPassword,
    field: Editor,
    problem: Option<String>,
}

/// What the passwords are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An account is made.
    Register,
    /// The password of an account is changed.
    Change,
    /// The user signs in again: the password that is known no longer counts.
    SignIn,
}

impl Purpose {
    /// Why it is of no use to ask now, if so.
    #[must_use]
    pub fn refusal(self, engine: &Engine, mesh: bool) -> Option<String> {
        match (self, engine.has_account()) {
            _ if mesh => Some("a mesh has no accounts".into()),
            (Purpose::SignIn, _) => None,
            _ if !engine.is_up() => Some("there is no connection; try again when there is one".into()),
            (Purpose::Register, true) => {
                Some(Cause::AccountAlready.with_user(engine.me().to_owned()).sentence().into_owned())
            }
            (Purpose::Change, false) => Some(Cause::NoAccount.template().to_owned()),
            _ => None,
        }
    }
}

/// What follows from a key.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordAnswer {
    /// Something is missing.
    HistoryQuery,
    /// The user wants nothing any more.
    Discard,
    /// Make an account with this password.
    Register(String),
    /// Change the password.
    Change {
        /// The present one.
        old: String,
        /// The new one.
        new: String,
    },
    /// Sign in with this password.
    SignIn(String),
}

impl PasswordAnswer {
    /// The command that it comes to, if to one.
    #[must_use]
    pub fn command(&self) -> Option<Command<'_>> {
        match self {
            PasswordAnswer::HistoryQuery | PasswordAnswer::Discard | PasswordAnswer::SignIn(_) => None,
            PasswordAnswer::Register(password) => Some(Command::Register { password: Some(password) }),
            PasswordAnswer::Change { old, new } => Some(Command::Password(Some(PasswordChange { old, new }))),
        }
    }
}

impl PasswordForm {
    /// Nothing is typed yet.
    #[must_use]
    pub fn new(purpose: Purpose) -> PasswordForm {
        PasswordForm { purpose, present: None, new: NewPassword::default(), field: Editor::default(), problem: None }
    }

    /// The question that is open.
    #[must_use]
    pub fn question(&self) -> &'static str {
        match (self.new.awaits_repetition(), self.asks_present()) {
            _ if self.purpose == Purpose::SignIn => "The password of your account",
            (true, _) => "The new password again",
            (false, true) => "Your present password",
            (false, false) => "A new password, 8 characters or more",
        }
    }

    /// What is shown of the answer: its length, up to the cursor and behind it.
    #[must_use]
    pub fn masked(&self) -> (String, String) {
        let dots = |text: &str| "•".repeat(text.chars().count());
        (dots(self.field.before()), dots(self.field.after()))
    }

    /// What was wrong with the last answer.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn asks_present(&self) -> bool {
        self.purpose == Purpose::Change && self.present.is_none()
    }

    /// Takes pasted text: its first line.
    pub fn paste(&mut self, text: &str) {
        self.insert(text.trim().lines().next().unwrap_or_default());
    }

    fn insert(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.field.text().chars().count());
        self.field.insert(&clean(text).chars().take(room).collect::<String>());
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> PasswordAnswer {
        match (action(key), key) {
            (Some(Action::Interrupt | Action::Escape), _) => return PasswordAnswer::Discard,
            (Some(Action::Submit), _) => return self.submit(),
            (Some(Action::Edit(edit)), _) => self.field.edit(edit),
            (None, Key { code: Code::Char(c), ctrl: false, alt: false }) => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        PasswordAnswer::HistoryQuery
    }

    fn submit(&mut self) -> PasswordAnswer {
        let text = std::mem::take(&mut self.field).take();
        self.problem = None;
        if password::from_line(&text).is_empty() {
            self.problem = Some("nothing was typed; Esc leaves everything as it is".into());
            return PasswordAnswer::HistoryQuery;
        }
        if self.purpose == Purpose::SignIn {
            return PasswordAnswer::SignIn(text);
        }
        if self.asks_present() {
            self.present = Some(text);
            return PasswordAnswer::HistoryQuery;
        }
        match (self.new.take(&text), self.present.take()) {
            (PasswordStep::Done(new), Some(old)) => return PasswordAnswer::Change { old, new },
            (PasswordStep::Done(new), None) => return PasswordAnswer::Register(new),
            (typed, present) => {
                self.present = present;
                if let PasswordStep::Rejected(why) = typed {
                    self.problem = Some(why);
                }
            }
        }
        PasswordAnswer::HistoryQuery
    }
}

/// Never the passwords.
impl fmt::Debug for PasswordAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PasswordAnswer::HistoryQuery => "Ask",
            PasswordAnswer::Discard => "Discard",
            PasswordAnswer::Register(_) => "Register(…)",
            PasswordAnswer::Change { .. } => "Change(…)",
            PasswordAnswer::SignIn(_) => "SignIn(…)",
        })
    }
}

/// Never what was typed.
impl fmt::Debug for PasswordForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordForm({:?})", self.purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(form: &mut PasswordForm, text: &str) -> PasswordAnswer {
        text.chars().for_each(|c| assert_eq!(form.key(Key::plain(Code::Char(c))), PasswordAnswer::HistoryQuery));
        form.key(Key::plain(Code::Enter))
    }

    #[test]
    fn a_change_asks_three_times_and_an_account_twice() {
        let mut form = PasswordForm::new(Purpose::Change);
        for (question, text) in [
            ("Your present password", "old horse"),
            ("A new password, 8 characters or more", "short"),
            ("A new password, 8 characters or more", "new horse"),
            ("The new password again", "new hearse"),
            ("A new password, 8 characters or more", "new horse"),
        ] {
            assert_eq!(form.question(), question);
            assert_eq!(type_in(&mut form, text), PasswordAnswer::HistoryQuery);
            assert_eq!(form.problem().is_some(), text == "short" || text == "new hearse");
        }
        let change = PasswordAnswer::Change { old: "old horse".into(), new: "new horse".into() };
        assert_eq!(type_in(&mut form, "new horse"), change);
        let mut form = PasswordForm::new(Purpose::Register);
        assert_eq!(type_in(&mut form, "new horse"), PasswordAnswer::HistoryQuery);
        assert_eq!(type_in(&mut form, "new horse"), PasswordAnswer::Register("new horse".into()));
    }

    #[test]
    fn nothing_of_what_is_typed_is_shown() {
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
            PasswordAnswer::HistoryQuery,
            "nothing was typed"
        );
        form.paste(&"x".repeat(9_999));
        let (before, after) = form.masked();
        assert_eq!(before.chars().count() + after.chars().count(), LONGEST);
    }
}
