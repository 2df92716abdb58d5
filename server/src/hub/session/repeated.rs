//! Recognizes commands that a client sends again because it cannot know whether they arrived. See
//! [`super::super::labels`] and [`super::super::nonces`].

use super::Session;
use crate::hub::labels::LabelStatus;
use landline_common::command::Command;

impl Session {
    /// Looks up the label and nonce of the current command and registers a new label. Returns `None` for a new command.
    /// For one that was carried out before, returns the id of the message that it sent, if any.
    pub(super) fn find_repeated(&self, command: &Command<'_>) -> Option<Option<u64>> {
        if let (Some(session), Some(label)) = (&self.user.session, &self.tag.label)
            && !command.is_upkeep()
            && let LabelStatus::Repeated(id) =
                session.register_label(label, command.is_question().then(|| self.user.client()))
        {
            return Some(id);
        }
        let nonce = self.tag.nonce.as_deref().filter(|_| command.text_for_others().is_some())?;
        // The first message may have been sent under an earlier name.
        let names = self.user.name_keys();
        let nonces = self.hub.nonces.lock();
        let id = names.iter().rev().find_map(|name| nonces.find(name, nonce))?;
        drop(nonces);
        if let (Some(session), Some(label)) = (&self.user.session, &self.tag.label) {
            session.labels.lock().set_message_id(label, id);
        }
        Some(Some(id))
    }

    /// Removes the label of a refused command, so that sending the command again tries it again.
    pub(super) fn forget_refused_label(&self, label: Option<&str>) {
        if let (Some(session), Some(label)) = (&self.user.session, label) {
            session.labels.lock().remove_refused(label);
        }
    }
}
