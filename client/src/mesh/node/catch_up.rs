//! What was missed: each tells the other what it has of each author, and asks for what is missing, from one member at
//! a time for each part, so that a newcomer is told by several, and nothing twice.

use super::budget::told_bytes;
use super::member::{Member, Want};
use super::ranges::Ranges;
use super::store::Author;
use super::{Node, ROOM};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{FRAME_BYTES, HAVE_MS, MESSAGES, ORIGINS, PAST_BYTES, PIECES, SLOW_MS, WANT, WANT_MS};
use crate::mesh::wire::{Frame, Pieces, Saying};
use landline_common::{EventKind, UserName};
use std::collections::BTreeMap;

/// Bytes that one author takes in a frame that says what there is, with so many pieces; about.
fn have_bytes(pieces: usize) -> usize {
    40 + 32 * pieces
}

impl Node {
    /// Tells a member what is here, as far as it has changed since they were told last.
    pub(super) fn tell_what_is_here(&mut self, id: NodeId) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let told = member.told.0;
        // Everything, as on each new link: links are cheap to open.
        let is_first = told == 0;
        if is_first && !self.may_be_told(id) {
            if let Some(member) = self.members.get_mut(&id) {
                member.told.1 = self.now.ms;
            }
            return;
        }
        if let Some(member) = self.members.get_mut(&id) {
            member.told = (self.store.changes(), self.now.ms);
        }
        let mut authors = 0;
        let mut frames: Vec<BTreeMap<NodeId, Pieces>> = Vec::new();
        let mut room = 0;
        for (origin, has) in self.store.changed_since(told) {
            // The latest pieces: what is older was perhaps never wanted.
            let pieces: Pieces = has.iter().rev().take(PIECES).collect();
            let bytes = have_bytes(pieces.len());
            authors += 1;
            if bytes > room {
                frames.push(BTreeMap::new());
                room = FRAME_BYTES - 1_024;
            }
            room = room.saturating_sub(bytes);
            frames.last_mut().and_then(|frame| frame.insert(origin, pieces));
        }
        if is_first {
            self.was_told(id, told_bytes(0, 0, authors));
        }
        frames.into_iter().for_each(|ranges| self.send_to(id, Frame::Have { ranges }));
    }

    /// Whether a member may be told more of the past.
    fn may_be_told(&self, id: NodeId) -> bool {
        let open = |member: &Member| {
            self.told.is_open(member.past_told, member.address.ip(), self.store.told_bytes(), self.now.ms)
        };
        self.members.get(&id).is_some_and(open)
    }

    /// A member was told so much of the past.
    fn was_told(&mut self, id: NodeId, bytes: u64) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let (address, history) = (member.address.ip(), self.store.told_bytes());
        self.told.add(&mut member.past_told, address, bytes, history, self.now.ms);
    }

    /// A member has this.
    pub(super) fn heard_have(&mut self, from: NodeId, ranges: BTreeMap<NodeId, Pieces>) {
        let Some(member) = self.members.get_mut(&from) else { return };
        for (origin, pieces) in ranges {
            let mut has = Ranges::default();
            pieces.iter().take(PIECES).for_each(|(from, to)| has.add(*from, *to));
            if origin == from {
                member.top = member.top.max(has.last().unwrap_or(0));
            }
            let missing = self.store.missing(origin, &has);
            if origin == self.me.id || missing.is_empty() {
                member.offers.remove(&origin);
            } else if member.offers.len() < ORIGINS || member.offers.contains_key(&origin) {
                member.offers.insert(origin, missing);
            }
        }
        self.ask(&[from]);
    }

    /// Asks each of these members for something else than what others are asked for, if they have it.
    fn ask(&mut self, members: &[NodeId]) {
        let mut asked: BTreeMap<NodeId, Ranges> = BTreeMap::new();
        for want in self.members.values().filter_map(|member| member.want) {
            asked.entry(want.origin).or_default().add(want.from, want.to);
        }
        for id in members {
            let Some(want) = self.next_want(*id, &asked) else { continue };
            let Want { origin, from, to, .. } = want;
            if let Some(member) = self.members.get_mut(id) {
                member.want = Some(want);
            }
            asked.entry(origin).or_default().add(from, to);
            self.send_to(*id, Frame::Want { origin, from, to });
        }
    }

    /// What a member is to be asked for next. Who is here is asked for their own words: others could tell anything.
    /// Offers are looked at only up to that, and go when nothing of them is missing any more: an answer costs little,
    /// however much was offered.
    fn next_want(&mut self, id: NodeId, asked: &BTreeMap<NodeId, Ranges>) -> Option<Want> {
        let at = self.now.ms;
        let member = self.members.get_mut(&id)?;
        let left = u64::try_from(MESSAGES.saturating_sub(member.past.counted(at))).unwrap_or(WANT).min(WANT);
        if !member.is_linked() || member.want.is_some() || member.slow_until > at || left == 0 {
            return None;
        }
        let (mut offers, mut known) = (std::mem::take(&mut member.offers), Vec::new());
        let may_tell = |origin: NodeId| origin == id || !self.members.contains_key(&origin);
        let want = offers.iter_mut().filter(|(origin, _)| may_tell(**origin)).find_map(|(origin, offered)| {
            *offered = self.store.missing(*origin, offered);
            if offered.is_empty() {
                known.push(*origin);
            }
            let free = asked.get(origin).map(|others| offered.without(others));
            let (from, to) = free.as_ref().unwrap_or(offered).iter().next()?;
            Some(Want { origin: *origin, from, to: to.min(from + left - 1), at })
        });
        known.iter().for_each(|origin| drop(offers.remove(origin)));
        if let Some(member) = self.members.get_mut(&id) {
            member.offers = offers;
        }
        want
    }

    /// Answers with as much as fits into one frame, unless the member was told enough lately.
    pub(super) fn heard_want(&mut self, from: NodeId, origin: NodeId, first: u64, last: u64) {
        if !self.may_be_told(from) {
            return;
        }
        let (mut says, mut texts, mut bytes, mut to) = (Vec::new(), 0, 0, last);
        for (lamport, message) in self.store.of(origin, first, last) {
            let text = message.text.to_string();
            let saying = Saying { seq: message.seq, lamport, at: message.at, text };
            bytes += saying.bytes();
            if bytes > PAST_BYTES && !says.is_empty() {
                break;
            }
            to = saying.seq;
            texts += saying.text.len();
            says.push(saying);
        }
        if bytes <= PAST_BYTES {
            to = last;
        }
        self.was_told(from, told_bytes(texts, says.len(), 1));
        let author = self.store.author(origin);
        let name = author.map_or(String::new(), |author| author.name.to_string());
        let key = author.map_or(String::new(), |author| author.key.to_string());
        self.send_to(from, Frame::Past { origin, name, key, from: first, to, says });
    }

    /// What was asked for. Whatever is not in it, that member does not have.
    pub(super) fn heard_past(
        &mut self,
        from: NodeId,
        (origin, name, key): (NodeId, &str, &str),
        (first, last): (u64, u64),
        says: Vec<Saying>,
    ) {
        let Some(member) = self.members.get_mut(&from) else { return };
        let Some(want) = member.want.filter(|want| want.origin == origin && want.from == first) else { return };
        member.want = None;
        member.past.add(says.len(), self.now.ms);
        if let Some(offered) = member.offers.get_mut(&origin) {
            offered.remove(first, last.min(want.to));
        }
        // They may have come since somebody else was asked.
        let own = from == origin || !self.members.contains_key(&origin);
        if own && let Some(author) = self.author_of(origin, name, key) {
            // Nothing comes after what can be said now.
            let latest = if from == origin { self.latest() } else { self.horizon() };
            for saying in says.into_iter().filter(|saying| saying.seq <= want.to && saying.lamport <= latest) {
                self.learn_late(from, origin, &author, saying);
            }
        }
        self.ask(&[from]);
    }

    /// Who an author is: by themselves if they are here, or as it was told first, if the id goes with the key.
    fn author_of(&self, origin: NodeId, name: &str, key: &str) -> Option<Author> {
        if let Some(Member { name, key, .. }) = self.members.get(&origin) {
            return Some(Author { name: name.as_str().into(), key: *key });
        }
        if let Some(author) = self.store.author(origin) {
            return Some(author.clone());
        }
        let key = key.parse().ok().filter(|key| origin.belongs_to(key))?;
        Some(Author { name: UserName::parse(name).ok()?.as_str().into(), key })
    }

    /// Something that was said earlier. What was said since this began is shown at its place; the rest is history.
    fn learn_late(&mut self, from: NodeId, origin: NodeId, author: &Author, saying: Saying) {
        let Saying { seq, lamport, at, text } = saying;
        let Some((id, text)) = self.learn(from, (lamport, origin), author, seq, (at, &text)) else { return };
        // When that was is told by the author's clock.
        if at >= self.members.get(&origin).map_or(self.began, |author| author.began) {
            let user = self.author_name(origin, seq).into();
            self.tell_at(at, EventKind::Said { id, room: ROOM.into(), user, text: text.into() });
        }
    }

    /// Time has passed: whoever does not answer is slow, and all are told what is new.
    pub(super) fn catch_up(&mut self) {
        let now = self.now.ms;
        for member in self.members.values_mut() {
            if member.want.is_some_and(|want| want.at + WANT_MS <= now) {
                (member.want, member.slow_until) = (None, now + SLOW_MS);
            }
        }
        let changes = self.store.changes();
        let stale = |member: &Member| member.is_linked() && member.told.0 < changes && member.told.1 + HAVE_MS <= now;
        let stale: Vec<NodeId> = self.members.iter().filter(|(_, member)| stale(member)).map(|(id, _)| *id).collect();
        stale.into_iter().for_each(|id| self.tell_what_is_here(id));
        let all: Vec<NodeId> = self.members.keys().copied().collect();
        self.ask(&all);
    }
}
