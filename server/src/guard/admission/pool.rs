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

/// The connections of one stage.
#[derive(Debug)]
pub(super) struct Pool {
    bounds: PoolBounds,
    clients: HashMap<ClientId, Member>,
    /// Number of these that came over IPv6.
    ipv6: usize,
    origins: HashMap<Origin, BTreeSet<Order>>,
}

/// A connection of the pool.
#[derive(Clone, Copy, Debug)]
struct Member {
    address: IpAddr,
    is_busy: bool,
}

/// The order in which the connections of one address or network are replaced: idle ones first, then the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    is_busy: bool,
    client: ClientId,
}

impl Pool {
    pub(super) fn new(bounds: PoolBounds) -> Pool {
        Pool { bounds, clients: HashMap::new(), ipv6: 0, origins: HashMap::new() }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    pub(super) fn holds(&self, client: ClientId) -> bool {
        self.clients.contains_key(&client)
    }

    pub(super) fn insert(&mut self, client: ClientId, address: IpAddr) {
        if self.holds(client) {
            return;
        }
        self.clients.insert(client, Member { address, is_busy: false });
        self.ipv6 += usize::from(address.is_ipv6());
        for origin in Origin::of(address) {
            self.origins.entry(origin).or_default().insert(Order { is_busy: false, client });
        }
    }

    /// Removes a connection. Returns false if the pool does not have it.
    pub(super) fn remove(&mut self, client: ClientId) -> bool {
        let Some(Member { address, is_busy }) = self.clients.remove(&client) else { return false };
        self.ipv6 -= usize::from(address.is_ipv6());
        for origin in Origin::of(address) {
            if let Some(orders) = self.origins.get_mut(&origin) {
                orders.remove(&Order { is_busy, client });
                if orders.is_empty() {
                    self.origins.remove(&origin);
                }
            }
        }
        true
    }

    /// Notes that a connection is busy, or idle.
    pub(super) fn set_busy(&mut self, client: ClientId, is_busy: bool) {
        let Some(member) = self.clients.get_mut(&client) else { return };
        let was_busy = std::mem::replace(&mut member.is_busy, is_busy);
        for origin in Origin::of(member.address) {
            if let Some(orders) = self.origins.get_mut(&origin) {
                orders.remove(&Order { is_busy: was_busy, client });
                orders.insert(Order { is_busy, client });
            }
        }
    }

    /// Returns the connection that a new one from `address` must replace, if there is no free place. The address's own
    /// bound is higher by `more`. IPv6 connections get at most half of the places: an attacker can have many IPv6
    /// addresses, and must not keep out IPv4 clients.
    pub(super) fn in_the_way_of(&self, address: IpAddr, more: usize) -> Option<ClientId> {
        let crowded = Origin::of(address).find_map(|origin| {
            let orders = self.origins.get(&origin)?;
            let bound = origin.scaled(self.bounds.per_address).saturating_add(more);
            (orders.len() >= bound).then_some(orders)
        });
        let half = (self.bounds.all / 2).max(1);
        if let Some(crowded) = crowded {
            crowded.first().map(|order| order.client)
        } else if address.is_ipv6() && self.ipv6 >= half {
            self.first_of_busiest_origin(|member| member.address.is_ipv6())
        } else if self.clients.len() >= self.bounds.all {
            self.first_of_busiest_origin(|_| true)
        } else {
            None
        }
    }

    /// Returns the oldest idle connection of an address or network.
    pub(super) fn oldest_idle_of(&self, origin: Origin) -> Option<ClientId> {
        self.origins.get(&origin)?.first().filter(|order| !order.is_busy).map(|order| order.client)
    }

    /// Returns the oldest idle connection of the address or network with the most connections.
    pub(super) fn oldest_idle(&self) -> Option<ClientId> {
        self.first_of_busiest_origin(|member| !member.is_busy)
    }

    /// Returns the connection that is replaced first among those of the address or network with the most connections. A
    /// network counts by a quarter of its connections, see [`Origin::multiplier`].
    fn first_of_busiest_origin(&self, among: impl Fn(&Member) -> bool) -> Option<ClientId> {
        let share = |origin: Origin| {
            let count = self.origins.get(&origin).map_or(0, BTreeSet::len);
            count.div_ceil(origin.scaled(1))
        };
        let share_of = |address: IpAddr| Origin::of(address).map(share).max();
        let candidates = self.clients.iter().filter(|(_, member)| among(member));
        let first = candidates.max_by_key(|(client, member)| {
            (share_of(member.address), Reverse(Order { is_busy: member.is_busy, client: **client }))
        });
        first.map(|(client, _)| *client)
    }

    /// Asserts that the bounds hold and nothing leaks. `more`: how much higher the bound of an address may be.
    #[cfg(test)]
    pub(super) fn assert_bounded(&self, more: usize) {
        assert!(self.clients.len() <= self.bounds.all);
        let ipv6 = self.clients.values().filter(|member| member.address.is_ipv6()).count();
        assert!(ipv6 == self.ipv6 && ipv6 <= (self.bounds.all / 2).max(1));
        for (origin, orders) in &self.origins {
            assert!(orders.len() <= origin.scaled(self.bounds.per_address) + more);
            let matches = |order: &Order| self.clients.get(&order.client).is_some_and(|m| m.is_busy == order.is_busy);
            assert!(orders.iter().all(matches));
        }
        let addresses = self.origins.iter().filter(|(origin, _)| matches!(origin, Origin::Address(_)));
        assert_eq!(addresses.map(|(_, orders)| orders.len()).sum::<usize>(), self.clients.len());
    }
}
