//! The protocol between client and server, end to end: the real `landline` with a server whose sentences are random
//! words, over failing networks, and with history in many rooms.
#![cfg(unix)]

mod any_moment;
mod latency;
mod networks;
mod scrambled;
mod screens;

use landline_tests::{Program, Terminal};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

const PASSWORD: &str = "correct horse";

/// Returns the command `landline` for this server and name.
fn landline(server: SocketAddr, name: &str) -> Command {
    let mut command = Program::client();
    command.args([&server.to_string(), "--name", name]);
    command
}

/// Returns the command for signing in to the account of this name.
fn with_account(server: SocketAddr, name: &str) -> Command {
    let mut command = landline(server, name);
    command.env("LANDLINE_PASSWORD", PASSWORD);
    command
}

/// Starts the command on pipes.
fn on_pipes(command: &mut Command) -> Program {
    Program::start(command, Stdio::piped())
}

/// Starts the command in a terminal. The shell prints its exit code afterwards.
fn on_screen(command: &Command) -> Terminal {
    let mut terminal = Terminal::new(110, 40);
    terminal.run(command, "; echo ended-$?");
    terminal.wait_for("● connected");
    terminal
}
