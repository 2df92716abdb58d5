//! The connection breaks.

use crate::landline;
use landline_tests::{Program, TestServer};
use std::net::TcpListener;
use std::process::Stdio;

/// A house that has the same port when it is open again, at an address where other tests take none.
fn test_server() -> TestServer {
    let free = TcpListener::bind("127.0.66.7:0").and_then(|listener| listener.local_addr()).expect("a free port");
    TestServer::new(|config| (config.bind, config.ports) = (free.ip(), vec![free.port()]))
}

#[test]
fn a_pipe_gives_up_after_its_patience_and_names_what_was_not_sent() {
    let mut test_server = test_server();
    let mut bob = test_server.guest("bob", "lobby");
    let mut program = Program::start(landline(&test_server, "ci").args(["--patience", "1"]), Stdio::piped());
    bob.expect("ci has connected to the chatroom");
    program.type_line("before");
    bob.expect("ci: before");
    test_server.stop();
    assert_eq!(program.wait().code(), Some(1));
    let complaint = program.stderr();
    for text in ["no connection: ", "trying again in", "the rest of standard input", "no connection for 1 s"] {
        assert!(complaint.contains(text), "{complaint:?} does not say {text:?}");
    }
}

#[test]
fn a_pipe_goes_on_where_it_was_when_the_server_is_back() {
    let mut test_server = test_server();
    let mut bob = test_server.guest("bob", "ops");
    let mut program = Program::start(landline(&test_server, "ci").args(["--room", "ops"]), Stdio::piped());
    bob.expect("ci has connected to the chatroom");
    program.type_line("first");
    bob.expect("ci: first");
    test_server.restart();
    program.type_line("second");
    let mut bob = test_server.guest("bobby", "ops");
    bob.until("ci: second");
    program.type_line("/quit");
    assert_eq!(program.wait().code(), Some(0));
    let complaint = program.stderr();
    assert!(complaint.ends_with("landline: connected again\n"), "{complaint}");
}

#[test]
fn a13_who_is_kicked_is_told_why() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "lobby");
    let mut program = Program::start(&mut landline(&test_server, "ci"), Stdio::piped());
    bob.expect("ci has connected to the chatroom");
    test_server.server().moderator().kick("ci", "enough").expect("kicked");
    assert_eq!(program.wait().code(), Some(1));
    assert!(program.stderr().contains("you were kicked: enough"));
}
