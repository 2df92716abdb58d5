//! Sends the bytes of an outbox to the kernel, and keeps those that it does not take at once.

use super::{DisconnectReason, InsertionPoint, Outbox, OutboxState, StateGuard};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

/// The client was disconnected because too many bytes wait.
pub(super) struct Disconnected;

impl Outbox {
    /// Sends whole lines, or queues them where they cannot be sent yet. Drops them if the input is closed or the
    /// client is disconnected.
    pub(super) fn push(self: &Arc<Self>, lines: &[IoSlice<'_>], talk: bool) -> StateGuard<'_> {
        let mut state = self.state.lock();
        if state.disconnected.is_some() || state.input_closed {
            return state;
        }
        if let Some(paced) = &mut state.paced {
            let added = paced.add(lines, talk);
            if self.account(&mut state, added).is_ok() && state.held.is_none() {
                self.send_waiting(&mut state, Instant::now());
            }
        } else if state.held.is_some() || state.blocked {
            let _ = self.buffer(&mut state, lines, 0);
        } else {
            self.send(&mut state, lines);
        }
        state
    }

    /// Inserts whole lines at a position in the backlog or the paced queue. [`Outbox::send_waiting`] sends them.
    pub(super) fn insert(&self, state: &mut OutboxState, position: InsertionPoint, lines: &[u8]) {
        let InsertionPoint { index, receipts } = position;
        let added = match &mut state.paced {
            Some(paced) => paced.insert(index, lines),
            None => {
                state.backlog.splice(index..index, lines.iter().copied());
                // Marks the backlog as having bytes to send, so that `send_waiting` looks at it.
                if !std::mem::replace(&mut state.blocked, true) {
                    state.progress = Instant::now();
                }
                lines.len()
            }
        };
        self.poller.meter.add(added);
        state.receipts.shift_behind(receipts, added);
    }

    /// Sends as much as the kernel takes, and keeps the rest in the backlog. Nothing may wait in front.
    fn send(self: &Arc<Self>, state: &mut OutboxState, slices: &[IoSlice<'_>]) {
        let total: usize = slices.iter().map(|s| s.len()).sum();
        match self.stream.try_send(slices) {
            Ok(sent) if sent == total => {}
            Ok(sent) => {
                if self.buffer(state, slices, sent).is_ok() {
                    self.block(state, Instant::now());
                }
            }
            Err(_) => self.disconnect_locked(state, DisconnectReason::Broken),
        }
    }

    /// Appends the bytes after the first `sent` to the backlog.
    fn buffer(&self, state: &mut OutboxState, slices: &[IoSlice<'_>], mut sent: usize) -> Result<(), Disconnected> {
        let before = state.backlog.len();
        for slice in slices {
            let skip = sent.min(slice.len());
            state.backlog.extend_from_slice(&slice[skip..]);
            sent -= skip;
        }
        let added = state.backlog.len() - before;
        self.account(state, added)
    }

    /// Counts `added` more bytes that wait, for this client and for all.
    fn account(&self, state: &mut OutboxState, added: usize) -> Result<(), Disconnected> {
        self.poller.meter.add(added);
        if self.poller.meter.is_over() {
            // The poller disconnects the clients with the largest backlogs.
            self.poller.wake();
        }
        self.enforce_limit(state)
    }

    /// Disconnects the client if more bytes wait than one client may have.
    pub(super) fn enforce_limit(&self, state: &mut OutboxState) -> Result<(), Disconnected> {
        if state.queued_bytes() <= self.poller.bounds.backlog_bytes {
            return Ok(());
        }
        self.disconnect_locked(state, DisconnectReason::TooSlow);
        Err(Disconnected)
    }

    /// Enters the blocked state: asks the poller to report when the socket takes bytes again, or when the client
    /// stalls.
    fn block(self: &Arc<Self>, state: &mut OutboxState, now: Instant) {
        if !std::mem::replace(&mut state.blocked, true) {
            state.progress = now;
        }
        if self.poller.arm(self).is_err() {
            self.disconnect_locked(state, DisconnectReason::Broken);
        } else {
            self.schedule_wakeup(state, now);
        }
    }

    /// Sends what can go out now, and calls the receipts that are due.
    pub(super) fn send_waiting(self: &Arc<Self>, state: &mut OutboxState, now: Instant) {
        let before = state.queued_bytes();
        self.pump(state, now);
        if !state.receipts.is_empty() {
            state.receipts.advance(before.saturating_sub(state.queued_bytes()));
        }
    }

    /// Sends the backlog, then the paced messages that are due. Disconnects a client that has stalled.
    fn pump(self: &Arc<Self>, state: &mut OutboxState, now: Instant) {
        if state.disconnected.is_some() || state.held.is_some() {
            return;
        }
        if state.blocked {
            self.drain(state, now);
        }
        while state.disconnected.is_none() && !state.blocked {
            let Some(paced) = &mut state.paced else { break };
            let before = paced.bytes();
            let Some(bytes) = paced.take_due(now) else { break };
            // Not `bytes.len()`: newlines between merged messages were never counted as waiting.
            self.poller.meter.subtract(before - paced.bytes());
            self.send(state, &[IoSlice::new(&bytes)]);
        }
        if state.disconnected.is_some() {
            return;
        }
        if state.blocked && now >= state.progress + self.poller.bounds.stalled {
            self.disconnect_locked(state, DisconnectReason::TooSlow);
        } else if state.queued_bytes() == 0 {
            self.drained.notify_all();
        } else {
            self.schedule_wakeup(state, now);
        }
    }

    /// Sends as much of the backlog as the kernel takes, and leaves the blocked state if that is all of it.
    fn drain(self: &Arc<Self>, state: &mut OutboxState, now: Instant) {
        match self.stream.try_send(&[IoSlice::new(&state.backlog[state.sent..])]) {
            Ok(n) => {
                self.poller.meter.subtract(n);
                state.sent += n;
                if n > 0 {
                    state.progress = now;
                }
                if state.sent == state.backlog.len() {
                    // A new vector: a backlog may have grown to a megabyte.
                    state.backlog = Vec::new();
                    state.sent = 0;
                    state.blocked = false;
                } else {
                    // Moving the rest down after every send would cost the square of the backlog's length.
                    if state.sent > state.backlog.len() / 2 {
                        state.backlog.drain(..state.sent);
                        state.sent = 0;
                    }
                    self.block(state, now);
                }
            }
            Err(_) => self.disconnect_locked(state, DisconnectReason::Broken),
        }
    }

    /// Asks the poller for a wakeup when the next paced message is due, or when the client will have stalled.
    fn schedule_wakeup(self: &Arc<Self>, state: &mut OutboxState, now: Instant) {
        let stalls = state.blocked.then(|| state.progress + self.poller.bounds.stalled);
        let paced = state.paced.as_ref().filter(|_| !state.blocked).and_then(|paced| paced.due_at(now));
        let due = stalls.into_iter().chain(paced).min();
        if let Some(at) = due
            && state.wakeup.is_none_or(|known| at < known)
        {
            state.wakeup = Some(at);
            self.poller.schedule_wakeup(self, at);
        }
    }

    /// Ends the connection, drops the bytes that wait and fails their receipts. Does nothing if the client is already
    /// disconnected.
    pub(super) fn disconnect_locked(&self, state: &mut OutboxState, why: DisconnectReason) {
        if state.disconnected.is_some() {
            return;
        }
        state.disconnected = Some(why);
        self.poller.meter.subtract(state.queued_bytes());
        if state.queued_bytes() > 0 && why != DisconnectReason::Broken {
            self.stream.reset();
        } else {
            self.stream.close();
        }
        state.backlog = Vec::new();
        state.sent = 0;
        if let Some(paced) = &mut state.paced {
            paced.clear();
        }
        state.receipts.fail_all();
        self.poller.remove(self);
        self.drained.notify_all();
    }
}
