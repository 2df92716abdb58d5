//! What a server is told when it starts: the command line, and what it means.

mod args;
mod size;
pub mod tasks;

use anyhow::{Context, anyhow};
pub use args::{Args, limits_help};
use landline_common::Limits;
use landline_common::service::{BEACON_PORT, LANTALK_PORT, MAIN_PORT};
pub use size::ByteSize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A century: further back nobody looks, and far below where the arithmetic of time ends.
const MOST_DAYS: u32 = 36_500;

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The ports of the main door; 0 takes any free one.
    pub ports: Vec<u16>,
    /// The address to listen on. `::` is all of them, of IPv6 and IPv4; of IPv4 only, where there is no IPv6.
    pub bind: IpAddr,
    /// The data folder.
    pub data: PathBuf,
    /// The server's name.
    pub name: String,
    /// What guests must know to come in.
    pub password: Option<String>,
    /// How long failed passwords lock an account.
    pub block_duration: Duration,
    /// How long somebody may be silent.
    pub timeout: Duration,
    /// Pings do not count as a sign of life.
    pub strict_timeout: bool,
    /// Lines in so much time; `None` is without a limit.
    pub rate: Option<(u32, Duration)>,
    /// Clients at once.
    pub max_clients: usize,
    /// Clients at once from one address; 0 is without a limit.
    pub max_clients_per_ip: usize,
    /// Port of the LanTalk door; `None` is off.
    pub lantalk_port: Option<u16>,
    /// UDP port of discovery; `None` is off.
    pub beacon_port: Option<u16>,
    /// How long what was said is kept.
    pub history: History,
    /// Every other number.
    pub limits: Limits,
}

/// How long what was said is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// For ever.
    On,
    /// Not at all.
    Off,
    /// For so many days.
    Days(u32),
}

impl FromStr for History {
    type Err = String;

    /// Reads `on`, `off`, or days as `30-days`, `30d` or `30`.
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
            data: "data".into(),
            name: "Landline".into(),
            password: None,
            block_duration: Duration::from_secs(60),
            timeout: Duration::from_secs(300),
            strict_timeout: false,
            rate: Some((10, Duration::from_secs(5))),
            max_clients: 10_000,
            max_clients_per_ip: 256,
            lantalk_port: Some(LANTALK_PORT),
            beacon_port: Some(BEACON_PORT),
            history: History::On,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// The addresses under which other machines reach this server.
    #[must_use]
    pub fn reachable_at(&self) -> Vec<IpAddr> {
        if !self.bind.is_unspecified() {
            return vec![self.bind];
        }
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let mut lan: Vec<IpAddr> =
            interfaces.iter().filter(|i| !i.is_loopback()).map(if_addrs::Interface::ip).collect();
        // An address of IPv4 is short to type. Link-local ones of IPv6 need the name of an interface.
        if lan.iter().any(IpAddr::is_ipv4) || self.bind.is_ipv4() {
            lan.retain(IpAddr::is_ipv4);
        } else {
            lan.retain(|ip| matches!(ip, IpAddr::V6(v6) if !v6.is_unicast_link_local()));
        }
        if lan.is_empty() { vec![Ipv4Addr::LOCALHOST.into()] } else { lan }
    }
}

/// Returns the default limits with `changes`, each written NAME=VALUE.
///
/// # Errors
/// A change is malformed, names no limit, or has a value outside the limit's bounds.
fn limits_of(changes: &[String]) -> anyhow::Result<Limits> {
    let mut limits = Limits::default();
    for change in changes {
        let (name, value) = change.split_once('=').context("--limit is written NAME=VALUE; --limit help lists them")?;
        let value = value.parse().map_err(|_| anyhow!("--limit {name}: {value} is no whole number"))?;
        limits.set(name, value).map_err(anyhow::Error::msg)?;
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_kept_for_ever_or_not_or_for_days() {
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
