//! Commands that a client sends again, as it cannot know whether they arrived. See [`super::super::labels`] and
//! [`super::super::nonces`].

use super::Session;
use crate::hub::labels::Label;
use landline_common::command::Command;

impl Session {
    /// Whether the command in hand was carried out before, and the id of what it said then.
    pub(super) fn repeated(&self, command: &Command<'_>) -> Option<Option<u64>> {
        if let (Some(session), Some(label)) = (&self.user.session, &self.tag.label)
            && !command.is_upkeep()
            && let Label::Repeated(id) = session.check_label(label, command.is_question().then(|| self.user.client()))
        {
            return Some(id);
        }
        let nonce = self.tag.nonce.as_deref().filter(|_| command.text_for_others().is_some())?;
        let id = self.hub.nonces.lock().find(self.user.name.key(), nonce)?;
        if let (Some(session), Some(label)) = (&self.user.session, &self.tag.label) {
            session.labels.lock().said(label, id);
        }
        Some(Some(id))
    }

    /// The command with that label was refused: sent again, it is tried again.
    pub(super) fn forget_label(&self, label: Option<&str>) {
        if let (Some(session), Some(label)) = (&self.user.session, label) {
            session.labels.lock().refused(label);
        }
    }
}
