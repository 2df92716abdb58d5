//! Authors take messages back and change them; owners remove any.

use super::{claim, is_heard, refused};
use landline_server::clock::Clock;
use landline_server::config::History;
use landline_server::store::messages;
use landline_tests::{Client, ObjectClient, TestServer, eventually};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

const MINUTE: i64 = 60_000;
const PASSWORD: &str = "correct horse";

/// Signs a guest in by object.
fn object_guest(server: &TestServer, name: &str, room: &str) -> ObjectClient {
    let mut client = ObjectClient::connect(server);
    client.sign_in(json!({"type": "guest", "user": name, "room": room}));
    client
}

/// Says a text, and returns its id.
fn say(client: &mut ObjectClient, room: &str, text: &str) -> u64 {
    let answer = client.request(json!({"type": "say", "room": room, "text": text}));
    answer[0]["id"].as_u64().expect("an id")
}

/// Sends an object that is refused, and returns the cause.
#[track_caller]
fn cause(client: &mut ObjectClient, object: Value) -> Value {
    client.request(object)[0]["cause"].clone()
}

/// Returns the texts that `room` has in the history.
fn texts(client: &mut ObjectClient, room: &str) -> Vec<String> {
    let answer = client.request(json!({"type": "history", "room": room, "last": 200}));
    let texts =
        answer.iter().filter(|part| part["event"] == "history").map(|part| part["text"].as_str().expect("a text"));
    texts.map(str::to_owned).collect()
}

fn exported(server: &TestServer) -> String {
    let mut out = Vec::new();
    messages::export(server.data(), None, &mut out).expect("an export");
    String::from_utf8(out).expect("UTF-8")
}

/// A server whose clock the test moves.
fn server_with_clock() -> (TestServer, Arc<AtomicI64>) {
    let moved = Arc::new(AtomicI64::new(0));
    let clock = moved.clone();
    (TestServer::with_clock(Clock::wrong_by(move || clock.load(SeqCst)), |_| {}), moved)
}

#[test]
fn removed_message_is_gone_and_every_door_is_told() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    let mut lan = server.lantalk("lan");
    let mut program = object_guest(&server, "program", "lobby");
    is_heard(&mut alice, &mut bob, "alice", "the first kettle");
    is_heard(&mut alice, &mut bob, "alice", "the second kettle");
    let id = program.until("text", "the second kettle")["id"].clone();
    alice.send("/delete");
    assert!(alice.until("INFO: ").starts_with("INFO: alice removed a message ("));
    assert!(bob.until("INFO: ").starts_with("INFO: alice removed a message ("));
    let told = program.until("event", "deleted");
    assert_eq!((&told["ids"], &told["room"]), (&json!([id]), &json!("lobby")));
    assert_eq!((&told["user"], &told["by"]), (&json!("alice"), &json!("alice")));
    let line = loop {
        let line = lan.line();
        if line.contains("removed") {
            break line;
        }
    };
    assert!(line.contains("\"system\"") && line.contains("alice removed a message ("), "{line}");
    assert_eq!(texts(&mut program, "lobby"), ["the first kettle"]);
    let found = program.request(json!({"type": "search", "words": "kettle"}));
    assert_eq!(found.len(), 2, "one message and the end: {found:?}");
    assert!(!exported(&server).contains("the second"));
    alice.send("/delete");
    bob.until("INFO: alice removed a message");
    assert!(refused(&mut alice, "/delete").contains("404 You have said nothing in lobby in the last 10 minutes"));
    assert_eq!(texts(&mut program, "lobby"), [""; 0]);
}

#[test]
fn commands_right_behind_a_message_find_it() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    bob.send("tea at fuve\n/edit tea at five\nnever mind\n/delete\n/edit tea at six");
    assert_eq!(alice.until("bob: "), "bob: tea at fuve");
    alice.expect("bob (edited): tea at five");
    alice.expect("bob: never mind");
    assert!(alice.line().starts_with("INFO: bob removed a message ("));
    alice.expect("bob (edited): tea at six");
}

