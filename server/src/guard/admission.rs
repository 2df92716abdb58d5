//! Which connections are let in: bounded in all, from one address, and before signing in. Pure: numbers and addresses.

use crate::fanout::ClientId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// The bounds; `usize::MAX` is none.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections.
    pub all: usize,
    /// Connections from one address.
    pub per_address: usize,
    /// Connections not yet signed in.
    pub unsigned: usize,
    /// Connections not yet signed in, from one address.
    pub unsigned_per_address: usize,
}

/// Who is connected, and from where.
#[derive(Debug)]
pub struct Admission {
    bounds: Bounds,
    clients: HashMap<ClientId, IpAddr>,
    addresses: HashMap<IpAddr, FromOne>,
    /// In the order in which they came.
    unsigned: BTreeMap<ClientId, IpAddr>,
}

#[derive(Debug, Default)]
struct FromOne {
    all: usize,
    unsigned: BTreeSet<ClientId>,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It comes in.
    Yes,
    /// It comes in, and this one, which has not signed in, goes.
    InPlaceOf(ClientId),
    /// There are too many.
    No,
}

impl Admission {
    /// Nobody is connected.
    #[must_use]
    pub fn new(bounds: Bounds) -> Admission {
        Admission { bounds, clients: HashMap::new(), addresses: HashMap::new(), unsigned: BTreeMap::new() }
    }

    /// Somebody connects. Numbers grow with time, so the smallest is the oldest.
    pub fn enter(&mut self, client: ClientId, address: IpAddr) -> Admitted {
        let from_one = self.addresses.get(&address);
        let (here, unsigned_here) = from_one.map_or((0, 0), |one| (one.all, one.unsigned.len()));
        let oldest = if unsigned_here >= self.bounds.unsigned_per_address {
            from_one.and_then(|one| one.unsigned.first().copied())
        } else if self.unsigned.len() >= self.bounds.unsigned {
            self.oldest_of_the_most()
        } else {
            None
        };
        let leaving_here = oldest.is_some_and(|oldest| self.clients.get(&oldest) == Some(&address));
        let here = here - usize::from(leaving_here);
        let all = self.clients.len() - usize::from(oldest.is_some());
        if all >= self.bounds.all || here >= self.bounds.per_address {
            return Admitted::No;
        }
        if let Some(oldest) = oldest {
            self.leave(oldest);
        }
        self.clients.insert(client, address);
        self.unsigned.insert(client, address);
        let from_one = self.addresses.entry(address).or_default();
        from_one.all += 1;
        from_one.unsigned.insert(client);
        oldest.map_or(Admitted::Yes, Admitted::InPlaceOf)
    }

    /// Of the address with the most connections that are not signed in, the oldest of these: who floods the door pushes
    /// out their own, and not somebody who takes their time to type.
    fn oldest_of_the_most(&self) -> Option<ClientId> {
        let of_its_address = |address| self.addresses.get(address).map_or(0, |one| one.unsigned.len());
        let most = self.unsigned.iter().max_by_key(|(client, address)| (of_its_address(address), Reverse(**client)));
        most.map(|(client, _)| *client)
    }

    /// Somebody has signed in.
    pub fn sign_in(&mut self, client: ClientId) {
        if let Some(address) = self.unsigned.remove(&client)
            && let Some(from_one) = self.addresses.get_mut(&address)
        {
            from_one.unsigned.remove(&client);
        }
    }

    /// Somebody is gone.
    pub fn leave(&mut self, client: ClientId) {
        self.sign_in(client);
        if let Some(address) = self.clients.remove(&client)
            && let Some(from_one) = self.addresses.get_mut(&address)
        {
            from_one.all -= 1;
            if from_one.all == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(n: u8) -> IpAddr {
        [10, 0, 0, n].into()
    }

    fn admission(all: usize, per_address: usize, unsigned: usize, unsigned_per_address: usize) -> Admission {
        Admission::new(Bounds { all, per_address, unsigned, unsigned_per_address })
    }

    #[test]
    fn the_oldest_that_never_signed_in_goes_first() {
        let mut admission = admission(100, 100, 3, 2);
        assert_eq!(admission.enter(1, address(1)), Admitted::Yes);
        assert_eq!(admission.enter(2, address(1)), Admitted::Yes);
        assert_eq!(admission.enter(3, address(1)), Admitted::InPlaceOf(1));
        admission.sign_in(2);
        assert_eq!(admission.enter(4, address(2)), Admitted::Yes);
        assert_eq!(admission.enter(5, address(2)), Admitted::Yes);
        assert_eq!(admission.enter(6, address(3)), Admitted::InPlaceOf(4));
    }

    #[test]
    fn who_floods_the_door_pushes_out_their_own() {
        let mut admission = admission(100, 100, 5, 4);
        for (client, from) in [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)] {
            assert_eq!(admission.enter(client, address(from)), Admitted::Yes);
        }
        // The first is the oldest, and alone at its address.
        assert_eq!(admission.enter(6, address(2)), Admitted::InPlaceOf(2));
        assert_eq!(admission.enter(7, address(4)), Admitted::InPlaceOf(3));
        assert_eq!(admission.enter(8, address(5)), Admitted::InPlaceOf(4));
        // One each: then the oldest of all.
        assert_eq!(admission.enter(9, address(6)), Admitted::InPlaceOf(1));
    }

    #[test]
    fn too_many_are_refused() {
        let mut admission = admission(3, 2, 100, 100);
        assert_eq!([1, 2, 3].map(|n| admission.enter(n, address(1))), [Admitted::Yes, Admitted::Yes, Admitted::No]);
        assert_eq!(admission.enter(4, address(2)), Admitted::Yes);
        assert_eq!(admission.enter(5, address(3)), Admitted::No);
        admission.leave(1);
        assert_eq!(admission.enter(6, address(3)), Admitted::Yes);
    }

    proptest! {
        #[test]
        fn the_bounds_hold_and_nothing_is_left_behind(steps in prop::collection::vec((0u8..3, 0u8..4), 0..200)) {
            let mut admission = admission(8, 4, 5, 3);
            let mut here: BTreeSet<ClientId> = BTreeSet::new();
            for (next, (step, n)) in (1..).zip(steps) {
                match step {
                    0 => match admission.enter(next, address(n)) {
                        Admitted::Yes => { here.insert(next); }
                        Admitted::InPlaceOf(old) => { prop_assert!(here.remove(&old)); here.insert(next); }
                        Admitted::No => {}
                    },
                    1 => if let Some(client) = here.iter().nth(n.into()) { admission.sign_in(*client); },
                    _ => if let Some(client) = here.iter().nth(n.into()).copied() {
                        admission.leave(client);
                        here.remove(&client);
                    },
                }
                prop_assert_eq!(admission.clients.len(), here.len());
                prop_assert!(here.len() <= 8 && admission.unsigned.len() <= 5);
                prop_assert!(admission.addresses.values().all(|one| one.all <= 4 && one.unsigned.len() <= 3));
                prop_assert_eq!(admission.addresses.values().map(|one| one.all).sum::<usize>(), here.len());
            }
        }
    }
}
