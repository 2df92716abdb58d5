//! Decides which connections are admitted. Bounds the connections in all, from one address, and before the sign-in.
//!
//! A client needs no password to open a connection, so connections before the sign-in are easily flooded. When too many
//! are not signed in, a new one replaces an old one instead of being refused: a flood could otherwise keep all users
//! out. The replaced one is the oldest of the address or network with the most such connections. A flood thus replaces
//! its own connections, and not that of a user who is slow to type.
//!
//! A connection of HTTP never signs in. These have places of their own, which are many and held for seconds: browsers open
//! six at once, and a class stands behind one address. Only one that waits for a request is replaced: its browser opens
//! another one, which the user does not see. With a request under way it would see an error. A WebSocket that has not
//! signed in may be replaced, too.
//!
//! | limit reached by a new connection | result |
//! |---|---|
//! | connections in all, or from its address or network | refused |
//! | of its stage, from its address or network | replaces the oldest of these |
//! | of its stage, over IPv6 (half of the bound) | replaces the oldest of the IPv6 address or network with the most |
//! | of its stage, in all | replaces the oldest of the address or network with the most |
//! | of its stage, and none may be replaced | refused |
//!
//! This module is pure: it keeps numbers and addresses, and the caller ends the replaced connection.

mod pool;

use super::Origin;
use crate::net::ClientId;
use pool::{Place, Pool};
use std::collections::HashMap;
use std::net::IpAddr;

pub use pool::PoolBounds;

/// The bounds; `usize::MAX` means no limit.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionBounds {
    /// Connections in all.
    pub all: usize,
    /// Connections from one address.
    pub per_address: usize,
    /// Connections from one IPv6 network.
    pub per_network: usize,
    /// Connections that may sign in and have not yet.
    pub unsigned: PoolBounds,
    /// Connections of HTTP. The sessions of an address raise its bound: many users stand behind it.
    pub http: PoolBounds,
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

/// The stage of a connection before the sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It may sign in.
    Unsigned,
    /// It sends requests of HTTP, or has asked for a WebSocket.
    Http,
}

/// The admitted connections and their addresses.
#[derive(Debug)]
pub struct Admission {
    bounds: AdmissionBounds,
    clients: HashMap<ClientId, IpAddr>,
    origins: HashMap<Origin, OriginConnections>,
    unsigned: Pool,
    http: Pool,
}

