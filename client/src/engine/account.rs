//! A password that is set within the session: with what the client signs in from then on.
//!
//! The answer may be lost with the connection. Then the next sign-in tries the password that counted before, and if the
//! server refuses it, the new one: see [`crate::sign_in::SignIn`].

use super::request::Progress;
use super::{Engine, Update};
use landline_common::Command;
use std::fmt;

/// What the user is told when the server has not done it.
pub const PASSWORD_NOT_SET: &str = "the connection broke before the password was set; nothing was changed";

/// A password that the server was asked to set.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct AskedPassword {
    /// The label of the request.
    label: Box<str>,
    password: Box<str>,
}

/// Never the password.
impl fmt::Debug for AskedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskedPassword({})", self.label)
    }
}

impl Engine {
    /// Takes note of a command that sets a password.
    pub(super) fn note_password(&mut self, label: &str, command: &Command<'_>) {
        let password = match *command {
            Command::Register { password } => password,
            Command::Password(change) => change.map(|change| change.new),
            _ => None,
        };
        if let Some(password) = password {
            self.asked_password = Some(AskedPassword { label: label.into(), password: password.into() });
        }
    }

    /// The request with that label is answered: the password is set, or it was refused.
    pub(super) fn password_answered(&mut self, label: &str, is_set: bool) {
        let Some(asked) = self.asked_password.take_if(|asked| *asked.label == *label) else { return };
        if is_set {
            self.sign_in_with(&asked.password);
        }
    }

    /// A password that may have been set, since the answer was lost.
    pub(super) fn doubtful_password(&self) -> Option<&str> {
        let asked = self.asked_password.as_ref()?;
        let is_open = self.queue.handed_over().any(|item| item.label == asked.label);
        is_open.then_some(&*asked.password)
    }

    /// The server has let the user in as a new session, by the sign-in of that label: what became of a password whose
    /// answer was lost is known then. One that was not sent yet is sent now.
    pub(super) fn signed_in_by(&mut self, label: Option<&str>) {
        if self.doubtful_password().is_none() {
            return;
        }
        let Some(asked) = self.asked_password.take() else { return };
        let item = self.queue.finish(&asked.label);
        let is_set = label.is_some() && self.new_password_label.as_deref() == label;
        let progress = if is_set {
            self.sign_in_with(&asked.password);
            Progress::Done { id: None, at: self.now.wall.unix_ms }
        } else {
            self.push_update(Update::PasswordNotSet);
            Progress::Failed(PASSWORD_NOT_SET.into())
        };
        if let Some(item) = item {
            self.report_progress(&item, progress);
        }
    }

    fn sign_in_with(&mut self, password: &str) {
        self.identity.password = Some(password.to_owned());
        (self.account, self.registered) = (true, true);
        // A new password voids all tokens; a lost connection goes on with a new session.
        self.session = None;
        self.push_update(Update::Account);
    }
}
