//! The system clock jumps forwards and backwards while users talk. Messages are ordered by id, and timers ignore the
//! clock.

use landline_common::EventKind;
use landline_server::clock::Clock;
use landline_tests::{Client, DEADLINE, TestServer};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
/// Offsets of the clock, one after another, in milliseconds.
const JUMPS: [i64; 7] = [0, -HOUR, DAY, -10 * YEAR, 10 * YEAR, 1, -30 * YEAR];
const PASSWORD: &str = "correct horse";

/// A clock whose error the test sets.
#[derive(Clone, Default)]
struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn set(&self, ms: i64) {
        self.0.store(ms, SeqCst);
    }

    fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::wrong_by(move || clock.0.load(SeqCst))
    }
}

/// Signs in bob, with JSON.
fn reader(server: &TestServer) -> Client {
    let mut bob = server.guest("bob", "lobby");
    bob.send("format json");
    bob.until("{\"type\":\"system\",\"event\":\"format\"");
    bob
}

/// Returns the id of the next message, whose text must be `said`.
fn expect_message(bob: &mut Client, said: &str) -> u64 {
    loop {
        match landline_common::json::read(&bob.line()).expect("an event").what {
            EventKind::Said { id, text, .. } => {
                assert_eq!(text, said);
                return id;
            }
            _ => continue,
        }
    }
}

/// Returns id and text of all messages in the history.
fn history(bob: &mut Client) -> Vec<(u64, String)> {
    bob.send("/history 100");
    let mut found = Vec::new();
    loop {
        match landline_common::json::read(&bob.line()).expect("an event").what {
            EventKind::Recalled { id, text, .. } => found.push((id, text.into_owned())),
            EventKind::RecallEnd { .. } => return found,
            _ => {}
        }
    }
}

#[test]
fn ids_and_history_stay_in_order_across_clock_jumps() {
    let clock = TestClock::default();
    let mut server = TestServer::with_clock(clock.clock(), |_| {});
    let mut said: Vec<(u64, String)> = Vec::new();
    for life in 0..3 {
        let mut alice = server.guest("alice", "lobby");
        let mut bob = reader(&server);
        for jump in JUMPS {
            clock.set(jump);
            let text = format!("{life}: {jump}");
            alice.send(&text);
            let id = expect_message(&mut bob, &text);
            said.push((id, text));
        }
        assert!(said.is_sorted_by(|(before, _), (after, _)| before < after), "{said:?}");
        assert_eq!(history(&mut bob), said);
        // The clock's last jump is 30 years back, so the next server starts with a time before this one's.
        server.restart();
    }
}

#[test]
fn clock_jumps_neither_end_sessions_nor_unlock_accounts() {
    let clock = TestClock::default();
    let server = TestServer::with_clock(clock.clock(), |config| {
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
        clock.set(jump);
        let answer = refused(PASSWORD);
        assert!(answer.starts_with("ERROR: 403 "), "{jump}: {answer}");
        alice.expect_nothing();
    }
}

#[test]
fn idle_timeout_applies_although_the_clock_runs_backwards() {
    let clock = TestClock::default();
    let server = TestServer::with_clock(clock.clock(), |config| {
        config.timeout = Duration::from_secs(2);
        config.limits.idle_warning_seconds = 1;
    });
    let mut alice = server.guest("alice", "lobby");
    let since = Instant::now();
    clock.set(-YEAR);
    alice.until("INFO: Idle timeout");
    assert!((Duration::from_secs(2)..DEADLINE).contains(&since.elapsed()));
    alice.expect_closed();
}
