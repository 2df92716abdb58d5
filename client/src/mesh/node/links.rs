//! Links come and go; of two to one member, both sides keep the same one.

use super::member::Member;
use super::{Dial, Node, NodeEffect};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{
    DEAD_MS, FRAMES, GRACE_MS, HANDSHAKE_MS, JOINS, LINKS, LINKS_PER_ADDRESS, PEERS, PEERS_PER_ADDRESS, PING_MS,
    REFUSED, REFUSED_MS, SAME_CLOCK_MS,
};
use crate::mesh::wire::Frame;
use crate::rate_counter::RateCounter;
use landline_common::link::PublicKey;
use landline_common::{EventKind, UserName};
use std::net::{IpAddr, SocketAddr};

/// One link.
#[derive(Debug)]
pub struct Link {
    pub key: PublicKey,
    address: SocketAddr,
    dial: Option<Dial>,
    opened: u64,
    heard: u64,
    spoken: u64,
    /// Who is at the other end, once they said so.
    pub member: Option<NodeId>,
    /// Of two links, both sides keep the one that ranks higher: dialled by the lower id, then dialled later.
    rank: (bool, u64),
    frames: RateCounter,
}

/// What a member says first on a link.
#[derive(Debug)]
pub struct Introduction {
    pub id: NodeId,
    pub name: String,
    pub clock: u64,
    pub dial: u64,
    pub top: u64,
    pub at: i64,
}

impl Node {
    pub(super) fn opened(&mut self, number: u64, key: PublicKey, address: SocketAddr, dial: Option<Dial>) {
        let now = self.now.ms;
        if let Some(dial) = dial {
            self.table.answered(dial.id, now);
        }
        let refused = self.refused.iter().any(|(refused, until)| *refused == key && *until > now);
        let there = self.links.values().filter(|link| link.address.ip() == address.ip()).count();
        if refused || self.links.len() >= LINKS || there >= LINKS_PER_ADDRESS {
            dial.iter().for_each(|dial| self.table.came_to_nothing(dial.id, address, now));
            return self.effects.push(NodeEffect::Close(number));
        }
        let (member, rank, frames) = (None, (false, 0), RateCounter::default());
        let link = Link { key, address, dial, opened: now, heard: now, spoken: now, member, rank, frames };
        self.links.insert(number, link);
        let (id, name) = (self.me.id, self.me.name.to_string());
        let dial = dial.map_or(0, |dial| dial.number);
        let at = self.now.wall.unix_ms.max(0);
        self.send(number, Frame::Hello { id, name, clock: self.clock, dial, top: self.said, at });
    }

    /// Something came over a link.
    pub(super) fn frame(&mut self, number: u64, frame: Frame) {
        let now = self.now.ms;
        let Some(link) = self.links.get_mut(&number) else { return };
        link.heard = now;
        if link.frames.count(now) > FRAMES {
            return self.refuse(number);
        }
        let member = link.member;
        match (member, frame) {
            (None, Frame::Hello { id, name, clock, dial, top, at }) => {
                self.introduced(number, Introduction { id, name, clock, dial, top, at });
            }
            // Whoever does not say first who they are is no member.
            (None, _) => self.close(number),
            (Some(_), Frame::Bye) => self.said_bye(number),
            (Some(id), Frame::Say { seq, lamport, at, text }) => self.heard_say(id, (seq, lamport), at, &text),
            (Some(id), Frame::Private { number, at, text }) => self.heard_private(id, number, at, &text),
            (Some(id), Frame::Got { number }) => self.heard_got(id, number),
            (Some(id), Frame::Have { ranges }) => self.heard_have(id, ranges),
            (Some(id), Frame::Want { origin, from, to }) => self.heard_want(id, origin, from, to),
            (Some(id), Frame::Past { origin, name, key, from, to, says }) => {
                self.heard_past(id, (origin, &name, &key), (from, to), says);
            }
            (Some(_), Frame::Hello { .. } | Frame::Ping | Frame::Unknown) => {}
        }
    }

