//! The command line of a server.

use super::size;
use super::tasks::ServerTask;
use super::{Config, DEFAULT_DATA, History, TlsMode, WebPort, is_host_name, limits_of};
use anyhow::{Context, anyhow, bail};
use clap::{ArgAction, Parser};
use ipnet::IpNet;
use landline_common::limits;
use landline_common::service::{BEACON_PORT, LANTALK_PORT, MAIN_PORT};
use landline_common::visible::is_blank;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most seconds of a timeout: far below the bounds of the time arithmetic.
const A_YEAR: u64 = 365 * 86_400;

/// The environment variable that may hold the server's password.
const PASSWORD_VARIABLE: &str = "LANDLINE_PASSWORD";

/// Chat server for one local network. Start it, and give users the line it prints.
#[derive(Debug, Parser)]
#[command(name = "landline-server", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Args {
    /// The task to run instead of serving.
    #[command(subcommand)]
    pub task: Option<ServerTask>,
    /// Port to listen on [default: 12345]
    #[arg(value_parser = parse_port)]
    port: Option<u16>,
    /// Seconds for which three failed passwords in a row lock an account
    #[arg(value_name = "BLOCK_DURATION", default_value_t = 60)]
    block: u64,
    /// Idle seconds before sign-out
    #[arg(value_name = "TIMEOUT", default_value_t = 300)]
    idle: u64,
    /// Listen on this port too; may be given several times (tcp_chat's client dials 8888)
    #[arg(long = "port", value_name = "PORT", value_parser = parse_port)]
    ports: Vec<u16>,
    /// Listen on this address only; 0.0.0.0 is IPv4 only [default: all of this machine's]
    #[arg(long, value_name = "ADDRESS", default_value = "::", hide_default_value = true)]
    bind: IpAddr,
    /// Folder for accounts, sessions and the log
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_DATA)]
    data: PathBuf,
    /// The server's name, as users see it
    #[arg(long, default_value = "Landline")]
    name: String,
    /// Ask all users for this password; other users of this machine can see it here, unlike in a file or in the
    /// environment variable LANDLINE_PASSWORD
    #[arg(long, conflicts_with = "password_file")]
    password: Option<String>,
    /// Read that password from the first line of this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Long form of BLOCK_DURATION
    #[arg(long, value_name = "SECONDS")]
    block_duration: Option<u64>,
    /// Long form of TIMEOUT
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Pings do not restart the idle timeout
    #[arg(long)]
    strict_timeout: bool,
    /// Most lines that one user may send within a time, as LINES/SECONDS, or off
    #[arg(long, value_name = "N/SECONDS", default_value = "10/5", value_parser = parse_rate)]
    rate: Rate,
    /// Most users at once
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_clients: usize,
    /// Most users at once from one address; 0 lifts the limit [default: 256, or half of all users if that is less]
    #[arg(long, value_name = "N")]
    max_clients_per_ip: Option<usize>,
    /// Port for LanTalk's clients; 0 turns it off
    #[arg(long, value_name = "PORT", default_value_t = LANTALK_PORT, value_parser = parse_port)]
    lantalk_port: u16,
    /// Port for browsers; 0 turns it off [default: the one used last, or else the first free one from 8080 up]
    #[arg(long, value_name = "PORT", value_parser = parse_port)]
    web_port: Option<u16>,
    /// Accept TLS on all ports: on or off
    #[arg(long, value_name = "on|off", default_value = "on", value_parser = parse_switch, action = ArgAction::Set)]
    tls: bool,
    /// Use the certificates in this PEM file, the server's first, instead of one that the server makes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Use the private key in this PEM file, which belongs to the first of these certificates
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Refuse clients on other machines that do not use TLS
    #[arg(long)]
    require_tls: bool,
    /// Serve browsers that know this machine by this name too; may be given several times
    #[arg(long = "host", value_name = "NAME", value_parser = parse_host)]
    hosts: Vec<String>,
    /// Believe what the proxy at this address or in this network (10.0.0.0/8) tells about the address of a browser; may
    /// be given several times
    #[arg(long = "trusted-proxy", value_name = "ADDRESS", value_parser = parse_network)]
    trusted_proxies: Vec<IpNet>,
    /// UDP port on which clients find this server; 0 turns it off
    #[arg(long, value_name = "PORT", default_value_t = BEACON_PORT, value_parser = parse_port)]
    beacon_port: u16,
    /// Keep messages: on, off, or for this many days
    #[arg(long, value_name = "on|off|N-days", default_value_t = History::On)]
    history: History,
    /// Most disk space for messages.db, as 500M or 2G, or off; beyond it the oldest messages are removed [default: 4G]
    #[arg(long, value_name = "SIZE|off", value_parser = size::parse)]
    history_size: Option<u64>,
    /// Write the log here [default: landline.log in the data folder]
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Do not read commands from standard input
    #[arg(long)]
    no_console: bool,
    /// Print no QR code of the page's address at the start
    #[arg(long)]
    no_qr: bool,
    /// Set any other limit; --limit help lists them
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| match text {
        "export" | "import" => format!("{text} must be the first argument, before its options"),
        _ => "a port is a number from 0 to 65535".into(),
    })
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("write on or off".into()),
    }
}

