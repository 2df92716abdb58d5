//! The command line, and what it means.

use crate::chat::Bell;
use crate::tui::theme::Palette;
use clap::{Parser, Subcommand, ValueHint};
use landline_common::command::room_word;
use landline_common::service::{BEACON_PORT, MAIN_PORT};
use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The UDP port on which members of a mesh say hello, unless they agree on another.
const MESH_PORT: u16 = 5_052;
/// No name of a host is longer (RFC 1035), with a port behind it.
const LONGEST_ADDRESS: usize = 253 + 8;

/// Talk with the people on this network. Without arguments it looks for a server and asks for the rest.
#[derive(Debug, Parser)]
#[command(name = "landline", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What else there is to do.
    #[command(subcommand)]
    pub task: Option<ClientTask>,
    /// The server, as HOST, HOST:PORT or HOST PORT (the word "connect" may stand before it)
    #[arg(value_name = "[connect] HOST[:PORT]", num_args = 0..=3)]
    server: Vec<String>,
    /// The same as HOST[:PORT]
    #[arg(long = "server", value_name = "HOST[:PORT]")]
    server_flag: Option<String>,
    /// Your name [default: the last one, or your name on this machine]
    #[arg(long)]
    pub name: Option<String>,
    /// The room to start in [default: lobby]
    #[arg(long, value_parser = parse_room)]
    pub room: Option<String>,
    /// Sign in to the account of that name with this password; better in the environment or a file, where others do not see it (on a terminal it is asked for)
    #[arg(long, env = "LANDLINE_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Read that password from the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    password_file: Option<PathBuf>,
    /// Make the account first; on a terminal its password is asked for, twice
    #[arg(long)]
    pub register: bool,
    /// The server's own password, if it has one
    #[arg(long, value_name = "PASSWORD", env = "LANDLINE_SERVER_PASSWORD", hide_env_values = true)]
    server_password: Option<String>,
    /// Lines in, lines out, also on a terminal: for screen readers (pipes and scripts get it anyway)
    #[arg(long)]
    pub plain: bool,
    /// The same with every event as a JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// Say every line of standard input, whatever it looks like: for logs, which may begin like commands
    #[arg(long)]
    pub say: bool,
    /// Seconds that a script or a pipe waits when its connection is lost [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub patience: Option<u64>,
    /// How it looks and sounds, and what it notes.
    #[command(flatten)]
    pub look: AppearanceArgs,
}