    fn introduced(&mut self, number: u64, who: Introduction) {
        let Some(link) = self.links.get_mut(&number) else { return };
        let name = UserName::parse(&who.name).ok().filter(|name| name.check_new().is_ok());
        let Some(name) = name else { return self.close(number) };
        let ours = self.me.id < who.id;
        link.rank = match link.dial {
            Some(dial) => (ours, dial.number),
            None => (!ours, who.dial),
        };
        let (rank, key, address) = (link.rank, link.key, link.address);
        let known = self.members.get(&who.id);
        let other =
            known.and_then(|member| member.link.ok()).and_then(|other| Some((other, self.links.get(&other)?.rank)));
        // Hellos show everybody's id to everybody: only the key makes it theirs.
        let stranger =
            who.id == self.me.id || !who.id.belongs_to(&key) || known.is_some_and(|member| member.key != key);
        let new = known.is_none();
        if stranger || (new && !self.has_room(address.ip())) || other.is_some_and(|(_, other)| other >= rank) {
            return self.close(number);
        }
        if let Some(link) = self.links.get_mut(&number) {
            link.member = Some(who.id);
            // Somebody else's hello led here.
            let mistaken = link.dial.filter(|dial| dial.id != who.id);
            mistaken.iter().for_each(|dial| self.table.came_to_nothing(dial.id, link.address, self.now.ms));
        }
        self.observe(who.clock);
        self.table.linked(who.id);
        self.store.came(who.id, address.ip());
        match self.members.get_mut(&who.id) {
            Some(member) => {
                (member.link, member.address, member.told) = (Ok(number), address, (0, 0));
                (member.want, member.slow_until) = (None, 0);
            }
            None => self.joined(who.id, name, key, (number, address)),
        }
        if let Some(member) = self.members.get_mut(&who.id) {
            member.top = member.top.max(who.top);
            let theirs = who.at.saturating_sub_unsigned(self.now.ms.saturating_sub(self.started));
            // What a hello took on its way looks like a difference, too.
            let same = theirs.abs_diff(self.began) < SAME_CLOCK_MS;
            member.began = if same { self.began } else { theirs };
        }
        if let Some((other, _)) = other {
            self.end(other);
        }
        self.tell_what_is_here(who.id);
        self.repeat_lost_privates(who.id);
    }

    /// Whether one more member can be at that address.
    fn has_room(&mut self, ip: IpAddr) -> bool {
        let now = self.now.ms;
        self.joins.retain(|_, joins| !joins.has_ended(now));
        let there = self.members.values().filter(|member| member.address.ip() == ip).count();
        let room = self.members.len() < PEERS && there < PEERS_PER_ADDRESS && self.joins.len() < PEERS;
        room && self.joins.entry(ip).or_default().count(now) <= JOINS
    }

    fn joined(&mut self, id: NodeId, name: UserName, key: PublicKey, (link, address): (u64, SocketAddr)) {
        // Somebody who started again is not two people.
        let before = self
            .members
            .iter()
            .find(|(_, member)| !member.is_linked() && member.key == key && member.name.key() == name.key());
        if let Some(before) = before.map(|(id, _)| *id) {
            self.left(before);
        }
        let shown = self.name_for(id, &name, key);
        self.members.insert(id, Member::new((name.clone(), shown.clone()), key, (link, address), self.now.ms));
        self.meet(&name, key, (address, &shown));
        self.tell(EventKind::Joined { user: String::from(shown).into(), room: super::ROOM.into() });
    }

    /// A link is gone, whoever ended it.
    pub(super) fn lost(&mut self, number: u64) {
        let Some(link) = self.links.remove(&number) else { return };
        self.dialled_for_nothing(&link);
        let Some(member) = link.member.and_then(|id| self.members.get_mut(&id)) else { return };
        let now = self.now.ms;
        if member.link == Ok(number) {
            (member.link, member.want) = (Err(now), None);
            link.member.iter().for_each(|id| self.table.lost(*id, now));
        } else {
            // What was sent over it may not have arrived.
            member.told = (0, 0);
        }
    }

