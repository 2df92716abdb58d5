//! Messages of several lines in the history, in search and in the mailbox.

use landline_tests::{Client, TestServer};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";
const CODE: &str = "def deploy():\n    if ready:\n\n        return 1";

/// Starts a server with a LanTalk port, where a message may have several lines.
fn server() -> TestServer {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    server.register("bob", PASSWORD);
    server
}

fn say(client: &mut Client, text: &str) {
    client.send(&json!({"type": "message", "text": text}).to_string());
}

/// Returns the lines of `CODE` as a text client receives them, each with `prefix` in front.
fn lines(prefix: &str) -> Vec<String> {
    CODE.split('\n').map(|line| format!("{prefix}{line}")).collect()
}

/// Removes the time from `[PLACE TIME]` in each line.
fn without_time(lines: Vec<String>) -> Vec<String> {
    let time = " 2026-11-21 14:22".len();
    lines
        .into_iter()
        .map(|line| {
            line.split_once("] ")
                .map_or(line.clone(), |(place, said)| format!("{}] {said}", &place[..place.len() - time]))
        })
        .collect()
}

#[test]
fn a9_history_has_the_lines_and_a_search_flattens_them() {
    let mut server = server();
    let mut lan = server.lantalk("lan");
    let mut alice = server.guest("alice", "lobby");
    say(&mut lan, CODE);
    assert_eq!(lines("lan: "), [0; 4].map(|_| alice.line()));
    for restarted in [false, true] {
        if restarted {
            server.restart();
            alice = server.guest("alice", "lobby");
        }
        alice.send("/history");
        let mut answer = without_time(alice.drain_lines());
        assert_eq!(answer.pop().as_deref(), Some("INFO: 1 message (in lobby)"));
        assert_eq!(answer, lines("[lobby] lan: "));
        alice.send("/search ready");
        let found = without_time(alice.drain_lines());
        assert_eq!(found, ["[lobby] lan: def deploy(): if *ready*: return 1", "INFO: 1 message"]);
        alice.send("format json");
        alice.send("/history");
        let answer = alice.until(r#"{"type":"message""#);
        let object: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(object["text"], CODE, "{answer}");
    }
}

#[test]
fn a9_mailbox_preserves_lines() {
    let server = server();
    let mut lan = server.lantalk("lan");
    say(&mut lan, &format!("/pm bob\n{CODE}"));
    lan.until(r#"{"type":"system""#);
    let mut bob = server.login("bob", PASSWORD);
    let kept = [0; 4].map(|_| bob.line());
    assert_eq!(without_time(kept.to_vec()), lines("[PM] lan: "));
    say(&mut lan, &format!("/pm bob\n{CODE}"));
    assert_eq!([0; 4].map(|_| bob.line()), *lines("[PM] lan: "));
}
