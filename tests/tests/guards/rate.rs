//! The rate limit counts every line, at every door.

use landline_tests::TestServer;
use serde_json::json;
use std::fs;
use std::time::Duration;

const SLOW_DOWN: &str = "INFO: ⚠ Slow down — you're sending too fast.";

/// Starts a server that accepts three lines per hour, and kicks a client after `dropped` dropped lines.
fn server(dropped: u64) -> TestServer {
    TestServer::new(|config| {
        config.rate = Some((3, Duration::from_secs(3_600)));
        config.limits.dropped_lines = dropped;
        config.lantalk_port = Some(0);
    })
}

#[test]
fn lines_over_the_rate_are_dropped_with_one_warning_a_second() {
    let server = server(1_000);
    let mut bob = server.guest("bob", "lobby");
    let mut alice = server.guest("alice", "lobby");
    bob.expect("alice has connected to the chatroom");
    let lines: String = (0..20).map(|i| format!("line {i}\n")).collect();
    alice.send_bytes(lines.as_bytes());
    alice.expect(SLOW_DOWN);
    for i in 0..3 {
        bob.expect(&format!("alice: line {i}"));
    }
    alice.end_sending();
    let lines: Vec<String> = std::iter::from_fn(|| alice.next_line()).filter(|line| line != SLOW_DOWN).collect();
    assert_eq!(lines, ["ERROR: 429 17 lines not sent, from \"line 3\". Send again, more slowly."]);
    bob.expect("alice has left the chatroom");
}

#[test]
fn users_are_told_what_was_dropped_after_the_burst() {
    let server = server(1_000);
    let mut alice = server.guest("alice", "lobby");
    alice.send_bytes("line\n".repeat(8).as_bytes());
    alice.expect(SLOW_DOWN);
    alice.expect("ERROR: 429 5 lines not sent, from \"line\". Send again, more slowly.");
    alice.end_sending();
    alice.expect_closed();
}

#[test]
fn programs_without_line_ends_are_told_nothing_new() {
    let server = server(1_000);
    let mut alice = server.unframed();
    alice.exchange("alice_lobby", "200");
    for _ in 0..3 {
        alice.exchange("hello there", "alice - hello there");
    }
    alice.exchange("hello there", SLOW_DOWN);
    alice.exchange("/quit", "INFO: Goodbye!");
    alice.expect("");
}

#[test]
fn burst_that_ends_in_quit_leaves() {
    for word in ["/quit", "exit"] {
        let server = server(1_000);
        let mut alice = server.guest("alice", "lobby");
        alice.send_bytes(format!("{}{word}\n", "line\n".repeat(8)).as_bytes());
        alice.expect(SLOW_DOWN);
        alice.expect("ERROR: 429 5 lines not sent, from \"line\". Send again, more slowly.");
        alice.expect("INFO: Goodbye!");
        alice.expect_closed();
    }
}

#[test]
fn commands_blank_lines_and_junk_count_too() {
    for line in ["/ping", "", "/nope", "\u{1b}"] {
        let server = server(1_000);
        let mut alice = server.guest("alice", "lobby");
        for _ in 0..4 {
            alice.send(line);
        }
        alice.until(SLOW_DOWN);
    }
}

#[test]
fn flooding_client_is_kicked_and_logged() {
    let server = server(50);
    let mut alice = server.guest("alice", "lobby");
    alice.send_bytes("flood\n".repeat(60).as_bytes());
    alice.expect(SLOW_DOWN);
    alice.expect("INFO: You have been kicked.");
    alice.expect_closed();
    server.guest("alice", "lobby");
    let sessions = fs::read_to_string(server.data().join("sessions.jsonl")).expect("the session log");
    assert!(sessions.contains("\"reason\":\"flooding\""), "{sessions}");
}

#[test]
fn flooding_lantalk_client_is_kicked() {
    let server = server(10);
    let mut bob = server.lantalk("Bob");
    bob.send_bytes("{\"type\":5}\n".repeat(20).as_bytes());
    let mut last = String::new();
    while let Some(line) = bob.next_line() {
        last = line;
    }
    let last: serde_json::Value = serde_json::from_str(&last).expect("JSON");
    assert_eq!(last["text"], json!("You have been kicked."));
}

#[test]
fn junk_before_sign_in_ends_the_connection() {
    let server = server(50);
    let mut client = server.connect();
    client.send("");
    client.send_bytes("\n".repeat(100).as_bytes());
    client.expect_start("429 ");
    client.expect_closed();
}