/// Returns the name in lower case, in which browsers send it.
fn parse_host(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if is_host_name(&name) {
        Ok(name)
    } else {
        Err("write the name alone, for example chat.example.org, without http:// and port".into())
    }
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| "write an address or a network, for example 10.0.0.0/8".into())
}

/// A rate limit, if there is one.
type Rate = Option<(u32, Duration)>;

fn parse_rate(text: &str) -> Result<Rate, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let parsed = text.split_once('/').and_then(|(lines, seconds)| Some((lines.parse().ok()?, seconds.parse().ok()?)));
    match parsed {
        Some((lines, seconds)) if lines > 0 && seconds > 0 => Ok(Some((lines, Duration::from_secs(seconds)))),
        _ => Err("write it as LINES/SECONDS, for example 10/5, or off".into()),
    }
}

/// Returns all limits with their defaults and reasons, as `--limit help` shows them.
#[must_use]
pub fn limits_help() -> String {
    let line = |(name, default, why): &(&str, u64, &str)| {
        format!("{:<28} {default:>10}  {}\n", name.replace('_', "-"), why.trim())
    };
    limits::TABLE.iter().map(line).collect()
}

impl Args {
    /// Returns true if the limits must be listed instead of starting a server.
    #[must_use]
    pub fn wants_limits(&self) -> bool {
        self.limits.iter().any(|limit| limit == "help")
    }

    /// Returns true if no commands are read from standard input.
    #[must_use]
    pub fn no_console(&self) -> bool {
        self.no_console
    }

    /// Returns true if the banner has no QR code.
    #[must_use]
    pub fn no_qr(&self) -> bool {
        self.no_qr
    }

