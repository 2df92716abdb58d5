//! Probing for accounts, by the text of an answer or by its time.

use landline_common::Limits;
use landline_tests::{Client, TestServer, neighbour};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";

/// Starts a server with the default cost of password hashes and one account.
pub(crate) fn server() -> TestServer {
    let server = TestServer::new(|config| {
        config.limits.bcrypt_cost = Limits::default().bcrypt_cost;
        config.limits.failures_to_lock = 1_000;
    });
    server.register("alice", PASSWORD);
    server
}

/// Sends a wrong password for `alias`, from its own address. Returns the answer and its latency.
fn guess(server: &TestServer, number: u16, alias: &str) -> (Vec<String>, Duration) {
    let mut client = Client::connect_from(neighbour(number), server.address());
    client.send_bytes(format!("LOGIN\n{alias}\n").as_bytes());
    client.until("PASSWORD?");
    let begun = Instant::now();
    client.send("wrong horse");
    let answer = client.line();
    let took = begun.elapsed();
    client.end_sending();
    let rest = std::iter::from_fn(|| client.next_line());
    (std::iter::once(answer).chain(rest).collect(), took)
}

/// Returns the median latencies of guesses at a name with an account, at one without, and at an invalid one. The names
/// take turns.
pub(crate) fn medians(server: &TestServer, rounds: u16) -> [Duration; 3] {
    // The last one is not a valid name.
    let mut times = ["alice", "nobody", "no body!"].map(|alias| (alias, Vec::new()));
    for round in 0..rounds {
        for (alias, times) in &mut times {
            times.push(guess(server, round, alias).1);
        }
    }
    times.map(|(_, mut times)| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

#[test]
fn wrong_password_gets_the_same_answer_for_every_name() {
    let server = server();
    let known = guess(&server, 1, "alice").0;
    assert_eq!(known, ["ERROR: Invalid alias or password", "Authorise MODE? (REGISTER/LOGIN)"]);
    for alias in ["nobody", "ALICE", "no body!", "server", "\u{202e}x", &"x".repeat(5_000)] {
        assert_eq!(guess(&server, 2, alias).0, known, "{alias}");
    }
}

/// The server hashes the password also for an unknown name; otherwise the answer would take a hundredth of the time.
#[test]
fn wrong_password_takes_the_same_time_for_every_name() {
    let [known, unknown, no_name] = medians(&server(), 9);
    for other in [unknown, no_name] {
        assert!(known < other * 3 && other < known * 3, "{known:?} and {other:?}");
    }
}

#[test]
fn registration_limit_does_not_reveal_accounts() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = Some(256);
        config.limits.registrations_per_address = 1;
    });
    server.register("alice", PASSWORD);
    let register = |alias: &str| {
        let mut client = server.connect();
        client.send_bytes(format!("REGISTER\n{alias}\n{PASSWORD}\n").as_bytes());
        client.until("PASSWORD?");
        client.line()
    };
    for alias in ["alice", "nobody"] {
        let answer = register(alias);
        assert!(answer.starts_with("ERROR: 429 Too many new accounts"), "{alias}: {answer}");
    }
}
