//! Exchange of missed messages: for a newcomer, after a lost link, and after a split of the network.
//!
//! Problem: a message is sent once over each link, so a member without a link at that moment misses it. No member knows
//! which messages exist.
//!
//! | frame | meaning |
//! |---|---|
//! | `Have` | the ranges of numbers that the sender has of each author; sent over a new link, and again after changes |
//! | `Want` | a request for at most [`MESSAGES_PER_REQUEST`] messages of one author |
//! | `Past` | the answer; the sender does not have numbers in its range that it leaves out |
//!
//! Invariants:
//! - A member has one open request to each other member, and requests no number twice at once. So a newcomer loads
//!   from several members in parallel, and receives nothing twice.
//! - The messages of a member that is here are requested from that member only, since any other could invent them.
//! - Lost frames need no repetition: the next `Have` shows what is still missing.
//!
//! Limits against members that request or invent too much are in [`super::budget`] and [`super::quota`].

use super::Node;
use super::budget::transfer_bytes;
use super::member::{HistoryRequest, Member};
use super::ranges::Ranges;
use super::store::Author;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{
    FRAME_BYTES, HAVE_INTERVAL_MS, HISTORY_FRAME_BYTES, MESSAGES, MESSAGES_PER_REQUEST, ORIGINS, RANGES_PER_AUTHOR,
    REQUEST_TIMEOUT_MS, SLOW_MS,
};
use crate::mesh::wire::{Frame, Pieces, Saying};
use landline_common::UserName;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Returns an upper estimate of the bytes that one author with this many ranges takes in a `Have`.
fn have_bytes(ranges: usize) -> usize {
    40 + 32 * ranges
}

impl Node {
    /// Sends a member the numbers of all messages stored since the last time; of all messages over a new link.
    pub(super) fn send_have(&mut self, id: NodeId) {
        let Some(member) = self.members.get(&id) else { return };
        let since = member.have_revision;
        // Links are cheap to open, so a complete list counts for the budget.
        let is_complete = since == 0;
        let may_send = !is_complete || self.has_history_budget(id);
        if let Some(member) = self.members.get_mut(&id) {
            member.have_sent_at = self.now.ms;
            if !may_send {
                return;
            }
            member.have_revision = self.store.revision();
        }
        let mut authors = 0;
        let mut frames: Vec<BTreeMap<NodeId, Pieces>> = Vec::new();
        let mut space = 0;
        for (origin, stored) in self.store.changed_since(since) {
            // Newest first: older ranges are the more likely ones to be evicted soon.
            let ranges: Pieces = stored.iter().rev().take(RANGES_PER_AUTHOR).collect();
            let bytes = have_bytes(ranges.len());
            authors += 1;
            if bytes > space {
                frames.push(BTreeMap::new());
                space = FRAME_BYTES - 1_024;
            }
            space = space.saturating_sub(bytes);
            if let Some(frame) = frames.last_mut() {
                frame.insert(origin, ranges);
            }
        }
        if is_complete {
            self.charge_history(id, transfer_bytes(0, 0, authors));
        }
        for ranges in frames {
            self.send_to_member(id, Frame::Have { ranges });
        }
    }

    /// Returns whether a member may be sent more history.
    fn has_history_budget(&self, id: NodeId) -> bool {
        self.members.get(&id).is_some_and(|member| {
            let history = self.store.transfer_bytes();
            self.history_budgets.has_budget(member.history_sent, member.address.ip(), history, self.now.ms)
        })
    }

