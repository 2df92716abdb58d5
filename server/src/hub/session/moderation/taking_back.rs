//! Authors take messages back or change them; owners remove any.
//!
//! An author is known by the owner of the history, never by the name alone: another guest may have the name by now. The
//! broadcast group remembers the authors of recent messages ([`super::super::super::recent`]). The history knows only
//! names, so it is asked for two cases: an owner names an older message by its id, and an account takes back a message
//! from before a restart, since the name of an account is no guest's.
//!
//! A change is stored first, then told to the room through its log. So it comes behind its message on every connection,
//! and no request behind the answer finds the old text. One change after the other is stored and told, so that all clients
//! read them in the order in which they were stored.

use super::super::{CommandResult, Session};
use crate::hub::Hub;
use crate::hub::broadcast_group::{BroadcastGroup, Notice};
use crate::hub::publications::Tag;
use crate::hub::recent::{Author, RecentMessage};
use crate::hub::rules::RoomGate;
use landline_common::command::MessageRef;
use landline_common::event::Text;
use landline_common::history::{HistoryEntry, HistoryError, HistoryFilter, HistoryOwner, MessageChange, Page, Range};
use landline_common::limits::{DELETED_IDS, count};
use landline_common::name::is_server_author;
use landline_common::{Cause, EventKind, NameKey, Report};
use std::sync::Arc;

/// A message that may be taken back.
pub(super) struct Found {
    id: u64,
    at_ms: i64,
    user: Box<str>,
    /// The author; `None` for a guest of a former session.
    owner: Option<HistoryOwner>,
    /// The author is known by more than the name.
    is_certain: bool,
}

/// Where messages are taken back.
struct Place {
    /// The room's rules; `None` for messages to all users.
    gate: Option<Arc<RoomGate>>,
    /// `None` if the room is closed.
    group: Option<Arc<BroadcastGroup>>,
}

impl Session {
    /// Removes one message, or the last ones of a user.
    pub(super) fn delete(
        &mut self,
        gate: &Arc<RoomGate>,
        message: MessageRef<'_>,
        minutes: Option<u64>,
    ) -> CommandResult {
        let room = self.place_of(gate);
        let (place, found) = match (message, minutes) {
            (MessageRef::Newest, None) => {
                let found = vec![self.own_newest(&room)?];
                (room, found)
            }
            (MessageRef::Id(id), None) => {
                let everywhere = Place { gate: None, group: Some(self.hub.global.clone()) };
                match self.find_message(&room, id)? {
                    Some(found) => (room, vec![found]),
                    None => {
                        let found = self.find_message(&everywhere, id)?.ok_or_else(|| {
                            // The id may be that of a message to one user.
                            let mut report = room.no_message();
                            report.about.word = Some(" /forget removes your messages to one user.".into());
                            report
                        })?;
                        (everywhere, vec![found])
                    }
                }
            }
            (MessageRef::OfUser(user), minutes) => {
                self.require_owner(gate)?;
                let found = self.last_of(&room, user, minutes)?;
                (room, found)
            }
            (_, Some(_)) => return Err(Cause::BadObject.with_word("minutes goes with to")),
        };
        for message in &found {
            self.check_removal(&place, message)?;
        }
        self.remove_messages(&place, &found)
    }

