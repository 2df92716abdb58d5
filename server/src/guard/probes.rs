//! Bounds the probes of silent clients. A probe asks the holder of a name for a sign of life when another client, the
//! claimant, wants the name. It occupies a thread for seconds, and makes the holder's system and program answer.
//!
//! - Claimants at one address run a bounded number of probes at once, counting those that wait for another's probe.
//! - Each holder is probed by one thread at a time. Claimants that arrive meanwhile wait for its verdict.
//! - A verdict is reused for [`VERDICT_HOLDS`].

use super::Origin;
use crate::net::ClientId;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Time for which a verdict is reused. A connection that is lost right after it was found alive keeps its name for this
/// much longer.
pub const VERDICT_HOLDS: Duration = Duration::from_secs(1);

/// The latest probe of a holder.
#[derive(Clone, Copy, Debug)]
enum ProbeVerdict {
    /// A probe runs.
    Pending,
    /// A probe has ended.
    Known { is_alive: bool, since: Instant },
}

/// The probes under way, counted by the claimants' addresses and networks, and the verdicts. The number of connections
/// bounds both tables.
#[derive(Debug)]
pub struct Probes {
    most: usize,
    origins: Mutex<HashMap<Origin, usize>>,
    verdicts: Mutex<HashMap<ClientId, ProbeVerdict>>,
    /// Notified when a probe has ended.
    ended: Condvar,
}

/// The right to run or wait for one probe, released on drop.
#[derive(Debug)]
#[must_use = "dropping it ends the probe"]
struct ProbePermit<'p> {
    probes: &'p Probes,
    address: IpAddr,
}

impl Probes {
    /// Makes an empty table that allows `most` probes at once to each address.
    #[must_use]
    pub fn new(most: usize) -> Probes {
        Probes { most, origins: Mutex::default(), verdicts: Mutex::default(), ended: Condvar::new() }
    }

    /// Returns true if a holder is alive: by a recent verdict, by waiting for the probe that runs, or by calling
    /// `probe`. Returns `None` if the claimant's address runs too many probes. May block for as long as a probe takes.
    pub fn probe(&self, holder: ClientId, claimant: IpAddr, probe: impl FnOnce() -> bool) -> Option<bool> {
        let _permit = self.start(claimant)?;
        let mut verdicts = self.verdicts.lock();
        let mut waited = false;
        loop {
            match verdicts.get(&holder) {
                Some(ProbeVerdict::Pending) => {
                    self.ended.wait(&mut verdicts);
                    waited = true;
                }
                // A verdict that this thread waited for counts however late it wakes: otherwise claimants at another
                // address that probe all the time could keep it waiting.
                Some(ProbeVerdict::Known { is_alive, since }) if waited || since.elapsed() < VERDICT_HOLDS => {
                    return Some(*is_alive);
                }
                Some(ProbeVerdict::Known { .. }) | None => break,
            }
        }
        verdicts.retain(|_, verdict| match verdict {
            ProbeVerdict::Pending => true,
            ProbeVerdict::Known { since, .. } => since.elapsed() < VERDICT_HOLDS,
        });
        verdicts.insert(holder, ProbeVerdict::Pending);
        drop(verdicts);
        let mut running = RunningProbe { probes: self, holder, is_alive: None };
        let is_alive = probe();
        running.is_alive = Some(is_alive);
        Some(is_alive)
    }

    /// Counts a probe for `address`, or returns `None` if it has too many.
    fn start(&self, address: IpAddr) -> Option<ProbePermit<'_>> {
        let mut origins = self.origins.lock();
        let is_full = |origin: Origin| origins.get(&origin).is_some_and(|count| *count >= origin.scaled(self.most));
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

/// A running probe. Dropping it, also by a panic, publishes the verdict and wakes the threads that wait for it.
#[derive(Debug)]
struct RunningProbe<'p> {
    probes: &'p Probes,
    holder: ClientId,
    is_alive: Option<bool>,
}

impl Drop for RunningProbe<'_> {
    fn drop(&mut self) {
        let mut verdicts = self.probes.verdicts.lock();
        match self.is_alive {
            Some(is_alive) => verdicts.insert(self.holder, ProbeVerdict::Known { is_alive, since: Instant::now() }),
            None => verdicts.remove(&self.holder),
        };
        self.probes.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn probes_are_bounded_by_address_and_released() {
        let probes = Probes::new(2);
        let one = Ipv4Addr::new(10, 0, 0, 1);
        let other = Ipv4Addr::new(10, 0, 0, 2);
        let first = probes.start(one.into());
        let second = probes.start(one.into());
        assert!(first.is_some() && second.is_some());
        assert!(probes.start(one.into()).is_none());
        assert!(probes.start(other.into()).is_some(), "another address");
        drop(second);
        assert!(probes.start(one.into()).is_some());
        drop(first);
        assert!(probes.origins.lock().is_empty());
    }

    #[test]
    fn claimants_share_one_probe_and_its_verdict() {
        let probes = Probes::new(10);
        let asked = AtomicUsize::new(0);
        let claimant = IpAddr::from(Ipv4Addr::new(10, 0, 0, 1));
        let probe = || {
            asked.fetch_add(1, SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            true
        };
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| assert_eq!(probes.probe(7, claimant, probe), Some(true)));
            }
        });
        assert_eq!(probes.probe(7, claimant, || false), Some(true), "the verdict holds");
        assert_eq!(asked.load(SeqCst), 1);
        assert_eq!(probes.probe(8, claimant, || false), Some(false), "another holder");
        std::thread::sleep(VERDICT_HOLDS);
        assert_eq!(probes.probe(7, claimant, || false), Some(false));
        assert_eq!(probes.verdicts.lock().len(), 1, "old verdicts are removed");
    }
}
