//! The name of a guest stays reserved for the program that has its name token, and what was done to the guest follows
//! the token.

use super::{claim, owned_server, refused};
use landline_server::clock::Clock;
use landline_tests::{Client, ObjectClient, TestServer, neighbour};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

const PASSWORD: &str = "correct horse";

/// A token of 32 equal digits.
fn token(digit: char) -> String {
    digit.to_string().repeat(32)
}

/// Returns the first object of the answer to a guest's sign-in over a new connection.
fn try_guest(server: &TestServer, user: &str, token: Option<&str>) -> (ObjectClient, Value) {
    let mut client = ObjectClient::connect(server);
    let mut object = json!({"type": "guest", "user": user, "rooms": {"lobby": null, "ops": null}});
    if let Some(token) = token {
        object["name_token"] = token.into();
    }
    let answer = client.request(object).remove(0);
    (client, answer)
}

/// Signs in a guest with a token.
#[track_caller]
fn guest(server: &TestServer, user: &str, token: &str) -> ObjectClient {
    let (client, answer) = try_guest(server, user, Some(token));
    assert_eq!((&answer["type"], &answer["name_token"]), (&json!("auth_ok"), &json!(token)), "{answer}");
    client
}

/// A guest signs in with a token, and leaves.
fn visit(server: &TestServer, user: &str, token: &str) {
    guest(server, user, token).client.quit();
}

/// The cause with which a guest's sign-in is refused; `null` if it is not.
fn cause(server: &TestServer, user: &str, token: Option<&str>) -> Value {
    try_guest(server, user, token).1["cause"].clone()
}

/// Sends the sign-in of a guest at the text door, and returns the answer.
fn text_guest(server: &TestServer, name: &str) -> String {
    let mut client = server.connect();
    client.send(&format!("{name}_lobby"));
    client.line()
}

/// A message of an object client in a room; returns the cause of its refusal, or `null`.
fn say(client: &mut ObjectClient, room: &str) -> Value {
    client.request(json!({"type": "say", "room": room, "text": "hello"})).pop().expect("an answer")["cause"].clone()
}

