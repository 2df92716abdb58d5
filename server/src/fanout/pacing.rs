//! The send queue of an unframed client: a program that takes each `recv` for one message.
//!
//! TCP joins bytes that are sent close together, and such a client would then show two messages as one. So each message
//! is one `send` without its newline, and two sends are at least [`Pacing::gap`] apart. In a busy room this is slower
//! than the talk arrives. So with more than [`Pacing::merge_at`] messages waiting, talk is merged into sends of up to
//! [`Pacing::most_bytes`], with newlines between the messages. Control lines are never merged, since these clients
//! compare them to the letter.
//!
//! This module keeps the queue and the time of the next send. It neither sends nor waits, and it does not split long
//! messages: rendering has done that.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::{Duration, Instant};

/// The timing of sends to unframed clients.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// Least time between two sends.
    pub gap: Duration,
    /// Talk may be merged while more than this many messages wait.
    pub merge_at: usize,
    /// Largest size in bytes of a merged send.
    pub most_bytes: usize,
}

/// The messages waiting for an unframed client.
#[derive(Debug)]
pub(super) struct PacedQueue {
    pacing: Pacing,
    messages: VecDeque<PacedMessage>,
    /// Sum of the messages' sizes, without newlines.
    bytes: usize,
    /// Time from which the next send is allowed; `None` before the first one.
    next_at: Option<Instant>,
}

#[derive(Debug)]
struct PacedMessage {
    bytes: Box<[u8]>,
    talk: bool,
}

impl PacedQueue {
    pub(super) fn new(pacing: Pacing) -> PacedQueue {
        PacedQueue { pacing, messages: VecDeque::new(), bytes: 0, next_at: None }
    }

    /// Returns the number of bytes that wait, without newlines.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends each non-empty line as a message. Returns the number of bytes added.
    pub(super) fn add(&mut self, lines: &[IoSlice<'_>], talk: bool) -> usize {
        let before = self.bytes;
        for line in lines.iter().flat_map(|slice| slice.split(|b| *b == b'\n')).filter(|line| !line.is_empty()) {
            self.bytes += line.len();
            self.messages.push_back(PacedMessage { bytes: line.into(), talk });
        }
        self.bytes - before
    }

    /// Returns when the next message may be sent, or `None` if no message waits.
    pub(super) fn due_at(&self, now: Instant) -> Option<Instant> {
        (!self.messages.is_empty()).then(|| self.next_at.unwrap_or(now))
    }

    /// Removes and returns the bytes of the next send, or `None` if it is too early or no message waits.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.due_at(now)? > now {
            return None;
        }
        let first = self.messages.pop_front()?;
        let mut out = first.bytes.into_vec();
        let mut taken = out.len();
        while first.talk && self.messages.len() > self.pacing.merge_at {
            let fits = |m: &PacedMessage| m.talk && out.len() + 1 + m.bytes.len() <= self.pacing.most_bytes;
            if !self.messages.front().is_some_and(fits) {
                break;
            }
            let Some(next) = self.messages.pop_front() else { break };
            out.push(b'\n');
            out.extend_from_slice(&next.bytes);
            taken += next.bytes.len();
        }
        self.bytes -= taken;
        self.next_at = Some(now + self.pacing.gap);
        Some(out)
    }

    /// Drops all messages.
    pub(super) fn clear(&mut self) {
        self.messages = VecDeque::new();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(30);

    fn paced(lines: &str, talk: bool) -> (PacedQueue, Instant) {
        let mut paced = PacedQueue::new(Pacing { gap: GAP, merge_at: 3, most_bytes: 10 });
        let added = paced.add(&[IoSlice::new(lines.as_bytes())], talk);
        assert_eq!(added, paced.bytes());
        (paced, Instant::now())
    }

    fn drain(paced: &mut PacedQueue, mut now: Instant) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(at) = paced.due_at(now) {
            now = at.max(now);
            out.push(String::from_utf8(paced.take_due(now).unwrap()).unwrap());
            assert_eq!(paced.take_due(now + GAP / 2), None, "too soon");
        }
        assert_eq!(paced.bytes(), 0);
        out
    }

    #[test]
    fn one_message_per_gap_is_sent_without_its_newline() {
        let (mut paced, now) = paced("one\ntwo\n", true);
        assert_eq!(drain(&mut paced, now), ["one", "two"]);
    }

    #[test]
    fn talk_is_merged_up_to_the_size_of_one_send_when_far_behind() {
        let (mut paced, now) = paced("1111\n2222\n3333\n4444\n5555\n6666\n", true);
        assert_eq!(drain(&mut paced, now), ["1111\n2222", "3333", "4444", "5555", "6666"]);
    }

    #[test]
    fn control_lines_are_never_merged() {
        let (mut paced, now) = paced("1\n2\n3\n4\n5\n6\n", false);
        assert_eq!(drain(&mut paced, now).len(), 6);
    }
}
