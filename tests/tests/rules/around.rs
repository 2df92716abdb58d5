//! Ways around a rule, none of which may work.

use super::{claim, owned_server, refused};
use landline_tests::{Client, ObjectClient, TestServer};
use serde_json::json;

/// A class of users of one address, with the owner alice.
fn class(size: usize) -> (TestServer, Client, Vec<Client>) {
    let (server, mut alice) = owned_server();
    let users: Vec<Client> = (0..size).map(|i| server.guest(&format!("pupil{i}"), "lobby")).collect();
    alice.drain_lines();
    (server, alice, users)
}

#[test]
fn one_command_silences_thirty_users_of_one_address_and_the_floor_lifts_it_for_one() {
    let (_server, mut alice, mut pupils) = class(30);
    alice.send("/quiet on");
    for pupil in &mut pupils {
        pupil.until("INFO: alice made lobby quiet");
        for line in ["hello", "/all hello", "/hooray", "//slashed", "/say hello"] {
            assert!(refused(pupil, line).contains("403 lobby is quiet"), "{line}");
        }
    }
    alice.send("/floor pupil7");
    pupils[7].until("INFO: alice gives pupil7 the floor in lobby");
    pupils[7].send("may I?");
    assert_eq!(alice.until("pupil7: "), "pupil7: may I?");
    assert!(refused(&mut pupils[8], "me too").contains("403"));
}

#[test]
fn leaving_a_quiet_room_of_the_server_is_no_way_to_all_users() {
    let (server, mut alice, mut pupils) = class(2);
    alice.send("/quiet on");
    pupils[0].until("INFO: alice made lobby quiet");
    pupils[0].send("/leave");
    pupils[0].until("INFO: You are in no room now");
    assert!(refused(&mut pupils[0], "/all hello").contains("403 lobby is quiet"));
    let mut other = server.guest("other", "elsewhere");
    assert!(refused(&mut other, "/all hello").contains("403 lobby is quiet"));
}

#[test]
fn muted_user_finds_no_way_by_announcements_and_messages_to_members() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    let mut carol = server.guest("carol", "ops");
    alice.send("/mute bob");
    bob.until("INFO: alice muted bob in ops");
    for line in ["hello", "/all hello", "/pm carol hello", "/connect carol", "/hooray"] {
        assert!(refused(&mut bob, line).contains("403 You are muted in ops"), "{line}");
    }
    bob.send("/leave");
    bob.until("INFO: You left ops");
    assert!(refused(&mut bob, "/pm carol hello").contains("403 You are muted in ops"), "left");
    bob.send("/pm alice what did I do?");
    alice.until("[PM] bob: what did I do?");
    bob.quit();
    let mut bob = server.guest("bob", "ops");
    assert!(refused(&mut bob, "I am back").contains("403 You are muted in ops"), "the same name");
    carol.expect_nothing_of_bob();
}

#[test]
fn muted_user_sends_no_mail_to_absent_accounts_around_the_mute() {
    let server = TestServer::default();
    server.register("dave", "a long password");
    server.register("erin", "a long password");
    let mut alice = claim(&server, "alice");
    let mut bob = server.guest("bob", "ops");
    let mut erin = server.login("erin", "a long password");
    erin.send("/join ops");
    bob.until("erin joined ops");
    bob.send("/mute erin");
    erin.until("INFO: bob muted erin in ops");
    assert!(refused(&mut erin, "/pm dave hello").contains("403 You are muted in ops"));
    // The room is bob's, who is any guest. His mute reaches no further than his room.
    erin.send("/leave ops");
    erin.until("INFO: You left ops");
    erin.send("/pm dave hello");
    erin.until("INFO: dave");
    alice.send("/mute erin");
    alice.until("INFO: alice muted erin in lobby");
    erin.send("/leave");
    erin.until("INFO: You left lobby");
    assert!(refused(&mut erin, "/pm dave hello").contains("403 You are muted in lobby"), "of the server's owners");
}

/// What a listener must not have read.
trait Listener {
    fn expect_nothing_of_bob(&mut self);
}

impl Listener for Client {
    fn expect_nothing_of_bob(&mut self) {
        let lines = self.drain_lines();
        assert!(lines.iter().all(|line| !line.contains("hello") && !line.starts_with("bob:")), "{lines:?}");
    }
}

#[test]
fn chat_that_was_open_before_the_mute_is_no_way_around_it() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    let mut carol = server.guest("carol", "ops");
    bob.send("/connect carol");
    carol.until("PRIVATE_REQUEST_FROM:bob");
    carol.send("/accept bob");
    bob.until("PRIVATE_CONNECTED:carol");
    alice.send("/mute bob");
    bob.until("INFO: alice muted bob in ops");
    assert!(refused(&mut bob, "/private carol hello").contains("403 You are muted in ops"));
}

