//! What the owners of a room can do in it.

use super::{is_heard, owned_server, refused};
use landline_tests::{Client, ObjectClient, TestServer, neighbour};
use serde_json::json;

#[test]
fn opener_of_a_room_runs_it_and_no_other_user_does() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    assert!(refused(&mut bob, "/topic tea").contains("403 Only owners of ops"));
    for line in ["/kick alice", "/mute alice", "/ban alice", "/quiet on", "/slow 5", "/open off", "/key x", "/op bob"] {
        assert!(refused(&mut bob, line).contains("403 Only owners of ops"), "{line}");
    }
    alice.send("/topic tea at five");
    bob.until("INFO: alice set the topic of ops: tea at five");
    let mut carol = server.guest("carol", "lobby");
    carol.send("/join ops");
    carol.until("INFO: You are in ops now");
    carol.expect("INFO: Topic of ops: tea at five");
    alice.send("/op bob");
    bob.until("INFO: alice made bob an owner of ops");
    bob.send("/topic");
    carol.until("INFO: bob removed the topic of ops");
    alice.send("/rules");
    alice.until("INFO: ops is run by: alice, bob");
    alice.send("/deop bob");
    bob.until("INFO: alice took the ownership of ops from bob");
    assert!(refused(&mut bob, "/topic x").contains("403"));
}

#[test]
fn lobby_belongs_to_the_owners_of_the_server() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "lobby");
    assert!(refused(&mut bob, "/quiet on").contains("403 Only owners of lobby"));
    let mut alice = super::claim(&server, "alice");
    alice.send("/quiet on");
    bob.until("INFO: alice made lobby quiet");
    assert!(refused(&mut bob, "hello").contains("403 lobby is quiet"));
}

#[test]
fn kicked_user_leaves_the_room_at_once_and_may_come_again() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "lobby");
    bob.send("/join ops");
    bob.until("INFO: You are in ops now");
    alice.send("/kick bob too loud");
    bob.until("INFO: alice took you out of ops");
    bob.expect("INFO: Reason: too loud");
    alice.until("bob left ops");
    alice.expect("INFO: alice took bob out of ops");
    alice.expect("INFO: Reason: too loud");
    bob.send("this was meant for ops");
    bob.expect("INFO: You are in lobby now");
    assert!(bob.line().contains("404 You are not in ops"), "it is for no other room");
    alice.send("nothing of ops for bob");
    // Also waits until the server has the line, so that it comes before bob's return.
    alice.expect_nothing();
    bob.expect_nothing();
    bob.send("/join ops");
    bob.until("INFO: You are in ops now");
    is_heard(&mut alice, &mut bob, "alice", "here again");
    assert!(refused(&mut alice, "/kick nobody1").contains("404"));
}

#[test]
fn muted_user_reads_and_is_heard_again_after_unmute() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    alice.send("/mute bob 5");
    bob.until("INFO: alice muted bob in ops for 5 min");
    assert!(refused(&mut bob, "hello").contains("403 You are muted in ops for 5 min"));
    is_heard(&mut alice, &mut bob, "alice", "can you read me?");
    alice.send("/unmute bob");
    bob.until("INFO: alice lets bob speak in ops again");
    is_heard(&mut bob, &mut alice, "bob", "yes");
    assert!(refused(&mut alice, "/unmute bob").contains("404 bob is not muted in ops"));
}

#[test]
fn banned_user_stays_out_until_unban() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    alice.send("/ban bob");
    bob.until("INFO: alice took you out of ops");
    assert!(refused(&mut bob, "/join ops").contains("403 You are banned from ops"));
    alice.send("/unban bob");
    alice.until("INFO: alice lifted the ban of bob from ops");
    bob.send("/join ops");
    bob.until("INFO: You are in ops now");
}

#[test]
fn closed_rooms_take_invited_users_and_keyed_rooms_the_key_word() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "lobby");
    let mut carol = server.guest("carol", "lobby");
    alice.send("/open off");
    alice.until("INFO: alice closed ops");
    assert!(refused(&mut bob, "/join ops").contains("403 ops is for invited users only"));
    alice.send("/invite bob");
    bob.until("INFO: alice invites you to ops");
    bob.send("/join ops");
    bob.until("INFO: You are in ops now");
    alice.send("/open on");
    alice.until("INFO: alice opened ops");
    alice.send("/key sesame");
    alice.until("INFO: alice set a key word for ops");
    assert!(refused(&mut carol, "/join ops").contains("403 ops has a key word"));
    assert!(refused(&mut carol, "/join ops open").contains("403"));
    assert!(refused(&mut carol, "/who ops").contains("404 There is no room ops"));
    carol.send("/rooms");
    assert_eq!(carol.until("Rooms: "), "Rooms: lobby (2)");
    carol.send("/join ops sesame");
    carol.until("INFO: You are in ops now");
}