    /// Replaces the user's newest message in a room.
    pub(super) fn edit(&mut self, gate: &Arc<RoomGate>, text: &str, id: Option<u64>) -> CommandResult {
        let room = self.place_of(gate);
        let name = gate.name().to_string();
        if !self.is_in(gate) {
            return Err(Cause::NotInRoom.with_room(name));
        }
        let text = self.checked_message(text)?.into_owned();
        let group = room.group.clone();
        let _order = group.as_ref().map(|group| group.change_order.lock());
        let newest = self.own_newest(&room)?;
        if id.is_some_and(|id| id != newest.id) {
            return Err(Cause::NotNewest.with_room(name));
        }
        self.check_talk(gate)?;
        let stored = self.store_change(MessageChange::Edit { id: newest.id, text: text.as_str().into() })?;
        if stored == 0 && !room.remembers(newest.id) {
            return Err(room.no_message());
        }
        self.update_pin(gate, newest.id, Some(&text));
        let user = self.user.name.to_string().into();
        let event = EventKind::Edited { id: newest.id, room: name.into(), user, text: text.into() };
        self.announce_own_change(&room, event);
        let tag = Tag { nonce: self.tag.nonce.take(), ..self.tag.clone() };
        self.id_sink().record(&tag, newest.id);
        if self.tag.label.is_some() {
            self.answer(EventKind::Done { id: Some(newest.id), repeated: false });
        }
        Ok(())
    }

    fn place_of(&self, gate: &Arc<RoomGate>) -> Place {
        let group = self.hub.registry().rooms.find(gate.name()).map(|(_, group)| group);
        Place { gate: Some(gate.clone()), group }
    }

    /// Time from which on authors may take back their messages, in milliseconds.
    fn take_back_since(&self) -> i64 {
        self.minutes_ago(self.hub.limits.take_back_seconds / 60)
    }

    fn minutes_ago(&self, minutes: u64) -> i64 {
        self.now.unix_ms.saturating_sub(i64::try_from(minutes.saturating_mul(60_000)).unwrap_or(i64::MAX))
    }

