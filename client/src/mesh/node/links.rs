//! The links to other members, and which of two links to one member stays.
//!
//! Two members may dial each other at once. Both sides rank links alike ([`LinkRank`]) and keep the higher one, so they
//! never close both.
//!
//! | state of a link | next |
//! |---|---|
//! | open, no hello yet | the peer's hello arrives: introduced, or closed if it is not acceptable |
//! | open, no hello within [`HANDSHAKE_MS`] | closed |
//! | introduced | closed after [`LINK_TIMEOUT_MS`] without a frame, at a goodbye, or if a higher link comes |
//!
//! A member whose link is lost has [`REJOIN_GRACE_MS`] to come back before it counts as gone.

use super::member::{Member, MemberLink};
use super::{Dial, Node, NodeEffect};
use crate::mesh::id::NodeId;
use crate::mesh::limits::{
    FLOOD_FRAMES, HANDSHAKE_MS, JOINS, LINK_TIMEOUT_MS, LINKS, LINKS_PER_ADDRESS, PEERS, PEERS_PER_ADDRESS, PING_MS,
    REFUSED, REFUSED_MS, REJOIN_GRACE_MS, SAME_CLOCK_MS,
};
use crate::mesh::wire::{Frame, Saying};
use crate::rate_counter::RateCounter;
use landline_common::link::PublicKey;
use landline_common::{EventKind, UserName};
use std::net::{IpAddr, SocketAddr};

/// One open link.
#[derive(Debug)]
pub struct Link {
    /// The key that the peer has proven.
    pub key: PublicKey,
    address: SocketAddr,
    /// The dial, if this member dialed.
    dial: Option<Dial>,
    /// Time of opening, in milliseconds.
    opened: u64,
    /// Time of the last received frame, in milliseconds.
    last_received: u64,
    /// Time of the last sent frame, in milliseconds.
    last_sent: u64,
    /// The member at the other end, once its hello was accepted.
    pub member: Option<NodeId>,
    rank: LinkRank,
    frame_rate: RateCounter,
}

/// The rank of a link among those to one member. Both sides compute the same one, and keep the higher link. The order of
/// the fields matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct LinkRank {
    is_dialed_by_lower_id: bool,
    /// The dialing side's number for the dial.
    dial: u64,
}

/// The content of [`Frame::Hello`].
#[derive(Debug)]
pub struct PeerHello {
    id: NodeId,
    name: String,
    clock: u64,
    dial: u64,
    top: u64,
    at: i64,
}

impl Node {
    /// Registers an open link and sends the hello, or closes the link if it is above a limit or from a refused key.
    pub(super) fn link_opened(&mut self, number: u64, key: PublicKey, address: SocketAddr, dial: Option<Dial>) {
        let now = self.now.ms;
        if let Some(dial) = dial {
            self.table.dial_answered(dial.id, now);
        }
        let is_refused = self.refused_keys.iter().any(|(refused, until)| *refused == key && *until > now);
        let at_address = self.links.values().filter(|link| link.address.ip() == address.ip()).count();
        if is_refused || self.links.len() >= LINKS || at_address >= LINKS_PER_ADDRESS {
            if let Some(dial) = dial {
                self.table.connection_rejected(dial.id, address, now);
            }
            return self.effects.push(NodeEffect::Close(number));
        }
        let link = Link {
            key,
            address,
            dial,
            opened: now,
            last_received: now,
            last_sent: now,
            member: None,
            rank: LinkRank::default(),
            frame_rate: RateCounter::default(),
        };
        self.links.insert(number, link);
        let hello = Frame::Hello {
            id: self.me.id,
            name: self.me.name.to_string(),
            clock: self.clock,
            dial: dial.map_or(0, |dial| dial.number),
            top: self.last_seq,
            at: self.now.wall.unix_ms.max(0),
        };
        self.send(number, hello);
    }

    /// Handles a received frame. Closes the link if the peer sends another frame before its hello.
    pub(super) fn frame_received(&mut self, number: u64, frame: Frame) {
        let now = self.now.ms;
        let Some(link) = self.links.get_mut(&number) else { return };
        link.last_received = now;
        if link.frame_rate.count(now) > FLOOD_FRAMES {
            return self.refuse_flooder(number);
        }
        let member = link.member;
        match (member, frame) {
            (None, Frame::Hello { id, name, clock, dial, top, at }) => {
                self.accept_hello(number, PeerHello { id, name, clock, dial, top, at });
            }
            (None, _) => self.close_link(number),
            (Some(_), Frame::Bye) => self.bye_received(number),
            (Some(id), Frame::Say { seq, lamport, at, text }) => {
                self.say_received(id, Saying { seq, lamport, at, text });
            }
            (Some(id), Frame::Private { number, at, text }) => self.private_received(id, number, at, &text),
            (Some(id), Frame::Got { number }) => self.got_received(id, number),
            (Some(id), Frame::Have { ranges }) => self.have_received(id, ranges),
            (Some(id), Frame::Want { origin, from, to }) => self.want_received(id, origin, from, to),
            (Some(id), Frame::Past { origin, name, key, from, to, says }) => {
                self.past_received(id, origin, &name, &key, from..=to, says);
            }
            (Some(_), Frame::Hello { .. } | Frame::Ping | Frame::Unknown) => {}
        }
    }