#[test]
fn authors_have_ten_minutes_and_owners_any_time() {
    let (server, clock) = server_with_clock();
    let mut alice = object_guest(&server, "alice", "ops");
    let mut bob = object_guest(&server, "bob", "ops");
    let in_time = say(&mut bob, "ops", "in time");
    clock.store(9 * MINUTE, SeqCst);
    let late = say(&mut bob, "ops", "late");
    assert_eq!(bob.request(json!({"type": "delete", "room": "ops", "id": in_time})).last().unwrap()["type"], "ok");
    clock.store(20 * MINUTE, SeqCst);
    assert_eq!(cause(&mut bob, json!({"type": "delete", "room": "ops", "id": late})), "too_late");
    assert_eq!(cause(&mut bob, json!({"type": "delete", "room": "ops"})), "no_own_message");
    assert_eq!(cause(&mut bob, json!({"type": "edit", "room": "ops", "text": "x"})), "no_own_message");
    assert_eq!(texts(&mut alice, "ops"), ["late"]);
    alice.request(json!({"type": "delete", "room": "ops", "id": late}));
    assert_eq!(bob.until("by", "alice")["ids"], json!([late]));
    assert_eq!(texts(&mut alice, "ops"), [""; 0]);
    assert_eq!(cause(&mut alice, json!({"type": "delete", "room": "ops", "id": late})), "no_message");
}

#[test]
fn another_guest_of_the_name_is_no_author() {
    let server = TestServer::default();
    let mut owner = object_guest(&server, "owner", "ops");
    let mut bob = object_guest(&server, "bob", "ops");
    let id = say(&mut bob, "ops", "mine");
    bob.client.quit();
    eventually("bob has left", || server.server().context().hub.find("bob").is_none());
    let mut bob = object_guest(&server, "bob", "ops");
    assert_eq!(cause(&mut bob, json!({"type": "delete", "room": "ops"})), "no_own_message");
    assert_eq!(cause(&mut bob, json!({"type": "delete", "room": "ops", "id": id})), "not_owner");
    assert_eq!(cause(&mut bob, json!({"type": "edit", "room": "ops", "text": "x"})), "no_own_message");
    assert_eq!(texts(&mut owner, "ops"), ["mine"]);
}

#[test]
fn owners_remove_by_id_by_user_and_by_minutes() {
    let (server, clock) = server_with_clock();
    let mut alice = object_guest(&server, "alice", "ops");
    let mut bob = object_guest(&server, "bob", "ops");
    let mut carol = object_guest(&server, "carol", "ops");
    say(&mut bob, "ops", "eight minutes old");
    clock.store(8 * MINUTE, SeqCst);
    for text in ["one", "two", "three"] {
        say(&mut bob, "ops", text);
    }
    let of_carol = say(&mut carol, "ops", "mine");
    for object in [
        json!({"type": "delete", "room": "ops", "to": "carol"}),
        json!({"type": "delete", "room": "ops", "id": of_carol}),
        json!({"type": "pin", "room": "ops"}),
        json!({"type": "transcript", "room": "ops"}),
    ] {
        assert_eq!(cause(&mut bob, object), "not_owner");
    }
    alice.request(json!({"type": "delete", "room": "ops", "to": "bob"}));
    assert_eq!(texts(&mut alice, "ops"), ["eight minutes old", "one", "two", "mine"]);
    alice.request(json!({"type": "delete", "room": "ops", "to": "BOB", "minutes": 5}));
    assert_eq!(texts(&mut alice, "ops"), ["eight minutes old", "mine"]);
    carol.until("event", "deleted");
    let told = carol.until("event", "deleted");
    assert_eq!(
        (told["ids"].as_array().map(Vec::len), &told["user"], &told["by"]),
        (Some(2), &json!("bob"), &json!("alice"))
    );
    assert!(told["text"].as_str().unwrap().starts_with("INFO: alice removed 2 messages of bob (since "), "{told}");
    alice.request(json!({"type": "delete", "room": "ops", "id": of_carol}));
    assert_eq!(texts(&mut alice, "ops"), ["eight minutes old"]);
    for minutes in [0, 11] {
        assert_eq!(
            cause(&mut alice, json!({"type": "delete", "room": "ops", "to": "bob", "minutes": minutes})),
            "too_far_back"
        );
    }
    assert_eq!(cause(&mut alice, json!({"type": "delete", "room": "ops", "minutes": 5})), "bad_object");
    assert_eq!(cause(&mut alice, json!({"type": "delete", "room": "ops", "to": "dave"})), "no_message");
}

