//! Messages that were removed or changed, also in the list of mentions.

use super::State;
use crate::chat::conversation::ConversationId;
use crate::chat::line::{Body, cleaned_message, cleaned_name};

impl State {
    /// Handles messages of `user` that `by` removed in a room, or to all users. Returns whether one of them was shown.
    pub(super) fn messages_removed(&mut self, room: Option<&str>, ids: &[u64], user: &str, by: &str) -> bool {
        let (user, by) = (cleaned_name(user), cleaned_name(by));
        let text = match user.to_lowercase() == by.to_lowercase() {
            true => format!("message removed by {by}"),
            false => format!("message of {user} removed by {by}"),
        };
        let place = room.map_or(ConversationId::Global, ConversationId::room);
        let mut was_shown = false;
        for list in [&place, &ConversationId::Mentions] {
            let Some(conversation) = self.conversations.get_mut(list) else { continue };
            for id in ids {
                was_shown |= conversation.remove_message(*id, &text);
                conversation.room_status.message_changed(*id, None);
            }
        }
        was_shown
    }

    /// Handles a message of a room whose text its author replaced. Whether it mentions the user stays as it was counted.
    pub(super) fn message_edited(&mut self, id: u64, room: &str, text: &str) {
        let text = cleaned_message(text);
        for list in [&ConversationId::room(room), &ConversationId::Mentions] {
            let Some(conversation) = self.conversations.get_mut(list) else { continue };
            conversation.change(id, |body| {
                if let Body::Message(message) = body {
                    message.text.clone_from(&text);
                    message.edited = true;
                }
            });
            conversation.room_status.message_changed(id, Some(&text));
        }
    }
}