#[test]
fn name_of_an_absent_guest_is_refused_at_every_door_and_given_back_to_its_token() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    server.register("alice", PASSWORD);
    visit(&server, "bob", &token('a'));
    for name in ["bob", "B0B"] {
        assert_eq!(
            text_guest(&server, name),
            format!("403 {name} is reserved for 12 h: its last user may come back. Choose another name.")
        );
    }
    let mut lan = Client::connect(server.lantalk_address());
    lan.expect_start("{\"type\":\"auth_request\"");
    lan.send(r#"{"username":"bob","password":""}"#);
    assert!(lan.line().contains(r#""reason":"Username already taken.""#));
    let mut chat77 = server.unframed();
    chat77.exchange("bob_lobby", "403");
    let mut nc = server.connect();
    for line in ["REGISTER", "bob", PASSWORD] {
        nc.send(line);
    }
    nc.until("PASSWORD?");
    assert!(nc.line().contains("bob is reserved for 12 h"));
    assert_eq!(cause(&server, "bob", None), "name_kept");
    assert_eq!(cause(&server, "bob", Some(&token('b'))), "name_kept");
    let register = json!({"type": "register", "user": "bob", "password": PASSWORD});
    assert_eq!(ObjectClient::connect(&server).request(register)[0]["cause"], "name_kept");
    let _account = server.login("alice", PASSWORD);
    let _bob = guest(&server, "bob", &token('a'));
}

#[test]
fn guests_without_a_token_keep_no_name_and_get_none() {
    let server = TestServer::default();
    server.guest("bob", "lobby").quit();
    let (bob, answer) = try_guest(&server, "bob", None);
    assert_eq!((&answer["type"], &answer["name_token"]), (&json!("auth_ok"), &json!(null)));
    bob.client.quit();
    assert!(text_guest(&server, "bob").starts_with("200 "));
    for bad in ["", "x", &"g".repeat(32), &token('a')[1..]] {
        assert_eq!(cause(&server, "carol", Some(bad)), "bad_object", "{bad}");
    }
}

#[test]
fn name_in_use_is_taken_also_for_its_token_until_the_program_is_gone() {
    let server = TestServer::default();
    let mut watcher = server.guest("watcher", "lobby");
    let bob = guest(&server, "bob", &token('a'));
    assert_eq!(cause(&server, "bob", Some(&token('a'))), "name_taken");
    // As kill -9 does: the connection closes without a word.
    drop(bob);
    watcher.until("bob has left");
    assert!(text_guest(&server, "bob").starts_with("403 bob is reserved"));
    let _bob = guest(&server, "bob", &token('a'));
}

#[test]
fn lost_session_of_a_kept_name_is_resumed() {
    let server = TestServer::default();
    let mut watcher = server.guest("watcher", "lobby");
    let (bob, answer) = try_guest(&server, "bob", Some(&token('a')));
    drop(bob);
    watcher.until("bob has left");
    assert_eq!(cause(&server, "bob", Some(&token('b'))), "name_kept");
    let mut bob = ObjectClient::connect(&server);
    let resumed = bob.sign_in(json!({"type": "resume", "token": answer["token"]}));
    assert_eq!(resumed[0]["resumed"], true);
    bob.client.quit();
    watcher.until("bob has left");
    assert_eq!(cause(&server, "bob", Some(&token('b'))), "name_kept", "the resumed session kept it");
}

#[test]
fn lost_session_is_not_resumed_under_a_name_that_another_guest_keeps() {
    let server = TestServer::default();
    let mut watcher = server.guest("watcher", "lobby");
    let (bob, answer) = try_guest(&server, "bob", None);
    drop(bob);
    watcher.until("bob has left");
    visit(&server, "bob", &token('a'));
    let resume = json!({"type": "resume", "token": answer["token"]});
    assert_eq!(ObjectClient::connect(&server).request(resume)[0]["cause"], "name_taken");
    let _bob = guest(&server, "bob", &token('a'));
}

#[test]
fn name_is_free_after_twelve_hours_of_absence() {
    let late = Arc::new(AtomicI64::new(0));
    let clock = late.clone();
    let server = TestServer::with_clock(Clock::wrong_by(move || clock.load(SeqCst)), |_| {});
    let bob = guest(&server, "bob", &token('a'));
    let hour = 3_600_000;
    late.store(20 * hour, SeqCst);
    bob.client.quit();
    late.store(31 * hour, SeqCst);
    assert!(text_guest(&server, "bob").starts_with("403 bob is reserved for 1 h"), "absent for 11 h");
    late.store(32 * hour + 60_000, SeqCst);
    assert!(text_guest(&server, "bob").starts_with("200 "));
}

#[test]
fn one_program_loses_its_oldest_name_and_no_other_loses_one() {
    let server = TestServer::new(|config| config.limits.kept_names_per_address = 3);
    visit(&server, "bob", &token('a'));
    for n in 0..4 {
        visit(&server, &format!("many{n}"), &token('b'));
    }
    for (name, kept) in [("bob", true), ("many0", false), ("many1", false), ("many2", true), ("many3", true)] {
        assert_eq!(text_guest(&server, name).starts_with("403 "), kept, "{name}");
    }
    let from_elsewhere = || ObjectClient::of(Client::connect_from(neighbour(5), server.address()));
    let carol = json!({"type": "guest", "user": "carol", "name_token": token('c')});
    let mut elsewhere = from_elsewhere();
    elsewhere.sign_in(carol);
    elsewhere.client.quit();
    assert_eq!(cause(&server, "bob", None), "name_kept", "another address has places of its own");
    assert_eq!(cause(&server, "carol", None), "name_kept");
}

#[test]
fn names_are_bounded_in_all() {
    let server = TestServer::new(|config| config.limits.kept_names = 2);
    for (name, digit) in [("bob", 'a'), ("carol", 'b'), ("dave", 'c')] {
        visit(&server, name, &token(digit));
    }
    assert_eq!(cause(&server, "bob", None), Value::Null, "the oldest goes first");
    assert_eq!(cause(&server, "dave", None), "name_kept");
}

#[test]
fn holder_registers_its_name_inside_and_at_the_sign_in() {
    let server = TestServer::default();
    let mut bob = guest(&server, "bob", &token('a'));
    let made = bob.request(json!({"type": "register", "password": PASSWORD}));
    assert_eq!(made[0]["cause"], "account_made");
    bob.client.quit();
    assert_eq!(cause(&server, "bob", Some(&token('a'))), "name_registered");
    server.login("bob", PASSWORD).quit();
    visit(&server, "carol", &token('c'));
    let register = json!({"type": "register", "user": "carol", "password": PASSWORD, "name_token": token('c')});
    let mut carol = ObjectClient::connect(&server);
    let welcome = carol.sign_in(register);
    assert_eq!((&welcome[0]["account"], &welcome[0]["name_token"]), (&json!(true), &json!(null)));
    carol.client.quit();
    let _carol = server.login("carol", PASSWORD);
}

#[test]
fn names_and_bans_of_guests_outlast_a_restart() {
    let mut server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut alice = server.login("alice", PASSWORD);
    alice.send(&format!("/claim {}", server.server().claim_code()));
    alice.until("INFO: You are an owner of this server now");
    visit(&server, "bob", &token('a'));
    let mut rude = guest(&server, "rude", &token('b'));
    alice.send("/ban rude everywhere");
    rude.until("cause", "banned");
    let _carol = guest(&server, "carol", &token('c'));
    server.restart();
    assert!(!std::fs::read_to_string(server.data().join("rules.json")).expect("the file").contains(&token('a')));
    for name in ["bob", "carol"] {
        assert_eq!(cause(&server, name, None), "name_kept", "{name}");
    }
    assert_eq!(cause(&server, "quiet1", Some(&token('b'))), "expelled", "another name");
    let _bob = guest(&server, "bob", &token('a'));
}

#[test]
fn mute_follows_the_token_to_a_new_session_and_a_new_name() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = guest(&server, "bob", &token('a'));
    alice.send("/mute bob");
    bob.until("cause", "user_muted");
    bob.client.quit();
    for name in ["bob", "robert"] {
        let mut again = guest(&server, name, &token('a'));
        assert_eq!(say(&mut again, "ops"), "muted", "{name}");
        assert_eq!(say(&mut again, "all"), "muted", "{name}");
        again.client.quit();
    }
    let mut other = guest(&server, "carol", &token('b'));
    assert_eq!(say(&mut other, "ops"), Value::Null);
    alice.send("/unmute bob");
    alice.until("INFO: alice lets bob speak in ops again");
    let mut again = guest(&server, "robert", &token('a'));
    assert_eq!(say(&mut again, "ops"), Value::Null);
}

#[test]
fn absent_guest_is_banned_with_its_token() {
    let server = TestServer::default();
    let mut alice = claim(&server, "alice");
    visit(&server, "bob", &token('a'));
    alice.send("/ban bob everywhere");
    alice.until("INFO: alice banned bob from this server");
    assert_eq!(cause(&server, "robert", Some(&token('a'))), "expelled");
    assert_eq!(cause(&server, "robert", Some(&token('b'))), Value::Null);
}

#[test]
fn pause_of_slow_mode_is_escaped_neither_by_a_new_session_nor_by_a_new_name() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    alice.send("/slow 600");
    alice.until("INFO: alice slowed ops");
    let mut bob = server.guest("bob", "ops");
    bob.send("hello");
    alice.until("bob: hello");
    bob.quit();
    let mut bob = server.guest("bob", "ops");
    assert!(refused(&mut bob, "again").contains("429 ops is slow"), "the name");
    let mut carol = guest(&server, "carol", &token('c'));
    assert_eq!(say(&mut carol, "ops"), Value::Null, "another user of the address");
    carol.client.quit();
    let mut carla = guest(&server, "carla", &token('c'));
    assert_eq!(say(&mut carla, "ops"), "slowed", "the token");
    let from = |name: &str| {
        let mut client = Client::connect_from(neighbour(5), server.address());
        client.send(&format!("{name}_ops"));
        client.expect_start("200 ");
        client
    };
    let mut dave = from("dave");
    dave.send("hello");
    alice.until("dave: hello");
    dave.quit();
    assert!(refused(&mut from("dora"), "again").contains("429 ops is slow"), "an address of its own");
}

