//! Writes a conversation as plain text, for `/save`.

use super::conversation::{Conversation, ConversationId};
use super::line::{Body, ChatMessage, Delivery, EDITED, Line};
use crate::engine::Now;
use landline_common::action::action_of;
use landline_common::clean::clean;

/// Returns a conversation as plain text: a heading, then each line with its date and time.
#[must_use]
pub fn transcript(conversation: &Conversation, server: &str, now: Now) -> String {
    let mut text = format!("{} on {server}, saved {}\n\n", conversation.title, now.wall.date());
    let with_room = conversation.id == ConversationId::Mentions;
    for line in conversation.lines() {
        let at = now.zone.at(line.at);
        for row in text_rows(line, with_room) {
            text += &format!("{} {}\n", at.date(), clean(&row));
        }
    }
    text
}

/// Returns the rows of a line. Each row of a message repeats the user's name; otherwise its second row could imitate a
/// message of another user.
fn text_rows(line: &Line, with_room: bool) -> Vec<String> {
    match &line.body {
        Body::Message(ChatMessage { user, text, room, delivery, edited, .. }) => {
            let edited = if *edited { EDITED } else { "" };
            let room = room.as_ref().filter(|_| with_room).map_or(String::new(), |room| format!("[{room}] "));
            let remark = match delivery {
                Delivery::Received | Delivery::Sent => String::new(),
                Delivery::Unsent | Delivery::Pending => " (not sent yet)".into(),
                Delivery::Failed(why) => format!(" (not sent: {why})"),
            };
            let (name, text) = match action_of(text) {
                Some(action) => (format!("* {user}"), action),
                None => (format!("{user}:"), &**text),
            };
            format!("{text}{edited}{remark}").split('\n').map(|row| format!("{room}{name} {row}")).collect()
        }
        Body::Presence(presence) => vec![format!("⇄ {}", presence.sentence())],
        Body::Notice { text, .. } | Body::Removed(text) => vec![format!("— {text}")],
    }
}
