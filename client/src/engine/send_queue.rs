//! What is to be sent, what is unanswered, and how fast lines may go.
//!
//! What a user typed goes before what the program asks for itself. Typed lines with the same [`Lane`] keep their
//! order, whatever is refused or throttled on the way: of each lane at most one line is unanswered. Lines of other
//! lanes pass those that wait. The program's own questions use only what the server's rate leaves beside
//! [`FREE_FOR_USER`] lines.
//!
//! | a line is     | in            | leaves by                                                        |
//! |---------------|---------------|------------------------------------------------------------------|
//! | waiting       | `typed`       | `next` (sent), `cancel` (not if it is in doubt)                  |
//! | under way     | `under_way`   | `finish` (answered), `put_back` (throttled), `connection_lost`   |
//! | past the server | `past_server` | `finish`, `take_past_server` (its chat has ended)              |

use super::limits::{FREE_FOR_USER, HOUSEKEEPING, LONGEST_PAUSE_MS, RATE, RATE_MARGIN_MS, WAITING};
use super::request::{RequestKind, Target};
use std::collections::VecDeque;

/// Lines that keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// All that is typed, where lines come from a pipe.
    All,
    /// What goes to one target, with going into a room and leaving it.
    To(Target),
    /// Nothing.
    Free,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The number that the screen gave it; 0 for the program's own.
    pub key: u64,
    /// What it is for.
    pub kind: RequestKind,
    /// What its answers carry.
    pub label: Box<str>,
    /// What a message is known by when it comes back.
    pub nonce: Option<Box<str>>,
    /// The object.
    pub line: String,
    /// What it keeps its order with.
    pub lane: Lane,
    /// The room (in small letters) that the user must be in for it.
    pub room: Option<Box<str>>,
    /// Sent again, it is done once more if the server does not know its session any more.
    pub doubles: bool,
    /// A connection was lost while it was under way: it may have arrived.
    pub in_doubt: bool,
    /// The place in the order of all typed lines.
    pub(super) number: u64,
    /// Not to be sent earlier.
    pub(super) not_before: u64,
    /// When it went out.
    pub sent_at: u64,
}

impl Item {
    /// A request with that label, on a lane of its own.
    #[must_use]
    pub fn new(key: u64, kind: RequestKind, label: &str, line: String) -> Item {
        Item {
            key,
            kind,
            label: label.into(),
            nonce: None,
            line,
            lane: Lane::Free,
            room: None,
            doubles: false,
            in_doubt: false,
            number: 0,
            not_before: 0,
            sent_at: 0,
        }
    }

    /// The same, not to be sent earlier than `ms`.
    #[must_use]
    pub fn not_before(mut self, ms: u64) -> Item {
        self.not_before = ms;
        self
    }
}

/// How fast the server takes lines.
#[derive(Clone, Debug)]
struct Pace {
    /// Lines, in milliseconds; `None` without a limit.
    rate: Option<(usize, u64)>,
    sent_at: VecDeque<u64>,
    paused_until: u64,
}

impl Pace {
    /// Whether one more line may go, if so many must stay free.
    fn allows(&mut self, now: u64, free: usize) -> bool {
        let Some((lines, ms)) = self.rate else { return true };
        while self.sent_at.front().is_some_and(|at| *at + ms <= now) {
            self.sent_at.pop_front();
        }
        now >= self.paused_until && self.sent_at.len() + free < lines
    }
}

/// The queue, and what is unanswered.
#[derive(Clone, Debug)]
pub struct SendQueue {
    typed: VecDeque<Item>,
    housekeeping: VecDeque<Item>,
    under_way: Vec<Item>,
    past_server: Vec<Item>,
    pace: Pace,
    numbers: u64,
}

impl Default for SendQueue {
    fn default() -> SendQueue {
        let pace = Pace { rate: None, sent_at: VecDeque::new(), paused_until: 0 };
        let mut queue = SendQueue {
            typed: VecDeque::new(),
            housekeeping: VecDeque::new(),
            under_way: Vec::new(),
            past_server: Vec::new(),
            pace,
            numbers: 0,
        };
        queue.set_rate(Some(RATE), 0, 0);
        queue
    }
}

impl SendQueue {
    /// A new connection, whose server takes that many lines, of which the sign-in took some.
    pub fn set_rate(&mut self, rate: Option<(u64, u64)>, taken: usize, now: u64) {
        // One line less, over a longer time, than the server says: lines may be held up on their way.
        let lines = |lines: u64| usize::try_from(lines).unwrap_or(usize::MAX).saturating_sub(1).max(1);
        self.pace.rate = rate.map(|(most, ms)| (lines(most), ms.min(LONGEST_PAUSE_MS) + RATE_MARGIN_MS));
        self.pace.sent_at = std::iter::repeat_n(now, taken).collect();
        self.pace.paused_until = 0;
    }

    /// Puts a typed line at the end. `false` if too many wait.
    pub fn push(&mut self, mut item: Item) -> bool {
        if self.typed.len() >= WAITING {
            return false;
        }
        self.numbers += 1;
        item.number = self.numbers;
        self.typed.push_back(item);
        true
    }

    /// Puts a question of the program itself at the end. `false` if too many wait.
    pub fn ask(&mut self, item: Item) -> bool {
        let fits = self.housekeeping.len() < HOUSEKEEPING;
        if fits {
            self.housekeeping.push_back(item);
        }
        fits
    }

