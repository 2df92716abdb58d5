//! Chooses the addresses to offer to the other client, and those to dial from its offer.
//!
//! An offer is untrusted: the other user chooses it, and the server carries it. So a client dials only a bounded number
//! of addresses, no system ports, and loopback only if the server runs on the same machine.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Addresses to offer, and to read from an offer, at most. A machine on a few networks has fewer.
const MAX_ADDRESSES: usize = 16;
/// Bytes of an offer at most: with a name and a key in front, the line stays below 1 KiB.
const MAX_BYTES: usize = 860;
/// Addresses to dial for one offer at most: link-local addresses are tried on each interface.
const MAX_TARGETS: usize = 32;
/// Lowest port to dial. Ports below belong to system services, and an offer must not make this client probe them.
const FIRST_PORT: u16 = 1_024;

/// An address of an interface that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalAddress {
    /// Name of the interface.
    pub name: String,
    /// Index of the interface, if the platform has one.
    pub index: Option<u32>,
    /// The address.
    pub ip: IpAddr,
}

impl LocalAddress {
    /// Returns the addresses of all interfaces that are up.
    pub fn all() -> Vec<LocalAddress> {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let up = interfaces.into_iter().filter(if_addrs::Interface::is_oper_up);
        up.map(|interface| LocalAddress { ip: interface.ip(), index: interface.index, name: interface.name }).collect()
    }

    /// Rank by how likely other machines reach this address; lower is likelier.
    fn rank(&self) -> u8 {
        match self.ip {
            ip if ip.is_loopback() => 3,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => 2,
            IpAddr::V4(ip) if ip.is_link_local() => 1,
            _ => 0,
        }
    }

    /// Formats the address with `port`, and with the interface name where it is link-local IPv6.
    fn written(&self, port: u16) -> String {
        match self.ip {
            IpAddr::V4(ip) => format!("{ip}:{port}"),
            IpAddr::V6(ip) if ip.is_unicast_link_local() && is_zone(&self.name) => {
                format!("[{ip}%{}]:{port}", self.name)
            }
            IpAddr::V6(ip) => format!("[{ip}]:{port}"),
        }
    }
}

/// Returns whether an interface name can be part of an address in a line. Windows has names with spaces, for example.
fn is_zone(name: &str) -> bool {
    !name.is_empty() && name.len() <= 16 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Formats the addresses of this machine with `port`, separated by commas, likeliest first. Leaves out duplicates and
/// addresses over the limits.
pub(super) fn offered(own: &[LocalAddress], port: u16) -> String {
    let mut own: Vec<&LocalAddress> =
        own.iter().filter(|own| !own.ip.is_unspecified() && !own.ip.is_multicast()).collect();
    own.sort_by_key(|own| own.rank());
    let mut offered: Vec<String> = Vec::new();
    let mut bytes = 0;
    for written in own.into_iter().map(|own| own.written(port)) {
        let fits = offered.len() < MAX_ADDRESSES && bytes + written.len() < MAX_BYTES;
        if fits && !offered.contains(&written) {
            bytes += written.len() + 1;
            offered.push(written);
        }
    }
    offered.join(",")
}

/// Returns the addresses to dial for an offer.
///
/// A link-local address is tried on all interfaces, since the interface in the offer is the other machine's. Loopback
/// is dialed only if the server runs on this machine (`is_local`): a user of another machine must not make this client
/// connect to local services.
pub(super) fn targets(offer: &str, own: &[LocalAddress], is_local: bool) -> Vec<SocketAddr> {
    let mut targets = Vec::new();
    let is_allowed = |address: &SocketAddr| is_local || !address.ip().is_loopback();
    for address in offer.split(',').take(MAX_ADDRESSES).filter_map(read).filter(is_dialable).filter(is_allowed) {
        let candidates = match address {
            SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() => on_each_link(v6, own),
            _ => vec![address],
        };
        for candidate in candidates {
            if targets.len() < MAX_TARGETS && !targets.contains(&candidate) {
                targets.push(candidate);
            }
        }
    }
    targets
}

/// Parses `1.2.3.4:5` or `[fe80::1%eth0]:5`. Ignores the zone, which names an interface of the other machine.
fn read(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = match (text.find('%'), text.find(']')) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &text[..from], &text[to..]).parse().ok()?,
        _ => text.parse().ok()?,
    };
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

/// Returns whether the address is unicast and the port no system port.
fn is_dialable(address: &SocketAddr) -> bool {
    let is_unicast = match address.ip() {
        IpAddr::V4(ip) => ip.octets()[0] != 0 && !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
    };
    is_unicast && address.port() >= FIRST_PORT
}

