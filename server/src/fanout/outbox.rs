//! Everything on its way to one client: sent at once while the kernel takes it, otherwise kept in a bounded backlog.

use super::ClientId;
use super::pacing::{Paced, Pacing};
use super::poller::Poller;
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
    /// Nothing goes out yet: the greeting must come first, at this place in the backlog or among the messages.
    held: Option<usize>,
    cut: Option<Cut>,
    /// When bytes last went out, while blocked.
    progress: Instant,
    /// When the poller will look after this outbox.
    reminder: Option<Instant>,
    paced: Option<Paced>,
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
            cut: None,
            progress: Instant::now(),
            reminder: None,
            paced: None,
        };
        let (stream, poller) = (stream.clone(), poller.clone());
        Arc::new(Outbox { client, stream, poller, state: Ranked::new(state), empty: Condvar::new() })
    }

    /// Whose it is.
    #[must_use]
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// From now on every line is a message of its own, sent without its newline.
    pub fn pace(&self, pacing: Pacing) {
        self.state.lock().paced.get_or_insert_with(|| Paced::new(pacing));
    }

    /// Holds everything back until [`Outbox::release`].
    pub fn hold(&self) {
        let mut state = self.state.lock();
        state.held = Some(state.paced.as_ref().map_or(state.backlog.len(), Paced::len));
    }

    /// Sends `first`, and then what was held back. What still waits from before [`Outbox::hold`] stays in front.
    pub fn release(self: &Arc<Self>, first: &[u8]) {
        let mut state = self.state.lock();
        let place = state.held.take().unwrap_or(0);
        if state.cut.is_some() {
            return;
        }
        if let Some(paced) = &mut state.paced {
            self.poller.meter.more(paced.insert(place, first));
        } else if state.blocked {
            state.backlog.splice(place..place, first.iter().copied());
            self.poller.meter.more(first.len());
        } else {
            let held = std::mem::take(&mut state.backlog);
            self.poller.meter.less(held.len());
            self.send(&mut state, &[IoSlice::new(first), IoSlice::new(&held)]);
        }
        self.turn_with(state, Instant::now());
    }

    /// Whole lines that others said: for an unframed client far behind they may be merged.
    pub fn push_talk(self: &Arc<Self>, lines: &[IoSlice<'_>]) {
        self.push(lines, true);
    }

    /// Whole lines that answer something, or that clients compare.
    pub fn push_control(self: &Arc<Self>, lines: &[u8]) {
        self.push(&[IoSlice::new(lines)], false);
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
        self.turn_with(state, now);
    }

    fn push(self: &Arc<Self>, lines: &[IoSlice<'_>], talk: bool) {
        let mut state = self.state.lock();
        if state.cut.is_some() {
            return;
        }
        if let Some(paced) = &mut state.paced {
            let added = paced.add(lines, talk);
            if self.keeps(&mut state, added) && state.held.is_none() {
                self.turn_with(state, Instant::now());
            }
        } else if state.held.is_some() || state.blocked {
            self.keep(&mut state, lines, 0);
        } else {
            self.send(&mut state, lines);
        }
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

    fn turn_with(self: &Arc<Self>, mut state: StateGuard<'_>, now: Instant) {
        if state.cut.is_some() || state.held.is_some() {
            return;
        }
        if state.blocked {
            self.drain(&mut state, now);
        }
        while state.cut.is_none() && !state.blocked {
            let Some(paced) = &mut state.paced else { break };
            let before = paced.bytes();
            let Some(bytes) = paced.take_due(now) else { break };
            // Not the newlines between merged messages, which nobody counted.
            self.poller.meter.less(before - paced.bytes());
            self.send(&mut state, &[IoSlice::new(&bytes)]);
        }
        if state.cut.is_some() {
            return;
        }
        if state.blocked && now >= state.progress + self.poller.bounds.stalled {
            self.cut_with(&mut state, Cut::TooSlow);
        } else if state.waiting() == 0 {
            self.empty.notify_all();
        } else {
            self.remind(&mut state, now);
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

    fn cut_with(&self, state: &mut State, why: Cut) {
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
        self.poller.forget(self.client, &self.stream);
        self.empty.notify_all();
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.backlog.len() - self.sent + self.paced.as_ref().map_or(0, Paced::bytes)
    }
}
