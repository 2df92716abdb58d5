//! What a client has not acknowledged yet, so that it can be told again over another connection.
//!
//! That the kernel took a message says nothing about a network that is gone. Clients that sign in with `acks` get a
//! number (`seq`) with each event that is meant for them alone, and say up to which one they have read. What is not
//! acknowledged is kept here, up to a number of bytes:
//!
//! | kept | bytes kept | acknowledged | no room, or the session is lost |
//! |---|---|---|---|
//! | a private line | yes, it is stored nowhere else | dropped | no room: lost, and counted |
//! | a direct message to an account | yes | dropped | goes back to the mailbox |
//! | a direct message to a guest | yes | dropped | no room: counted; it is in the history |
//! | a letter out of the mailbox | no, it is in the mailbox | deleted there | waits there again |
//!
//! Numbers grow by one and are never used twice in a session. A message that comes again, from here or from the
//! mailbox, has its old id.

use std::collections::VecDeque;

/// Bytes that an entry takes beside its text.
const OVERHEAD: usize = 64;
/// Messages given back to the mailbox whose acknowledgement may still come.
const MOST_RETURNED: usize = 1_024;

/// Something to be acknowledged, with `M` for a direct message that the mailbox takes back.
#[derive(Debug, PartialEq, Eq)]
pub enum Unsettled<M> {
    /// Stored nowhere else.
    Line,
    /// A direct message to an account.
    Message {
        /// Its id.
        id: u64,
        /// What the mailbox needs.
        message: M,
    },
    /// A letter out of the mailbox, by its id.
    QueuedMessage(u64),
}

#[derive(Debug)]
struct UnacknowledgedEvent<M> {
    seq: u64,
    /// As it was sent, with its number.
    bytes: Box<[u8]>,
    unsettled: Unsettled<M>,
}

/// The unacknowledged events of one session.
#[derive(Debug)]
pub struct Replay<M> {
    entries: VecDeque<UnacknowledgedEvent<M>>,
    bytes: usize,
    most_bytes: usize,
    last_seq: u64,
    /// Lines that had to go unacknowledged.
    lost: u64,
    /// (number, id) of messages that went back to the mailbox.
    returned: VecDeque<(u64, u64)>,
}

/// What an acknowledgement, or the end of a session, settles.
#[derive(Debug, PartialEq, Eq)]
pub struct Settled<M> {
    /// Letters that are delivered.
    pub delivered: Vec<u64>,
    /// Letters that wait in the mailbox again.
    pub waiting: Vec<u64>,
    /// Messages for the mailbox.
    pub returned: Vec<M>,
}

impl<M> Default for Settled<M> {
    fn default() -> Self {
        Settled { delivered: Vec::new(), waiting: Vec::new(), returned: Vec::new() }
    }
}

impl<M> Replay<M> {
    /// Nothing yet; at most so many bytes.
    #[must_use]
    pub fn new(most_bytes: usize) -> Replay<M> {
        let (entries, returned) = Default::default();
        Replay { entries, bytes: 0, most_bytes, last_seq: 0, lost: 0, returned }
    }

