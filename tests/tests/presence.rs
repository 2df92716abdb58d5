//! Presence in large rooms and servers, where the server combines notices.

use landline_common::Limits;
use landline_tests::{Client, ObjectClient, TestServer};
use serde_json::json;
use std::time::Instant;

/// Starts a server that combines notices for more than two receivers.
fn server() -> TestServer {
    TestServer::new(|config| {
        config.limits.presence_hearers = 2;
        config.limits.presence_lines = Limits::default().presence_lines;
    })
}

/// With as few lines of presence as by default.
fn bounded() -> TestServer {
    TestServer::new(|config| config.limits.presence_lines = Limits::default().presence_lines)
}

/// Reads combined notices until they add up to `came` and `went`. No notice of a single user may come between them.
/// Returns the names in the notices.
fn gathered(client: &mut Client, room: &str, came: usize, went: usize) -> Vec<String> {
    let mut so_far = (0, 0);
    let mut named = Vec::new();
    while so_far != (came, went) {
        let line = client.expect_start("+");
        let (counts, names) = line.split_once(": ").expect("names");
        let counts = counts.strip_suffix(room).expect("the room");
        let (joined, left) = counts[1..].split_once(" joined, ").expect("two numbers");
        let number = |text: &str| text.parse::<usize>().expect("a number");
        so_far = (so_far.0 + number(joined), so_far.1 + number(left.strip_suffix(" left").expect("left")));
        assert!(so_far.0 <= came && so_far.1 <= went, "{so_far:?}");
        named.extend(names.split(", ").map(str::to_owned));
    }
    named
}

#[test]
fn notices_are_immediate_for_few_and_combined_for_many() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut few = [server.guest("bob", "lobby"), server.guest("carol", "ops")];
    alice.expect("bob has connected to the chatroom");
    alice.expect("carol has connected to the chatroom");
    let many: Vec<Client> = (0..20).map(|i| server.guest(&format!("p{i}"), "ops")).collect();
    let named = gathered(&mut alice, "", 20, 0);
    assert!(named.len() >= 10 && named[0] == "p0", "{named:?}");
    many.into_iter().for_each(Client::quit);
    gathered(&mut alice, "", 0, 20);
    for client in &mut few {
        client.until("+");
    }
    let [bob, carol] = few;
    carol.quit();
    alice.expect("carol has left the chatroom");
    bob.quit();
    alice.expect("bob has left the chatroom");
}

