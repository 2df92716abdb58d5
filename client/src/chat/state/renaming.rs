//! Users who take another name: the lists of users and the conversations follow them.

use super::State;
use crate::chat::conversation::ConversationId;
use crate::chat::line::{Severity, cleaned_name};

impl State {
    /// Handles a user who has changed its name, perhaps the own one. The server has ended its off-the-record chats and
    /// open requests; an encrypted chat keeps the name under which it was opened.
    pub(super) fn user_renamed(&mut self, from: &str, to: &str) {
        let (from, to) = (&*cleaned_name(from), &*cleaned_name(to));
        if *from == *self.me {
            self.me = cleaned_name(self.engine.me());
            self.requests.clear();
        }
        self.note_name_free(from, None, &format!("is now {to}"));
        self.people.rename(from, to);
        self.requests.close_all_of(from);
        self.conversations.rename_user(from, to);
        let notice = format!("{from} is now {to}");
        let mut places = vec![ConversationId::Server, ConversationId::user(to)];
        for conversation in self.conversations.iter_mut().filter(|it| matches!(it.id, ConversationId::Room(_))) {
            if conversation.rename_member(from, to) {
                places.push(conversation.id.clone());
            }
        }
        for place in places {
            self.add_notice(&place, Severity::Info, &notice);
        }
    }
}
