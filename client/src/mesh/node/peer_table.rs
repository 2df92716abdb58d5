//! Members known from hellos, linked or not, and when to dial them.
//!
//! The member with the lower id dials at once. The one with the higher id answers the hello and waits for
//! [`DIAL_WAIT_MS`]; then it dials, too, since a firewall may stop the other's dials. Hellos are not authenticated, so
//! everything that they cause has a limit, in all and per address.

use super::endpoints::Endpoints;
use crate::mesh::hello::Hello;
use crate::mesh::id::NodeId;
use crate::mesh::limits::{DIAL_WAIT_MS, DIALS, DIALS_PER_ADDRESS, HELLO_EXPIRY_MS, MAX_REDIAL_MS, PEERS};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// A member from which a hello arrived.
#[derive(Debug)]
struct Peer {
    name: Box<str>,
    /// Time of the last hello, in milliseconds.
    last_hello: u64,
    endpoints: Endpoints,
}

impl Peer {
    fn is_dialed(&self) -> bool {
        self.endpoints.dialing.is_some()
    }
}

/// All members known from hellos.
#[derive(Debug)]
pub struct PeerTable {
    me: NodeId,
    peers: BTreeMap<NodeId, Peer>,
    /// Time of the last dial of each address. The address that was dialed longest ago comes first, so that forged hellos
    /// for one address do not delay the dials of others.
    last_dials: BTreeMap<IpAddr, u64>,
}

impl PeerTable {
    /// Creates a table without members. `me` is the local member's id.
    #[must_use]
    pub fn new(me: NodeId) -> PeerTable {
        PeerTable { me, peers: BTreeMap::new(), last_dials: BTreeMap::new() }
    }

    /// Returns how long to wait for a member to dial, in milliseconds.
    fn dial_wait(&self, id: NodeId) -> u64 {
        if self.me < id { 0 } else { DIAL_WAIT_MS }
    }

    /// Notes a hello from this address. Returns whether to answer it, unless the member is linked.
    pub fn add_hello(&mut self, hello: &Hello, from: IpAddr, now: u64) -> bool {
        let address = SocketAddr::new(from, hello.port);
        if !self.peers.contains_key(&hello.id) && !self.evict_for_new(now) {
            return false;
        }
        let wait = self.dial_wait(hello.id);
        let name = hello.name.as_str();
        let new = || Peer { name: name.into(), last_hello: now, endpoints: Endpoints::default() };
        let peer = self.peers.entry(hello.id).or_insert_with(new);
        peer.last_hello = now;
        peer.endpoints.add_hello(address, now, wait);
        self.me > hello.id && peer.endpoints.start_answer(address, now)
    }

    /// Makes space for a new member: forgets expired ones, and at the limit the one with the oldest hello. Members that are
    /// being dialed stay. Returns `false` if there is no space.
    fn evict_for_new(&mut self, now: u64) -> bool {
        self.peers.retain(|_, peer| peer.is_dialed() || peer.last_hello + 6 * HELLO_EXPIRY_MS > now);
        if self.peers.len() < PEERS {
            return true;
        }
        let idle = self.peers.iter().filter(|(_, peer)| !peer.is_dialed() && peer.last_hello < now);
        let oldest = idle.min_by_key(|(_, peer)| peer.last_hello).map(|(id, _)| *id);
        oldest.is_some_and(|id| self.peers.remove(&id).is_some())
    }

