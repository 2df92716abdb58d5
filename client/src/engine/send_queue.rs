//! The send queue: requests that wait, requests without an answer, and the rate at which lines may be sent.
//!
//! **Problem.** A server drops lines above its rate, and a connection may break at any moment. Still each typed line
//! must be sent exactly once as far as the server can tell, and lines of one conversation must not overtake each other.
//!
//! **Invariants.**
//! - Order: of each [`Lane`] at most one request is unanswered, so a throttled line keeps its place. Other lanes pass.
//! - Priority: typed requests go before background requests (those of the program itself). Background requests leave
//!   [`FREE_FOR_USER`] lines of the server's rate free.
//! - No loss: a typed request stays in exactly one list from `push` until an answer, a cancellation or a failure. It is
//!   sent again with the same label and nonce, by which the server recognizes a repetition.
//!
//! | state of a request | list | next state |
//! |---|---|---|
//! | waiting, typed | `typed` | sent by `next` → under way; `take_waiting` → cancelled or failed |
//! | waiting, background | `background` | sent by `next` → under way; connection lost → dropped |
//! | under way | `under_way` | `finish` → answered; `requeue` (throttled) → waiting; connection lost → waiting with `in_doubt` set (typed) or dropped (background) |
//! | direct | `direct` | `finish` → answered; `take_direct` (the chat ended) → failed |
//!
//! Direct requests belong to encrypted chats between two clients: they are sent at once, and neither the server's rate nor
//! a lost connection affects them. This module neither interprets answers nor informs the user; the engine does.

use super::limits::{
    DEFAULT_RATE, FREE_FOR_OTHERS, FREE_FOR_USER, MAX_BACKGROUND, MAX_PAUSE_MS, MAX_WAITING, RATE_MARGIN_MS,
};
use super::request::{RequestKind, Target};
use std::collections::VecDeque;

/// Requests that must keep their order among each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// One lane for all input, for lines from a pipe.
    All,
    /// Messages to one target. The lane of a room also has the requests to join and leave it.
    To(Target),
    /// No order.
    Free,
}

/// A request with the state of its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRequest {
    /// The UI's number for the typed line; 0 for a background request.
    pub key: u64,
    /// Purpose.
    pub kind: RequestKind,
    /// Label that the answers carry.
    pub label: Box<str>,
    /// Nonce by which a message is recognized when it comes back from the history.
    pub nonce: Option<Box<str>>,
    /// The JSON object to send.
    pub line: String,
    /// Order among other requests.
    pub lane: Lane,
    /// Lower-case name of the room that the user must be in before this is sent.
    pub room: Option<Box<str>>,
    /// True if a repetition would run twice on a server that has lost the session.
    pub not_idempotent: bool,
    /// True if a connection broke while this was under way: the server may have it.
    pub in_doubt: bool,
    /// Position in the order of all typed lines.
    pub(super) number: u64,
    /// Earliest time to send, in milliseconds.
    pub(super) not_before: u64,
    /// Time when it was last sent, in milliseconds.
    pub sent_at: u64,
}

impl QueuedRequest {
    /// Creates a request without nonce, order or room.
    #[must_use]
    pub fn new(key: u64, kind: RequestKind, label: &str, line: String) -> QueuedRequest {
        QueuedRequest {
            key,
            kind,
            label: label.into(),
            nonce: None,
            line,
            lane: Lane::Free,
            room: None,
            not_idempotent: false,
            in_doubt: false,
            number: 0,
            not_before: 0,
            sent_at: 0,
        }
    }

    /// Sets the earliest time to send.
    #[must_use]
    pub fn not_before(mut self, ms: u64) -> QueuedRequest {
        self.not_before = ms;
        self
    }
}

/// The server's rate limit, as a sliding window over the times of sent lines.
#[derive(Clone, Debug)]
struct RateLimit {
    /// Lines per window, and the window in milliseconds; `None` without a limit.
    rate: Option<(usize, u64)>,
    /// Times of the lines in the window, oldest first.
    sent_at: VecDeque<u64>,
    /// No line is sent before this time, after the server throttled one.
    paused_until: u64,
}

impl RateLimit {
    /// Returns whether one more line may be sent with `free` lines left over. Forgets lines that left the window.
    fn allows(&mut self, now: u64, free: usize) -> bool {
        let Some((lines, ms)) = self.rate else { return true };
        while self.sent_at.front().is_some_and(|at| *at + ms <= now) {
            self.sent_at.pop_front();
        }
        now >= self.paused_until && self.sent_at.len() + free < lines
    }
}