/// How it looks and sounds, and what it notes: the same with a server and in a mesh.
#[derive(Debug, clap::Args)]
pub struct AppearanceArgs {
    /// The colours of the full screen [default: dark]; NO_COLOR in the environment is heeded, too
    #[arg(long, value_enum, hide_possible_values = true, value_name = "dark|light|mono")]
    pub theme: Option<Palette>,
    /// No colours: the same as --theme mono
    #[arg(long)]
    pub no_color: bool,
    /// What the terminal's bell rings for [default: private]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "off|private|all")]
    pub bell: Option<Bell>,
    /// Have the terminal tell the desktop when the bell rings (OSC 9 and 777)
    #[arg(long)]
    pub notify: bool,
    /// Note in this file when the connection, or an encrypted chat, is made, lost and why (RUST_LOG: how much)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub log: Option<PathBuf>,
    /// Read this instead of the usual file; landline config prints one with all keys
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// What to do other than talking.
#[derive(Debug, Subcommand)]
pub enum ClientTask {
    /// List the servers on this network: name, address, port, people, password, and when it was last heard
    Discover(Discover),
    /// List the Wi-Fi networks around: name, signal, channel, band and security; * marks the one in use
    Wifi {
        /// One JSON object a line, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Talk with everybody on this network without a server: members find each other
    Mesh(MeshArgs),
    /// Print a configuration file with every key, explained
    Config,
    /// Print what makes a shell complete the arguments of landline
    Completions {
        /// The shell
        shell: Completed,
    },
}

/// Shells that can be taught to complete arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs, reason = "the shells are what their names say")]
pub enum Completed {
    Bash,
    Zsh,
    Fish,
}

impl From<Completed> for clap_complete::Shell {
    fn from(shell: Completed) -> clap_complete::Shell {
        match shell {
            Completed::Bash => clap_complete::Shell::Bash,
            Completed::Zsh => clap_complete::Shell::Zsh,
            Completed::Fish => clap_complete::Shell::Fish,
        }
    }
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

/// How to talk without a server.
#[derive(Debug, clap::Args)]
pub struct MeshArgs {
    /// Your name [default: the last one, or your name on this machine]
    pub name: Option<String>,
    /// Be there only at this address of this machine [default: at all]
    pub host: Option<Ipv4Addr>,
    /// Lines in, lines out, also on a terminal
    #[arg(long)]
    pub plain: bool,
    /// The same with every event as a JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// Ask for a passphrase: only those who have the same meet (LANDLINE_PASSPHRASE in the environment does it, too)
    #[arg(long)]
    pub passphrase: bool,
    /// Read that passphrase from the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    pub passphrase_file: Option<PathBuf>,
    /// The UDP port on which members find each other, the same for all
    #[arg(long, value_name = "UDP_PORT", default_value_t = MESH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// How it looks and sounds, and what it notes.
    #[command(flatten)]
    pub look: AppearanceArgs,
}

impl Default for Discover {
    fn default() -> Discover {
        Discover { json: false, timeout: Duration::from_millis(500), port: BEACON_PORT, bind: None }
    }
}

/// A room, with or without the `#` that other chats put in front.
fn parse_room(text: &str) -> Result<String, String> {
    Ok(room_word(text).to_owned())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Host and port as one address.
fn joined(host: &str, port: &str) -> String {
    let is_bare_v6 = host.contains(':') && !host.starts_with('[');
    if is_bare_v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.01..=3_600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "between 0.01 and 3600 seconds".into())
}

/// Arguments that make no sense; the text says what would.
#[derive(Debug)]
pub struct BadUsage(String);

impl BadUsage {
    /// With that text.
    pub fn new(text: impl Into<String>) -> BadUsage {
        BadUsage(text.into())
    }
}

impl fmt::Display for BadUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadUsage {}

impl Args {
    /// The server's address, with its port, if one was given.
    ///
    /// # Errors
    /// More than one was.
    pub fn server(&self) -> Result<Option<String>, BadUsage> {
        let mut words: Vec<&str> = self.server.iter().map(String::as_str).collect();
        if words.first() == Some(&"connect") {
            words.remove(0);
        }
        words.extend(self.server_flag.as_deref());
        match words[..] {
            [] => Ok(None),
            [host] => with_port(host).map(Some),
            // As it is written for nc.
            [host, port] if is_number(port) && host.matches(':').count() != 1 => {
                with_port(&joined(host, port)).map(Some)
            }
            [..] => Err(BadUsage::new("give one server, for example: landline 192.168.1.20")),
        }
    }

    /// The account's password, if one was given. An empty one is none: that is how a variable is switched off.
    ///
    /// # Errors
    /// The file cannot be read, or is empty.
    pub fn password(&self) -> Result<Option<String>, BadUsage> {
        let Some(file) = &self.password_file else { return Ok(given(self.password.as_deref())) };
        first_line("--password-file", file).map(Some)
    }