    /// The number of the next event.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.last_seq + 1
    }

    /// Keeps the event with the next number. Returns what had to go for it.
    pub fn push(&mut self, bytes: &[u8], unsettled: Unsettled<M>) -> Settled<M> {
        self.last_seq += 1;
        let bytes: Box<[u8]> =
            if matches!(unsettled, Unsettled::QueuedMessage(_)) { Box::default() } else { bytes.into() };
        self.bytes += bytes.len() + OVERHEAD;
        self.entries.push_back(UnacknowledgedEvent { seq: self.last_seq, bytes, unsettled });
        let mut gone = Settled::default();
        while self.bytes > self.most_bytes {
            let Some(entry) = self.pop() else { break };
            if matches!(entry.unsettled, Unsettled::Line) {
                self.lost += 1;
            }
            self.give_back(entry, &mut gone);
        }
        gone
    }

    /// The client has everything up to `seq`.
    pub fn acknowledge(&mut self, seq: u64) -> Settled<M> {
        let mut settled = Settled::default();
        while self.entries.front().is_some_and(|entry| entry.seq <= seq) {
            if let Some(UnacknowledgedEvent { unsettled: Unsettled::QueuedMessage(id), .. }) = self.pop() {
                settled.delivered.push(id);
            }
        }
        while self.returned.front().is_some_and(|(returned, _)| *returned <= seq) {
            settled.delivered.extend(self.returned.pop_front().map(|(_, id)| id));
        }
        settled
    }

    /// What the client is told again, after [`Self::acknowledge`]: lines and messages in their order. Letters wait in
    /// the mailbox again, from where they are fetched anew.
    pub fn again(&mut self) -> (Vec<u8>, Settled<M>) {
        let (mut bytes, mut settled) = (Vec::new(), Settled::default());
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.bytes);
            if let Unsettled::QueuedMessage(id) = entry.unsettled {
                settled.waiting.push(id);
            }
        }
        self.drop_where(|unsettled| matches!(unsettled, Unsettled::QueuedMessage(_)));
        (bytes, settled)
    }

    /// The client does not acknowledge: what it was told counts as received.
    pub fn forget(&mut self) {
        (self.entries, self.bytes) = (VecDeque::new(), 0);
    }

    /// The connection is lost: what the mailbox can keep goes there. The rest stays, for a session that is resumed.
    pub fn detach(&mut self) -> Settled<M> {
        let (mut kept, mut settled) = (VecDeque::new(), Settled::default());
        while let Some(entry) = self.pop() {
            if matches!(entry.unsettled, Unsettled::Line) {
                kept.push_back(entry);
            } else {
                self.give_back(entry, &mut settled);
            }
        }
        self.bytes = kept.iter().map(|entry| entry.bytes.len() + OVERHEAD).sum();
        self.entries = kept;
        settled
    }

    /// Whether letters are on their way.
    #[must_use]
    pub fn has_letters(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.unsettled, Unsettled::QueuedMessage(_)))
    }

    /// How many lines were lost since this was asked last.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// The bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn pop(&mut self) -> Option<UnacknowledgedEvent<M>> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.bytes.len() + OVERHEAD;
        Some(entry)
    }

    fn give_back(&mut self, entry: UnacknowledgedEvent<M>, gone: &mut Settled<M>) {
        match entry.unsettled {
            Unsettled::Line => {}
            Unsettled::QueuedMessage(id) => gone.waiting.push(id),
            Unsettled::Message { id, message } => {
                gone.returned.push(message);
                self.returned.push_back((entry.seq, id));
                if self.returned.len() > MOST_RETURNED {
                    self.returned.pop_front();
                }
            }
        }
    }

    fn drop_where(&mut self, drop: impl Fn(&Unsettled<M>) -> bool) {
        self.entries.retain(|entry| !drop(&entry.unsettled));
        self.bytes = self.entries.iter().map(|entry| entry.bytes.len() + OVERHEAD).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(bytes: &[u8]) -> Vec<&str> {
        std::str::from_utf8(bytes).unwrap().split_terminator(';').collect()
    }

    #[test]
    fn what_is_not_acknowledged_comes_again_in_order() {
        let mut replay: Replay<&str> = Replay::new(10_000);
        replay.push(b"one;", Unsettled::Line);
        replay.push(b"two;", Unsettled::Message { id: 20, message: "two" });
        replay.push(b"three;", Unsettled::QueuedMessage(30));
        replay.push(b"four;", Unsettled::Line);
        assert_eq!(replay.acknowledge(1), Settled::default());
        let (bytes, settled) = replay.again();
        assert_eq!(texts(&bytes), ["two", "four"]);
        assert_eq!(settled.waiting, [30]);
        assert_eq!(replay.acknowledge(99), Settled::default());
        assert_eq!((replay.again().0, replay.bytes(), replay.next_seq()), (Vec::new(), 0, 5));
    }

    #[test]
    fn letters_are_delivered_when_they_are_acknowledged() {
        let mut replay: Replay<&str> = Replay::new(10_000);
        (1..=3).for_each(|id| _ = replay.push(b"letter;", Unsettled::QueuedMessage(id)));
        assert_eq!(replay.acknowledge(2).delivered, [1, 2]);
        assert!(replay.has_letters());
        assert_eq!(replay.acknowledge(3).delivered, [3]);
        assert!(!replay.has_letters());
    }

    #[test]
    fn a_lost_session_gives_messages_to_the_mailbox_and_takes_back_what_had_arrived() {
        let mut replay = Replay::new(10_000);
        replay.push(b"one;", Unsettled::Message { id: 10, message: "one" });
        replay.push(b"two;", Unsettled::Line);
        replay.push(b"three;", Unsettled::Message { id: 30, message: "three" });
        assert_eq!(replay.detach().returned, ["one", "three"]);
        assert_eq!(replay.acknowledge(2).delivered, [10], "it had arrived, and must not come from the mailbox");
        assert!(replay.again().0.is_empty());
    }

    #[test]
    fn without_room_the_oldest_goes_and_lost_lines_are_counted() {
        let mut replay = Replay::new(3 * (OVERHEAD + 2));
        replay.push(b"1;", Unsettled::Line);
        replay.push(b"2;", Unsettled::Message { id: 2, message: "2" });
        replay.push(b"3;", Unsettled::Line);
        assert_eq!(replay.push(b"4;", Unsettled::Line), Settled::default());
        assert_eq!(replay.push(b"5;", Unsettled::Line).returned, ["2"]);
        assert_eq!((replay.take_lost(), replay.take_lost()), (1, 0));
        assert_eq!(texts(&replay.again().0), ["3", "4", "5"]);
    }

    #[derive(Clone, Debug)]
    enum ReplayStep {
        Line,
        Message,
        QueuedMessage,
        Acknowledge(u64),
        Again,
        Detach,
    }

    fn step() -> impl Strategy<Value = ReplayStep> {
        prop_oneof![
            3 => Just(ReplayStep::Line),
            3 => Just(ReplayStep::Message),
            2 => Just(ReplayStep::QueuedMessage),
            3 => (0..40_u64).prop_map(ReplayStep::Acknowledge),
            1 => Just(ReplayStep::Again),
            1 => Just(ReplayStep::Detach),
        ]
    }

    proptest! {
        /// Each message and each letter is settled exactly once: acknowledged, or given back.
        #[test]
        fn nothing_is_lost_and_nothing_settled_twice(steps in prop::collection::vec(step(), 0..80)) {
            let mut replay = Replay::new(6 * (OVERHEAD + 3));
            let (mut messages, mut letters, mut lines, mut lost) = (Vec::new(), Vec::new(), 0, 0);
            let (mut returned, mut ended) = (Vec::new(), Vec::new());
            for step in steps {
                let seq = replay.next_seq();
                let settled = match step {
                    ReplayStep::Line => {
                        lines += 1;
                        replay.push(b"xy;", Unsettled::Line)
                    }
                    ReplayStep::Message => {
                        messages.push(seq);
                        replay.push(b"xy;", Unsettled::Message { id: seq, message: seq })
                    }
                    ReplayStep::QueuedMessage => {
                        letters.push(seq);
                        replay.push(b"xy;", Unsettled::QueuedMessage(seq))
                    }
                    ReplayStep::Acknowledge(seq) => replay.acknowledge(seq),
                    ReplayStep::Again => replay.again().1,
                    ReplayStep::Detach => replay.detach(),
                };
                prop_assert!(replay.bytes() <= 6 * (OVERHEAD + 3));
                prop_assert_eq!(replay.bytes() > 0, !replay.entries.is_empty());
                returned.extend(settled.returned);
                ended.extend(settled.delivered.iter().chain(&settled.waiting).copied().filter(|id| letters.contains(id)));
                lost += replay.take_lost();
            }
            let mut once = returned.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), returned.len());
            prop_assert!(returned.iter().all(|seq| messages.contains(seq)));
            ended.sort_unstable();
            let all = ended.len();
            ended.dedup();
            prop_assert_eq!(all, ended.len());
            let letters_left = replay.entries.iter().filter(|entry| matches!(entry.unsettled, Unsettled::QueuedMessage(_)));
            prop_assert_eq!(ended.len() + letters_left.count(), letters.len());
            prop_assert!(lost <= lines);
        }
    }
}
