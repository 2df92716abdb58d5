//! A conversation as plain text, to be saved.

use super::conversation::{Conversation, ConversationId};
use super::line::{Body, ChatMessage, Delivery, Line};
use crate::engine::Now;
use landline_common::clean::clean;

/// A conversation as plain text.
#[must_use]
pub fn transcript(conversation: &Conversation, server: &str, now: Now) -> String {
    let mut text = format!("{} on {server}, saved {}\n\n", conversation.title, now.wall.date());
    let mentions = conversation.id == ConversationId::Mentions;
    for line in conversation.lines() {
        let at = now.zone.at(line.at);
        for sentence in sentences(line, mentions) {
            text += &format!("{} {}\n", at.date(), clean(&sentence));
        }
    }
    text
}

/// One for each line of what was said, so that none passes for something else.
fn sentences(line: &Line, mentions: bool) -> Vec<String> {
    match &line.body {
        Body::Message(ChatMessage { user, text, room, delivery, .. }) => {
            let room = room.as_ref().filter(|_| mentions).map_or(String::new(), |room| format!("[{room}] "));
            let remark = match delivery {
                Delivery::Received | Delivery::Sent => String::new(),
                Delivery::Unsent | Delivery::Pending => " (not sent yet)".into(),
                Delivery::Failed(why) => format!(" (not sent: {why})"),
            };
            format!("{text}{remark}").split('\n').map(|line| format!("{room}{user}: {line}")).collect()
        }
        Body::Presence(presence) => vec![format!("⇄ {}", presence.sentence())],
        Body::Notice { text, .. } => vec![format!("— {text}")],
    }
}
