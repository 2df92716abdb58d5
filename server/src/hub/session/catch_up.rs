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
//! A message that the client has may have been removed or changed meanwhile. Behind the missed messages it gets these
//! changes, as the events that it would have got live. A change that it has got already comes twice; that does no harm.
//!
//! Example: a client has received id 40 of the lobby. When it subscribes, the newest id there is 47. It gets 41 to 47
//! from the history, and everything later live.
//!
//! A client that names no id gets what its account has not read, or a few recent messages for context. All rooms of a
//! sign-in share one byte budget; `more` marks a room whose missed messages did not fit, and the client requests the
//! rest by `history`. Not here: the client's side (`engine/`), mail, and unacknowledged events.

use super::Session;
use super::pages::max_answer_bytes;
use landline_common::history::{ChangedMessage, HistoryError, HistoryFilter, Page, Range};
use landline_common::limits::{DELETED_IDS, count};
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
        let changes = last_received.map(|last_id| self.missed_changes(missed_range, last_id, left)).unwrap_or_default();
        let end = EventKind::CaughtUp { room: room.into(), count: shown, missed, more };
        self.send_history_and_changes(&page, changes, end, false);
    }

    /// Returns the changes of messages up to `last_id`, which the client may have missed, as events: the newest ones
    /// within the bytes in `left`. Subtracts their bytes from `left`.
    fn missed_changes(&self, missed_range: &MissedRange, last_id: u64, left: &mut usize) -> Vec<EventKind<'static>> {
        let room = missed_range.room.as_ref().map(|(name, _)| name);
        let rooms: Vec<&str> = room.into_iter().map(|room| room.key().as_str()).collect();
        let blocked = self.blocked_keys();
        let only = room.map_or(HistoryFilter::Global, |room| HistoryFilter::Room(room.key().as_str()));
        let viewer = self.reader(&rooms, &blocked, only);
        let most = count(self.hub.limits.changes_told);
        // A history that is off or cannot be read now has no changes to tell.
        let changes = self.hub.storage.changes(&viewer, last_id, most).unwrap_or_default();
        let mut events = change_events(room.map(RoomName::as_str), changes);
        let fits = |event: &EventKind<'_>, left: &mut usize| {
            let bytes = self.measure(&event.clone().at(self.now));
            let fits = bytes <= *left;
            *left = left.saturating_sub(bytes);
            fits
        };
        let fitting = events.iter().rev().take_while(|event| fits(event, left)).count();
        events.split_off(events.len() - fitting)
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

/// Makes the events of changes in a room, or of messages to all users. Removals of one user by one user that follow each
/// other are one event.
fn change_events(room: Option<&str>, changes: Vec<ChangedMessage>) -> Vec<EventKind<'static>> {
    let mut events: Vec<EventKind<'static>> = Vec::new();
    for ChangedMessage { entry, removed_by } in changes {
        let author = entry.user.into_string();
        let room = room.map(|room| room.to_owned().into());
        match (removed_by, events.last_mut()) {
            (Some(remover), Some(EventKind::Deleted { ids, user, by, .. }))
                if ids.len() < DELETED_IDS && *user == author && **by == *remover =>
            {
                ids.push(entry.id);
            }
            (Some(remover), _) => events.push(EventKind::Deleted {
                room,
                ids: vec![entry.id],
                user: author.into(),
                by: remover.into_string().into(),
                said_ms: entry.at.unix_ms,
            }),
            // Only messages in a room can be changed.
            (None, _) => events.extend(room.map(|room| EventKind::Edited {
                id: entry.id,
                room,
                user: author.into(),
                text: entry.text.into_string().into(),
            })),
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::history::{HistoryEntry, Location};

    fn change(id: u64, user: &str, by: Option<&str>) -> ChangedMessage {
        let entry = HistoryEntry {
            id,
            at: OffsetDateTime { unix_ms: 1_000 + id as i64, offset_s: 0 },
            place: Location::Room("ops".into()),
            user: user.into(),
            text: "tea".into(),
            nonce: None,
            edited: true,
        };
        ChangedMessage { entry, removed_by: by.map(Into::into) }
    }

    #[test]
    fn removals_that_follow_each_other_are_one_event() {
        let removed = (1..=101).map(|id| change(id, "eve", Some("alice")));
        let changes = removed.chain([
            change(102, "eve", Some("bob")),
            change(103, "dan", Some("bob")),
            change(104, "dan", None),
            change(105, "dan", Some("bob")),
        ]);
        let told: Vec<_> = change_events(Some("ops"), changes.collect())
            .into_iter()
            .map(|event| match event {
                EventKind::Deleted { ids, user, by, said_ms, .. } => {
                    (ids.len(), ids[0], format!("{user} {by}"), said_ms)
                }
                EventKind::Edited { id, user, text, .. } => (0, id, format!("{user} {text}"), 0),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            (100, 1, "eve alice", 1_001),
            (1, 101, "eve alice", 1_101),
            (1, 102, "eve bob", 1_102),
            (1, 103, "dan bob", 1_103),
            (0, 104, "dan tea", 0),
            (1, 105, "dan bob", 1_105),
        ];
        assert_eq!(told, expected.map(|(count, id, who, said)| (count, id, who.to_owned(), said)));
    }
}
