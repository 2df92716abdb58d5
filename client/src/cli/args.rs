//! The arguments of the command line. Their doc comments are the texts of `--help`, the man page and the completions.

use crate::chat::Bell;
use crate::discovery::SearchOptions;
use crate::encryption::{Fingerprint, TlsMode};
use crate::palette::Palette;
use crate::server_address::with_port;
use crate::usage_error::UsageError;
use clap::{Parser, Subcommand, ValueHint};
use landline_common::command::help::nearest;
use landline_common::command::room_word;
use landline_common::service::BEACON_PORT;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Default UDP port on which members of a mesh find each other.
const MESH_PORT: u16 = 5_052;

/// Names of the tasks, for the error about a mistyped one.
const TASKS: [&str; 6] = ["discover", "wifi", "mesh", "trust", "config", "completions"];

/// Chat on the local network. Without arguments, landline looks for servers and asks what it needs to know
#[derive(Debug, Parser)]
#[command(name = "landline", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// A task other than chatting at a server.
    #[command(subcommand)]
    pub task: Option<ClientTask>,
    /// The server to connect to, as HOST, HOST:PORT or HOST PORT; the word "connect" in front is ignored
    #[arg(value_name = "[connect] HOST[:PORT]", num_args = 0..=3)]
    server: Vec<String>,
    /// The server to connect to, like the argument HOST[:PORT]
    #[arg(long = "server", value_name = "HOST[:PORT]")]
    server_flag: Option<String>,
    /// The port of the server, like HOST:PORT
    #[arg(long, value_parser = parse_port)]
    port: Option<u16>,
    /// Your name in the chat [default: the last name you used, or your login name]
    #[arg(long)]
    pub name: Option<String>,
    /// The room to enter first [default: lobby]
    #[arg(long, value_parser = parse_room)]
    pub room: Option<String>,
    /// Password of your account. Other users of this machine can see it in the process list; prefer the variable or --password-file. On a terminal, landline asks for it
    #[arg(long, env = "LANDLINE_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Read the password of your account from the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    password_file: Option<PathBuf>,
    /// Create an account with your name and password, and sign in to it. On a terminal, landline asks for the new password twice
    #[arg(long)]
    pub register: bool,
    /// Password of the server, if it asks all users for one
    #[arg(long, value_name = "PASSWORD", env = "LANDLINE_SERVER_PASSWORD", hide_env_values = true)]
    server_password: Option<String>,
    /// Encrypt the connection: if the server can, never, or always. A server that was once met with TLS must have it [default: auto]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "auto|off|required")]
    pub tls: Option<TlsMode>,
    /// Connect only to the server with this key: the 40 digits that its banner shows, or 64 hexadecimal digits. For scripts and invitations
    #[arg(long, value_name = "DIGITS")]
    pub fingerprint: Option<Fingerprint>,
    /// Print plain lines instead of the full screen, for example for a screen reader. Pipes and scripts always get plain lines
    #[arg(long)]
    pub plain: bool,
    /// Print each event as one JSON object per line, for programs
    #[arg(long)]
    pub json: bool,
    /// Send every line of standard input as a message, even if it begins with a slash, for example to send a log file
    #[arg(long)]
    pub say: bool,
    /// Seconds for which a script or a pipe tries to reconnect before it exits [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub patience: Option<u64>,
    /// Appearance, notifications and the log.
    #[command(flatten)]
    pub appearance: AppearanceArgs,
}

