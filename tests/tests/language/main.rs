//! The language between client and server, end to end: the real `landline` at a server whose sentences mean nothing,
//! over networks that fail, and with a past in many rooms.
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

/// `landline` at that server, under that name.
fn landline(server: SocketAddr, name: &str) -> Command {
    let mut command = Program::client();
    command.args([&server.to_string(), "--name", name]);
    command
}

/// The same, signed in to the account of that name.
fn with_account(server: SocketAddr, name: &str) -> Command {
    let mut command = landline(server, name);
    command.env("LANDLINE_PASSWORD", PASSWORD);
    command
}

/// Starts it on pipes.
fn on_pipes(command: &mut Command) -> Program {
    Program::start(command, Stdio::piped())
}

/// Starts it on the full screen; when it has ended, the shell says with which code.
fn on_screen(command: &Command) -> Terminal {
    let mut terminal = Terminal::new(110, 40);
    terminal.run(command, "; echo ended-$?");
    terminal.wait_for("● connected");
    terminal
}
