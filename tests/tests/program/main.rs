//! The server program itself: its arguments, its output, its log, its signals and its death.

mod arguments;
mod disk_full;
mod imports;
mod kills;
mod life;
mod log;
mod mail_kills;
mod mail_receipts;
mod stop_keeps;

use landline_tests::{Client, Program};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// A server for this machine only, without the ports that several at once would quarrel about.
fn server(data: &Path) -> Command {
    let mut command = Program::server();
    command.args(["--bind", "127.0.0.1", "--lantalk-port", "0", "--beacon-port", "0", "--rate", "off"]);
    command.args(["--max-clients-per-ip", "0", "--limit", "bcrypt-cost=4"]).arg("--data").arg(data);
    // Apart from what tests on a busy machine may take to read, messages must not merge.
    command.args(["--limit", "unframed-gap-ms=200"]);
    command.env_remove("LANDLINE_LOG").env_remove("LANDLINE_PASSWORD");
    command
}

/// Starts it on a free port, which its banner says.
fn start(command: &mut Command) -> (Program, SocketAddr) {
    let mut program = Program::start(command.args(["--port", "0"]), Stdio::null());
    let line = program.until("nc ");
    let port = line.trim_end().rsplit(' ').next().and_then(|port| port.parse().ok()).expect("a port");
    assert_eq!(line, format!("  join with  nc 127.0.0.1 {port}\n"));
    (program, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Where it says in its log that it listens. What it logs from then on nobody reads.
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

/// Sends `TERM` and sees it end well.
fn stop(program: &mut Program) {
    program.signal("TERM");
    assert_eq!(program.wait().code(), Some(0));
}
