//! What is said to one person: sent again until it is confirmed, and shown once.

use super::member::Member;
use super::talk::fit;
use super::{Node, NodeEffect};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{REPEAT_MS, REPEATS, UNANSWERED};
use crate::mesh::wire::Frame;
use landline_common::EventKind;

/// Something that somebody said to this member alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Private {
    /// Who.
    pub from: NodeId,
    /// Their number for it.
    pub number: u64,
}

/// Something for one person that they have not confirmed.
#[derive(Debug)]
pub struct Unanswered {
    number: u64,
    /// When it was said.
    at: i64,
    /// What.
    pub text: Box<str>,
    /// When it went out last, unless that link was lost.
    on_its_way: Option<u64>,
}

impl Unanswered {
    fn is_late(&self, now: u64) -> bool {
        self.on_its_way.is_none_or(|since| since + REPEAT_MS <= now)
    }
}

impl Node {
    /// Says something to one person.
    pub(super) fn whisper(&mut self, to: &str, text: &str) {
        let id = match self.find(to) {
            Ok(id) => id,
            Err(why) => return self.tell(why),
        };
        let Some(text) = fit(text) else { return self.tell(EventKind::error(413, "that is too long, or nothing")) };
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.unanswered.len() >= UNANSWERED {
            return self.tell(EventKind::error(503, "they do not answer; try again in a moment"));
        }
        member.sent += 1;
        let (number, at, on_its_way) = (member.sent, self.now.wall.unix_ms.max(0), Some(self.now.ms));
        member.unanswered.push_back(Unanswered { number, at, text: text.as_str().into(), on_its_way });
        self.send_to(id, Frame::Private { number, at, text });
    }

    /// Something for this member alone. It is confirmed once it is shown: what is left out comes again.
    pub(super) fn heard_private(&mut self, from: NodeId, number: u64, at: i64, text: &str) {
        if self.shown.has(from, number) {
            return self.send_to(from, Frame::Got { number });
        }
        if !self.takes_line(from) {
            return;
        }
        let (Some(member), Some(text)) = (self.members.get(&from), fit(text)) else { return };
        let shown = member.shown.to_string();
        let id = self.aside();
        let at = self.now.zone.at(at);
        let what = EventKind::Direct { id, from: shown.into(), text: text.into(), kept: false };
        self.effects.push(NodeEffect::Show(Private { from, number }, what.at(at)));
    }

    /// The screen has it.
    pub(super) fn has_shown(&mut self, Private { from, number }: Private) {
        self.shown.add(from, number, self.now.ms);
        self.send_to(from, Frame::Got { number });
    }

    pub(super) fn heard_got(&mut self, from: NodeId, number: u64) {
        if let Some(member) = self.members.get_mut(&from) {
            member.unanswered.retain(|unanswered| unanswered.number != number);
        }
    }

    /// Sends again what may have been lost with the last link.
    pub(super) fn repeat_lost_privates(&mut self, to: NodeId) {
        if let Some(member) = self.members.get_mut(&to) {
            member.unanswered.iter_mut().for_each(|unanswered| unanswered.on_its_way = None);
            // Not at each of many links.
            if member.repeated + REPEAT_MS <= self.now.ms {
                self.repeat_privates(to);
            }
        }
    }

    /// Sends again what was not confirmed in time: so much at once as is surely taken.
    pub(super) fn look_after_privates(&mut self) {
        let now = self.now.ms;
        let waits = |member: &Member| {
            member.is_linked()
                && member.repeated + REPEAT_MS <= now
                && member.unanswered.iter().any(|one| one.is_late(now))
        };
        let late: Vec<NodeId> = self.members.iter().filter(|(_, member)| waits(member)).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|id| self.repeat_privates(id));
    }

    fn repeat_privates(&mut self, to: NodeId) {
        let now = self.now.ms;
        let Some(member) = self.members.get_mut(&to) else { return };
        member.repeated = now;
        let mut again = Vec::new();
        for late in member.unanswered.iter_mut().filter(|one| one.is_late(now)).take(REPEATS) {
            late.on_its_way = Some(now);
            again.push(Frame::Private { number: late.number, at: late.at, text: late.text.to_string() });
        }
        again.into_iter().for_each(|frame| self.send_to(to, frame));
    }
}
