//! Messages to one member: repeated until they are confirmed, and shown once.
//!
//! The sender keeps each message until the receiver confirms it by `Got`, and repeats it after [`RESEND_MS`] or over a
//! new link. The receiver confirms only when its UI has accepted the message, and confirms a repeated one without showing
//! it again ([`super::dedup`]). Private messages are stored nowhere.

use super::member::Member;
use super::talk::{clean_text, unsendable};
use super::{Node, NodeEffect};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{RESEND_MS, RESENDS, UNCONFIRMED};
use crate::mesh::wire::Frame;
use landline_common::EventKind;

/// Identifies a received private message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateId {
    /// The sender.
    pub from: NodeId,
    /// The sender's number for the message.
    pub number: u64,
}

/// A sent private message without a confirmation.
#[derive(Debug)]
pub struct Unconfirmed {
    number: u64,
    /// Time of the message, in Unix milliseconds.
    at: i64,
    /// The text.
    pub text: Box<str>,
    /// Time when it was last sent, in milliseconds; `None` if that link is lost.
    sent_at: Option<u64>,
}

impl Unconfirmed {
    /// Returns whether to send it again.
    fn is_due(&self, now: u64) -> bool {
        self.sent_at.is_none_or(|sent_at| sent_at + RESEND_MS <= now)
    }
}

impl Node {
    /// Sends a private message of the local user.
    pub(super) fn send_private(&mut self, to: &str, text: &str) {
        let id = match self.find_member(to) {
            Ok(id) => id,
            Err(why) => return self.emit(why),
        };
        let Some(text) = clean_text(text) else { return self.emit(unsendable()) };
        let Some(member) = self.members.get_mut(&id) else { return };
        if member.unconfirmed.len() >= UNCONFIRMED {
            let text = format!("not sent: {} does not answer; try again in a moment", member.display_name);
            return self.emit(EventKind::error(503, text));
        }
        member.last_private += 1;
        let number = member.last_private;
        let at = self.now.wall.unix_ms.max(0);
        let sent_at = Some(self.now.ms);
        member.unconfirmed.push_back(Unconfirmed { number, at, text: text.as_str().into(), sent_at });
        self.send_to_member(id, Frame::Private { number, at, text });
    }

    /// Passes a private message to the UI, or confirms it again if it was shown before.
    pub(super) fn private_received(&mut self, from: NodeId, number: u64, at: i64, text: &str) {
        if self.displayed.contains(from, number) {
            return self.send_to_member(from, Frame::Got { number });
        }
        // A message above the rate is not confirmed, so the sender repeats it later.
        if !self.admit_line(from) {
            return;
        }
        let Some(member) = self.members.get(&from) else { return };
        let Some(text) = clean_text(text) else { return };
        let name = member.display_name.to_string();
        let id = self.unordered_id();
        let at = self.now.zone.at(at);
        let what = EventKind::Direct { id, from: name.into(), text: text.into(), kept: false };
        self.effects.push(NodeEffect::EmitPrivate(PrivateId { from, number }, what.at(at)));
    }

    /// Confirms a private message that the UI has accepted.
    pub(super) fn private_displayed(&mut self, private: PrivateId) {
        let PrivateId { from, number } = private;
        self.displayed.insert(from, number, self.now.ms);
        self.send_to_member(from, Frame::Got { number });
    }

    /// Removes a confirmed message.
    pub(super) fn got_received(&mut self, from: NodeId, number: u64) {
        if let Some(member) = self.members.get_mut(&from) {
            member.unconfirmed.retain(|unconfirmed| unconfirmed.number != number);
        }
    }

    /// Repeats unconfirmed messages over a new link. They may have been lost with the previous one.
    pub(super) fn resend_after_new_link(&mut self, to: NodeId) {
        if let Some(member) = self.members.get_mut(&to) {
            for unconfirmed in &mut member.unconfirmed {
                unconfirmed.sent_at = None;
            }
            // A network that keeps breaking links must not cause a repetition at each of them.
            if member.last_resend + RESEND_MS <= self.now.ms {
                self.resend_privates(to);
            }
        }
    }

    /// Repeats messages that were not confirmed in time.
    pub(super) fn resend_due_privates(&mut self) {
        let now = self.now.ms;
        let is_due = |member: &Member| {
            member.is_linked()
                && member.last_resend + RESEND_MS <= now
                && member.unconfirmed.iter().any(|unconfirmed| unconfirmed.is_due(now))
        };
        let due: Vec<NodeId> = self.members.iter().filter(|(_, member)| is_due(member)).map(|(id, _)| *id).collect();
        for id in due {
            self.resend_privates(id);
        }
    }

    /// Repeats at most [`RESENDS`] due messages to a member, so that they stay below its rate limit.
    fn resend_privates(&mut self, to: NodeId) {
        let now = self.now.ms;
        let Some(member) = self.members.get_mut(&to) else { return };
        member.last_resend = now;
        let mut frames = Vec::new();
        for due in member.unconfirmed.iter_mut().filter(|unconfirmed| unconfirmed.is_due(now)).take(RESENDS) {
            due.sent_at = Some(now);
            frames.push(Frame::Private { number: due.number, at: due.at, text: due.text.to_string() });
        }
        for frame in frames {
            self.send_to_member(to, frame);
        }
    }
}