    /// Returns the path of the log file.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.log_file.clone().unwrap_or_else(|| self.data.join("landline.log"))
    }

    /// Returns the file that the server's password is read from, if there is one.
    #[must_use]
    pub fn password_file(&self) -> Option<&Path> {
        self.password_file.as_deref()
    }

    /// Checks the arguments and returns the configuration.
    ///
    /// # Errors
    /// An argument is out of its bounds, or the password file cannot be read.
    pub fn config(&self) -> anyhow::Result<Config> {
        let mut limits = limits_of(&self.limits)?;
        if let Some(bytes) = self.history_size {
            limits.set("history-bytes", bytes).map_err(|_| anyhow!("--history-size needs at least 16M"))?;
        }
        let name = landline_common::clean::clean(self.name.trim()).into_owned();
        if is_blank(&name) || name.chars().count() > 64 {
            bail!("--name needs 1 to 64 characters");
        }
        let block = self.block_duration.unwrap_or(self.block);
        let timeout = self.timeout.unwrap_or(self.idle);
        if timeout == 0 || timeout > A_YEAR || block > A_YEAR {
            bail!("--timeout must be between 1 and {A_YEAR} seconds, --block-duration between 0 and {A_YEAR}");
        }
        if self.max_clients == 0 {
            bail!("--max-clients needs at least 1");
        }
        if !self.tls && (self.require_tls || self.tls_cert.is_some()) {
            bail!("--tls off excludes --require-tls, --tls-cert and --tls-key");
        }
        let port = |port: u16| (port != 0).then_some(port);
        let mut ports: Vec<u16> = self.port.into_iter().chain(self.ports.iter().copied()).collect();
        if ports.is_empty() {
            ports.push(MAIN_PORT);
        }
        let all =
            || ports.iter().copied().chain(port(self.lantalk_port)).chain(self.web_port).filter(|port| *port != 0);
        if let Some(twice) = all().enumerate().find_map(|(i, port)| all().skip(i + 1).find(|other| *other == port)) {
            bail!("port {twice} is given twice (as PORT, --port, --lantalk-port or --web-port)");
        }
        Ok(Config {
            ports,
            bind: self.bind,
            data: self.data.clone(),
            name,
            password: self.server_password(std::env::var_os(PASSWORD_VARIABLE))?,
            block_duration: Duration::from_secs(block),
            timeout: Duration::from_secs(timeout),
            strict_timeout: self.strict_timeout,
            rate: self.rate,
            max_clients: self.max_clients,
            max_clients_per_ip: self.max_clients_per_ip,
            lantalk_port: port(self.lantalk_port),
            web_port: match self.web_port {
                None => WebPort::Auto,
                Some(0) => WebPort::Off,
                Some(port) => WebPort::Port(port),
            },
            tls: self.tls_mode(),
            require_tls: self.require_tls,
            hosts: self.hosts.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            beacon_port: port(self.beacon_port),
            history: self.history,
            limits,
        })
    }

    fn tls_mode(&self) -> TlsMode {
        match (self.tls, &self.tls_cert, &self.tls_key) {
            (false, _, _) => TlsMode::Off,
            (true, Some(certificate), Some(key)) => {
                TlsMode::Files { certificate: certificate.clone(), key: key.clone() }
            }
            // clap refuses one of the files without the other.
            (true, _, _) => TlsMode::Own,
        }
    }

    /// Returns the server's password, from the command line or else from the environment. An empty variable means no
    /// password: setting it to nothing is how operators switch a variable off.
    fn server_password(&self, environment: Option<OsString>) -> anyhow::Result<Option<String>> {
        let password = match (&self.password_file, &self.password) {
            (Some(file), _) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read the password file {}", file.display()))?;
                Some(text.lines().next().unwrap_or_default().to_owned())
            }
            (None, Some(password)) => Some(password.clone()),
            (None, None) => match environment.filter(|password| !password.is_empty()).map(OsString::into_string) {
                Some(Err(_)) => bail!("the password in {PASSWORD_VARIABLE} is not UTF-8; set another one"),
                password => password.and_then(Result::ok),
            },
        };
        match password.map(|typed| landline_common::password::from_line(&typed).to_owned()) {
            Some(password) if password.is_empty() => bail!("the server's password is empty; leave it out for none"),
            password => Ok(password),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str]) -> anyhow::Result<Config> {
        Args::try_parse_from(std::iter::once(&"landline-server").chain(args))?.config()
    }

    #[test]
    fn three_numbers_of_the_predecessor_are_accepted() {
        let config = config(&["4000", "10", "120"]).unwrap();
        assert_eq!(config.ports, [4000]);
        assert_eq!((config.block_duration.as_secs(), config.timeout.as_secs()), (10, 120));
    }

    #[test]
    fn flags_are_parsed() {
        let config = config(&[
            "--port",
            "8888",
            "--port=22081",
            "--rate",
            "off",
            "--limit",
            "line-bytes=100",
            "--lantalk-port",
            "0",
        ])
        .unwrap();
        assert_eq!((config.ports, config.rate, config.lantalk_port), (vec![8888, 22081], None, None));
        assert_eq!(config.limits.line_bytes, 100);
    }

    #[test]
    fn port_zero_may_be_given_several_times() {
        assert_eq!(config(&["0", "--port", "0", "--lantalk-port", "0"]).unwrap().ports, [0, 0]);
    }

    #[test]
    fn web_port_is_chosen_by_default_and_0_turns_it_off() {
        let web_port = |args: &[&str]| config(args).unwrap().web_port;
        assert_eq!(web_port(&[]), WebPort::Auto);
        assert_eq!(web_port(&["--web-port", "0", "--port", "0"]), WebPort::Off);
        assert_eq!(web_port(&["--web-port", "80"]), WebPort::Port(80));
    }

    #[test]
    fn tls_is_on_by_default() {
        let tls = |args: &[&str]| config(args).map(|config| (config.tls, config.require_tls));
        let files = TlsMode::Files { certificate: "c.pem".into(), key: "k.pem".into() };
        assert_eq!(tls(&[]).unwrap(), (TlsMode::Own, false));
        assert_eq!(tls(&["--tls", "OFF"]).unwrap(), (TlsMode::Off, false));
        assert_eq!(tls(&["--require-tls"]).unwrap(), (TlsMode::Own, true));
        assert_eq!(tls(&["--tls=on", "--tls-cert", "c.pem", "--tls-key", "k.pem"]).unwrap(), (files, false));
        assert!(tls(&["--tls-cert", "c.pem"]).is_err() && tls(&["--tls-key", "k.pem"]).is_err());
    }

    #[test]
    fn hosts_and_proxies_may_be_given_several_times() {
        let config = config(&[
            "--host=Chat.Example.org.",
            "--host",
            "my_pc",
            "--trusted-proxy",
            "10.1.2.3",
            "--trusted-proxy=fd00::/8",
        ])
        .unwrap();
        assert_eq!(config.hosts, ["chat.example.org", "my_pc"]);
        assert_eq!(config.trusted_proxies, ["10.1.2.3/32".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    }

    #[test]
    fn history_is_on_by_default() {
        assert_eq!(config(&[]).unwrap().history, History::On);
        assert_eq!(config(&["--history", "off"]).unwrap().history, History::Off);
        assert_eq!(config(&["--history=90-days"]).unwrap().history, History::Days(90));
    }

    #[test]
    fn history_size_is_bounded_by_default() {
        let bytes = |args: &[&str]| config(args).map(|config| config.limits.history_bytes);
        assert_eq!(bytes(&[]).unwrap(), 4 << 30);
        assert_eq!(bytes(&["--history-size", "500M"]).unwrap(), 500 << 20);
        assert_eq!(bytes(&["--history-size=off"]).unwrap(), u64::MAX);
    }

    #[test]
    fn empty_password_in_the_environment_means_none() {
        let password = |args: &[&str], environment: Option<&str>| {
            let args = Args::try_parse_from(std::iter::once(&"landline-server").chain(args)).unwrap();
            args.server_password(environment.map(OsString::from)).map_err(|e| e.to_string())
        };
        assert_eq!(password(&[], None), Ok(None));
        assert_eq!(password(&[], Some("")), Ok(None));
        assert_eq!(password(&[], Some(" sesame ")), Ok(Some("sesame".to_owned())));
        assert_eq!(password(&["--password", "open"], Some("sesame")), Ok(Some("open".to_owned())));
        for (args, environment) in [(&[][..], " "), (&["--password", ""], ""), (&["--password", ""], "sesame")] {
            assert!(password(args, Some(environment)).unwrap_err().contains("is empty"), "{args:?}");
        }
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (args, says) in [
            (vec!["--rate", "fast"], "LINES/SECONDS"),
            (vec!["--limit", "line-bytes"], "NAME=VALUE"),
            (vec!["--limit", "x=1"], "no limit called x"),
            (vec!["--limit", "line-bytes=-1"], "not a whole number"),
            (vec!["--name", " "], "1 to 64"),
            (vec!["--password", " "], "empty"),
            (vec!["--password-file", "/nowhere"], "/nowhere"),
            (vec!["70000"], "70000"),
            (vec!["--timeout", "18446744073709551615"], "between 1 and"),
            (vec!["--max-clients", "0"], "at least 1"),
            (vec!["--port", "31005", "31005"], "port 31005 is given twice"),
            (vec!["--port", "31005", "--port", "31005"], "port 31005 is given twice"),
            (vec!["5050"], "port 5050 is given twice (as PORT, --port, --lantalk-port or --web-port)"),
            (vec!["--port", "31005", "--web-port", "31005"], "port 31005 is given twice"),
            (vec!["--history", "0"], "on, off, or the days"),
            (vec!["--history-size", "1M"], "at least 16M"),
            (vec!["--history-size", "much"], "for example 2G or 500M, or off"),
            (vec!["--tls", "off", "--require-tls"], "--tls off excludes"),
            (vec!["--tls", "off", "--tls-cert", "c", "--tls-key", "k"], "--tls off excludes"),
            (vec!["--tls", "maybe"], "on or off"),
            (vec!["--host", "http://chat"], "the name alone"),
            (vec!["--host", ""], "the name alone"),
            (vec!["--trusted-proxy", "proxy"], "10.0.0.0/8"),
            (vec!["--data", "x", "export"], "export must be the first argument"),
        ] {
            let error = format!("{:#}", config(&args).unwrap_err());
            assert!(error.contains(says), "{args:?}: {error}");
        }
    }

    #[test]
    fn help_is_complete() {
        use clap::CommandFactory;
        Args::command().debug_assert();
        assert!(limits_help().contains("backlog-bytes"));
    }
}
