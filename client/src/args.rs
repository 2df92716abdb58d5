//! The command line, and what it means.

use crate::model::Bell;
use crate::ui::tui::theme::Palette;
use clap::{Parser, Subcommand};
use landline_common::{RoomName, UserName};
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// The port of `landline-server`, unless it was told otherwise.
const DEFAULT_PORT: u16 = 12_345;
/// The UDP port on which servers are found, LanTalk's.
const BEACON_PORT: u16 = 5_051;

/// Talk with the people on this network.
#[derive(Debug, Parser)]
#[command(name = "landline", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Args {
    /// What else there is to do.
    #[command(subcommand)]
    pub task: Option<Task>,
    /// The server, as HOST or HOST:PORT (the word "connect" may stand before it)
    #[arg(value_name = "[connect] HOST[:PORT]", num_args = 0..=2)]
    server: Vec<String>,
    /// The same as HOST[:PORT]
    #[arg(long = "server", value_name = "HOST[:PORT]")]
    server_flag: Option<String>,
    /// Your name [default: your name on this machine]
    #[arg(long)]
    name: Option<String>,
    /// The room to start in (an account starts in the lobby and goes there)
    #[arg(long, default_value = "lobby")]
    room: String,
    /// Sign in to the account of that name with this password; better in LANDLINE_PASSWORD, where others do not see it
    #[arg(long, env = "LANDLINE_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Make the account first
    #[arg(long, requires = "password")]
    register: bool,
    /// The server's own password, if it has one
    #[arg(long, value_name = "PASSWORD")]
    server_password: Option<String>,
    /// Lines in, lines out, also on a terminal: for screen readers (pipes and scripts get it anyway)
    #[arg(long)]
    pub plain: bool,
    /// The colours of the full screen; NO_COLOR in the environment is heeded, too
    #[arg(long, value_enum, default_value = "dark")]
    pub theme: Palette,
    /// No colours: the same as --theme mono
    #[arg(long)]
    pub no_color: bool,
    /// What the terminal's bell rings for
    #[arg(long, value_enum, default_value = "private")]
    pub bell: Bell,
    /// Have the terminal tell the desktop when the bell rings (OSC 9 and 777)
    #[arg(long)]
    pub notify: bool,
}

/// What to do other than talking.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// List the servers on this network: name, address, port, people, password, and when it was last heard
    Discover(Discover),
}

/// How to look for servers.
#[derive(Debug, clap::Args)]
pub struct Discover {
    /// One JSON object a line, for scripts
    #[arg(long)]
    pub json: bool,
    /// How long to wait for answers; LanTalk's own servers do not answer, but announce themselves every 2 seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = parse_seconds)]
    pub timeout: Duration,
    /// The UDP port on which servers are found
    #[arg(long, value_name = "UDP_PORT", default_value_t = BEACON_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// Ask only on the network where this machine has this address [default: on all]
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<Ipv4Addr>,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.01..=3_600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "between 0.01 and 3600 seconds".into())
}

/// Arguments that make no sense; the text says what would.
#[derive(Debug)]
pub struct BadUsage(String);

impl fmt::Display for BadUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadUsage {}

/// Who signs in, and how.
#[derive(Debug)]
pub struct Identity {
    /// The name.
    pub name: UserName,
    /// The room to be in.
    pub room: RoomName,
    /// An account's password; guests have none.
    pub password: Option<String>,
    /// Make the account first.
    pub register: bool,
    /// The server's own password.
    pub server_password: Option<String>,
}

impl Args {
    /// The server's address, with its port.
    ///
    /// # Errors
    /// None was given, or more than one.
    pub fn server(&self) -> Result<String, BadUsage> {
        let mut words: Vec<&str> = self.server.iter().map(String::as_str).collect();
        if words.first() == Some(&"connect") {
            words.remove(0);
        }
        words.extend(self.server_flag.as_deref());
        let [host] = words[..] else {
            return Err(BadUsage(
                "say which server, for example: landline 192.168.1.20; or look for one: landline discover".into(),
            ));
        };
        let bare_v6 = host.matches(':').count() > 1 && !host.starts_with('[');
        let has_port = !bare_v6 && host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(match (has_port, bare_v6) {
            (true, _) => host.to_owned(),
            (false, true) => format!("[{host}]:{DEFAULT_PORT}"),
            (false, false) => format!("{host}:{DEFAULT_PORT}"),
        })
    }

    /// Who signs in.
    ///
    /// # Errors
    /// The name or the room is not one.
    pub fn identity(&self) -> Result<Identity, BadUsage> {
        let own = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|variable| std::env::var(variable).ok());
        let name = self.name.clone().or_else(own).unwrap_or_default();
        let name = UserName::parse(&name).map_err(|why| BadUsage(format!("{why}; choose a name with --name")))?;
        let room = RoomName::parse(&self.room).map_err(|why| BadUsage(format!("--room: {why}")))?;
        let (password, server_password) = (self.password.clone(), self.server_password.clone());
        Ok(Identity { name, room, password, register: self.register, server_password })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(args: &[&str]) -> Option<String> {
        Args::try_parse_from(std::iter::once(&"landline").chain(args)).unwrap().server().ok()
    }

    #[test]
    fn servers_are_written_in_many_ways() {
        for (args, address) in [
            (vec!["10.0.0.1"], "10.0.0.1:12345"),
            (vec!["connect", "host:99"], "host:99"),
            (vec!["--server", "::1"], "[::1]:12345"),
            (vec!["[::1]:7"], "[::1]:7"),
        ] {
            assert_eq!(server(&args).as_deref(), Some(address));
        }
        assert_eq!(server(&[]), None);
        assert_eq!(server(&["a", "b"]), None);
    }

    fn discover(args: &[&str]) -> Option<Discover> {
        let args = Args::try_parse_from(["landline", "discover"].iter().chain(args)).ok()?;
        args.task.map(|Task::Discover(discover)| discover)
    }

    #[test]
    fn looking_for_servers_is_a_word_of_its_own() {
        let plain = discover(&[]).unwrap();
        assert_eq!((plain.json, plain.timeout.as_millis(), plain.port, plain.bind), (false, 500, 5_051, None));
        let set = discover(&["--json", "--timeout", "2.5", "--port=7000", "--bind", "127.0.0.1"]).unwrap();
        assert_eq!((set.json, set.timeout.as_millis(), set.port), (true, 2_500, 7_000));
        assert_eq!(set.bind, Some(Ipv4Addr::LOCALHOST));
        for wrong in [["--timeout", "0"], ["--timeout", "soon"], ["--timeout", "nan"], ["--port", "0"], ["--name", "a"]]
        {
            assert!(discover(&wrong).is_none(), "{wrong:?}");
        }
        assert_eq!(server(&["connect", "discover"]).as_deref(), Some("discover:12345"), "a host of that name");
    }

    #[test]
    fn the_help_is_whole() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
