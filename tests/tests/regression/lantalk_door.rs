//! Defects of LanTalk at its own port, at the console and in discovery.

use landline_common::beacon;
use landline_server::server::Server;
use landline_server::store::LockFile;
use landline_tests::{Client, TestServer, eventually, on_loopback};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};

fn server() -> TestServer {
    TestServer::new(|config| config.lantalk_port = Some(0))
}

fn say(client: &mut Client, text: &str) {
    client.send(&json!({"type": "message", "text": text}).to_string());
}

fn text_of(line: &str) -> String {
    let object: Value = serde_json::from_str(line).expect("JSON");
    object["text"].as_str().expect("a text").to_owned()
}

/// In LanTalk 2.0, a sign-in of another JSON type, a lone surrogate, deep nesting or a long line ended the handler
/// without an answer.
#[test]
fn l1_malformed_sign_ins_are_answered() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let deep = "[".repeat(30_000);
    let long = "x".repeat(70_000);
    for line in ["[]", "5", r#"{"username":5}"#, r#"{"username":"\ud800"}"#, &deep, &long] {
        let mut client = Client::connect(server.lantalk_address());
        client.expect_start("{\"type\":\"auth_request\"");
        client.send(line);
        client.expect_start("{\"type\":\"auth_fail\"");
        client.expect_closed();
    }
    alice.expect_nothing();
}

/// In LanTalk 2.0, a client that does not read stopped every later broadcast, and kicking it blocked the console.
#[test]
fn l2_client_that_does_not_read_blocks_no_other() {
    let server = TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.limits.send_buffer_bytes = 4 << 10;
    });
    let stuck = server.lantalk("stuck");
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    for i in 0..300 {
        alice.send(&format!("{i} {}", "x".repeat(1_900)));
        bob.expect_start(&format!("alice: {i} "));
    }
    let begun = Instant::now();
    assert!(server.server().moderator().kick("stuck", "").is_ok());
    bob.expect("stuck has left the chatroom");
    assert!(begun.elapsed() < Duration::from_secs(5));
    drop(stuck);
}

/// In LanTalk 2.0, a lone surrogate in a text ended other users' clients.
#[test]
fn l4_a_lone_surrogate_is_replaced() {
    let server = server();
    let mut bob = server.lantalk("Bob");
    let mut carol = server.lantalk("Carol");
    bob.expect_start("{\"type\":\"system\"");
    bob.send(r#"{"type":"message","text":"x\udfffy"}"#);
    assert_eq!(text_of(&carol.line()), "x\u{fffd}y");
}

/// In LanTalk 2.0, 262 long names made the answer to `/users` longer than clients can read, and a line of 70 kB ended
/// the session of its sender.
#[test]
fn l5_answers_stay_short_and_long_lines_are_survived() {
    let server = server();
    let _others: Vec<_> = (0..262).map(|i| server.guest(&format!("somebody-with-a-name-{i:03}"), "else")).collect();
    let mut bob = server.lantalk("Bob");
    bob.send(&"x".repeat(70_000));
    assert!(text_of(&bob.line()).contains("too long"));
    say(&mut bob, "/users");
    let mut names = 0;
    while names < 263 {
        let line = bob.line();
        assert!(line.len() <= 4_200, "{} bytes", line.len());
        names += text_of(&line).trim_start_matches("Online: ").split(", ").count();
    }
}

/// LanTalk 2.0 relayed escapes and newlines, so that users could forge lines, also in the log. In Landline a message
/// may have several lines, but each has its sender's name in front.
#[test]
fn l6_no_control_sequence_is_relayed() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    say(&mut bob, "a\u{1b}]0;title\u{7}b\nalice: I quit\r\u{9b}2J");
    alice.expect("Bob: ab");
    alice.expect("Bob: alice: I quit");
    say(&mut bob, "/pm alice \u{1b}[31mred\nINFO: forged");
    alice.expect("[PM] Bob: red");
    alice.expect("[PM] Bob: INFO: forged");
}

