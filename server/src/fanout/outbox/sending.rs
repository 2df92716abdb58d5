//! How bytes get from an outbox to the kernel, and what becomes of those that it does not take at once.

use super::{Cut, Outbox, State, StateGuard};
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

impl Outbox {
    pub(super) fn push(self: &Arc<Self>, lines: &[IoSlice<'_>], talk: bool) -> StateGuard<'_> {
        let mut state = self.state.lock();
        if state.cut.is_some() || state.sealed {
            return state;
        }
        if let Some(paced) = &mut state.paced {
            let added = paced.add(lines, talk);
            if self.keeps(&mut state, added) && state.held.is_none() {
                self.turn_with(&mut state, Instant::now());
            }
        } else if state.held.is_some() || state.blocked {
            self.keep(&mut state, lines, 0);
        } else {
            self.send(&mut state, lines);
        }
        state
    }

    /// Puts whole lines in at a place among what waits, behind so many receipts. The next turn sends them.
    pub(super) fn put_in(&self, state: &mut State, place: usize, receipts: usize, lines: &[u8]) {
        let added = match &mut state.paced {
            Some(paced) => paced.insert(place, lines),
            None => {
                state.backlog.splice(place..place, lines.iter().copied());
                if !std::mem::replace(&mut state.blocked, true) {
                    state.progress = Instant::now();
                }
                lines.len()
            }
        };
        self.poller.meter.more(added);
        state.receipts.put_in(receipts, added);
    }

    /// Sends what the kernel takes and keeps the rest.
    fn send(self: &Arc<Self>, state: &mut State, slices: &[IoSlice<'_>]) {
        let total: usize = slices.iter().map(|s| s.len()).sum();
        match self.stream.try_send(slices) {
            Ok(sent) if sent == total => {}
            Ok(sent) => {
                if self.keep(state, slices, sent) {
                    self.block(state, Instant::now());
                }
            }
            Err(_) => self.cut_with(state, Cut::Broken),
        }
    }

    /// Keeps what follows the first `sent` bytes. False if that was too much.
    fn keep(&self, state: &mut State, slices: &[IoSlice<'_>], mut sent: usize) -> bool {
        let before = state.backlog.len();
        for slice in slices {
            let skip = sent.min(slice.len());
            state.backlog.extend_from_slice(&slice[skip..]);
            sent -= skip;
        }
        let added = state.backlog.len() - before;
        self.keeps(state, added)
    }

    /// Counts `added` bytes that now wait. False, and cut off, if that is too much.
    fn keeps(&self, state: &mut State, added: usize) -> bool {
        self.poller.meter.more(added);
        if self.poller.meter.is_over() {
            self.poller.wake();
        }
        self.bound(state)
    }

    /// False, and cut off, if too much waits.
    pub(super) fn bound(&self, state: &mut State) -> bool {
        let fits = state.waiting() <= self.poller.bounds.backlog_bytes;
        if !fits {
            self.cut_with(state, Cut::TooSlow);
        }
        fits
    }

    fn block(self: &Arc<Self>, state: &mut State, now: Instant) {
        if !std::mem::replace(&mut state.blocked, true) {
            state.progress = now;
        }
        if self.poller.arm(self, &self.stream).is_err() {
            self.cut_with(state, Cut::Broken);
        } else {
            self.remind(state, now);
        }
    }

    pub(super) fn turn_with(self: &Arc<Self>, state: &mut State, now: Instant) {
        let before = state.waiting();
        self.advance(state, now);
        if !state.receipts.is_empty() {
            state.receipts.took(before.saturating_sub(state.waiting()));
        }
    }

    fn advance(self: &Arc<Self>, state: &mut State, now: Instant) {
        if state.cut.is_some() || state.held.is_some() {
            return;
        }
        if state.blocked {
            self.drain(state, now);
        }
        while state.cut.is_none() && !state.blocked {
            let Some(paced) = &mut state.paced else { break };
            let before = paced.bytes();
            let Some(bytes) = paced.take_due(now) else { break };
            // Not the newlines between merged messages, which nobody counted.
            self.poller.meter.less(before - paced.bytes());
            self.send(state, &[IoSlice::new(&bytes)]);
        }
        if state.cut.is_some() {
            return;
        }
        if state.blocked && now >= state.progress + self.poller.bounds.stalled {
            self.cut_with(state, Cut::TooSlow);
        } else if state.waiting() == 0 {
            self.empty.notify_all();
        } else {
            self.remind(state, now);
        }
    }

    fn drain(self: &Arc<Self>, state: &mut State, now: Instant) {
        match self.stream.try_send(&[IoSlice::new(&state.backlog[state.sent..])]) {
            Ok(n) => {
                self.poller.meter.less(n);
                state.sent += n;
                if n > 0 {
                    state.progress = now;
                }
                if state.sent == state.backlog.len() {
                    (state.backlog, state.sent, state.blocked) = (Vec::new(), 0, false);
                } else {
                    // Moving the rest down each time would cost the square of the backlog.
                    if state.sent > state.backlog.len() / 2 {
                        state.backlog.drain(..state.sent);
                        state.sent = 0;
                    }
                    self.block(state, now);
                }
            }
            Err(_) => self.cut_with(state, Cut::Broken),
        }
    }

    /// Asks the poller to look after this outbox when it must: for the next paced message, or if it stalls.
    fn remind(self: &Arc<Self>, state: &mut State, now: Instant) {
        let stalls = state.blocked.then(|| state.progress + self.poller.bounds.stalled);
        let paced = state.paced.as_ref().filter(|_| !state.blocked).and_then(|paced| paced.due_at(now));
        let due = stalls.into_iter().chain(paced).min();
        if let Some(at) = due
            && state.reminder.is_none_or(|known| at < known)
        {
            state.reminder = Some(at);
            self.poller.remind(self, at);
        }
    }

    pub(super) fn cut_with(&self, state: &mut State, why: Cut) {
        if state.cut.is_some() {
            return;
        }
        state.cut = Some(why);
        self.poller.meter.less(state.waiting());
        if state.waiting() > 0 && why != Cut::Broken {
            self.stream.cut();
        } else {
            self.stream.close();
        }
        (state.backlog, state.sent) = (Vec::new(), 0);
        if let Some(paced) = &mut state.paced {
            paced.clear();
        }
        state.receipts.give_up();
        self.poller.forget(self.client, &self.stream);
        self.empty.notify_all();
    }
}