    /// Counts history sent to a member, in bytes.
    fn charge_history(&mut self, id: NodeId, bytes: u64) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let history = self.store.transfer_bytes();
        self.history_budgets.add(&mut member.history_sent, member.address.ip(), bytes, history, self.now.ms);
    }

    /// Notes which messages a member offers, as far as they are missing here, and requests some.
    pub(super) fn have_received(&mut self, from: NodeId, ranges: BTreeMap<NodeId, Pieces>) {
        let Some(member) = self.members.get_mut(&from) else { return };
        for (origin, pieces) in ranges {
            let mut offered = Ranges::default();
            for (first, last) in pieces.into_iter().take(RANGES_PER_AUTHOR) {
                offered.add(first, last);
            }
            if origin == from {
                member.last_seq = member.last_seq.max(offered.last().unwrap_or(0));
            }
            let missing = self.store.missing(origin, &offered);
            if origin == self.me.id || missing.is_empty() {
                member.offers.remove(&origin);
            } else if member.offers.len() < ORIGINS || member.offers.contains_key(&origin) {
                member.offers.insert(origin, missing);
            }
        }
        self.request_missing(&[from]);
    }

    /// Sends each of these members a request, if it has no open one and offers messages that are not requested from
    /// others.
    fn request_missing(&mut self, members: &[NodeId]) {
        let mut requested: BTreeMap<NodeId, Ranges> = BTreeMap::new();
        for request in self.members.values().filter_map(|member| member.request) {
            requested.entry(request.origin).or_default().add(request.from, request.to);
        }
        for id in members {
            let Some(request) = self.next_request(*id, &requested) else { continue };
            let HistoryRequest { origin, from, to, .. } = request;
            if let Some(member) = self.members.get_mut(id) {
                member.request = Some(request);
            }
            requested.entry(origin).or_default().add(from, to);
            self.send_to_member(*id, Frame::Want { origin, from, to });
        }
    }

    /// Returns the next request to a member, apart from the numbers in `requested`.
    ///
    /// Looks at the member's offers only up to the first one that is missing, and removes those that are not missing any
    /// more. So the cost of an answer does not grow with the number of offers.
    fn next_request(&mut self, id: NodeId, requested: &BTreeMap<NodeId, Ranges>) -> Option<HistoryRequest> {
        let at = self.now.ms;
        let member = self.members.get_mut(&id)?;
        let budget = MESSAGES.saturating_sub(member.history_received.counted(at));
        let max = u64::try_from(budget).unwrap_or(MESSAGES_PER_REQUEST).min(MESSAGES_PER_REQUEST);
        if !member.is_linked() || member.request.is_some() || member.slow_until > at || max == 0 {
            return None;
        }
        let mut offers = std::mem::take(&mut member.offers);
        let mut exhausted = Vec::new();
        let may_ask_for = |origin: NodeId| origin == id || !self.members.contains_key(&origin);
        let request = offers.iter_mut().filter(|(origin, _)| may_ask_for(**origin)).find_map(|(origin, offered)| {
            *offered = self.store.missing(*origin, offered);
            if offered.is_empty() {
                exhausted.push(*origin);
            }
            let free = requested.get(origin).map(|others| offered.difference(others));
            let (from, to) = free.as_ref().unwrap_or(offered).iter().next()?;
            Some(HistoryRequest { origin: *origin, from, to: to.min(from + max - 1), at })
        });
        for origin in exhausted {
            offers.remove(&origin);
        }
        if let Some(member) = self.members.get_mut(&id) {
            member.offers = offers;
        }
        request
    }

    /// Answers a request with as many messages as fit into one frame; not at all if the member is over its budget.
    pub(super) fn want_received(&mut self, from: NodeId, origin: NodeId, first: u64, last: u64) {
        if !self.has_history_budget(from) {
            return;
        }
        let mut says = Vec::new();
        let mut text_bytes = 0;
        let mut bytes = 0;
        let mut to = last;
        for (lamport, message) in self.store.messages_of(origin, first, last) {
            let text = message.text.to_string();
            let saying = Saying { seq: message.seq, lamport, at: message.at, text };
            bytes += saying.bytes();
            if bytes > HISTORY_FRAME_BYTES && !says.is_empty() {
                break;
            }
            to = saying.seq;
            text_bytes += saying.text.len();
            says.push(saying);
        }
        if bytes <= HISTORY_FRAME_BYTES {
            to = last;
        }
        self.charge_history(from, transfer_bytes(text_bytes, says.len(), 1));
        let author = self.store.author(origin);
        let name = author.map_or(String::new(), |author| author.name.to_string());
        let key = author.map_or(String::new(), |author| author.key.to_string());
        self.send_to_member(from, Frame::Past { origin, name, key, from: first, to, says });
    }

    /// Stores the answer to a request. Ignores answers that were not requested.
    pub(super) fn past_received(
        &mut self,
        from: NodeId,
        origin: NodeId,
        name: &str,
        key: &str,
        range: RangeInclusive<u64>,
        says: Vec<Saying>,
    ) {
        let Some(member) = self.members.get_mut(&from) else { return };
        let request = member.request.filter(|request| request.origin == origin && request.from == *range.start());
        let Some(request) = request else { return };
        member.request = None;
        member.history_received.add(says.len(), self.now.ms);
        // The member does not have the numbers that it left out.
        if let Some(offered) = member.offers.get_mut(&origin) {
            offered.remove(request.from, request.to.min(*range.end()));
        }
        // The author may have come since the request. Then only its own word counts.
        let may_tell = from == origin || !self.members.contains_key(&origin);
        if may_tell && let Some(author) = self.verified_author(origin, name, key) {
            // An invented past must not sort behind messages that are sent now.
            let max_lamport = if from == origin { self.max_author_lamport() } else { self.max_lamport() };
            for saying in says.into_iter().filter(|saying| saying.seq <= request.to && saying.lamport <= max_lamport) {
                self.add_past_message(from, origin, &author, saying);
            }
        }
        self.request_missing(&[from]);
    }

    /// Returns an author's identity: from its link if it is here; else as it was first received, if the id is bound to
    /// the key.
    fn verified_author(&self, origin: NodeId, name: &str, key: &str) -> Option<Author> {
        if let Some(Member { name, key, .. }) = self.members.get(&origin) {
            return Some(Author { name: name.as_str().into(), key: *key });
        }
        if let Some(author) = self.store.author(origin) {
            return Some(author.clone());
        }
        let key = key.parse().ok().filter(|key| origin.belongs_to(key))?;
        Some(Author { name: UserName::parse(name).ok()?.as_str().into(), key })
    }

    /// Stores a missed message. Emits it if it was sent after the start of this node; older ones are only in the history.
    fn add_past_message(&mut self, from: NodeId, origin: NodeId, author: &Author, saying: Saying) {
        let Some((id, saying)) = self.store_message(from, origin, author, saying) else { return };
        let start = self.members.get(&origin).map_or(self.started_wall_ms, |author| author.start_by_peer_clock);
        if saying.at >= start {
            self.emit_said(id, origin, &saying);
        }
    }

    /// Gives up late requests, tells members of new messages, and sends further requests.
    pub(super) fn tick_catch_up(&mut self) {
        let now = self.now.ms;
        for member in self.members.values_mut() {
            if member.request.is_some_and(|request| request.at + REQUEST_TIMEOUT_MS <= now) {
                member.request = None;
                member.slow_until = now + SLOW_MS;
            }
        }
        let revision = self.store.revision();
        let is_outdated = |member: &Member| {
            member.is_linked() && member.have_revision < revision && member.have_sent_at + HAVE_INTERVAL_MS <= now
        };
        let outdated: Vec<NodeId> =
            self.members.iter().filter(|(_, member)| is_outdated(member)).map(|(id, _)| *id).collect();
        for id in outdated {
            self.send_have(id);
        }
        let all: Vec<NodeId> = self.members.keys().copied().collect();
        self.request_missing(&all);
    }
}
