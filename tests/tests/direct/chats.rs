//! Encrypted chats between cooperating users.

use crate::{clients, connect, end_reason, landline, send_and_expect, start};
use landline_tests::{Program, TestServer, without_first_meeting};
use serde_json::Value;
use std::process::Stdio;

#[test]
fn chat_opens_by_consent_and_ends_by_command() {
    let test_server = TestServer::default();
    let [mut alice, mut bob] = clients(test_server.address(), ["alice", "bob"]);
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    send_and_expect((&mut alice, "alice"), (&mut bob, "bob"), "hello – grüße 日本 👍🏽");
    send_and_expect((&mut bob, "bob"), (&mut alice, "alice"), "and hello to you");
    alice.type_line("/direct-stop bob");
    assert_eq!(end_reason(&mut alice, "bob"), "you ended it");
    assert_eq!(end_reason(&mut bob, "alice"), "alice ended it");
    // In a second chat, the keys and so the fingerprint are the same.
    let numbers = connect((&mut bob, "bob"), (&mut alice, "alice"));
    assert_eq!(connect_again(&mut alice, &mut bob), numbers);
}

#[test]
fn log_has_the_chats_state_but_not_its_messages() {
    let (test_server, folder) = (TestServer::default(), tempfile::TempDir::new().expect("a folder"));
    let file = |name: &str| folder.path().join(name);
    let logged = |name: &str| start(landline(test_server.address(), name).arg("--log").arg(file(name)));
    let (mut alice, mut bob) = (logged("alice"), logged("bob"));
    let numbers = connect((&mut alice, "alice"), (&mut bob, "bob"));
    send_and_expect((&mut alice, "alice"), (&mut bob, "bob"), "staple");
    alice.type_line("/direct-stop bob");
    end_reason(&mut alice, "bob");
    end_reason(&mut bob, "alice");
    connect((&mut bob, "bob"), (&mut alice, "alice"));
    bob.type_line("/quit");
    assert_eq!(bob.wait().code(), Some(0));
    assert_eq!(end_reason(&mut alice, "bob"), "bob left");
    alice.type_line("/quit");
    assert_eq!(alice.wait().code(), Some(0));
    let notes = |name: &str| {
        let log = std::fs::read_to_string(file(name)).expect("a log");
        assert!(!log.contains("staple") && !log.contains(&numbers[..11]), "{log}");
        let notes = log.lines().filter_map(|line| line.split_once("INFO  "));
        notes.map(|(_, note)| note.to_owned()).filter(|note| note.contains("direct")).collect::<Vec<_>>()
    };
    let of_alice = [
        "direct: sending request user=bob",
        "direct: request accepted user=bob",
        "direct: connected user=bob",
        "direct: ended user=bob reason=you ended it",
        "direct: request received user=bob",
        "direct: accepting request user=bob",
        "direct: connected user=bob",
        "direct: ended user=bob reason=bob left",
    ];
    assert_eq!(notes("alice"), of_alice);
    assert_eq!(notes("bob").last().map(String::as_str), Some("direct: ended user=alice reason=you left"));
}

fn connect_again(alice: &mut Program, bob: &mut Program) -> String {
    bob.type_line("/direct-stop alice");
    end_reason(alice, "bob");
    end_reason(bob, "alice");
    connect((alice, "alice"), (bob, "bob"))
}

#[test]
fn chat_request_can_be_rejected_or_withdrawn() {
    let test_server = TestServer::default();
    let [mut alice, mut bob] = clients(test_server.address(), ["alice", "bob"]);
    alice.type_line("/direct bob");
    bob.until("DIRECT_REQUEST_FROM:alice:");
    bob.type_line("/reject");
    alice.until("DIRECT_REJECTED:bob");
    alice.type_line("/direct bob");
    bob.until("DIRECT_REQUEST_FROM:alice:");
    alice.type_line("/quit");
    bob.until("INFO: alice is no longer available for an encrypted chat");
    assert_eq!(alice.wait().code(), Some(0));
}