#[test]
fn message_of_another_owner_stays() {
    let server = TestServer::default();
    let mut alice = object_guest(&server, "alice", "ops");
    let mut bob = object_guest(&server, "bob", "ops");
    alice.request(json!({"type": "op", "room": "ops", "to": "bob"}));
    let id = say(&mut bob, "ops", "by an owner");
    assert_eq!(cause(&mut alice, json!({"type": "delete", "room": "ops", "id": id})), "target_is_owner");
    assert_eq!(cause(&mut alice, json!({"type": "delete", "room": "ops", "to": "bob"})), "target_is_owner");
    let mut root = claim(&server, "root");
    root.send(&format!("/delete {id}"));
    assert!(root.line().contains("404"), "the lobby has no such message");
    root.send("/join ops");
    root.until("INFO: You are in ops now");
    root.send(&format!("/delete {id}"));
    root.until("INFO: root removed a message of bob");
    let of_root = {
        root.send("by the owner of the server");
        bob.until("text", "by the owner of the server")["id"].clone()
    };
    assert_eq!(cause(&mut alice, json!({"type": "delete", "room": "ops", "id": of_root})), "target_above");
}

#[test]
fn changed_message_has_its_new_text_everywhere_with_a_mark() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    let mut lan = server.lantalk("lan");
    let mut program = object_guest(&server, "program", "lobby");
    is_heard(&mut alice, &mut bob, "alice", "tea at fuve");
    let id = program.until("text", "tea at fuve")["id"].clone();
    alice.send("/edit tea at five");
    bob.until("alice (edited): tea at five");
    alice.until("alice (edited): tea at five");
    let told = program.until("event", "edited");
    assert_eq!((&told["type"], &told["id"], &told["user"]), (&json!("message"), &id, &json!("alice")));
    assert_eq!((&told["room"], &told["text"]), (&json!("lobby"), &json!("tea at five")));
    let line = loop {
        let line = lan.line();
        if line.contains("five") {
            break line;
        }
    };
    assert!(line.contains("\"message\"") && line.contains("\"user\":\"alice (edited)\""), "{line}");
    let history = program.request(json!({"type": "history", "room": "lobby"}));
    assert_eq!((&history[0]["text"], &history[0]["edited"]), (&json!("tea at five"), &json!(true)));
    let found = program.request(json!({"type": "search", "words": "five"}));
    assert_eq!((&found[0]["id"], &found[0]["edited"]), (&id, &json!(true)));
    assert_eq!(program.request(json!({"type": "search", "words": "fuve"})).len(), 1, "only the end");
    bob.send("/history");
    assert!(bob.until("[lobby ").ends_with("] alice (edited): tea at five"));
    assert!(exported(&server).contains("tea at five") && !exported(&server).contains("fuve"));
}

#[test]
fn change_is_talk_of_the_newest_own_message() {
    let server = TestServer::default();
    let mut alice = object_guest(&server, "alice", "ops");
    let mut bob = object_guest(&server, "bob", "ops");
    let first = say(&mut bob, "ops", "first");
    let second = say(&mut bob, "ops", "second");
    say(&mut alice, "ops", "of alice");
    let edit = |text: &str| json!({"type": "edit", "room": "ops", "text": text});
    assert_eq!(cause(&mut bob, json!({"type": "edit", "room": "ops", "id": first, "text": "x"})), "not_newest");
    assert_eq!(cause(&mut bob, edit(" \u{200b}")), "empty_message");
    assert_eq!(cause(&mut bob, edit(&"x".repeat(2_001))), "message_too_long");
    let answer = bob.request(json!({"type": "edit", "room": "ops", "id": second, "text": "the second"}));
    assert_eq!((&answer[0]["type"], &answer[0]["id"]), (&json!("ok"), &json!(second)));
    alice.request(json!({"type": "quiet", "room": "ops", "mode": "on"}));
    assert_eq!(cause(&mut bob, edit("x")), "quiet");
    alice.request(json!({"type": "quiet", "room": "ops", "mode": "off"}));
    alice.request(json!({"type": "mute", "room": "ops", "to": "bob"}));
    assert_eq!(cause(&mut bob, edit("x")), "muted");
    alice.request(json!({"type": "unmute", "room": "ops", "to": "bob"}));
    alice.request(json!({"type": "slow", "room": "ops", "seconds": 60}));
    bob.request(edit("once more"));
    assert_eq!(cause(&mut bob, edit("x")), "slowed");
    assert_eq!(texts(&mut alice, "ops"), ["first", "once more", "of alice"]);
    alice.request(json!({"type": "kick", "room": "ops", "to": "bob"}));
    assert_eq!(cause(&mut bob, edit("x")), "not_in_room");
}

