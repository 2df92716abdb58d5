//! A panic, called for by what a client sends, a hundred times at each place where it would do most harm: only that
//! client's turn or session ends, nothing of it is left behind, and the log has it once each time.

use landline_server::config::Config;
use landline_tests::{Client, TestServer, eventually};
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use std::panic;

const TIMES: usize = 100;

/// Everything that is logged as an error.
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

/// A place, and what is to be seen of a panic there.
struct Case {
    /// What mallory sends.
    sends: &'static str,
    /// What she hears, if she stays.
    hears: Option<&'static str>,
    /// What the witness hears of it before she leaves.
    witness: Option<&'static str>,
    /// How the log says it.
    logged: &'static str,
    /// So many times each; `None`: now and then, so that a disk that fails does not fill the log.
    each: Option<usize>,
    change: fn(&mut Config),
}

const SESSION: &str = "a panic in the session of client ";
const USUAL: fn(&mut Config) = |_| {};
/// Even the smallest room is served by the flushers.
const FLUSHERS: fn(&mut Config) = |config| config.limits.inline_members = 0;

const CASES: [Case; 7] = [
    Case { sends: "panic-in-session", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // Under the hub's lock.
    Case { sends: "/connect panic-in-hub", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // Under a room's lock.
    Case { sends: "panic-in-log", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // In the session that empties the room's log.
    Case { sends: "panic-in-cycle", hears: None, witness: None, logged: SESSION, each: Some(1), change: USUAL },
    // In a flusher that does: it concerns the line, and nobody's session.
    Case {
        sends: "panic-in-cycle",
        hears: Some("PONG"),
        witness: None,
        logged: "a panic in a room's cycle; the room goes on",
        each: Some(1),
        change: FLUSHERS,
    },
    // In the turns of the two who are sent it.
    Case {
        sends: "panic-in-send",
        hears: Some("PONG"),
        witness: None,
        logged: "a panic while sending to client ",
        each: Some(2),
        change: USUAL,
    },
    // In the thread that stores it: it is heard, and who said it is told.
    Case {
        sends: "panic-in-storage",
        hears: Some("ERROR: 500 Your last message could not be stored"),
        witness: Some("mallory: panic-in-storage"),
        logged: "messages.db: messages cannot be stored: the storage failed",
        each: None,
        change: USUAL,
    },
];

/// Once, with what everybody is to hear of it.
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
    let (mut witness, mut other) = (server.guest("witness", "lobby"), server.guest("other", "lobby"));
    witness.expect("other has connected to the chatroom");
    other.lines_so_far();
    ERRORS.lock().clear();
    for _ in 0..TIMES {
        once(&server, case, &mut witness);
    }
    let least = case.each.map_or(1, |each| TIMES * each);
    eventually("the log has all of them", || count_of(case.logged) >= least);
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
    assert_eq!(server.server().services().hub.people(), 2);
    other.quit();
    witness.expect("other has left the chatroom");
}

/// A second panic, while what is left of a session after the first one is put away.
fn twice_over(server: &TestServer) {
    let mut witness = server.guest("witness", "lobby");
    for _ in 0..TIMES {
        let mut mallory = server.guest("panic-in-leaving", "lobby");
        mallory.send("panic-in-session");
        mallory.expect_closed();
        witness.expect("panic-in-leaving has connected to the chatroom");
        witness.expect("panic-in-leaving has left the chatroom");
    }
    eventually("the log has both", || {
        (count_of("a panic while panic-in-leaving left"), count_of(SESSION)) == (TIMES, TIMES)
    });
    witness.send("/who lobby");
    witness.expect("In lobby: witness");
    ERRORS.lock().clear();
}

/// The name that brings the panic is free again each time.
fn on_the_way_in(server: &TestServer) {
    for _ in 0..TIMES {
        let mut mallory = server.connect();
        mallory.send("panic-in-sign-in_lobby");
        mallory.expect_closed();
    }
    assert_eq!(count_of(SESSION), TIMES);
    assert_eq!(server.server().services().hub.people(), 0);
}

#[test]
fn only_that_client_ends() {
    log::set_logger(&Errors).expect("the only logger");
    log::set_max_level(LevelFilter::Error);
    // Seven hundred of them would fill the screen.
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |why| {
        if !why.to_string().contains("asked for in ") {
            usual(why);
        }
    }));
    CASES.iter().for_each(a_hundred_times);
    twice_over(&TestServer::default());
    on_the_way_in(&TestServer::default());
}
