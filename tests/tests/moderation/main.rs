//! Moderation by the operator.

mod accounts;
mod bans;
mod console;

use landline_tests::TestServer;
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn kicked_user_is_told_and_may_come_again() {
    let test_server = TestServer::default();
    let moderator = test_server.server().moderator();
    let mut alice = test_server.guest("alice", "lobby");
    let mut bob = test_server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    assert_eq!(moderator.kick("BOB", "too loud"), Ok("Kicked bob.".to_owned()));
    bob.expect("INFO: You have been kicked.");
    bob.expect("INFO: Reason: too loud");
    bob.expect_closed();
    alice.expect("bob has left the chatroom");
    assert_eq!(moderator.kick("nobody", ""), Err("User 'nobody' not found; /users lists the users online.".to_owned()));
    test_server.guest("bob", "lobby");
    let sessions = fs::read_to_string(test_server.data().join("sessions.jsonl")).expect("the records");
    assert!(sessions.contains("\"reason\":\"kicked\""), "{sessions}");
}

#[test]
fn kicking_a_slow_reader_takes_no_longer() {
    let test_server = TestServer::new(|config| config.limits.send_buffer_bytes = 4 << 10);
    let moderator = test_server.server().moderator();
    let mut alice = test_server.guest("alice", "lobby");
    let stuck = test_server.guest("stuck", "lobby");
    alice.expect("stuck has connected to the chatroom");
    // More than the socket buffers hold, but below the limit of the backlog.
    for _ in 0..500 {
        alice.send(&"x".repeat(1_900));
    }
    alice.expect_nothing();
    let begun = Instant::now();
    assert!(moderator.kick("stuck", "").is_ok());
    alice.expect("stuck has left the chatroom");
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
    drop(stuck);
}

#[test]
fn operator_messages_reach_all_users_or_a_room() {
    let test_server = TestServer::default();
    let moderator = test_server.server().moderator();
    let mut alice = test_server.guest("alice", "lobby");
    let mut bob = test_server.guest("bob", "ops");
    alice.expect("bob has connected to the chatroom");
    assert!(moderator.say(None, "lunch\u{1b}[2J").is_ok());
    alice.expect("[all] Landline (server): lunch");
    bob.expect("[all] Landline (server): lunch");
    assert!(moderator.say(Some("OPS"), "deploy").is_ok());
    bob.expect("Landline (server): deploy");
    alice.expect_nothing();
    assert!(moderator.say(Some("nowhere"), "x").unwrap_err().contains("No users are in nowhere"));
}

#[test]
fn a5_operator_messages_are_marked_as_the_servers() {
    let server = TestServer::default();
    let moderator = server.server().moderator();
    let mut alice = server.connect();
    for line in ["format json", "alice_lobby"] {
        alice.send(line);
    }
    alice.until("{\"type\":\"auth_ok\"");
    for room in [None, Some("lobby")] {
        assert!(moderator.say(room, "lunch").is_ok());
        let heard = alice.line();
        assert!(heard.contains(r#""user":"Landline (server)","server":true,"#), "{heard}");
    }
    alice.send("/history");
    for _ in 0..2 {
        let recalled = alice.line();
        assert!(recalled.contains(r#""server":true"#) && recalled.contains(r#""event":"history""#), "{recalled}");
    }
    alice.until("{\"type\":\"system\"");
    for list in ["/users", "/who lobby"] {
        alice.send(list);
        let users = alice.line();
        assert!(users.contains(r#""users":["alice"]"#), "{users}");
    }
}

#[test]
fn statistics_are_correct() {
    let test_server = TestServer::new(|config| config.lantalk_port = Some(0));
    let moderator = test_server.server().moderator();
    let mut alice = test_server.guest("alice", "lobby");
    let mut bob = test_server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    let mut carol = test_server.lantalk("carol");
    alice.expect("carol has connected to the chatroom");
    bob.expect("carol has connected to the chatroom");
    alice.send("hello");
    bob.expect("alice: hello");
    carol.expect_start("{\"type\":\"message\"");
    alice.expect_nothing();
    let stats = moderator.stats();
    for part in ["Connected: 3 | Banned IPs: 0\n", "LanTalk 1, text 2", "Rooms: 1 | Messages: 1 | Deliveries: "] {
        assert!(stats.contains(part), "{stats}");
    }
    assert_eq!(moderator.rooms(), "Rooms: lobby (3)");
    assert!(moderator.users().contains("  alice (127.0.0.1, guest)\n"));
}

#[test]
fn unlock_lifts_a_lock_after_failed_passwords() {
    let test_server = TestServer::default();
    test_server.register("alice", "correct horse");
    for _ in 0..3 {
        let mut client = test_server.connect();
        for line in ["LOGIN", "alice", "a wrong guess"] {
            client.send(line);
        }
        client.until("ERROR: Invalid alias or password");
    }
    let moderator = test_server.server().moderator();
    assert!(moderator.unlock("alice").is_ok());
    assert!(moderator.unlock("alice").is_err());
    test_server.login("alice", "correct horse");
}
