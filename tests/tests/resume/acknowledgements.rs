//! Direct and private messages arrive exactly once, also when the connection is lost or replaced.

use super::{token, wait_until_gone};
use landline_tests::{ObjectClient, TestServer};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";

/// Signs in to an account, with acknowledgments. Returns the client and its token.
fn login(server: &TestServer, name: &str) -> (ObjectClient, String) {
    let mut client = ObjectClient::connect(server);
    let sign_in = json!({"type": "login", "user": name, "password": PASSWORD, "room": "ops", "acks": true});
    let answer = client.sign_in(sign_in);
    (client, token(&answer))
}

fn resume(server: &TestServer, token: &str, seq: u64) -> (ObjectClient, String) {
    let mut client = ObjectClient::connect(server);
    let answer = client.sign_in(json!({"type": "resume", "token": token, "acks": true, "seq": seq}));
    (client, super::token(&answer))
}

fn server() -> TestServer {
    let server = TestServer::default();
    for name in ["alice", "bob"] {
        server.register(name, PASSWORD);
    }
    server
}

/// Returns sequence number, text and id of each direct message so far.
fn messages(client: &mut ObjectClient) -> Vec<(u64, String, u64)> {
    let all = client.drain_events();
    let of = |object: &Value| {
        let text = object["text"].as_str()?.to_owned();
        (object["type"] == "pm")
            .then(|| (object["seq"].as_u64().unwrap_or(0), text, object["id"].as_u64().unwrap_or(0)))
    };
    all.iter().filter_map(of).collect()
}

fn texts(messages: &[(u64, String, u64)]) -> Vec<(u64, &str)> {
    messages.iter().map(|(seq, text, _)| (*seq, text.as_str())).collect()
}

