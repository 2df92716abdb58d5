//! Signing in, and refusals.

use crate::{GREETING, HOW_TO_JOIN, HOW_TO_LOG_IN, PASSWORD};
use landline_common::text::PASSWORD_SENT;
use landline_tests::{Client, TestServer};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Sends all lines, and asserts exactly these answers.
#[track_caller]
fn converse(client: &mut Client, lines: &[&str], answers: &[&str]) {
    for line in lines {
        client.send(line);
    }
    for answer in answers {
        client.expect(answer);
    }
}

#[test]
fn silent_client_gets_the_greeting() {
    let test_server = TestServer::default();
    let connecting = Instant::now();
    let mut client = test_server.connect();
    client.expect(GREETING);
    assert!(connecting.elapsed() >= Duration::from_millis(300), "{:?}", connecting.elapsed());
    client.send("alice_room");
    client.expect_start("200 ");
    client.send("/who room");
    client.expect("In room: alice");
    client.expect_nothing();
}

#[test]
fn client_that_sends_first_gets_no_greeting() {
    let test_server = TestServer::default();
    let mut alice = test_server.connect();
    alice.send("al_ice_dev/rust-2");
    alice.expect("200 Welcome to Landline, al_ice. You are in dev/rust-2; /help lists the commands.");
    alice.expect_nothing();
}

#[test]
fn registering_and_signing_in_to_an_account() {
    let test_server = TestServer::default();
    let mut alice = test_server.connect();
    let registered = ["ALIAS?", "PASSWORD?", "Registration successful. You can login now.", GREETING];
    converse(&mut alice, &["Register", "alice", PASSWORD], &registered);
    converse(&mut alice, &["login", "ALICE", PASSWORD], &["ALIAS?", "PASSWORD?", "AUTH_SUCCESS"]);
    let welcome = "200 Welcome to Landline, alice. You are in lobby; /help lists the commands.";
    alice.expect(&format!("{welcome} {PASSWORD_SENT}"));
    alice.send("online clients");
    alice.expect("Online clients: alice");
}

#[test]
fn refusals_return_to_the_greeting() {
    let test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    let _alice = test_server.login("alice", PASSWORD);
    let _guest = test_server.guest("guest", "room");
    let mut client = test_server.connect();
    client.expect(GREETING);
    converse(&mut client, &["hello"], &["ERROR: Invalid auth mode", HOW_TO_JOIN, GREETING]);
    for (lines, answer) in [
        (["LOGIN", "alice", "wrong horse"], "ERROR: Invalid alias or password"),
        (["LOGIN", "nobody", PASSWORD], "ERROR: Invalid alias or password"),
        (["LOGIN", "no name", PASSWORD], "ERROR: Invalid alias or password"),
        (["LOGIN", "alice", PASSWORD], "This alias is already logged in"),
        (["LOGIN", "alice", ""], "ERROR: Alias and password are required"),
        (["REGISTER", " ", PASSWORD], "ERROR: Alias and password are required"),
    ] {
        converse(&mut client, &lines, &["ALIAS?", "PASSWORD?", answer, GREETING]);
    }
    for (alias, code) in
        [("alice", 403), ("Аlice", 403), ("guest", 403), ("GUEST", 403), ("INFO", 403), ("Landline", 403), ("a b", 400)]
    {
        converse(&mut client, &["REGISTER", alias, PASSWORD], &["ALIAS?", "PASSWORD?"]);
        client.expect_start(&format!("ERROR: {code} "));
        client.expect(GREETING);
    }
    converse(&mut client, &["bob_room"], &["ERROR: Invalid auth mode", HOW_TO_LOG_IN, GREETING]);
}

#[test]
fn invalid_first_line_ends_the_connection_only_without_a_greeting() {
    let test_server = TestServer::default();
    for line in ["hello", "get / HTTP/1.0", "/join room", "exit"] {
        let mut client = test_server.connect();
        client.send(line);
        client.expect_start("400 ");
        client.expect_closed();
    }
    let mut client = test_server.connect();
    client.expect(GREETING);
    for line in ["hello", "/join room", "carol lobby"] {
        converse(&mut client, &[line], &["ERROR: Invalid auth mode", HOW_TO_JOIN, GREETING]);
    }
}

#[test]
fn blank_lines_are_ignored() {
    let test_server = TestServer::default();
    let mut alice = test_server.connect();
    converse(&mut alice, &["", "  ", "\r", "\t", " alice_room \r"], &[]);
    alice.expect("200 Welcome to Landline, alice. You are in room; /help lists the commands.");
    let mut bob = test_server.connect();
    bob.expect(GREETING);
    converse(&mut bob, &["", " ", "\r", "bob_room"], &[]);
    bob.expect_start("200 ");
    alice.expect("bob has connected to the chatroom");
    converse(&mut bob, &["", " \r", "\t", "hello"], &[]);
    alice.expect("bob: hello");
}

