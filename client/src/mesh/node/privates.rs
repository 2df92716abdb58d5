//! What is said to one person: sent again until it is confirmed, and shown once.

use super::Node;
use super::talk::fit;
use crate::mesh::id::NodeId;
use crate::mesh::limits::UNANSWERED;
use crate::mesh::wire::Frame;
use landline_common::What;

impl Node {
    /// Says something to one person.
    pub(super) fn whisper(&mut self, to: &str, text: &str) {
        let id = match self.find(to) {
            Ok(id) => id,
            Err(why) => return self.tell(why),
        };
        let Some(text) = fit(text) else { return self.tell(What::error(413, "that is too long, or nothing")) };
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.unanswered.len() >= UNANSWERED {
            return self.tell(What::error(503, "they do not answer; try again in a moment"));
        }
        member.sent += 1;
        let number = member.sent;
        member.unanswered.push_back((number, text.as_str().into()));
        self.send_to(id, Frame::Private { number, at: self.now.wall.unix_ms.max(0), text });
    }

    pub(super) fn heard_private(&mut self, from: NodeId, number: u64, at: i64, text: &str) {
        if self.shown.has(from, number) {
            return self.send_to(from, Frame::Got { number });
        }
        if !self.takes_line(from) {
            return;
        }
        self.send_to(from, Frame::Got { number });
        let Some(member) = self.members.get(&from) else { return };
        let Some(text) = fit(text) else { return };
        let shown = member.shown.to_string();
        self.shown.add(from, number, self.now.ms);
        // A moment of its own, so that no message to everybody has the same id.
        self.clock += 1;
        let id = self.clock << 24 | self.me.id.high_bits();
        self.tell_at(at, What::Direct { id, from: shown.into(), text: text.into(), kept: false });
    }

    pub(super) fn heard_got(&mut self, from: NodeId, number: u64) {
        if let Some(member) = self.members.get_mut(&from) {
            member.unanswered.retain(|(sent, _)| *sent > number);
        }
    }

    /// Sends again what may have been lost with the last link.
    pub(super) fn repeat_privates(&mut self, to: NodeId) {
        let at = self.now.wall.unix_ms.max(0);
        let waiting = self.members.get(&to).map(|member| member.unanswered.clone()).unwrap_or_default();
        for (number, text) in waiting {
            self.send_to(to, Frame::Private { number, at, text: text.into() });
        }
    }
}
