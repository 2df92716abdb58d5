//! Where this machine may be reached, and which of another machine's addresses are dialled.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Addresses that are offered, and taken from an offer; more than a machine on a few networks has.
const MOST: usize = 16;
/// Bytes of them all: with a name and a key in front, the line stays below 1 KiB.
const BYTES: usize = 860;
/// Places that are dialled for one offer: link-local addresses are tried on each of our own interfaces.
const TARGETS: usize = 32;
/// Ports below are of services that a stranger's word must not make us knock at.
const FIRST_PORT: u16 = 1_024;

/// An address of an interface that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Own {
    /// The interface's name.
    pub name: String,
    /// Its number, where it has one.
    pub index: Option<u32>,
    /// The address.
    pub ip: IpAddr,
}

impl Own {
    /// All of this machine.
    pub fn all() -> Vec<Own> {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let up = interfaces.into_iter().filter(if_addrs::Interface::is_oper_up);
        up.map(|interface| Own { ip: interface.ip(), index: interface.index, name: interface.name }).collect()
    }

    /// The likelier that others reach it, the lower.
    fn rank(&self) -> u8 {
        match self.ip {
            ip if ip.is_loopback() => 3,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => 2,
            IpAddr::V4(ip) if ip.is_link_local() => 1,
            _ => 0,
        }
    }

    /// As it is written, with `port`.
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

/// Whether an interface's name may stand in a line: some systems have such with spaces.
fn is_zone(name: &str) -> bool {
    !name.is_empty() && name.len() <= 16 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// Where this machine may be reached on `port`, with commas between: what is likeliest to work stands first.
pub(super) fn offered(own: &[Own], port: u16) -> String {
    let mut own: Vec<&Own> = own.iter().filter(|own| !own.ip.is_unspecified() && !own.ip.is_multicast()).collect();
    own.sort_by_key(|own| own.rank());
    let mut offered: Vec<String> = Vec::new();
    let mut bytes = 0;
    for written in own.into_iter().map(|own| own.written(port)) {
        let fits = offered.len() < MOST && bytes + written.len() < BYTES;
        if fits && !offered.contains(&written) {
            bytes += written.len() + 1;
            offered.push(written);
        }
    }
    offered.join(",")
}

/// What is dialled of what somebody offers. An address that is good on one link only is tried on all of our own: the
/// interface that it names is the other machine's. Loopback is dialled only if the server is there, too (`is_local`):
/// who is on another machine could only mean what else this one keeps to itself.
pub(super) fn targets(offer: &str, own: &[Own], is_local: bool) -> Vec<SocketAddr> {
    let mut targets = Vec::new();
    let here = |address: &SocketAddr| is_local || !address.ip().is_loopback();
    for address in offer.split(',').take(MOST).filter_map(read).filter(may_be_dialled).filter(here) {
        let places = match address {
            SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() => on_each_link(v6, own),
            _ => vec![address],
        };
        for place in places {
            if targets.len() < TARGETS && !targets.contains(&place) {
                targets.push(place);
            }
        }
    }
    targets
}

/// Reads `1.2.3.4:5` or `[fe80::1%eth0]:5`, without what stands behind the `%`.
fn read(text: &str) -> Option<SocketAddr> {
    let address: SocketAddr = match (text.find('%'), text.find(']')) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &text[..from], &text[to..]).parse().ok()?,
        _ => text.parse().ok()?,
    };
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

fn may_be_dialled(address: &SocketAddr) -> bool {
    let somebody = match address.ip() {
        IpAddr::V4(ip) => ip.octets()[0] != 0 && !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
    };
    somebody && address.port() >= FIRST_PORT
}

fn on_each_link(address: SocketAddrV6, own: &[Own]) -> Vec<SocketAddr> {
    let is_link = |own: &&Own| matches!(own.ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let links = own.iter().filter(is_link).filter_map(|own| own.index);
    links.map(|index| SocketAddrV6::new(*address.ip(), address.port(), 0, index).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own(name: &str, index: u32, ip: &str) -> Own {
        Own { name: name.into(), index: Some(index), ip: ip.parse().unwrap() }
    }

    #[test]
    fn what_is_likeliest_to_work_is_offered_first() {
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
    fn an_offer_is_bounded() {
        let many: Vec<Own> = (0..200).map(|n| own("eth0", 2, &format!("10.0.0.{n}"))).collect();
        assert_eq!(offered(&many, 65_535).split(',').count(), MOST);
        let long: Vec<Own> =
            (0..200).map(|n| own("a-long-interface", 2, &format!("fe80::1234:5678:9abc:def0:{n:x}"))).collect();
        assert!(offered(&long, 65_535).len() <= BYTES);
        let offer = (0..999).map(|n| format!("10.0.{}.{}:2000", n / 250, n % 250)).collect::<Vec<_>>().join(",");
        assert_eq!(targets(&offer, &[], true).len(), MOST);
    }

    #[test]
    fn nobody_is_made_to_dial_what_is_no_persons_client() {
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
    fn loopback_is_dialled_only_where_the_server_is() {
        let offer = "127.0.0.1:5000,[::1]:5000,10.0.0.1:5000,127.9.9.9:5000,[::ffff:127.0.0.1]:5000";
        let dialled = |is_local| targets(offer, &[], is_local).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(dialled(false), ["10.0.0.1:5000"]);
        assert_eq!(dialled(true), ["127.0.0.1:5000", "[::1]:5000", "10.0.0.1:5000", "127.9.9.9:5000"]);
    }

    #[test]
    fn an_address_of_a_link_is_tried_on_all_of_ours() {
        let machine = [own("lo", 1, "::1"), own("a", 2, "fe80::a"), own("b", 3, "10.0.0.1"), own("c", 4, "fe80::c")];
        let dialled: Vec<String> =
            targets("[fe80::9%eth7]:5000", &machine, false).iter().map(ToString::to_string).collect();
        assert_eq!(dialled, ["[fe80::9%2]:5000", "[fe80::9%4]:5000"]);
        assert_eq!(targets("[fe80::9]:5000", &[], false), []);
    }

    proptest! {
        #[test]
        fn any_offer_is_read_without_harm(offer in "[0-9a-f:.,%\\[\\]é]{0,80}") {
            let machine = [own("a", 2, "fe80::a")];
            prop_assert!(targets(&offer, &machine, true).iter().all(may_be_dialled));
        }

        #[test]
        fn what_one_side_offers_the_other_dials(ip in any::<[u8; 4]>(), port in FIRST_PORT..) {
            let ip = IpAddr::from(ip);
            let offer = offered(&[Own { name: "eth0".into(), index: None, ip }], port);
            let address = SocketAddr::new(ip, port);
            let expected = if may_be_dialled(&address) { vec![address] } else { Vec::new() };
            prop_assert_eq!(targets(&offer, &[], true), expected);
        }
    }
}
