//! Lines whose text changes: messages that were changed or removed, and notices that quote them.

use super::{Conversation, ConversationId};
use crate::chat::limits::MAX_LINES;
use crate::chat::line::{Body, Delivery, Line};

impl Conversation {
    /// Lets `change` change the body of the message `id`. Returns `false` if it is not here.
    pub fn change(&mut self, id: u64, change: impl FnOnce(&mut Body)) -> bool {
        if !self.ids.contains(&id) {
            return false;
        }
        let Some(position) = self.lines.iter().rposition(|line| line.id == Some(id)) else { return false };
        self.change_at(position, change);
        true
    }

    /// Lets `change` change the body of a line. Does nothing if it is not here.
    pub fn change_line(&mut self, key: u64, change: impl FnOnce(&mut Body)) {
        if let Some(position) = self.position(key) {
            self.change_at(position, change);
        }
    }

    fn change_at(&mut self, position: usize, change: impl FnOnce(&mut Body)) {
        let line = &mut self.lines[position];
        self.size_bytes = self.size_bytes.saturating_sub(line.size_bytes());
        change(&mut line.body);
        self.size_bytes += line.size_bytes();
        if let Some(anchor) = self.scroll.as_mut().filter(|anchor| anchor.key == line.key) {
            // The line may have fewer rows now.
            anchor.rows_below = 0;
        }
        self.groups.update_from(&self.lines, position);
    }

    /// Replaces the message `id` by a text on its removal. It no longer counts as unread. Returns `false` if it is not
    /// here.
    pub fn remove_message(&mut self, id: u64, text: &str) -> bool {
        let received = |line: &&Line| line.message().is_some_and(|message| message.delivery == Delivery::Received);
        let rest = self.lines.iter().rev().take_while(|line| line.id != Some(id)).filter(received).count();
        let mut removed = None;
        let is_here = self.change(id, |body| {
            if let Body::Message(message) = std::mem::replace(body, Body::Removed(text.into())) {
                removed = Some(message);
            }
        });
        if let Some(message) = removed.filter(|message| message.delivery == Delivery::Received && rest < self.unread) {
            self.unread -= 1;
            let is_personal = message.mention || self.id == ConversationId::Global;
            self.mentions = self.mentions.saturating_sub(usize::from(is_personal));
        }
        is_here
    }

    /// Records that the line `key` is a notice that quotes the message `id`.
    pub fn record_quote(&mut self, id: u64, key: u64) {
        if self.quotes.len() >= MAX_LINES {
            self.quotes.pop_front();
        }
        self.quotes.push_back((id, key));
    }

    /// Replaces the notices that quote the message `id` by a text on its removal.
    pub fn remove_quotes(&mut self, id: u64, text: &str) {
        let keys: Vec<u64> = self.quotes.iter().filter(|(of, _)| *of == id).map(|(_, key)| *key).collect();
        self.quotes.retain(|(of, _)| *of != id);
        for key in keys {
            self.change_line(key, |body| *body = Body::Removed(text.into()));
        }
    }
}
