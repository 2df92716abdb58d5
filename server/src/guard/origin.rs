//! The unit for which limits by address are counted: an address, or an IPv6 network.
//!
//! A machine with an IPv6 address can use all 2^64 addresses of its /64 network, so limits by address alone would not
//! limit it. On the other hand, all users of a LAN share that network. So both are counted: an address has its bound,
//! and its /64 has [`NETWORK_MULTIPLIER`] that bound. Link-local addresses (`fe80::/64`) are one network too.

use landline_common::limits;
use std::net::IpAddr;

/// The bound of a /64 network, as a multiple of the bound of one address.
pub const NETWORK_MULTIPLIER: u64 = 4;

/// An address or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// One address.
    Address(IpAddr),
    /// A /64 network, identified by the first 64 bits of its addresses.
    Network(u64),
}

impl Origin {
    /// Returns the units that a connection from `address` counts for: the address, then the network of an IPv6 address.
    /// Loopback has no network.
    pub fn of(address: IpAddr) -> impl Iterator<Item = Origin> + Clone {
        let address = address.to_canonical();
        let network = match address {
            IpAddr::V6(v6) if !v6.is_loopback() => u64::try_from(v6.to_bits() >> 64).ok().map(Origin::Network),
            _ => None,
        };
        std::iter::once(Origin::Address(address)).chain(network)
    }

    /// Returns its bound as a multiple of the bound of one address.
    #[must_use]
    pub fn multiplier(self) -> u64 {
        match self {
            Origin::Address(_) => 1,
            Origin::Network(_) => NETWORK_MULTIPLIER,
        }
    }

    /// Returns its bound, given the bound of one address.
    #[must_use]
    pub fn scaled(self, per_address: usize) -> usize {
        per_address.saturating_mul(limits::count(self.multiplier()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d12_an_ipv6_address_counts_for_its_network_too() {
        let of = |text: &str| Origin::of(text.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(of("10.0.0.1"), [Origin::Address([10, 0, 0, 1].into())]);
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_eq!(of("::1").len(), 1);
        assert_eq!(of("fd00::1")[1], of("fd00::2")[1]);
        assert_ne!(of("fd00::1")[0], of("fd00::2")[0]);
        assert_ne!(of("fd00::1")[1], of("fd00:0:0:1::1")[1]);
    }
}
