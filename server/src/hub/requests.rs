//! Open requests between two users, each waiting for the receiver's answer. Users are stored by client number, so that
//! another user who later takes over a name inherits no request.

use crate::fanout::ClientId;
use std::collections::BTreeSet;

/// Pairs of clients, searchable by the first.
pub(super) type Pairs = BTreeSet<(ClientId, ClientId)>;

/// Iterates over the second clients of all pairs that start with `client`.
pub(super) fn partners_of(pairs: &Pairs, client: ClientId) -> impl Iterator<Item = ClientId> {
    pairs.range((client, 0)..=(client, ClientId::MAX)).map(|(_, other)| *other)
}

/// Replaces `old` by `new` in all pairs.
pub(super) fn replace_client(pairs: &mut Pairs, old: ClientId, new: ClientId) {
    let replaced = |client| if client == old { new } else { client };
    *pairs = std::mem::take(pairs).into_iter().map(|(a, b)| (replaced(a), replaced(b))).collect();
}

/// The open requests of one kind, indexed by both sides.
#[derive(Debug, Default)]
pub struct Requests {
    /// (receiver, requester)
    by_receiver: Pairs,
    /// (requester, receiver)
    by_requester: Pairs,
}

/// The other sides of the requests of a client that were removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RemovedRequests {
    /// Clients that waited for an answer of the removed client.
    pub requesters: Vec<ClientId>,
    /// Clients that need not answer the removed client any more.
    pub receivers: Vec<ClientId>,
}

impl Requests {
    /// Adds a request.
    pub fn add(&mut self, from: ClientId, to: ClientId) {
        self.by_receiver.insert((to, from));
        self.by_requester.insert((from, to));
    }

    /// Removes a request that was answered or canceled. Returns false if there was none.
    pub fn remove(&mut self, from: ClientId, to: ClientId) -> bool {
        self.by_requester.remove(&(from, to));
        self.by_receiver.remove(&(to, from))
    }

    /// True if `to` has not answered a request of `from`.
    #[must_use]
    pub fn is_open(&self, from: ClientId, to: ClientId) -> bool {
        self.by_receiver.contains(&(to, from))
    }

    /// Iterates over the clients that wait for an answer of `client`.
    pub fn requesters(&self, client: ClientId) -> impl Iterator<Item = ClientId> {
        partners_of(&self.by_receiver, client)
    }

    /// Iterates over the clients whose answer `client` waits for.
    pub fn receivers(&self, client: ClientId) -> impl Iterator<Item = ClientId> {
        partners_of(&self.by_requester, client)
    }

    /// Returns the number of requests from and to `client`.
    #[must_use]
    pub fn count(&self, client: ClientId) -> usize {
        self.requesters(client).count() + self.receivers(client).count()
    }

    /// Removes all requests from and to a client that has left.
    pub fn remove_client(&mut self, client: ClientId) -> RemovedRequests {
        let removed = RemovedRequests {
            requesters: self.requesters(client).collect(),
            receivers: self.receivers(client).collect(),
        };
        for requester in &removed.requesters {
            self.remove(*requester, client);
        }
        for receiver in &removed.receivers {
            self.remove(client, *receiver);
        }
        removed
    }

    /// Replaces `old` by `new`, a later connection of the same session.
    pub fn replace_client(&mut self, old: ClientId, new: ClientId) {
        replace_client(&mut self.by_receiver, old, new);
        replace_client(&mut self.by_requester, old, new);
    }

    /// Returns all requests, as (requester, receiver).
    #[cfg(test)]
    pub fn all(&self) -> Vec<(ClientId, ClientId)> {
        let by_requester: Pairs = self.by_receiver.iter().map(|(to, from)| (*from, *to)).collect();
        assert_eq!(by_requester, self.by_requester, "both indexes agree");
        by_requester.into_iter().collect()
    }
}
