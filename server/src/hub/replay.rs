//! The replay buffer of a session: events that the client has not acknowledged, to be sent again over its next
//! connection.
//!
//! The kernel accepts bytes also for a network that is gone, so a sent event may never arrive. A client that signs in
//! with `acks` gets a sequence number (`seq`) with each event that is addressed to it alone, and acknowledges up to a
//! number. Events without an acknowledgement stay in this buffer, up to a number of bytes:
//!
//! | event | buffered bytes | acknowledged | buffer full | connection lost |
//! |---|---|---|---|---|
//! | line of a private chat, stored nowhere else | yes | dropped | lost and counted | stays |
//! | direct message to a guest, also in the history | yes | dropped | dropped and counted | stays |
//! | direct message to an account | yes | dropped | goes to the mailbox | goes to the mailbox |
//! | mail, still in the mailbox | none | deleted in the mailbox | waits there again | waits there again |
//!
//! Invariant: each direct message to an account and each piece of mail is settled exactly once, as delivered or as
//! returned to the mailbox. If the acknowledgement of a returned message comes late, the buffer still reports it as
//! delivered, so that the mailbox deletes it.
//!
//! Sequence numbers grow by one and are never used twice in a session. A message that is sent again, from this buffer
//! or from the mailbox, keeps its id. Not here: sending, and the mailbox; see [`super::deliveries`].

use std::collections::VecDeque;

/// Bytes that an entry takes in addition to its text.
const OVERHEAD: usize = 64;
/// Number of messages returned to the mailbox for which a late acknowledgement is still recognized.
const MOST_RETURNED: usize = 1_024;

/// The kind of an unacknowledged event. `M` is a direct message in the form that the mailbox takes.
#[derive(Debug, PartialEq, Eq)]
pub enum Unsettled<M> {
    /// An event that the mailbox does not take.
    Line,
    /// A direct message to an account.
    Message {
        /// Message id.
        id: u64,
        /// The message for the mailbox.
        message: M,
    },
    /// Mail: a message that is still in the mailbox, by its id.
    Mail(u64),
}

#[derive(Debug)]
struct UnacknowledgedEvent<M> {
    seq: u64,
    /// The event as a JSON line, with its `seq`; empty for mail.
    bytes: Box<[u8]>,
    unsettled: Unsettled<M>,
}

#[derive(Debug)]
struct ReturnedMessage {
    seq: u64,
    id: u64,
}

/// The unacknowledged events of one session.
#[derive(Debug)]
pub struct Replay<M> {
    entries: VecDeque<UnacknowledgedEvent<M>>,
    bytes: usize,
    most_bytes: usize,
    last_seq: u64,
    /// Number of lines that were dropped without an acknowledgement.
    lost: u64,
    /// Messages that were returned to the mailbox, oldest first.
    returned: VecDeque<ReturnedMessage>,
}

/// Events that are settled: the mailbox must be told about each of them.
#[derive(Debug, PartialEq, Eq)]
pub struct Settled<M> {
    /// Ids of delivered messages, which the mailbox must delete.
    pub delivered: Vec<u64>,
    /// Ids of mail that was not delivered and waits in the mailbox again.
    pub waiting: Vec<u64>,
    /// Direct messages that the mailbox must store.
    pub returned: Vec<M>,
}

impl<M> Default for Settled<M> {
    fn default() -> Self {
        Settled { delivered: Vec::new(), waiting: Vec::new(), returned: Vec::new() }
    }
}

