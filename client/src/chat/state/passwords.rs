//! `/register`, `/password`, and signing in again: the questions lie over the conversation, and the engine sends what they come to.

use super::State;
use crate::chat::key::Key;
use crate::chat::line::Severity;
use crate::chat::overlay::Overlay;
use crate::chat::password_form::{PasswordAnswer, PasswordForm, Purpose};

/// What the user is told who has left the questions.
const NOTHING_CHANGED: &str = "nothing was changed";

impl State {
    /// Asks for the passwords, unless that is of no use now.
    pub(super) fn ask_password(&mut self, purpose: Purpose) -> bool {
        match purpose.refusal(&self.engine, self.settings.mesh) {
            Some(why) => self.add_notice_here(Severity::Refused, &why),
            None => self.overlay = Some(Overlay::Password(PasswordForm::new(purpose))),
        }
        true
    }

    /// Connects at once; asks for the password first if the one that is known no longer counts.
    pub(super) fn connect_again(&mut self) {
        if self.engine.wants_password() {
            self.ask_password(Purpose::SignIn);
        } else {
            self.engine.connect_now();
        }
    }

    pub(super) fn password_key(&mut self, key: Key, mut form: PasswordForm) {
        let answer = form.key(key);
        if let PasswordAnswer::SignIn(password) = &answer {
            return self.engine.connect_with(password);
        }
        match answer.command() {
            Some(command) => _ = self.send_command_ok(&command),
            None if answer == PasswordAnswer::Incomplete => self.overlay = Some(Overlay::Password(form)),
            None => self.add_notice_here(Severity::Info, NOTHING_CHANGED),
        }
    }
}
