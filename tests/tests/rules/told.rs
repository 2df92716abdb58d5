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

#[test]
fn owner_of_the_server_reads_its_rules_and_other_users_its_owners() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    for line in ["/whispers owners", "/ban eve 5 everywhere", "/ban mallory everywhere", "/doors closed", "/rules"] {
        alice.send(line);
    }
    alice.until("INFO: lobby is run by: the owners of the server: alice");
    alice.until("INFO: The server is run by: alice");
    alice.expect("INFO: Newcomers to the server: none; banned: eve (5 min left), mallory");
    alice.expect("INFO: Guests may write to: owners only");
    bob.send("/rules");
    bob.until("INFO: lobby is run by: the owners of the server: alice");
    assert!(bob.drain_lines().iter().all(|line| !line.contains("mallory")));
    let bans = server.server().moderator().bans();
    assert!(bans.contains("eve (5 min left), mallory"), "{bans}");
}

#[test]
fn owners_find_their_commands_in_the_help() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "ops");
    let help = |client: &mut Client| {
        client.drain_lines();
        client.send("/help");
        client.drain_lines().join("\n")
    };
    let of_server = help(&mut alice);
    assert!(of_server.contains("/doors closed") && of_server.contains("/kick USER"), "{of_server}");
    let of_room = help(&mut bob);
    assert!(!of_room.contains("/doors") && of_room.contains("/quiet on"), "{of_room}");
    bob.send("/join lobby");
    let of_user = help(&mut bob);
    assert!(!of_user.contains("Owners of this") && of_user.contains("/hand") && of_user.contains("/me "), "{of_user}");
}

#[test]
fn guest_who_claims_the_server_is_told_how_long_it_owns_it() {
    let server = TestServer::default();
    server.register("carol", "correct horse");
    let mut guest = server.guest("alice", "lobby");
    guest.send(&format!("/claim {}", server.server().claim_code()));
    let told = guest.until("INFO: You are an owner of this server now");
    assert!(told.contains("as long as this session lasts; /register keeps it"), "{told}");
    let answer = server.server().moderator().new_claim_code().expect("a code");
    let mut account = server.login("carol", "correct horse");
    account.send(&format!("/claim {}", answer.split(' ').nth(1).expect("the code")));
    account.until("INFO: You are an owner of this server now. /help lists what you can do");
}

#[test]
fn sanction_of_an_unknown_name_says_so_to_the_owner_alone() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    alice.send("/ban kid3o 5");
    alice.until("INFO: No user kid3o is here. The ban from lobby holds for 5 min if one comes");
    alice.send("/mute nosuch");
    alice.until("INFO: No user nosuch is here. The mute in lobby holds if one comes");
    alice.send("/ban kid3o everywhere");
    alice.until("INFO: No user kid3o is here. The ban from the server holds if one comes");
    alice.send("/ban bob");
    let told = bob.until("INFO: alice");
    assert_eq!(told, "INFO: alice took you out of lobby and banned you");
    alice.until("INFO: alice banned bob from lobby");
}

#[test]
fn ban_under_another_spelling_names_the_one_that_it_replaces() {
    let (_server, mut alice) = owned_server();
    alice.send("/ban Kid3o");
    alice.until("INFO: No user Kid3o is here");
    alice.send("/ban kid3o");
    alice.until("INFO: kid3o and Kid3o are one name: this replaces what was set for Kid3o");
}

#[test]
fn ban_of_a_guest_behind_a_shared_address_names_what_keeps_newcomers_out() {
    let (server, mut alice) = owned_server();
    let _bob = server.guest("bob", "lobby");
    let _carol = server.guest("carol", "lobby");
    alice.send("/ban bob");
    alice.until("INFO: bob may return as a guest of another name. /doors closed keeps newcomers out of the server");
    alice.send("/ban carol everywhere");
    alice.until("INFO: carol may return as a guest of another name. /doors closed");
    let mut dave = server.guest("dave", "ops");
    let _erin = server.guest("erin", "ops");
    dave.send("/ban erin");
    dave.until("INFO: erin may return as a guest of another name. /open off lets only invited users enter ops");
}

