//! Read marks: messages that an account has missed since its last session.

use landline_tests::{Client, TestServer};

const PASSWORD: &str = "correct horse";

/// Sends `/history unread`. Returns the texts of the messages, and the last line of the answer.
fn unread(client: &mut Client) -> (Vec<String>, String) {
    client.send("/history unread");
    let mut lines = client.drain_lines();
    let end = lines.pop().expect("an answer");
    (lines.iter().map(|line| line.rsplit_once(": ").expect("a text").1.to_owned()).collect(), end)
}

#[test]
fn unread_is_exactly_what_was_said_between_two_sessions() {
    let mut server = TestServer::default();
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.login("bob", PASSWORD);
    assert_eq!(unread(&mut bob), (vec![], "INFO: no messages (this is your first visit here)".into()));
    alice.until("bob has connected");
    alice.send("heard");
    bob.expect("alice: heard");
    bob.quit();
    alice.until("bob has left");
    for i in 0..3 {
        alice.send(&format!("missed {i}"));
    }
    alice.drain_lines();
    let mut bob = server.login("bob", PASSWORD);
    alice.until("bob has connected");
    alice.send("heard again");
    bob.expect("alice: heard again");
    assert_eq!(unread(&mut bob).0, ["missed 0", "missed 1", "missed 2"]);
    assert_eq!(unread(&mut bob), (vec![], "INFO: no messages (unread in lobby)".into()));
    drop(alice);
    bob.until("alice has left");
    server.restart();
    let mut bob = server.login("bob", PASSWORD);
    assert_eq!(unread(&mut bob).0, [""; 0], "no message was missed");
}

#[test]
fn unread_messages_come_in_pages() {
    let server = TestServer::new(|config| config.limits.history_messages = 2);
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.login("bob", PASSWORD);
    alice.until("bob has connected");
    alice.send("heard");
    bob.expect("alice: heard");
    bob.quit();
    alice.until("bob has left");
    for i in 0..5 {
        alice.send(&format!("missed {i}"));
    }
    alice.drain_lines();
    let mut bob = server.login("bob", PASSWORD);
    let (texts, end) = unread(&mut bob);
    assert_eq!(
        (texts, &*end),
        (vec!["missed 0".into(), "missed 1".into()], "INFO: 2 messages (unread in lobby); more: /history unread")
    );
    assert_eq!(unread(&mut bob).0, ["missed 2", "missed 3"]);
    assert_eq!(unread(&mut bob).0, ["missed 4"]);
    assert_eq!(unread(&mut bob).0, [""; 0]);
}

#[test]
fn guests_have_no_read_marks() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    alice.send("/history unread");
    alice.expect_start("ERROR: 403 Only accounts have a last visit");
}
