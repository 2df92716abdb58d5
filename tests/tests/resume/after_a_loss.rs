//! Resuming after the connection was lost.

use super::{token, wait_until_gone};
use landline_server::hub::{Resumable, Token, Transport};
use landline_tests::{ObjectClient, TestServer, eventually};
use serde_json::json;

fn sign_in(server: &TestServer, name: &str) -> (ObjectClient, String) {
    let mut client = ObjectClient::connect(server);
    let answer = client.sign_in(json!({"type": "guest", "user": name, "room": "ops", "acks": true}));
    (client, token(&answer))
}

#[test]
fn resumed_guest_has_its_rooms_chats_and_messages() {
    let server = TestServer::default();
    let (mut alice, first) = sign_in(&server, "alice");
    let (mut bob, _) = sign_in(&server, "bob");
    alice.request(json!({"type": "join", "room": "dev"}));
    alice.request(json!({"type": "block", "to": "bob"}));
    alice.request(json!({"type": "unblock", "to": "bob"}));
    alice.request(json!({"type": "connect", "to": "bob"}));
    bob.request(json!({"type": "accept", "to": "alice"}));
    alice.request(json!({"type": "pm", "to": "bob", "text": "before"}));
    assert_eq!(bob.until("type", "pm")["text"], "before");
    alice.client.reset();
    wait_until_gone(&server, "alice");
    bob.until("event", "private_ended");

    let mut alice = ObjectClient::connect(&server);
    let answer = alice.sign_in(json!({"type": "resume", "token": first, "acks": true, "rooms": {"ops": 0}}));
    assert_eq!((&answer[0]["resumed"], &answer[0]["room"]), (&json!(true), &json!("dev")));
    assert_eq!(answer[0]["member_of"], json!(["ops", "dev"]));
    assert_eq!(bob.until("event", "connected")["user"], "alice");
    assert_eq!(bob.until("event", "private_connected")["user"], "alice");
    alice.request(json!({"type": "private", "to": "bob", "text": "still here"}));
    assert_eq!(bob.until("type", "pm")["text"], "still here");
    let history = alice.request(json!({"type": "history", "with": "bob"}));
    assert_eq!(history[0]["text"], "before", "a resumed guest still sees the own messages");
}

#[test]
fn resume_does_not_take_the_name_from_another_user() {
    let server = TestServer::default();
    let (alice, first) = sign_in(&server, "alice");
    alice.client.reset();
    wait_until_gone(&server, "alice");
    let other = server.guest("Alice", "ops");
    let mut back = ObjectClient::connect(&server);
    let refused = back.request(json!({"type": "resume", "token": first}));
    assert_eq!((&refused[0]["cause"], &refused[0]["user"]), (&json!("name_taken"), &json!("alice")));
    other.quit();
    wait_until_gone(&server, "alice");
    back.sign_in(json!({"type": "resume", "token": first}));
}

#[test]
fn lost_session_expires() {
    let server = TestServer::new(|config| config.limits.resume_seconds = 1);
    let (alice, first) = sign_in(&server, "alice");
    alice.client.reset();
    wait_until_gone(&server, "alice");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let mut back = ObjectClient::connect(&server);
    assert_eq!(back.request(json!({"type": "resume", "token": first}))[0]["cause"], "token_unknown");
}

#[test]
fn private_chat_resumes_after_both_sides_were_lost() {
    let server = TestServer::default();
    let (mut alice, first) = sign_in(&server, "alice");
    let (mut bob, second) = sign_in(&server, "bob");
    alice.request(json!({"type": "connect", "to": "bob"}));
    bob.request(json!({"type": "accept", "to": "alice"}));
    alice.client.reset();
    wait_until_gone(&server, "alice");
    bob.client.reset();
    wait_until_gone(&server, "bob");
    let mut back = [first, second].map(|token| {
        let mut client = ObjectClient::connect(&server);
        client.sign_in(json!({"type": "resume", "token": token}));
        client
    });
    for client in &mut back {
        client.until("event", "private_connected");
    }
}

#[test]
fn resumed_sessions_count_for_the_same_address() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = Some(100);
        config.limits.rooms_per_address = 2;
    });
    let (alice, first) = sign_in(&server, "alice");
    alice.client.reset();
    wait_until_gone(&server, "alice");
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "guest", "user": "bob", "room": "one"}));
    let mut back = ObjectClient::connect(&server);
    back.sign_in(json!({"type": "resume", "token": first}));
    let refused = bob.request(json!({"type": "join", "room": "three"}));
    assert_eq!(refused[0]["cause"], "address_rooms", "{refused:?}");
    let refused = back.request(json!({"type": "join", "room": "three"}));
    assert_eq!(refused[0]["cause"], "address_rooms", "{refused:?}");
}

#[test]
fn a_restarted_server_knows_no_tokens() {
    let mut server = TestServer::default();
    let (_alice, first) = sign_in(&server, "alice");
    server.restart();
    let mut back = ObjectClient::connect(&server);
    assert_eq!(back.request(json!({"type": "resume", "token": first}))[0]["cause"], "token_unknown");
    assert_eq!(back.request(json!({"type": "guest", "user": "alice"}))[0]["resumed"], json!(null));
}

#[test]
fn a_kick_and_a_ban_reach_sessions_whose_connection_was_lost() {
    let server = TestServer::default();
    let lose = |name: &str| {
        let (client, token) = sign_in(&server, name);
        client.client.reset();
        let context = server.server().context();
        let kept = Token::parse(&token).expect("a token");
        let find = || context.hub.resumable(kept, Transport::Clear, context.clock.now());
        eventually("the session is kept", || matches!(find(), Some(Resumable::Lost(_))));
        token
    };
    let refused = |token: &str| {
        let answer = ObjectClient::connect(&server).request(json!({"type": "resume", "token": token}));
        assert_eq!(answer[0]["cause"], "token_unknown");
    };
    let moderator = server.server().moderator();
    let token = lose("alice");
    let kicked = |name: &str| format!("Kicked {name}, whose connection was lost; /ban {name} keeps that address out.");
    assert_eq!(moderator.kick("Alice", "noise"), Ok(kicked("alice")));
    refused(&token);
    assert!(moderator.kick("alice", "").expect_err("no such session").starts_with("alice has left just now"));

    let lost = lose("bob");
    let (_bob, live) = sign_in(&server, "bob");
    assert_eq!(moderator.kick("bob", ""), Ok("Kicked bob.".to_owned()));
    refused(&lost);
    refused(&live);

    let banned = [lose("carol"), lose("dave")];
    let answer = moderator.ban("carol", None, "").expect("a ban");
    assert!(answer.contains("carol (connection lost)") && answer.contains("dave (connection lost)"), "{answer}");
    moderator.unban("127.0.0.1").expect("an unban");
    banned.iter().for_each(|token| refused(token));
}
