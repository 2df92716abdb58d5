//! Limits unfinished handshakes of incoming connections, in all and per address. Otherwise one machine that connects
//! and stays silent could keep all members out.

use super::limits::{HANDSHAKES, HANDSHAKES_PER_ADDRESS};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of unfinished handshakes by address. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct HandshakeLimiter(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// An unfinished handshake, counted until this is dropped.
#[derive(Debug)]
pub struct HandshakePermit {
    limiter: HandshakeLimiter,
    from: IpAddr,
}

impl HandshakeLimiter {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more handshake of an address, or returns `None` at a limit.
    #[must_use]
    pub fn admit(&self, from: IpAddr) -> Option<HandshakePermit> {
        let mut unfinished = self.lock();
        let own = unfinished.get(&from).copied().unwrap_or(0);
        if own >= HANDSHAKES_PER_ADDRESS || unfinished.values().sum::<usize>() >= HANDSHAKES {
            return None;
        }
        unfinished.insert(from, own + 1);
        drop(unfinished);
        Some(HandshakePermit { limiter: self.clone(), from })
    }
}

impl Drop for HandshakePermit {
    fn drop(&mut self) {
        let mut unfinished = self.limiter.lock();
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
        let limiter = HandshakeLimiter::default();
        let ip = |n: usize| IpAddr::from(Ipv4Addr::from(u32::try_from(n).unwrap()));
        let mut permits: Vec<HandshakePermit> = (0..100).filter_map(|_| limiter.admit(ip(1))).collect();
        assert_eq!(permits.len(), HANDSHAKES_PER_ADDRESS);
        permits.extend((2..1_000).filter_map(|n| limiter.admit(ip(n))));
        assert_eq!(permits.len(), HANDSHAKES);
        permits.clear();
        assert!(limiter.lock().is_empty() && limiter.admit(ip(1)).is_some());
    }
}
