//! What users tell of themselves: actions.

use super::{owned_server, refused};
use landline_tests::{ObjectClient, TestServer};
use serde_json::json;

#[test]
fn action_is_shown_in_the_form_of_each_door_and_stays_in_the_history() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut bob = server.guest("bob", "lobby");
    let mut lan = server.lantalk("lan");
    let mut program = ObjectClient::connect(&server);
    program.sign_in(json!({"type": "guest", "user": "prog", "room": "lobby"}));
    let mut unframed = server.unframed();
    unframed.exchange("tcp_lobby", "200");
    let mut alice = server.guest("alice", "lobby");
    unframed.expect("alice has connected to the chatroom");
    for (line, text) in [
        ("/me waves", "/me waves"),
        ("/ME waves", "/ME waves"),
        ("//me waves", "/me waves"),
        ("/say /me waves", "/me waves"),
        ("alice: /me waves", "/me waves"),
    ] {
        alice.send(line);
        assert_eq!(bob.until("* "), "* alice waves", "{line}");
        unframed.expect("* alice waves");
        let heard = lan.until("{\"type\":\"message\"");
        assert!(heard.contains(r#""user":"alice","text":"* alice waves""#), "{heard}");
        assert_eq!(program.until("type", "message")["text"], text, "{line}");
    }
    alice.send("/say  /me is a word");
    assert_eq!(bob.until("alice: "), "alice:  /me is a word");
    lan.send(r#"{"type":"message","text":"/me bows"}"#);
    assert_eq!(bob.until("* "), "* lan bows");
    alice.send("/pm bob /me winks");
    assert_eq!(bob.until("[PM] "), "[PM] * alice winks");
    alice.send("/all /me sings");
    assert_eq!(bob.until("[all] "), "[all] * alice sings");
    program.request(json!({"type": "say", "room": "lobby", "text": "/me nods\nINFO: you have been kicked"}));
    assert_eq!(bob.until("* "), "* prog nods");
    bob.expect("* prog INFO: you have been kicked");
    bob.send("/history 2");
    assert!(bob.until("[lobby ").ends_with("] * prog nods"));
    bob.send("/search winks");
    assert!(bob.until("[PM ").ends_with("] * alice to bob *winks*"));
}

#[test]
fn action_is_talk_in_every_rule() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    alice.send("/mute bob");
    bob.until("INFO: alice muted bob");
    for line in ["/me waves", "//me waves", "/all /me waves"] {
        assert!(refused(&mut bob, line).contains("403 You are muted"), "{line}");
    }
    alice.send("/unmute bob");
    assert!(refused(&mut bob, "/me").contains("400 Usage: /me TEXT"));
    let lines = alice.drain_lines();
    assert!(lines.iter().all(|line| !line.starts_with("* ")), "{lines:?}");
}