/// The queue. See the module for the states of a request.
#[derive(Clone, Debug)]
pub struct SendQueue {
    typed: VecDeque<QueuedRequest>,
    background: VecDeque<QueuedRequest>,
    under_way: Vec<QueuedRequest>,
    direct: Vec<QueuedRequest>,
    rate_limit: RateLimit,
    last_number: u64,
}

impl Default for SendQueue {
    fn default() -> SendQueue {
        let rate_limit = RateLimit { rate: None, sent_at: VecDeque::new(), paused_until: 0 };
        let mut queue = SendQueue {
            typed: VecDeque::new(),
            background: VecDeque::new(),
            under_way: Vec::new(),
            direct: Vec::new(),
            rate_limit,
            last_number: 0,
        };
        queue.set_rate(Some(DEFAULT_RATE), 0, 0);
        queue
    }
}

impl SendQueue {
    /// Begins a connection to a server with `rate` (lines, milliseconds), of which the sign-in has used `taken` lines.
    pub fn set_rate(&mut self, rate: Option<(u64, u64)>, taken: usize, now: u64) {
        // Stay below the rate by one line and a margin of time: a network that delays lines brings them closer
        // together.
        let lines = |lines: u64| usize::try_from(lines).unwrap_or(usize::MAX).saturating_sub(1).max(1);
        self.rate_limit.rate = rate.map(|(most, ms)| (lines(most), ms.min(MAX_PAUSE_MS) + RATE_MARGIN_MS));
        self.rate_limit.sent_at = std::iter::repeat_n(now, taken).collect();
        self.rate_limit.paused_until = 0;
    }

    /// Adds a typed request at the end. Returns `false`, and drops the request, if too many wait.
    pub fn push(&mut self, mut item: QueuedRequest) -> bool {
        if self.typed.len() >= MAX_WAITING {
            return false;
        }
        self.last_number += 1;
        item.number = self.last_number;
        self.typed.push_back(item);
        true
    }

    /// Adds a background request at the end. Returns `false`, and drops the request, if too many wait.
    pub fn push_background(&mut self, item: QueuedRequest) -> bool {
        let fits = self.background.len() < MAX_BACKGROUND;
        if fits {
            self.background.push_back(item);
        }
        fits
    }

    /// Adds a request that the caller has sent to the other client.
    pub fn push_sent_direct(&mut self, mut item: QueuedRequest, now: u64) {
        self.last_number += 1;
        item.number = self.last_number;
        item.sent_at = now;
        self.direct.push(item);
    }

    /// Moves the next request that may be sent to `under_way`, and returns it for sending. `held` tells which typed
    /// requests must wait for another reason.
    pub fn next(&mut self, now: u64, held: impl Fn(&QueuedRequest) -> bool) -> Option<&QueuedRequest> {
        let mut item = self.take_typed(now, held).or_else(|| self.take_background(now))?;
        item.sent_at = now;
        self.rate_limit.sent_at.push_back(now);
        self.under_way.push(item);
        self.under_way.last()
    }

    /// Takes the first typed request that may be sent. A request that must wait blocks its lane, but not other lanes.
    fn take_typed(&mut self, now: u64, held: impl Fn(&QueuedRequest) -> bool) -> Option<QueuedRequest> {
        if !self.rate_limit.allows(now, 0) {
            return None;
        }
        let mut busy: Vec<&Lane> = self.under_way.iter().map(|item| &item.lane).collect();
        let mut found = None;
        for (at, item) in self.typed.iter().enumerate() {
            let is_busy = item.lane != Lane::Free && busy.contains(&&item.lane);
            if !is_busy && item.not_before <= now && !held(item) {
                found = Some(at);
                break;
            }
            if !is_busy {
                busy.push(&item.lane);
            }
        }
        self.typed.remove(found?)
    }

    fn take_background(&mut self, now: u64) -> Option<QueuedRequest> {
        let allows = [FREE_FOR_USER, FREE_FOR_OTHERS].map(|free| self.rate_limit.allows(now, free));
        let may_go = |item: &QueuedRequest| item.not_before <= now && allows[usize::from(item.kind.can_wait())];
        let at = self.background.iter().position(may_go)?;
        self.background.remove(at)
    }

    /// Returns the unanswered request with this label.
    #[must_use]
    pub fn find_unanswered(&self, label: &str) -> Option<&QueuedRequest> {
        self.under_way.iter().chain(&self.direct).find(|item| *item.label == *label)
    }

