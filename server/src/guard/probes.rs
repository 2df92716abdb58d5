//! How many clients are asked for a sign of life at once on behalf of one address. Each probe holds a thread for up to
//! three seconds and makes the probed client's system answer.

use super::Origin;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;

/// Probes under way, by the address and network on whose behalf. Bounded by the connections there are.
#[derive(Debug)]
pub struct Probes {
    most: usize,
    origins: Mutex<HashMap<Origin, usize>>,
}

/// Permission for one probe, given back on drop.
#[derive(Debug)]
#[must_use = "dropping it ends the probe"]
pub struct ProbePermit<'p> {
    probes: &'p Probes,
    address: IpAddr,
}

impl Probes {
    /// No probe yet; `most` for each address.
    #[must_use]
    pub fn new(most: usize) -> Probes {
        Probes { most, origins: Mutex::default() }
    }

    /// Begins a probe, unless there are too many for `address`.
    pub fn enter(&self, address: IpAddr) -> Option<ProbePermit<'_>> {
        let mut origins = self.origins.lock();
        let is_full = |origin: Origin| {
            let most = self.most.saturating_mul(usize::try_from(origin.times()).unwrap_or(usize::MAX));
            origins.get(&origin).is_some_and(|count| *count >= most)
        };
        if self.most == 0 || Origin::of(address).any(is_full) {
            return None;
        }
        for origin in Origin::of(address) {
            *origins.entry(origin).or_default() += 1;
        }
        Some(ProbePermit { probes: self, address })
    }
}

impl Drop for ProbePermit<'_> {
    fn drop(&mut self) {
        let mut origins = self.probes.origins.lock();
        for origin in Origin::of(self.address) {
            let Some(count) = origins.get_mut(&origin) else { continue };
            *count -= 1;
            if *count == 0 {
                origins.remove(&origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn probes_are_bounded_by_address_and_given_back() {
        let (probes, one, other) = (Probes::new(2), Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let first = probes.enter(one.into());
        let second = probes.enter(one.into());
        assert!(first.is_some() && second.is_some());
        assert!(probes.enter(one.into()).is_none());
        assert!(probes.enter(other.into()).is_some(), "another address");
        drop(second);
        assert!(probes.enter(one.into()).is_some());
        drop(first);
        assert!(probes.origins.lock().is_empty());
    }
}
