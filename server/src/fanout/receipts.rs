//! Callbacks for bytes that the kernel has taken.
//!
//! Mail may be deleted from the mailbox only when the receiver's kernel buffer has its last byte, and must be kept if
//! the connection ends first. A receipt is therefore tied to a position in the stream of bytes that one outbox sends.
//!
//! Positions are values of `taken`, a count of sent bytes as they go out. A paced message may go out in more bytes than
//! were counted when it was queued: merged messages have newlines, and records of TLS have headers. These move the
//! positions behind them. The invariant: receipts stand in the order of their
//! positions, and each is called once.

use std::collections::VecDeque;
use std::fmt;

/// Called once: with true when the kernel has taken all bytes up to its position, with false when it never will. The
/// outbox's lock is held during the call, so a receipt must not block or send; it hands the result to another thread.
pub type Receipt = Box<dyn FnOnce(bool) + Send>;

/// The receipts of one outbox that have not been called.
#[derive(Default)]
pub(super) struct Receipts {
    /// Each with its position, in growing order.
    pending: VecDeque<(u64, Receipt)>,
    /// Bytes that the kernel has taken.
    taken: u64,
}

impl Receipts {
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Moves all receipts back by `bytes`, which go out in front of them and were not counted when they were added.
    pub(super) fn shift(&mut self, bytes: usize) {
        for (at, _) in &mut self.pending {
            *at += bytes as u64;
        }
    }

    /// Adds a receipt that is due when the kernel has taken all `waiting` bytes; with 0 it is called at once.
    pub(super) fn add(&mut self, waiting: usize, receipt: Receipt) {
        self.pending.push_back((self.taken + waiting as u64, receipt));
        self.call_due();
    }

    /// Notes that the kernel has taken `bytes` more, and calls the receipts that are due.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.taken += bytes as u64;
        self.call_due();
    }

    /// Calls all receipts with false: the kernel takes nothing more.
    pub(super) fn fail_all(&mut self) {
        for (_, receipt) in self.pending.drain(..) {
            receipt(false);
        }
    }

    fn call_due(&mut self) {
        while self.pending.front().is_some_and(|(at, _)| *at <= self.taken) {
            if let Some((_, receipt)) = self.pending.pop_front() {
                receipt(true);
            }
        }
    }
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions = self.pending.iter().map(|(at, _)| at);
        f.debug_struct("Receipts").field("taken", &self.taken).field("pending", &positions.collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn each_receipt_is_called_once_at_its_position() {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let receipt = |n: u32| -> Receipt {
            let calls = calls.clone();
            Box::new(move |is_taken| calls.lock().unwrap().push((n, is_taken)))
        };
        let mut receipts = Receipts::default();
        receipts.add(0, receipt(1));
        receipts.add(10, receipt(2));
        receipts.advance(4);
        receipts.add(6, receipt(3));
        receipts.add(9, receipt(4));
        assert_eq!(*calls.lock().unwrap(), [(1, true)]);
        receipts.advance(6);
        assert_eq!(*calls.lock().unwrap(), [(1, true), (2, true), (3, true)]);
        receipts.fail_all();
        receipts.advance(100);
        assert_eq!(calls.lock().unwrap()[3..], [(4, false)]);
        assert!(receipts.is_empty());
    }
}
