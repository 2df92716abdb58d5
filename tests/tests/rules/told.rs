//! What users are told of the rules: newcomers, owners, and users who are refused.

use super::owned_server;
use landline_tests::{Client, Door, DoorClient, TestServer};
use serde_json::json;

/// A server with the quiet and slow room `class`, which has a topic and a pinned message, and its owner.
fn class_room() -> (TestServer, Client) {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "class");
    for line in ["/topic fractions", "read page 5", "/pin", "/quiet on", "/slow 9"] {
        alice.send(line);
    }
    alice.until("INFO: alice slowed class");
    (server, alice)
}

#[test]
fn newcomer_who_signs_in_into_a_room_is_told_how_it_stands() {
    let (server, _alice) = class_room();
    let mut bob = server.guest("bob", "class");
    bob.expect("INFO: Topic of class: fractions");
    bob.expect("INFO: Pinned in class: alice: read page 5");
    bob.expect_start("INFO: class is quiet: ");
    bob.expect("INFO: class is slow: one message every 9 s");
    let object = json!({"type": "guest", "user": "carol", "room": "class"});
    let mut carol = DoorClient::by_object(&server, &object).expect("a guest");
    let told = carol.drain().join("\n");
    for part in ["Topic of class", "Pinned in class", "class is quiet", "class is slow"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn newcomers_by_unframed_programs_read_three_digits_and_nothing_more() {
    let (server, mut alice) = owned_server();
    alice.send("/topic fractions");
    alice.send("/quiet on");
    alice.until("INFO: alice made lobby quiet");
    let mut bob = DoorClient::sign_in(&server, Door::Unframed, "bob", None, "lobby").expect("a guest");
    let told = bob.drain();
    assert!(told.iter().all(|line| !line.contains("lobby")), "{told:?}");
}
