//! Finding out who has an account, by the words of an answer or by the time it takes.

use landline_common::Limits;
use landline_tests::{Client, TestServer, neighbour};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";

/// A server whose passwords cost what they do in use, and in which somebody has an account.
pub(crate) fn server() -> TestServer {
    let server = TestServer::new(|config| {
        config.limits.bcrypt_cost = Limits::default().bcrypt_cost;
        config.limits.failures_to_lock = 1_000;
    });
    server.register("alice", PASSWORD);
    server
}

/// What is said to a wrong password for that name, and how long it takes; from an address of its own.
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

/// The medians of so many guesses at a name that has an account, and at each of two that have none, taking turns.
pub(crate) fn medians(server: &TestServer, rounds: u16) -> [Duration; 3] {
    // The last is no name at all.
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
fn a_wrong_password_is_answered_in_the_same_words_whatever_the_name() {
    let server = server();
    let known = guess(&server, 1, "alice").0;
    assert_eq!(known, ["ERROR: Invalid alias or password", "Authorise MODE? (REGISTER/LOGIN)"]);
    for alias in ["nobody", "ALICE", "no body!", "server", "\u{202e}x", &"x".repeat(5_000)] {
        assert_eq!(guess(&server, 2, alias).0, known, "{alias}");
    }
}

/// That a name is unknown saves no work: without the check it would take a hundredth of the time.
#[test]
fn a_wrong_password_takes_as_long_whatever_the_name() {
    let [known, unknown, no_name] = medians(&server(), 9);
    for other in [unknown, no_name] {
        assert!(known < other * 3 && other < known * 3, "{known:?} and {other:?}");
    }
}

#[test]
fn who_may_make_no_more_accounts_does_not_learn_who_has_one() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = 256;
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