#[test]
fn key_word_is_not_found_by_trying() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = None;
        config.limits.wrong_keys_per_address = 3;
    });
    let mut alice = server.guest("alice", "ops");
    alice.send("/key 7342");
    alice.until("INFO: alice set a key word for ops");
    let mut eve = server.guest("eve", "lobby");
    for word in ["0000", "0001"] {
        assert!(refused(&mut eve, &format!("/join ops {word}")).contains("403 That is not the word"));
    }
    // Another user of the address, on another connection.
    let mut mallory = server.guest("mallory", "lobby");
    assert!(refused(&mut mallory, "/join ops 0002").contains("403 That is not the word"));
    for client in [&mut eve, &mut mallory] {
        for word in ["0003", "7342"] {
            assert!(refused(client, &format!("/join ops {word}")).contains("429 Too fast"), "{word}");
        }
    }
    let mut carol = Client::connect_from(neighbour(2), server.address());
    carol.send("carol_lobby");
    carol.until("200 ");
    carol.send("/join ops 7342");
    carol.until("INFO: You are in ops now");
    alice.send("/invite eve");
    eve.until("INFO: alice invites you to ops");
    eve.send("/join ops 7342");
    eve.until("INFO: You are in ops now");
}

#[test]
fn quiet_room_hears_owners_and_the_floor_in_the_order_of_the_hands() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "class");
    let mut bob = server.guest("bob", "class");
    let mut carol = server.guest("carol", "class");
    alice.send("/quiet on");
    bob.until("INFO: alice made class quiet");
    assert!(refused(&mut bob, "hello").contains("403 class is quiet"));
    assert!(refused(&mut bob, "/hooray").contains("403 class is quiet"));
    assert!(refused(&mut bob, "/all hello").contains("403 class is quiet"));
    is_heard(&mut alice, &mut bob, "alice", "good morning");
    carol.send("/hand about the exam");
    carol.until("INFO: Your hand is up in class; 0 before you");
    alice.until("INFO: carol raises a hand in class: about the exam");
    bob.send("/hand");
    bob.until("INFO: Your hand is up in class; 1 before you");
    alice.send("/hands");
    alice.until("INFO: carol: about the exam");
    alice.expect("INFO: bob");
    alice.send("/floor");
    carol.until("INFO: alice gives carol the floor in class");
    is_heard(&mut carol, &mut alice, "carol", "when is it?");
    assert!(refused(&mut carol, "and where?").contains("403 class is quiet"), "one message");
    alice.send("/floor bob 5");
    bob.until("INFO: alice gives bob the floor in class for 5 min");
    is_heard(&mut bob, &mut alice, "bob", "one");
    is_heard(&mut bob, &mut alice, "bob", "two");
    alice.send("/quiet off");
    carol.until("INFO: alice lets all users speak in class");
    is_heard(&mut carol, &mut alice, "carol", "thanks");
}

#[test]
fn slow_room_takes_one_message_of_a_user_at_a_time() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    alice.send("/slow 60");
    bob.until("INFO: alice slowed ops");
    is_heard(&mut bob, &mut alice, "bob", "first");
    assert!(refused(&mut bob, "second").contains("429 ops is slow"));
    is_heard(&mut alice, &mut bob, "alice", "owners are not slowed");
    is_heard(&mut alice, &mut bob, "alice", "at all");
    alice.send("/slow 0");
    bob.until("INFO: alice ended slow mode in ops");
    is_heard(&mut bob, &mut alice, "bob", "second");
}

#[test]
fn programs_run_rooms_by_objects_and_decide_by_causes() {
    let server = TestServer::default();
    let mut alice = ObjectClient::connect(&server);
    alice.sign_in(json!({"type":"guest","user":"alice","rooms":{"ops":null}}));
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type":"guest","user":"bob","rooms":{"ops":null}}));
    let answer = alice.request(json!({"type":"mute","room":"ops","to":"bob","minutes":2,"label":"1"}));
    assert!(answer.iter().all(|event| event["type"] != "error"), "{answer:?}");
    let muted = bob.until("cause", "user_muted");
    assert_eq!(
        (&muted["user"], &muted["by"], &muted["room"], &muted["seconds"]),
        (&json!("bob"), &json!("alice"), &json!("ops"), &json!(120))
    );
    let refused = bob.request(json!({"type":"say","room":"ops","text":"hi","label":"1"}));
    assert_eq!(refused.last().unwrap()["cause"], "muted");
    let refused = bob.request(json!({"type":"quiet","room":"ops","mode":"on","label":"2"}));
    assert_eq!(refused.last().unwrap()["cause"], "not_owner");
    let refused = alice.request(json!({"type":"quiet","room":"ops","mode":"maybe","label":"3"}));
    assert_eq!(refused.last().unwrap()["cause"], "bad_object");
    alice.request(json!({"type":"kick","room":"ops","to":"bob","text":"noise","label":"4"}));
    let kicked = bob.until("cause", "kicked_from_room");
    assert_eq!((&kicked["by"], &kicked["room"], &kicked["reason"]), (&json!("alice"), &json!("ops"), &json!("noise")));
}

