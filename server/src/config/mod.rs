//! The configuration of a server: its command line, and the checked values made from it.

mod args;
mod size;
pub mod tasks;

use anyhow::{Context, anyhow};
pub use args::{Args, limits_help};
use ipnet::IpNet;
use landline_common::Limits;
use landline_common::service::{BEACON_PORT, LANTALK_PORT, MAIN_PORT};
pub use size::ByteSize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The default data folder.
pub const DEFAULT_DATA: &str = "data";
/// The ports that [`WebPort::Auto`] tries, in this order.
pub const WEB_PORTS: RangeInclusive<u16> = 8_080..=8_100;
/// Most days of history: a century, far below the bounds of the time arithmetic.
const MOST_DAYS: u32 = 36_500;

/// The checked configuration of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The main ports; 0 takes any free port.
    pub ports: Vec<u16>,
    /// The address to listen on. `::` means all addresses of IPv6 and IPv4, or of IPv4 only on a machine without IPv6.
    pub bind: IpAddr,
    /// The data folder.
    pub data: PathBuf,
    /// The server's name.
    pub name: String,
    /// The server's password; `None` if guests need none.
    pub password: Option<String>,
    /// Time for which failed passwords lock an account.
    pub block_duration: Duration,
    /// Idle time after which a session ends.
    pub timeout: Duration,
    /// Pings do not restart the idle timeout.
    pub strict_timeout: bool,
    /// The rate limit of a session as lines and window; `None` means no limit.
    pub rate: Option<(u32, Duration)>,
    /// Most clients at once.
    pub max_clients: usize,
    /// Most clients at once from one address; 0 means no limit, `None` the default of
    /// [`Capacity::per_address`](crate::guard::capacity::Capacity::per_address).
    pub max_clients_per_ip: Option<usize>,
    /// The LanTalk port; `None` turns it off.
    pub lantalk_port: Option<u16>,
    /// The port for browsers.
    pub web_port: WebPort,
    /// TLS on all ports.
    pub tls: TlsMode,
    /// Clients on other machines must use TLS.
    pub require_tls: bool,
    /// Further names that a browser may use for this server, in lower case.
    pub hosts: Vec<String>,
    /// The proxies whose word about the address of a client counts.
    pub trusted_proxies: Vec<IpNet>,
    /// The UDP port of discovery; `None` turns it off.
    pub beacon_port: Option<u16>,
    /// Time for which messages are kept.
    pub history: History,
    /// All other limits.
    pub limits: Limits,
}

/// The port for browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebPort {
    /// The port of the last start, or else the first free one of [`WEB_PORTS`], or else any.
    Auto,
    /// This port.
    Port(u16),
    /// Any free port, for tests.
    AnyFree,
    /// None.
    Off,
}

/// TLS on all ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS.
    Off,
    /// With a key and a certificate that the server makes and keeps in the data folder.
    Own,
    /// With two files of the operator in PEM form, which SIGHUP reloads.
    Files {
        /// The chain of certificates, the server's first.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// Time for which messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Forever.
    On,
    /// Not at all.
    Off,
    /// For this many days.
    Days(u32),
}

impl FromStr for History {
    type Err = String;

    /// Parses `on`, `off`, or days as `30-days`, `30d` or `30`.
    fn from_str(text: &str) -> Result<History, String> {
        let text = text.trim().to_ascii_lowercase();
        let days = ["-days", "-day", "d"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(&text);
        match (text.as_str(), days.parse()) {
            ("on", _) => Ok(History::On),
            ("off", _) => Ok(History::Off),
            (_, Ok(days)) if (1..=MOST_DAYS).contains(&days) => Ok(History::Days(days)),
            _ => Err(format!("write it as on, off, or the days to keep (1 to {MOST_DAYS}), for example 30-days")),
        }
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            History::On => f.write_str("on"),
            History::Off => f.write_str("off"),
            History::Days(days) => write!(f, "{days}-days"),
        }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            ports: vec![MAIN_PORT],
            bind: Ipv6Addr::UNSPECIFIED.into(),
            data: DEFAULT_DATA.into(),
            name: "Landline".into(),
            password: None,
            block_duration: Duration::from_secs(60),
            timeout: Duration::from_secs(300),
            strict_timeout: false,
            rate: Some((10, Duration::from_secs(5))),
            max_clients: 10_000,
            max_clients_per_ip: None,
            lantalk_port: Some(LANTALK_PORT),
            web_port: WebPort::Auto,
            tls: TlsMode::Own,
            require_tls: false,
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            beacon_port: Some(BEACON_PORT),
            history: History::On,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Returns true if the bounds on what one address may do are lifted, as for load tests (`--max-clients-per-ip 0`).
    #[must_use]
    pub fn lifts_address_limits(&self) -> bool {
        self.max_clients_per_ip == Some(0)
    }

    /// Returns the addresses under which other machines reach this server.
    #[must_use]
    pub fn reachable_at(&self) -> Vec<IpAddr> {
        if !self.bind.is_unspecified() {
            return vec![self.bind];
        }
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let mut lan: Vec<IpAddr> =
            interfaces.iter().filter(|i| !i.is_loopback()).map(if_addrs::Interface::ip).collect();
        // Prefers IPv4, whose addresses are short to type. Leaves out link-local IPv6 addresses, which work only
        // together with the name of an interface.
        if lan.iter().any(IpAddr::is_ipv4) || self.bind.is_ipv4() {
            lan.retain(IpAddr::is_ipv4);
        } else {
            lan.retain(|ip| matches!(ip, IpAddr::V6(v6) if !v6.is_unicast_link_local()));
        }
        if lan.is_empty() { vec![Ipv4Addr::LOCALHOST.into()] } else { lan }
    }
}

/// Returns the names by which other machines may know this one: its host name, and `NAME.local` for multicast DNS (RFC
/// 6762). A host name that DNS could not carry is left out.
#[must_use]
pub fn machine_names() -> Vec<String> {
    let name = rustix::system::uname().nodename().to_str().unwrap_or_default().to_ascii_lowercase();
    let label = name.split('.').next().unwrap_or_default();
    let mut names = vec![name.clone(), format!("{label}.local")];
    names.retain(|name| is_host_name(name) && name != "localhost" && name != "localhost.local");
    names.dedup();
    names
}

/// Returns true for a name that can stand in an address of the web: labels of letters, digits, `-` and `_`.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Returns the default limits with `changes`, each written NAME=VALUE.
///
/// # Errors
/// A change is malformed, names no limit, or has a value outside the limit's bounds.
fn limits_of(changes: &[String]) -> anyhow::Result<Limits> {
    let mut limits = Limits::default();
    for change in changes {
        let (name, value) = change.split_once('=').context("--limit is written NAME=VALUE; --limit help lists them")?;
        let value = value.parse().map_err(|_| anyhow!("--limit {name}: {value} is not a whole number"))?;
        limits.set(name, value).map_err(anyhow::Error::msg)?;
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_option_is_parsed_and_shown() {
        for (text, history) in [
            ("on", History::On),
            ("OFF", History::Off),
            ("30-days", History::Days(30)),
            ("1-day", History::Days(1)),
            ("7d", History::Days(7)),
            ("36500", History::Days(36_500)),
        ] {
            assert_eq!(text.parse(), Ok(history));
            assert_eq!(history.to_string().parse(), Ok(history));
        }
        for text in ["", "0", "36501", "-1", "days", "-days", "d", "yes", "30 weeks", "1.5d", "99999999999"] {
            assert!(text.parse::<History>().unwrap_err().contains("30-days"), "{text}");
        }
    }
}