/// LanTalk 2.0 checked names before the server's password, so that users could probe names. 200 guesses took 0.06 s.
#[test]
fn l7_server_password_is_checked_first_and_guesses_are_throttled() {
    let server = TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.password = Some("sesame".into());
    });
    let attempt = |name: &str, password: &str| {
        let mut client = Client::connect(server.lantalk_address());
        client.expect_start("{\"type\":\"auth_request\"");
        client.send(&json!({"username": name, "password": password}).to_string());
        client.line()
    };
    assert!(attempt("Bob", "sesame").contains("auth_ok"));
    let known = attempt("Bob", "guess");
    let unknown = attempt("Eve", "guess");
    assert!(known.contains("Wrong password.") && unknown.contains("Wrong password."), "{known} {unknown}");
    let refused = (0..200).map(|i| attempt(&format!("n{i}"), "guess")).filter(|a| a.contains("Try again in")).count();
    assert!(refused >= 190, "only {refused} of 200 guesses were refused");
}

/// LanTalk 2.0 relayed `"text":null` as "None", and `/quit` did not end the session.
#[test]
fn l9_null_text_is_ignored_and_quit_ends_the_session() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    bob.send(r#"{"type":"message","text":null}"#);
    say(&mut bob, "/quit");
    assert_eq!(text_of(&bob.line()), "Goodbye!");
    bob.expect_closed();
    alice.expect("Bob has left the chatroom");
}

/// LanTalk 2.0's rate limit covered only `message` objects, and kicked no user.
#[test]
fn l10_every_line_counts_and_flooding_is_kicked() {
    let server = TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.rate = Some((10, Duration::from_secs(3_600)));
    });
    for junk in ["{\"type\":\"pm\"}\n", "\n", "not json\n"] {
        let mut bob = server.lantalk("Bob");
        bob.send_bytes(junk.repeat(70).as_bytes());
        let mut texts = Vec::new();
        while let Some(line) = bob.next_line() {
            texts.push(text_of(&line));
        }
        assert_eq!(texts.last().map(String::as_str), Some("You have been kicked."), "{junk:?}");
        assert!(texts.len() <= 4, "one warning a second: {texts:?}");
    }
}

/// LanTalk 2.0 read a torn bans.json as an empty list, and a bare string as a set of letters.
#[test]
fn l11_a_damaged_ban_list_is_refused_by_name() {
    let mut server = server();
    server.stop();
    let config = on_loopback(server.data());
    for content in ["", "[\"10.0", "\"10.0.0.1\"", "{\"version\":1,\"bans\":[{\"address\":\"10.0.0.1"] {
        fs::write(server.data().join("bans.json"), content).expect("writing");
        let error = Server::start(&config, LockFile::take(server.data()).expect("the folder")).expect_err("no start");
        assert!(error.to_string().contains("bans.json"), "{error}");
    }
}

/// In LanTalk 2.0, a ban by address left other sessions of the address online, and did not tell the operator about
/// them.
#[test]
fn l12_ban_ends_all_sessions_of_the_address_and_lists_them() {
    let server = server();
    server.register("alice", "correct horse");
    let mut alice = server.login("alice", "correct horse");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    let answer = server.server().moderator().ban("Bob", None, "").expect("a ban");
    assert!(answer.contains("alice (account), Bob"), "{answer}");
    assert_eq!(text_of(&bob.line()), "You have been banned.");
    alice.until("INFO: You have been banned.");
    eventually("all users are signed out", || server.server().moderator().users() == "No users are online.");
}

/// LanTalk 2.0 trusted beacons with escapes, foreign addresses or port 99999. The list of servers is tested in
/// `discovery`.
#[test]
fn l13_beacons_are_checked() {
    for bad in ["LANTALK_SERVER:1.2.3.4:99999", "LANTALK_SERVER:1.2.3.4:0", "LANTALK_SERVER:\u{1b}[2J:5050", "LANTALK"]
    {
        assert!(beacon::Beacon::parse(bad.as_bytes()).is_none(), "{bad:?}");
    }
}

/// LanTalk 2.0 showed a new user's address to all users.
#[test]
fn l14_addresses_stay_with_the_server() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    let mut carol = server.lantalk("Carol");
    for command in ["/users", "/who lobby", "/rooms"] {
        alice.send(command);
        say(&mut bob, command);
    }
    alice.send("/quit");
    say(&mut bob, "/quit");
    say(&mut carol, "/quit");
    for client in [&mut alice, &mut bob, &mut carol] {
        while let Some(line) = client.next_line() {
            assert!(!line.contains("127.0.0.1"), "{line}");
        }
    }
}
