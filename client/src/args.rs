//! The command line, and what it means.

use clap::Parser;
use landline_common::{RoomName, UserName};
use std::fmt;

/// The port of `landline-server`, unless it was told otherwise.
const DEFAULT_PORT: u16 = 12_345;

/// Talk with the people on this network: lines typed here go to the server, what others say is printed.
#[derive(Debug, Parser)]
#[command(name = "landline", version, max_term_width = 100)]
pub struct Args {
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
    /// Lines in, lines out: for pipes, scripts and screen readers (so far the only way)
    #[arg(long)]
    plain: bool,
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
            return Err(BadUsage("say which server, for example: landline 192.168.1.20".into()));
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
}