#[test]
fn unacknowledged_messages_come_again_over_the_next_connection() {
    let server = server();
    let (mut alice, first) = login(&server, "alice");
    let (mut bob, _) = login(&server, "bob");
    bob.request(json!({"type": "connect", "to": "alice"}));
    alice.request(json!({"type": "accept", "to": "bob"}));
    for (r#type, text) in [("pm", "one"), ("private", "two"), ("pm", "three")] {
        bob.request(json!({"type": r#type, "to": "alice", "text": text}));
    }
    let heard = messages(&mut alice);
    assert_eq!(texts(&heard), [(1, "one"), (2, "two"), (3, "three")]);
    // Resume as if only the first message had arrived. The old connection is still open.
    let (mut alice, second) = resume(&server, &first, 1);
    let again = messages(&mut alice);
    assert_eq!(again, heard[1..], "the same numbers and ids");
    alice.send(&json!({"type": "ack", "seq": 2}));
    alice.drain_events();
    alice.client.reset();
    wait_until_gone(&server, "alice");
    // The server put the third message back into the mailbox when the connection was lost.
    let (mut alice, third) = resume(&server, &second, 2);
    let mail = messages(&mut alice);
    assert_eq!((mail.len(), &mail[0].1, mail[0].2), (1, &heard[2].1, heard[2].2), "{mail:?}");
    alice.send(&json!({"type": "ack", "seq": mail[0].0}));
    alice.drain_events();
    let (mut alice, _) = resume(&server, &third, mail[0].0);
    assert_eq!(messages(&mut alice), []);
}

#[test]
fn message_seen_before_the_loss_does_not_come_from_the_mailbox() {
    let server = server();
    let (mut alice, first) = login(&server, "alice");
    let (mut bob, _) = login(&server, "bob");
    bob.request(json!({"type": "pm", "to": "alice", "text": "one"}));
    assert_eq!(texts(&messages(&mut alice)), [(1, "one")]);
    alice.client.reset();
    wait_until_gone(&server, "alice");
    let (mut alice, _) = resume(&server, &first, 1);
    assert_eq!(messages(&mut alice), []);
}

#[test]
fn private_messages_survive_the_loss_of_a_connection() {
    let server = server();
    let (mut alice, first) = login(&server, "alice");
    let (mut bob, _) = login(&server, "bob");
    bob.request(json!({"type": "connect", "to": "alice"}));
    alice.request(json!({"type": "accept", "to": "bob"}));
    bob.request(json!({"type": "private", "to": "alice", "text": "psst"}));
    alice.client.reset();
    wait_until_gone(&server, "alice");
    let (mut alice, _) = resume(&server, &first, 0);
    assert_eq!(texts(&messages(&mut alice)), [(1, "psst")]);
    bob.request(json!({"type": "private", "to": "alice", "text": "are you back"}));
    assert_eq!(alice.until("type", "pm")["text"], "are you back", "the private chat is open again");
}

#[test]
fn unacknowledged_messages_wait_in_the_mailbox_for_the_next_sign_in() {
    let server = server();
    let (mut alice, _) = login(&server, "alice");
    let (mut bob, _) = login(&server, "bob");
    bob.request(json!({"type": "pm", "to": "alice", "text": "one"}));
    bob.request(json!({"type": "pm", "to": "alice", "text": "two"}));
    let heard = messages(&mut alice);
    alice.send(&json!({"type": "ack", "seq": 1}));
    alice.request(json!({"type": "quit"}));
    alice.client.quit();
    wait_until_gone(&server, "alice");
    let (mut alice, _) = login(&server, "alice");
    let mail = messages(&mut alice);
    assert_eq!((mail.len(), mail[0].2), (1, heard[1].2), "the same id");
    alice.send(&json!({"type": "ack", "seq": mail[0].0}));
    alice.drain_events();
    alice.client.quit();
    wait_until_gone(&server, "alice");
    let (mut alice, _) = login(&server, "alice");
    assert_eq!(messages(&mut alice), []);
}

#[test]
fn mail_comes_in_pages_as_it_is_acknowledged() {
    let server = server();
    let (mut bob, _) = login(&server, "bob");
    for n in 0..40 {
        bob.request(json!({"type": "pm", "to": "alice", "text": format!("letter {n}")}));
    }
    let (mut alice, _) = login(&server, "alice");
    let first = messages(&mut alice);
    assert_eq!(first.len(), 32);
    alice.send(&json!({"type": "ack", "seq": 32}));
    let mut rest = Vec::new();
    while rest.len() < 8 {
        let letter = alice.until("type", "pm");
        rest.push(letter["seq"].as_u64().expect("a number"));
    }
    assert_eq!(rest, (33..=40).collect::<Vec<_>>());
    alice.send(&json!({"type": "ack", "seq": 40}));
    alice.drain_events();
    alice.client.quit();
    wait_until_gone(&server, "alice");
    let (mut alice, _) = login(&server, "alice");
    assert_eq!(messages(&mut alice), []);
}

#[test]
fn client_that_never_acknowledges_loses_the_oldest_lines_and_is_told() {
    let server = TestServer::new(|config| config.limits.replay_bytes = 2_000);
    for name in ["alice", "bob"] {
        server.register(name, PASSWORD);
    }
    let (mut alice, first) = login(&server, "alice");
    let (mut bob, _) = login(&server, "bob");
    bob.request(json!({"type": "connect", "to": "alice"}));
    alice.request(json!({"type": "accept", "to": "bob"}));
    for n in 1..=20 {
        bob.request(json!({"type": "private", "to": "alice", "text": format!("line {n}")}));
    }
    let (mut alice, _) = resume(&server, &first, 0);
    let lost = alice.until("cause", "lines_lost")["count"].as_u64().expect("a number");
    assert!((1..20).contains(&lost), "{lost}");
}

#[test]
fn messages_have_no_number_without_acks() {
    let server = server();
    let mut alice = ObjectClient::connect(&server);
    alice.sign_in(json!({"type": "login", "user": "alice", "password": PASSWORD}));
    let (mut bob, _) = login(&server, "bob");
    bob.request(json!({"type": "pm", "to": "alice", "text": "one"}));
    assert_eq!(alice.until("type", "pm")["seq"], json!(null));
}
