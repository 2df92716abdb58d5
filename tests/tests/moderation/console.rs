//! The console on standard input, with the real program.

use landline_tests::{Client, Program};
use std::net::SocketAddr;
use std::process::Stdio;

/// A server whose standard input is a pipe, and its address.
fn server(folder: &std::path::Path) -> (Program, SocketAddr) {
    let mut command = Program::server();
    command.args(["--port", "0", "--bind", "127.0.0.1", "--lantalk-port", "0", "--beacon-port", "0"]);
    command.args(["--data", &folder.join("data").to_string_lossy()]);
    let mut program = Program::start(&mut command, Stdio::piped());
    let line = program.until("nc 127.0.0.1 ");
    let port = line.trim().rsplit(' ').next().expect("a port").parse().expect("a number");
    (program, SocketAddr::from(([127, 0, 0, 1], port)))
}

#[test]
fn commands_are_obeyed_and_everything_else_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, address) = server(folder.path());
    let mut alice = Client::connect(address);
    alice.send("alice_lobby");
    alice.expect_start("200 ");
    for (typed, printed) in [
        ("/users", "alice (127.0.0.1)"),
        ("/stats", "Connected: 1 | Banned IPs: 0"),
        ("/rooms", "Rooms: lobby (1)"),
        ("/help", "/kick USER [REASON]"),
        ("/nope", "There is no command /nope"),
        ("/kick", "Something is missing"),
        ("/kick nobody", "User 'nobody' not found."),
        ("/unlock alice", "alice is not locked."),
        ("/bans", "No banned addresses."),
    ] {
        server.type_line(typed);
        server.until(printed);
    }
    server.type_line("lunch is ready");
    alice.expect("[all] Landline (server): lunch is ready");
    server.type_line("/say lobby in here");
    alice.expect("Landline (server): in here");
    server.type_line("/kick alice enough for today");
    server.until("Kicked alice.");
    alice.expect("INFO: You have been kicked.");
    alice.expect("INFO: Reason: enough for today");
    alice.expect_closed();
    server.type_line("/ban 10.1.2.3/8 15 scanners");
    server.until("Banned 10.0.0.0/8 for 15 min: nobody was online from there.");
    server.type_line("/quit");
    assert!(server.wait().success());
}

#[test]
fn x14_bans_have_times_with_units_and_lines_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, _) = server(folder.path());
    for (typed, printed) in [
        ("/ban 10.1.2.3 30m spam", "Banned 10.1.2.3 for 30 min"),
        ("/ban 10.1.2.4 2h", "Banned 10.1.2.4 for 120 min"),
        ("/ban 10.1.2.5 30x spam", "\"30x\" is no time"),
        ("/ban ::ffff:10.0.0.0/104 1d", "Banned 10.0.0.0/8 for 1440 min"),
        ("/bans", "10.1.2.3 (until "),
    ] {
        server.type_line(typed);
        server.until(printed);
    }
    server.type_line(&"x".repeat(100_000));
    server.until("That line is too long: at most 8192 bytes");
    server.type_line("/unban 10.1.2.5");
    server.until("10.1.2.5 is not banned");
}

#[test]
fn the_server_goes_on_when_the_console_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, address) = server(folder.path());
    drop(server.child().stdin.take());
    let mut alice = Client::connect(address);
    alice.send("alice_lobby");
    alice.expect_start("200 ");
    server.signal("TERM");
    alice.expect("INFO: The server is shutting down.");
    assert!(server.wait().success());
}