/// Returns the link-local address once per interface that has a link-local address itself.
fn on_each_link(address: SocketAddrV6, own: &[LocalAddress]) -> Vec<SocketAddr> {
    let is_link = |own: &&LocalAddress| matches!(own.ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let links = own.iter().filter(is_link).filter_map(|own| own.index);
    links.map(|index| SocketAddrV6::new(*address.ip(), address.port(), 0, index).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own(name: &str, index: u32, ip: &str) -> LocalAddress {
        LocalAddress { name: name.into(), index: Some(index), ip: ip.parse().unwrap() }
    }

    #[test]
    fn offers_the_likeliest_address_first() {
        let machine = [
            own("lo", 1, "127.0.0.1"),
            own("lo", 1, "::1"),
            own("eth0", 2, "fe80::1"),
            own("Ethernet 2", 3, "fe80::2"),
            own("eth0", 2, "169.254.3.4"),
            own("eth0", 2, "10.0.0.7"),
            own("eth1", 3, "2001:db8::7"),
            own("eth1", 3, "10.0.0.7"),
        ];
        let expected = "10.0.0.7:50000,[2001:db8::7]:50000,169.254.3.4:50000,[fe80::1%eth0]:50000,[fe80::2]:50000,\
                        127.0.0.1:50000,[::1]:50000";
        assert_eq!(offered(&machine, 50_000), expected);
    }

    #[test]
    fn bounds_an_offer_in_addresses_and_bytes() {
        let many: Vec<LocalAddress> = (0..200).map(|n| own("eth0", 2, &format!("10.0.0.{n}"))).collect();
        assert_eq!(offered(&many, 65_535).split(',').count(), MAX_ADDRESSES);
        let long: Vec<LocalAddress> =
            (0..200).map(|n| own("a-long-interface", 2, &format!("fe80::1234:5678:9abc:def0:{n:x}"))).collect();
        assert!(offered(&long, 65_535).len() <= MAX_BYTES);
        let offer = (0..999).map(|n| format!("10.0.{}.{}:2000", n / 250, n % 250)).collect::<Vec<_>>().join(",");
        assert_eq!(targets(&offer, &[], true).len(), MAX_ADDRESSES);
    }

    #[test]
    fn dials_no_system_port_and_no_multicast_address() {
        for offer in [
            "",
            "10.0.0.1",
            "10.0.0.1:80",
            "10.0.0.1:0",
            "10.0.0.1:1023",
            "0.0.0.0:5000",
            "0.1.2.3:5000",
            "255.255.255.255:5000",
            "224.0.0.1:5000",
            "[::]:5000",
            "[ff02::1]:5000",
            "[::ffff:224.0.0.1]:5000",
            "[::ffff:0.0.0.0]:5000",
            "host:5000",
            "%:5000",
            "]%[:5000",
        ] {
            assert_eq!(targets(offer, &[own("eth0", 2, "fe80::1")], true), [], "{offer}");
        }
        let good = "10.0.0.1:5000,[2001:db8::1]:5000,127.0.0.1:5000,[::ffff:10.0.0.1]:5000";
        let dialled: Vec<String> = targets(good, &[], true).iter().map(ToString::to_string).collect();
        assert_eq!(dialled, ["10.0.0.1:5000", "[2001:db8::1]:5000", "127.0.0.1:5000"]);
    }

    #[test]
    fn dials_loopback_only_with_a_local_server() {
        let offer = "127.0.0.1:5000,[::1]:5000,10.0.0.1:5000,127.9.9.9:5000,[::ffff:127.0.0.1]:5000";
        let dialled = |is_local| targets(offer, &[], is_local).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(dialled(false), ["10.0.0.1:5000"]);
        assert_eq!(dialled(true), ["127.0.0.1:5000", "[::1]:5000", "10.0.0.1:5000", "127.9.9.9:5000"]);
    }

    #[test]
    fn dials_a_link_local_address_on_each_interface() {
        let machine = [own("lo", 1, "::1"), own("a", 2, "fe80::a"), own("b", 3, "10.0.0.1"), own("c", 4, "fe80::c")];
        let dialled: Vec<String> =
            targets("[fe80::9%eth7]:5000", &machine, false).iter().map(ToString::to_string).collect();
        assert_eq!(dialled, ["[fe80::9%2]:5000", "[fe80::9%4]:5000"]);
        assert_eq!(targets("[fe80::9]:5000", &[], false), []);
    }

    proptest! {
        #[test]
        fn reads_any_offer_without_panic(offer in "[0-9a-f:.,%\\[\\]é]{0,80}") {
            let machine = [own("a", 2, "fe80::a")];
            prop_assert!(targets(&offer, &machine, true).iter().all(is_dialable));
        }

        #[test]
        fn dials_each_address_that_is_offered(ip in any::<[u8; 4]>(), port in FIRST_PORT..) {
            let ip = IpAddr::from(ip);
            let offer = offered(&[LocalAddress { name: "eth0".into(), index: None, ip }], port);
            let address = SocketAddr::new(ip, port);
            let expected = if is_dialable(&address) { vec![address] } else { Vec::new() };
            prop_assert_eq!(targets(&offer, &[], true), expected);
        }
    }
}
