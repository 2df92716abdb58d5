//! The pinned message of a room, and its transcript for owners.

use super::super::answers::reply;
use super::super::pages::max_answer_bytes;
use super::super::{CommandResult, Session};
use super::targets::without_at;
use crate::hub::rules::{Pin, RoomGate};
use landline_common::clean::flatten;
use landline_common::command::MessageRef;
use landline_common::history::{HistoryEntry, Range};
use landline_common::limits::count;
use landline_common::{Cause, Event, EventKind, NameKey, OffsetDateTime, Report};

impl Session {
    /// Pins a message of the history on top of a room.
    pub(super) fn pin(&mut self, gate: &RoomGate, message: MessageRef<'_>) -> CommandResult {
        let range = match message {
            MessageRef::Newest => Range::Last(1),
            MessageRef::Id(id) => only(id),
            MessageRef::OfUser(_) => Range::Last(count(self.hub.limits.history_messages)),
        };
        let page = self.read_unfiltered(Some(gate), range).map_err(|why| self.hub.history_refusal(&why))?;
        let author = match message {
            MessageRef::OfUser(user) => Some(NameKey::of(without_at(user))),
            MessageRef::Newest | MessageRef::Id(_) => None,
        };
        let is_meant = |entry: &HistoryEntry| author.as_ref().is_none_or(|author| NameKey::of(&entry.user) == *author);
        let Some(entry) = page.entries.into_iter().rev().find(is_meant) else {
            return Err(Cause::NoMessage.with_room(gate.name().to_string()));
        };
        let text = self.pinned_text(&entry.text);
        let pin = Pin { id: entry.id, at_ms: entry.at.unix_ms, user: entry.user.into_string(), text };
        let id = pin.id;
        self.set(gate, report(Cause::Pinned, &pin), |rules| rules.pin = Some(pin))?;
        // The message may have been removed just before the room had the pin, which the removal would have ended.
        if self.read_unfiltered(Some(gate), only(id)).is_ok_and(|page| page.entries.is_empty()) {
            self.update_pin(gate, id, None);
        }
        Ok(())
    }

    pub(super) fn unpin(&mut self, gate: &RoomGate) -> CommandResult {
        if gate.read(|rules| rules.pin.is_none()) {
            return Err(Cause::NoPin.with_room(gate.name().to_string()));
        }
        self.set(gate, Cause::Unpinned.report(), |rules| rules.pin = None)
    }

    /// Lets the pin follow a change of its message; without a text, the message was removed, and the pin ends.
    pub(super) fn update_pin(&self, gate: &RoomGate, id: u64, text: Option<&str>) {
        if gate.read(|rules| rules.pin.as_ref().is_none_or(|pin| pin.id != id)) {
            return;
        }
        let text = text.map(|text| self.pinned_text(text));
        // The change of the message stands, also if this cannot be stored; `store_rules` logs that.
        let changed = gate.change(|rules| {
            rules.pin = rules.pin.take().and_then(|pin| Some(Pin { text: text?, ..pin }));
            Ok(())
        });
        if changed.is_ok() {
            let _ = self.store_rules();
        }
    }

    /// Returns the beginning of a text as one line.
    fn pinned_text(&self, text: &str) -> String {
        let most = count(self.hub.limits.rule_chars);
        let line = flatten(text);
        match line.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line.into_owned(),
        }
    }

    /// Shows a page of the room's messages from its first one on, or after an id.
    pub(super) fn show_transcript(&mut self, gate: &RoomGate, after: Option<u64>) -> CommandResult {
        let most = count(self.hub.limits.history_messages);
        let range = Range::After(after.unwrap_or(0), most);
        let mut page = self.read_unfiltered(Some(gate), range).map_err(|why| self.hub.history_refusal(&why))?;
        let room = gate.name().as_str();
        let bytes_of = |entry: &HistoryEntry| self.measure(&transcribed(entry, room));
        self.truncate_by(&mut page, true, 1, &mut max_answer_bytes(&self.hub.limits), bytes_of);
        let next = page.entries.last().filter(|_| page.more).map(|last| format!("/transcript after {}", last.id));
        let count = page.entries.len();
        let remark = format!("transcript of {room}").into();
        let label = self.tag.label.take();
        let label = label.as_deref();
        let entries = page.entries.iter().map(|entry| Event { reply: reply(label, false), ..transcribed(entry, room) });
        let end = EventKind::RecallEnd { count, remark, next: next.map(Into::into) }.at(self.now);
        let end = Event { reply: reply(label, true), ..end };
        let events: Vec<Event<'_>> = entries.chain([end]).collect();
        self.user.send_events(&events, &self.hub.limits);
        Ok(())
    }
}

/// The range of one message.
fn only(id: u64) -> Range {
    Range::Between { after: id.saturating_sub(1), up_to: id, most: 1 }
}

fn transcribed<'e>(entry: &'e HistoryEntry, room: &'e str) -> Event<'e> {
    let HistoryEntry { id, at, user, text, edited, .. } = entry;
    let at: OffsetDateTime = *at;
    let (user, text) = ((&**user).into(), (&**text).into());
    EventKind::Transcribed { id: *id, room: room.into(), user, text, edited: *edited }.at(at)
}

/// A report about a pin.
pub(super) fn report(cause: Cause, pin: &Pin) -> Report<'static> {
    let mut report = cause.with_user(pin.user.clone());
    report.about.id = Some(pin.id);
    report.about.word = Some(pin.text.clone().into());
    report
}