    /// Removes and returns the answered request with this label. It may also wait to be sent again: an answer to the
    /// first sending can arrive late.
    pub fn finish(&mut self, label: &str) -> Option<QueuedRequest> {
        let is_it = |item: &QueuedRequest| *item.label == *label;
        for list in [&mut self.under_way, &mut self.direct] {
            if let Some(at) = list.iter().position(is_it) {
                return Some(list.remove(at));
            }
        }
        let at = self.typed.iter().position(is_it)?;
        self.typed.remove(at)
    }

    /// Returns the label of the unanswered message with this nonce.
    #[must_use]
    pub fn label_of_nonce(&self, nonce: &str) -> Option<Box<str>> {
        let is_it = |item: &&QueuedRequest| item.nonce.as_deref() == Some(nonce);
        self.under_way.iter().chain(&self.typed).find(is_it).map(|item| item.label.clone())
    }

    /// Puts a throttled request back at its place in the order, and pauses all sending for `wait_ms`. Returns the
    /// request, or `None` for an unknown label.
    pub fn requeue(&mut self, label: &str, wait_ms: u64, now: u64) -> Option<&QueuedRequest> {
        let at = self.under_way.iter().position(|item| *item.label == *label)?;
        let item = self.under_way.remove(at);
        self.rate_limit.paused_until = self.rate_limit.paused_until.max(now + wait_ms.min(MAX_PAUSE_MS));
        if !item.kind.is_typed() {
            self.background.push_front(item);
            return self.background.front();
        }
        let at = self.put_in_order(item);
        self.typed.get(at)
    }

    /// Inserts a typed request by its number, and returns its index.
    fn put_in_order(&mut self, item: QueuedRequest) -> usize {
        let at = self.typed.iter().position(|other| other.number > item.number).unwrap_or(self.typed.len());
        self.typed.insert(at, item);
        at
    }

    /// Handles a lost connection: unanswered typed requests wait again, background requests are dropped. Returns the
    /// requests that wait again.
    pub fn connection_lost(&mut self) -> Vec<QueuedRequest> {
        self.background.clear();
        let mut again = std::mem::take(&mut self.under_way);
        again.retain(|item| item.kind.is_typed());
        for item in &mut again {
            item.in_doubt = true;
            self.put_in_order(item.clone());
        }
        again
    }

    /// Removes and returns the waiting typed requests that match.
    pub fn take_waiting(&mut self, is_it: impl Fn(&QueuedRequest) -> bool) -> Vec<QueuedRequest> {
        let (taken, left): (VecDeque<QueuedRequest>, _) =
            std::mem::take(&mut self.typed).into_iter().partition(|item| is_it(item));
        self.typed = left;
        taken.into()
    }

    /// Removes and returns the direct requests that match.
    pub fn take_direct(&mut self, is_it: impl Fn(&QueuedRequest) -> bool) -> Vec<QueuedRequest> {
        let (taken, left) = std::mem::take(&mut self.direct).into_iter().partition(|item| is_it(item));
        self.direct = left;
        taken
    }

    /// Returns whether a matching request waits or is under way.
    pub fn contains_kind(&self, is_it: impl Fn(&RequestKind) -> bool) -> bool {
        let all = self.under_way.iter().chain(&self.typed).chain(&self.background);
        all.into_iter().any(|item| is_it(&item.kind))
    }

    /// Returns all unanswered typed requests: first those that were sent, then those that wait.
    pub fn unanswered(&self) -> impl Iterator<Item = &QueuedRequest> {
        let under_way = self.under_way.iter().chain(&self.direct).filter(|item| item.kind.is_typed());
        under_way.chain(&self.typed)
    }

    /// Returns the unanswered typed requests that were sent at least once, so that the server may have them.
    pub fn handed_over(&self) -> impl Iterator<Item = &QueuedRequest> {
        let under_way = self.under_way.iter().chain(&self.direct).filter(|item| item.kind.is_typed());
        under_way.chain(self.typed.iter().filter(|item| item.in_doubt))
    }

    /// Returns the number of waiting typed requests.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.typed.len()
    }

    /// Returns whether any request waits, typed or background.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.typed.is_empty() || !self.background.is_empty()
    }

    /// Returns the unanswered direct requests.
    pub fn direct(&self) -> impl Iterator<Item = &QueuedRequest> {
        self.direct.iter()
    }

    /// Returns the time at which the oldest unanswered request was sent to the server.
    #[must_use]
    pub fn oldest_unanswered(&self) -> Option<u64> {
        self.under_way.iter().map(|item| item.sent_at).min()
    }
}

#[cfg(test)]
mod tests;
