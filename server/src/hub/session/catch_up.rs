//! Catching up: sends the messages that a client missed, together with the answer to its sign-in.
//!
//! A client that was away must get every message exactly once, although other users keep talking while it signs in. Its
//! sign-in names rooms, each with the last id that it received there. Invariant: each message of a room has exactly one
//! way to the client, by its id:
//!
//! | message id | how the client gets the message |
//! |---|---|
//! | up to the last received id | the client has it |
//! | after it, up to `start_id` (the last id before the subscription) | from the history, here |
//! | after `start_id` | live, by the subscription |
//!
//! Example: a client has received id 40 of the lobby. When it subscribes, the newest id there is 47. It gets 41 to 47
//! from the history, and everything later live.
//!
//! A client that names no id gets what its account has not read, or a few recent messages for context. All rooms of a
//! sign-in share one byte budget; `more` marks a room whose missed messages did not fit, and the client requests the
//! rest by `history`. Not here: the client's side (`engine/`), mail, and unacknowledged events.

use super::Session;
use super::pages::max_answer_bytes;
use landline_common::history::{HistoryError, HistoryFilter, Page, Range};
use landline_common::limits::count;
use landline_common::{EventKind, OffsetDateTime, RoomKey, RoomName};

/// Number of recent messages sent if the client missed none, as context.
const CONTEXT: usize = 20;

/// Number of recent messages shown to a guest at a terminal. They fit on the screen together with the greeting.
const RECENT: usize = 10;

/// The messages of one room, or to all users, that the subscription does not deliver.
struct MissedRange {
    /// The room and its position in the session; `None` for messages to all users.
    room: Option<(RoomName, usize)>,
    /// The last id before the subscription.
    up_to: u64,
}

impl Session {
    /// Sends what the client missed in its rooms (`None`: messages to all users), each after the last id that it
    /// received, and refuses the rooms that it could not enter. Ends the answer to its sign-in.
    pub fn catch_up(&mut self, rooms: &[(Option<RoomName>, Option<u64>)], now: OffsetDateTime) {
        self.now = now;
        // Stay well below the backlog limit, since mail arrives at the same time.
        let limits = &self.hub.limits;
        let mut left = count(limits.catch_up_bytes).min(max_answer_bytes(limits));
        for (room, last_received) in rooms {
            let Some(missed_range) = self.missed_range(room.as_ref()) else { continue };
            self.send_missed(&missed_range, *last_received, &mut left);
        }
        for report in std::mem::take(&mut self.refused_rooms) {
            self.send_event(report.into());
        }
        if self.tag.label.is_some() {
            self.answer(EventKind::Done { id: None, repeated: false });
        }
    }

    /// Shows a guest at a terminal the recent messages of the current room, if there are any.
    pub fn show_recent(&mut self, now: OffsetDateTime) {
        self.now = now;
        let room = self.rooms.last().map(|membership| membership.name.clone());
        let Some(missed_range) = room.and_then(|room| self.missed_range(Some(&room))) else { return };
        let Some((name, _)) = &missed_range.room else { return };
        let range = Range::Before(missed_range.up_to.saturating_add(1), RECENT);
        // Skip it if the history cannot be read now: the guest can request it later.
        let Ok(page) = self.read_range(&missed_range, range, &mut max_answer_bytes(&self.hub.limits)) else { return };
        let Some(first) = page.entries.first() else { return };
        let next = page.more.then(|| format!("/history before {}", first.id).into());
        let shown = page.entries.len();
        let remark = format!("in {name}").into();
        self.send_event(EventKind::info(format!("Said in {name} before you came:")));
        self.send_history(&page, EventKind::RecallEnd { count: shown, remark, next }, false);
    }

    /// Returns the range that the subscription does not deliver, or `None` if the user is not in the room.
    fn missed_range(&self, room: Option<&RoomName>) -> Option<MissedRange> {
        let Some(room) = room else {
            return Some(MissedRange { room: None, up_to: self.global_start_id });
        };
        let position = self.room_position(room)?;
        let membership = &self.rooms[position];
        Some(MissedRange { room: Some((membership.name.clone(), position)), up_to: membership.start_id })
    }

    /// Sends the missed messages of one room. A client that named no id and missed none gets recent ones as context.
    fn send_missed(&mut self, missed_range: &MissedRange, last_received: Option<u64>, left: &mut usize) {
        let most = count(self.hub.limits.history_messages);
        let read = last_received.or_else(|| self.read_marker_of(missed_range));
        let missed = read.map(|after| {
            self.read_range(missed_range, Range::Between { after, up_to: missed_range.up_to, most }, left)
        });
        let nothing_missed = matches!(&missed, Some(Ok(page)) if page.entries.is_empty() && !page.more);
        let (found, missed) = match missed {
            Some(found) if last_received.is_some() || !nothing_missed => (found, true),
            _ => (
                self.read_range(missed_range, Range::Before(missed_range.up_to.saturating_add(1), CONTEXT), left),
                false,
            ),
        };
        let (page, more) = match found {
            // Older messages than the context were not missed, so they do not count as more.
            Ok(page) => (Page { more: page.more && missed, ..page }, false),
            Err(HistoryError::Off) => (Page::default(), false),
            Err(_) => (Page::default(), true),
        };
        if let (Some((_, position)), true) = (&missed_range.room, missed) {
            let read = if page.more {
                page.entries.last().map_or(missed_range.up_to, |last| last.id)
            } else {
                missed_range.up_to
            };
            self.rooms[*position].caught_up = Some(read);
        }
        let room =
            missed_range.room.as_ref().map_or(landline_common::command::object::EVERYBODY, |(name, _)| name.as_str());
        let shown = page.entries.len();
        let more = page.more || more;
        self.send_history(&page, EventKind::CaughtUp { room: room.into(), count: shown, missed, more }, false);
    }

    /// Returns an account's read marker of the room, if there is one.
    fn read_marker_of(&self, missed_range: &MissedRange) -> Option<u64> {
        let (room, _) = missed_range.room.as_ref().filter(|_| self.user.is_account())?;
        self.hub.storage.read_marker(self.user.name.key(), room.key()).ok().flatten()
    }

    /// Reads a range of the room's history, within the bytes in `left`.
    fn read_range(&self, missed_range: &MissedRange, range: Range, left: &mut usize) -> Result<Page, HistoryError> {
        let key = missed_range.room.as_ref().map(|(name, _)| name.key());
        let rooms: Vec<&str> = key.into_iter().map(RoomKey::as_str).collect();
        let only = key.map_or(HistoryFilter::Global, |key| HistoryFilter::Room(key.as_str()));
        self.read_within(&rooms, only, range, 0, left)
    }
}