    /// Marks all endpoints that are due as being dialed, up to the limits, and returns them.
    pub fn start_due_dials(&mut self, now: u64, linked: impl Fn(NodeId) -> bool) -> Vec<(NodeId, SocketAddr)> {
        let mut due = Vec::new();
        while let Some((id, address)) = self.next_due(now, &linked) {
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.endpoints.start_dial(address);
            }
            self.last_dials.retain(|_, at| *at + MAX_REDIAL_MS > now);
            self.last_dials.insert(address.ip(), now);
            due.push((id, address));
        }
        due
    }

    fn next_due(&self, now: u64, linked: impl Fn(NodeId) -> bool) -> Option<(NodeId, SocketAddr)> {
        let dialing = self.peers.values().filter_map(|peer| peer.endpoints.dialing);
        if dialing.clone().count() >= DIALS {
            return None;
        }
        let is_full = |ip: IpAddr| dialing.clone().filter(|address| address.ip() == ip).count() >= DIALS_PER_ADDRESS;
        let others = self.peers.iter().filter(|(id, _)| !linked(**id));
        let ready = others.flat_map(|(id, peer)| peer.endpoints.ready(now).map(move |endpoint| (*id, endpoint)));
        let next = ready
            .filter(|(_, endpoint)| !is_full(endpoint.address.ip()))
            .min_by_key(|(_, endpoint)| (self.last_dials.get(&endpoint.address.ip()), endpoint.dial_after));
        next.map(|(id, endpoint)| (id, endpoint.address))
    }

    /// Notes a failed dial. Returns name and address if it is the second failed handshake in a row there: the member
    /// probably has another passphrase, and the user should know.
    pub fn dial_failed(&mut self, id: NodeId, is_unauthenticated: bool, now: u64) -> Option<(&str, SocketAddr)> {
        let peer = self.peers.get_mut(&id)?;
        let address = peer.endpoints.dial_failed(is_unauthenticated, now)?;
        Some((&peer.name, address))
    }

    /// Notes that a dialed link is open. The peer has not sent its hello yet.
    pub fn dial_answered(&mut self, id: NodeId, now: u64) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.endpoints.dial_answered(now);
        }
    }

    /// Notes that a dialed link was closed before the hello, or leads to another member.
    pub fn connection_rejected(&mut self, id: NodeId, address: SocketAddr, now: u64) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.endpoints.connection_rejected(address, now);
        }
    }

    /// Notes that a member is linked.
    pub fn linked(&mut self, id: NodeId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.endpoints.reset_failures();
        }
    }

    /// Notes that the link to a member is lost, and schedules a dial.
    pub fn link_lost(&mut self, id: NodeId, now: u64) {
        let dial_after = now + self.dial_wait(id);
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.endpoints.redial_at(dial_after);
        }
    }

    /// Forgets a member that has left.
    pub fn remove(&mut self, id: NodeId) {
        self.peers.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::UserName;
    use std::net::Ipv4Addr;

    fn hello(id: u128) -> Hello {
        Hello { id: NodeId(id), name: UserName::parse("bob").unwrap(), port: 9 }
    }

    fn from(n: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, n).into()
    }

    fn due(table: &mut PeerTable, now: u64) -> Vec<u128> {
        table.start_due_dials(now, |_| false).into_iter().map(|(id, _)| id.0).collect()
    }

    #[test]
    fn lower_id_dials_and_higher_id_answers_and_waits() {
        let mut table = PeerTable::new(NodeId(5));
        assert!(!table.add_hello(&hello(9), from(1), 0) && table.add_hello(&hello(1), from(2), 0));
        assert!(!table.add_hello(&hello(1), from(2), 500), "answered a moment ago");
        assert_eq!(due(&mut table, 0), [9]);
        assert_eq!(due(&mut table, 0), [], "already being dialed");
        assert_eq!(due(&mut table, DIAL_WAIT_MS), [1]);
    }

    #[test]
    fn failed_dials_back_off_and_a_wrong_passphrase_is_reported_once() {
        let mut table = PeerTable::new(NodeId(5));
        let mut dials = 0;
        let mut reported = 0;
        for now in 0..120 {
            let now = now * 500;
            table.add_hello(&hello(9), from(1), now);
            for _ in due(&mut table, now) {
                dials += 1;
                reported += usize::from(table.dial_failed(NodeId(9), true, now).is_some());
            }
        }
        assert!((5..=8).contains(&dials), "{dials}");
        assert_eq!(reported, 1);
        assert_eq!(due(&mut table, 60_000 + HELLO_EXPIRY_MS), [], "members without hellos are not dialed");
    }

    #[test]
    fn member_at_a_new_address_is_dialed_there_at_once() {
        let mut table = PeerTable::new(NodeId(5));
        let mut dials = |now: u64, address: u8| {
            table.add_hello(&hello(9), from(address), now);
            let dialed = due(&mut table, now).len();
            (0..dialed).for_each(|_| _ = table.dial_failed(NodeId(9), false, now));
            dialed
        };
        let first: usize = (0..60).map(|n| dials(n * 500, 1)).sum();
        assert!((4..=6).contains(&first), "{first}");
        assert_eq!([dials(30_000, 2), dials(30_500, 2)], [1, 0], "the member has moved");
    }

    #[test]
    fn hellos_for_one_address_do_not_delay_dials_of_others() {
        let mut table = PeerTable::new(NodeId(0));
        for id in 1..=200 {
            table.add_hello(&hello(id), from(1), 0);
        }
        assert_eq!(due(&mut table, 0).len(), DIALS_PER_ADDRESS);
        table.add_hello(&hello(1_000), from(2), 0);
        table.add_hello(&hello(1_001), from(3), 0);
        let mut others = due(&mut table, 0);
        others.sort_unstable();
        assert_eq!(others, [1_000, 1_001]);
        table.dial_failed(NodeId(1), false, 1);
        table.add_hello(&hello(1_002), from(4), 1);
        assert_eq!(due(&mut table, 1)[0], 1_002, "an address that was never dialed comes first");
    }

    #[test]
    fn table_and_dials_are_bounded() {
        let mut table = PeerTable::new(NodeId(0));
        for id in 1..=10_000 {
            table.add_hello(&hello(id), from(u8::try_from(id % 250).unwrap()), u64::try_from(id / 100).unwrap());
        }
        assert_eq!(table.peers.len(), PEERS);
        assert_eq!(due(&mut table, 200).len(), DIALS);
        assert!(!table.add_hello(&hello(20_000), from(1), 0) || table.peers.len() <= PEERS);
    }
}
