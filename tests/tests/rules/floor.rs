//! The floor: who gets it, and how it ends.

use super::{is_heard, refused};
use landline_tests::{Client, ObjectClient, TestServer};
use serde_json::json;

/// A quiet room, and its owner.
fn quiet_room() -> (TestServer, Client) {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "class");
    alice.send("/quiet on");
    alice.until("INFO: alice made class quiet");
    (server, alice)
}

#[test]
fn floor_goes_to_the_hand_and_not_to_the_next_guest_of_the_name() {
    let (server, mut alice) = quiet_room();
    for (name, command) in [("hal", "/floor hal"), ("sam", "/floor")] {
        let mut user = ObjectClient::connect(&server);
        user.sign_in(json!({"type": "guest", "user": name, "room": "class"}));
        user.request(json!({"type": "hand", "room": "class"}));
        drop(user);
        alice.until(&format!("{name} has left"));
        let mut impostor = server.guest(name, "class");
        alice.send(command);
        impostor.until(&format!("INFO: alice gives {name} the floor"));
        assert!(refused(&mut impostor, "hello").contains("403 class is quiet"), "{name}");
    }
    assert!(refused(&mut alice, "/floor").contains("404 No hand is up"));
}

#[test]
fn floor_is_taken_back_and_not_given_to_a_muted_user() {
    let (server, mut alice) = quiet_room();
    let mut bob = server.guest("bob", "class");
    alice.send("/floor bob 5");
    bob.until("INFO: alice gives bob the floor in class for 5 min");
    is_heard(&mut bob, &mut alice, "bob", "hello");
    alice.send("/floor bob 0");
    bob.until("INFO: alice took the floor in class back from bob");
    assert!(refused(&mut bob, "hello").contains("403 class is quiet"));
    assert!(refused(&mut alice, "/floor bob 0").contains("404 bob does not have the floor in class"));
    alice.send("/mute bob");
    bob.until("INFO: alice muted bob");
    for command in ["/floor bob", "/floor bob 5"] {
        assert!(refused(&mut alice, command).contains("403 bob is muted in class. /unmute bob first."), "{command}");
    }
    alice.send("/unmute bob");
    bob.until("INFO: alice lets bob speak");
    alice.send("/floor bob");
    bob.until("INFO: alice gives bob the floor");
    is_heard(&mut bob, &mut alice, "bob", "thanks");
}

#[test]
fn times_of_no_length_and_beyond_a_year_are_refused() {
    let (server, mut alice) = quiet_room();
    let _bob = server.guest("bob", "class");
    for command in ["/mute bob 0", "/ban bob 0", "/mute bob 525601", "/floor bob 525601", "/ban bob 99999999999"] {
        let refusal = refused(&mut alice, command);
        assert!(refusal.contains("400 A time is a number of minutes from 1 to 525600"), "{command}: {refusal}");
    }
    let mut owner = ObjectClient::connect(&server);
    owner.sign_in(json!({"type": "guest", "user": "owner", "room": "mine"}));
    for kind in ["mute", "ban", "floor"] {
        let answer = owner.request(json!({"type": kind, "room": "mine", "to": "bob", "minutes": u64::MAX}));
        assert_eq!(answer[0]["cause"], "minutes_bad", "{kind}: {answer:?}");
    }
    owner.request(json!({"type": "claim", "token": server.server().claim_code()}));
    let answer = owner.request(json!({"type": "ban", "everywhere": true, "to": "bob", "minutes": 0}));
    assert_eq!(answer[0]["cause"], "minutes_bad", "{answer:?}");
    let answer = owner.request(json!({"type": "mute", "room": "mine", "to": "bob", "minutes": 525_600}));
    assert_eq!(answer[0]["type"], "ok", "{answer:?}");
}
