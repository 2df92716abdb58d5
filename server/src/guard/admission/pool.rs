//! The connections of one stage before the sign-in. It chooses the connection that a new one replaces.

use super::super::Origin;
use crate::net::ClientId;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

/// The bounds of a pool; `usize::MAX` means no limit.
#[derive(Clone, Copy, Debug)]
pub struct PoolBounds {
    /// Connections in all.
    pub all: usize,
    /// Connections from one address.
    pub per_address: usize,
}

/// The place for a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// There is one.
    Free,
    /// This connection must be replaced.
    Of(ClientId),
    /// There is none, and no connection may be replaced.
    None,
}

/// The connections of one stage.
#[derive(Debug)]
pub(super) struct Pool {
    bounds: PoolBounds,
    clients: HashMap<ClientId, IpAddr>,
    /// Number of these that came over IPv6.
    ipv6: usize,
    /// Those that may be replaced, oldest first.
    replaceable: BTreeSet<ClientId>,
    origins: HashMap<Origin, OriginPool>,
}

/// The connections of one address or network.
#[derive(Debug, Default)]
struct OriginPool {
    all: usize,
    /// Those that may be replaced, oldest first.
    replaceable: BTreeSet<ClientId>,
}

impl Pool {
    pub(super) fn new(bounds: PoolBounds) -> Pool {
        Pool { bounds, clients: HashMap::new(), ipv6: 0, replaceable: BTreeSet::new(), origins: HashMap::new() }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    pub(super) fn holds(&self, client: ClientId) -> bool {
        self.clients.contains_key(&client)
    }

    pub(super) fn insert(&mut self, client: ClientId, address: IpAddr) {
        if self.clients.insert(client, address).is_some() {
            return;
        }
        self.ipv6 += usize::from(address.is_ipv6());
        for origin in Origin::of(address) {
            self.origins.entry(origin).or_default().all += 1;
        }
        self.set_replaceable(client, true);
    }

    /// Removes a connection. Returns false if the pool does not have it.
    pub(super) fn remove(&mut self, client: ClientId) -> bool {
        self.set_replaceable(client, false);
        let Some(address) = self.clients.remove(&client) else { return false };
        self.ipv6 -= usize::from(address.is_ipv6());
        for origin in Origin::of(address) {
            if let Some(pool) = self.origins.get_mut(&origin) {
                pool.all -= 1;
                if pool.all == 0 {
                    self.origins.remove(&origin);
                }
            }
        }
        true
    }

    /// Sets whether a new connection may replace this one.
    pub(super) fn set_replaceable(&mut self, client: ClientId, is_replaceable: bool) {
        let Some(address) = self.clients.get(&client) else { return };
        let set = |clients: &mut BTreeSet<ClientId>| {
            if is_replaceable { clients.insert(client) } else { clients.remove(&client) }
        };
        set(&mut self.replaceable);
        for origin in Origin::of(*address) {
            if let Some(pool) = self.origins.get_mut(&origin) {
                set(&mut pool.replaceable);
            }
        }
    }

    /// Finds the place for a new connection from `address`, whose own bound is higher by `more`. IPv6 connections get at
    /// most half of the places: an attacker can have many IPv6 addresses, and must not keep out IPv4 clients.
    pub(super) fn place_for(&self, address: IpAddr, more: usize) -> Place {
        let crowded = Origin::of(address).find_map(|origin| {
            let pool = self.origins.get(&origin)?;
            let bound = origin.scaled(self.bounds.per_address).saturating_add(more);
            (pool.all >= bound).then_some(pool)
        });
        let half = (self.bounds.all / 2).max(1);
        let oldest = |client: Option<ClientId>| client.map_or(Place::None, Place::Of);
        if let Some(crowded) = crowded {
            oldest(crowded.replaceable.first().copied())
        } else if address.is_ipv6() && self.ipv6 >= half {
            oldest(self.oldest_of_busiest_origin(IpAddr::is_ipv6))
        } else if self.clients.len() >= self.bounds.all {
            oldest(self.oldest_of_busiest_origin(|_| true))
        } else {
            Place::Free
        }
    }

    /// Returns the oldest replaceable connection of an address or network.
    pub(super) fn oldest_of(&self, origin: Origin) -> Option<ClientId> {
        self.origins.get(&origin)?.replaceable.first().copied()
    }

    /// Returns the oldest replaceable connection of the address or network with the most connections. A network counts
    /// by a quarter of its connections, see [`Origin::multiplier`].
    pub(super) fn oldest_of_busiest_origin(&self, among: impl Fn(&IpAddr) -> bool) -> Option<ClientId> {
        let share = |origin: Origin| {
            let count = self.origins.get(&origin).map_or(0, |one| one.all);
            count.div_ceil(origin.scaled(1))
        };
        let share_of = |address: IpAddr| Origin::of(address).map(share).max();
        let candidates = self.replaceable.iter().filter_map(|client| Some((*client, *self.clients.get(client)?)));
        let most = candidates
            .filter(|(_, address)| among(address))
            .max_by_key(|(client, address)| (share_of(*address), Reverse(*client)));
        most.map(|(client, _)| client)
    }

    /// Asserts that the bounds hold and nothing leaks. `more`: how much higher the bound of an address may be.
    #[cfg(test)]
    pub(super) fn assert_bounded(&self, more: usize) {
        assert!(self.clients.len() <= self.bounds.all && self.replaceable.len() <= self.clients.len());
        let ipv6 = self.clients.values().filter(|address| address.is_ipv6()).count();
        assert!(ipv6 == self.ipv6 && ipv6 <= (self.bounds.all / 2).max(1));
        for (origin, pool) in &self.origins {
            assert!(pool.all <= origin.scaled(self.bounds.per_address) + more && pool.replaceable.len() <= pool.all);
        }
        let addresses = self.origins.iter().filter(|(origin, _)| matches!(origin, Origin::Address(_)));
        assert_eq!(addresses.map(|(_, pool)| pool.all).sum::<usize>(), self.clients.len());
    }
}
