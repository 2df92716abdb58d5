//! Who wants to know when something is with the kernel.

use std::collections::VecDeque;
use std::fmt;

/// Called once: with true when the kernel has taken everything up to its place, with false when that will not happen
/// any more. It is called under the outbox's lock, so it may only hand on the news.
pub type Receipt = Box<dyn FnOnce(bool) + Send>;

/// The receipts of one outbox, by how many bytes must go out before them.
#[derive(Default)]
pub(super) struct Receipts {
    waiting: VecDeque<(u64, Receipt)>,
    /// Bytes that the kernel has taken.
    taken: u64,
}

impl Receipts {
    /// Whether anybody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// So many bytes more must go out before all but the first `before`.
    pub(super) fn put_in(&mut self, before: usize, bytes: usize) {
        for (at, _) in self.waiting.iter_mut().skip(before) {
            *at += bytes as u64;
        }
    }

    /// Adds one that is due when everything that waits now, `waiting` bytes, is out.
    pub(super) fn add(&mut self, waiting: usize, receipt: Receipt) {
        self.waiting.push_back((self.taken + waiting as u64, receipt));
        self.call_due();
    }

    /// The kernel has taken so many bytes more.
    pub(super) fn took(&mut self, bytes: usize) {
        self.taken += bytes as u64;
        self.call_due();
    }

    /// Nothing goes out any more.
    pub(super) fn give_up(&mut self) {
        for (_, receipt) in self.waiting.drain(..) {
            receipt(false);
        }
    }

    fn call_due(&mut self) {
        while self.waiting.front().is_some_and(|(at, _)| *at <= self.taken) {
            if let Some((_, receipt)) = self.waiting.pop_front() {
                receipt(true);
            }
        }
    }
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.waiting.iter().map(|(at, _)| at);
        f.debug_struct("Receipts").field("taken", &self.taken).field("waiting", &places.collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn each_is_called_once_at_its_place() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let receipt = |n: u32| -> Receipt {
            let told = told.clone();
            Box::new(move |out| told.lock().unwrap().push((n, out)))
        };
        let mut receipts = Receipts::default();
        receipts.add(0, receipt(1));
        receipts.add(10, receipt(2));
        receipts.took(4);
        receipts.add(6, receipt(3));
        receipts.add(9, receipt(4));
        assert_eq!(*told.lock().unwrap(), [(1, true)]);
        receipts.took(6);
        assert_eq!(*told.lock().unwrap(), [(1, true), (2, true), (3, true)]);
        receipts.give_up();
        receipts.took(100);
        assert_eq!(told.lock().unwrap()[3..], [(4, false)]);
        assert!(receipts.is_empty());
    }
}
