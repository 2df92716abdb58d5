//! The command line of a server.

use super::size;
use super::tasks::ServerTask;
use super::{Config, History, limits_of};
use anyhow::{Context, anyhow, bail};
use clap::Parser;
use landline_common::limits;
use landline_common::service::{BEACON_PORT, LANTALK_PORT, MAIN_PORT};
use landline_common::visible::is_blank;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Seconds; longer than any server runs, and far below where the arithmetic of time ends.
const A_YEAR: u64 = 365 * 86_400;

/// The variable of the environment that may have the server's password.
const PASSWORD_VARIABLE: &str = "LANDLINE_PASSWORD";

/// Chat for the people on one network. Start it, and tell people the line it prints.
#[derive(Debug, Parser)]
#[command(name = "landline-server", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Args {
    /// What else there is to do.
    #[command(subcommand)]
    pub task: Option<ServerTask>,
    /// Port to listen on [default: 12345]
    #[arg(value_parser = parse_port)]
    port: Option<u16>,
    /// Seconds that three failed passwords in a row lock an account
    #[arg(value_name = "BLOCK_DURATION", default_value_t = 60)]
    block: u64,
    /// Idle seconds before sign-out
    #[arg(value_name = "TIMEOUT", default_value_t = 300)]
    idle: u64,
    /// Listen on this port too; may be given several times (tcp_chat's client dials 8888)
    #[arg(long = "port", value_name = "PORT")]
    ports: Vec<u16>,
    /// Listen on this address only; 0.0.0.0 is IPv4 only [default: all of this machine's]
    #[arg(long, value_name = "ADDRESS", default_value = "::", hide_default_value = true)]
    bind: IpAddr,
    /// Folder for accounts, sessions and the log
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
    /// The server's name, as people see it
    #[arg(long, default_value = "Landline")]
    name: String,
    /// Ask everybody for this password; better in a file or in the environment as LANDLINE_PASSWORD, where other users do
    /// not see it
    #[arg(long, conflicts_with = "password_file")]
    password: Option<String>,
    /// Read that password from the first line of this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The same as BLOCK_DURATION
    #[arg(long, value_name = "SECONDS")]
    block_duration: Option<u64>,
    /// The same as TIMEOUT
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Pings do not count as a sign of life
    #[arg(long)]
    strict_timeout: bool,
    /// Lines one person may send in so many seconds, as 10/5, or off
    #[arg(long, value_name = "N/SECONDS", default_value = "10/5", value_parser = parse_rate)]
    rate: Rate,
    /// People at once
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_clients: usize,
    /// People at once from one address; 0 lifts the limit
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_clients_per_ip: usize,
    /// Port for LanTalk's clients; 0 turns it off
    #[arg(long, value_name = "PORT", default_value_t = LANTALK_PORT)]
    lantalk_port: u16,
    /// UDP port on which clients find this server; 0 turns it off
    #[arg(long, value_name = "PORT", default_value_t = BEACON_PORT)]
    beacon_port: u16,
    /// Keep what was said: on, off, or for so many days
    #[arg(long, value_name = "on|off|N-days", default_value_t = History::On)]
    history: History,
    /// The most that messages.db may take on the disk, as 500M or 2G, or off: the oldest messages are removed [default: 4G]
    #[arg(long, value_name = "SIZE|off", value_parser = size::parse)]
    history_size: Option<u64>,
    /// Write the log here [default: landline.log in the data folder]
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Do not read commands from standard input
    #[arg(long)]
    no_console: bool,
    /// Set any other limit; --limit help lists them
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| match text {
        "export" | "import" => format!("{text} comes first, and its options behind it"),
        _ => "a port is a number from 0 to 65535".into(),
    })
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

/// All limits with their defaults and reasons, as `--limit help` shows them.
#[must_use]
pub fn limits_help() -> String {
    let line = |(name, default, why): &(&str, u64, &str)| {
        format!("{:<28} {default:>10}  {}\n", name.replace('_', "-"), why.trim())
    };
    limits::TABLE.iter().map(line).collect()
}

impl Args {
    /// Whether the limits are to be listed instead of starting a server.
    #[must_use]
    pub fn wants_limits(&self) -> bool {
        self.limits.iter().any(|limit| limit == "help")
    }

    /// Whether standard input is left alone.
    #[must_use]
    pub fn no_console(&self) -> bool {
        self.no_console
    }

