//! Sends the bytes of an outbox to the kernel, and keeps those that it does not take at once.

use super::{DisconnectReason, HeldBytes, Outbox, OutboxState, Receipt, StateGuard};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

/// The client was disconnected because too many bytes wait.
pub(super) struct Disconnected;

impl Outbox {
    /// Sends whole messages, or queues them where they cannot be sent yet. Drops them if the input is closed or the
    /// client is disconnected.
    pub(super) fn push(self: &Arc<Self>, messages: &[IoSlice<'_>], talk: bool) -> StateGuard<'_> {
        let mut state = self.state.lock();
        if state.disconnected.is_some() || state.input_closed {
            return state;
        }
        if let Some(held) = &mut state.held {
            let added = held.add(messages, talk);
            let _ = self.account(&mut state, added);
        } else {
            self.send_or_queue(&mut state, messages, talk);
        }
        state
    }

    fn send_or_queue(self: &Arc<Self>, state: &mut OutboxState, messages: &[IoSlice<'_>], talk: bool) {
        if let Some(paced) = &mut state.paced {
            let added = paced.add(messages, talk);
            if self.account(state, added).is_ok() {
                self.send_waiting(state, Instant::now());
            }
        } else {
            self.send(state, messages, size(messages));
        }
    }

    /// Sends `first` and the bytes that were held, with one `send` if possible. Returns the receipts of the held bytes.
    pub(super) fn send_held(self: &Arc<Self>, state: &mut OutboxState, first: &[u8], held: HeldBytes) -> Vec<Receipt> {
        let HeldBytes { parts, bytes, receipts } = held;
        if state.disconnected.is_some() {
            return receipts;
        }
        self.poller.meter.subtract(bytes);
        if state.paced.is_some() {
            self.send_or_queue(state, &[IoSlice::new(first)], false);
            for (talk, part) in parts {
                self.send_or_queue(state, &[IoSlice::new(&part)], talk);
            }
        } else {
            let all = std::iter::once(first).chain(parts.iter().map(|(_, part)| part.as_slice()));
            let all: Vec<_> = all.map(IoSlice::new).collect();
            self.send(state, &all, size(&all));
        }
        receipts
    }

    /// Sends bytes, encrypted if the client uses TLS; queues what the kernel does not take. `counted`: how many of them
    /// were counted while they waited as paced messages.
    fn send(self: &Arc<Self>, state: &mut OutboxState, slices: &[IoSlice<'_>], counted: usize) {
        let mut records = Vec::new();
        let record = match &mut state.tls {
            None => None,
            Some(tls) => {
                tls.encrypt(slices, &mut records);
                Some([IoSlice::new(&records)])
            }
        };
        let slices = record.as_ref().map_or(slices, |record| record.as_slice());
        let uncounted = size(slices).saturating_sub(counted);
        state.shift_paced_receipts(uncounted);
        self.transmit(state, slices);
    }

    /// Sends records that TLS made of itself.
    pub(super) fn send_records(self: &Arc<Self>, state: &mut OutboxState, records: &[u8]) {
        state.shift_paced_receipts(records.len());
        self.transmit(state, &[IoSlice::new(records)]);
    }

    /// Sends bytes as they are. Those that the kernel does not take become the backlog, or its end.
    fn transmit(self: &Arc<Self>, state: &mut OutboxState, slices: &[IoSlice<'_>]) {
        if state.blocked {
            let _ = self.buffer(state, slices, 0);
            return;
        }
        match self.stream.try_send(slices) {
            Ok(sent) => {
                state.receipts.advance(sent);
                if sent < size(slices) && self.buffer(state, slices, sent).is_ok() {
                    self.block(state, Instant::now());
                }
            }
            Err(_) => self.disconnect_locked(state, DisconnectReason::Broken),
        }
    }

    /// Sends the end of this side once, if nothing waits in front: `last`, then the end of TLS. The client may have gone.
    pub(super) fn send_end(&self, state: &mut OutboxState, last: &[u8]) {
        if std::mem::replace(&mut state.is_ended, true) || state.queued_bytes() > 0 {
            return;
        }
        let mut bytes = Vec::new();
        match &mut state.tls {
            None => bytes.extend_from_slice(last),
            Some(tls) => {
                tls.encrypt(&[IoSlice::new(last)], &mut bytes);
                tls.close(&mut bytes);
            }
        }
        if !bytes.is_empty() {
            let _ = self.stream.try_send(&[IoSlice::new(&bytes)]);
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
    fn enforce_limit(&self, state: &mut OutboxState) -> Result<(), Disconnected> {
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

    /// Sends the backlog, then the paced messages that are due. Disconnects a client that has stalled.
    pub(super) fn send_waiting(self: &Arc<Self>, state: &mut OutboxState, now: Instant) {
        if state.disconnected.is_some() {
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
            let counted = before - paced.bytes();
            self.poller.meter.subtract(counted);
            self.send(state, &[IoSlice::new(&bytes)], counted);
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
                state.receipts.advance(n);
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
        if why != DisconnectReason::Broken {
            let mut last = Vec::new();
            if let Some(farewell) = state.farewell {
                farewell(why, &mut last);
            }
            self.send_end(state, &last);
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
        for receipt in state.held.take().map(|held| held.receipts).into_iter().flatten() {
            receipt(false);
        }
        state.receipts.fail_all();
        self.poller.remove(self);
        self.drained.notify_all();
    }
}

fn size(slices: &[IoSlice<'_>]) -> usize {
    slices.iter().map(|slice| slice.len()).sum()
}
