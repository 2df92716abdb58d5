//! The machine's clock is set, forwards and back, while people talk: order is by number, and timers do not look at it.

use landline_common::What;
use landline_server::clock::Clock;
use landline_tests::{Client, DEADLINE, TestServer};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
/// Where the clock is set, one after the other.
const JUMPS: [i64; 7] = [0, -HOUR, DAY, -10 * YEAR, 10 * YEAR, 1, -30 * YEAR];
const PASSWORD: &str = "correct horse";

/// A clock that tests set.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn set(&self, ms: i64) {
        self.0.store(ms, SeqCst);
    }

    fn clock(&self) -> Clock {
        let hands = self.clone();
        Clock::wrong_by(move || hands.0.load(SeqCst))
    }
}

/// Somebody who reads JSON.
fn reader(server: &TestServer) -> Client {
    let mut bob = server.guest("bob", "lobby");
    bob.send("format json");
    bob.until("{\"type\":\"system\",\"event\":\"format\"");
    bob
}

/// The id of the next line that is said, which must be that one.
fn hears(bob: &mut Client, said: &str) -> u64 {
    loop {
        match landline_common::json::read(&bob.line()).expect("an event").what {
            What::Said { id, text, .. } => {
                assert_eq!(text, said);
                return id;
            }
            _ => continue,
        }
    }
}

/// What was said, by the history.
fn recalled(bob: &mut Client) -> Vec<(u64, String)> {
    bob.send("/history 100");
    let mut found = Vec::new();
    loop {
        match landline_common::json::read(&bob.line()).expect("an event").what {
            What::Recalled { id, text, .. } => found.push((id, text.into_owned())),
            What::RecallEnd { .. } => return found,
            _ => {}
        }
    }
}

#[test]
fn ids_grow_and_the_history_keeps_its_order_whatever_the_clock_says() {
    let hands = Hands::default();
    let mut server = TestServer::by(hands.clock(), |_| {});
    let mut said: Vec<(u64, String)> = Vec::new();
    for life in 0..3 {
        let (mut alice, mut bob) = (server.guest("alice", "lobby"), reader(&server));
        for jump in JUMPS {
            hands.set(jump);
            let text = format!("{life}: {jump}");
            alice.send(&text);
            let id = hears(&mut bob, &text);
            said.push((id, text));
        }
        assert!(said.is_sorted_by(|(before, _), (after, _)| before < after), "{said:?}");
        assert_eq!(recalled(&mut bob), said);
        // The next server starts decades before this one.
        server.restart();
    }
}

#[test]
fn nobody_is_signed_out_or_let_in_by_a_jump() {
    let hands = Hands::default();
    let server = TestServer::by(hands.clock(), |config| {
        config.timeout = Duration::from_secs(3_600);
        config.block_duration = Duration::from_secs(3_600);
    });
    server.register("carol", PASSWORD);
    let mut alice = server.guest("alice", "lobby");
    let refused = |password: &str| {
        let mut carol = server.connect();
        ["LOGIN", "carol", password].iter().for_each(|line| carol.send(line));
        carol.expect("ALIAS?");
        carol.expect("PASSWORD?");
        carol.line()
    };
    for _ in 0..3 {
        assert_ne!(refused("wrong horse"), "AUTH_SUCCESS");
    }
    for jump in JUMPS {
        hands.set(jump);
        let answer = refused(PASSWORD);
        assert!(answer.starts_with("ERROR: 403 "), "{jump}: {answer}");
        alice.expect_nothing();
    }
}

#[test]
fn who_is_silent_is_signed_out_though_time_runs_backwards() {
    let hands = Hands::default();
    let server = TestServer::by(hands.clock(), |config| {
        config.timeout = Duration::from_secs(2);
        config.limits.idle_warning_seconds = 1;
    });
    let mut alice = server.guest("alice", "lobby");
    let since = Instant::now();
    hands.set(-YEAR);
    alice.until("INFO: Idle timeout");
    assert!((Duration::from_secs(2)..DEADLINE).contains(&since.elapsed()));
    alice.expect_closed();
}
