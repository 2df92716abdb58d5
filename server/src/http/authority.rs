//! Hosts and ports as in URLs and in `Host` (RFC 3986, section 3.2).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most characters of a host name (RFC 1035, section 2.3.4).
const NAME_BYTES: usize = 253;

/// A host: an address, or a name in lower case without a dot at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name.
    Name(String),
}

impl fmt::Display for Host {
    /// Writes the host without brackets, as most programs take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address(address) => write!(f, "{address}"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

impl Host {
    /// Parses an address, an IPv6 address in brackets, or a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Host> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Host::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Host::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let is_valid = !name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(is_name);
        is_valid.then(|| Host::Name(name.to_ascii_lowercase()))
    }

    /// Returns the host with a port, an IPv6 address in brackets.
    #[must_use]
    pub fn with_port(&self, port: u16) -> String {
        Authority { host: self.clone(), port: Some(port) }.to_string()
    }
}

/// A host with or without a port, as in `Host` (RFC 9110, section 7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port, if one is named.
    pub port: Option<u16>,
}

impl fmt::Display for Authority {
    /// Writes the authority as in a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            host => write!(f, "{host}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Authority {
    /// Parses `HOST` or `HOST:PORT`; an IPv6 address needs brackets. Returns `None` for anything else, also for a user name
    /// (`user@host`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Authority> {
        let end_of_host = text.find(']').map_or(0, |at| at + 1);
        let (host, port) = match text[end_of_host..].find(':') {
            Some(at) => (&text[..end_of_host + at], Some(&text[end_of_host + at + 1..])),
            None => (text, None),
        };
        let port = match port {
            // An empty port means the default one (RFC 3986, section 3.2.3).
            None | Some("") => None,
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(port.parse().ok()?),
            Some(_) => return None,
        };
        Some(Authority { host: Host::parse(host)?, port })
    }

    /// Returns true if both name the same server, when a missing port means the one of `scheme`.
    #[must_use]
    pub fn is_same(&self, other: &Authority, scheme: Scheme) -> bool {
        let port = |authority: &Authority| authority.port.unwrap_or(scheme.default_port());
        self.host == other.host && port(self) == port(other)
    }
}

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        })
    }
}

impl Scheme {
    fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    /// Splits a URL behind `http://` or `https://`, in any case.
    #[must_use]
    pub fn strip(url: &str) -> Option<(Scheme, &str)> {
        let (scheme, rest) = url.split_once("://")?;
        match scheme.to_ascii_lowercase().as_str() {
            "http" => Some((Scheme::Http, rest)),
            "https" => Some((Scheme::Https, rest)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_read_and_written() {
        for (text, expected) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("10.0.0.1:8080", Some("10.0.0.1:8080")),
            ("[::1]", Some("[::1]")),
            ("[FE80::1]:80", Some("[fe80::1]:80")),
            ("Box.Local.", Some("box.local")),
            ("box:", Some("box")),
            ("my_box:1", Some("my_box:1")),
            ("0x7f.1", Some("0x7f.1")),
            ("", None),
            (".", None),
            (":80", None),
            ("::1", None),
            ("[::1", None),
            ("[::1]x", None),
            ("[10.0.0.1]", None),
            ("[fe80::1%25eth0]", None),
            ("user@box", None),
            ("box:80:80", None),
            ("box:+80", None),
            ("box:65536", None),
            ("box/", None),
            ("bö", None),
            ("a b", None),
            ("]:80", None),
            ("a]b:80", None),
        ] {
            assert_eq!(Authority::parse(text).map(|a| a.to_string()).as_deref(), expected, "{text}");
        }
        assert!(Authority::parse(&"x".repeat(NAME_BYTES)).is_some());
        assert!(Authority::parse(&"x".repeat(NAME_BYTES + 1)).is_none());
        assert_eq!(Host::Address(Ipv6Addr::LOCALHOST.into()).with_port(80), "[::1]:80");
        assert_eq!(Host::Address(Ipv6Addr::LOCALHOST.into()).to_string(), "::1");
    }
}
