//! Decides which connections are admitted. Bounds the connections in all, from one address, and before the sign-in.
//!
//! A client needs no password to open a connection, so connections before the sign-in are easily flooded. When too many
//! are not signed in, a new one replaces an old one instead of being refused: a flood could otherwise keep all users
//! out. The replaced one is the oldest of the address or network with the most such connections. A flood thus replaces
//! its own connections, and not that of a user who is slow to type.
//!
//! | limit reached by a new connection | result |
//! |---|---|
//! | connections in all, or from its address or network | refused |
//! | not signed in, from its address or network | replaces the oldest of these |
//! | not signed in, over IPv6 (half of the bound) | replaces the oldest of the IPv6 address or network with the most |
//! | not signed in, in all | replaces the oldest of the address or network with the most |
//!
//! This module is pure: it keeps numbers and addresses, and the caller ends the replaced connection.

use super::Origin;
use crate::net::ClientId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// The bounds; `usize::MAX` means no limit.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionBounds {
    /// Connections in all.
    pub all: usize,
    /// Connections from one address.
    pub per_address: usize,
    /// Connections from one IPv6 network.
    pub per_network: usize,
    /// Connections not yet signed in.
    pub unsigned: usize,
    /// Connections not yet signed in, from one address.
    pub unsigned_per_address: usize,
}

impl AdmissionBounds {
    /// Returns the most connections of an address or a network.
    fn of(&self, origin: Origin) -> usize {
        match origin {
            Origin::Address(_) => self.per_address,
            Origin::Network(_) => self.per_network,
        }
    }
}

/// The admitted connections and their addresses.
#[derive(Debug)]
pub struct Admission {
    bounds: AdmissionBounds,
    clients: HashMap<ClientId, IpAddr>,
    origins: HashMap<Origin, OriginConnections>,
    /// Connections that are not signed in, oldest first.
    unsigned: BTreeMap<ClientId, IpAddr>,
    /// Number of these that came over IPv6.
    unsigned_ipv6: usize,
}

/// The connections of one address or network.
#[derive(Debug, Default)]
struct OriginConnections {
    all: usize,
    /// The connections that are not signed in, oldest first.
    unsigned: BTreeSet<ClientId>,
}

/// The decision about a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmissionResult {
    /// Admitted.
    Admitted,
    /// Admitted; the caller must end this older connection, which has not signed in.
    AdmittedInsteadOf(ClientId),
    /// Refused: there are too many connections.
    Refused,
}

impl Admission {
    /// Makes an empty table.
    #[must_use]
    pub fn new(bounds: AdmissionBounds) -> Admission {
        Admission {
            bounds,
            clients: HashMap::new(),
            origins: HashMap::new(),
            unsigned: BTreeMap::new(),
            unsigned_ipv6: 0,
        }
    }

    /// Decides about a new connection, and adds it if it is admitted. Client numbers must grow with time: the smallest
    /// is the oldest.
    pub fn admit(&mut self, client: ClientId, address: IpAddr) -> AdmissionResult {
        let oldest = self.connection_to_replace(address);
        let replaced = oldest.and_then(|oldest| self.clients.get(&oldest)).copied();
        let is_full = Origin::of(address).any(|origin| {
            let is_replaced_here = replaced.is_some_and(|replaced| Origin::of(replaced).any(|other| other == origin));
            let here = self.origins.get(&origin).map_or(0, |one| one.all) - usize::from(is_replaced_here);
            here >= self.bounds.of(origin)
        });
        let all = self.clients.len() - usize::from(oldest.is_some());
        if is_full || all >= self.bounds.all {
            return AdmissionResult::Refused;
        }
        if let Some(oldest) = oldest {
            self.remove(oldest);
        }
        self.clients.insert(client, address);
        self.unsigned.insert(client, address);
        self.unsigned_ipv6 += usize::from(address.is_ipv6());
        for origin in Origin::of(address) {
            let connections = self.origins.entry(origin).or_default();
            connections.all += 1;
            connections.unsigned.insert(client);
        }
        oldest.map_or(AdmissionResult::Admitted, AdmissionResult::AdmittedInsteadOf)
    }

    /// Returns the connection that a new one from `address` must replace, if there is one. IPv6 connections get at most
    /// half of the places before the sign-in: an attacker can have many IPv6 addresses, and must not keep out IPv4
    /// clients.
    fn connection_to_replace(&self, address: IpAddr) -> Option<ClientId> {
        let crowded = Origin::of(address).find_map(|origin| {
            let connections = self.origins.get(&origin)?;
            let is_crowded = connections.unsigned.len() >= origin.scaled(self.bounds.unsigned_per_address);
            connections.unsigned.first().copied().filter(|_| is_crowded)
        });
        let half = (self.bounds.unsigned / 2).max(1);
        if crowded.is_some() {
            crowded
        } else if address.is_ipv6() && self.unsigned_ipv6 >= half {
            self.oldest_of_busiest_origin(IpAddr::is_ipv6)
        } else if self.unsigned.len() >= self.bounds.unsigned {
            self.oldest_of_busiest_origin(|_| true)
        } else {
            None
        }
    }