    /// The server's own password, if one was given.
    #[must_use]
    pub fn server_password(&self) -> Option<String> {
        given(self.server_password.as_deref())
    }
}

/// The secret on the first line of a file that a flag names.
///
/// # Errors
/// The file cannot be read, or that line is empty.
pub fn first_line(flag: &str, file: &Path) -> Result<String, BadUsage> {
    let text =
        std::fs::read_to_string(file).map_err(|why| BadUsage::new(format!("{flag} {}: {why}", file.display())))?;
    let empty = || BadUsage::new(format!("{flag} {}: its first line is empty", file.display()));
    given(text.lines().next()).ok_or_else(empty)
}

fn given(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An address as people write it → with its port.
///
/// # Errors
/// It cannot be one.
pub fn with_port(host: &str) -> Result<String, BadUsage> {
    let host = host.trim();
    let bare_v6 = host.matches(':').count() > 1 && !host.starts_with('[');
    let whole = match host.rsplit_once(':') {
        _ if bare_v6 => format!("[{host}]:{MAIN_PORT}"),
        Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0) => host.to_owned(),
        None if !host.is_empty() => format!("{host}:{MAIN_PORT}"),
        Some(_) if host.starts_with('[') && host.ends_with(']') => format!("{host}:{MAIN_PORT}"),
        _ => {
            return Err(BadUsage::new(format!(
                "{host:?} is not an address; write HOST or HOST:PORT, for example 192.168.1.20"
            )));
        }
    };
    if whole.chars().any(|c| c.is_whitespace() || c.is_control()) || whole.len() > LONGEST_ADDRESS {
        return Err(BadUsage::new("an address has no spaces; write HOST or HOST:PORT, for example 192.168.1.20"));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(args: &[&str]) -> Option<String> {
        Args::try_parse_from(std::iter::once(&"landline").chain(args)).unwrap().server().ok().flatten()
    }

    #[test]
    fn servers_are_written_in_many_ways() {
        for (args, address) in [
            (vec!["10.0.0.1"], "10.0.0.1:12345"),
            (vec!["connect", "host:99"], "host:99"),
            (vec!["--server", "::1"], "[::1]:12345"),
            (vec!["[::1]:7"], "[::1]:7"),
            (vec!["192.0.2.2", "12345"], "192.0.2.2:12345"),
            (vec!["connect", "host", "99"], "host:99"),
            (vec!["fe80::1%eth0", "8888"], "[fe80::1%eth0]:8888"),
        ] {
            assert_eq!(server(&args).as_deref(), Some(address));
        }
        assert_eq!(server(&[]), None);
        for wrong in [&["a", "b"][..], &["host:1", "2"], &["host", "0"], &["host", "70000"], &["a", "1", "2"]] {
            assert_eq!(server(wrong), None, "{wrong:?}");
        }
        for wrong in ["", "host:", "host:0", "host:70000", "a b", "host:port", ":7", "a\u{1b}[2J"] {
            assert!(with_port(wrong).is_err(), "{wrong:?}");
        }
    }

    fn discover(args: &[&str]) -> Option<Discover> {
        let args = Args::try_parse_from(["landline", "discover"].iter().chain(args)).ok()?;
        match args.task {
            Some(ClientTask::Discover(discover)) => Some(discover),
            _ => None,
        }
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
    fn a17_the_mesh_has_the_flags_of_looks_and_notes() {
        let line = "landline mesh alice --theme light --bell all --notify --log x --config y --no-color";
        let args = Args::try_parse_from(line.split(' ')).unwrap();
        let Some(ClientTask::Mesh(mesh)) = args.task else { panic!() };
        assert_eq!((mesh.look.theme, mesh.look.bell), (Some(Palette::Light), Some(Bell::All)));
        assert!(mesh.look.notify && mesh.look.no_color && mesh.look.log.is_some() && mesh.look.config.is_some());
    }

    #[test]
    fn a17_help_is_a_word_of_its_own() {
        let kind = |words: &[&str]| Args::try_parse_from(words).unwrap_err().kind();
        assert_eq!(kind(&["landline", "help"]), clap::error::ErrorKind::DisplayHelp);
        assert_eq!(kind(&["landline", "help", "mesh"]), clap::error::ErrorKind::DisplayHelp);
    }

    #[test]
    fn b6_a_room_may_have_a_number_sign() {
        let args = Args::try_parse_from(["landline", "host", "--room", "#ops"]).unwrap();
        assert_eq!(args.room.as_deref(), Some("ops"));
    }

    #[test]
    fn the_help_is_whole() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
