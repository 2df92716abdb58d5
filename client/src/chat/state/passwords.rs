//! `/register`, `/password` and signing in again: opens the password form, and hands its answer to the engine.

use super::State;
use crate::chat::key::Key;
use crate::chat::line::Severity;
use crate::chat::overlay::Overlay;
use crate::chat::password_form::{PasswordAnswer, PasswordForm, Purpose};

/// Notice after the user cancelled the form.
const NOTHING_CHANGED: &str = "nothing was changed";

impl State {
    /// Opens the password form, or shows why it would be useless now.
    pub(super) fn open_password_form(&mut self, purpose: Purpose) -> bool {
        match purpose.refusal(&self.engine, self.settings.mesh) {
            Some(why) => self.add_notice_here(Severity::Refused, &why),
            None => self.overlay = Some(Overlay::Password(PasswordForm::new(purpose))),
        }
        true
    }

    /// Connects at once. If the server has refused the known password, asks for another one first.
    pub(super) fn connect_again(&mut self) {
        if self.engine.wants_password() {
            self.open_password_form(Purpose::SignIn);
        } else {
            self.engine.connect_now();
        }
    }

    /// Handles a key in the password form.
    pub(super) fn password_key(&mut self, key: Key, mut form: PasswordForm) {
        let answer = form.key(key);
        if let PasswordAnswer::SignIn(password) = &answer {
            return self.engine.connect_with(password);
        }
        match answer.command() {
            Some(command) => _ = self.send_command(&command),
            None if answer == PasswordAnswer::Incomplete => self.overlay = Some(Overlay::Password(form)),
            None => self.add_notice_here(Severity::Info, NOTHING_CHANGED),
        }
    }
}
