//! Talk: checked, buffered while more of it follows, and published.

use super::super::broadcast_group::BroadcastGroup;
use super::super::publications::{LineBatch, MessageIdSink, TalkPublication};
use super::super::recent::RecentSink;
use super::rooms::Membership;
use super::{CommandResult, SentBatch, Session, messages};
use landline_common::clean::{clean_message, count_lines};
use landline_common::limits::count;
use landline_common::visible::is_blank;
use landline_common::{Cause, Report};
use std::borrow::Cow;
use std::sync::Arc;

impl Session {
    /// Publishes the buffered talk. Waits while the storage queue is full, a second at most.
    pub fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.wait_for_arrival_notice();
        // Talk that cannot be stored is published all the same.
        let stored = self.hub.storage.wait_for_capacity();
        // Take the lines out: after a panic in here, the flush on leaving must not publish them again.
        let mut pending = std::mem::take(&mut self.pending);
        let pending_room = self.pending_room.take();
        let is_target = |membership: &&Membership| Some(membership.name.key()) == pending_room.as_ref();
        if let Some(Membership { name, group, subscription, .. }) = self.rooms.iter().rev().find(is_target) {
            let number = group
                .log
                .publish(subscription, &mut self.talk_publication(group, Some(name.as_str()), &pending, stored));
            self.last_batch = Some(SentBatch { group: group.clone(), number });
        }
        pending.clear();
        self.pending = pending;
        if !stored {
            self.send_event(messages::not_stored().into());
        }
    }

    /// Makes a publication of the user's lines, in a room or to all users.
    pub(super) fn talk_publication<'t>(
        &'t self,
        group: &'t BroadcastGroup,
        room: Option<&'t str>,
        pending: &'t LineBatch,
        stored: bool,
    ) -> TalkPublication<'t> {
        let hub = &*self.hub;
        TalkPublication {
            ids: &hub.next_message_id,
            storage: stored.then_some(&*hub.storage),
            limits: &hub.limits,
            client: self.user.client(),
            room,
            user: self.user.name.as_str(),
            lines: pending,
            own_rendering: self.user.rendering(),
            id_sink: Some(self.id_sink()),
            recent: Some(RecentSink { messages: &group.recent, author: &self.user.author }),
            at: self.now,
            first_id: 0,
        }
    }

    /// Returns the recorder for the ids of the user's messages.
    pub(super) fn id_sink(&self) -> MessageIdSink<'_> {
        let labels = self.user.session.as_ref().map(|session| &session.labels);
        MessageIdSink {
            labels,
            nonces: &self.hub.nonces,
            author: self.user.name.key(),
            history_owner: self.user.history_owner(),
        }
    }

    /// Waits until the user's last talk is delivered, so that nothing overtakes it.
    pub(super) fn wait_for_last_batch(&mut self) {
        self.wait_for_arrival_notice();
        if let Some(SentBatch { group, number }) = self.last_batch.take() {
            group.log.wait_delivered(number);
        }
    }

    /// Waits until the announcement of the user's sign-in is delivered.
    pub(super) fn wait_for_arrival_notice(&mut self) {
        if let Some(batch) = self.arrival_batch.as_mut().filter(|batch| **batch > 0) {
            self.hub.global.log.wait_delivered(std::mem::take(batch));
        }
    }

    /// Buffers talk for a room, or for the current room.
    pub(super) fn buffer_talk(&mut self, room: Option<&str>, text: &str) -> CommandResult {
        let position = match room {
            Some(room) => self.require_room(room)?,
            None => self.rooms.len().checked_sub(1).ok_or_else(|| Cause::NoRoomToTalk.report())?,
        };
        let text = match room {
            Some(_) => self.checked_message(text)?,
            None => self.checked_text(text)?,
        };
        let Membership { name, group, .. } = &self.rooms[position];
        let key = name.key().clone();
        let group = group.clone();
        if self.pending_room.as_ref().is_some_and(|pending_room| *pending_room != key) {
            self.flush();
        }
        // A user's lines stay in order across rooms too: a reader in both rooms must not get the second line first.
        if self.last_batch.as_ref().is_some_and(|last| !Arc::ptr_eq(&last.group, &group)) {
            self.wait_for_last_batch();
        }
        // Cleaning may have left nothing visible.
        if !is_blank(&text) {
            if let Some(gate) = &group.gate {
                self.check_talk(gate)?;
            }
            let tag = self.take_tag();
            self.pending.push(&text, tag);
            self.pending_room = Some(key);
        }
        Ok(())
    }

    /// Cleans a text for display, and checks its length and number of lines.
    pub(super) fn checked_text<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Report<'static>> {
        let text = clean_message(text);
        let most = count(self.hub.limits.message_chars);
        // Every character has at least one byte.
        if text.len() > most && text.chars().count() > most {
            return Err(Cause::MessageTooLong.with_count(most as u64));
        }
        let most = count(self.hub.limits.message_lines);
        if count_lines(&text) > most {
            return Err(Cause::TooManyLines.with_count(most as u64));
        }
        Ok(text)
    }

    /// Like [`Self::checked_text`], and refuses a text without visible characters.
    pub(super) fn checked_message<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Report<'static>> {
        let text = self.checked_text(text)?;
        if is_blank(&text) {
            return Err(Cause::EmptyMessage.report());
        }
        Ok(text)
    }
}
