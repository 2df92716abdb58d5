//! What is to be sent, what was sent and is not answered yet, and how fast lines may go.

use super::conversation::Place;
use super::limits::WAITING;
use std::collections::VecDeque;

/// So many lines go out in so many milliseconds. Servers drop what comes faster than 10 in 5 s; a network that holds
/// some lines up brings them closer together than they were sent, so there is a second to spare.
const LINES: usize = 9;
const PER_MS: u64 = 6_000;
/// How often the server is asked for a sign of life, unless people want it otherwise.
pub const PING_MS: u64 = 10_000;
/// No answer for so long: the connection is dead.
const DEAD_MS: u64 = 15_000;

/// What a line is sent for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// One's own line, by its key.
    Own(Place, u64),
    /// A command that somebody typed.
    Typed,
    /// A typed command that looks things up in the history.
    Recall,
    /// A typed command that searches.
    Search,
    /// Going into a room; `true` if somebody asked for it just now.
    Enter(Box<str>, bool),
    /// Making a room the one that the server takes talk for.
    Switch(Box<str>),
    /// Fetching what was missed in a room: the how manieth page.
    CatchUp(Box<str>, usize),
    /// Fetching what was said before the first line.
    Older(Box<str>),
    /// Who is in a room.
    Who(Box<str>),
    /// Who is online.
    Online,
    /// Which rooms there are.
    Rooms,
    /// A sign of life: everything sent before it has been dealt with when it is answered.
    Barrier(u64),
}

impl Errand {
    /// The server sends it back.
    fn comes_back(&self) -> bool {
        matches!(self, Errand::Own(place, _) if !matches!(place, Place::Person(_)))
    }

    /// Only a barrier tells when it has been dealt with: of what is done well nothing is heard.
    fn needs_barrier(&self) -> bool {
        matches!(self, Errand::Own(Place::Person(_), _))
    }
}

/// A line that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The line.
    pub line: String,
    /// The room (in small letters) that must be the current one for it.
    pub within: Option<Box<str>>,
    /// What for.
    pub errand: Errand,
}

/// The queue, and what is on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    queue: VecDeque<Item>,
    in_flight: VecDeque<(Errand, u64)>,
    /// One's own lines that were not refused, and have not come back.
    late: VecDeque<(Errand, u64)>,
    sent_at: VecDeque<u64>,
    /// Fewer lines than usual, because the server complained.
    fewer: usize,
    current: Option<Box<str>>,
    tokens: u64,
    last_ping: u64,
    ping_ms: u64,
    /// How long the last sign of life took.
    pub latency: Option<u64>,
}

impl Outgoing {
    /// Nothing to send yet; the server will be asked for a sign of life each so many milliseconds.
    #[must_use]
    pub fn every(ping_ms: u64) -> Outgoing {
        Outgoing {
            queue: VecDeque::new(),
            in_flight: VecDeque::new(),
            late: VecDeque::new(),
            sent_at: VecDeque::new(),
            fewer: 0,
            current: None,
            tokens: 0,
            last_ping: 0,
            ping_ms,
            latency: None,
        }
    }

    /// A new connection, on which the server takes talk for `room`. The sign-in was `lines`, too.
    pub fn begin(&mut self, room: &str, lines: usize, now: u64) {
        self.in_flight.clear();
        self.late.clear();
        self.sent_at = std::iter::repeat_n(now, lines).collect();
        self.current = Some(room.to_lowercase().into());
        (self.fewer, self.last_ping, self.latency) = (0, now, None);
    }

    /// The connection is gone. Gives back which of one's own lines were on their way; what was asked without anybody
    /// having typed it is forgotten.
    pub fn end(&mut self) -> Vec<(Place, u64)> {
        let own = |(errand, _): (Errand, u64)| match errand {
            Errand::Own(place, key) => Some((place, key)),
            _ => None,
        };
        let late = std::mem::take(&mut self.late);
        let lost = late.into_iter().chain(std::mem::take(&mut self.in_flight)).filter_map(own).collect();
        self.queue.retain(|item| {
            matches!(item.errand, Errand::Own(..) | Errand::Typed | Errand::Recall | Errand::Search)
                || matches!(item.errand, Errand::Enter(_, true))
        });
        (self.current, self.latency) = (None, None);
        lost
    }

    /// Puts a line at the end of the queue. `false` if too many wait.
    pub fn push(&mut self, item: Item) -> bool {
        let room = self.queue.len() < WAITING;
        if room {
            self.queue.push_back(item);
        }
        room
    }

    /// Puts lines at the head of the queue, in their order.
    pub fn push_first(&mut self, items: Vec<Item>) {
        for item in items.into_iter().rev() {
            self.queue.push_front(item);
        }
        self.queue.truncate(2 * WAITING);
    }

    /// Forgets waiting lines that `gone` says are no longer wanted.
    pub fn drop_waiting(&mut self, gone: impl Fn(&Errand) -> bool) {
        self.queue.retain(|item| !gone(&item.errand));
    }

