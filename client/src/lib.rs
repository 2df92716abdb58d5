//! The client `landline`: dispatches to the task of the command line, and maps its result to an exit code.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | the user left, or the task printed its list |
//! | 1 | refused, unreachable, lines not sent, or nothing found |
//! | 2 | wrong usage: arguments, configuration or environment |

mod atomic_file;
mod chat;
mod cli;
mod clock;
mod connect;
mod connection;
mod deadline_stream;
mod direct;
mod discovery;
mod encryption;
mod engine;
mod interfaces;
mod known_servers;
mod logging;
mod mesh;
mod mesh_commands;
mod message;
mod name_tokens;
mod new_password;
mod own_name;
mod palette;
mod password_prompt;
mod paths;
mod plain;
mod rate_counter;
mod server_address;
mod setup;
mod sign_in;
mod signals;
mod signed_in;
mod table;
mod tui;
mod usage_error;
mod wifi;

use clap::{CommandFactory, Parser};
use cli::args::{Args, ClientTask, TrustArgs};
use known_servers::KnownServers;
use landline_common::clean::clean;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use usage_error::UsageError;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.task {
        None => cli::launch::run(&args).map(|()| true),
        Some(ClientTask::Discover(wanted)) => discovery::run(&wanted.options(), wanted.json),
        Some(ClientTask::Wifi { json }) => wifi::run(*json),
        Some(ClientTask::Mesh(wanted)) => cli::launch::mesh(&args, wanted).map(|()| true),
        Some(ClientTask::Trust(wanted)) => trust(wanted),
        Some(ClientTask::Config) => print(&cli::config::template(paths::config_file().as_deref())),
        Some(ClientTask::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(clap_complete::Shell::from(*shell), &mut command(), "landline", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    };
    logging::log_exit(&done);
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Clean the message, since it may quote a server.
            eprintln!("landline: {}", clean(&format!("{error:#}")));
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

/// Runs `landline trust`.
fn trust(args: &TrustArgs) -> anyhow::Result<bool> {
    let known = KnownServers::new(paths::known_servers_file());
    cli::trust::run(args.action.as_ref(), &known)?.map_or(Ok(false), |text| print(&text))
}

/// Runs `work` in the modes of the full screen, and restores the terminal afterwards, also on panic. Logs to `log` if
/// given. For tests, which panic inside `work`.
///
/// # Errors
/// Standard input or output is no terminal, or the log cannot be opened.
pub fn with_terminal<T>(log: Option<&Path>, work: impl FnOnce() -> T) -> anyhow::Result<T> {
    if let Some(file) = log {
        logging::start(file)?;
    }
    let _taken = tui::TerminalGuard::acquire()?;
    Ok(work())
}

/// Returns the definition of the command line, from which the man page and the completions are generated.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Returns usage and help of the commands that only the full screen has, for the man page.
pub fn local_commands() -> impl Iterator<Item = (&'static str, &'static str)> {
    chat::CLIENT_COMMANDS.iter().map(|command| (command.usage, command.help))
}

/// Prints to standard output. A reader that has closed the pipe, such as `head`, is no error.
fn print(text: &str) -> anyhow::Result<bool> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(true),
    }
}