    /// Where the log goes.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.log_file.clone().unwrap_or_else(|| self.data.join("landline.log"))
    }

    /// The file that has the server's password, if it is read from one.
    #[must_use]
    pub fn password_file(&self) -> Option<&Path> {
        self.password_file.as_deref()
    }

    /// What it all means.
    ///
    /// # Errors
    /// Something is out of its bounds, or the password file cannot be read.
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
            bail!("the timeout lies between 1 and {A_YEAR} seconds, the block duration between 0 and that");
        }
        if self.max_clients == 0 {
            bail!("--max-clients needs at least 1");
        }
        let port = |port: u16| (port != 0).then_some(port);
        let mut ports: Vec<u16> = self.port.into_iter().chain(self.ports.iter().copied()).collect();
        if ports.is_empty() {
            ports.push(MAIN_PORT);
        }
        let all = || ports.iter().copied().chain(port(self.lantalk_port)).filter(|port| *port != 0);
        if let Some(twice) = all().enumerate().find_map(|(i, port)| all().skip(i + 1).find(|other| *other == port)) {
            bail!("port {twice} is given twice (as PORT, --port or --lantalk-port)");
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
            beacon_port: port(self.beacon_port),
            history: self.history,
            limits,
        })
    }

    /// The server's password, from the command line or else from the environment, where an empty one is none: that is how
    /// a variable is switched off.
    fn server_password(&self, environment: Option<OsString>) -> anyhow::Result<Option<String>> {
        let password = match (&self.password_file, &self.password) {
            (Some(file), _) => {
                let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
                Some(text.lines().next().unwrap_or_default().to_owned())
            }
            (None, Some(password)) => Some(password.clone()),
            (None, None) => match environment.filter(|password| !password.is_empty()).map(OsString::into_string) {
                Some(Err(_)) => bail!("{PASSWORD_VARIABLE} is not UTF-8"),
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
    fn the_predecessors_three_numbers_work() {
        let config = config(&["4000", "10", "120"]).unwrap();
        assert_eq!(config.ports, [4000]);
        assert_eq!((config.block_duration.as_secs(), config.timeout.as_secs()), (10, 120));
    }

    #[test]
    fn flags_are_understood() {
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
    fn any_free_port_may_be_asked_for_several_times() {
        assert_eq!(config(&["0", "--port", "0", "--lantalk-port", "0"]).unwrap().ports, [0, 0]);
    }

    #[test]
    fn history_is_kept_unless_told_otherwise() {
        assert_eq!(config(&[]).unwrap().history, History::On);
        assert_eq!(config(&["--history", "off"]).unwrap().history, History::Off);
        assert_eq!(config(&["--history=90-days"]).unwrap().history, History::Days(90));
    }

    #[test]
    fn the_size_of_the_history_is_bounded() {
        let bytes = |args: &[&str]| config(args).map(|config| config.limits.history_bytes);
        assert_eq!(bytes(&[]).unwrap(), 4 << 30);
        assert_eq!(bytes(&["--history-size", "500M"]).unwrap(), 500 << 20);
        assert_eq!(bytes(&["--history-size=off"]).unwrap(), u64::MAX);
    }

    #[test]
    fn an_empty_password_in_the_environment_is_none() {
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
    fn what_is_wrong_is_said() {
        for (args, says) in [
            (vec!["--rate", "fast"], "LINES/SECONDS"),
            (vec!["--limit", "line-bytes"], "NAME=VALUE"),
            (vec!["--limit", "x=1"], "no limit called x"),
            (vec!["--limit", "line-bytes=-1"], "no whole number"),
            (vec!["--name", " "], "1 to 64"),
            (vec!["--password", " "], "empty"),
            (vec!["--password-file", "/nowhere"], "/nowhere"),
            (vec!["70000"], "70000"),
            (vec!["--timeout", "18446744073709551615"], "between 1 and"),
            (vec!["--max-clients", "0"], "at least 1"),
            (vec!["--port", "31005", "31005"], "port 31005 is given twice"),
            (vec!["--port", "31005", "--port", "31005"], "port 31005 is given twice"),
            (vec!["5050"], "port 5050 is given twice (as PORT, --port or --lantalk-port)"),
            (vec!["--history", "0"], "on, off, or the days"),
            (vec!["--history-size", "1M"], "at least 16M"),
            (vec!["--history-size", "much"], "for example 2G or 500M, or off"),
            (vec!["--data", "x", "export"], "export comes first"),
        ] {
            let error = format!("{:#}", config(&args).unwrap_err());
            assert!(error.contains(says), "{args:?}: {error}");
        }
    }

    #[test]
    fn the_help_is_whole() {
        use clap::CommandFactory;
        Args::command().debug_assert();
        assert!(limits_help().contains("backlog-bytes"));
    }
}
