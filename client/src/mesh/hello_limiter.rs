//! Limits the hellos that are parsed per second, in all and per address, so that a flood of forged hellos costs little.

use super::limits::{HELLOS, HELLOS_PER_ADDRESS};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Counts hellos of the present second.
#[derive(Debug, Default)]
pub struct HelloLimiter {
    second: u64,
    total: u32,
    by_address: BTreeMap<IpAddr, u32>,
}

impl HelloLimiter {
    /// Counts a hello. Returns whether it may be parsed.
    pub fn admit(&mut self, from: IpAddr, now_ms: u64) -> bool {
        let second = now_ms / 1_000;
        if second != self.second {
            *self = HelloLimiter { second, ..HelloLimiter::default() };
        }
        if self.total >= HELLOS {
            return false;
        }
        // The map stays small: each address in it accounts for at least one admitted hello.
        let count = self.by_address.entry(from).or_default();
        *count += 1;
        let is_admitted = *count <= HELLOS_PER_ADDRESS;
        self.total += u32::from(is_admitted);
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn limits_hellos_per_address_and_in_all() {
        let mut limiter = HelloLimiter::default();
        let ip = |n: u32| IpAddr::from(Ipv4Addr::from(n));
        let admitted = |limiter: &mut HelloLimiter, ips: u32, each: u32, now| {
            (0..ips * each).filter(|n| limiter.admit(ip(n % ips), now)).count()
        };
        assert_eq!(admitted(&mut limiter, 1, 10_000, 1_000), 24);
        assert_eq!(admitted(&mut limiter, 10_000, 1, 1_500), 500 - 24);
        assert!(limiter.by_address.len() <= 501);
        assert_eq!(admitted(&mut limiter, 1, 10_000, 2_000), 24);
    }
}