#[test]
fn rules_hold_at_every_door() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut alice = claim(&server, "alice");
    let mut lan = server.lantalk("lan");
    let mut chat77 = server.unframed();
    chat77.exchange("chad_lobby", "200");
    let mut json = ObjectClient::connect(&server);
    json.sign_in(json!({"type":"guest","user":"jay","rooms":{"lobby":null}}));
    alice.send("/quiet on");
    json.until("cause", "quiet_on");
    lan.send(r#"{"type":"message","text":"hello"}"#);
    while !lan.line().contains("lobby is quiet: only") {}
    chat77.send("hello");
    let mut told = chat77.recv();
    while !told.contains("403 lobby is quiet") {
        told = chat77.recv();
    }
    let refused = json.request(json!({"type":"say","room":"lobby","text":"hello","label":"1"}));
    assert_eq!(refused.last().unwrap()["cause"], "quiet");
    let refused = json.request(json!({"type":"say","room":"all","text":"hello","label":"2"}));
    assert_eq!(refused.last().unwrap()["cause"], "quiet");
    let lines = alice.drain_lines();
    assert!(lines.iter().all(|line| !line.contains("hello")), "{lines:?}");
}

#[test]
fn banned_user_returns_under_three_names_until_the_doors_are_closed() {
    let (server, mut alice) = owned_server();
    for name in ["rude1", "rude2", "rude3"] {
        let mut rude = server.guest(name, "lobby");
        alice.send(&format!("/ban {name} everywhere"));
        rude.until("INFO: You have been banned.");
        rude.expect_closed();
    }
    alice.send("/doors closed");
    alice.until("INFO: alice closed the doors");
    for name in ["rude1", "rude4"] {
        let mut rude = server.connect();
        rude.until("Authorise MODE?");
        rude.send(&format!("{name}_lobby"));
        assert!(rude.line().starts_with("403 "), "{name}");
    }
}

#[test]
fn address_of_its_own_is_banned_with_the_user_and_a_shared_one_is_not() {
    let server = TestServer::default();
    let mut alice = claim(&server, "alice");
    let from = |number: u16, name: &str| {
        let mut client = Client::connect_from(landline_tests::neighbour(number), server.address());
        client.until("Authorise MODE?");
        client.send(&format!("{name}_lobby"));
        client
    };
    let mut alone = from(5, "alone");
    alone.until("200 ");
    alice.send("/ban alone everywhere");
    alone.until("INFO: You have been banned.");
    assert!(from(5, "other").line().starts_with("403 You are banned"), "the address of one user");
    let mut one = from(6, "one");
    one.until("200 ");
    let mut two = from(6, "two");
    two.until("200 ");
    alice.send("/ban one everywhere");
    one.until("INFO: You have been banned.");
    assert!(from(6, "three").until("").starts_with("200"), "a shared address");
}

#[test]
fn owner_of_a_room_silences_nobody_elsewhere() {
    let server = TestServer::default();
    let mut mallory = server.guest("mallory", "trap");
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    mallory.send("/mute alice");
    mallory.until("INFO: mallory muted alice in trap");
    mallory.send("/quiet on");
    mallory.until("INFO: mallory made trap quiet");
    alice.send("/all still here");
    bob.until("[all] alice: still here");
}

#[test]
fn floor_for_one_message_is_no_way_to_all_users() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "class");
    let mut bob = server.guest("bob", "class");
    alice.send("/quiet on");
    bob.until("INFO: alice made class quiet");
    alice.send("/floor bob");
    bob.until("INFO: alice gives bob the floor in class");
    assert!(refused(&mut bob, "/all hello").contains("403 class is quiet"));
    alice.send("/mute bob");
    bob.until("INFO: alice muted bob in class");
    assert!(refused(&mut bob, "/hand let me speak").contains("403 You are muted in class"));
}

#[test]
fn banned_user_does_not_resume_into_the_room() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = ObjectClient::connect(&server);
    let welcome = bob.sign_in(json!({"type":"guest","user":"bob","rooms":{"lobby":null,"ops":null}}));
    let token = welcome[0]["token"].as_str().expect("a token").to_owned();
    drop(bob);
    alice.until("bob has left");
    alice.send("/ban bob");
    alice.until("INFO: alice banned bob from ops");
    let mut bob = ObjectClient::connect(&server);
    let welcome = bob.sign_in(json!({"type":"resume","token":token,"rooms":{}}));
    assert_eq!(welcome[0]["member_of"], json!(["lobby"]), "{welcome:?}");
}

#[test]
fn room_that_an_owner_closed_to_a_lost_session_is_not_entered_by_losing_it_twice() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = ObjectClient::connect(&server);
    let mut welcome = bob.sign_in(json!({"type": "guest", "user": "bob", "room": "ops"})).remove(0);
    drop(bob);
    alice.until("bob has left the chatroom");
    for line in ["/open off", "/kick bob"] {
        alice.send(line);
        alice.until("INFO: alice ");
    }
    for _ in 0..2 {
        let mut bob = ObjectClient::connect(&server);
        welcome = bob.sign_in(json!({"type": "resume", "token": welcome["token"]})).remove(0);
        assert_eq!([&welcome["resumed"], &welcome["room"]], [&json!(true), &json!("")], "{welcome}");
        let said = bob.request(json!({"type": "say", "room": "ops", "text": "hello"}));
        assert_eq!(said[0]["cause"], "not_in_room", "{said:?}");
        drop(bob);
        alice.until("bob has left the chatroom");
    }
}