#[test]
fn label_that_is_sent_again_takes_nothing_more_back() {
    let server = TestServer::default();
    let mut alice = object_guest(&server, "alice", "ops");
    for text in ["one", "two", "three"] {
        say(&mut alice, "ops", text);
    }
    for repeated in [Value::Null, json!(true)] {
        let answer = alice.request(json!({"type": "delete", "room": "ops", "label": "once"}));
        assert_eq!(answer.last().unwrap()["repeated"], repeated);
    }
    let edit = json!({"type": "edit", "room": "ops", "text": "zwei", "label": "edit"});
    let id = alice.request(edit.clone())[0]["id"].clone();
    let again = &alice.request(edit)[0];
    assert_eq!((&again["id"], &again["repeated"]), (&id, &json!(true)));
    assert_eq!(texts(&mut alice, "ops"), ["one", "zwei"]);
}

#[test]
fn reader_who_blocks_the_author_reads_no_change_of_it() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    let mut eve = server.guest("eve", "ops");
    bob.send("/block eve");
    bob.until("INFO: eve is blocked");
    is_heard(&mut eve, &mut alice, "eve", "spam");
    eve.send("/edit more spam");
    alice.until("eve (edited): more spam");
    eve.send("/delete");
    alice.until("INFO: eve removed a message");
    is_heard(&mut alice, &mut bob, "alice", "quiet here");
    is_heard(&mut eve, &mut alice, "eve", "again");
    alice.send("/delete eve");
    bob.until("INFO: alice removed a message of eve");
}

#[test]
fn returning_client_is_told_what_changed_while_it_was_away() {
    let mut server = TestServer::default();
    let mut alice = object_guest(&server, "alice", "ops");
    let mut bob = ObjectClient::connect(&server);
    let token = bob.sign_in(json!({"type": "guest", "user": "bob", "room": "ops"}))[0]["token"].clone();
    let removed = say(&mut alice, "ops", "to remove");
    let changed = say(&mut alice, "ops", "to change");
    bob.until("text", "to change");
    bob.client.reset();
    eventually("bob is lost", || server.server().context().hub.find("bob").is_none());
    alice.request(json!({"type": "edit", "room": "ops", "text": "changed"}));
    alice.request(json!({"type": "delete", "room": "ops", "id": removed}));
    let missed = say(&mut alice, "ops", "missed");
    let rooms = json!({"ops": changed});
    let told = |answer: &[Value]| {
        let changes = answer
            .iter()
            .filter(|part| ["history", "edited", "deleted", "caught_up"].iter().any(|e| part["event"] == **e));
        changes.map(|part| (part["event"].clone(), part["id"].clone(), part["ids"].clone())).collect::<Vec<_>>()
    };
    let expected = [
        (json!("history"), json!(missed), Value::Null),
        (json!("edited"), json!(changed), Value::Null),
        (json!("deleted"), Value::Null, json!([removed])),
        (json!("caught_up"), Value::Null, Value::Null),
    ];
    let mut bob = ObjectClient::connect(&server);
    let answer = bob.sign_in(json!({"type": "resume", "token": token, "rooms": rooms}));
    assert_eq!(told(&answer), expected);
    let deleted = answer.iter().find(|part| part["event"] == "deleted").unwrap();
    assert_eq!((&deleted["user"], &deleted["by"], &deleted["room"]), (&json!("alice"), &json!("alice"), &json!("ops")));

    server.restart();
    let mut bob = ObjectClient::connect(&server);
    let answer = bob.sign_in(json!({"type": "guest", "user": "bob", "room": "ops", "rooms": rooms}));
    assert_eq!(told(&answer), expected, "after a restart");
    let mut carol = ObjectClient::connect(&server);
    let answer = carol.sign_in(json!({"type": "guest", "user": "carol", "room": "ops", "rooms": {"ops": null}}));
    assert!(answer.iter().all(|part| part["event"] != "deleted" && part["event"] != "edited"), "{answer:?}");
}