/// Options for appearance, notifications and the log, the same at a server and in a mesh.
#[derive(Debug, clap::Args)]
pub struct AppearanceArgs {
    /// Colors of the full screen, to match the terminal's background [default: dark]. NO_COLOR in the environment turns colors off
    #[arg(long, value_enum, hide_possible_values = true, value_name = "dark|light|mono")]
    pub theme: Option<Palette>,
    /// Use no colors, like --theme mono
    #[arg(long)]
    pub no_color: bool,
    /// Messages that ring the terminal's bell: none, those for you alone or with your name, or all [default: private]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "off|private|all")]
    pub bell: Option<Bell>,
    /// Let the terminal show a desktop notification when the bell rings (OSC 9 and 777)
    #[arg(long)]
    pub notify: bool,
    /// Append to this file when a connection or an encrypted chat begins and ends, and why. RUST_LOG sets the level of detail
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub log: Option<PathBuf>,
    /// Read this configuration file instead of the default one; "landline config" prints its path and all keys
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// A task other than chatting at a server.
#[derive(Debug, Subcommand)]
pub enum ClientTask {
    /// List the servers on this network, with address, port, number of users, password protection and age of the answer
    Discover(Discover),
    /// List the Wi-Fi networks in range, with signal, channel, band and security; * marks the network in use
    Wifi {
        /// Print one JSON object per line, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Chat on the local network without a server: the members find each other
    Mesh(MeshArgs),
    /// List the servers that were met with TLS, with the digits of their keys; show or forget one
    Trust(TrustArgs),
    /// Print a commented configuration file with all keys
    Config,
    /// Print a script with which a shell completes the arguments of landline
    Completions {
        /// The shell that runs the script
        shell: Completed,
    },
}

/// Arguments of `landline trust`.
#[derive(Debug, clap::Args)]
pub struct TrustArgs {
    /// What to do with a known server; without it, all are listed.
    #[command(subcommand)]
    pub action: Option<TrustAction>,
}

/// An action of `landline trust`.
#[derive(Debug, Subcommand)]
pub enum TrustAction {
    /// Show the key of a server, and when it was met
    Show {
        /// The address of the server, as HOST or HOST:PORT
        #[arg(value_name = "HOST[:PORT]")]
        address: String,
    },
    /// Forget a server: its next key is accepted like that of a new server
    Forget {
        /// The address of the server, as HOST or HOST:PORT, or the digits of its key
        #[arg(value_name = "HOST[:PORT]|DIGITS", required = true)]
        server: Vec<String>,
    },
}

/// Shells with a completion script.
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

/// Options of `landline discover`.
#[derive(Debug, clap::Args)]
pub struct Discover {
    /// Print one JSON object per line, for scripts
    #[arg(long)]
    pub json: bool,
    /// How long to wait for answers. Original LanTalk servers do not answer, but announce themselves every 2 seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = parse_seconds)]
    pub timeout: Duration,
    /// The UDP port on which servers answer
    #[arg(long, value_name = "UDP_PORT", default_value_t = BEACON_PORT, value_parser = parse_port)]
    pub port: u16,
    /// Search only the network on which this machine has this address [default: all networks]
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<Ipv4Addr>,
}

/// Options of `landline mesh`.
#[derive(Debug, clap::Args)]
pub struct MeshArgs {
    /// Your name in the chat [default: the last name you used, or your login name]
    pub name: Option<String>,
    /// Use only this local address [default: all]
    pub host: Option<Ipv4Addr>,
    /// Print plain lines instead of the full screen, also on a terminal
    #[arg(long)]
    pub plain: bool,
    /// Print each event as one JSON object per line, for programs
    #[arg(long)]
    pub json: bool,
    /// Ask for a passphrase and meet only members with the same one. Scripts set LANDLINE_PASSPHRASE instead
    #[arg(long)]
    pub passphrase: bool,
    /// Read the passphrase from the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    pub passphrase_file: Option<PathBuf>,
    /// The UDP port on which members find each other; it must be the same for all members
    #[arg(long, value_name = "UDP_PORT", default_value_t = MESH_PORT, value_parser = parse_port)]
    pub port: u16,
    /// Appearance, notifications and the log.
    #[command(flatten)]
    pub appearance: AppearanceArgs,
}

impl Discover {
    /// Returns the options for the search.
    #[must_use]
    pub fn options(&self) -> SearchOptions {
        SearchOptions { timeout: self.timeout, port: self.port, bind: self.bind }
    }
}

/// Parses a room name, with or without the `#` that other chat programs put in front.
fn parse_room(text: &str) -> Result<String, String> {
    Ok(room_word(text).to_owned())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Joins host and port to one address, with brackets around an IPv6 address.
fn joined(host: &str, port: &str) -> String {
    let is_bare_v6 = host.contains(':') && !host.starts_with('[');
    if is_bare_v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.01..=3_600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "must be from 0.01 to 3600 seconds".into())
}

/// Parses a port to connect to or to listen on.
fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| "a port is a number from 1 to 65535".into())
}

impl Args {
    /// Returns the address of the server with its port, if the user named one.
    ///
    /// # Errors
    /// The user named several servers, or text that cannot be an address.
    pub fn server(&self) -> Result<Option<String>, UsageError> {
        let mut words: Vec<&str> = self.server.iter().map(String::as_str).collect();
        if words.first() == Some(&"connect") {
            words.remove(0);
        }
        words.extend(self.server_flag.as_deref());
        let port = self.port.map(|port| port.to_string());
        words.extend(port.as_deref());
        match words[..] {
            [] => Ok(None),
            [_] if port.is_some() => Err(UsageError::new("--port without a server; write landline HOST --port PORT")),
            [host] => with_port(host).map(Some),
            // HOST PORT, as for `nc`.
            [host, port] if is_number(port) && host.matches(':').count() != 1 => {
                with_port(&joined(host, port)).map(Some)
            }
            [first, ..] => Err(UsageError::new(match nearest(first, TASKS.into_iter()) {
                Some(task) => {
                    format!("{first:?} is neither a command nor a server with its port (did you mean landline {task}?)")
                }
                None => "several servers given; name one, for example: landline 192.168.1.20".to_owned(),
            })),
        }
    }

    /// Returns the password of the account, if the user gave one. An empty value counts as none, so that a user can
    /// override the environment variable.
    ///
    /// # Errors
    /// The password file cannot be read, or its first line is empty.
    pub fn password(&self) -> Result<Option<String>, UsageError> {
        let Some(file) = &self.password_file else { return Ok(trimmed(self.password.as_deref())) };
        first_line("--password-file", file).map(Some)
    }