#[test]
fn invalid_names_are_refused_with_a_reason() {
    let test_server = TestServer::default();
    test_server.register("Bob", PASSWORD);
    let mut alice = test_server.guest("alice", "room");
    let (long_name, long_room) = (format!("{}_room", "x".repeat(25)), format!("x_{}", "r".repeat(33)));
    for (code, lines) in [
        (400, &["a b_room", "../../etc_room", "a\u{1b}[31m_room", "a\0b_room", "a\u{202e}b_room", "_room"][..]),
        (400, &["alice_", "x_a b", "x_a:b", "x_../../etc", "_-__room", &long_name, &long_room]),
        (403, &["alice_room", "ALICE_other", "аlice_room", "bob_room", "BOB_room", "Воb_room"]),
        (403, &["INFO_room", "error_room", "server_room", "Landline_room", "LANDLINE_room", "200_room", "exit_room"]),
        (403, &["PRIVATE_ENDED_room", "direct_x_room", "AUTH_SUCCESS_room", "login_room", "x_all", "x_PM", "aIice_x"]),
    ] {
        for line in lines {
            let mut client = test_server.connect();
            client.send(line);
            client.expect_start(&format!("{code} "));
            client.expect_closed();
        }
    }
    alice.expect_nothing();
    let _longest = test_server.guest(&"x".repeat(24), &"r".repeat(32));
}

#[test]
fn name_is_free_again_after_its_user_has_left() {
    let test_server = TestServer::default();
    for leave in [Client::quit as fn(Client), Client::reset, drop] {
        let mut bob = test_server.guest("bob", "room");
        leave(test_server.guest("alice", "room"));
        bob.expect("alice has connected to the chatroom");
        bob.expect("alice has left the chatroom");
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut again = test_server.connect();
        again.send("alice_room");
        while again.line().starts_with("403 ") {
            assert!(Instant::now() < deadline, "the name is still taken");
            again = test_server.connect();
            again.send("alice_room");
        }
        again.quit();
        bob.quit();
    }
}

#[test]
fn lines_sent_right_after_the_sign_in_are_not_lost() {
    let test_server = TestServer::default();
    test_server.register("carol", PASSWORD);
    let mut alice = test_server.guest("alice", "lobby");
    let mut bob = test_server.connect();
    bob.send_bytes(b"bob_lobby\nhello\n/ping\nand bye");
    bob.end_sending();
    bob.expect_start("200 ");
    bob.expect("PONG");
    bob.expect_closed();
    for line in ["bob has connected to the chatroom", "bob: hello", "bob: and bye", "bob has left the chatroom"] {
        alice.expect(line);
    }
    let mut carol = test_server.connect();
    carol.send_bytes(format!("LOGIN\ncarol\n{PASSWORD}\nhello\n").as_bytes());
    for line in ["ALIAS?", "PASSWORD?", "AUTH_SUCCESS"] {
        carol.expect(line);
    }
    alice.expect("carol has connected to the chatroom");
    alice.expect("carol: hello");
    let mut short = test_server.connect();
    short.send_bytes(b"dora_lobby");
    short.end_sending();
    short.expect("200 Welcome to Landline, dora. You are in lobby; /help lists the commands.");
    short.expect_closed();
}

#[test]
fn json_from_the_first_line() {
    let test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    let mut client = test_server.connect();
    for line in ["format json", "LOGIN", "alice", "wrong horse", "LOGIN", "alice", PASSWORD] {
        client.send(line);
    }
    client.expect(r#"{"type":"system","event":"format","text":"json"}"#);
    for (kind, text) in [
        ("auth_request", "ALIAS?"),
        ("auth_request", "PASSWORD?"),
        ("error", "Invalid alias or password"),
        ("auth_request", GREETING),
        ("auth_request", "ALIAS?"),
        ("auth_request", "PASSWORD?"),
    ] {
        let answer: Value = serde_json::from_str(&client.line()).expect("JSON");
        assert_eq!([&answer["type"], &answer["text"]], [kind, text]);
    }
    let welcome: Value = serde_json::from_str(&client.line()).expect("JSON");
    assert_eq!([&welcome["type"], &welcome["username"], &welcome["room"]], ["auth_ok", "alice", "lobby"]);
    assert_eq!((&welcome["server_name"], &welcome["account"]), (&"Landline".into(), &true.into()));
}