#[test]
fn rooms_combine_their_own_notices() {
    let server = server();
    let mut alice = server.guest("alice", "ops");
    let mut others: Vec<Client> = (0..4).map(|i| server.guest(&format!("p{i}"), "lobby")).collect();
    alice.until("+");
    alice.drain_lines();
    for other in &mut others {
        other.send("/join ops");
        other.until("INFO: You are in ops now");
    }
    alice.expect("p0 joined ops");
    alice.expect("p1 joined ops");
    assert_eq!(gathered(&mut alice, " ops", 2, 0), ["p2", "p3"]);
    let json = "{\"type\":\"system\"";
    alice.send("format json");
    alice.expect_start(json);
    others[0].send("/leave ops");
    let line = alice.until(json);
    for part in ["\"event\":\"gathered\"", "\"room\":\"ops\"", "\"joined\":0", "\"left\":1", "\"users\":[\"p0\"]"] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn guest_who_registers_and_leaves_in_one_batch_is_not_announced() {
    let server = TestServer::new(|config| {
        config.limits.presence_hearers = 0;
        config.limits.presence_gather_ms = 3_000;
    });
    let mut alice = server.guest("alice", "lobby");
    let mut eve = server.guest("eve", "lobby");
    eve.send("/register");
    for question in ["NEW PASSWORD?", "NEW PASSWORD AGAIN?"] {
        eve.until(question);
        eve.send("correct horse");
    }
    eve.until("INFO: ");
    eve.quit();
    // The same over a connection that is taken over after registering.
    let mut mia = ObjectClient::connect(&server);
    let answer = mia.sign_in(json!({"type": "guest", "user": "mia"}));
    let token = answer[0]["token"].as_str().expect("a token");
    mia.request(json!({"type": "register", "password": "correct horse"}));
    let mut again = ObjectClient::connect(&server);
    again.sign_in(json!({"type": "resume", "token": token}));
    again.client.quit();
    let _bob = server.guest("bob", "lobby");
    let line = alice.until("+");
    assert!(
        line.ends_with("bob") && line.contains(" 0 left") && !line.contains("eve") && !line.contains("mia"),
        "{line}"
    );
}

#[test]
fn user_with_blocks_is_announced_singly_and_not_to_the_blocked_user() {
    let server = server();
    server.register("bob", "correct horse");
    let mut eve = server.guest("eve", "lobby");
    let mut bob = server.login("bob", "correct horse");
    bob.send("/block eve");
    bob.expect("INFO: eve is blocked");
    let mut alice = server.guest("alice", "lobby");
    let _carol = server.guest("carol", "lobby");
    alice.expect("+1 joined, 0 left: carol");
    bob.quit();
    alice.expect("bob has left the chatroom");
    let mut bob = server.login("bob", "correct horse");
    alice.expect("bob has connected to the chatroom");
    bob.send("hello");
    eve.until("bob: hello");
    let heard = eve.drain_lines();
    assert!(!heard.iter().any(|line| line.contains("bob has")), "{heard:?}");
}

/// Lines that a reader may get in the time since `since`: those told one by one and a summary in each second, also in the
/// two that have only begun and ended.
fn bound(since: Instant) -> usize {
    let lines = usize::try_from(Limits::default().presence_lines).expect("few");
    (lines + 1) * (usize::try_from(since.elapsed().as_secs()).expect("not long") + 3)
}

/// How many more came than went, by these lines.
fn balance(lines: &[String]) -> i64 {
    let number = |text: &str| text.trim_matches(|c: char| !c.is_ascii_digit()).parse::<i64>().expect("a number");
    let change = |line: &String| match line.split_once(" joined, ") {
        Some((joined, left)) => number(joined) - number(left.split(' ').next().expect("a word")),
        None if line.contains(" joined ") || line.contains(" has connected ") => 1,
        None => -1,
    };
    lines.iter().map(change).sum()
}

/// What a reader is told, of a room or at all, of users who have come and gone again.
fn everything(reader: &mut Client, room: &str) -> Vec<String> {
    let mut lines = reader.drain_lines();
    lines.retain(|line| line.contains(room));
    // What waits is told when the time span is over.
    while balance(&lines) != 0 {
        lines.extend(Some(reader.line()).filter(|line| line.contains(room)));
    }
    lines
}

#[test]
fn x13_a_few_who_join_and_leave_are_told_one_by_one() {
    let server = bounded();
    let (mut alice, mut bob) = (server.guest("alice", "ops"), server.guest("bob", "lobby"));
    alice.expect("bob has connected to the chatroom");
    for _ in 0..5 {
        bob.send("/join ops");
        alice.expect("bob joined ops");
        bob.send("/leave ops");
        alice.expect("bob left ops");
    }
}

#[test]
fn x13_many_who_join_and_leave_a_room_make_few_lines() {
    let server = bounded();
    let mut crowd: Vec<Client> = (0..150).map(|i| server.guest(&format!("p{i}"), "lobby")).collect();
    let mut readers = [server.guest("alice", "ops"), server.guest("bob", "lobby")];
    readers[1].send("/join ops");
    readers[1].until("INFO: You are in ops now");
    readers.iter_mut().for_each(|reader| drop(reader.drain_lines()));
    let since = Instant::now();
    for _ in 0..10 {
        for client in &mut crowd {
            client.send("/join ops\n/leave ops");
        }
    }
    for client in &mut crowd {
        client.drain_lines();
    }
    for reader in &mut readers {
        let lines = everything(reader, " ops");
        assert!(lines.len() <= bound(since), "{} lines in {:?}", lines.len(), since.elapsed());
    }
}

#[test]
fn x13_many_who_come_and_go_make_few_lines() {
    let server = bounded();
    let mut alice = server.guest("alice", "lobby");
    let since = Instant::now();
    for round in 0..5 {
        let crowd: Vec<Client> = (0..50).map(|i| server.guest(&format!("p{round}x{i}"), "lobby")).collect();
        // Some say goodbye, some are cut off.
        for (i, client) in crowd.into_iter().enumerate() {
            if i % 2 == 0 { client.quit() } else { client.reset() }
        }
    }
    let lines = everything(&mut alice, "");
    assert!(lines.len() <= bound(since), "{} lines in {:?}", lines.len(), since.elapsed());
}