    /// Accepts the peer as a member, or closes the link: if the hello is invalid, the id is not bound to the peer's key,
    /// a limit is reached, or another link to the member ranks higher.
    fn accept_hello(&mut self, number: u64, hello: PeerHello) {
        let Some(link) = self.links.get_mut(&number) else { return };
        let name = UserName::parse(&hello.name).ok().filter(|name| name.check_new().is_ok());
        let Some(name) = name else { return self.close_link(number) };
        let is_own_id_lower = self.me.id < hello.id;
        link.rank = match link.dial {
            Some(dial) => LinkRank { is_dialed_by_lower_id: is_own_id_lower, dial: dial.number },
            None => LinkRank { is_dialed_by_lower_id: !is_own_id_lower, dial: hello.dial },
        };
        let rank = link.rank;
        let key = link.key;
        let address = link.address;
        let known = self.members.get(&hello.id);
        let other = known.and_then(Member::link_number);
        let other_rank = other.and_then(|other| Some(self.links.get(&other)?.rank));
        // Hellos are broadcast, so all machines know all ids. Only the key proves that the id is the peer's.
        let is_impostor =
            hello.id == self.me.id || !hello.id.belongs_to(&key) || known.is_some_and(|member| member.key != key);
        let is_new = known.is_none();
        if is_impostor || (is_new && !self.admit_member(address.ip())) || other_rank.is_some_and(|other| other >= rank)
        {
            return self.close_link(number);
        }
        if let Some(link) = self.links.get_mut(&number) {
            link.member = Some(hello.id);
            // A hello with a wrong id or address led to this member.
            if let Some(dial) = link.dial.filter(|dial| dial.id != hello.id) {
                self.table.connection_rejected(dial.id, link.address, self.now.ms);
            }
        }
        self.observe_lamport(hello.clock);
        self.table.linked(hello.id);
        self.store.set_present(hello.id, address.ip());
        match self.members.get_mut(&hello.id) {
            Some(member) => {
                member.link = MemberLink::Open(number);
                member.address = address;
                member.have_revision = 0;
                member.have_sent_at = 0;
                member.request = None;
                member.slow_until = 0;
            }
            None => self.add_member(hello.id, name, key, number, address),
        }
        if let Some(member) = self.members.get_mut(&hello.id) {
            member.last_seq = member.last_seq.max(hello.top);
            let start = hello.at.saturating_sub_unsigned(self.now.ms.saturating_sub(self.started_ms));
            // The hello's time on its way looks like a difference of clocks, too.
            let is_same_clock = start.abs_diff(self.started_wall_ms) < SAME_CLOCK_MS;
            member.start_by_peer_clock = if is_same_clock { self.started_wall_ms } else { start };
        }
        if let Some(other) = other.filter(|_| other_rank.is_some()) {
            self.drop_duplicate(other);
        }
        self.send_have(hello.id);
        self.resend_after_new_link(hello.id);
    }

    /// Counts a new member at an address. Returns `false` at a limit.
    fn admit_member(&mut self, ip: IpAddr) -> bool {
        let now = self.now.ms;
        self.joins.retain(|_, joins| !joins.has_ended(now));
        let at_address = self.members.values().filter(|member| member.address.ip() == ip).count();
        let has_capacity = self.members.len() < PEERS && at_address < PEERS_PER_ADDRESS && self.joins.len() < PEERS;
        has_capacity && self.joins.entry(ip).or_default().count(now) <= JOINS
    }

    fn add_member(&mut self, id: NodeId, name: UserName, key: PublicKey, link: u64, address: SocketAddr) {
        // A member that restarted has a new id. Remove its old id now, or the user would be listed twice.
        let previous = self
            .members
            .iter()
            .find(|(_, member)| !member.is_linked() && member.key == key && member.name.key() == name.key());
        if let Some(previous) = previous.map(|(id, _)| *id) {
            self.remove_member(previous);
        }
        let display_name = self.display_name_for(id, &name, key);
        let member = Member::new(name.clone(), display_name.clone(), key, link, address, self.now.ms);
        self.members.insert(id, member);
        self.check_pin(&name, key, address, &display_name);
        self.emit(EventKind::Joined { user: String::from(display_name).into(), room: super::ROOM.into() });
    }

    /// Handles the loss of a link, also if this member closed it.
    pub(super) fn link_lost(&mut self, number: u64) {
        let Some(link) = self.links.remove(&number) else { return };
        self.back_off_failed_dial(&link);
        let Some(id) = link.member else { return };
        let Some(member) = self.members.get_mut(&id) else { return };
        let now = self.now.ms;
        if member.link == MemberLink::Open(number) {
            member.link = MemberLink::LostAt(now);
            member.request = None;
            self.table.link_lost(id, now);
        } else {
            // The duplicate of the present link. Frames sent over it may be lost, so tell everything again.
            member.have_revision = 0;
            member.have_sent_at = 0;
        }
    }

