//! Messages that were removed or changed, also in the list of mentions; and how the user changes one.
//!
//! While the user changes a message, its text is in the input of that conversation, in place of the draft. Enter sends a
//! command with the room and the id, so that the text never becomes a message of its own, and changes no other one.

use super::State;
use crate::chat::conversation::ConversationId;
use crate::chat::line::{Body, Severity, cleaned_message, cleaned_name, length_error};
use landline_common::action::action_of;
use landline_common::clean::clean_message;
use landline_common::command::{Command, RoomAction};

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
        // The answers to /search and /transcript stand where they were asked for.
        for conversation in self.conversations.iter_mut() {
            ids.iter().for_each(|id| conversation.remove_quotes(*id, &text));
        }
        was_shown
    }

    /// Adds a notice that quotes the message `id` to the viewed conversation.
    pub(super) fn add_quote_here(&mut self, id: u64, text: &str) {
        self.add_notice_here(Severity::Info, text);
        let key = self.last_key;
        self.conversations.viewed_mut().record_quote(id, key);
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

    /// Puts the user's newest message of the viewed room into the input.
    pub(super) fn start_editing(&mut self) {
        let viewed = self.conversations.viewed_mut();
        if viewed.editing.is_some() {
            return;
        }
        let is_room = matches!(viewed.id, ConversationId::Room(_)) && !self.settings.mesh;
        let newest = viewed.newest_own().filter(|_| is_room).map(|(id, message)| (id, message.text.clone()));
        match newest {
            Some((id, text)) => viewed.start_editing(id, &text),
            None => self.add_notice_here(Severity::Refused, "you have no delivered message here that you could change"),
        }
    }

    /// Handles Enter while the user changes a message.
    pub(super) fn submit_change(&mut self) {
        let viewed = self.conversations.viewed();
        let Some(id) = viewed.editing.as_ref().map(|editing| editing.id) else { return };
        let room = viewed.title.clone();
        let text = clean_message(viewed.draft.text()).into_owned();
        let why = match &*text {
            "" => Some("nothing was changed: the text is empty (Esc keeps the message, F3 takes it back)".to_owned()),
            _ if text.starts_with('/') && action_of(&text).is_none() => {
                Some("nothing was changed: this begins like a command (Esc keeps the message)".to_owned())
            }
            _ => length_error(&text),
        };
        if let Some(why) = why {
            return self.add_notice_here(Severity::Refused, &why);
        }
        let action = RoomAction::Edit { text: &text, id: Some(id) };
        if self.forward(&Command::InRoom { room: Some(&room), action }) {
            let viewed = self.conversations.viewed_mut();
            viewed.stop_editing();
            // ↑ brings the text back if the server refuses it.
            viewed.input_history.push(&text);
        }
    }
}
