//! Talk by objects: it goes into the named room, and the sender's own line is the answer.

use crate::JsonClient;
use landline_tests::TestServer;
use serde_json::json;

#[test]
fn line_goes_into_the_named_room() {
    let server = TestServer::default();
    let mut lobby = server.guest("carol", "lobby");
    let mut ops = server.guest("dave", "ops");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    lobby.until("alice has connected");
    ops.until("alice has connected");
    assert_eq!(alice.ask(&json!({"type": "join", "room": "ops", "label": "1"}))[0]["cause"], "entered");
    for (room, text) in [("lobby", "a"), ("ops", "b"), ("lobby", "c")] {
        alice.send(&json!({"type": "say", "room": room, "text": text, "label": text}));
    }
    for text in ["a", "b", "c"] {
        let answer = alice.answer(&json!(text));
        assert_eq!((answer.len(), &answer[0]["type"], &answer[0]["text"]), (1, &json!("message"), &json!(text)));
    }
    lobby.expect("alice: a");
    lobby.expect("alice: c");
    ops.expect("alice joined ops");
    ops.expect("alice: b");
    let answer = alice.ask(&json!({"type": "say", "room": "nowhere", "text": "x", "label": "2"}));
    assert_eq!((&answer[0]["cause"], &answer[0]["room"]), (&json!("not_in_room"), &json!("nowhere")));
}

#[test]
fn own_lines_arrive_in_the_order_of_the_room() {
    let server = TestServer::default();
    let mut bob = JsonClient::guest(&server, "bob", "lobby");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    let lines: String = (0..40)
        .map(|n| match n % 3 {
            0 => {
                format!("{}\n", json!({"type": "say", "room": "lobby", "text": n.to_string(), "label": n.to_string()}))
            }
            1 => format!("{}\n", json!({"type": "say", "room": "lobby", "text": n.to_string()})),
            _ => format!("{n}\n"),
        })
        .collect();
    alice.client.send_bytes(lines.as_bytes());
    let mut ids = Vec::new();
    for n in 0..40 {
        let own = alice.until("message");
        let others = bob.until("message");
        assert_eq!((&own["text"], &own["id"]), (&others["text"], &others["id"]));
        assert_eq!(own["text"], n.to_string());
        assert_eq!(own["label"].as_str(), (n % 3 == 0).then_some(n.to_string()).as_deref());
        assert!(others["label"].is_null(), "a label goes to its sender only");
        ids.push(own["id"].as_u64().unwrap());
    }
    assert!(ids.is_sorted());
}

#[test]
fn message_to_all_is_answered_by_itself() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "ops");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    bob.until("alice has connected");
    for object in [
        json!({"type": "all", "text": "lunch", "label": "1"}),
        json!({"type": "say", "room": "all", "text": "lunch", "label": "2"}),
    ] {
        let answer = alice.ask(&object);
        assert_eq!((answer.len(), &answer[0]["event"], &answer[0]["text"]), (1, &json!("all"), &json!("lunch")));
        bob.expect("[all] alice: lunch");
    }
}

#[test]
fn malformed_objects_are_never_talk() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "lobby");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    bob.until("alice has connected");
    for line in
        ["{", "{\"type\":\"shout\"}", "{}", "{\"type\":\"say\",\"room\":\"lobby\",\"text\":5}", " {\"type\":[]}"]
    {
        alice.client.send(line);
        assert_eq!(alice.until("error")["cause"], "bad_object", "{line}");
    }
    bob.expect_nothing();
    bob.send("{\"type\":\"say\",\"room\":\"lobby\",\"text\":\"hi\"}");
    assert_eq!(alice.until("message")["text"], "{\"type\":\"say\",\"room\":\"lobby\",\"text\":\"hi\"}");
}

#[test]
fn objects_may_be_longer_than_lines() {
    let server = TestServer::default();
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    let escaped = "\\u00e9".repeat(2_000);
    alice.client.send(&format!("{{\"type\":\"say\",\"room\":\"lobby\",\"text\":\"{escaped}\",\"label\":\"1\"}}"));
    assert_eq!(alice.answer(&json!("1"))[0]["text"], "é".repeat(2_000));
    alice.client.send(&"x".repeat(9_000));
    assert_eq!(alice.until("error")["cause"], "line_too_long");
    alice.client.send(&format!("{{\"type\":\"say\",\"text\":\"{}\"}}", "x".repeat(70_000)));
    assert_eq!(alice.until("error")["cause"], "line_too_long");
}

#[test]
fn incomplete_last_object_is_dropped_and_a_complete_one_runs() {
    let server = TestServer::default();
    let mut bob = JsonClient::guest(&server, "bob", "lobby");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    alice.client.send_bytes(br#"{"type":"pm","to":"bob","text":"SECRET half"#);
    alice.client.end_sending();
    assert_eq!(bob.until_event("disconnected")["user"], "alice", "no message came before");
    let mut carol = JsonClient::guest(&server, "carol", "lobby");
    carol.client.send_bytes(br#"{"type":"pm","to":"bob","text":"whole"}"#);
    carol.client.end_sending();
    assert_eq!(bob.until("pm")["text"], "whole");
}

#[test]
fn repeated_nonce_in_one_read_sends_one_message() {
    let server = TestServer::default();
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    for (first, second, r#type) in [("1", "2", "say"), ("3", "4", "all")] {
        let say = |label: &str| {
            let nonce = format!("n-{first}");
            format!("{}\n", json!({"type": r#type, "room": "lobby", "text": "x", "nonce": nonce, "label": label}))
        };
        alice.client.send_bytes((say(first) + &say(second)).as_bytes());
        let one = alice.answer(&json!(first));
        let two = alice.answer(&json!(second));
        assert_eq!((&one[0]["type"], &two[0]["type"]), (&json!("message"), &json!("ok")));
        assert_eq!((&two[0]["id"], &two[0]["repeated"]), (&one[0]["id"], &json!(true)));
    }
}