    /// Whoever ends a link that we dialled before they have said who they are is dialled more and more rarely.
    fn dialled_for_nothing(&mut self, link: &Link) {
        let linked = |id| self.members.get(&id).is_some_and(Member::is_linked);
        if let (None, Some(dial)) = (link.member, link.dial)
            && !linked(dial.id)
        {
            self.table.came_to_nothing(dial.id, link.address, self.now.ms);
        }
    }

    /// Ends a link.
    pub(super) fn close(&mut self, number: u64) {
        self.lost(number);
        self.effects.push(NodeEffect::Close(number));
    }

    /// Ends one of two links to a member.
    fn end(&mut self, number: u64) {
        self.links.remove(&number);
        self.effects.push(NodeEffect::Close(number));
    }

    fn said_bye(&mut self, number: u64) {
        let Some(id) = self.links.get(&number).and_then(|link| link.member) else { return };
        let current = self.members.get(&id).is_some_and(|member| member.link == Ok(number));
        self.close(number);
        if current {
            self.table.forget(id);
            self.left(id);
        }
    }

    /// Nothing more is heard of a flooder for a while.
    pub(super) fn refuse(&mut self, number: u64) {
        let Some(link) = self.links.get(&number) else { return };
        let (key, member) = (link.key, link.member);
        self.refused.retain(|(_, until)| *until > self.now.ms);
        if self.refused.len() >= REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back((key, self.now.ms + REFUSED_MS));
        let shown = member.and_then(|id| self.members.get(&id)).map(|member| member.shown.clone());
        if let Some(shown) = shown {
            let text = format!("{shown} floods the mesh; nothing of them is heard for a minute");
            self.tell(EventKind::info(text));
        }
        self.close(number);
        if let Some(id) = member {
            self.left(id);
        }
    }

    pub(super) fn look_after_links(&mut self) {
        let now = self.now.ms;
        let dead = |link: &Link| {
            let silent = link.member.is_none() && link.opened + HANDSHAKE_MS <= now;
            silent || link.heard + DEAD_MS <= now
        };
        let dead: Vec<u64> = self.links.iter().filter(|(_, link)| dead(link)).map(|(number, _)| *number).collect();
        dead.into_iter().for_each(|number| self.close(number));
        let quiet = self.links.iter().filter(|(_, link)| link.member.is_some() && link.spoken + PING_MS <= now);
        let quiet: Vec<u64> = quiet.map(|(number, _)| *number).collect();
        quiet.into_iter().for_each(|number| self.send(number, Frame::Ping));
    }

    /// Whoever was lost and did not come back has left.
    pub(super) fn look_after_members(&mut self) {
        let now = self.now.ms;
        let gone = |member: &Member| member.link.is_err_and(|at| at + GRACE_MS <= now);
        let gone: Vec<NodeId> = self.members.iter().filter(|(_, member)| gone(member)).map(|(id, _)| *id).collect();
        gone.into_iter().for_each(|id| self.left(id));
    }

    fn left(&mut self, id: NodeId) {
        let Some(member) = self.members.remove(&id) else { return };
        self.store.left(id);
        let shown = String::from(member.shown);
        for unanswered in member.unanswered {
            let text = format!("{shown} went before this had arrived for certain: {}", unanswered.text);
            self.tell(EventKind::info(text));
        }
        self.tell(EventKind::Disconnected { user: shown.into() });
    }

    pub(super) fn send(&mut self, number: u64, frame: Frame) {
        if let Some(link) = self.links.get_mut(&number) {
            link.spoken = self.now.ms;
            self.effects.push(NodeEffect::Send(number, frame));
        }
    }

    /// Sends something to a member, if there is a link.
    pub(super) fn send_to(&mut self, id: NodeId, frame: Frame) {
        if let Some(number) = self.members.get(&id).and_then(|member| member.link.ok()) {
            self.send(number, frame);
        }
    }

    /// Says good-bye to everybody.
    pub(super) fn leave(&mut self) {
        let all: Vec<u64> = self.links.keys().copied().collect();
        all.into_iter().for_each(|number| self.send(number, Frame::Bye));
        self.effects.push(NodeEffect::Leave);
    }
}