#[test]
fn refusal_for_another_room_says_that_its_users_would_read_it() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "ops");
    alice.send("/quiet on");
    alice.until("INFO: alice made lobby quiet");
    for line in ["/all hello", "/away lunch", "/nick rob"] {
        let refusal = super::refused(&mut bob, line);
        assert!(refusal.contains("403 lobby is quiet, and this would reach its users"), "{refusal}");
    }
}

#[test]
fn quiet_room_without_a_present_owner_names_the_way_out() {
    let server = TestServer::default();
    server.register("carol", "correct horse");
    let mut carol = server.login("carol", "correct horse");
    carol.send(&format!("/claim {}", server.server().claim_code()));
    carol.send("/quiet on");
    carol.until("INFO: carol made lobby quiet");
    let mut bob = server.guest("bob", "lobby");
    assert!(bob.until("INFO: lobby is quiet").ends_with("/hand raises your hand"));
    carol.quit();
    bob.until("carol has left");
    let way_out = "No owner is here; /code at the server's console makes one";
    assert!(super::refused(&mut bob, "hello").contains(way_out));
    bob.send("/hand");
    assert!(bob.until("INFO: Your hand is up").contains(way_out));
    let mut dave = server.guest("dave", "lobby");
    assert!(dave.until("INFO: lobby is quiet").contains(way_out));
}

#[test]
fn command_that_changes_nothing_is_answered_to_the_owner_alone() {
    let (server, mut alice) = owned_server();
    let mut bob = server.guest("bob", "lobby");
    alice.send("/topic tea");
    bob.until("INFO: alice set the topic of lobby: tea");
    for (line, answer) in [
        ("/topic tea", "INFO: alice set the topic of lobby: tea"),
        ("/quiet off", "INFO: alice lets all users speak in lobby"),
        ("/slow off", "INFO: alice ended slow mode in lobby"),
        ("/doors open", "INFO: alice opened the doors"),
        ("/whispers all", "INFO: alice: guests may write to all users again"),
    ] {
        alice.drain_lines();
        alice.send(line);
        alice.until(answer);
    }
    let told = bob.drain_lines();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn owners_may_type_what_they_read() {
    let (server, mut alice) = owned_server();
    let mut hal = server.guest("hal", "lobby");
    alice.send("/mute @hal 10m");
    hal.until("INFO: alice muted hal in lobby for 10 min");
    alice.send("/unmute @hal");
    hal.until("INFO: alice lets hal speak in lobby again");
    hal.send("one");
    alice.until("hal: one");
    alice.send("/transcript");
    let line = alice.until("[");
    let id = line.split(' ').next().expect("the id").to_owned();
    alice.send(&format!("/delete {id}"));
    alice.until("INFO: alice removed a message");
    let gone = super::refused(&mut alice, &format!("/delete {id}"));
    assert!(gone.contains("or it was removed"), "{gone}");
    let unknown = super::refused(&mut alice, "/delete nosuch");
    assert!(unknown.contains("nosuch has said nothing in lobby") && !unknown.contains("/forget"), "{unknown}");
}

#[test]
fn wrong_key_word_is_called_wrong_and_has_no_blanks() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "club");
    alice.send("/key sesame");
    alice.until("INFO: alice set a key word for club");
    let mut bob = server.guest("bob", "lobby");
    assert!(super::refused(&mut bob, "/join club").contains("403 club has a key word"));
    assert!(super::refused(&mut bob, "/join club wrong").contains("403 That is not the word. club has a key word"));
    let object = json!({"type": "guest", "user": "carol", "room": "den"});
    let carol = DoorClient::by_object(&server, &object).expect("a guest");
    let DoorClient::Objects { mut client, .. } = carol else { unreachable!("the door") };
    let answer = client.request(json!({"type": "key", "room": "den", "key": "two words"}));
    assert_eq!(answer.last().expect("an answer")["cause"], "bad_object");
}
