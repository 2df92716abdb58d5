//! The addresses at which one member may be reached.
//!
//! Any machine can send a hello with any id, so a new address does not replace another one. The addresses are dialed in
//! turn, and the handshake proves which one is the member's. Failed addresses are dialed ever more rarely.

use crate::mesh::limits::{DIAL_WAIT_MS, ENDPOINTS, ENDPOINTS_PER_ADDRESS, HELLO_EXPIRY_MS, MAX_REDIAL_MS, REDIAL_MS};
use std::net::{IpAddr, SocketAddr};

/// One address of a member.
#[derive(Debug)]
pub struct Endpoint {
    /// The address to dial.
    pub address: SocketAddr,
    /// Earliest time of the next dial, in milliseconds.
    pub dial_after: u64,
    /// Time of the last hello, in milliseconds.
    last_hello: u64,
    /// Time of the last answer to a hello, in milliseconds.
    answered_at: Option<u64>,
    /// Failed dials since the last link.
    failures: u32,
    /// Failed handshakes in a row.
    passphrase_failures: u32,
}

impl Endpoint {
    /// Returns whether the last hello has expired.
    fn is_expired(&self, now: u64) -> bool {
        self.last_hello + HELLO_EXPIRY_MS < now
    }
}

/// The addresses of one member. The one that was dialed longest ago comes first.
#[derive(Debug, Default)]
pub struct Endpoints {
    all: Vec<Endpoint>,
    /// The address that is being dialed.
    pub dialing: Option<SocketAddr>,
}

impl Endpoints {
    /// Notes a hello from an address. A new or expired address may be dialed after `wait` milliseconds.
    pub fn add_hello(&mut self, address: SocketAddr, now: u64, wait: u64) {
        if let Some(endpoint) = self.all.iter_mut().find(|endpoint| endpoint.address == address) {
            if endpoint.is_expired(now) {
                endpoint.dial_after = endpoint.dial_after.max(now + wait);
            }
            endpoint.last_hello = now;
        } else if self.evict_for(address.ip(), now) {
            self.all.push(Endpoint {
                address,
                dial_after: now + wait,
                last_hello: now,
                answered_at: None,
                failures: 0,
                passphrase_failures: 0,
            });
        }
    }

    /// Makes space for a new endpoint at an IP address. Returns `false` if there is none.
    ///
    /// Evicts only endpoints that are expired, have failed, or are the second one at their IP address. So an impostor at
    /// one address can neither displace the real endpoint nor take the space of others.
    fn evict_for(&mut self, ip: IpAddr, now: u64) -> bool {
        let count_at = |ip: IpAddr| self.all.iter().filter(|endpoint| endpoint.address.ip() == ip).count();
        let is_crowded = count_at(ip) >= ENDPOINTS_PER_ADDRESS;
        if self.all.len() < ENDPOINTS && !is_crowded {
            return true;
        }
        let is_evictable = |(_, endpoint): &(usize, &Endpoint)| {
            let endpoint_ip = endpoint.address.ip();
            let is_second = !is_crowded && count_at(endpoint_ip) > 1;
            let is_worse = is_second || endpoint.failures > 0 || endpoint.is_expired(now);
            is_worse && (!is_crowded || endpoint_ip == ip) && self.dialing != Some(endpoint.address)
        };
        let all = self.all.iter().enumerate().filter(is_evictable);
        let worst = all
            .max_by_key(|(_, endpoint)| (endpoint.is_expired(now), endpoint.failures, endpoint.last_hello))
            .map(|(n, _)| n);
        worst.map(|n| self.all.remove(n)).is_some()
    }

    /// Returns whether to answer a hello from an address, and notes the answer. At most one answer per [`REDIAL_MS`].
    pub fn start_answer(&mut self, address: SocketAddr, now: u64) -> bool {
        let endpoint = self.all.iter_mut().find(|endpoint| endpoint.address == address);
        let due = endpoint.filter(|endpoint| endpoint.answered_at.is_none_or(|at| at + REDIAL_MS <= now));
        let Some(endpoint) = due else { return false };
        endpoint.answered_at = Some(now);
        true
    }

    /// Returns the endpoints that may be dialed now; none while one is being dialed.
    pub fn ready(&self, now: u64) -> impl Iterator<Item = &Endpoint> {
        let all = self.dialing.is_none().then_some(&self.all).into_iter().flatten();
        all.filter(move |endpoint| !endpoint.is_expired(now) && endpoint.dial_after <= now)
    }

    /// Marks an address as being dialed, and moves it to the end.
    pub fn start_dial(&mut self, address: SocketAddr) {
        self.dialing = Some(address);
        self.all.sort_by_key(|endpoint| endpoint.address == address);
    }

    /// Notes that the present dial failed. Returns the address if it is the second failed handshake in a row there.
    pub fn dial_failed(&mut self, is_unauthenticated: bool, now: u64) -> Option<SocketAddr> {
        let address = self.dialing.take()?;
        let endpoint = self.back_off(address, now)?;
        endpoint.passphrase_failures = if is_unauthenticated { endpoint.passphrase_failures + 1 } else { 0 };
        (endpoint.passphrase_failures == 2).then_some(address)
    }

