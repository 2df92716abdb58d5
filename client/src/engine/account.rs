//! A password that the user sets during the session, with which the client then signs in.
//!
//! The answer may be lost with the connection, so the new password is unconfirmed. The next sign-in then tries the old
//! password, and the new one if the server refuses the old one: see [`crate::sign_in::SignIn`].

use super::request::Progress;
use super::{Engine, Update};
use landline_common::Command;
use std::fmt;

/// Error text for a change that the server has not made.
pub const PASSWORD_NOT_SET: &str = "the connection broke before the password was set; nothing was changed";

/// A password that the server was asked to set.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PendingPassword {
    /// The label of the request.
    label: Box<str>,
    password: Box<str>,
}

/// Leaves out the password.
impl fmt::Debug for PendingPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PendingPassword({})", self.label)
    }
}

impl Engine {
    /// Remembers the password of a command that sets one.
    pub(super) fn note_password(&mut self, label: &str, command: &Command<'_>) {
        let password = match *command {
            Command::Register { password } => password,
            Command::Password(change) => change.map(|change| change.new),
            _ => None,
        };
        if let Some(password) = password {
            self.pending_password = Some(PendingPassword { label: label.into(), password: password.into() });
        }
    }

    /// Handles the answer to the request with this label: the password is set or refused.
    pub(super) fn password_answered(&mut self, label: &str, is_set: bool) {
        let Some(asked) = self.pending_password.take_if(|asked| *asked.label == *label) else { return };
        if is_set {
            self.use_password(&asked.password);
        }
    }

    /// Returns a password that may have been set, since the answer was lost.
    pub(super) fn unconfirmed_password(&self) -> Option<&str> {
        let asked = self.pending_password.as_ref()?;
        let may_be_set = self.queue.handed_over().any(|item| item.label == asked.label);
        may_be_set.then_some(&*asked.password)
    }

    /// Decides whether an unconfirmed password was set, by the label of the sign-in that the server accepted for a new
    /// session. A request that was not sent yet stays in the queue.
    pub(super) fn resolve_unconfirmed_password(&mut self, label: Option<&str>) {
        if self.unconfirmed_password().is_none() {
            return;
        }
        let Some(asked) = self.pending_password.take() else { return };
        let item = self.queue.finish(&asked.label);
        let is_set = label.is_some() && self.new_password_label.as_deref() == label;
        let progress = if is_set {
            self.use_password(&asked.password);
            Progress::Done { id: None, at: self.now.wall.unix_ms }
        } else {
            self.push_update(Update::PasswordNotSet);
            Progress::Failed(PASSWORD_NOT_SET.into())
        };
        if let Some(item) = item {
            self.report_progress(&item, progress);
        }
    }

    fn use_password(&mut self, password: &str) {
        self.identity.password = Some(password.to_owned());
        self.account = true;
        self.registered = true;
        // A new password voids all tokens; a lost connection goes on with a new session.
        self.session = None;
        self.push_update(Update::Account);
    }
}