#[test]
fn user_without_a_capable_client_cannot_take_part() {
    let test_server = TestServer::default();
    let mut carol = test_server.guest("carol", "lobby");
    let [mut alice] = clients(test_server.address(), ["alice"]);
    alice.type_line("/direct carol");
    alice.until("ERROR: 403 ");
    carol.drain_lines();
    carol.send("startprivate alice");
    carol.expect_start("ERROR: 403 ");
}

#[test]
fn two_simultaneous_chats_are_separate() {
    let test_server = TestServer::default();
    let [mut alice, mut bob, mut carol] = clients(test_server.address(), ["alice", "bob", "carol"]);
    let one = connect((&mut alice, "alice"), (&mut bob, "bob"));
    let other = connect((&mut carol, "carol"), (&mut alice, "alice"));
    assert_ne!(one, other);
    send_and_expect((&mut alice, "alice"), (&mut bob, "bob"), "for bob");
    send_and_expect((&mut alice, "alice"), (&mut carol, "carol"), "for carol");
    bob.type_line("/quit");
    assert_eq!(end_reason(&mut alice, "bob"), "bob left");
    send_and_expect((&mut carol, "carol"), (&mut alice, "alice"), "still here");
}

#[test]
fn many_lines_arrive_in_order() {
    let test_server = TestServer::default();
    let [mut alice, mut bob] = clients(test_server.address(), ["alice", "bob"]);
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    for n in 0..100 {
        alice.type_line(&format!("/direct-say bob line {n}"));
    }
    alice.type_line("/quit");
    for n in 0..100 {
        assert_eq!(bob.until("[Direct]"), format!("[Direct] alice: line {n}\n"));
    }
    assert_eq!(end_reason(&mut bob, "alice"), "alice left");
    assert_eq!(alice.wait().code(), Some(0));
    assert_eq!(without_first_meeting(&alice.stderr()), "");
}

#[test]
fn chats_work_with_json_objects() {
    let test_server = TestServer::default();
    let [mut alice] = clients(test_server.address(), ["alice"]);
    let mut bot = Program::start(landline(test_server.address(), "bot").arg("--json"), Stdio::piped());
    bot.until("auth_ok");
    bot.type_line("/users");
    bot.until("online");
    alice.type_line("/direct bot");
    let mut next = |event: &str| -> Value {
        let line = bot.until(event);
        serde_json::from_str(&line).expect("JSON")
    };
    let asked = next("direct_request");
    assert_eq!((&asked["type"], &asked["user"]), (&"system".into(), &"alice".into()));
    bot.type_line("/accept alice");
    alice.until("DIRECT_CONNECTED:bot:");
    let mut next = |event: &str| -> Value {
        let line = bot.until(event);
        serde_json::from_str(&line).expect("JSON")
    };
    let connected = next("direct_connected");
    assert_eq!(connected["user"], "alice");
    assert_eq!(connected["fingerprint"].as_str().map(str::len), Some(47));
    assert!(connected["at"].as_i64().is_some_and(|at| at > 1_700_000_000_000));
    alice.type_line("/direct-say bot beep");
    let heard = next("\"direct\"");
    assert_eq!((&heard["type"], &heard["from_user"], &heard["text"]), (&"pm".into(), &"alice".into(), &"beep".into()));
    bot.type_line("/direct-say alice boop");
    let mut next = |event: &str| -> Value {
        let line = bot.until(event);
        serde_json::from_str(&line).expect("JSON")
    };
    assert_eq!(next("\"direct\"")["to_user"], "alice");
    alice.until("[Direct] bot: boop");
    alice.type_line("/direct-stop bot");
    assert_eq!(next("direct_ended")["reason"], "alice ended it");
}

#[test]
fn script_gets_errors_for_unsendable_text() {
    let test_server = TestServer::default();
    let mut script = start(&mut landline(test_server.address(), "ci"));
    script.type_line("/direct-say bob is this on?");
    script.type_line("/quit");
    assert_eq!(script.wait().code(), Some(1));
    let complaints = script.stderr();
    assert!(complaints.contains("no encrypted chat with bob is open; /direct bob asks for one"), "{complaints}");
}
