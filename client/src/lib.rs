//! `landline`: arguments, and what the exit code says: 0 left or found, 1 refused, unreachable or none found, 2 bad
//! usage.

mod atomic_file;
mod chat;
mod cli;
mod clock;
mod connect;
mod connection;
mod deadline_stream;
mod direct;
mod discovery;
mod engine;
mod interfaces;
mod logging;
mod mesh;
mod mesh_commands;
mod message;
mod new_password;
mod own_name;
mod password_prompt;
mod paths;
mod plain;
mod rate_counter;
mod setup;
mod sign_in;
mod signals;
mod table;
mod tui;
mod wifi;

use clap::{CommandFactory, Parser};
use cli::args::{Args, BadUsage, ClientTask};
use landline_common::clean::clean;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.task {
        None => cli::launch::talk(&args).map(|()| true),
        Some(ClientTask::Discover(wanted)) => discovery::run(wanted),
        Some(ClientTask::Wifi { json }) => wifi::run(*json),
        Some(ClientTask::Mesh(wanted)) => cli::launch::mesh(&args, wanted).map(|()| true),
        Some(ClientTask::Config) => print(&cli::config::template(paths::config_file().as_deref())),
        Some(ClientTask::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(clap_complete::Shell::from(*shell), &mut command(), "landline", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    };
    logging::end(&done);
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Some of it may be a server's words.
            eprintln!("landline: {}", clean(&format!("{error:#}")));
            ExitCode::from(if error.is::<BadUsage>() { 2 } else { 1 })
        }
    }
}

/// Runs `work` while the program has the terminal, which is given back whatever happens; with a log if `log` is given.
/// This is how the full screen has it; tests panic in there.
///
/// # Errors
/// There is no terminal, or the log cannot be written.
pub fn on_the_terminal<T>(log: Option<&Path>, work: impl FnOnce() -> T) -> anyhow::Result<T> {
    if let Some(file) = log {
        logging::start(file)?;
    }
    let _taken = tui::TerminalGuard::take()?;
    Ok(work())
}

/// The command line, for its man page.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// The commands of the full screen alone, and what they do, for the man page.
pub fn own_commands() -> impl Iterator<Item = (&'static str, &'static str)> {
    chat::CLIENT_COMMANDS.iter().map(|command| (command.usage, command.help))
}

/// Whoever reads may have had enough.
fn print(text: &str) -> anyhow::Result<bool> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(true),
    }
}
