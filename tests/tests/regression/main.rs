//! One test for each defect of the programs that Landline replaces. Its name begins with the defect's number; the comment
//! describes the older program's behavior.

mod chat77;
mod lantalk;
mod lantalk_door;
mod tcp_chat;

use landline_tests::{Client, DEADLINE, TestServer};
use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Serializes tests that start a program and tests that restart a server. Until its exec, a child process has copies of
/// all open files, also of the locks of data folders.
static TURNS: Mutex<()> = Mutex::new(());

/// Connects and sends `line`. Returns the client and the answer.
fn send_first(server: &TestServer, line: &str) -> (Client, String) {
    let mut client = server.connect();
    client.send(line);
    let answer = client.line();
    (client, answer)
}

/// Signs in under a name whose previous session may still be ending. Returns how long that took.
fn sign_in_again(server: &TestServer, name: &str) -> (Client, Duration) {
    let since = Instant::now();
    loop {
        let (client, answer) = send_first(server, &format!("{name}_room"));
        if answer.starts_with("200 ") {
            return (client, since.elapsed());
        }
        assert!(answer.starts_with("403 ") && since.elapsed() < DEADLINE, "{name}: {answer}");
    }
}

/// Checks that two new guests can sign in and talk.
fn expect_working(server: &TestServer) {
    let mut speaker = server.guest("well-one", "infirmary");
    let mut listener = server.guest("well-two", "infirmary");
    speaker.until("well-two has connected");
    speaker.send("how are you?");
    listener.until("well-one: how are you?");
    listener.quit();
    speaker.quit();
}
