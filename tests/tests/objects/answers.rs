//! Answers to command objects: all objects carry the command's label, and the last one has `done`.

use crate::JsonClient;
use landline_tests::TestServer;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn every_answer_ends_with_done() {
    let server = TestServer::default();
    let mut bob = JsonClient::guest(&server, "bob", "lobby");
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    for object in [
        json!({"type": "join", "room": "ops"}),
        json!({"type": "join", "room": "lobby"}),
        json!({"type": "say", "room": "ops", "text": "hi"}),
        json!({"type": "hooray", "room": "ops"}),
        json!({"type": "all", "text": "hi"}),
        json!({"type": "rooms"}),
        json!({"type": "users"}),
        json!({"type": "others"}),
        json!({"type": "who", "room": "ops"}),
        json!({"type": "since", "seconds": 60}),
        json!({"type": "pm", "to": "bob", "text": "hi"}),
        json!({"type": "pm", "to": "nobody", "text": "hi"}),
        json!({"type": "connect", "to": "bob"}),
        json!({"type": "accept", "to": "bob"}),
        json!({"type": "reject"}),
        json!({"type": "chats"}),
        json!({"type": "private", "to": "bob", "text": "hi"}),
        json!({"type": "end", "to": "bob"}),
        json!({"type": "direct", "to": "bob"}),
        json!({"type": "direct_say", "to": "bob", "text": "hi"}),
        json!({"type": "direct_stop", "to": "bob"}),
        json!({"type": "direct_key", "key": "00"}),
        json!({"type": "direct_key", "key": "0".repeat(64)}),
        json!({"type": "direct_accept", "to": "bob", "key": "x", "addresses": "10.0.0.1:5000"}),
        json!({"type": "block", "to": "bob"}),
        json!({"type": "block"}),
        json!({"type": "unblock", "to": "bob"}),
        json!({"type": "history"}),
        json!({"type": "history", "room": "ops", "last": 3}),
        json!({"type": "history", "room": "all"}),
        json!({"type": "history", "with": "bob"}),
        json!({"type": "search", "words": "hi"}),
        json!({"type": "forget"}),
        json!({"type": "format", "format": "json"}),
        json!({"type": "help"}),
        json!({"type": "help", "command": "say"}),
        json!({"type": "help", "command": "xyz"}),
        json!({"type": "ping", "token": "x"}),
        json!({"type": "leave", "room": "ops"}),
        json!({"type": "leave", "room": "ops"}),
        json!({"type": "shout"}),
        json!({"type": "say", "room": "lobby"}),
        json!({"type": "quit"}),
    ] {
        let mut labeled = object.clone();
        labeled["label"] = object.to_string().chars().take(64).collect::<String>().into();
        let answer = alice.ask(&labeled);
        let (last, others) = answer.split_last().unwrap();
        assert!(others.iter().all(|part| part["done"].is_null()), "{object}: {answer:?}");
        let error = last["type"] == "error";
        assert!(!error || last["cause"].is_string(), "{object}: {answer:?}");
    }
    assert_eq!(bob.until("pm")["label"], Value::Null);
}

#[test]
fn every_throttled_command_is_answered_with_a_retry_time() {
    let server = TestServer::new(|config| config.rate = Some((3, Duration::from_secs(5))));
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    for n in 0..8 {
        alice.send(&json!({"type": "say", "room": "lobby", "text": "x", "label": n.to_string()}));
    }
    let answers: Vec<Value> = (0..8).map(|n| alice.answer(&json!(n.to_string())).remove(0)).collect();
    assert!(answers[..3].iter().all(|answer| answer["type"] == "message"));
    for answer in &answers[3..] {
        assert_eq!((&answer["cause"], &answer["code"]), (&json!("throttled"), &json!(429)));
        assert!((1..=5_000).contains(&answer["retry_ms"].as_u64().unwrap()));
    }
    for n in 0..20 {
        assert_eq!(
            alice.ask(&json!({"type": "ping", "label": format!("p{n}")}))[0]["event"],
            "pong",
            "pings do not count"
        );
    }
}

#[test]
fn every_change_of_the_own_state_has_a_cause() {
    let server = TestServer::default();
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    let answer = alice.ask(&json!({"type": "join", "room": "ops", "label": "1"}));
    assert_eq!(
        (&answer[0]["cause"], &answer[0]["room"], &answer[0]["event"]),
        (&json!("entered"), &json!("ops"), &json!("info"))
    );
    let answer = alice.ask(&json!({"type": "leave", "room": "ops", "label": "2"}));
    assert_eq!(answer.iter().map(|part| &part["cause"]).collect::<Vec<_>>(), ["left_room", "entered"]);
    let moderator = server.server().moderator();
    std::thread::scope(|scope| {
        scope.spawn(|| moderator.kick("alice", "noise"));
        let kicked = alice.until("system");
        assert_eq!((&kicked["cause"], &kicked["reason"]), (&json!("kicked"), &json!("noise")));
    });
}

#[test]
fn f12_an_object_that_is_too_long_is_refused_with_its_label_and_the_limit_of_objects() {
    let server = TestServer::default();
    let mut alice = JsonClient::guest(&server, "alice", "lobby");
    let long = "x".repeat(70_000);
    let say = |label: &str| json!({"label": label, "room": "lobby", "text": long, "type": "say"});
    let refusal = alice.ask(&say("7"));
    let text = "That line is too long (at most 65536 bytes). Nothing was sent.";
    assert_eq!((refusal.len(), &refusal[0]["cause"]), (1, &json!("line_too_long")));
    assert_eq!(
        (&refusal[0]["code"], &refusal[0]["text"], &refusal[0]["done"]),
        (&json!(413), &json!(text), &json!(true))
    );
    // Its label stands where nothing is kept any more.
    alice.client.send(&format!(r#"{{"type":"say","room":"lobby","text":"{long}","label":"8"}}"#));
    let refusal = alice.until("error");
    assert_eq!((&refusal["cause"], &refusal["label"]), (&json!("line_too_long"), &json!(null)));
    assert!(
        refusal["text"].as_str().is_some_and(|text| text.contains("65536") && text.contains("label cannot be read"))
    );
    // A line that is no object has the limit of lines.
    alice.client.send(&"x".repeat(9_000));
    assert!(alice.until("error")["text"].as_str().is_some_and(|text| text.contains("8192")));
    let ping = alice.ask(&json!({"type": "ping", "token": "still here", "label": "9"}));
    assert_eq!(ping[0]["label"], "9");
}