    /// Notes that the link to an address was closed before the hello, or leads to another member.
    pub fn connection_rejected(&mut self, address: SocketAddr, now: u64) {
        let _ = self.back_off(address, now);
    }

    /// Counts a failure at an address, and doubles the wait before its next dial.
    fn back_off(&mut self, address: SocketAddr, now: u64) -> Option<&mut Endpoint> {
        let endpoint = self.all.iter_mut().find(|endpoint| endpoint.address == address)?;
        endpoint.dial_after = now + (REDIAL_MS << endpoint.failures.min(5)).min(MAX_REDIAL_MS);
        endpoint.failures += 1;
        Some(endpoint)
    }

    /// Notes that the present dial has led to a link. Other addresses wait until the hello proves the member, or not.
    pub fn dial_answered(&mut self, now: u64) {
        self.dialing = None;
        self.delay_until(now + DIAL_WAIT_MS);
    }

    /// Clears all failures, since the member is linked.
    pub fn reset_failures(&mut self) {
        for endpoint in &mut self.all {
            endpoint.failures = 0;
            endpoint.passphrase_failures = 0;
        }
    }

    /// Delays all dials until this time, in milliseconds.
    fn delay_until(&mut self, until: u64) {
        for endpoint in &mut self.all {
            endpoint.dial_after = endpoint.dial_after.max(until);
        }
    }

    /// Sets the time of the next dial for all addresses, in milliseconds: the link is lost, and earlier failures count no
    /// more.
    pub fn redial_at(&mut self, dial_after: u64) {
        for endpoint in &mut self.all {
            endpoint.dial_after = dial_after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn at(n: u8, port: u16) -> SocketAddr {
        (Ipv4Addr::new(10, 0, 0, n), port).into()
    }

    fn ready(endpoints: &Endpoints, now: u64) -> Vec<SocketAddr> {
        endpoints.ready(now).map(|endpoint| endpoint.address).collect()
    }

    #[test]
    fn addresses_are_dialed_in_turn() {
        let mut endpoints = Endpoints::default();
        (1..=3).for_each(|n| endpoints.add_hello(at(n, 1), 0, 0));
        let mut dialed = Vec::new();
        for now in 0..3 {
            let next = ready(&endpoints, now * DIAL_WAIT_MS)[0];
            endpoints.start_dial(next);
            assert_eq!(ready(&endpoints, u64::MAX / 2), [], "one at a time");
            endpoints.dial_answered(now * DIAL_WAIT_MS);
            dialed.push(next);
        }
        assert_eq!(dialed, [at(1, 1), at(2, 1), at(3, 1)]);
        endpoints.start_dial(at(2, 1));
        endpoints.dial_failed(false, 3 * DIAL_WAIT_MS);
        assert_eq!(ready(&endpoints, 3 * DIAL_WAIT_MS), [at(1, 1), at(3, 1)]);
    }

    #[test]
    fn hellos_from_one_address_do_not_displace_others() {
        let mut endpoints = Endpoints::default();
        for now in 0..1_000 {
            endpoints.add_hello(at(1, 1_024 + u16::try_from(now).unwrap()), now, 0);
            endpoints.add_hello(at(2, 1_024), now, 0);
        }
        assert_eq!(ready(&endpoints, 1_000), [at(1, 1_024), at(2, 1_024), at(1, 1_025)]);
        // Two impostors do not displace them, either.
        for now in 1_000..2_000 {
            endpoints.add_hello(at(3, 1_024 + u16::try_from(now).unwrap()), now, 0);
        }
        endpoints.add_hello(at(4, 1_024), 2_000, 0);
        let all = ready(&endpoints, 2_000);
        assert_eq!(all.len(), ENDPOINTS);
        assert!(all.contains(&at(2, 1_024)) && all.contains(&at(4, 1_024)), "{all:?}");
    }

    #[test]
    fn failed_and_expired_addresses_are_evicted() {
        let mut endpoints = Endpoints::default();
        for n in 1..=4 {
            endpoints.add_hello(at(n, 1), 0, 0);
        }
        endpoints.add_hello(at(5, 1), 1, 0);
        assert!(!ready(&endpoints, 1).contains(&at(5, 1)) && !endpoints.start_answer(at(5, 1), 1));
        endpoints.start_dial(at(2, 1));
        endpoints.dial_failed(false, 1);
        endpoints.add_hello(at(5, 1), 2, 0);
        assert_eq!(ready(&endpoints, 2), [at(1, 1), at(3, 1), at(4, 1), at(5, 1)]);
        endpoints.add_hello(at(6, 1), HELLO_EXPIRY_MS + 1, 0);
        assert_eq!(ready(&endpoints, HELLO_EXPIRY_MS + 1), [at(5, 1), at(6, 1)]);
        assert!(endpoints.start_answer(at(6, 1), 0) && !endpoints.start_answer(at(6, 1), 1));
        assert!(endpoints.start_answer(at(6, 1), REDIAL_MS));
    }
}
