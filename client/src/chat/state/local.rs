//! Carries out the client's own commands (`client_commands.rs`).

use super::State;
use crate::chat::client_commands::ClientAction;
use crate::chat::conversation::ConversationId;
use crate::chat::line::Severity;

impl State {
    /// Carries out a command of the client with the `rest` of its line. Returns `false` if it was refused.
    pub(super) fn run_client_action(&mut self, action: ClientAction, rest: &str) -> bool {
        match action {
            ClientAction::Query => return self.query(rest),
            ClientAction::Close => return self.close_viewed(),
            ClientAction::Clear => self.conversations.viewed_mut().clear(),
            ClientAction::Save => return self.save_viewed(rest),
            ClientAction::Mentions => self.view(&ConversationId::Mentions),
            ClientAction::Room => return self.open_room_menu(),
            ClientAction::Cancel => self.cancel_unsent(),
            ClientAction::Reconnect => self.connect_again(),
        }
        true
    }

    /// Views the conversation with a user, and sends a text if there is one.
    fn query(&mut self, rest: &str) -> bool {
        let (user, text) = rest.split_once(' ').unwrap_or((rest, ""));
        if user.is_empty() {
            self.add_notice_here(Severity::Refused, "Usage: /query USER [TEXT]");
            return false;
        }
        let id = ConversationId::user(user);
        let title = self.conversations.open(&id, user).title.clone();
        if !text.is_empty() && !self.say(&id, &title, text) {
            return false;
        }
        self.view(&id);
        true
    }
}
