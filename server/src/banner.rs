//! The text that the server prints once its ports are open: how to join it, and its main settings.

use crate::config::{ByteSize, Config, History};
use crate::guard::Capacity;
use crate::guard::capacity::AS_CONFIGURED;
use crate::server::Server;
use landline_common::qr::lines_for_terminal;
use landline_common::service::MAIN_PORT;
use landline_common::tls::ServerKey;
use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The facts that the banner shows.
#[derive(Debug)]
pub struct Banner<'a> {
    name: &'a str,
    /// The addresses under which other machines reach this one.
    reachable_at: Vec<IpAddr>,
    /// The main ports in the order of the command line.
    ports: Vec<u16>,
    lantalk_port: Option<u16>,
    web_port: Option<u16>,
    encryption: Encryption,
    has_password: bool,
    claim_code: &'a str,
    data: PathBuf,
    history: History,
    /// Most bytes of the history; `u64::MAX` means no limit.
    history_bytes: u64,
    /// The operator can type commands.
    console: bool,
    /// The lines of the QR code of the page's address; none if the terminal cannot show them.
    code: Vec<String>,
    capacity: &'a Capacity,
}

/// The encryption between the server and its clients.
#[derive(Debug)]
enum Encryption {
    /// None.
    Off,
    /// TLS for clients that use it.
    Offered(ServerKey),
    /// TLS for all clients on other machines.
    Required(ServerKey),
}

impl<'a> Banner<'a> {
    /// Collects the facts of a running server, for a terminal with `columns` that shows a QR code, if there is one.
    #[must_use]
    pub fn of(server: &'a Server, config: &'a Config, console: bool, columns: Option<usize>) -> Banner<'a> {
        let addresses = server.addresses();
        let encryption = match &server.context().tls {
            None => Encryption::Off,
            Some(tls) if config.require_tls => Encryption::Required(tls.key()),
            Some(tls) => Encryption::Offered(tls.key()),
        };
        let web_port = server.web_address().map(|address| address.port());
        let columns = columns.filter(|_| web_port.is_some());
        let url = server.context().hub.page_url(None);
        Banner {
            name: &config.name,
            reachable_at: config.reachable_at(),
            ports: addresses.iter().take(config.ports.len()).map(SocketAddr::port).collect(),
            lantalk_port: config.lantalk_port.and(addresses.last()).map(SocketAddr::port),
            web_port,
            encryption,
            has_password: config.password.is_some(),
            claim_code: server.claim_code(),
            data: std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone()),
            history: config.history,
            history_bytes: config.limits.history_bytes,
            console,
            code: columns.map_or_else(Vec::new, |columns| lines_for_terminal(&url, columns)),
            capacity: server.capacity(),
        }
    }
}

impl Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nLandline {}, server name \"{}\"\n", env!("CARGO_PKG_VERSION"), self.name)?;
        let (port, others) = self.ports.split_first().unwrap_or((&0, &[]));
        if let Some((address, elsewhere)) = self.reachable_at.split_first() {
            writeln!(f, "  join with   landline {}", dial_argument(*address, *port))?;
            if matches!(self.encryption, Encryption::Required(_)) {
                writeln!(f, "  or          openssl s_client -quiet -connect {}", SocketAddr::new(*address, *port))?;
            } else {
                writeln!(f, "  or          nc {address} {port}")?;
            }
            writeln!(f, "              then type NAME_ROOM, for example alice_lobby, and talk")?;
            if !elsewhere.is_empty() {
                let elsewhere: Vec<String> = elsewhere.iter().map(IpAddr::to_string).collect();
                writeln!(f, "  also at     {}", elsewhere.join(", "))?;
            }
        }
        if !others.is_empty() {
            let others: Vec<String> = others.iter().map(u16::to_string).collect();
            writeln!(f, "  also on     port {}", others.join(", "))?;
        }
        if let Some(port) = self.lantalk_port.filter(|_| !matches!(self.encryption, Encryption::Required(_))) {
            writeln!(f, "  LanTalk:    its clients find this server, or dial port {port}")?;
        }
        if let Some(port) = self.web_port {
            let scheme = if matches!(self.encryption, Encryption::Required(_)) { "https" } else { "http" };
            for (n, address) in self.reachable_at.iter().enumerate() {
                let label = if n == 0 { "browser:" } else { "" };
                writeln!(f, "  {label:<11} {scheme}://{}/", SocketAddr::new(*address, port))?;
            }
        }
        if self.has_password {
            writeln!(f, "  password:   yes, users are asked for it")?;
        }
        writeln!(f, "  owner:      type /claim {} when you have joined (works once)", self.claim_code)?;
        write!(f, "{}", self.encryption)?;
        writeln!(f, "  data:       {}", self.data.display())?;
        writeln!(f, "  history:    {}", self.history())?;
        let Capacity { clients, why } = self.capacity;
        let why = if *why == AS_CONFIGURED { String::new() } else { format!(", because of {why}") };
        writeln!(f, "  capacity:   up to {clients} users{why}\n")?;
        for line in &self.code {
            writeln!(f, "{line}")?;
        }
        if !self.code.is_empty() {
            writeln!(f, "Phones on the same Wi-Fi scan this code. /link ROOM makes one for a room.\n")?;
        }
        let console = if self.console { "/help lists the commands of this console; " } else { "" };
        writeln!(f, "{console}Ctrl-C stops the server.\n")
    }
}