#[test]
fn owners_of_the_server_stand_above_owners_of_rooms() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "ops");
    assert!(refused(&mut bob, "/kick alice").contains("403 alice is an owner of this server"));
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    alice.send("/mute bob");
    bob.until("INFO: alice muted bob in ops");
    alice.send("/deop bob");
    bob.until("INFO: alice took the ownership of ops from bob");
    assert!(refused(&mut bob, "hello").contains("403 You are muted in ops"));
}

#[test]
fn rules_as_an_object_tell_each_user_its_own_standing_and_owners_the_hands() {
    let server = TestServer::default();
    let [mut alice, mut bob, mut carol] = ["alice", "bob", "carol"].map(|user| {
        let mut client = ObjectClient::connect(&server);
        client.sign_in(json!({"type": "guest", "user": user, "room": "class"}));
        client
    });
    let rules = |client: &mut ObjectClient| {
        let answer = client.request(json!({"type": "rules", "room": "class"}));
        assert_eq!((answer.len(), &answer[0]["event"]), (1, &json!("rules")), "{answer:?}");
        answer[0]["rules"].clone()
    };
    let may_all = json!({"owner": false, "muted": false, "floor": false});
    assert_eq!(rules(&mut bob)["you"], may_all);
    for (user, text) in [(&mut bob, "about tea"), (&mut carol, "about cake")] {
        user.request(json!({"type": "hand", "room": "class", "text": text}));
    }
    assert_eq!((&rules(&mut bob)["you"]["hand"], &rules(&mut carol)["you"]["hand"]), (&json!(0), &json!(1)));
    for action in [
        json!({"type": "topic", "text": "exam"}),
        json!({"type": "quiet", "mode": "on"}),
        json!({"type": "slow", "seconds": 30}),
        json!({"type": "key", "key": "sesame"}),
        json!({"type": "mute", "to": "dave", "minutes": 5}),
        json!({"type": "floor", "to": "carol"}),
    ] {
        let mut action = action;
        action["room"] = json!("class");
        alice.request(action);
    }
    let seen_by_alice = rules(&mut alice);
    assert_eq!(
        seen_by_alice,
        json!({"owners": ["alice"], "topic": "exam", "open": true, "has_key": true, "quiet": true, "slow": 30,
               "banned": [], "muted": ["dave"], "hands": [["bob", "about tea"]], "more_hands": 0, "floor": ["carol"],
               "you": {"owner": true, "muted": false, "floor": false}})
    );
    let seen_by_carol = rules(&mut carol);
    assert_eq!(seen_by_carol["you"], json!({"owner": false, "muted": false, "floor": true}));
    assert_eq!((&seen_by_carol["hands"], &seen_by_carol["floor"]), (&json!([]), &json!([])), "for owners only");
    alice.request(json!({"type": "mute", "room": "class", "to": "bob", "minutes": 5}));
    let seen_by_bob = rules(&mut bob);
    assert_eq!((&seen_by_bob["you"]["muted"], &seen_by_bob["you"]["floor"]), (&json!(true), &json!(false)));
    assert!(seen_by_bob["you"]["seconds"].as_u64().is_some_and(|seconds| (1..=300).contains(&seconds)));
    assert_eq!(rules(&mut alice)["hands"], json!([]), "a muted user's hand is down");
}

#[test]
fn rules_name_the_owners_of_the_server() {
    let (server, alice) = owned_server();
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "guest", "user": "bob", "room": "class"}));
    let mut server_owners =
        || bob.request(json!({"type": "rules", "room": "class"}))[0]["rules"]["server_owners"].clone();
    assert_eq!(server_owners(), json!(["alice"]), "wherever they are");
    alice.quit();
    assert_eq!(server_owners(), json!(null));
}

#[test]
fn newcomer_is_told_that_a_room_is_quiet_and_slow_and_its_owner_is_not() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "class");
    alice.send("/quiet on");
    alice.send("/slow 30");
    alice.until("INFO: alice slowed class: one message of each user every 30 s");
    let mut bob = server.guest("bob", "lobby");
    bob.send("/join class");
    bob.until("INFO: You are in class now");
    bob.expect("INFO: class is quiet: only owners and users with the floor speak. /hand raises your hand");
    bob.expect("INFO: class is slow: one message every 30 s");
    alice.send("/op bob");
    bob.until("INFO: alice made bob an owner of class");
    bob.send("/leave");
    bob.send("/join class");
    bob.until("INFO: You are in class now");
    bob.send("/ping");
    bob.expect("PONG");
}
