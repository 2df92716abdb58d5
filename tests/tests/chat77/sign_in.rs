//! Registration and sign-in of Chat77's clients.

use crate::{GREETING, PASSWORD, connect, register_and_login};
use landline_tests::TestServer;

#[test]
fn registration_repeats_the_greeting_before_the_login() {
    let server = TestServer::default();
    let mut alice = connect(&server);
    alice.exchange("REGISTER", "ALIAS?");
    alice.exchange("alice", "PASSWORD?");
    alice.exchange(PASSWORD, "Registration successful. You can login now.");
    alice.expect(GREETING);
    alice.exchange("LOGIN", "ALIAS?");
    alice.exchange("alice", "PASSWORD?");
    alice.exchange(PASSWORD, "AUTH_SUCCESS");
    alice.exchange("online clients", "Online clients: alice");
}

#[test]
fn every_refusal_is_one_message_before_the_greeting() {
    let server = TestServer::default();
    let _alice = register_and_login(&server, "alice");
    let mut bob = connect(&server);
    for (lines, answer) in [
        (&["hello"][..], "ERROR: Invalid auth mode"),
        (&["LOGIN", "alice", "wrong horse"], "ERROR: Invalid alias or password"),
        (&["LOGIN", "nobody", PASSWORD], "ERROR: Invalid alias or password"),
        (&["LOGIN", "alice", PASSWORD], "This alias is already logged in"),
        (&["LOGIN", " ", PASSWORD], "ERROR: Alias and password are required"),
        (&["REGISTER", "bob", " "], "ERROR: Alias and password are required"),
    ] {
        let (last, first) = lines.split_last().unwrap();
        for (line, question) in first.iter().zip(["ALIAS?", "PASSWORD?"]) {
            bob.exchange(line, question);
            if question == "PASSWORD?" {
                break;
            }
        }
        bob.exchange(last, answer);
        bob.expect(GREETING);
    }
    for (alias, password, code) in [("alice", PASSWORD, "ERROR: 403 "), ("bob", "short", "ERROR: 400 ")] {
        bob.exchange("register", "ALIAS?");
        bob.exchange(alias, "PASSWORD?");
        bob.send(password);
        let answer = bob.recv();
        assert!(answer.starts_with(code) && !answer.contains(GREETING), "{answer}");
        bob.expect(GREETING);
    }
}

#[test]
fn server_password_is_asked_for_first() {
    let server = TestServer::new(|config| config.password = Some("open sesame".into()));
    let mut alice = connect(&server);
    for (mode, last) in [("REGISTER", "Registration successful. You can login now."), ("LOGIN", "AUTH_SUCCESS")] {
        alice.exchange(mode, "INFO: first this server's password");
        alice.expect("PASSWORD?");
        alice.exchange("open sesame", "ALIAS?");
        alice.exchange("alice", "PASSWORD?");
        alice.exchange(PASSWORD, last);
        if mode == "REGISTER" {
            alice.expect(GREETING);
        }
    }
    alice.exchange("online clients", "Online clients: alice");
}
