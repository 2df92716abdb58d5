//! Messages to all members: sending them, and accepting those of other members.
//!
//! Each message has a logical time: one more than the highest that its author has stored. Any member could drive the
//! clocks of all others to the maximum by a single message from the far future, and no later message would sort behind
//! it. So logical time has a maximum that grows with the wall clock ([`Node::max_lamport`]). A message beyond it is
//! shown once, with an id outside the common order, and is not stored.

use super::store::{Author, Store};
use super::{Node, ROOM};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{FLOOD_LINES, LAMPORT_TOLERANCE, LINES, MAX_LAMPORT_AT_2026, MESSAGE_CHARS, NUMBER_LIMIT};
use crate::mesh::wire::{Frame, Saying};
use crate::message::length_error;
use landline_common::EventKind;
use landline_common::clean::clean_message;
use landline_common::limits::MESSAGE_LINES;

/// Start of the year 2026 in Unix seconds.
const YEAR_2026_S: i64 = 1_767_225_600;

impl Node {
    /// Sends a message of the local user to all members.
    pub(super) fn say(&mut self, text: &str) {
        let Some(text) = clean_text(text) else { return self.emit(unsendable()) };
        self.clock += 1;
        self.last_seq += 1;
        let at = self.now.wall.unix_ms.max(0);
        let saying = Saying { seq: self.last_seq, lamport: self.clock, at, text };
        let author = Author { name: self.me.name.as_str().into(), key: self.me.key };
        if let Some(id) = self.store.add(self.me.id, &author, &saying) {
            self.emit_said(id, self.me.id, &saying);
        }
        let linked: Vec<NodeId> = self.members.iter().filter(|(_, m)| m.is_linked()).map(|(id, _)| *id).collect();
        for id in linked {
            let Saying { seq, lamport, at, ref text } = saying;
            self.send_to_member(id, Frame::Say { seq, lamport, at, text: text.clone() });
        }
    }

    /// Emits a message to all members as live talk.
    pub(super) fn emit_said(&mut self, id: u64, origin: NodeId, saying: &Saying) {
        let user = self.author_name(origin, saying.seq).into();
        let text = saying.text.clone().into();
        self.emit_at(saying.at, EventKind::Said { id, room: ROOM.into(), user, text });
    }

    /// Handles a message to all from its author. Notes a gap in the numbers before it as offered, so that it is
    /// requested.
    pub(super) fn say_received(&mut self, from: NodeId, saying: Saying) {
        let Some(member) = self.members.get_mut(&from) else { return };
        let seq = saying.seq;
        if seq > member.last_seq + 1 {
            member.offers.entry(from).or_default().add(member.last_seq + 1, seq - 1);
        }
        member.last_seq = member.last_seq.max(seq);
        let author = Author { name: member.name.as_str().into(), key: member.key };
        if !self.admit_line(from) {
            return self.store.decline(from, &author, seq);
        }
        if saying.lamport > self.max_author_lamport() {
            return self.show_unordered(from, &author, saying);
        }
        if let Some((id, saying)) = self.store_message(from, from, &author, saying) {
            self.emit_said(id, from, &saying);
        }
    }

    /// Shows a message whose logical time is beyond the maximum: its author's clock is wrong, or the author cheats. Does
    /// not store the message, since it would sort behind all others until the maximum has reached its time.
    fn show_unordered(&mut self, from: NodeId, author: &Author, saying: Saying) {
        if self.store.is_from_author(from, saying.seq) {
            return;
        }
        let Some(text) = clean_text(&saying.text) else { return };
        self.store.decline(from, author, saying.seq);
        let id = self.unordered_id();
        self.emit_said(id, from, &Saying { text, ..saying });
    }

    /// Returns an event id for a message outside the common order, higher than the ids of all messages so far.
    pub(super) fn unordered_id(&mut self) -> u64 {
        self.observe_lamport(self.clock + 1);
        let now = self.clock << 24 | self.me.id.high_bits();
        self.last_unordered_id = self.last_unordered_id.max(now) + 1;
        self.last_unordered_id
    }

    /// Counts a line of a member, and returns whether it is within the rate. Refuses the member if it floods.
    pub(super) fn admit_line(&mut self, from: NodeId) -> bool {
        let Some(member) = self.members.get_mut(&from) else { return false };
        let lines = member.line_rate.count(self.now.ms);
        let link = member.link_number();
        if lines == LINES + 1 {
            let text = format!("{} sends too much; some of their messages are left out", member.display_name);
            self.emit(EventKind::info(text));
        }
        if lines > FLOOD_LINES
            && let Some(link) = link
        {
            self.refuse_flooder(link);
        }
        lines <= LINES
    }

    /// Stores a message of `origin` that `from` sent. Returns its id and its cleaned form if it is new and acceptable.
    pub(super) fn store_message(
        &mut self,
        from: NodeId,
        origin: NodeId,
        author: &Author,
        saying: Saying,
    ) -> Option<(u64, Saying)> {
        let text = clean_text(&saying.text)?;
        let saying = Saying { text, ..saying };
        let add = if from == origin { Store::add_from_author } else { Store::add };
        let id = add(&mut self.store, origin, author, &saying)?;
        self.observe_lamport(saying.lamport);
        Some((id, saying))
    }

    /// Returns the maximum logical time. It grows by one per second, so that no member can move it.
    pub(super) fn max_lamport(&self) -> u64 {
        let seconds = (self.now.wall.unix_ms / 1_000).saturating_sub(YEAR_2026_S);
        (MAX_LAMPORT_AT_2026 + u64::try_from(seconds).unwrap_or(0)).min(NUMBER_LIMIT - 1 - MAX_LAMPORT_AT_2026)
    }

    /// Returns the maximum logical time at which a message from its author is stored.
    pub(super) fn max_author_lamport(&self) -> u64 {
        self.max_lamport() + LAMPORT_TOLERANCE
    }

    /// Advances the Lamport clock to a received time, at most to the maximum.
    pub(super) fn observe_lamport(&mut self, lamport: u64) {
        self.clock = self.clock.max(lamport.min(self.max_lamport()));
    }
}

/// Returns a text in the form in which it is shown; `None` if it is empty or too long then.
pub(super) fn clean_text(text: &str) -> Option<String> {
    let text = clean_message(text).into_owned();
    (!text.is_empty() && length_error(&text).is_none()).then_some(text)
}

/// Returns the refusal of a text that [`clean_text`] does not accept.
pub(super) fn unsendable() -> EventKind<'static> {
    let text =
        format!("not sent: a message needs some text, at most {MESSAGE_CHARS} characters and {MESSAGE_LINES} lines");
    EventKind::error(413, text)
}
