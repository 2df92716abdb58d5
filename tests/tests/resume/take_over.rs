//! Taking over a session whose old connection is still open.

use super::token;
use landline_tests::{ObjectClient, TestServer};
use serde_json::{Value, json};

fn texts(answer: &[Value]) -> Vec<&str> {
    let history = answer.iter().filter(|object| object["event"] == "history");
    history.filter_map(|object| object["text"].as_str()).collect()
}

/// Signs in alice, in two rooms. Returns the client and its token.
fn alice(server: &TestServer) -> (ObjectClient, String) {
    let mut alice = ObjectClient::connect(server);
    let rooms = json!({"dev": null});
    let answer = alice.sign_in(json!({"type": "guest", "user": "alice", "room": "ops", "rooms": rooms, "acks": true}));
    (alice, token(&answer))
}

#[test]
fn take_over_preserves_name_rooms_and_chats_without_presence() {
    let server = TestServer::default();
    let (mut old, first) = alice(&server);
    assert_eq!(first.len(), 32);
    let mut bob = server.guest("bob", "ops");
    old.until("event", "connected");
    old.request(json!({"type": "connect", "to": "bob"}));
    bob.until("PRIVATE_REQUEST_FROM:alice");
    bob.send("/accept alice");
    bob.until("PRIVATE_CONNECTED:alice");
    let said = old.request(json!({"type": "say", "room": "ops", "text": "one"}));
    bob.until("alice: one");
    bob.drain_lines();

    let mut new = ObjectClient::connect(&server);
    let rooms = json!({"ops": said[0]["id"], "dev": null});
    let answer = new.sign_in(json!({"type": "resume", "token": first, "acks": true, "rooms": rooms}));
    assert_eq!((&answer[0]["username"], &answer[0]["resumed"]), (&json!("alice"), &json!(true)));
    assert_eq!((&answer[0]["member_of"], &answer[0]["room"]), (&json!(["dev", "ops"]), &json!("ops")));
    assert_ne!(token(&answer), first);
    assert_eq!(old.until("cause", "resumed_elsewhere")["type"], "system");
    while old.client.next_line().is_some() {}

    assert_eq!(bob.drain_lines(), [""; 0], "no presence");
    bob.send("/who ops");
    bob.expect("In ops: bob, alice");
    bob.send("/users");
    bob.expect("Online clients: bob, alice");
    bob.send("/private alice psst");
    assert_eq!(new.until("type", "pm")["text"], "psst");
    bob.send("two");
    assert_eq!(new.until("text", "two")["room"], "ops");
    new.request(json!({"type": "say", "room": "dev", "text": "three"}));
    assert_eq!(new.request(json!({"type": "private", "to": "bob", "text": "yes?"}))[0]["type"], "ok");
    bob.until("[Private] alice: yes?");
    new.client.quit();
    bob.until("alice has left the chatroom");
}

#[test]
fn messages_during_a_take_over_arrive_once() {
    let server = TestServer::default();
    let (mut old, first) = alice(&server);
    let mut bob = server.guest("bob", "ops");
    bob.send("one");
    let one = old.until("text", "one");
    bob.send("two");
    bob.drain_lines();
    let mut new = ObjectClient::connect(&server);
    let answer = new.sign_in(json!({"type": "resume", "token": first, "rooms": {"ops": one["id"]}}));
    assert_eq!(texts(&answer), ["two"]);
    bob.send("three");
    assert_eq!(new.until("text", "three")["type"], "message");
}

#[test]
fn token_is_valid_until_the_next_one_is_known_to_have_arrived() {
    let server = TestServer::default();
    let (_old, first) = alice(&server);
    let mut second = ObjectClient::connect(&server);
    let lost = token(&second.sign_in(json!({"type": "resume", "token": first})));
    // Resume as if that answer had never arrived.
    let mut third = ObjectClient::connect(&server);
    let third_token = token(&third.sign_in(json!({"type": "resume", "token": first})));
    let mut other = ObjectClient::connect(&server);
    assert_eq!(other.request(json!({"type": "resume", "token": lost}))[0]["cause"], "token_unknown");
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    third.drain_events();
    assert_eq!(other.request(json!({"type": "resume", "token": first}))[0]["cause"], "token_unknown");
    let refused = other.request(json!({"type": "resume", "token": "no token"}));
    assert_eq!((&refused[0]["type"], &refused[0]["cause"]), (&json!("auth_fail"), &json!("token_unknown")));
    other.sign_in(json!({"type": "resume", "token": third_token}));
}

#[test]
fn quit_and_kick_invalidate_tokens() {
    let server = TestServer::default();
    let (mut first, one) = alice(&server);
    first.request(json!({"type": "quit"}));
    first.client.quit();
    let (_second, two) = alice(&server);
    server.server().moderator().kick("alice", "").expect("a kick");
    let mut other = ObjectClient::connect(&server);
    for token in [one, two] {
        assert_eq!(other.request(json!({"type": "resume", "token": token}))[0]["cause"], "token_unknown");
    }
}

#[test]
fn blocks_apply_on_the_new_connection() {
    let server = TestServer::default();
    let (mut old, first) = alice(&server);
    let mut mallory = server.guest("mallory", "ops");
    old.request(json!({"type": "block", "to": "mallory"}));
    let mut new = ObjectClient::connect(&server);
    new.sign_in(json!({"type": "resume", "token": first}));
    mallory.send("can you hear me");
    mallory.drain_lines();
    let heard = new.drain_events();
    assert!(!heard.iter().any(|object| object["user"] == "mallory"), "{heard:?}");
    let mut third = ObjectClient::connect(&server);
    let blocks = new.request(json!({"type": "block"}));
    assert_eq!(blocks[0]["users"], json!(["mallory"]));
    new.request(json!({"type": "unblock", "to": "mallory"}));
    mallory.send("and now");
    new.until("text", "and now");
    third.request(json!({"type": "ping"}));
}

#[test]
fn concurrent_take_overs_leave_one_session() {
    let server = TestServer::default();
    let (_old, first) = alice(&server);
    let mut bob = server.guest("bob", "ops");
    let winners: Vec<Option<ObjectClient>> = std::thread::scope(|scope| {
        let take = || {
            let mut client = ObjectClient::connect(&server);
            let answer = client.request(json!({"type": "resume", "token": first}));
            (answer[0]["type"] == "auth_ok").then_some(client)
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut winners: Vec<ObjectClient> = winners.into_iter().flatten().collect();
    assert!(!winners.is_empty());
    bob.send("who is there");
    // All connections but one have ended.
    let mut living = 0;
    for winner in &mut winners {
        let mut ended = false;
        loop {
            match winner.client.next_line() {
                None => {
                    ended = true;
                    break;
                }
                Some(line) if line.contains("who is there") => break,
                Some(_) => {}
            }
        }
        living += usize::from(!ended);
    }
    assert_eq!(living, 1);
    bob.send("/who ops");
    bob.until("In ops: bob, alice");
}
