//! How many hellos are looked at: a flood of lies must not cost much.

use super::limits::{HELLOS, HELLOS_PER_ADDRESS};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What came within the present second.
#[derive(Debug, Default)]
pub struct Intake {
    second: u64,
    all: u32,
    by_address: BTreeMap<IpAddr, u32>,
}

impl Intake {
    /// Whether one more from that address is looked at.
    pub fn takes(&mut self, from: IpAddr, now_ms: u64) -> bool {
        let second = now_ms / 1_000;
        if second != self.second {
            *self = Intake { second, ..Intake::default() };
        }
        if self.all >= HELLOS {
            return false;
        }
        // Never more addresses than hellos are taken.
        let from = self.by_address.entry(from).or_default();
        *from += 1;
        let takes = *from <= HELLOS_PER_ADDRESS;
        self.all += u32::from(takes);
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn one_address_cannot_take_all_and_all_have_a_bound() {
        let mut intake = Intake::default();
        let ip = |n: u32| IpAddr::from(Ipv4Addr::from(n));
        let taken = |intake: &mut Intake, ips: u32, each: u32, now| {
            (0..ips * each).filter(|n| intake.takes(ip(n % ips), now)).count()
        };
        assert_eq!(taken(&mut intake, 1, 10_000, 1_000), 24);
        assert_eq!(taken(&mut intake, 10_000, 1, 1_500), 500 - 24);
        assert!(intake.by_address.len() <= 501);
        assert_eq!(taken(&mut intake, 1, 10_000, 2_000), 24);
    }
}
