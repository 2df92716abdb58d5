//! Taking back: changes at the same time, and authors who have become owners since.

use landline_tests::{ObjectClient, TestServer};
use serde_json::{Value, json};

/// Rounds of the race.
const ROUNDS: usize = 40;

/// Signs in a guest by an object.
fn guest(server: &TestServer, user: &str, room: &str) -> ObjectClient {
    let mut client = ObjectClient::connect(server);
    client.sign_in(json!({"type": "guest", "user": user, "room": room}));
    client
}

/// Sends an object, and returns the last object of the answer.
fn ask(client: &mut ObjectClient, object: Value) -> Value {
    client.request(object).pop().expect("an answer")
}

#[test]
fn edit_is_never_announced_behind_the_removal() {
    let server = TestServer::default();
    let mut owner = guest(&server, "owner", "ops");
    let mut author = guest(&server, "author", "ops");
    let mut watcher = guest(&server, "watcher", "ops");
    for round in 0..ROUNDS {
        let id = ask(&mut author, json!({"type": "say", "room": "ops", "text": "first"}))["id"].clone();
        std::thread::scope(|scope| {
            scope.spawn(|| ask(&mut owner, json!({"type": "delete", "room": "ops", "id": id})));
            scope.spawn(|| ask(&mut author, json!({"type": "edit", "room": "ops", "text": "second"})));
        });
        let events = watcher.drain_events();
        let changes = events.iter().map(|event| event["event"].as_str().unwrap_or_default());
        let changes: Vec<_> = changes.filter(|event| matches!(*event, "deleted" | "edited")).collect();
        assert_eq!(changes.last(), Some(&"deleted"), "round {round}: {changes:?}");
    }
}

#[test]
fn message_of_a_server_owner_stays_also_if_it_is_older_than_its_name() {
    let server = TestServer::default();
    let mut alice = guest(&server, "alice", "ops");
    let mut bob = guest(&server, "bob", "ops");
    let id = ask(&mut bob, json!({"type": "say", "room": "ops", "text": "said as bob"}))["id"].clone();
    for object in [
        json!({"type": "nick", "to": "root"}),
        json!({"type": "register", "password": "correct horse"}),
        json!({"type": "claim", "token": server.server().claim_code()}),
    ] {
        let answer = ask(&mut bob, object);
        assert_ne!(answer["type"], "error", "{answer}");
    }
    let answer = ask(&mut alice, json!({"type": "delete", "room": "ops", "id": id}));
    assert_eq!(answer["cause"], "target_above", "{answer}");
}

#[test]
fn lost_user_is_taken_out_of_a_room_by_any_spelling_of_its_name() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut ivy = ObjectClient::connect(&server);
    let welcome = ivy.sign_in(json!({"type": "guest", "user": "ivy", "room": "ops"})).remove(0);
    drop(ivy);
    alice.until("ivy has left");
    alice.send("/kick IVY");
    alice.until("INFO: alice took IVY out of ops");
    let mut ivy = ObjectClient::connect(&server);
    let welcome = ivy.sign_in(json!({"type": "resume", "token": welcome["token"]})).remove(0);
    assert_eq!((&welcome["room"], &welcome["member_of"]), (&json!(""), &Value::Null), "{welcome}");
}