#[test]
fn closed_doors_let_a_guest_back_in_who_was_inside() {
    let (server, mut alice) = owned_server();
    let bob = guest(&server, "bob", &token('a'));
    alice.send("/doors closed");
    alice.until("INFO: alice closed the doors");
    bob.client.quit();
    let _bob = guest(&server, "bob", &token('a'));
    assert_eq!(cause(&server, "carol", Some(&token('c'))), "doors_closed");
}

/// The cause with which a change of the name is refused; `null` if it is not.
fn nick(client: &mut ObjectClient, to: &str) -> Value {
    client.request(json!({"type": "nick", "to": to})).pop().expect("an answer")["cause"].clone()
}

#[test]
fn name_that_is_kept_for_another_guest_is_not_taken_by_nick() {
    let server = TestServer::default();
    visit(&server, "bob", &token('a'));
    let mut carol = guest(&server, "carol", &token('c'));
    assert_eq!((nick(&mut carol, "bob"), nick(&mut carol, "B0B")), (json!("name_kept"), json!("name_kept")));
    let mut nc = server.guest("dave", "lobby");
    let refusal = text_guest(&server, "bob");
    assert!(refusal.starts_with("403 bob is reserved for 12 h"));
    assert_eq!(refused(&mut nc, "/nick bob"), format!("ERROR: {refusal}"), "the answer to a sign-in");
    let mut alice = guest(&server, "alice", &token('a'));
    assert_eq!(nick(&mut alice, "bob"), Value::Null, "kept for the name token of this guest");
    assert_eq!(nick(&mut carol, "bob"), "name_taken");
}

