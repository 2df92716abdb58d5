//! Decides which connections are admitted. Bounds the connections in all, from one address, and before the sign-in.
//!
//! A client needs no password to open a connection, so connections before the sign-in are easily flooded. When too many
//! are not signed in, a new one replaces an old one instead of being refused: a flood could otherwise keep all users
//! out. The replaced one is the oldest of the address or network with the most such connections. A flood thus replaces
//! its own connections, and not that of a user who is slow to type.
//!
//! A connection of HTTP never signs in. These have places of their own, which are many and held for seconds: browsers open
//! six at once, and a class stands behind one address. One that is idle, waiting for a request, is replaced first: its
//! browser opens another one, which the user does not see. With a request under way the user would see an error. So idle
//! connections give way to all others, or the browsers of a class would keep its users at terminals out. Busy ones are
//! replaced by others of HTTP only, and an address's idle ones before them: a flood of half requests could otherwise keep
//! all browsers out. A WebSocket that has not signed in counts as idle.
//!
//! | limit reached by a new connection | result |
//! |---|---|
//! | connections from its address or network | replaces the oldest idle one of HTTP among these, or is refused |
//! | connections in all | replaces the oldest idle one of HTTP, of the busiest address or network, or is refused |
//! | of its stage, from its address or network | replaces the oldest idle one of these, or the oldest |
//! | of its stage, over IPv6 (half of the bound) | replaces such a one of the IPv6 address or network with the most |
//! | of its stage, in all | replaces such a one of the address or network with the most |
//!
//! This module is pure: it keeps numbers and addresses, and the caller ends the replaced connection.

mod pool;

use super::Origin;
use crate::net::ClientId;
use pool::Pool;
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
        let oldest = self.in_the_way_of(address, stage).or_else(|| self.idle_http_in_the_way_of(address));
        let replaced = oldest.and_then(|oldest| self.clients.get(&oldest)).copied();
        if self.full_origin(address, replaced).is_some() || self.is_full(oldest) {
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

    /// Returns the address or network of `address` that has its most connections, once the one from `replaced` has ended.
    fn full_origin(&self, address: IpAddr, replaced: Option<IpAddr>) -> Option<Origin> {
        Origin::of(address).find(|origin| {
            let is_replaced_here = replaced.is_some_and(|replaced| Origin::of(replaced).any(|other| other == *origin));
            let here = self.origins.get(origin).map_or(0, |one| one.all) - usize::from(is_replaced_here);
            here >= self.bounds.of(*origin)
        })
    }

    /// Returns true if the server has its most connections, once `replaced` has ended.
    fn is_full(&self, replaced: Option<ClientId>) -> bool {
        self.clients.len() - usize::from(replaced.is_some()) >= self.bounds.all
    }

    /// Returns the idle connection of HTTP whose end makes place for a connection from `address`. Returns `None` if there is
    /// place, or no such connection.
    fn idle_http_in_the_way_of(&self, address: IpAddr) -> Option<ClientId> {
        match self.full_origin(address, None) {
            Some(origin) => self.http.oldest_idle_of(origin),
            None if self.is_full(None) => self.http.oldest_idle(),
            None => None,
        }
    }

    /// Moves an admitted connection to the stage of HTTP, once its first bytes have shown that. It is refused if it has been
    /// replaced meanwhile.
    pub fn move_to_http(&mut self, client: ClientId) -> AdmissionResult {
        let Some(address) = self.clients.get(&client).copied() else { return AdmissionResult::Refused };
        if self.http.holds(client) {
            return AdmissionResult::Admitted;
        }
        let replaced = self.in_the_way_of(address, Stage::Http);
        if let Some(replaced) = replaced {
            self.remove(replaced);
        }
        if self.unsigned.remove(client) {
            self.http.insert(client, address);
        }
        replaced.map_or(AdmissionResult::Admitted, AdmissionResult::AdmittedInsteadOf)
    }

    /// Counts an admitted connection for another address: that of the client behind a proxy. If it is refused, the caller
    /// ends it.
    pub fn move_to_address(&mut self, client: ClientId, address: IpAddr) -> AdmissionResult {
        self.remove(client);
        let result = self.admit(client, address, Stage::Http);
        self.set_busy(client, true);
        result
    }

    /// Notes that a request of HTTP is under way on a connection, or none: then newer connections replace it first.
    pub fn set_busy(&mut self, client: ClientId, is_busy: bool) {
        self.http.set_busy(client, is_busy);
    }

    fn pool(&mut self, stage: Stage) -> &mut Pool {
        match stage {
            Stage::Unsigned => &mut self.unsigned,
            Stage::Http => &mut self.http,
        }
    }

    /// Returns the connection of a stage that a new one from `address` must replace, if there is no free place.
    fn in_the_way_of(&self, address: IpAddr, stage: Stage) -> Option<ClientId> {
        let signed_in = || self.origins.get(&Origin::Address(address.to_canonical())).map_or(0, |one| one.signed_in);
        match stage {
            Stage::Unsigned => self.unsigned.in_the_way_of(address, 0),
            Stage::Http => self.http.in_the_way_of(address, signed_in()),
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
mod tests;