#[test]
fn account_takes_back_what_it_said_before_a_restart() {
    let mut server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut alice = server.login("alice", PASSWORD);
    alice.send("before the restart");
    alice.send("/ping said");
    alice.expect("PONG said");
    server.restart();
    let mut bob = object_guest(&server, "bob", "lobby");
    assert_eq!(cause(&mut bob, json!({"type": "delete", "room": "lobby"})), "no_own_message");
    let mut alice = server.login("alice", PASSWORD);
    alice.send("/edit after the restart");
    alice.until("alice (edited): after the restart");
    assert_eq!(texts(&mut bob, "lobby"), ["after the restart"]);
    alice.send("/delete");
    alice.until("INFO: alice removed a message");
    assert_eq!(texts(&mut bob, "lobby"), [""; 0]);
}

#[test]
fn account_that_is_made_later_is_no_author_of_what_a_guest_said() {
    let (mut server, clock) = server_with_clock();
    let mut bob = object_guest(&server, "bob", "lobby");
    let id = say(&mut bob, "lobby", "of the guest");
    server.restart();
    clock.store(MINUTE, SeqCst);
    server.register("bob", PASSWORD);
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "login", "user": "bob", "password": PASSWORD, "room": "lobby"}));
    assert_eq!(cause(&mut bob, json!({"type": "edit", "room": "lobby", "text": "x"})), "no_own_message");
    assert_eq!(cause(&mut bob, json!({"type": "delete", "room": "lobby", "id": id})), "not_owner");
    assert_eq!(texts(&mut bob, "lobby"), ["of the guest"]);
}

#[test]
fn message_to_all_users_is_taken_back_by_its_id() {
    let server = TestServer::default();
    let mut root = claim(&server, "root");
    let mut alice = object_guest(&server, "alice", "ops");
    let mut bob = object_guest(&server, "bob", "dev");
    let mut shout = |text: &str| alice.request(json!({"type": "all", "text": text}))[0]["id"].clone();
    let ids = [shout("one"), shout("two")];
    assert_eq!(cause(&mut bob, json!({"type": "delete", "room": "dev", "id": ids[0]})), "not_server_owner");
    alice.request(json!({"type": "delete", "room": "ops", "id": ids[0]}));
    let told = bob.until("event", "deleted");
    assert_eq!((&told["ids"], &told["room"]), (&json!([ids[0]]), &Value::Null));
    root.send(&format!("/delete {}", ids[1]));
    root.until("INFO: [all] root removed a message of alice");
    assert_eq!(bob.until("by", "root")["ids"], json!([ids[1]]));
    assert_eq!(texts(&mut bob, "all"), [""; 0]);
}

#[test]
fn messages_are_taken_back_live_without_a_history() {
    let server = TestServer::new(|config| config.history = History::Off);
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    is_heard(&mut bob, &mut alice, "bob", "one");
    is_heard(&mut bob, &mut alice, "bob", "two");
    bob.send("/edit zwei");
    alice.until("bob (edited): zwei");
    bob.send("/delete");
    alice.until("INFO: bob removed a message (");
    alice.send("/delete bob 5");
    bob.until("INFO: alice removed a message of bob (");
    assert!(refused(&mut bob, "/delete").contains("404 You have said nothing"));
    assert!(refused(&mut alice, "/transcript").contains("403 This server keeps no history"));
    assert!(refused(&mut alice, "/pin").contains("403 This server keeps no history"));
}

#[test]
fn direct_messages_are_not_taken_back() {
    let server = TestServer::default();
    let mut alice = object_guest(&server, "alice", "ops");
    let mut bob = object_guest(&server, "bob", "ops");
    alice.request(json!({"type": "pm", "to": "bob", "text": "for you"}));
    let id = bob.until("type", "pm")["id"].clone();
    let answer = alice.request(json!({"type": "delete", "room": "ops", "id": id}));
    assert_eq!(answer[0]["cause"], "no_message");
    assert!(answer[0]["text"].as_str().unwrap().contains("/forget"), "{answer:?}");
}

#[test]
fn line_of_a_user_does_not_look_like_a_change() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob: Client = server.guest("bob", "ops");
    alice.send("bob (edited): forged");
    bob.expect("alice: bob (edited): forged");
}
