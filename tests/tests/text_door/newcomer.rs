//! The first minute of a user who knows nothing but the address, and types at `nc`.

use crate::{GREETING, HOW_TO_JOIN, PASSWORD};
use landline_tests::{Client, TestServer};

/// A client that waited for the greeting, as `nc` does for a user.
fn greeted(server: &TestServer) -> Client {
    let mut client = server.connect();
    client.expect(GREETING);
    client
}

#[test]
fn a3_whatever_is_typed_at_the_greeting_is_answered_by_how_to_join() {
    let server = TestServer::default();
    for line in ["hello", "carol", "help", "/help", "?", "carol lobby", "/join lobby", "_", "carol_"] {
        let mut client = greeted(&server);
        client.send(line);
        for answer in ["ERROR: Invalid auth mode", HOW_TO_JOIN, GREETING] {
            client.expect(answer);
        }
        client.send("carol_lobby");
        client.expect_start("200 ");
        client.quit();
    }
}

#[test]
fn a3_words_that_leave_do_so_at_the_greeting() {
    let server = TestServer::default();
    for line in ["/quit", "quit", "exit", "EXIT", "/exit", "/q", "logout", "bye"] {
        let mut client = greeted(&server);
        client.send(line);
        client.expect("INFO: Goodbye!");
        client.expect_closed();
    }
}

#[test]
fn a3_the_pattern_itself_is_explained() {
    let server = TestServer::default();
    let mut client = greeted(&server);
    for line in ["NAME_ROOM", "NAME_lobby"] {
        client.send(line);
        assert!(client.expect_start("INFO: NAME_ROOM stands for ").contains("carol_lobby"));
        client.expect(GREETING);
    }
    let mut program = server.unframed();
    program.exchange("NAME_ROOM", "200");
}

#[test]
fn a3_a_name_that_cannot_be_had_is_asked_for_again() {
    let server = TestServer::default();
    server.register("owner", PASSWORD);
    let mut bob = server.guest("bob", "lobby");
    let mut client = greeted(&server);
    for (line, code) in [
        ("bob_lobby", "403 "),
        ("BOB_ops", "403 "),
        ("owner_lobby", "403 owner is a registered name. Type LOGIN to sign in, or choose another name."),
        ("INFO_lobby", "403 "),
        ("Landline_lobby", "403 "),
        ("123_lobby", "403 "),
        ("carol smith_lobby", "400 "),
        ("carol_two rooms", "400 "),
    ] {
        client.send(line);
        client.expect_start(code);
        client.expect(GREETING);
    }
    client.send("carol_#lobby");
    client.expect("200 Welcome to Landline, carol. You are in lobby; /help lists the commands.");
    bob.expect("carol has connected to the chatroom");
}

#[test]
fn a3_a_wrong_password_of_the_server_is_asked_for_again() {
    let server = TestServer::new(|config| config.password = Some("open sesame".into()));
    let mut client = greeted(&server);
    for (password, answer) in [("open", "403 "), ("open sesame", "200 ")] {
        client.send("carol_lobby");
        client.expect("PASSWORD?");
        client.send(password);
        client.expect_start(answer);
        if answer == "403 " {
            client.expect(GREETING);
        }
    }
}

#[test]
fn a3_who_speaks_first_or_sends_no_lines_is_answered_to_the_letter() {
    let server = TestServer::default();
    let _bob = server.guest("bob", "lobby");
    let mut script = server.connect();
    script.send("bob_lobby");
    script.expect_start("403 ");
    script.expect_closed();
    let mut program = server.unframed();
    program.expect(&format!("{GREETING}\n"));
    for line in ["help", "/help", "quit", "exit"] {
        program.exchange(line, "ERROR: Invalid auth mode");
        program.expect(GREETING);
    }
    program.exchange("bob_lobby", "403");
    program.expect("");
}

#[test]
fn a6_who_registers_after_failed_passwords_can_log_in() {
    let server = TestServer::default();
    let mut client = greeted(&server);
    for _ in 0..3 {
        ["LOGIN", "alice", "not yet hers"].iter().for_each(|line| client.send(line));
        client.until("ERROR: Invalid alias or password");
    }
    ["REGISTER", "alice", PASSWORD].iter().for_each(|line| client.send(line));
    client.until("Registration successful. You can login now.");
    ["LOGIN", "alice", PASSWORD].iter().for_each(|line| client.send(line));
    client.until("AUTH_SUCCESS");
}

#[test]
fn a21_the_history_names_its_room() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    alice.send("one");
    alice.send("/history");
    alice.until("[lobby ");
    alice.expect("INFO: 1 message (in lobby)");
    alice.send("/join ops");
    alice.send("/history 5");
    alice.until("INFO: no messages (in ops)");
    let mut bob = server.guest("bob", "lobby");
    bob.send("/history with alice");
    bob.expect("INFO: no messages (with alice)");
}

#[test]
fn a22_a_guest_who_has_left_can_be_blocked() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let mut eve = server.guest("eve", "lobby");
    eve.send("an insult");
    eve.quit();
    alice.until("eve has left the chatroom");
    // The leaving is noted behind the news of it.
    landline_tests::eventually("eve is known to have left", || {
        alice.send("/block EVE");
        alice.line() == "INFO: eve is blocked"
    });
    let mut eve = server.guest("eve", "lobby");
    eve.send("another insult");
    eve.send("/pm alice and one more");
    eve.until("ERROR: 403 Not delivered: alice blocks you.");
    assert!(!alice.drain_lines().iter().any(|line| line.contains("insult")));
    alice.send("/block mallory");
    alice.expect_start("ERROR: 404 ");
}

#[test]
fn b17_a_guest_at_a_terminal_sees_what_was_said_last() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    for number in 0..12 {
        alice.send(&format!("line {number}"));
    }
    alice.expect_nothing();
    let mut bob = greeted(&server);
    bob.send("bob_lobby");
    bob.expect_start("200 ");
    bob.expect("INFO: Said in lobby before you came:");
    for number in 2..12 {
        let line = bob.expect_start("[lobby 2");
        assert!(line.ends_with(&format!("] alice: line {number}")), "{line}");
    }
    bob.expect_start("INFO: 10 messages (in lobby); more: /history before ");
    let mut carol = greeted(&server);
    carol.send("carol_ops");
    carol.expect_start("200 ");
    carol.expect_nothing();
    // A program that speaks first gets nothing that it did not ask for.
    server.guest("script", "lobby").expect_nothing();
    let mut unframed = server.unframed();
    unframed.expect(&format!("{GREETING}\n"));
    unframed.exchange("old_lobby", "200");
    unframed.exchange("/ping x", "PONG x");
}
