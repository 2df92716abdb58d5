//! A client whose connection breaks at random moments, and that resumes each time. Its lines arrive once and in order,
//! and messages to it arrive once.

use landline_tests::{Client, ObjectClient, Rng, TestServer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

const PASSWORD: &str = "correct horse";
const ROUNDS: u64 = 60;

/// Alice's client. It records which objects have no answer yet, and what it has received.
struct ResumingClient {
    client: ObjectClient,
    token: String,
    seq: u64,
    last_id: u64,
    unanswered: VecDeque<Value>,
    /// Texts of direct and private messages, without repetitions, which are known by id or number.
    received: Vec<String>,
    ids: Vec<u64>,
    heard: BTreeMap<u64, String>,
}

impl ResumingClient {
    fn note(&mut self, object: &Value) {
        if object["done"] == true {
            self.unanswered.retain(|sent| sent["label"] != object["label"]);
        }
        let text = || object["text"].as_str().expect("a text").to_owned();
        match object["type"].as_str() {
            Some("message") => {
                let id = object["id"].as_u64().expect("an id");
                self.last_id = self.last_id.max(id);
                self.heard.insert(id, text());
            }
            Some("pm") if object["event"].is_null() || object["event"] == "private" => {
                let seq = object["seq"].as_u64().expect("a number");
                let is_known = object["id"].as_u64().is_some_and(|id| self.ids.contains(&id)) || seq <= self.seq;
                self.seq = self.seq.max(seq);
                self.ids.extend(object["id"].as_u64());
                if !is_known {
                    self.received.push(text());
                }
            }
            _ => {}
        }
    }

    /// Resumes over a new connection. Lines that have arrived on the old one unread are lost. With `breaks`, the old
    /// connection is reset before.
    fn resume(&mut self, server: &TestServer, breaks: bool) {
        let fresh = ObjectClient::connect(server);
        let old = std::mem::replace(&mut self.client, fresh);
        if breaks {
            old.client.reset();
        }
        let rooms = json!({"ops": self.last_id});
        let resume = json!({"type": "resume", "token": self.token, "acks": true, "seq": self.seq, "rooms": rooms});
        let answer = loop {
            let answer = self.client.request(resume.clone());
            if answer[0]["cause"] != "resume_busy" && answer[0]["cause"] != "name_taken" {
                break answer;
            }
        };
        assert_eq!(answer[0]["type"], "auth_ok", "{answer:?}");
        self.token = answer[0]["token"].as_str().expect("a token").to_owned();
        answer.iter().for_each(|object| self.note(object));
        for sent in self.unanswered.clone() {
            self.client.send(&sent);
        }
    }

    fn say(&mut self, n: u64) {
        let object = json!({"type": "say", "room": "ops", "text": format!("alice {n}"), "label": format!("say {n}")});
        self.client.send(&object);
        self.unanswered.push_back(object);
    }

    /// Reads until everything sent so far is answered. Acknowledges at random.
    fn settle(&mut self, rng: &mut Rng) {
        let objects = self.client.drain_events();
        objects.iter().for_each(|object| self.note(object));
        if rng.below(2) == 0 {
            self.client.send(&json!({"type": "ack", "seq": self.seq}));
        }
    }
}

/// Sends lines to the room, and direct and private messages to alice. Returns the client and the number of private
/// messages.
fn bob(mut client: Client, rounds: u64) -> (Client, u64) {
    let mut private = 0;
    for n in 0..rounds {
        client.send(&format!("bob {n}"));
        client.send(&format!("/pm alice direct {n}"));
        client.send(&format!("/private alice private {n}"));
        private += 1;
        std::thread::sleep(Duration::from_millis(3));
    }
    (client, private)
}

fn run(seed: usize, losses: bool) {
    let server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut listener = server.guest("carol", "ops");
    let mut talker = server.guest("bob", "ops");
    let mut client = ObjectClient::connect(&server);
    let sign_in = json!({"type": "login", "user": "alice", "password": PASSWORD, "room": "ops", "acks": true});
    let answer = client.sign_in(sign_in);
    let token = answer[0]["token"].as_str().expect("a token").to_owned();
    client.request(json!({"type": "connect", "to": "bob"}));
    talker.until("PRIVATE_REQUEST_FROM:alice");
    talker.send("/accept alice");
    talker.until("PRIVATE_CONNECTED:alice");
    let (received, ids, heard) = Default::default();
    let unanswered = VecDeque::new();
    let mut alice = ResumingClient { client, token, seq: 0, last_id: 0, unanswered, received, ids, heard };
    let mut rng = Rng::new(seed);
    let talking = std::thread::spawn(move || bob(talker, ROUNDS));
    for n in 0..ROUNDS {
        for part in 0..rng.below(4) {
            alice.say(n * 10 + part as u64);
        }
        match rng.below(5) {
            0 => alice.resume(&server, false),
            1 if losses => alice.resume(&server, true),
            2 => alice.settle(&mut rng),
            _ => {}
        }
    }
    let (mut talker, private) = talking.join().expect("no panic");
    while !alice.unanswered.is_empty() {
        alice.settle(&mut rng);
    }
    talker.drain_lines();
    alice.settle(&mut rng);
    alice.resume(&server, false);
    alice.settle(&mut rng);

    listener.send("the end");
    let mut carol = Vec::new();
    loop {
        let line = listener.line();
        if line.starts_with("alice: ") || line.starts_with("bob: ") {
            carol.push(line.replacen(": ", " says ", 1));
        }
        let from_bob = carol.iter().filter(|line| line.starts_with("bob")).count() as u64;
        if from_bob == ROUNDS && line.starts_with("bob") || line.contains("never") {
            break;
        }
    }
    listener.drain_lines().into_iter().filter(|line| line.starts_with("alice: ")).for_each(|line| {
        carol.push(line.replacen(": ", " says ", 1));
    });
    let own: Vec<&String> = carol.iter().filter(|line| line.starts_with("alice")).collect();
    let numbers: Vec<u64> = own.iter().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
    let wrong = numbers.windows(2).find(|pair| pair[0] >= pair[1]);
    assert_eq!(wrong, None, "seed {seed}: alice's lines arrive once and in order");
    let heard: Vec<String> = alice.heard.values().filter(|text| text.starts_with("alice ")).cloned().collect();
    assert_eq!(heard.len(), own.len(), "seed {seed}: alice receives all her lines");
    let from_bob = alice.heard.values().filter(|text| text.starts_with("bob ")).count() as u64;
    assert_eq!(from_bob, ROUNDS, "seed {seed}: alice receives all of bob's lines");
    for (kind, all) in [("direct", ROUNDS), ("private", private)] {
        let mut of_kind: Vec<&String> = alice.received.iter().filter(|text| text.starts_with(kind)).collect();
        let count = of_kind.len();
        of_kind.sort();
        of_kind.dedup();
        assert_eq!(of_kind.len(), count, "seed {seed}: {kind} messages arrive once: {of_kind:?}");
        // After a loss bob has no private chat for a moment. The server refuses his private messages then.
        if kind == "direct" || !losses {
            assert_eq!(count as u64, all, "seed {seed}: all {kind} messages arrive");
        }
    }
}

#[test]
fn session_taken_over_at_any_moment_loses_nothing() {
    for seed in 1..=12 {
        run(seed, false);
    }
}

#[test]
fn session_lost_at_any_moment_loses_nothing() {
    for seed in 1..=12 {
        run(seed, true);
    }
}
