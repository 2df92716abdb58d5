//! What users tell of themselves.

use super::{CommandResult, Session, User};
use landline_common::command::Command;
use landline_common::{Cause, Report};

impl Session {
    /// Sets the user away; without a visible text, the user is here again.
    pub(super) fn set_away(&mut self, text: Option<&str>) -> CommandResult {
        let answer = match self.rule_text(text)? {
            Some(text) => {
                self.user.profile.set_away(text.clone());
                Cause::AwaySet.with_word(text)
            }
            None => {
                self.user.profile.end_away();
                Cause::HereAgain.report()
            }
        };
        self.answer(answer.into());
        Ok(())
    }

    /// Ends the absence of a user who has said something.
    pub(super) fn end_away(&mut self) {
        if self.user.profile.end_away() {
            // The message first: text clients must not read the notice before what they have sent.
            self.flush();
            self.send_event(Cause::HereAgain.report().into());
        }
    }

    /// Tells the user that the user it writes to is away, once for each absence.
    pub(super) fn report_away(&self, other: &User) {
        if let Some(text) = other.profile.away_text_for(self.user.history_owner()) {
            let mut report: Report<'_> = Cause::UserAway.with_user(other.name.as_str());
            report.about.word = Some(text.into());
            self.send_event(report.into());
        }
    }
}

/// True for a command that says something to others, and so shows that its user is here.
pub(super) fn is_message(command: &Command<'_>) -> bool {
    use Command::{All, Hooray, Message, Private, Say, SayIn};
    matches!(command, Say(_) | SayIn { .. } | Hooray | All(_) | Message { .. } | Private { .. })
}
