//! The server program itself: its arguments, its output, its log, its signals and its death.

mod arguments;
mod disk_full;
mod disk_low;
mod families;
mod folder_gone;
mod imports;
mod kills;
mod life;
mod log;
mod mail_kills;
mod mail_receipts;
mod no_room;
mod rules_kills;
mod signals;
mod soak;
mod stop_keeps;
#[cfg(unix)]
mod summer_time;
#[cfg(unix)]
mod tls_and_web;

use landline_tests::{Client, Program};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn server(data: &Path) -> Command {
    Program::quiet_server(data, "off")
}

fn start(command: &mut Command) -> (Program, SocketAddr) {
    Program::start_server(command)
}

/// Reads the listening addresses from the log. Later log lines are not read.
fn logged_addresses(program: &mut Program) -> Vec<SocketAddr> {
    let log = BufReader::new(program.child().stderr.take().expect("a pipe"));
    let lines = log.lines().map(|line| line.expect("its log"));
    let open = lines.filter_map(|line| line.split_once(" is open on [").map(|(_, list)| list.to_owned())).next();
    let list = open.expect("a line about its ports");
    list.trim_end_matches(']').split(", ").map(|address| address.parse().expect("an address")).collect()
}

fn guest(address: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(&format!("{name}_room"));
    client.expect_start("200 ");
    client
}

/// Stops the program by `TERM`, and asserts exit code 0.
fn stop(program: &mut Program) {
    program.signal("TERM");
    assert_eq!(program.wait().code(), Some(0));
}
