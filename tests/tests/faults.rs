//! A client provokes a panic, a hundred times at each place where it could do most harm. Only the client's turn or
//! session ends, nothing of it is left behind, and the log reports each panic once.

use landline_server::config::Config;
use landline_tests::{Client, TestServer, TlsTunnel, WebSocketClient, eventually};
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use std::panic;

const TIMES: usize = 100;

/// Log records with level error.
static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Errors;

impl Log for Errors {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.level() == Level::Error
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            ERRORS.lock().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// A place of a panic, and its visible effects.
struct Case {
    /// Line that mallory sends.
    sends: &'static str,
    /// Line that mallory receives; `None` if her session ends.
    hears: Option<&'static str>,
    /// Line that the witness receives before mallory leaves.
    witness: Option<&'static str>,
    /// Beginning of the log record.
    logged: &'static str,
    /// Log records per panic. `None` for at least one in total: a failing disk must not fill the log.
    each: Option<usize>,
    change: fn(&mut Config),
}

const SESSION: &str = "connection: panic client=";
const USUAL: fn(&mut Config) = |_| {};
/// Flushers run the cycles of all rooms.
const FLUSHERS: fn(&mut Config) = |config| config.limits.inline_members = 0;

const CASES: [Case; 7] = [
    Case { sends: "panic-in-session", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // Under the hub's lock.
    Case { sends: "/connect panic-in-hub", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // Under a room's lock.
    Case { sends: "panic-in-log", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // In the session that runs the room's cycle.
    Case { sends: "panic-in-cycle", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // In a flusher that runs the cycle. The line is lost, but no session ends.
    Case {
        sends: "panic-in-cycle",
        hears: Some("PONG"),
        witness: None,
        logged: "flusher: panic in a room's cycle; its batch is lost, later lines are delivered",
        each: Some(1),
        change: FLUSHERS,
    },
    // While sending to the two other members.
    Case {
        sends: "panic-in-send",
        hears: Some("PONG"),
        witness: None,
        logged: "delivery: panic while sending client=",
        each: Some(2),
        change: USUAL,
    },
    // In the storage thread. The line is delivered, and its sender gets an error.
    Case {
        sends: "panic-in-storage",
        hears: Some("ERROR: 500 Your last message could not be stored"),
        witness: Some("mallory: panic-in-storage"),
        logged: "messages.db: messages cannot be stored: the storage failed",
        each: None,
        change: USUAL,
    },
];

/// Provokes one panic, and checks what mallory and the witness receive.
fn once(server: &TestServer, case: &Case, witness: &mut Client) {
    let mut mallory = server.guest("mallory", "lobby");
    witness.expect("mallory has connected to the chatroom");
    mallory.send(case.sends);
    match case.hears {
        None => mallory.expect_closed(),
        Some(line) => {
            if line == "PONG" {
                mallory.send("/ping");
            }
            mallory.until(line);
        }
    }
    if let Some(line) = case.witness {
        witness.expect(line);
    }
    drop(mallory);
    witness.expect("mallory has left the chatroom");
}

fn count_of(text: &str) -> usize {
    ERRORS.lock().iter().filter(|line| line.starts_with(text)).count()
}

fn a_hundred_times(case: &Case) {
    let server = TestServer::new(|config| (case.change)(config));
    let mut witness = server.guest("witness", "lobby");
    let mut other = server.guest("other", "lobby");
    witness.expect("other has connected to the chatroom");
    other.drain_lines();
    ERRORS.lock().clear();
    for _ in 0..TIMES {
        once(&server, case, &mut witness);
    }
    let least = case.each.map_or(1, |each| TIMES * each);
    eventually("the log has all records", || count_of(case.logged) >= least);
    let errors = std::mem::take(&mut *ERRORS.lock());
    let others: Vec<_> = errors.iter().filter(|line| !line.starts_with(case.logged)).collect();
    assert_eq!(others, [""; 0], "{}", case.sends);
    assert!(case.each.is_none() || errors.len() == least, "{}: {} times", case.sends, errors.len());
    other.send("hello");
    witness.expect("other: hello");
    for (question, answer) in
        [("/users", "Online clients: witness, other"), ("/rooms", "Rooms: lobby (2)"), ("/who lobby", "In lobby: ")]
    {
        witness.send(question);
        witness.expect_start(answer);
    }
    assert_eq!(server.server().context().hub.user_count(), 2);
    other.quit();
    witness.expect("other has left the chatroom");
}

/// Provokes a second panic during the cleanup after the first one.
fn panic_twice(server: &TestServer) {
    let mut witness = server.guest("witness", "lobby");
    for _ in 0..TIMES {
        let mut mallory = server.guest("panic-in-leaving", "lobby");
        mallory.send("panic-in-session");
        mallory.expect_closed();
        witness.expect("panic-in-leaving has connected to the chatroom");
        witness.expect("panic-in-leaving has left the chatroom");
    }
    eventually("the log has both kinds of records", || {
        (count_of("hub: panic in a step of leaving user=panic-in-leaving"), count_of(SESSION)) == (TIMES, TIMES)
    });
    witness.send("/who lobby");
    witness.expect("In lobby: witness");
    ERRORS.lock().clear();
}

/// Provokes panics during the sign-in. The name must be free again each time.
fn panic_in_sign_in(server: &TestServer) {
    for _ in 0..TIMES {
        let mut mallory = server.connect();
        mallory.send("panic-in-sign-in_lobby");
        mallory.expect_closed();
    }
    assert_eq!(count_of(SESSION), TIMES);
    assert_eq!(server.server().context().hub.user_count(), 0);
}

/// Provokes panics in sessions inside TLS and over WebSockets.
fn panic_in_other_transports(server: &TestServer) {
    let mut witness = server.guest("witness", "lobby");
    let tunnel = TlsTunnel::to(server.address()).address();
    ERRORS.lock().clear();
    for _ in 0..TIMES {
        let mut mallory = Client::connect(tunnel);
        mallory.send("mallory_lobby");
        witness.expect("mallory has connected to the chatroom");
        mallory.send("panic-in-session");
        witness.expect("mallory has left the chatroom");
        for address in [server.web_address(), tunnel] {
            let mut mallory = WebSocketClient::connect(address);
            mallory.sign_in("mallory", "lobby");
            witness.expect("mallory has connected to the chatroom");
            mallory.send("panic-in-cycle");
            let _ = mallory.close_frame();
            witness.expect("mallory has left the chatroom");
        }
    }
    assert_eq!(count_of(SESSION), 3 * TIMES);
    let mut alice = WebSocketClient::connect(tunnel);
    alice.sign_in("alice", "lobby");
    witness.expect("alice has connected to the chatroom");
    ERRORS.lock().clear();
}

#[test]
fn panic_ends_only_the_client_that_provoked_it() {
    log::set_logger(&Errors).expect("the only logger");
    log::set_max_level(LevelFilter::Error);
    // Do not print the hundreds of expected panics.
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |why| {
        if !why.to_string().contains("asked for in ") {
            usual(why);
        }
    }));
    CASES.iter().for_each(a_hundred_times);
    panic_twice(&TestServer::default());
    panic_in_sign_in(&TestServer::default());
    panic_in_other_transports(&TestServer::default());
}
