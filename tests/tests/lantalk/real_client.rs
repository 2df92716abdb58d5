//! The real client of `lantalk==2.0.0`, driven through pipes.

use landline_tests::{Program, TestServer, eventually, python_with};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Starts the client. Its program first looks for servers on the network, so the test calls its class directly.
fn lantalk(python: &Path, server: &TestServer, name: &str, password: &str) -> Program {
    let code = "import sys\nfrom lantalk.client import LanTalkClient\n\
                LanTalkClient(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]).connect()";
    let port = server.lantalk_address().port().to_string();
    let mut command = Command::new(python);
    command.args(["-u", "-c", code, "127.0.0.1", &port, name, password]);
    Program::start(&mut command, Stdio::piped())
}

#[test]
fn real_lantalk_client_talks_with_nc_and_with_another_client() {
    let server = super::server();
    let Some(python) = python_with("lantalk==2.0.0", server.scratch()) else { return };
    let mut alice = server.guest("alice", "lobby");
    let mut bob = lantalk(&python, &server, "Bob", "");
    alice.expect("Bob has connected to the chatroom");
    bob.until("Connected to");
    let mut carol = lantalk(&python, &server, "Carol", "");
    alice.expect("Carol has connected to the chatroom");
    bob.until("Carol joined.");
    bob.type_line("hello from LanTalk");
    alice.expect("Bob: hello from LanTalk");
    carol.until("hello from LanTalk");
    alice.send("hello from nc");
    bob.until("hello from nc");
    carol.until("hello from nc");
    bob.type_line("/users");
    bob.until("Online: alice, Bob, Carol");
    carol.type_line("/pm alice psst");
    alice.expect("[PM] Carol: psst");
    alice.send("/pm carol psst yourself");
    carol.until("PM from alice: psst yourself");
    // LanTalk's `/quit` sends nothing. The client ends when it receives the next line.
    bob.type_line("/quit");
    eventually("Bob leaves", || {
        alice.send("anything");
        // Pause between lines: the client does not get to its end while lines keep arriving.
        std::thread::sleep(Duration::from_millis(100));
        alice.drain_lines().iter().any(|line| line == "Bob has left the chatroom")
    });
    carol.until("Bob left the chat.");
    assert!(bob.wait().success());
}

#[test]
fn real_lantalk_client_shows_why_it_is_refused() {
    let server = super::server();
    let Some(python) = python_with("lantalk==2.0.0", server.scratch()) else { return };
    server.register("alice", "correct horse");
    let _bob = server.guest("Bob", "lobby");
    for (name, password, reason) in [
        ("Bob", "", "Username already taken."),
        ("a b", "", "Invalid username."),
        ("alice", "wrong horse", "Wrong password."),
    ] {
        let mut client = lantalk(&python, &server, name, password);
        client.until(reason);
        assert!(!client.wait().success());
    }
}