    /// Returns the password of the server, if the user gave one.
    #[must_use]
    pub fn server_password(&self) -> Option<String> {
        trimmed(self.server_password.as_deref())
    }
}

/// Returns the first line of `file`, trimmed. `flag` is the option that named the file, for the error text.
///
/// # Errors
/// The file cannot be read, or its first line is empty.
pub fn first_line(flag: &str, file: &Path) -> Result<String, UsageError> {
    let text = std::fs::read_to_string(file)
        .map_err(|why| UsageError::new(format!("cannot read {} ({flag}): {why}", file.display())))?;
    let empty = || UsageError::new(format!("cannot use {} ({flag}): its first line is empty", file.display()));
    trimmed(text.lines().next()).ok_or_else(empty)
}

fn trimmed(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(args: &[&str]) -> Option<String> {
        Args::try_parse_from(std::iter::once(&"landline").chain(args)).unwrap().server().ok().flatten()
    }

    #[test]
    fn a_server_can_be_given_in_several_forms() {
        for (args, address) in [
            (vec!["10.0.0.1"], "10.0.0.1:12345"),
            (vec!["connect", "host:99"], "host:99"),
            (vec!["--server", "::1"], "[::1]:12345"),
            (vec!["[::1]:7"], "[::1]:7"),
            (vec!["192.0.2.2", "12345"], "192.0.2.2:12345"),
            (vec!["connect", "host", "99"], "host:99"),
            (vec!["host", "--port", "99"], "host:99"),
            (vec!["--server", "::1", "--port", "99"], "[::1]:99"),
            (vec!["fe80::1%eth0", "8888"], "[fe80::1%eth0]:8888"),
        ] {
            assert_eq!(server(&args).as_deref(), Some(address));
        }
        assert_eq!(server(&[]), None);
        for wrong in [&["a", "b"][..], &["host:1", "2"], &["host", "0"], &["host", "70000"], &["a", "1", "2"]] {
            assert_eq!(server(wrong), None, "{wrong:?}");
        }
        let refusal = Args::try_parse_from(["landline", "host", "--port", "80000"]).unwrap_err().to_string();
        assert!(refusal.contains("a port is a number from 1 to 65535"), "{refusal}");
        for wrong in [&["--port", "99"][..], &["host:1", "--port", "2"], &["host", "1", "--port", "2"]] {
            assert_eq!(server(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_mistyped_task_is_named() {
        use clap::CommandFactory;
        let refusal = |args: &[&str]| {
            let args = Args::try_parse_from(std::iter::once(&"landline").chain(args)).unwrap();
            args.server().unwrap_err().to_string()
        };
        let mistyped = refusal(&["mehs", "zed"]);
        assert!(
            mistyped.contains("\"mehs\" is neither a command nor") && mistyped.contains("landline mesh"),
            "{mistyped}"
        );
        assert!(refusal(&["10.0.0.1", "10.0.0.2"]).contains("several servers"));
        let command = Args::command();
        assert!(command.get_subcommands().map(clap::Command::get_name).eq(TASKS), "a task is missing in TASKS");
    }

    fn discover(args: &[&str]) -> Option<Discover> {
        let args = Args::try_parse_from(["landline", "discover"].iter().chain(args)).ok()?;
        match args.task {
            Some(ClientTask::Discover(discover)) => Some(discover),
            _ => None,
        }
    }

    #[test]
    fn discover_is_a_subcommand_unless_connect_precedes_it() {
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
    fn a17_mesh_accepts_the_options_for_appearance_and_log() {
        let line = "landline mesh alice --theme light --bell all --notify --log x --config y --no-color";
        let args = Args::try_parse_from(line.split(' ')).unwrap();
        let Some(ClientTask::Mesh(mesh)) = args.task else { panic!() };
        assert_eq!((mesh.appearance.theme, mesh.appearance.bell), (Some(Palette::Light), Some(Bell::All)));
        assert!(
            mesh.appearance.notify
                && mesh.appearance.no_color
                && mesh.appearance.log.is_some()
                && mesh.appearance.config.is_some()
        );
    }

    #[test]
    fn a17_help_is_a_subcommand() {
        let kind = |words: &[&str]| Args::try_parse_from(words).unwrap_err().kind();
        assert_eq!(kind(&["landline", "help"]), clap::error::ErrorKind::DisplayHelp);
        assert_eq!(kind(&["landline", "help", "mesh"]), clap::error::ErrorKind::DisplayHelp);
    }

    #[test]
    fn b6_a_room_may_begin_with_a_number_sign() {
        let args = Args::try_parse_from(["landline", "host", "--room", "#ops"]).unwrap();
        assert_eq!(args.room.as_deref(), Some("ops"));
    }

    #[test]
    fn the_definition_is_valid() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
