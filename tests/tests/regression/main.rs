//! One test for each defect of the programs that Landline replaces: its number, and what the predecessor did, stand
//! above it.

mod chat77;
mod lantalk;
mod lantalk_door;
mod tcp_chat;

use landline_tests::{Client, DEADLINE, TestServer};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Until its program has begun, a child process has a copy of everything that is open, also of the locks of data folders:
/// tests that start one, and tests that start a server again, take turns.
static TURNS: Mutex<()> = Mutex::new(());

/// Begins to sign in with that line. Returns the answer, too.
fn knock(server: &TestServer, line: &str) -> (Client, String) {
    let mut client = server.connect();
    client.send(line);
    let answer = client.line();
    (client, answer)
}

/// Comes in under a name whose last session is just ending, as soon as that is possible. Returns how long that took.
fn again(server: &TestServer, name: &str) -> (Client, Duration) {
    let since = Instant::now();
    loop {
        let (client, answer) = knock(server, &format!("{name}_room"));
        if answer.starts_with("200 ") {
            return (client, since.elapsed());
        }
        assert!(answer.starts_with("403 ") && since.elapsed() < DEADLINE, "{name}: {answer}");
    }
}

/// Two people come in and talk: all is well with the server.
fn all_is_well(server: &TestServer) {
    let (mut one, mut other) = (server.guest("well-one", "infirmary"), server.guest("well-two", "infirmary"));
    one.until("well-two has connected");
    one.send("how are you?");
    other.until("well-one: how are you?");
    other.quit();
    one.quit();
}
