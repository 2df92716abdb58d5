//! Mail for somebody whose connection ends again and again while it comes.

use landline_tests::{Client, TestServer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

const PASSWORD: &str = "correct horse";
const WRITERS: usize = 2;
const VISITS: usize = 40;

/// A message that somebody got.
#[derive(Debug, PartialEq, Eq)]
struct Got {
    id: u64,
    text: String,
    /// It waited for them.
    kept: bool,
}

/// Bob at the door, with JSON. `None` while his last visit has not ended yet.
fn come(server: &TestServer) -> Option<Client> {
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

/// Adds the direct messages among these lines.
fn gather(got: &mut Vec<Got>, lines: impl IntoIterator<Item = String>) {
    for line in lines.into_iter().filter(|line| line.starts_with("{\"type\":\"pm\"")) {
        let event: Value = serde_json::from_str(&line).expect("JSON");
        let (id, text) = (event["id"].as_u64().expect("an id"), event["text"].as_str().expect("a text").to_owned());
        got.push(Got { id, text, kept: event["kept"] == true });
    }
}

/// What came up to the answer to a ping, as JSON.
fn so_far(client: &mut Client) -> Vec<String> {
    client.send("/ping now");
    std::iter::from_fn(|| Some(client.line()).filter(|line| !line.contains("\"event\":\"pong\""))).collect()
}

/// Writes to bob until he has come and gone often enough. How many messages.
fn write_on(server: &TestServer, writer: usize, visits: &AtomicUsize) -> usize {
    let mut client = server.guest(&format!("w{writer}"), "lobby");
    let mut number = 0;
    while visits.load(SeqCst) < VISITS {
        client.send(&format!("message bob {writer}-{number}"));
        let answers = client.lines_so_far();
        assert!(!answers.iter().any(|line| line.starts_with("ERROR")), "{answers:?}");
        number += 1;
    }
    number
}

/// Some write to bob, who comes and goes meanwhile as `end` does it. What was written, and what he got.
fn visits(server: &TestServer, mut end: impl FnMut(Client, &mut Vec<Got>)) -> (Vec<String>, Vec<Got>) {
    let (mut got, visits) = (Vec::new(), AtomicUsize::new(0));
    let written = thread::scope(|scope| {
        let visits = &visits;
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || (writer, write_on(server, writer, visits)))).collect();
        while visits.load(SeqCst) < VISITS {
            let Some(mut bob) = come(server) else { continue };
            for _ in 0..visits.load(SeqCst) % 4 {
                gather(&mut got, so_far(&mut bob));
            }
            end(bob, &mut got);
            visits.fetch_add(1, SeqCst);
        }
        let numbers = writers.into_iter().map(|writer| writer.join().expect("a writer"));
        numbers.flat_map(|(writer, count)| (0..count).map(move |number| format!("{writer}-{number}"))).collect()
    });
    (written, got)
}

/// Everything that bob's history has, and what still waits for him.
fn in_the_end(server: &TestServer, got: &mut Vec<Got>) -> BTreeSet<u64> {
    let mut bob = std::iter::repeat_with(|| come(server)).flatten().next().expect("bob");
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
    let mut bob = std::iter::repeat_with(|| come(server)).flatten().next().expect("bob");
    let mut more = Vec::new();
    gather(&mut more, so_far(&mut bob));
    assert_eq!(more, [], "something waited until now");
    stored
}

/// None comes twice, and each writer's in their order; only what a connection took with it and had to wait may come
/// behind what was said later.
fn check_order(got: &[Got]) {
    let mut last = BTreeMap::new();
    for Got { id, text, .. } in got.iter().filter(|got| !got.kept) {
        let (writer, number) = text.split_once('-').expect("a number");
        let number: usize = number.parse().expect("a number");
        if let Some((before, its_id)) = last.insert(writer, (number, *id)) {
            assert!(before < number && its_id < *id, "{writer}: {number} ({id}) after {before} ({its_id})");
        }
    }
    let mut seen = BTreeSet::new();
    let twice: Vec<&Got> = got.iter().filter(|got| !seen.insert(got.id)).collect();
    assert!(twice.is_empty(), "twice: {twice:?}");
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
fn who_reads_to_the_end_each_time_misses_nothing() {
    let server = server();
    let (written, mut got) = visits(&server, |mut bob, got| {
        bob.end_sending();
        gather(got, std::iter::from_fn(|| bob.next_line()));
    });
    in_the_end(&server, &mut got);
    check_order(&got);
    let heard: BTreeSet<&str> = got.iter().map(|got| &*got.text).collect();
    let missing: Vec<&String> = written.iter().filter(|text| !heard.contains(text.as_str())).collect();
    assert_eq!(missing, [""; 0]);
}

/// What was in the receiver's own kernel is gone with its connection; it is in the history.
#[test]
fn who_breaks_off_finds_in_the_history_what_was_on_its_way() {
    let server = server();
    let (written, mut got) = visits(&server, |bob, _| bob.reset());
    let stored = in_the_end(&server, &mut got);
    check_order(&got);
    assert_eq!(stored.len(), written.len());
    assert!(got.iter().all(|got| stored.contains(&got.id)));
}
