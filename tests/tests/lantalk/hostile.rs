//! Malformed input at the LanTalk port: a sign-in gets a reason, a session ignores it, and other clients see nothing.

use super::{object, say, server};
use landline_tests::Client;
use serde_json::json;

#[test]
fn malformed_sign_ins_get_a_reason() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let deep = "[".repeat(30_000);
    let long = format!("{{\"username\":\"{}\"}}", "x".repeat(70_000));
    for line in ["", "[]", "5", "{", "null", r#"{"username":5}"#, r#"{"username":"\ud800"}"#, &deep, &long] {
        let mut client = Client::connect(server.lantalk_address());
        client.expect_start("{\"type\":\"auth_request\"");
        client.send(line);
        assert_eq!(object(&mut client)["reason"], "Invalid username.", "{}", &line[..line.len().min(30)]);
        client.expect_closed();
    }
    alice.expect_nothing();
}

#[test]
fn password_of_another_type_counts_as_missing() {
    let server = server();
    let mut client = Client::connect(server.lantalk_address());
    client.expect_start("{\"type\":\"auth_request\"");
    client.send(r#"{"username":"Bob","password":[1]}"#);
    assert_eq!(object(&mut client)["type"], "auth_ok");
}

#[test]
fn malformed_messages_have_no_effect() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    let too_long = json!({"type": "message", "text": "x".repeat(2_001)}).to_string();
    let deep = "[".repeat(30_000);
    for line in [
        "",
        "{",
        "[]",
        "5",
        "null",
        r#"{"type":"message"}"#,
        r#"{"type":"message","text":null}"#,
        r#"{"type":"message","text":5}"#,
        r#"{"type":"message","text":"  "}"#,
        r#"{"type":"auth_ok","text":"x"}"#,
        r#"{"type":["message"],"text":"x"}"#,
        &deep,
        &too_long,
    ] {
        bob.send(line);
    }
    bob.send_bytes(b"{\"type\":\"message\",\"text\":\"\xff\xfe\"}\n");
    alice.expect("Bob: \u{fffd}\u{fffd}");
    bob.send(r#"{"type":"message","text":"half \ud800 a pair"}"#);
    alice.expect("Bob: half \u{fffd} a pair");
    bob.send(r#"{"type":"message","text":"esc \u001b[31mred\u0000 \u202enl\nline"}"#);
    alice.expect("Bob: esc red nl");
    alice.expect("Bob: line");
    say(&mut bob, "still here");
    alice.expect("Bob: still here");
}

#[test]
fn overlong_line_is_refused_and_the_session_continues() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    bob.send(&format!("{{\"type\":\"message\",\"text\":\"{}\"}}", "x".repeat(70_000)));
    let answer = object(&mut bob);
    assert!(answer["text"].as_str().expect("text").contains("too long"), "{answer}");
    say(&mut bob, "still here");
    alice.expect("Bob: still here");
}

#[test]
fn two_thousand_escaped_characters_are_one_message() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    bob.send(&format!("{{\"type\":\"message\",\"text\":\"{}\"}}", r"\ud83d\ude00".repeat(2_000)));
    alice.expect(&format!("Bob: {}", "😀".repeat(2_000)));
}

#[test]
fn long_lists_come_in_readable_lines() {
    let server = server();
    let others: Vec<_> = (0..262).map(|i| server.guest(&format!("a-rather-long-name-{i:03}"), "else")).collect();
    let mut bob = server.lantalk("Bob");
    say(&mut bob, "/users");
    let mut names = 0;
    while names < others.len() + 1 {
        let line = bob.line();
        assert!(line.len() < 4_200, "{} bytes", line.len());
        names += line.matches("a-rather-long-name-").count() + line.matches("Bob").count();
    }
}