impl<M> UnacknowledgedEvent<M> {
    fn size(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

impl<M> Replay<M> {
    /// Makes an empty buffer of at most `most_bytes`.
    #[must_use]
    pub fn new(most_bytes: usize) -> Replay<M> {
        Replay { entries: VecDeque::new(), bytes: 0, most_bytes, last_seq: 0, lost: 0, returned: VecDeque::new() }
    }

    /// Returns the `seq` of the next event.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.last_seq + 1
    }

    /// Adds an event, as a JSON line with [`Self::next_seq`]. Returns the older events that were displaced by it.
    pub fn push(&mut self, bytes: &[u8], unsettled: Unsettled<M>) -> Settled<M> {
        self.last_seq += 1;
        let bytes: Box<[u8]> = if matches!(unsettled, Unsettled::Mail(_)) { Box::default() } else { bytes.into() };
        self.bytes += bytes.len() + OVERHEAD;
        self.entries.push_back(UnacknowledgedEvent { seq: self.last_seq, bytes, unsettled });
        let mut displaced = Settled::default();
        while self.bytes > self.most_bytes {
            let Some(entry) = self.pop() else { break };
            if matches!(entry.unsettled, Unsettled::Line) {
                self.lost += 1;
            }
            self.return_to_mailbox(entry, &mut displaced);
        }
        displaced
    }

    /// Removes all events up to `seq`, which the client has received.
    pub fn acknowledge(&mut self, seq: u64) -> Settled<M> {
        let mut settled = Settled::default();
        while self.entries.front().is_some_and(|entry| entry.seq <= seq) {
            if let Some(UnacknowledgedEvent { unsettled: Unsettled::Mail(id), .. }) = self.pop() {
                settled.delivered.push(id);
            }
        }
        while self.returned.front().is_some_and(|returned| returned.seq <= seq) {
            settled.delivered.extend(self.returned.pop_front().map(|returned| returned.id));
        }
        settled
    }

    /// Returns the lines to send again, after [`Self::acknowledge`]: lines and messages in their order. Mail is removed
    /// and settled as waiting, since the new connection fetches it from the mailbox.
    pub fn resend(&mut self) -> (Vec<u8>, Settled<M>) {
        let mut bytes = Vec::new();
        let mut settled = Settled::default();
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.bytes);
            if let Unsettled::Mail(id) = entry.unsettled {
                settled.waiting.push(id);
            }
        }
        self.entries.retain(|entry| !matches!(entry.unsettled, Unsettled::Mail(_)));
        self.bytes = self.entries.iter().map(UnacknowledgedEvent::size).sum();
        (bytes, settled)
    }

    /// Empties the buffer of a client that does not acknowledge: all events count as received.
    pub fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.bytes = 0;
    }

    /// Returns messages and mail to the mailbox after the connection is lost. Lines stay, for a session that is
    /// resumed.
    pub fn detach(&mut self) -> Settled<M> {
        let mut kept = VecDeque::new();
        let mut settled = Settled::default();
        while let Some(entry) = self.pop() {
            if matches!(entry.unsettled, Unsettled::Line) {
                kept.push_back(entry);
            } else {
                self.return_to_mailbox(entry, &mut settled);
            }
        }
        self.bytes = kept.iter().map(UnacknowledgedEvent::size).sum();
        self.entries = kept;
        settled
    }

    /// True if mail is unacknowledged.
    #[must_use]
    pub fn has_mail(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.unsettled, Unsettled::Mail(_)))
    }

    /// Returns the number of lines lost since the last call.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    /// Returns the buffered bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn pop(&mut self) -> Option<UnacknowledgedEvent<M>> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.size();
        Some(entry)
    }

    fn return_to_mailbox(&mut self, entry: UnacknowledgedEvent<M>, settled: &mut Settled<M>) {
        match entry.unsettled {
            Unsettled::Line => {}
            Unsettled::Mail(id) => settled.waiting.push(id),
            Unsettled::Message { id, message } => {
                settled.returned.push(message);
                self.returned.push_back(ReturnedMessage { seq: entry.seq, id });
                if self.returned.len() > MOST_RETURNED {
                    self.returned.pop_front();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(bytes: &[u8]) -> Vec<&str> {
        std::str::from_utf8(bytes).unwrap().split_terminator(';').collect()
    }

    #[test]
    fn unacknowledged_events_are_sent_again_in_order() {
        let mut replay: Replay<&str> = Replay::new(10_000);
        replay.push(b"one;", Unsettled::Line);
        replay.push(b"two;", Unsettled::Message { id: 20, message: "two" });
        replay.push(b"three;", Unsettled::Mail(30));
        replay.push(b"four;", Unsettled::Line);
        assert_eq!(replay.acknowledge(1), Settled::default());
        let (bytes, settled) = replay.resend();
        assert_eq!(events(&bytes), ["two", "four"]);
        assert_eq!(settled.waiting, [30]);
        assert_eq!(replay.acknowledge(99), Settled::default());
        assert_eq!((replay.resend().0, replay.bytes(), replay.next_seq()), (Vec::new(), 0, 5));
    }

    #[test]
    fn mail_is_delivered_when_it_is_acknowledged() {
        let mut replay: Replay<&str> = Replay::new(10_000);
        (1..=3).for_each(|id| _ = replay.push(b"mail;", Unsettled::Mail(id)));
        assert_eq!(replay.acknowledge(2).delivered, [1, 2]);
        assert!(replay.has_mail());
        assert_eq!(replay.acknowledge(3).delivered, [3]);
        assert!(!replay.has_mail());
    }

    #[test]
    fn messages_of_a_lost_connection_go_to_the_mailbox_until_a_late_acknowledgement() {
        let mut replay = Replay::new(10_000);
        replay.push(b"one;", Unsettled::Message { id: 10, message: "one" });
        replay.push(b"two;", Unsettled::Line);
        replay.push(b"three;", Unsettled::Message { id: 30, message: "three" });
        assert_eq!(replay.detach().returned, ["one", "three"]);
        assert_eq!(replay.acknowledge(2).delivered, [10], "the message arrived, so the mailbox must delete it");
        assert!(replay.resend().0.is_empty());
    }

    #[test]
    fn a_full_buffer_drops_the_oldest_event_and_counts_lost_lines() {
        let mut replay = Replay::new(3 * (OVERHEAD + 2));
        replay.push(b"1;", Unsettled::Line);
        replay.push(b"2;", Unsettled::Message { id: 2, message: "2" });
        replay.push(b"3;", Unsettled::Line);
        assert_eq!(replay.push(b"4;", Unsettled::Line), Settled::default());
        assert_eq!(replay.push(b"5;", Unsettled::Line).returned, ["2"]);
        assert_eq!((replay.take_lost(), replay.take_lost()), (1, 0));
        assert_eq!(events(&replay.resend().0), ["3", "4", "5"]);
    }

    #[derive(Clone, Debug)]
    enum ReplayStep {
        Line,
        Message,
        Mail,
        Acknowledge(u64),
        Resend,
        Detach,
    }

    fn step() -> impl Strategy<Value = ReplayStep> {
        prop_oneof![
            3 => Just(ReplayStep::Line),
            3 => Just(ReplayStep::Message),
            2 => Just(ReplayStep::Mail),
            3 => (0..40_u64).prop_map(ReplayStep::Acknowledge),
            1 => Just(ReplayStep::Resend),
            1 => Just(ReplayStep::Detach),
        ]
    }

    proptest! {
        /// Each message and each piece of mail is settled exactly once: acknowledged, or returned.
        #[test]
        fn each_message_and_mail_is_settled_exactly_once(steps in prop::collection::vec(step(), 0..80)) {
            let mut replay = Replay::new(6 * (OVERHEAD + 3));
            let mut messages = Vec::new();
            let mut mail = Vec::new();
            let mut lines = 0;
            let mut lost = 0;
            let mut returned = Vec::new();
            let mut ended = Vec::new();
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
                    ReplayStep::Mail => {
                        mail.push(seq);
                        replay.push(b"xy;", Unsettled::Mail(seq))
                    }
                    ReplayStep::Acknowledge(seq) => replay.acknowledge(seq),
                    ReplayStep::Resend => replay.resend().1,
                    ReplayStep::Detach => replay.detach(),
                };
                prop_assert!(replay.bytes() <= 6 * (OVERHEAD + 3));
                prop_assert_eq!(replay.bytes() > 0, !replay.entries.is_empty());
                returned.extend(settled.returned);
                ended.extend(settled.delivered.iter().chain(&settled.waiting).copied().filter(|id| mail.contains(id)));
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
            let mail_left = replay.entries.iter().filter(|entry| matches!(entry.unsettled, Unsettled::Mail(_)));
            prop_assert_eq!(ended.len() + mail_left.count(), mail.len());
            prop_assert!(lost <= lines);
        }
    }
}
