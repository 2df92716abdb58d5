//! The pinned message of a room, and its transcript.

use super::{is_heard, refused};
use landline_tests::{ObjectClient, TestServer};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse";

/// Returns the ids and texts of the transcript of ops, page by page.
fn transcript(owner: &mut ObjectClient) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut object = json!({"type": "transcript", "room": "ops"});
        if !after.is_null() {
            object["after"] = after;
        }
        let answer = owner.request(object);
        let (end, page) = answer.split_last().expect("an answer");
        for part in page {
            assert_eq!(
                (&part["type"], &part["event"], &part["room"]),
                (&json!("message"), &json!("transcript"), &json!("ops"))
            );
            found.push((part["id"].as_u64().expect("an id"), part["text"].as_str().expect("a text").to_owned()));
        }
        assert_eq!((&end["event"], &end["shown"]), (&json!("history_end"), &json!(page.len())));
        match end["next"].as_str() {
            None => return found,
            Some(next) => {
                let id = next.strip_prefix("/transcript after ").expect("the next command");
                after = json!(id.parse::<u64>().expect("an id"));
            }
        }
    }
}

#[test]
fn owners_read_the_whole_room_page_by_page_with_ids() {
    let server = TestServer::new(|config| config.limits.history_messages = 3);
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    alice.send("/block bob");
    alice.until("INFO: bob is blocked");
    for text in ["one", "two", "three"] {
        is_heard(&mut alice, &mut bob, "alice", text);
    }
    bob.send("four");
    bob.send("/edit fyr");
    bob.until("bob (edited): fyr");
    assert!(refused(&mut bob, "/transcript").contains("403 Only owners of ops"));
    alice.send("/transcript");
    let first = alice.until("[");
    let (id, rest) = first[1..].split_once("] ").unwrap();
    let (_, said) = rest.split_at("2026-11-21 14:23".len());
    assert_eq!(said, " alice: one");
    alice.until("[");
    let third = alice.until("[");
    let end = alice.line();
    let last = third[1..].split_once(']').unwrap().0;
    assert_eq!(end, format!("INFO: 3 messages (transcript of ops); more: /transcript after {last}"));
    alice.send(&format!("/transcript after {last}"));
    assert!(alice.until("[").ends_with(" bob (edited): fyr"), "a blocked user");
    alice.expect("INFO: 1 message (transcript of ops)");
    alice.send(&format!("/delete {id}"));
    bob.until("INFO: alice removed a message (");
    alice.send("/transcript");
    assert!(alice.until("[").ends_with(" alice: two"));
}

#[test]
fn transcript_as_objects_has_all_pages() {
    let server = TestServer::new(|config| config.limits.history_messages = 3);
    let mut alice = ObjectClient::connect(&server);
    alice.sign_in(json!({"type": "guest", "user": "alice", "room": "ops"}));
    let texts: Vec<String> = (0..8).map(|n| format!("line {n}")).collect();
    for text in &texts {
        alice.request(json!({"type": "say", "room": "ops", "text": text}));
    }
    let found = transcript(&mut alice);
    assert!(found.is_sorted_by(|(before, _), (after, _)| before < after));
    assert_eq!(found.into_iter().map(|(_, text)| text).collect::<Vec<_>>(), texts);
}

#[test]
fn pinned_message_is_shown_to_newcomers_and_survives_a_restart() {
    let mut server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut alice = server.login("alice", PASSWORD);
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    let mut bob = server.guest("bob", "ops");
    is_heard(&mut bob, &mut alice, "bob", "the exam is on monday");
    is_heard(&mut alice, &mut bob, "alice", "noted");
    assert!(refused(&mut bob, "/pin bob").contains("403 Only owners of ops"));
    alice.send("/pin bob");
    bob.until("INFO: alice pinned in ops: bob: the exam is on monday");
    bob.send("/edit the exam is on tuesday");
    alice.until("bob (edited): the exam is on tuesday");
    server.restart();
    let mut carol = server.guest("carol", "lobby");
    carol.send("/join ops");
    carol.until("INFO: You are in ops now");
    carol.expect("INFO: Pinned in ops: bob: the exam is on tuesday");
    carol.send("/rules");
    let line = carol.until("INFO: Pinned: [");
    assert!(line.ends_with(" bob: the exam is on tuesday"), "{line}");
    let mut alice = server.login("alice", PASSWORD);
    alice.send("/join ops");
    alice.until("INFO: Pinned in ops");
    alice.send("/unpin");
    carol.until("INFO: alice unpinned the message in ops");
    assert!(refused(&mut alice, "/unpin").contains("404 No message is pinned in ops"));
}

#[test]
fn pin_names_its_message_and_ends_with_it() {
    let server = TestServer::default();
    let mut alice = ObjectClient::connect(&server);
    alice.sign_in(json!({"type": "guest", "user": "alice", "room": "ops"}));
    let text = format!("two\nlines {}", "x".repeat(300));
    let id = alice.request(json!({"type": "say", "room": "ops", "text": text}))[0]["id"].clone();
    alice.request(json!({"type": "pin", "room": "ops"}));
    let told = alice.until("cause", "pinned");
    assert_eq!((&told["id"], &told["user"], &told["by"]), (&id, &json!("alice"), &json!("alice")));
    let word = told["word"].as_str().unwrap();
    assert!(word.starts_with("two lines xxx") && word.ends_with('…') && word.chars().count() == 201, "{word}");
    assert_eq!(alice.request(json!({"type": "pin", "room": "ops", "id": 1}))[0]["cause"], "no_message");
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "guest", "user": "bob"}));
    bob.request(json!({"type": "join", "room": "ops"}));
    assert_eq!(bob.until("cause", "pin")["id"], id);
    alice.request(json!({"type": "delete", "room": "ops"}));
    assert_eq!(alice.request(json!({"type": "unpin", "room": "ops"}))[0]["cause"], "no_pin");
}
