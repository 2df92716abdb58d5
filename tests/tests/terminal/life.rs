//! How it ends, stops, goes on and comes back.

use crate::alice_and_bob;
use landline_tests::{Terminal, TestServer};
use std::net::TcpListener;
use std::process::Command;

fn kill(signal: &str, process: u32) {
    let status = Command::new("kill").args(["-s", signal, &process.to_string()]).status();
    assert!(status.expect("kill").success());
}

#[test]
fn leaving_gives_the_terminal_back() {
    for keys in ["/quit\r", "\x03"] {
        let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
        alice.press(keys);
        bob.expect("alice has left the chatroom");
        alice.expect_restored();
    }
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in ["TERM", "INT", "HUP"] {
        let (_house, mut alice, process, mut bob) = alice_and_bob(80, 24);
        kill(signal, process);
        bob.expect("alice has left the chatroom");
        alice.expect_restored();
    }
}

#[test]
fn ctrl_z_stops_it_and_fg_goes_on() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("half a line");
    alice.wait_for("half a line");
    alice.press("\x1a");
    alice.expect_restored();
    bob.send("said while it was stopped");
    alice.press("fg\r");
    alice.until("its own screen", vt100::Screen::alternate_screen);
    alice.wait_for("said while it was stopped");
    alice.press(" and the rest\r");
    bob.expect("alice: half a line and the rest");
}

#[test]
fn a_server_that_cannot_be_reached_is_said_in_the_shell() {
    // No other test has a server at that address.
    let free = TcpListener::bind("127.0.66.6:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let mut terminal = Terminal::new(100, 24);
    let program = landline_tests::Program::client();
    terminal.press(&format!("{} {free} --name alice; echo ended-$?\r", program.get_program().display()));
    terminal.wait_for("ended-1");
    terminal.wait_for("no server answers at");
    terminal.expect_restored();
}

#[test]
fn lines_typed_while_the_server_is_away_arrive_when_it_is_back() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let mut test_server = TestServer::new(|config| config.ports = vec![free.port()]);
    let (mut alice, _) = Terminal::landline(80, 24, test_server.address(), "alice");
    test_server.stop();
    alice.wait_for("reconnecting in");
    alice.press("first\rsecond\r");
    alice.wait_for("2 lines unsent");
    test_server.restart();
    let mut bob = test_server.guest("bob", "lobby");
    // Instead of waiting.
    alice.press("\x12");
    bob.expect("alice has connected to the chatroom");
    bob.expect("alice: first");
    bob.expect("alice: second");
    alice.until("everything sent", |screen| {
        screen.contents().contains("connected") && !screen.contents().contains("unsent")
    });
}
