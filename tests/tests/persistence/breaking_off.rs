//! Direct messages to a user whose connection ends again and again while they arrive.

use landline_tests::{Client, TestServer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

const PASSWORD: &str = "correct horse";
const WRITERS: usize = 2;
/// Number of bob's sessions.
const SESSIONS: usize = 40;

/// A direct message that bob received.
#[derive(Debug, PartialEq, Eq)]
struct DirectMessage {
    id: u64,
    text: String,
    /// True if the message waited in the mailbox.
    kept: bool,
}

/// Signs bob in, with JSON. Returns `None` while his previous session has not ended yet.
fn try_sign_in(server: &TestServer) -> Option<Client> {
    let mut bob = server.connect();
    for line in ["format json", "LOGIN", "bob", PASSWORD] {
        bob.send(line);
    }
    loop {
        let line = bob.line();
        if line.contains("\"type\":\"auth_ok\"") {
            return Some(bob);
        }
        if line.contains("already logged in") {
            return None;
        }
    }
}

/// Appends the direct messages in `lines` to `got`.
fn gather(got: &mut Vec<DirectMessage>, lines: impl IntoIterator<Item = String>) {
    for line in lines.into_iter().filter(|line| line.starts_with("{\"type\":\"pm\"")) {
        let event: Value = serde_json::from_str(&line).expect("JSON");
        let id = event["id"].as_u64().expect("an id");
        let text = event["text"].as_str().expect("a text").to_owned();
        got.push(DirectMessage { id, text, kept: event["kept"] == true });
    }
}

/// Returns the lines up to the answer to a ping, as JSON.
fn so_far(client: &mut Client) -> Vec<String> {
    client.send("/ping now");
    std::iter::from_fn(|| Some(client.line()).filter(|line| !line.contains("\"event\":\"pong\""))).collect()
}

/// Sends messages to bob until all his sessions are over. Returns the number of messages.
fn send_messages(server: &TestServer, writer: usize, ended_sessions: &AtomicUsize) -> usize {
    let mut client = server.guest(&format!("w{writer}"), "lobby");
    let mut number = 0;
    while ended_sessions.load(SeqCst) < SESSIONS {
        client.send(&format!("message bob {writer}-{number}"));
        let answers = client.drain_lines();
        assert!(!answers.iter().any(|line| line.starts_with("ERROR")), "{answers:?}");
        number += 1;
    }
    number
}

/// Lets writers send to bob, who signs in again and again. `end` ends each session. Returns the sent texts, and the
/// messages that bob received.
fn run_sessions(
    server: &TestServer,
    mut end: impl FnMut(Client, &mut Vec<DirectMessage>),
) -> (Vec<String>, Vec<DirectMessage>) {
    let mut got = Vec::new();
    let ended_sessions = AtomicUsize::new(0);
    let written = thread::scope(|scope| {
        let ended_sessions = &ended_sessions;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || (writer, send_messages(server, writer, ended_sessions))))
            .collect();
        while ended_sessions.load(SeqCst) < SESSIONS {
            let Some(mut bob) = try_sign_in(server) else { continue };
            for _ in 0..ended_sessions.load(SeqCst) % 4 {
                gather(&mut got, so_far(&mut bob));
            }
            end(bob, &mut got);
            ended_sessions.fetch_add(1, SeqCst);
        }
        let numbers = writers.into_iter().map(|writer| writer.join().expect("a writer"));
        numbers.flat_map(|(writer, count)| (0..count).map(move |number| format!("{writer}-{number}"))).collect()
    });
    (written, got)
}

/// Appends the messages that still wait for bob to `got`. Returns the ids of all messages in his history.
fn collect_rest(server: &TestServer, got: &mut Vec<DirectMessage>) -> BTreeSet<u64> {
    let mut bob = std::iter::repeat_with(|| try_sign_in(server)).flatten().next().expect("bob");
    let mut stored = BTreeSet::new();
    let mut next = Some("/history after 0".to_owned());
    while let Some(command) = next.take() {
        bob.send(&command);
        loop {
            let line = bob.line();
            let event: Value = serde_json::from_str(&line).expect("JSON");
            match event["event"].as_str() {
                Some("history") => drop(stored.insert(event["id"].as_u64().expect("an id"))),
                Some("history_end") => {
                    next = event["next"].as_str().map(str::to_owned);
                    break;
                }
                _ => gather(got, [line]),
            }
        }
    }
    bob.quit();
    let mut bob = std::iter::repeat_with(|| try_sign_in(server)).flatten().next().expect("bob");
    let mut more = Vec::new();
    gather(&mut more, so_far(&mut bob));
    assert_eq!(more, [], "messages that still waited");
    stored
}

/// Checks that no message arrives twice, and that live messages of each writer arrive in order. A message that was lost
/// with a connection comes from the mailbox, perhaps after later ones.
fn check_order(got: &[DirectMessage]) {
    let mut last = BTreeMap::new();
    for DirectMessage { id, text, .. } in got.iter().filter(|got| !got.kept) {
        let (writer, number) = text.split_once('-').expect("a number");
        let number: usize = number.parse().expect("a number");
        if let Some((before, its_id)) = last.insert(writer, (number, *id)) {
            assert!(before < number && its_id < *id, "{writer}: {number} ({id}) after {before} ({its_id})");
        }
    }
    let mut seen = BTreeSet::new();
    let twice: Vec<&DirectMessage> = got.iter().filter(|got| !seen.insert(got.id)).collect();
    assert!(twice.is_empty(), "repeated: {twice:?}");
}

fn server() -> TestServer {
    let server = TestServer::new(|config| {
        config.limits.mail_per_sender = 100_000;
        config.limits.mail_per_receiver = 100_000;
    });
    server.register("bob", PASSWORD);
    server
}

#[test]
fn client_that_reads_to_the_end_misses_no_message() {
    let server = server();
    let (written, mut got) = run_sessions(&server, |mut bob, got| {
        bob.end_sending();
        gather(got, std::iter::from_fn(|| bob.next_line()));
    });
    collect_rest(&server, &mut got);
    check_order(&got);
    let heard: BTreeSet<&str> = got.iter().map(|got| &*got.text).collect();
    let missing: Vec<&String> = written.iter().filter(|text| !heard.contains(text.as_str())).collect();
    assert_eq!(missing, [""; 0]);
}

/// Messages in the receiver's own kernel are lost with the connection, but are in the history.
#[test]
fn messages_lost_with_a_reset_are_in_the_history() {
    let server = server();
    let (written, mut got) = run_sessions(&server, |bob, _| bob.reset());
    let stored = collect_rest(&server, &mut got);
    check_order(&got);
    assert_eq!(stored.len(), written.len());
    assert!(got.iter().all(|got| stored.contains(&got.id)));
}
