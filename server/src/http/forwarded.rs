//! The address of a client behind a trusted proxy (`--trusted-proxy`).
//!
//! Each proxy adds the address of its peer at the right end of `X-Forwarded-For`. The client writes the left end itself, so
//! only the part that trusted proxies have written is believed:
//!
//! ```text
//! X-Forwarded-For: 203.0.113.9, 192.168.1.77, 10.0.0.2       peer 10.0.0.1; 10.0.0.1 and 10.0.0.2 are trusted
//!                  written by   ▲ counts:     trusted,
//!                  the client   the rightmost skipped
//!                               untrusted hop
//! ```
//!
//! `Forwarded` and `X-Real-IP` are not believed: a proxy that sets one header passes on the others as the client sent them.

use super::headers::Headers;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Returns the address for which limits and bans of a connection count.
///
/// A malformed hop counts as the trusted proxy that wrote it: an address further left is the client's own claim. So do hops
/// that are all trusted: then the proxy itself is the client.
#[must_use]
pub fn client_address(peer: IpAddr, trusted: &[IpNet], headers: &Headers) -> IpAddr {
    let mut client = peer.to_canonical();
    let mut hops = headers.all("X-Forwarded-For").rev().flat_map(|value| value.rsplit(','));
    while is_trusted(client, trusted) {
        match hops.next().and_then(parse_hop) {
            Some(hop) => client = hop,
            None => break,
        }
    }
    client
}

/// Returns true if an address is one of the trusted proxies.
#[must_use]
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|range| range.contains(&address))
}

/// Parses `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port).or_else(in_brackets).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn of(peer: &str, trusted: &[&str], lines: &[&str]) -> String {
        let trusted: Vec<IpNet> =
            trusted.iter().map(|text| text.parse().unwrap_or_else(|_| IpNet::from(address(text)))).collect();
        let mut headers = Headers::default();
        for line in lines {
            headers.push("X-Forwarded-For", *line);
        }
        client_address(address(peer), &trusted, &headers).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(of("10.0.0.9", &[], &["1.1.1.1"]), "10.0.0.9");
        assert_eq!(of("10.0.0.9", &["10.0.0.1"], &["1.1.1.1"]), "10.0.0.9");
        assert_eq!(of("10.0.0.1", &["10.0.0.1"], &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(of("10.0.0.1", &["10.0.0.1"], &[]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["10.0.0.0/8"], &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(of("::ffff:10.0.0.1", &["10.0.0.1"], &["::ffff:1.1.1.1"]), "1.1.1.1");
    }

    #[test]
    fn rightmost_untrusted_hop_counts() {
        let trusted = ["10.0.0.1", "10.0.0.2"];
        assert_eq!(of("10.0.0.1", &trusted, &["203.0.113.9, 192.168.1.77, 10.0.0.2"]), "192.168.1.77");
        assert_eq!(of("10.0.0.1", &trusted, &["203.0.113.9", "192.168.1.77", "10.0.0.2"]), "192.168.1.77");
        assert_eq!(of("10.0.0.1", &trusted, &["203.0.113.9,192.168.1.77", "10.0.0.2"]), "192.168.1.77");
        assert_eq!(of("10.0.0.1", &trusted, &["10.0.0.2"]), "10.0.0.2", "the proxy itself");
        assert_eq!(of("10.0.0.1", &trusted, &["127.0.0.1, 10.0.0.2, 10.0.0.1"]), "127.0.0.1");
    }

    #[test]
    fn malformed_hop_counts_as_the_proxy_that_wrote_it() {
        let trusted = ["10.0.0.1", "10.0.0.2"];
        for junk in ["", "unknown", "1.1.1", "1.1.1.1:x", "\"1.1.1.1\"", "for=1.1.1.1", "[1.1.1.1]", "fe80::1%eth0"] {
            assert_eq!(of("10.0.0.1", &trusted, &[&format!("9.9.9.9, {junk}")]), "10.0.0.1", "{junk}");
            assert_eq!(of("10.0.0.1", &trusted, &[&format!("9.9.9.9, {junk}, 10.0.0.2")]), "10.0.0.2", "{junk}");
        }
        assert_eq!(of("10.0.0.1", &trusted, &["9.9.9.9,"]), "10.0.0.1");
    }

    #[test]
    fn hops_may_have_ports_and_brackets() {
        for (hop, expected) in [
            ("1.1.1.1:8080", "1.1.1.1"),
            ("fd00::5", "fd00::5"),
            ("[fd00::5]", "fd00::5"),
            ("[fd00::5]:443", "fd00::5"),
            ("\t1.1.1.1 ", "1.1.1.1"),
        ] {
            assert_eq!(of("10.0.0.1", &["10.0.0.1"], &[hop]), expected, "{hop}");
        }
    }

    #[test]
    fn other_headers_are_not_believed() {
        let mut headers = Headers::default();
        for name in ["Forwarded", "X-Real-IP", "X-Forwarded", "Client-IP"] {
            headers.push(name, "1.1.1.1");
        }
        let trusted = [IpNet::from(address("10.0.0.1"))];
        assert_eq!(client_address(address("10.0.0.1"), &trusted, &headers), address("10.0.0.1"));
    }

    proptest! {
        #[test]
        fn client_cannot_choose_its_address(claim in "[0-9a-f.:, \\[\\]]{0,40}", own in any::<[u8; 4]>()) {
            let own = IpAddr::from(own);
            prop_assume!(own != address("10.0.0.1"));
            let expected = own.to_string();
            prop_assert_eq!(of("10.0.0.1", &["10.0.0.1"], &[&format!("{claim}, {own}")]), expected.clone());
            prop_assert_eq!(of("10.0.0.1", &["10.0.0.1"], &[&claim, &expected]), expected);
        }
    }
}
