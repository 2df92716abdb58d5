//! Whose connections are counted together: those of one address, and those of one IPv6 network.
//!
//! Whoever has an IPv6 address has the 2^64 addresses of its /64 network, so bounds by address alone would bound
//! nothing. On the other hand all users of a LAN share that network. So both are counted: an address has its bound, and
//! its /64 [`NETWORK_TIMES`] that much. Link-local addresses (`fe80::/64`) are one network, too.

use std::net::IpAddr;

/// How many times the bound of one address a /64 network has.
pub const NETWORK_TIMES: u64 = 4;

/// What is counted as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// One address.
    Address(IpAddr),
    /// A /64 network, by the first half of its addresses.
    Network(u64),
}

impl Origin {
    /// What a connection from `address` counts for: the address, and the network of an IPv6 address.
    pub fn of(address: IpAddr) -> impl Iterator<Item = Origin> + Clone {
        let address = address.to_canonical();
        let network = match address {
            IpAddr::V6(v6) if !v6.is_loopback() => u64::try_from(v6.to_bits() >> 64).ok().map(Origin::Network),
            _ => None,
        };
        std::iter::once(Origin::Address(address)).chain(network)
    }

    /// How many times the bound of one address it has.
    #[must_use]
    pub fn times(self) -> u64 {
        match self {
            Origin::Address(_) => 1,
            Origin::Network(_) => NETWORK_TIMES,
        }
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
