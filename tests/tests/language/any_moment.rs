//! The program's network breaks at any byte: what was typed, heard by others, stored and shown agree, each line once.

use crate::{PASSWORD, on_pipes, with_account};
use landline_tests::{Breaker, Client, Direction, ObjectClient, Program, Rng, TestServer, eventually};
use serde_json::{Value, json};
use std::time::Duration;

const LINES: usize = 60;
const SEEDS: usize = 6;

fn text(n: usize) -> String {
    format!("line {n}")
}

/// Types lines while the network breaks: at a byte that the rng choose, in either direction.
fn talk(program: &mut Program, network: &Breaker, rng: &mut Rng) {
    for n in 0..LINES {
        program.type_line(&text(n));
        if n % 5 == 2 {
            let direction = [Direction::ToServer, Direction::ToClient][rng.below(2)];
            network.break_after(direction, rng.below(900));
        }
        std::thread::sleep(Duration::from_millis(rng.below(30) as u64));
    }
}

/// What alice said, as the history has it.
fn stored(test_server: &TestServer) -> Vec<(u64, String)> {
    let mut client = ObjectClient::connect(test_server);
    client.sign_in(json!({"type": "login", "user": "alice", "password": PASSWORD, "room": "lobby"}));
    let mut all: Vec<(u64, String)> = Vec::new();
    loop {
        let after = all.last().map_or(1, |(id, _)| *id);
        let page = client.request(json!({"type": "history", "room": "lobby", "after": after}));
        let entry = |object: &Value| Some((object["id"].as_u64()?, object["text"].as_str()?.to_owned()));
        let entries: Vec<(u64, String)> = page
            .iter()
            .filter(|object| object["type"] == "message" && object["user"] == "alice")
            .filter_map(entry)
            .collect();
        if entries.is_empty() {
            return all;
        }
        all.extend(entries);
    }
}

/// The lines of alice's that a witness at `nc` heard, up to now.
fn heard(witness: &mut Client) -> Vec<String> {
    let lines = witness.drain_lines();
    lines.iter().filter_map(|line| line.strip_prefix("alice: ").map(str::to_owned)).collect()
}

fn run(seed: usize) {
    let test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    let network = Breaker::new(test_server.address());
    let mut program = on_pipes(with_account(network.address(), "alice").args(["--json", "--patience", "60"]));
    program.until("auth_ok");
    let mut witness = test_server.guest("witness", "lobby");
    let mut rng = Rng::new(seed);
    let mut shown = Vec::new();
    let reader = program.take_output();
    let reading = std::thread::spawn(move || {
        for line in reader {
            let object: Value = serde_json::from_str(&line).expect("JSON");
            if object["type"] == "message" && object["user"] == "alice" {
                shown
                    .push((object["id"].as_u64().expect("an id"), object["text"].as_str().expect("a text").to_owned()));
            }
        }
        shown
    });
    talk(&mut program, &network, &mut rng);
    program.type_line("/quit");
    assert_eq!(program.wait().code(), Some(0), "seed {seed}: {}", program.stderr());
    let breaks = program.stderr().matches("connected again").count();
    assert!(breaks > 0, "seed {seed}: it never broke");
    let shown = reading.join().expect("no panic");

    let typed: Vec<String> = (0..LINES).map(text).collect();
    eventually("the session is over", || test_server.server().context().hub.find("alice").is_none());
    let stored = stored(&test_server);
    let texts: Vec<String> = stored.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(texts, typed, "seed {seed}: stored once and in order");
    let mut acknowledged = shown.clone();
    acknowledged.sort();
    acknowledged.dedup();
    assert_eq!(acknowledged.len(), shown.len(), "seed {seed}: shown once");
    assert!(shown.iter().all(|line| stored.contains(line)), "seed {seed}: shown as stored");
    // A witness who was there all the time.
    let heard = heard(&mut witness);
    assert_eq!(heard, typed, "seed {seed}: heard once and in order");
}

#[test]
fn what_was_typed_heard_stored_and_shown_agrees_whenever_the_network_breaks() {
    for seed in 1..=SEEDS {
        let begun = std::time::Instant::now();
        run(seed);
        println!("seed {seed}: {:?}", begun.elapsed());
    }
}
