//! How many handshakes of others may be unfinished: whoever only knocks must not keep others out.

use super::limits::{HANDSHAKES, HANDSHAKES_PER_ADDRESS};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Those that are unfinished, by address.
#[derive(Clone, Debug, Default)]
pub struct Admission(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Admitted {
    all: Admission,
    from: IpAddr,
}

impl Admission {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more from that address, if there may be.
    #[must_use]
    pub fn admit(&self, from: IpAddr) -> Option<Admitted> {
        let mut unfinished = self.lock();
        let own = unfinished.get(&from).copied().unwrap_or(0);
        if own >= HANDSHAKES_PER_ADDRESS || unfinished.values().sum::<usize>() >= HANDSHAKES {
            return None;
        }
        unfinished.insert(from, own + 1);
        drop(unfinished);
        Some(Admitted { all: self.clone(), from })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut unfinished = self.all.lock();
        match unfinished.get_mut(&self.from) {
            Some(own @ 2..) => *own -= 1,
            _ => _ = unfinished.remove(&self.from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn one_address_does_not_keep_others_out() {
        let admission = Admission::default();
        let ip = |n: usize| IpAddr::from(Ipv4Addr::from(u32::try_from(n).unwrap()));
        let mut held: Vec<Admitted> = (0..100).filter_map(|_| admission.admit(ip(1))).collect();
        assert_eq!(held.len(), HANDSHAKES_PER_ADDRESS);
        held.extend((2..1_000).filter_map(|n| admission.admit(ip(n))));
        assert_eq!(held.len(), HANDSHAKES);
        held.clear();
        assert!(admission.lock().is_empty() && admission.admit(ip(1)).is_some());
    }
}