    /// Finds the user's own newest message in a room that it may still take back.
    fn own_newest(&self, room: &Place) -> Result<Found, Report<'static>> {
        let since_ms = self.take_back_since();
        let recent = room.group.as_ref().and_then(|group| {
            let recent = group.recent.lock();
            recent.of(|author| self.user.is_author(&author.owner), since_ms).next().map(Found::from_recent)
        });
        let found = match recent {
            Some(found) => Some(found),
            None if self.user.is_account() => {
                let stored = self.said_before_the_start(room, self.user.name.key(), since_ms)?;
                stored.into_iter().rfind(|message| self.is_own(message))
            }
            None => None,
        };
        found.ok_or_else(|| {
            let minutes = self.hub.limits.take_back_seconds / 60;
            Cause::NoOwnMessage.with_count(minutes).in_room(room.name())
        })
    }

    /// Finds the last message of a user, or all of the last minutes.
    fn last_of(&self, room: &Place, user: &str, minutes: Option<u64>) -> Result<Vec<Found>, Report<'static>> {
        let most = (self.hub.limits.take_back_seconds / 60).max(1);
        if minutes.is_some_and(|minutes| !(1..=most).contains(&minutes)) {
            return Err(Cause::TooFarBack.with_count(most));
        }
        let since_ms = self.minutes_ago(minutes.unwrap_or(most));
        let target = self.target(user)?;
        let key = target.name.key();
        let mut found = self.said_before_the_start(room, key, since_ms)?;
        if let Some(group) = &room.group {
            let recent = group.recent.lock();
            // Also what the user has said under an earlier name.
            let is_meant = |author: &Author| author.name.key() == key || target.owner.as_ref() == Some(&author.owner);
            let of_user: Vec<_> = recent.of(is_meant, since_ms).map(Found::from_recent).collect();
            found.extend(of_user.into_iter().rev());
        }
        if minutes.is_none() {
            found.drain(..found.len().saturating_sub(1));
        }
        if found.is_empty() {
            let (name, room_name, minutes) = (&target.name, room.name(), minutes.unwrap_or(most));
            let text = format!(
                "{name} has said nothing in {room_name} in the last {minutes} min that is left to remove. \
                 Nothing was done."
            );
            return Err(room.no_message().with_text(text));
        }
        Ok(found)
    }

    /// Returns the messages of a name from before the start of the server, as far as they are among the newest ones of
    /// the room. Their authors are known by name only.
    fn said_before_the_start(
        &self,
        room: &Place,
        name: &NameKey,
        since_ms: i64,
    ) -> Result<Vec<Found>, Report<'static>> {
        let page = self.read_place(room, Range::Before(self.hub.first_id, count(self.hub.limits.history_messages)))?;
        let is_meant = |entry: &HistoryEntry| entry.at.unix_ms >= since_ms && NameKey::of(&entry.user) == *name;
        Ok(page.entries.into_iter().filter(is_meant).map(|entry| self.found_by_name(entry)).collect())
    }

    /// Finds a message by its id.
    fn find_message(&self, place: &Place, id: u64) -> Result<Option<Found>, Report<'static>> {
        let recent = place.group.as_ref().and_then(|group| group.recent.lock().find(id));
        if let Some(recent) = recent {
            return Ok(Some(Found::from_recent(&recent)));
        }
        let page = self.read_place(place, Range::Between { after: id.saturating_sub(1), up_to: id, most: 1 })?;
        Ok(page.entries.into_iter().next().map(|entry| self.found_by_name(entry)))
    }

    /// Returns a message of the history. If an account had the name at that time, it is the author; that is certain for a
    /// message from before the start, since the authors of later ones are known by their owner.
    fn found_by_name(&self, entry: HistoryEntry) -> Found {
        let key = NameKey::of(&entry.user);
        let owner = self.hub.storage.had_account(&key, entry.at).then_some(HistoryOwner::Account(key));
        let is_certain = entry.id < self.hub.first_id;
        Found { id: entry.id, at_ms: entry.at.unix_ms, user: entry.user, owner, is_certain }
    }

    /// Reads messages of a room, or to all users, also of users whom the user blocks. Without a history there are none.
    fn read_place(&self, place: &Place, range: Range) -> Result<Page, Report<'static>> {
        match self.read_unfiltered(place.gate.as_deref(), range) {
            Ok(page) => Ok(page),
            Err(HistoryError::Off) => Ok(Page::default()),
            Err(why) => Err(self.hub.history_refusal(&why)),
        }
    }

    /// Reads messages of the room of `gate`, or to all users, also of users whom the user blocks.
    pub(super) fn read_unfiltered(&self, gate: Option<&RoomGate>, range: Range) -> Result<Page, HistoryError> {
        let room = gate.map(|gate| gate.name().key().as_str());
        let rooms: Vec<&str> = room.into_iter().collect();
        let viewer = self.reader(&rooms, &[], room.map_or(HistoryFilter::Global, HistoryFilter::Room));
        self.hub.storage.read_history(&viewer, range)
    }

    /// Refuses to remove a message: authors may for some time, owners of the place always, but not a message of an owner
    /// above them.
    fn check_removal(&self, place: &Place, message: &Found) -> CommandResult {
        let is_own = self.is_own(message);
        if is_own && message.is_certain && message.at_ms >= self.take_back_since() {
            return Ok(());
        }
        let gate = place.gate.as_deref();
        let allowed = match gate {
            Some(gate) => self.require_owner(gate),
            None if self.is_server_owner() => Ok(()),
            None => Err(Cause::NotServerOwner.report()),
        };
        if is_own && message.is_certain {
            let minutes = self.hub.limits.take_back_seconds / 60;
            return allowed.map_err(|_| Cause::TooLate.with_count(minutes).in_room(place.name()));
        }
        allowed?;
        if is_own {
            return Ok(());
        }
        if is_server_author(&message.user) {
            return Err(Cause::TargetAbove.with_user(message.user.to_string()));
        }
        match &message.owner {
            Some(owner) => self.require_below_owner(gate, &message.user, &self.hub.present_owner(owner)),
            None => Ok(()),
        }
    }

    fn is_own(&self, message: &Found) -> bool {
        message.owner.as_ref().is_some_and(|owner| self.user.is_author(owner))
    }

    /// Removes messages of one user, and tells the users of the place.
    fn remove_messages(&mut self, place: &Place, found: &[Found]) -> CommandResult {
        let Some(first) = found.first() else { return Err(place.no_message()) };
        let ids: Vec<u64> = found.iter().map(|message| message.id).collect();
        let _order = place.group.as_ref().map(|group| group.change_order.lock());
        let by = self.user.name.to_string();
        let stored = self.store_change(MessageChange::Remove { ids: ids.clone(), by: by.as_str().into() })?;
        let forgotten = place.group.as_ref().map_or(0, |group| group.recent.lock().remove(&ids));
        if stored == 0 && forgotten == 0 {
            // Another user has just removed it.
            return Err(place.no_message());
        }
        if let Some(gate) = &place.gate {
            ids.iter().for_each(|id| self.update_pin(gate, *id, None));
        }
        let is_own = found.iter().all(|message| self.is_own(message));
        for (ids, said) in ids.chunks(DELETED_IDS).zip(found.chunks(DELETED_IDS)) {
            let room = place.gate.as_ref().map(|gate| Text::from(gate.name().to_string()));
            let said_ms = said.first().map_or(first.at_ms, |message| message.at_ms);
            let user = first.user.to_string().into();
            let event = EventKind::Deleted { room, ids: ids.to_vec(), user, by: by.clone().into(), said_ms };
            if is_own {
                self.announce_own_change(place, event);
            } else {
                self.announce_removal(place, event);
            }
        }
        Ok(())
    }

    /// Stores a change. Returns the number of stored messages that it changes; 0 without a history.
    fn store_change(&self, change: MessageChange) -> Result<u64, Report<'static>> {
        match self.hub.storage.change_messages(change, self.now) {
            Ok(changed) => Ok(changed),
            Err(HistoryError::Off) => Ok(0),
            Err(why) => Err(self.hub.change_refusal(&why)),
        }
    }

    /// Tells the users of a place of a change that the user made to its own messages, except users who block it.
    fn announce_own_change(&mut self, place: &Place, event: EventKind<'_>) {
        if let Some(group) = &place.group {
            let mut notice = Notice::of(event.at(self.now), &self.hub.limits);
            group.log.wait_delivered(group.log.announce_change(self.user.client(), &mut notice));
        }
    }

    /// Tells the users of a place that an owner removed messages. An owner who is not there is told, too.
    fn announce_removal(&mut self, place: &Place, event: EventKind<'_>) {
        if place.gate.as_ref().is_some_and(|gate| !self.is_in(gate)) {
            self.send_event(event.clone());
        }
        if let Some(group) = &place.group {
            let mut notice = Notice::of(event.at(self.now), &self.hub.limits);
            group.log.wait_delivered(group.log.announce(&mut notice));
        }
    }
}

impl Found {
    fn from_recent(recent: &RecentMessage) -> Found {
        let RecentMessage { id, at_ms, author } = recent;
        let owner = Some(author.owner.clone());
        Found { id: *id, at_ms: *at_ms, user: author.name.as_str().into(), owner, is_certain: true }
    }
}

impl Place {
    /// The room's name, or words for all users.
    fn name(&self) -> String {
        self.gate.as_ref().map_or_else(|| "all".to_owned(), |gate| gate.name().to_string())
    }

    /// True if the message is among the newest ones of the place, and was not removed.
    fn remembers(&self, id: u64) -> bool {
        self.group.as_ref().is_some_and(|group| group.recent.lock().find(id).is_some())
    }

    fn no_message(&self) -> Report<'static> {
        Cause::NoMessage.with_room(self.name())
    }
}

impl Hub {
    /// Returns the owner that the author of a message is now: a guest may have registered since, and taken another name.
    fn present_owner(&self, owner: &HistoryOwner) -> HistoryOwner {
        let author = self.registry().user_of(owner);
        author.map_or_else(|| owner.clone(), |user| user.history_owner().clone())
    }
}
