//! Failures of the server and of a peer during encrypted chats.

use crate::{clients, connect, end_reason, send_and_expect};
use landline_tests::{NO_FIXED_PORTS, Program, TestServer};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use tempfile::TempDir;

/// Starts the server as a process, which can be frozen and killed, on a fixed port that it keeps across restarts.
fn server(data: &TempDir, address: SocketAddr) -> Program {
    let mut command = Program::server();
    command.args(["--bind", &address.ip().to_string(), "--port", &address.port().to_string(), "--no-console"]);
    command.args(NO_FIXED_PORTS).args(["--rate", "off", "--data"]).arg(data.path().join("data"));
    command.env_remove("LANDLINE_LOG").env_remove("LANDLINE_PASSWORD");
    let mut program = Program::start(&mut command, Stdio::null());
    program.until("nc ");
    program
}

/// Returns a free port at an address that no other test uses.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.67.9:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

#[test]
fn direct_chat_survives_a_frozen_stopped_and_restarted_server() {
    let (data, address) = (TempDir::new().expect("a folder"), free());
    let mut running = server(&data, address);
    let [mut alice, mut bob] = clients(address, ["alice", "bob"]);
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    running.signal("STOP");
    send_and_expect((&mut alice, "alice"), (&mut bob, "bob"), "the server stands still");
    send_and_expect((&mut bob, "bob"), (&mut alice, "alice"), "we do not");
    running.signal("KILL");
    running.wait();
    send_and_expect((&mut alice, "alice"), (&mut bob, "bob"), "now it is gone");
    send_and_expect((&mut bob, "bob"), (&mut alice, "alice"), "and we are here");
    let _back = server(&data, address);
    for (program, name) in [(&mut alice, "alice"), (&mut bob, "bob")] {
        program.type_line("/who lobby");
        assert!(program.until("In lobby: ").contains(name));
    }
    send_and_expect((&mut alice, "alice"), (&mut bob, "bob"), "still the same chat");
    // The client announced its key again.
    alice.type_line("/direct-stop bob");
    assert_eq!(end_reason(&mut bob, "alice"), "alice ended it");
    end_reason(&mut alice, "bob");
    connect((&mut bob, "bob"), (&mut alice, "alice"));
}

#[test]
fn killed_peer_ends_the_chat_at_once() {
    let test_server = TestServer::default();
    let [mut alice, mut bob] = clients(test_server.address(), ["alice", "bob"]);
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    bob.signal("KILL");
    assert!(end_reason(&mut alice, "bob").starts_with("the link is lost; /direct bob asks"));
    // A restarted program has a new key, so it is another peer.
    bob.wait();
    let [mut bob] = clients(test_server.address(), ["bob"]);
    connect((&mut bob, "bob"), (&mut alice, "alice"));
}

#[test]
fn frozen_peer_ends_the_chat_after_a_timeout() {
    let test_server = TestServer::default();
    let [mut alice, mut bob] = clients(test_server.address(), ["alice", "bob"]);
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    bob.signal("STOP");
    assert!(end_reason(&mut alice, "bob").starts_with("the link is lost: bob does not answer"));
    bob.signal("CONT");
    assert!(end_reason(&mut bob, "alice").starts_with("the link is lost"));
}

#[test]
fn terminated_peer_says_goodbye() {
    let test_server = TestServer::default();
    let [mut alice, mut bob] = clients(test_server.address(), ["alice", "bob"]);
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    bob.signal("TERM");
    assert_eq!(end_reason(&mut alice, "bob"), "bob left");
    assert_eq!(bob.wait().code(), Some(0));
}