    /// Delays further dials if a dialed link ended before the peer's hello.
    fn back_off_failed_dial(&mut self, link: &Link) {
        let is_linked = |id| self.members.get(&id).is_some_and(Member::is_linked);
        if let (None, Some(dial)) = (link.member, link.dial)
            && !is_linked(dial.id)
        {
            self.table.connection_rejected(dial.id, link.address, self.now.ms);
        }
    }

    /// Closes a link.
    pub(super) fn close_link(&mut self, number: u64) {
        self.link_lost(number);
        self.effects.push(NodeEffect::Close(number));
    }

    /// Closes the lower-ranking of two links to a member, which stays linked by the other.
    fn drop_duplicate(&mut self, number: u64) {
        self.links.remove(&number);
        self.effects.push(NodeEffect::Close(number));
    }

    fn bye_received(&mut self, number: u64) {
        let Some(id) = self.links.get(&number).and_then(|link| link.member) else { return };
        let is_current = self.members.get(&id).is_some_and(|member| member.link == MemberLink::Open(number));
        self.close_link(number);
        if is_current {
            self.table.remove(id);
            self.remove_member(id);
        }
    }

    /// Closes the link of a flooding member, and refuses links with its key for [`REFUSED_MS`].
    pub(super) fn refuse_flooder(&mut self, number: u64) {
        let Some(link) = self.links.get(&number) else { return };
        let key = link.key;
        let id = link.member;
        self.refused_keys.retain(|(_, until)| *until > self.now.ms);
        if self.refused_keys.len() >= REFUSED {
            self.refused_keys.pop_front();
        }
        self.refused_keys.push_back((key, self.now.ms + REFUSED_MS));
        let name = id.and_then(|id| self.members.get(&id)).map(|member| member.display_name.clone());
        if let Some(name) = name {
            self.emit(EventKind::info(format!("{name} floods the mesh and is refused for a minute")));
        }
        self.close_link(number);
        if let Some(id) = id {
            self.remove_member(id);
        }
    }

    /// Closes links without a hello in time or without frames, and pings over idle links.
    pub(super) fn check_links(&mut self) {
        let now = self.now.ms;
        let is_dead = |link: &Link| {
            let is_hello_late = link.member.is_none() && link.opened + HANDSHAKE_MS <= now;
            is_hello_late || link.last_received + LINK_TIMEOUT_MS <= now
        };
        let dead: Vec<u64> = self.links.iter().filter(|(_, link)| is_dead(link)).map(|(number, _)| *number).collect();
        for number in dead {
            self.close_link(number);
        }
        let idle = self.links.iter().filter(|(_, link)| link.member.is_some() && link.last_sent + PING_MS <= now);
        let idle: Vec<u64> = idle.map(|(number, _)| *number).collect();
        for number in idle {
            self.send(number, Frame::Ping);
        }
    }

    /// Removes members that did not come back in time after their link was lost.
    pub(super) fn remove_lost_members(&mut self) {
        let now = self.now.ms;
        let is_gone = |member: &Member| match member.link {
            MemberLink::Open(_) => false,
            MemberLink::LostAt(at) => at + REJOIN_GRACE_MS <= now,
        };
        let gone: Vec<NodeId> = self.members.iter().filter(|(_, member)| is_gone(member)).map(|(id, _)| *id).collect();
        for id in gone {
            self.remove_member(id);
        }
    }

    /// Removes a member, and tells the user which private messages to it are unconfirmed.
    fn remove_member(&mut self, id: NodeId) {
        let Some(member) = self.members.remove(&id) else { return };
        self.store.set_gone(id);
        let name = String::from(member.display_name);
        for unconfirmed in member.unconfirmed {
            let text = format!("{name} left; this message to them may not have arrived: {}", unconfirmed.text);
            self.emit(EventKind::info(text));
        }
        self.emit(EventKind::Disconnected { user: name.into() });
    }

    /// Sends a frame over a link, if it is open.
    pub(super) fn send(&mut self, number: u64, frame: Frame) {
        if let Some(link) = self.links.get_mut(&number) {
            link.last_sent = self.now.ms;
            self.effects.push(NodeEffect::Send(number, frame));
        }
    }

    /// Sends a frame to a member, if it is linked.
    pub(super) fn send_to_member(&mut self, id: NodeId, frame: Frame) {
        if let Some(number) = self.members.get(&id).and_then(Member::link_number) {
            self.send(number, frame);
        }
    }

    /// Sends goodbyes over all links and ends.
    pub(super) fn leave(&mut self) {
        let numbers: Vec<u64> = self.links.keys().copied().collect();
        for number in numbers {
            self.send(number, Frame::Bye);
        }
        self.effects.push(NodeEffect::Leave);
    }
}
