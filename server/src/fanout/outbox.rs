//! Everything on its way to one client: sent at once while the kernel takes it, otherwise kept in a bounded backlog.

mod sending;

use super::ClientId;
use super::pacing::{Paced, Pacing};
use super::poller::Poller;
use super::receipts::{Receipt, Receipts};
use crate::net::Stream;
use crate::ranked::{Ranked, RankedGuard};
use parking_lot::Condvar;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

/// Why a connection was ended by this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It did not read: its backlog was full, or made no progress.
    TooSlow,
    /// The connection broke while sending.
    Broken,
    /// The session is over, or the server stops.
    Closed,
    /// Somebody at the console ended it.
    Kicked,
    /// Its address is banned.
    Banned,
    /// Its session goes on over another connection.
    Resumed,
}

/// One client's outgoing bytes.
#[derive(Debug)]
pub struct Outbox {
    client: ClientId,
    stream: Arc<Stream>,
    poller: Arc<Poller>,
    state: Ranked<State, 4>,
    /// Notified when nothing waits any more, and at the cut.
    empty: Condvar,
}

#[derive(Debug)]
struct State {
    /// Bytes that the kernel did not take, from `sent` on.
    backlog: Vec<u8>,
    sent: usize,
    /// The kernel's buffer is full; the poller watches for room in it.
    blocked: bool,
    /// Nothing goes out yet: the greeting must come first.
    held: Option<Held>,
    /// Nothing more is taken.
    sealed: bool,
    cut: Option<Cut>,
    /// When bytes last went out, while blocked.
    progress: Instant,
    /// When the poller will look after this outbox.
    reminder: Option<Instant>,
    paced: Option<Paced>,
    receipts: Receipts,
}

/// Where something must come in that is not there yet.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// The place in the backlog, or among the messages.
    place: usize,
    /// The receipts for what stands before it.
    receipts: usize,
}

type StateGuard<'a> = RankedGuard<'a, State, 4>;

impl Outbox {
    /// The outbox of a client that has just connected.
    #[must_use]
    pub fn new(client: ClientId, stream: &Arc<Stream>, poller: &Arc<Poller>) -> Arc<Outbox> {
        let state = State {
            backlog: Vec::new(),
            sent: 0,
            blocked: false,
            held: None,
            sealed: false,
            cut: None,
            progress: Instant::now(),
            reminder: None,
            paced: None,
            receipts: Receipts::default(),
        };
        let (stream, poller) = (stream.clone(), poller.clone());
        Arc::new(Outbox { client, stream, poller, state: Ranked::new(state), empty: Condvar::new() })
    }

    /// Whose it is.
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// The connection.
    #[must_use]
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// From now on every line is a message of its own, sent without its newline.
    pub fn pace(&self, pacing: Pacing) {
        self.state.lock().paced.get_or_insert_with(|| Paced::new(pacing));
    }

    /// Holds everything back until [`Outbox::release`].
    pub fn hold(&self) {
        let mut state = self.state.lock();
        state.held = Some(state.end());
    }

    /// Sends `first`, and then what was held back. What still waits from before [`Outbox::hold`] stays in front. The
    /// receipt is called when all of that is with the kernel.
    pub fn release(self: &Arc<Self>, first: &[u8], receipt: Option<Receipt>) {
        let mut state = self.state.lock();
        let Held { place, receipts } = state.held.take().unwrap_or_else(|| state.end());
        if state.cut.is_none() {
            self.put_in(&mut state, place, receipts, first);
            self.turn_with(&mut state, Instant::now());
            self.bound(&mut state);
        }
        // Also if it is sealed: this has been taken.
        state.add_receipt(receipt);
    }

    /// Whole lines that others said: for an unframed client far behind they may be merged. True if the kernel has taken
    /// them, and all before them.
    pub fn push_talk(self: &Arc<Self>, lines: &[IoSlice<'_>]) -> bool {
        self.push(lines, true).is_clear()
    }

    /// Whole lines that answer something, or that clients compare.
    pub fn push_control(self: &Arc<Self>, lines: &[u8]) {
        self.push(&[IoSlice::new(lines)], false);
    }

    /// The same; the receipt is called when the kernel has taken them.
    pub fn push_with_receipt(self: &Arc<Self>, lines: &[u8], receipt: Receipt) {
        let mut state = self.push(&[IoSlice::new(lines)], false);
        if state.sealed {
            return receipt(false);
        }
        state.add_receipt(Some(receipt));
    }

    /// Whether somebody still waits for a receipt.
    #[must_use]
    pub fn owes_receipts(&self) -> bool {
        !self.state.lock().receipts.is_empty()
    }

    /// Whether everything is with the kernel: not if something was refused because these are the last words.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.state.lock().is_clear()
    }

    /// How many bytes wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting()
    }

    /// Why this side ended the connection, if it did.
    #[must_use]
    pub fn cut_reason(&self) -> Option<Cut> {
        self.state.lock().cut
    }

    /// Waits until everything is with the kernel. False if that did not come about by `deadline`.
    pub fn flush(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        while state.cut.is_none() && state.waiting() > 0 {
            if !state.wait_until(&self.empty, deadline) {
                return false;
            }
        }
        state.cut.is_none()
    }

    /// From now on nothing more is taken: what waits are the last words.
    pub fn seal(&self) {
        self.state.lock().sealed = true;
    }

    /// Ends the connection: in order if nothing waits, otherwise by a reset that the client sees. Wakes its session.
    pub fn cut(&self, why: Cut) {
        self.cut_with(&mut self.state.lock(), why);
    }

    /// The poller's turn: the socket takes bytes again, or a reminder is due.
    pub(super) fn turn(self: &Arc<Self>, now: Instant) {
        let mut state = self.state.lock();
        if state.reminder.is_some_and(|at| at <= now) {
            state.reminder = None;
        }
        self.turn_with(&mut state, now);
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.backlog.len() - self.sent + self.paced.as_ref().map_or(0, Paced::bytes)
    }

    fn is_clear(&self) -> bool {
        self.cut.is_none() && !self.sealed && self.waiting() == 0
    }

    /// The place behind everything that waits.
    fn end(&self) -> Held {
        let place = self.paced.as_ref().map_or(self.backlog.len(), Paced::len);
        Held { place, receipts: self.receipts.len() }
    }

    /// Adds a receipt for everything that waits, or that has gone out.
    fn add_receipt(&mut self, receipt: Option<Receipt>) {
        match receipt {
            Some(receipt) if self.cut.is_some() => receipt(false),
            Some(receipt) => self.receipts.add(self.waiting(), receipt),
            None => {}
        }
    }
}