/// The connections of one address or network.
#[derive(Debug, Default)]
struct OriginConnections {
    all: usize,
    signed_in: usize,
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
            unsigned: Pool::new(bounds.unsigned),
            http: Pool::new(bounds.http),
        }
    }

    /// Decides about a new connection, and adds it if it is admitted. Client numbers must grow with time: the smallest
    /// is the oldest.
    pub fn admit(&mut self, client: ClientId, address: IpAddr, stage: Stage) -> AdmissionResult {
        let oldest = match self.place_for(address, stage) {
            Place::None => return AdmissionResult::Refused,
            Place::Free => None,
            Place::Of(oldest) => Some(oldest),
        };
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
        for origin in Origin::of(address) {
            self.origins.entry(origin).or_default().all += 1;
        }
        self.pool(stage).insert(client, address);
        oldest.map_or(AdmissionResult::Admitted, AdmissionResult::AdmittedInsteadOf)
    }

    /// Moves an admitted connection to the stage of HTTP, once its first bytes have shown that. If it is refused, the caller
    /// ends it.
    pub fn move_to_http(&mut self, client: ClientId) -> AdmissionResult {
        let Some(address) = self.clients.get(&client).copied() else { return AdmissionResult::Refused };
        if self.http.holds(client) {
            return AdmissionResult::Admitted;
        }
        let result = match self.place_for(address, Stage::Http) {
            Place::None => return AdmissionResult::Refused,
            Place::Free => AdmissionResult::Admitted,
            Place::Of(oldest) => {
                self.remove(oldest);
                AdmissionResult::AdmittedInsteadOf(oldest)
            }
        };
        if self.unsigned.remove(client) {
            self.http.insert(client, address);
        }
        result
    }

    /// Counts an admitted connection for another address: that of the client behind a proxy. If it is refused, the caller
    /// ends it.
    pub fn move_to_address(&mut self, client: ClientId, address: IpAddr) -> AdmissionResult {
        self.remove(client);
        let result = self.admit(client, address, Stage::Http);
        self.set_busy(client, true);
        result
    }

    /// Notes that a request of HTTP is under way on a connection, or none: then a newer connection may replace it.
    pub fn set_busy(&mut self, client: ClientId, is_busy: bool) {
        self.http.set_replaceable(client, !is_busy);
    }

    fn pool(&mut self, stage: Stage) -> &mut Pool {
        match stage {
            Stage::Unsigned => &mut self.unsigned,
            Stage::Http => &mut self.http,
        }
    }

    fn place_for(&self, address: IpAddr, stage: Stage) -> Place {
        let signed_in = || self.origins.get(&Origin::Address(address.to_canonical())).map_or(0, |one| one.signed_in);
        match stage {
            Stage::Unsigned => self.unsigned.place_for(address, 0),
            Stage::Http => self.http.place_for(address, signed_in()),
        }
    }

    /// Notes that a client has signed in.
    pub fn mark_signed_in(&mut self, client: ClientId) {
        if !self.unsigned.remove(client) && !self.http.remove(client) {
            return;
        }
        for origin in self.clients.get(&client).into_iter().flat_map(|address| Origin::of(*address)) {
            if let Some(connections) = self.origins.get_mut(&origin) {
                connections.signed_in += 1;
            }
        }
    }

    /// Removes a connection that has ended.
    pub fn remove(&mut self, client: ClientId) {
        let had_signed_in = !self.unsigned.remove(client) && !self.http.remove(client);
        let Some(address) = self.clients.remove(&client) else { return };
        for origin in Origin::of(address) {
            if let Some(connections) = self.origins.get_mut(&origin) {
                connections.all -= 1;
                connections.signed_in -= usize::from(had_signed_in);
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
    use std::collections::BTreeSet;

    const HTTP: PoolBounds = PoolBounds { all: 8, per_address: 4 };

    fn address(n: u8) -> IpAddr {
        [10, 0, 0, n].into()
    }

    /// One of four addresses in each of many networks.
    fn ipv6(network: u16, n: u16) -> IpAddr {
        [0xfd00, 0, 0, network, 0, 0, 0, n].into()
    }

    fn admission(all: usize, per_address: usize, unsigned: usize, unsigned_per_address: usize) -> Admission {
        let per_network = per_address * 4;
        let unsigned = PoolBounds { all: unsigned, per_address: unsigned_per_address };
        Admission::new(AdmissionBounds { all, per_address, per_network, unsigned, http: HTTP })
    }

    #[test]
    fn the_oldest_connection_not_signed_in_is_replaced_first() {
        let mut admission = admission(100, 100, 3, 2);
        assert_eq!(admission.admit(1, address(1), Stage::Unsigned), AdmissionResult::Admitted);
        assert_eq!(admission.admit(2, address(1), Stage::Unsigned), AdmissionResult::Admitted);
        assert_eq!(admission.admit(3, address(1), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(1));
        admission.mark_signed_in(2);
        assert_eq!(admission.admit(4, address(2), Stage::Unsigned), AdmissionResult::Admitted);
        assert_eq!(admission.admit(5, address(2), Stage::Unsigned), AdmissionResult::Admitted);
        assert_eq!(admission.admit(6, address(3), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(4));
    }

    #[test]
    fn a_flood_replaces_its_own_connections() {
        let mut admission = admission(100, 100, 5, 4);
        for (client, from) in [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)] {
            assert_eq!(admission.admit(client, address(from), Stage::Unsigned), AdmissionResult::Admitted);
        }
        // The first one is the oldest, but the only one of its address.
        assert_eq!(admission.admit(6, address(2), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(2));
        assert_eq!(admission.admit(7, address(4), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(3));
        assert_eq!(admission.admit(8, address(5), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(4));
        // With one connection per address, the oldest of all is replaced.
        assert_eq!(admission.admit(9, address(6), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(1));
    }

    #[test]
    fn connections_over_the_bounds_are_refused() {
        let mut admission = admission(3, 2, 100, 100);
        assert_eq!(
            [1, 2, 3].map(|n| admission.admit(n, address(1), Stage::Unsigned)),
            [AdmissionResult::Admitted, AdmissionResult::Admitted, AdmissionResult::Refused]
        );
        assert_eq!(admission.admit(4, address(2), Stage::Unsigned), AdmissionResult::Admitted);
        assert_eq!(admission.admit(5, address(3), Stage::Unsigned), AdmissionResult::Refused);
        admission.remove(1);
        assert_eq!(admission.admit(6, address(3), Stage::Unsigned), AdmissionResult::Admitted);
    }

    #[test]
    fn d12_a_network_of_ipv6_has_four_times_the_bounds_of_an_address() {
        let mut lan = admission(100, 2, 100, 100);
        for client in 1..=8 {
            assert_eq!(
                lan.admit(client, ipv6(1, (client / 2) as u16 + 1), Stage::Unsigned),
                AdmissionResult::Admitted,
                "{client}"
            );
        }
        assert_eq!(lan.admit(9, ipv6(1, 99), Stage::Unsigned), AdmissionResult::Refused);
        assert_eq!(lan.admit(10, ipv6(2, 1), Stage::Unsigned), AdmissionResult::Admitted);
        let mut door = admission(100, 100, 100, 2);
        (1..=8).for_each(|client| {
            assert_eq!(door.admit(client, ipv6(1, client as u16), Stage::Unsigned), AdmissionResult::Admitted)
        });
        assert_eq!(door.admit(9, ipv6(1, 99), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(1));
    }

    #[test]
    fn one_ipv6_network_leaves_half_of_the_places_to_others() {
        let capacity = Capacity { clients: 20, why: AS_CONFIGURED };
        let per_address = capacity.per_address();
        let per_network = capacity.per_network(per_address);
        let unsigned = PoolBounds { all: 100, per_address: 100 };
        let bounds = AdmissionBounds { all: 20, per_address, per_network, unsigned, http: HTTP };
        let mut admission = Admission::new(bounds);
        let admitted =
            (1..=40).filter(|n| admission.admit(*n, ipv6(1, *n as u16), Stage::Unsigned) == AdmissionResult::Admitted);
        assert_eq!(admitted.count(), 10);
        assert_eq!(admission.admit(41, address(1), Stage::Unsigned), AdmissionResult::Admitted);
    }

    #[test]
    fn d12_half_of_the_places_before_the_sign_in_are_reserved_for_ipv4() {
        let mut admission = admission(1_000, 1_000, 8, 100);
        for client in 1..=4 {
            assert_eq!(admission.admit(client, address(client as u8), Stage::Unsigned), AdmissionResult::Admitted);
        }
        for client in 5..=8 {
            assert_eq!(admission.admit(client, ipv6(client as u16, 1), Stage::Unsigned), AdmissionResult::Admitted);
        }
        // A flood from ever new networks replaces its own connections.
        for client in 9..=100 {
            assert_eq!(
                admission.admit(client, ipv6(client as u16, 1), Stage::Unsigned),
                AdmissionResult::AdmittedInsteadOf(client - 4)
            );
        }
        assert_eq!((1..=4).filter(|client| admission.unsigned.holds(*client)).count(), 4);
    }

    #[test]
    fn d12_a_flood_from_one_network_replaces_its_own_connections() {
        let mut admission = admission(1_000, 1_000, 16, 100);
        assert_eq!(admission.admit(1, ipv6(1, 1), Stage::Unsigned), AdmissionResult::Admitted);
        (2..=8).for_each(|client| {
            assert_eq!(admission.admit(client, ipv6(2, client as u16), Stage::Unsigned), AdmissionResult::Admitted)
        });
        assert_eq!(admission.admit(9, ipv6(2, 9), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(2));
    }

    #[test]
    fn http_connections_have_places_of_their_own() {
        let mut admission = admission(100, 100, 2, 2);
        for client in 1..=4 {
            assert_eq!(admission.admit(client, address(1), Stage::Http), AdmissionResult::Admitted);
        }
        assert_eq!(admission.admit(5, address(1), Stage::Unsigned), AdmissionResult::Admitted);
        assert_eq!(admission.admit(6, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(1));
        // A request is under way on it.
        admission.set_busy(2, true);
        assert_eq!(admission.admit(7, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(3));
        for busy in [4, 6, 7] {
            admission.set_busy(busy, true);
        }
        assert_eq!(admission.admit(8, address(1), Stage::Http), AdmissionResult::Refused);
        admission.set_busy(6, false);
        assert_eq!(admission.move_to_http(5), AdmissionResult::AdmittedInsteadOf(6));
        // A session of the address makes one place more.
        admission.mark_signed_in(2);
        assert_eq!(admission.admit(9, address(1), Stage::Http), AdmissionResult::Admitted);
        assert_eq!(admission.admit(10, address(1), Stage::Http), AdmissionResult::Admitted);
        assert_eq!(admission.admit(11, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(5));
        assert_eq!(admission.move_to_http(99), AdmissionResult::Refused);
    }

    #[test]
    fn a_client_behind_a_proxy_counts_for_its_own_address() {
        let mut admission = admission(100, 2, 100, 100);
        for client in 1..=2 {
            assert_eq!(admission.admit(client, address(9), Stage::Http), AdmissionResult::Admitted);
            assert_eq!(admission.move_to_address(client, address(client as u8)), AdmissionResult::Admitted);
        }
        assert_eq!(admission.admit(3, address(9), Stage::Http), AdmissionResult::Admitted);
        assert_eq!(admission.move_to_address(3, address(1)), AdmissionResult::Admitted);
        assert_eq!(admission.admit(4, address(1), Stage::Unsigned), AdmissionResult::Refused);
    }

    proptest! {
        #[test]
        fn the_bounds_hold_and_no_entry_leaks(steps in prop::collection::vec((0u8..7, 0u8..8), 0..200)) {
            let mut admission = admission(8, 4, 5, 3);
            let mut here: BTreeSet<ClientId> = BTreeSet::new();
            for (next, (step, n)) in (1..).zip(steps) {
                let from = if n < 4 { address(n) } else { ipv6(u16::from(n) % 2, n.into()) };
                let stage = if step == 3 { Stage::Http } else { Stage::Unsigned };
                let chosen = here.iter().nth(n.into()).copied();
                match step {
                    0 | 3 => match admission.admit(next, from, stage) {
                        AdmissionResult::Admitted => { here.insert(next); }
                        AdmissionResult::AdmittedInsteadOf(old) => { prop_assert!(here.remove(&old)); here.insert(next); }
                        AdmissionResult::Refused => {}
                    },
                    4 => if let Some(client) = chosen {
                        match admission.move_to_http(client) {
                            AdmissionResult::AdmittedInsteadOf(old) => prop_assert!(here.remove(&old)),
                            AdmissionResult::Admitted | AdmissionResult::Refused => {}
                        }
                    },
                    5 => if let Some(client) = chosen { admission.set_busy(client, n % 2 == 0); },
                    6 => if let Some(client) = chosen {
                        match admission.move_to_address(client, from) {
                            AdmissionResult::AdmittedInsteadOf(old) => prop_assert!(here.remove(&old)),
                            AdmissionResult::Admitted => {}
                            AdmissionResult::Refused => prop_assert!(here.remove(&client)),
                        }
                    },
                    1 => if let Some(client) = here.iter().nth(n.into()) { admission.mark_signed_in(*client); },
                    _ => if let Some(client) = here.iter().nth(n.into()).copied() {
                        admission.remove(client);
                        here.remove(&client);
                    },
                }
                prop_assert_eq!(admission.clients.len(), here.len());
                prop_assert!(here.len() <= 8);
                admission.unsigned.assert_bounded(0);
                // The bound of an address falls when its sessions end.
                admission.http.assert_bounded(8);
                for (origin, one) in &admission.origins {
                    prop_assert!(one.all <= admission.bounds.of(*origin) && one.signed_in <= one.all);
                }
                let in_pools = admission.unsigned.len() + admission.http.len();
                let signed_in: usize = admission.origins.iter()
                    .filter(|(origin, _)| matches!(origin, Origin::Address(_))).map(|(_, one)| one.signed_in).sum();
                prop_assert_eq!(in_pools + signed_in, here.len());
                let addresses = admission.origins.iter().filter(|(origin, _)| matches!(origin, Origin::Address(_)));
                prop_assert_eq!(addresses.map(|(_, one)| one.all).sum::<usize>(), here.len());
            }
        }
    }
}