    /// Notes a line that has gone past the server.
    pub fn sent_past_server(&mut self, mut item: Item, now: u64) {
        self.numbers += 1;
        (item.number, item.sent_at) = (self.numbers, now);
        self.past_server.push(item);
    }

    /// The next request to send, if one may go now; it is under way from then on. `held` says what waits for something
    /// else.
    pub fn next(&mut self, now: u64, held: impl Fn(&Item) -> bool) -> Option<&Item> {
        let mut item = self.take_typed(now, held).or_else(|| self.take_housekeeping(now))?;
        item.sent_at = now;
        self.pace.sent_at.push_back(now);
        self.under_way.push(item);
        self.under_way.last()
    }

    fn take_typed(&mut self, now: u64, held: impl Fn(&Item) -> bool) -> Option<Item> {
        if !self.pace.allows(now, 0) {
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

    fn take_housekeeping(&mut self, now: u64) -> Option<Item> {
        if !self.pace.allows(now, FREE_FOR_USER) {
            return None;
        }
        let at = self.housekeeping.iter().position(|item| item.not_before <= now)?;
        self.housekeeping.remove(at)
    }

    /// The request that an answer belongs to.
    #[must_use]
    pub fn answered(&self, label: &str) -> Option<&Item> {
        self.under_way.iter().chain(&self.past_server).find(|item| *item.label == *label)
    }

    /// The request has been answered, whether it is under way or about to be sent again.
    pub fn finish(&mut self, label: &str) -> Option<Item> {
        let is_it = |item: &Item| *item.label == *label;
        for list in [&mut self.under_way, &mut self.past_server] {
            if let Some(at) = list.iter().position(is_it) {
                return Some(list.remove(at));
            }
        }
        let at = self.typed.iter().position(is_it)?;
        self.typed.remove(at)
    }

    /// The label of the user's message with that nonce.
    #[must_use]
    pub fn label_of(&self, nonce: &str) -> Option<Box<str>> {
        let is_it = |item: &&Item| item.nonce.as_deref() == Some(nonce);
        self.under_way.iter().chain(&self.typed).find(is_it).map(|item| item.label.clone())
    }

    /// The server did not take it for now: it is sent again after `wait_ms`, at its place in the order.
    pub fn put_back(&mut self, label: &str, wait_ms: u64, now: u64) -> Option<&Item> {
        let at = self.under_way.iter().position(|item| *item.label == *label)?;
        let item = self.under_way.remove(at);
        self.pace.paused_until = self.pace.paused_until.max(now + wait_ms.min(LONGEST_PAUSE_MS));
        if !item.kind.is_typed() {
            self.housekeeping.push_front(item);
            return self.housekeeping.front();
        }
        let at = self.put_in_order(item);
        self.typed.get(at)
    }

    fn put_in_order(&mut self, item: Item) -> usize {
        let at = self.typed.iter().position(|other| other.number > item.number).unwrap_or(self.typed.len());
        self.typed.insert(at, item);
        at
    }

    /// The connection is gone: what was typed and is unanswered is sent again, what the program asked is not. The
    /// requests that wait again.
    pub fn connection_lost(&mut self) -> Vec<Item> {
        self.housekeeping.clear();
        let mut again = std::mem::take(&mut self.under_way);
        again.retain(|item| item.kind.is_typed());
        again.iter_mut().for_each(|item| item.in_doubt = true);
        for item in again.clone() {
            self.put_in_order(item);
        }
        again
    }

    /// Takes out what waits and must not be sent any more.
    pub fn take_waiting(&mut self, is_it: impl Fn(&Item) -> bool) -> Vec<Item> {
        let (taken, left): (VecDeque<Item>, _) =
            std::mem::take(&mut self.typed).into_iter().partition(|item| is_it(item));
        self.typed = left;
        taken.into()
    }

    /// Takes out what went past the server and will not be answered any more.
    pub fn take_past_server(&mut self, is_it: impl Fn(&Item) -> bool) -> Vec<Item> {
        let (taken, left) = std::mem::take(&mut self.past_server).into_iter().partition(|item| is_it(item));
        self.past_server = left;
        taken
    }

    /// Whether such a request waits or is under way.
    pub fn has(&self, is_it: impl Fn(&RequestKind) -> bool) -> bool {
        let all = self.under_way.iter().chain(&self.typed).chain(&self.housekeeping);
        all.into_iter().any(|item| is_it(&item.kind))
    }

    /// What the user typed and is unanswered, in order: what waits, and what is under way.
    pub fn unanswered(&self) -> impl Iterator<Item = &Item> {
        let under_way = self.under_way.iter().chain(&self.past_server).filter(|item| item.kind.is_typed());
        under_way.chain(&self.typed)
    }

    /// What was handed to a connection and is unanswered: it may have arrived.
    pub fn handed_over(&self) -> impl Iterator<Item = &Item> {
        let under_way = self.under_way.iter().chain(&self.past_server).filter(|item| item.kind.is_typed());
        under_way.chain(self.typed.iter().filter(|item| item.in_doubt))
    }

    /// How many typed lines wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.typed.len()
    }

    /// Something waits for its turn, also of the program's own.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.typed.is_empty() || !self.housekeeping.is_empty()
    }

    /// How many lines went past the server and are unanswered.
    pub fn past_server(&self) -> impl Iterator<Item = &Item> {
        self.past_server.iter()
    }

    /// When the server was asked what it has not answered for longest.
    #[must_use]
    pub fn oldest_unanswered(&self) -> Option<u64> {
        self.under_way.iter().map(|item| item.sent_at).min()
    }
}

#[cfg(test)]
mod tests;