#[test]
fn renamed_guest_keeps_the_new_name_and_gives_the_old_one_up() {
    let mut server = TestServer::default();
    let mut watcher = server.guest("watcher", "lobby");
    let (mut bob, answer) = try_guest(&server, "bob", Some(&token('a')));
    assert_eq!(nick(&mut bob, "robert"), Value::Null);
    assert_eq!(cause(&server, "robert", Some(&token('a'))), "name_taken");
    assert_eq!(cause(&server, "bob", Some(&token('b'))), Value::Null, "given up");
    drop(bob);
    watcher.until("robert has left");
    assert_eq!(cause(&server, "robert", Some(&token('b'))), "name_kept");
    let mut robert = ObjectClient::connect(&server);
    robert.sign_in(json!({"type": "resume", "token": answer["token"]}));
    robert.client.quit();
    watcher.until("robert has left");
    assert!(text_guest(&server, "robert").starts_with("403 robert is reserved"), "the resumed session kept it");
    visit(&server, "robert", &token('a'));
    server.restart();
    assert_eq!(cause(&server, "robert", None), "name_kept");
    let _robert = guest(&server, "robert", &token('a'));
}

#[test]
fn guest_without_a_token_keeps_no_name_that_it_takes() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "lobby");
    bob.send("/nick robert");
    bob.until("bob is now robert");
    bob.quit();
    for name in ["bob", "robert"] {
        assert!(text_guest(&server, name).starts_with("200 "), "{name}");
    }
}

#[test]
fn pause_of_slow_mode_is_escaped_by_no_change_of_the_name() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    alice.send("/slow 600");
    alice.until("INFO: alice slowed ops");
    let mut bob = guest(&server, "bob", &token('a'));
    assert_eq!(say(&mut bob, "ops"), Value::Null);
    assert_eq!(nick(&mut bob, "robert"), "slowed", "a rename is a text to all users");
    bob.request(json!({"type": "leave", "room": "ops"}));
    assert_eq!(nick(&mut bob, "robert"), Value::Null);
    bob.request(json!({"type": "join", "room": "ops"}));
    assert_eq!(say(&mut bob, "ops"), "slowed", "the session");
    bob.client.quit();
    for (name, digit) in [("robert", 'a'), ("bob", 'b')] {
        let mut again = guest(&server, name, &token(digit));
        assert_eq!(say(&mut again, "ops"), "slowed", "{name} in a new session");
        again.client.quit();
    }
}
