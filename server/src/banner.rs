//! What the server prints when it is open: how to join, for the people who look at the console.

use crate::config::Config;
use crate::guard::Capacity;
use crate::server::Server;
use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// The facts that are printed.
#[derive(Debug)]
pub struct Banner<'a> {
    name: &'a str,
    /// Where other machines reach this one.
    reachable_at: Vec<IpAddr>,
    /// Its main ports, in the order in which they were asked for.
    ports: Vec<u16>,
    lantalk_port: Option<u16>,
    has_password: bool,
    data: &'a Path,
    capacity: &'a Capacity,
}

impl<'a> Banner<'a> {
    /// What there is to say of a running server.
    #[must_use]
    pub fn of(server: &'a Server, config: &'a Config) -> Banner<'a> {
        let addresses = server.addresses();
        Banner {
            name: &config.name,
            reachable_at: config.reachable_at(),
            ports: addresses.iter().take(config.ports.len()).map(SocketAddr::port).collect(),
            lantalk_port: config.lantalk_port.and(addresses.last()).map(SocketAddr::port),
            has_password: config.password.is_some(),
            data: &config.data,
            capacity: server.capacity(),
        }
    }
}

impl Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nLandline {} · {}\n", env!("CARGO_PKG_VERSION"), self.name)?;
        let (port, others) = self.ports.split_first().unwrap_or((&0, &[]));
        for (i, address) in self.reachable_at.iter().enumerate() {
            let head = if i == 0 { "join with" } else { "or" };
            writeln!(f, "  {head:<11}nc {address} {port}")?;
        }
        writeln!(f, "             then type NAME_ROOM, for example alice_lobby, and talk")?;
        if !others.is_empty() {
            let others: Vec<String> = others.iter().map(u16::to_string).collect();
            writeln!(f, "  also on    port {}", others.join(", "))?;
        }
        if let Some(port) = self.lantalk_port {
            writeln!(f, "  LanTalk    its clients find this server, or dial port {port}")?;
        }
        if self.has_password {
            writeln!(f, "  password   yes: people are asked for it")?;
        }
        writeln!(f, "  encryption none: talk and passwords cross the network in the clear")?;
        writeln!(f, "  data       {}", self.data.display())?;
        writeln!(f, "  room for   {} people ({})", self.capacity.clients, self.capacity.why)?;
        writeln!(f, "\n/help lists the commands of this console; Ctrl-C stops the server.\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_to_join() {
        let banner = Banner {
            name: "Room 12",
            reachable_at: vec![[192, 168, 1, 20].into(), [10, 0, 0, 5].into()],
            ports: vec![12_345, 8_888, 22_081],
            lantalk_port: Some(5_050),
            has_password: true,
            data: Path::new("data"),
            capacity: &Capacity { clients: 10_000, why: "what was asked for" },
        };
        let expected = "
Landline VERSION · Room 12

  join with  nc 192.168.1.20 12345
  or         nc 10.0.0.5 12345
             then type NAME_ROOM, for example alice_lobby, and talk
  also on    port 8888, 22081
  LanTalk    its clients find this server, or dial port 5050
  password   yes: people are asked for it
  encryption none: talk and passwords cross the network in the clear
  data       data
  room for   10000 people (what was asked for)

/help lists the commands of this console; Ctrl-C stops the server.

";
        assert_eq!(banner.to_string(), expected.replace("VERSION", env!("CARGO_PKG_VERSION")));
    }
}