impl Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self {
            Encryption::Off => {
                return writeln!(f, "  encryption: none. Anyone on the network can read messages and passwords.");
            }
            Encryption::Offered(key) => {
                writeln!(f, "  encryption: TLS for landline, for browsers at https:// and for openssl s_client.")?;
                writeln!(f, "              Anyone on the network can read the rest: nc, older clients, http://.")?;
                key
            }
            Encryption::Required(key) => {
                writeln!(f, "  encryption: TLS only. Clients on other machines are refused without it.")?;
                key
            }
        };
        writeln!(f, "  key:        {}", key.fingerprint())?;
        writeln!(f, "              landline shows these digits when it first meets this server: compare them.")
    }
}

impl Banner<'_> {
    /// Returns how long and up to which size the history is kept.
    fn history(&self) -> String {
        let time = match self.history {
            History::Off => return "off".to_owned(),
            History::On => "kept".to_owned(),
            History::Days(1) => "kept for 1 day".to_owned(),
            History::Days(days) => format!("kept for {days} days"),
        };
        if self.history_bytes == u64::MAX { time } else { format!("{time}, up to {}", ByteSize(self.history_bytes)) }
    }
}

/// Returns an address as the argument of `landline`, which dials the default main port by itself.
fn dial_argument(address: IpAddr, port: u16) -> String {
    if port == MAIN_PORT { address.to_string() } else { SocketAddr::new(address, port).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b2_banner_tells_how_to_join() {
        let key = "0123456789abcdef".repeat(4).parse().unwrap();
        let mut banner = Banner {
            name: "Room 12",
            reachable_at: vec![[192, 168, 1, 20].into(), [10, 0, 0, 5].into()],
            ports: vec![12_345, 8_888, 22_081],
            lantalk_port: Some(5_050),
            web_port: Some(8_080),
            encryption: Encryption::Offered(key),
            has_password: true,
            claim_code: "abcd-efgh-jkmn",
            data: PathBuf::from("/srv/landline"),
            history: History::On,
            history_bytes: 4 << 30,
            console: true,
            code: Vec::new(),
            capacity: &Capacity { clients: 10_000, why: AS_CONFIGURED },
        };
        let expected = "
Landline VERSION, server name \"Room 12\"

  join with   landline 192.168.1.20
  or          nc 192.168.1.20 12345
              then type NAME_ROOM, for example alice_lobby, and talk
  also at     10.0.0.5
  also on     port 8888, 22081
  LanTalk:    its clients find this server, or dial port 5050
  browser:    http://192.168.1.20:8080/
              http://10.0.0.5:8080/
  password:   yes, users are asked for it
  owner:      type /claim abcd-efgh-jkmn when you have joined (works once)
  encryption: TLS for landline, for browsers at https:// and for openssl s_client.
              Anyone on the network can read the rest: nc, older clients, http://.
  key:        FINGERPRINT
              landline shows these digits when it first meets this server: compare them.
  data:       /srv/landline
  history:    kept, up to 4 GiB
  capacity:   up to 10000 users

/help lists the commands of this console; Ctrl-C stops the server.

";
        let expected = expected.replace("VERSION", env!("CARGO_PKG_VERSION"));
        assert_eq!(banner.to_string(), expected.replace("FINGERPRINT", &key.fingerprint()));
        banner.encryption = Encryption::Off;
        banner.ports = vec![8_888];
        banner.console = false;
        banner.history = History::Days(30);
        banner.history_bytes = u64::MAX;
        banner.capacity = &Capacity { clients: 500, why: "the limit on open files (ulimit -n)" };
        banner.reachable_at = vec!["fd00::1".parse().unwrap()];
        let text = banner.to_string();
        for part in [
            "  browser:    http://[fd00::1]:8080/\n",
            "  encryption: none. Anyone on the network can read messages and passwords.\n  data:",
            "landline [fd00::1]:8888\n",
            "history:    kept for 30 days\n",
            "up to 500 users, because of the limit on open files (ulimit -n)\n",
            "\n\nCtrl-C stops the server.\n",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("console"), "{text}");
        banner.encryption = Encryption::Required(key);
        let text = banner.to_string();
        for part in [
            "  browser:    https://[fd00::1]:8080/\n",
            "  encryption: TLS only. Clients on other machines are refused without it.\n  key:        ",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Wi-Fi"), "{text}");
        banner.code = lines_for_terminal("https://[fd00::1]:8080/", 80);
        let code = banner.code.join("\n");
        assert!(
            banner
                .to_string()
                .contains(&format!("users, because of the limit on open files (ulimit -n)\n\n{code}\nPhones on "))
        );
        banner.web_port = None;
        assert!(!banner.to_string().contains("browser"));
    }
}