    /// How many lines wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether a line for such an errand waits or is on its way.
    pub fn has(&self, is_it: impl Fn(&Errand) -> bool) -> bool {
        self.queue.iter().any(|item| is_it(&item.errand)) || self.in_flight.iter().any(|(errand, _)| is_it(errand))
    }

    /// The next line to send, if one may go now. `held` says what must wait for something else.
    pub fn next(&mut self, now: u64, held: impl Fn(&Errand) -> bool) -> Option<String> {
        if !self.may_send(now) {
            return None;
        }
        let (line, errand) = self.take(now, held)?;
        self.sent_at.push_back(now);
        self.in_flight.push_back((errand, now));
        Some(line)
    }

    fn take(&mut self, now: u64, held: impl Fn(&Errand) -> bool) -> Option<(String, Errand)> {
        if now >= self.last_ping + self.ping_ms {
            return Some(self.barrier(now));
        }
        let Some(at) = self.queue.iter().position(|item| !held(&item.errand)) else {
            let asks = self.in_flight.iter().rev().take_while(|(errand, _)| !matches!(errand, Errand::Barrier(_)));
            let wanted = asks.into_iter().any(|(errand, _)| errand.needs_barrier());
            return wanted.then(|| self.barrier(now));
        };
        let room = self.queue[at].within.clone();
        if let Some(room) = room
            && self.current.as_ref() != Some(&room)
        {
            self.current = Some(room.clone());
            return Some((format!("/join {room}"), Errand::Switch(room)));
        }
        let item = self.queue.remove(at)?;
        match &item.errand {
            Errand::Enter(room, _) => self.current = Some(room.clone()),
            // Which room the server takes then, it alone knows.
            Errand::Typed if item.line.starts_with("/leave") => self.current = None,
            _ => {}
        }
        Some((item.line, item.errand))
    }

    fn barrier(&mut self, now: u64) -> (String, Errand) {
        self.tokens += 1;
        self.last_ping = now;
        (format!("/ping landline-{}", self.tokens), Errand::Barrier(self.tokens))
    }

    fn may_send(&mut self, now: u64) -> bool {
        while self.sent_at.front().is_some_and(|at| *at + PER_MS <= now) {
            self.sent_at.pop_front();
        }
        self.sent_at.len() < LINES.saturating_sub(self.fewer).max(1)
    }

    /// The server said that lines come too fast, and dropped some: nobody knows which, so no answer is waited for.
    pub fn slow_down(&mut self, now: u64) {
        self.fewer = (self.fewer + 2).min(LINES - 1);
        self.sent_at = std::iter::repeat_n(now, LINES).collect();
        self.in_flight.retain(|(errand, _)| !matches!(errand, Errand::Barrier(_)));
    }

    /// A sign of life. Gives back what has been dealt with by then, in order.
    pub fn pong(&mut self, token: &str, now: u64) -> Option<Vec<Errand>> {
        let token: u64 = token.strip_prefix("landline-")?.parse().ok()?;
        let is_it = |(errand, _): &(Errand, u64)| *errand == Errand::Barrier(token);
        // An answer to one that was given up is ours as well.
        let Some(at) = self.in_flight.iter().position(is_it) else { return Some(Vec::new()) };
        self.latency = Some(now.saturating_sub(self.in_flight[at].1));
        let (late, done): (Vec<_>, Vec<_>) = self.in_flight.drain(..=at).partition(|(errand, _)| errand.comes_back());
        self.late.extend(late);
        Some(done.into_iter().map(|(errand, _)| errand).collect())
    }

    /// What an answer belongs to: the first errand on its way of which `is_it` holds. It counts as dealt with.
    pub fn answered(&mut self, is_it: impl Fn(&Errand) -> bool) -> Option<Errand> {
        let at = self.in_flight.iter().position(|(errand, _)| is_it(errand))?;
        self.in_flight.remove(at).map(|(errand, _)| errand)
    }

    /// One's own line has come back, or is given up.
    pub fn came_back(&mut self, key: u64) {
        let is_it = |errand: &Errand| matches!(errand, Errand::Own(_, other) if *other == key);
        self.in_flight.retain(|(errand, _)| !is_it(errand));
        self.late.retain(|(errand, _)| !is_it(errand));
        self.queue.retain(|item| !is_it(&item.errand));
    }

    /// What is on its way, oldest first.
    pub fn in_flight(&self) -> impl Iterator<Item = &Errand> {
        self.in_flight.iter().map(|(errand, _)| errand)
    }

    /// One's own lines that went out long ago, and did not come back although the server has gone on.
    #[must_use]
    pub fn overdue(&self, now: u64) -> Vec<(Place, u64)> {
        let late = self.late.iter().filter(|(_, at)| *at + DEAD_MS < now);
        late.filter_map(|(errand, _)| match errand {
            Errand::Own(place, key) => Some((place.clone(), *key)),
            _ => None,
        })
        .collect()
    }

    /// No sign of life for too long.
    #[must_use]
    pub fn is_dead(&self, now: u64) -> bool {
        let first = self.in_flight.iter().find(|(errand, _)| matches!(errand, Errand::Barrier(_)));
        first.is_some_and(|(_, at)| *at + DEAD_MS < now)
    }
}

#[cfg(test)]
mod tests;
