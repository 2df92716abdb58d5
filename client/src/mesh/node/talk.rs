//! What is said to everybody.

use super::store::{Author, Store};
use super::{Node, ROOM};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{AHEAD, FLOOD, JUMP, LINES, MESSAGE_CHARS, NUMBER};
use crate::mesh::wire::Frame;
use crate::message::length_error;
use landline_common::EventKind;
use landline_common::clean::clean_message;
use landline_common::limits::MESSAGE_LINES;

/// 2026 began so many seconds after 1970.
const YEAR_2026_S: i64 = 1_767_225_600;

impl Node {
    /// Says something to everybody.
    pub(super) fn say(&mut self, text: &str) {
        let Some(text) = fit(text) else {
            return self.tell(EventKind::error(
                413,
                format!(
                    "that is too long, or nothing: at most {MESSAGE_CHARS} characters and {MESSAGE_LINES} lines go into \
                     one message"
                ),
            ));
        };
        self.clock += 1;
        self.said += 1;
        let (seq, lamport, at) = (self.said, self.clock, self.now.wall.unix_ms.max(0));
        let author = Author { name: self.me.name.as_str().into(), key: self.me.key };
        if let Some(id) = self.store.add((lamport, self.me.id), &author, seq, (at, &text)) {
            self.tell_said(id, (self.me.id, seq), at, &text);
        }
        let linked: Vec<NodeId> = self.members.iter().filter(|(_, m)| m.is_linked()).map(|(id, _)| *id).collect();
        for id in linked {
            self.send_to(id, Frame::Say { seq, lamport, at, text: text.clone() });
        }
    }

    fn tell_said(&mut self, id: u64, (origin, seq): (NodeId, u64), at: i64, text: &str) {
        let (user, text) = (self.author_name(origin, seq).into(), text.to_owned().into());
        self.tell_at(at, EventKind::Said { id, room: ROOM.into(), user, text });
    }

    /// Somebody says something.
    pub(super) fn heard_say(&mut self, from: NodeId, (seq, lamport): (u64, u64), at: i64, text: &str) {
        let Some(member) = self.members.get_mut(&from) else { return };
        // What came before and did not arrive is asked for.
        if seq > member.top + 1 {
            member.offers.entry(from).or_default().add(member.top + 1, seq - 1);
        }
        member.top = member.top.max(seq);
        let author = Author { name: member.name.as_str().into(), key: member.key };
        if !self.takes_line(from) {
            return self.store.decline(from, &author, seq);
        }
        if lamport > self.latest() {
            return self.heard_from_afar(from, &author, seq, (at, text));
        }
        if let Some((id, text)) = self.learn(from, (lamport, from), &author, seq, (at, text)) {
            self.tell_said(id, (from, seq), at, &text);
        }
    }

    /// Something is said now, with a logical time at which nobody can be: the clock there is wrong, or lies. It is
    /// shown like everything else, and not kept: it would stand below all that is said for as long.
    fn heard_from_afar(&mut self, from: NodeId, author: &Author, seq: u64, (at, text): (i64, &str)) {
        let Some(text) = fit(text).filter(|_| !self.store.said(from, seq)) else { return };
        self.store.decline(from, author, seq);
        let id = self.aside();
        self.tell_said(id, (from, seq), at, &text);
    }

    /// An id for what is in nobody's order but comes after all that was heard.
    pub(super) fn aside(&mut self) -> u64 {
        self.observe(self.clock + 1);
        let now = self.clock << 24 | self.me.id.high_bits();
        self.aside = self.aside.max(now) + 1;
        self.aside
    }

    /// Whether one more line of theirs is taken. So many that they are a flood end the link.
    pub(super) fn takes_line(&mut self, from: NodeId) -> bool {
        let Some(member) = self.members.get_mut(&from) else { return false };
        let (lines, shown) = (member.lines.count(self.now.ms), member.shown.clone());
        let link = member.link.ok();
        if lines == LINES + 1 {
            let text = format!("{shown} says more than anybody can read; some of it is left out");
            self.tell(EventKind::info(text));
        }
        if lines > FLOOD {
            link.iter().for_each(|link| self.refuse(*link));
        }
        lines <= LINES
    }

    /// Keeps a message that somebody tells, if there is room: its id and its text as it is shown, if it is new and as it
    /// should be.
    pub(super) fn learn(
        &mut self,
        from: NodeId,
        (lamport, origin): (u64, NodeId),
        author: &Author,
        seq: u64,
        (at, text): (i64, &str),
    ) -> Option<(u64, String)> {
        let text = fit(text)?;
        let add = if from == origin { Store::add_own } else { Store::add };
        let id = add(&mut self.store, (lamport, origin), author, seq, (at, &text))?;
        self.observe(lamport);
        Some((id, text))
    }

    /// Where logical time may have come to: nobody moves it further, however often they try.
    pub(super) fn horizon(&self) -> u64 {
        let seconds = (self.now.wall.unix_ms / 1_000).saturating_sub(YEAR_2026_S);
        (JUMP + u64::try_from(seconds).unwrap_or(0)).min(NUMBER - 1 - JUMP)
    }

    /// The latest logical time at which an author's own word is kept.
    pub(super) fn latest(&self) -> u64 {
        self.horizon() + AHEAD
    }

    /// Whatever is said from now on comes after what was heard.
    pub(super) fn observe(&mut self, lamport: u64) {
        self.clock = self.clock.max(lamport.min(self.horizon()));
    }
}

/// A text as it is shown, if it is one.
pub(super) fn fit(text: &str) -> Option<String> {
    let text = clean_message(text).into_owned();
    (!text.is_empty() && length_error(&text).is_none()).then_some(text)
}
