//! Messages for a client that takes each `recv` for one message: sent one by one, and apart in time.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::{Duration, Instant};

/// How unframed clients are served: one `send` a message, so far apart that no two merge in their `recv`.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// Time between two sends.
    pub gap: Duration,
    /// With more messages waiting than this, talk may be merged.
    pub merge_at: usize,
    /// The most bytes of one send.
    pub most_bytes: usize,
}

/// What waits for an unframed client.
#[derive(Debug)]
pub(super) struct Paced {
    pacing: Pacing,
    messages: VecDeque<Message>,
    bytes: usize,
    next_at: Option<Instant>,
}

#[derive(Debug)]
struct Message {
    bytes: Box<[u8]>,
    talk: bool,
}

impl Paced {
    /// Nothing waits yet.
    pub(super) fn new(pacing: Pacing) -> Paced {
        Paced { pacing, messages: VecDeque::new(), bytes: 0, next_at: None }
    }

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds each line as a message. Returns how many bytes that is.
    pub(super) fn add(&mut self, lines: &[IoSlice<'_>], talk: bool) -> usize {
        let before = self.bytes;
        for line in lines.iter().flat_map(|slice| slice.split(|b| *b == b'\n')).filter(|line| !line.is_empty()) {
            self.bytes += line.len();
            self.messages.push_back(Message { bytes: line.into(), talk });
        }
        self.bytes - before
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Adds lines behind the first `place` messages. Returns how many bytes that is.
    pub(super) fn insert(&mut self, place: usize, lines: &[u8]) -> usize {
        let behind = self.messages.split_off(place.min(self.messages.len()));
        let added = self.add(&[IoSlice::new(lines)], false);
        self.messages.extend(behind);
        added
    }

    /// When the next message may go out; `None` if there is none.
    pub(super) fn due_at(&self, now: Instant) -> Option<Instant> {
        (!self.messages.is_empty()).then(|| self.next_at.unwrap_or(now))
    }

    /// Takes what may go out now, in one send. Far behind, talk is merged; never control lines, which clients compare.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.due_at(now)? > now {
            return None;
        }
        let first = self.messages.pop_front()?;
        let mut out = first.bytes.into_vec();
        let mut taken = out.len();
        while first.talk && self.messages.len() > self.pacing.merge_at {
            let fits = |m: &Message| m.talk && out.len() + 1 + m.bytes.len() <= self.pacing.most_bytes;
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

    /// Throws everything away.
    pub(super) fn clear(&mut self) {
        (self.messages, self.bytes) = (VecDeque::new(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(30);

    fn paced(lines: &str, talk: bool) -> (Paced, Instant) {
        let mut paced = Paced::new(Pacing { gap: GAP, merge_at: 3, most_bytes: 10 });
        let added = paced.add(&[IoSlice::new(lines.as_bytes())], talk);
        assert_eq!(added, paced.bytes());
        (paced, Instant::now())
    }

    fn drain(paced: &mut Paced, mut now: Instant) -> Vec<String> {
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
    fn one_message_a_gap_without_its_newline() {
        let (mut paced, now) = paced("one\ntwo\n", true);
        assert_eq!(drain(&mut paced, now), ["one", "two"]);
    }

    #[test]
    fn far_behind_talk_is_merged_up_to_one_send() {
        let (mut paced, now) = paced("1111\n2222\n3333\n4444\n5555\n6666\n", true);
        assert_eq!(drain(&mut paced, now), ["1111\n2222", "3333", "4444", "5555", "6666"]);
    }

    #[test]
    fn control_lines_are_never_merged() {
        let (mut paced, now) = paced("1\n2\n3\n4\n5\n6\n", false);
        assert_eq!(drain(&mut paced, now).len(), 6);
    }

    #[test]
    fn the_greeting_goes_in_between() {
        let (mut paced, now) = paced("PASSWORD?\ntalk\n", true);
        paced.insert(1, b"200\n");
        assert_eq!(drain(&mut paced, now), ["PASSWORD?", "200", "talk"]);
    }
}
