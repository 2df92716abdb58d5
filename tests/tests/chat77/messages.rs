//! Boundaries between messages.

use crate::register_and_login;
use landline_tests::TestServer;

#[test]
fn long_messages_are_split_with_the_prefix_below_one_recv() {
    let server = TestServer::default();
    let mut bob = register_and_login(&server, "bob");
    let mut alice = server.guest("alice", "lobby");
    bob.expect("alice has connected to the chatroom");
    let text: String = "häß€𝄞".chars().cycle().take(2_000).collect();
    for (send, prefix) in [(text.clone(), "alice: "), (format!("/pm bob {text}"), "[PM] alice: ")] {
        alice.send(&send);
        let mut heard = String::new();
        while heard.len() < text.len() {
            let message = bob.recv();
            let part = message.strip_prefix(prefix).expect("a part with the prefix");
            assert!(message.len() <= 1_000, "{} bytes", message.len());
            heard.push_str(part);
            assert!(
                message.len() > 1_000 - 4 || heard.len() == text.len(),
                "a part of {} bytes before the last one",
                message.len()
            );
        }
        assert_eq!(heard, text);
    }
}

#[test]
fn long_message_to_the_server_is_one_message() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "lobby");
    let mut alice = register_and_login(&server, "alice");
    bob.expect("alice has connected to the chatroom");
    let text = "नमस्ते ".repeat(250);
    alice.send(&format!("alice: {text}"));
    let heard = bob.line();
    assert!(heard == format!("alice: {}", text.trim_end()), "{} bytes of {}", heard.len(), text.len());
    bob.expect_nothing();
}

#[test]
fn each_line_of_a_burst_is_one_message() {
    let server = TestServer::default();
    let mut bob = register_and_login(&server, "bob");
    let mut alice = server.guest("alice", "lobby");
    bob.expect("alice has connected to the chatroom");
    let said: Vec<String> = (0..10).map(|i| format!("line {i}")).collect();
    alice.send(&said.join("\n"));
    for line in said {
        bob.expect(&format!("alice: {line}"));
    }
}

#[test]
fn only_talk_is_merged_and_only_when_many_messages_wait() {
    let server = TestServer::new(|config| config.limits.unframed_merge_at = 4);
    let mut bob = register_and_login(&server, "bob");
    let mut alice = server.guest("alice", "lobby");
    bob.expect("alice has connected to the chatroom");
    let said = |range: std::ops::Range<u32>| range.map(|i| format!("line {i}")).collect::<Vec<_>>().join("\n");
    alice.send(&format!("{}\n/pm bob psst\n/connect bob\n{}", said(0..60), said(60..120)));
    let mut messages = Vec::new();
    while !messages.last().is_some_and(|last: &String| last.ends_with("alice: line 119")) {
        let message = bob.recv();
        assert!(!message.is_empty(), "closed after {messages:?}");
        messages.push(message);
    }
    let place = |control: &str| messages.iter().position(|m| m == control).expect("a message of its own");
    assert_eq!(place("[PM] alice: psst") + 1, place("PRIVATE_REQUEST_FROM:alice"));
    let lines: Vec<&str> = messages.iter().flat_map(|m| m.split('\n')).filter(|l| l.starts_with("alice: ")).collect();
    let all: Vec<String> = (0..120).map(|i| format!("alice: line {i}")).collect();
    assert_eq!(lines, all);
    assert!(messages.len() < 20, "merged into {} messages", messages.len());
    assert!(messages.iter().all(|m| m.len() <= 1_000));
}
