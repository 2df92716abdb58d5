//! The log of the full-screen client.

use landline_tests::{Program, Terminal, TestServer};
use std::fs;
use std::net::TcpListener;
use tempfile::TempDir;

#[test]
fn log_goes_to_the_file_and_not_to_the_screen() {
    let free = TcpListener::bind("127.0.66.9:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let mut test_server = TestServer::new(|config| (config.bind, config.ports) = (free.ip(), vec![free.port()]));
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("log");
    let mut command = Program::client();
    command.args([&free.to_string(), "--name", "alice", "--log"]).arg(&file);
    let mut alice = Terminal::new(80, 24);
    alice.run(&command, "; echo ended-$?");
    alice.wait_for("connected");
    test_server.stop();
    alice.wait_for("reconnecting in");
    alice.press("staple\r");
    alice.wait_for("1 line unsent");
    test_server.restart();
    alice.press("\x12");
    alice.wait_for("● connected");
    assert!(!alice.contents().contains("INFO"), "{}", alice.contents());
    alice.press("/quit\r");
    alice.wait_for("ended-0");
    let log = fs::read_to_string(&file).expect("a log");
    let texts = [
        "terminal: modes set",
        "connection: lost retry_s=",
        "connection: connected",
        "terminal: restored",
        "client: left",
    ];
    let mut rest = &*log;
    for text in texts {
        rest = rest.split_once(text).unwrap_or_else(|| panic!("{text:?} is not in its place in:\n{log}")).1;
    }
    assert!(!log.contains("staple"), "{log}");
}

#[test]
fn unwritable_log_is_reported_before_the_screen_opens() {
    let test_server = TestServer::default();
    let mut command = Program::client();
    command.args([&test_server.address().to_string(), "--name", "alice", "--log", "/nowhere/log"]);
    let mut alice = Terminal::new(100, 24);
    alice.run(&command, "; echo ended-$?");
    alice.wait_for("ended-2");
    alice.wait_for("choose a file in a writable folder");
    alice.expect_restored();
}