    /// Returns the oldest connection that is not signed in, of the address or network with the most of them. A network
    /// counts by a quarter of its connections, see [`Origin::multiplier`].
    fn oldest_of_busiest_origin(&self, among: impl Fn(&IpAddr) -> bool) -> Option<ClientId> {
        let share = |origin: Origin| {
            let count = self.origins.get(&origin).map_or(0, |one| one.unsigned.len());
            count.div_ceil(origin.scaled(1))
        };
        let share_of = |address: IpAddr| Origin::of(address).map(share).max();
        let candidates = self.unsigned.iter().filter(|(_, address)| among(address));
        let most = candidates.max_by_key(|(client, address)| (share_of(**address), Reverse(**client)));
        most.map(|(client, _)| *client)
    }

    /// Notes that a client has signed in.
    pub fn mark_signed_in(&mut self, client: ClientId) {
        let Some(address) = self.unsigned.remove(&client) else { return };
        self.unsigned_ipv6 -= usize::from(address.is_ipv6());
        for origin in Origin::of(address) {
            if let Some(connections) = self.origins.get_mut(&origin) {
                connections.unsigned.remove(&client);
            }
        }
    }

    /// Removes a connection that has ended.
    pub fn remove(&mut self, client: ClientId) {
        self.mark_signed_in(client);
        let Some(address) = self.clients.remove(&client) else { return };
        for origin in Origin::of(address) {
            if let Some(connections) = self.origins.get_mut(&origin) {
                connections.all -= 1;
                if connections.all == 0 {
                    self.origins.remove(&origin);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::capacity::{AS_CONFIGURED, Capacity};
    use proptest::prelude::*;

    fn address(n: u8) -> IpAddr {
        [10, 0, 0, n].into()
    }

    /// One of four addresses in each of many networks.
    fn ipv6(network: u16, n: u16) -> IpAddr {
        [0xfd00, 0, 0, network, 0, 0, 0, n].into()
    }

    fn admission(all: usize, per_address: usize, unsigned: usize, unsigned_per_address: usize) -> Admission {
        let per_network = per_address * 4;
        Admission::new(AdmissionBounds { all, per_address, per_network, unsigned, unsigned_per_address })
    }

    #[test]
    fn the_oldest_connection_not_signed_in_is_replaced_first() {
        let mut admission = admission(100, 100, 3, 2);
        assert_eq!(admission.admit(1, address(1)), AdmissionResult::Admitted);
        assert_eq!(admission.admit(2, address(1)), AdmissionResult::Admitted);
        assert_eq!(admission.admit(3, address(1)), AdmissionResult::AdmittedInsteadOf(1));
        admission.mark_signed_in(2);
        assert_eq!(admission.admit(4, address(2)), AdmissionResult::Admitted);
        assert_eq!(admission.admit(5, address(2)), AdmissionResult::Admitted);
        assert_eq!(admission.admit(6, address(3)), AdmissionResult::AdmittedInsteadOf(4));
    }

    #[test]
    fn a_flood_replaces_its_own_connections() {
        let mut admission = admission(100, 100, 5, 4);
        for (client, from) in [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)] {
            assert_eq!(admission.admit(client, address(from)), AdmissionResult::Admitted);
        }
        // The first one is the oldest, but the only one of its address.
        assert_eq!(admission.admit(6, address(2)), AdmissionResult::AdmittedInsteadOf(2));
        assert_eq!(admission.admit(7, address(4)), AdmissionResult::AdmittedInsteadOf(3));
        assert_eq!(admission.admit(8, address(5)), AdmissionResult::AdmittedInsteadOf(4));
        // With one connection per address, the oldest of all is replaced.
        assert_eq!(admission.admit(9, address(6)), AdmissionResult::AdmittedInsteadOf(1));
    }

    #[test]
    fn connections_over_the_bounds_are_refused() {
        let mut admission = admission(3, 2, 100, 100);
        assert_eq!(
            [1, 2, 3].map(|n| admission.admit(n, address(1))),
            [AdmissionResult::Admitted, AdmissionResult::Admitted, AdmissionResult::Refused]
        );
        assert_eq!(admission.admit(4, address(2)), AdmissionResult::Admitted);
        assert_eq!(admission.admit(5, address(3)), AdmissionResult::Refused);
        admission.remove(1);
        assert_eq!(admission.admit(6, address(3)), AdmissionResult::Admitted);
    }

    #[test]
    fn d12_a_network_of_ipv6_has_four_times_the_bounds_of_an_address() {
        let mut lan = admission(100, 2, 100, 100);
        for client in 1..=8 {
            assert_eq!(lan.admit(client, ipv6(1, (client / 2) as u16 + 1)), AdmissionResult::Admitted, "{client}");
        }
        assert_eq!(lan.admit(9, ipv6(1, 99)), AdmissionResult::Refused);
        assert_eq!(lan.admit(10, ipv6(2, 1)), AdmissionResult::Admitted);
        let mut door = admission(100, 100, 100, 2);
        (1..=8).for_each(|client| assert_eq!(door.admit(client, ipv6(1, client as u16)), AdmissionResult::Admitted));
        assert_eq!(door.admit(9, ipv6(1, 99)), AdmissionResult::AdmittedInsteadOf(1));
    }

    #[test]
    fn one_ipv6_network_leaves_half_of_the_places_to_others() {
        let capacity = Capacity { clients: 20, why: AS_CONFIGURED };
        let per_address = capacity.per_address();
        let per_network = capacity.per_network(per_address);
        let bounds = AdmissionBounds { all: 20, per_address, per_network, unsigned: 100, unsigned_per_address: 100 };
        let mut admission = Admission::new(bounds);
        let admitted = (1..=40).filter(|n| admission.admit(*n, ipv6(1, *n as u16)) == AdmissionResult::Admitted);
        assert_eq!(admitted.count(), 10);
        assert_eq!(admission.admit(41, address(1)), AdmissionResult::Admitted);
    }

    #[test]
    fn d12_half_of_the_places_before_the_sign_in_are_reserved_for_ipv4() {
        let mut admission = admission(1_000, 1_000, 8, 100);
        for client in 1..=4 {
            assert_eq!(admission.admit(client, address(client as u8)), AdmissionResult::Admitted);
        }
        for client in 5..=8 {
            assert_eq!(admission.admit(client, ipv6(client as u16, 1)), AdmissionResult::Admitted);
        }
        // A flood from ever new networks replaces its own connections.
        for client in 9..=100 {
            assert_eq!(admission.admit(client, ipv6(client as u16, 1)), AdmissionResult::AdmittedInsteadOf(client - 4));
        }
        assert_eq!((1..=4).filter(|client| admission.unsigned.contains_key(client)).count(), 4);
    }

    #[test]
    fn d12_a_flood_from_one_network_replaces_its_own_connections() {
        let mut admission = admission(1_000, 1_000, 16, 100);
        assert_eq!(admission.admit(1, ipv6(1, 1)), AdmissionResult::Admitted);
        (2..=8)
            .for_each(|client| assert_eq!(admission.admit(client, ipv6(2, client as u16)), AdmissionResult::Admitted));
        assert_eq!(admission.admit(9, ipv6(2, 9)), AdmissionResult::AdmittedInsteadOf(2));
    }

    proptest! {
        #[test]
        fn the_bounds_hold_and_no_entry_leaks(steps in prop::collection::vec((0u8..3, 0u8..8), 0..200)) {
            let mut admission = admission(8, 4, 5, 3);
            let mut here: BTreeSet<ClientId> = BTreeSet::new();
            for (next, (step, n)) in (1..).zip(steps) {
                let from = if n < 4 { address(n) } else { ipv6(u16::from(n) % 2, n.into()) };
                match step {
                    0 => match admission.admit(next, from) {
                        AdmissionResult::Admitted => { here.insert(next); }
                        AdmissionResult::AdmittedInsteadOf(old) => { prop_assert!(here.remove(&old)); here.insert(next); }
                        AdmissionResult::Refused => {}
                    },
                    1 => if let Some(client) = here.iter().nth(n.into()) { admission.mark_signed_in(*client); },
                    _ => if let Some(client) = here.iter().nth(n.into()).copied() {
                        admission.remove(client);
                        here.remove(&client);
                    },
                }
                prop_assert_eq!(admission.clients.len(), here.len());
                prop_assert!(here.len() <= 8 && admission.unsigned.len() <= 5);
                let ipv6 = admission.unsigned.values().filter(|address| address.is_ipv6()).count();
                prop_assert!(ipv6 == admission.unsigned_ipv6 && ipv6 <= 2);
                for (origin, one) in &admission.origins {
                    prop_assert!(one.all <= admission.bounds.of(*origin) && one.unsigned.len() <= origin.scaled(3));
                }
                let addresses = admission.origins.iter().filter(|(origin, _)| matches!(origin, Origin::Address(_)));
                prop_assert_eq!(addresses.map(|(_, one)| one.all).sum::<usize>(), here.len());
            }
        }
    }
}
