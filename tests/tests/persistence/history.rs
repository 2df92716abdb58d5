//! The history of rooms, messages to all, and direct messages.

use landline_tests::{Client, TestServer};

const PASSWORD: &str = "correct horse";

/// Sends a command. Returns the lines of the answer without their times, and the last line.
fn ask(client: &mut Client, command: &str) -> (Vec<String>, String) {
    client.send(command);
    let mut lines = Vec::new();
    loop {
        let line = client.line();
        if line.starts_with("INFO:") || line.starts_with("ERROR:") {
            return (lines, line);
        }
        lines.push(without_time(&line));
    }
}

/// `[ops 2026-11-21 14:22] alice: hi` without the time.
fn without_time(line: &str) -> String {
    let (place, said) = line.split_once("] ").unwrap_or_else(|| panic!("{line}"));
    let (place, time) = place.split_once(' ').unwrap_or_else(|| panic!("{line}"));
    assert_eq!(time.len(), "2026-11-21 14:22".len(), "{line}");
    format!("{place}] {said}")
}

#[test]
fn newcomer_reads_the_history_in_the_order_of_the_room() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    for i in 0..25 {
        alice.send(&format!("line {i}"));
    }
    alice.drain_lines();
    let mut bob = server.guest("bob", "ops");
    let (lines, end) = ask(&mut bob, "/history");
    assert_eq!(lines, (5..25).map(|i| format!("[ops] alice: line {i}")).collect::<Vec<_>>());
    let next = end.strip_prefix("INFO: 20 messages (in ops); more: ").unwrap_or_else(|| panic!("{end}")).to_owned();
    let (lines, end) = ask(&mut bob, &next);
    assert_eq!(lines, (0..5).map(|i| format!("[ops] alice: line {i}")).collect::<Vec<_>>());
    assert_eq!(end, "INFO: 5 messages (in ops)");
    assert_eq!(ask(&mut bob, "/history 2").0, ["[ops] alice: line 23", "[ops] alice: line 24"]);
    let (lines, end) = ask(&mut bob, "/history after 0");
    assert_eq!((lines.len(), end), (25, "INFO: 25 messages (in ops)".into()));
    for wrong in ["/history 0", "/history before", "/history yesterday"] {
        bob.send(wrong);
        bob.expect_start("ERROR: 400 Usage: /history [N | before ID");
    }
}

#[test]
fn received_line_is_in_the_history_at_once() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "ops");
    alice.drain_lines();
    for i in 0..200 {
        alice.send(&format!("line {i}"));
        bob.expect(&format!("alice: line {i}"));
        assert_eq!(ask(&mut bob, "/history 1").0, [format!("[ops] alice: line {i}")]);
    }
}

#[test]
fn history_is_per_room_and_includes_messages_to_all() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut bob = server.guest("bob", "dev");
    alice.send("secret of ops");
    alice.send("/all for everybody");
    bob.until("[all] alice: for everybody");
    alice.drain_lines();
    assert_eq!(ask(&mut bob, "/history").0, ["[all] alice: for everybody"]);
    assert_eq!(ask(&mut alice, "/history 5").0.len(), 2);
    bob.send("/join OPS");
    bob.until("INFO: You are in ops now");
    assert_eq!(ask(&mut bob, "/history").0, ["[ops] alice: secret of ops", "[all] alice: for everybody"]);
}

#[test]
fn direct_messages_are_visible_to_both_users_only() {
    let mut server = TestServer::default();
    for name in ["alice", "bob", "eve"] {
        server.register(name, PASSWORD);
    }
    let mut alice = server.login("alice", PASSWORD);
    alice.send("message bob are you there?");
    alice.expect("INFO: bob is offline. Message queued for delivery.");
    let mut bob = server.login("bob", PASSWORD);
    bob.send("message alice yes");
    alice.until("[PM] bob: yes");
    let both = ["[PM] alice to bob: are you there?", "[PM] bob to alice: yes"];
    server.restart();
    let mut alice = server.login("alice", PASSWORD);
    let mut bob = server.login("bob", PASSWORD);
    alice.drain_lines();
    assert_eq!(ask(&mut alice, "/history").0, both);
    assert_eq!(ask(&mut bob, "/history with ALICE").0, both);
    let mut eve = server.login("eve", PASSWORD);
    assert_eq!(ask(&mut eve, "/history"), (vec![], "INFO: no messages (in lobby)".into()));
    assert_eq!(ask(&mut eve, "/history with bob").0, [""; 0]);

    eve.send("/forget");
    eve.until("INFO: 0 messages removed");
    bob.drain_lines();
    bob.send("/forget");
    bob.expect("INFO: 2 messages removed from the history.");
    assert_eq!(ask(&mut bob, "/history").0, [""; 0]);
    alice.drain_lines();
    assert_eq!(ask(&mut alice, "/history").0, both[..1], "bob's message is removed for both users");
}

#[test]
fn direct_messages_of_a_guest_are_hidden_from_the_next_guest() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "a");
    let mut bob = server.guest("bob", "b");
    alice.send("message bob our secret");
    bob.until("[PM] alice: our secret");
    assert_eq!(ask(&mut bob, "/history").0, ["[PM] alice to bob: our secret"]);
    bob.quit();
    let mut another = server.guest("bob", "b");
    assert_eq!(ask(&mut another, "/history").0, [""; 0]);
    assert_eq!(ask(&mut another, "/search secret").0, [""; 0]);
}

#[test]
fn private_chats_are_not_stored() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "a");
    let mut bob = server.guest("bob", "b");
    alice.send("connect to bob");
    bob.until("PRIVATE_REQUEST_FROM:alice");
    bob.send("accept connection alice");
    alice.until("PRIVATE_CONNECTED:bob");
    alice.send("private txt bob between us");
    bob.until("[Private] alice: between us");
    assert_eq!(ask(&mut alice, "/history").0, [""; 0]);
    alice.send("/help private");
    assert!(alice.drain_lines().concat().contains("stored nowhere"));
}

#[test]
fn history_and_search_hide_blocked_users() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let mut eve = server.guest("eve", "ops");
    eve.send("loud words");
    alice.until("eve: loud words");
    alice.send("block eve");
    alice.expect("INFO: eve is blocked");
    assert_eq!(ask(&mut alice, "/history").0, [""; 0]);
    assert_eq!(ask(&mut alice, "/search loud").0, [""; 0]);
}

#[test]
fn history_can_be_off() {
    let server = TestServer::new(|config| config.history = landline_server::config::History::Off);
    server.register("bob", PASSWORD);
    let mut alice = server.guest("alice", "ops");
    alice.send("hello");
    for command in ["/history", "/search hello"] {
        alice.send(command);
        alice.expect("ERROR: 403 This server keeps no history.");
    }
    alice.send("message bob hi");
    alice.expect("INFO: bob is offline. Message queued for delivery.");
    server.login("bob", PASSWORD).expect_start("[PM 2");
}

#[test]
fn json_history_has_ids_and_rooms() {
    let server = TestServer::default();
    let mut alice = server.connect();
    for line in ["format json", "alice_ops", "hello", "/history"] {
        alice.send(line);
    }
    let said = alice.until("{\"type\":\"message\"");
    let id = said.split("\"id\":").nth(1).and_then(|rest| rest.split(',').next()).expect("an id").to_owned();
    let recalled = alice.expect_start("{\"type\":\"message\"");
    for part in ["\"event\":\"history\"", &format!("\"id\":{id}"), "\"room\":\"ops\"", "\"text\":\"hello\""] {
        assert!(recalled.contains(part), "{recalled}");
    }
    alice.expect_start("{\"type\":\"system\"");
}
