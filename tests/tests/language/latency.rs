//! What a user types goes first: with a past in twenty rooms, after a restart of the server, in rooms just joined.

use crate::{PASSWORD, on_screen, with_account};
use landline_tests::{Client, ObjectClient, Terminal, TestServer};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The goal is 0.5 s; the rest is for a busy machine.
const HEARD: Duration = Duration::from_secs(2);
/// How long after signing in, or coming back, a user begins to type.
const SETTLING: Duration = Duration::from_millis(800);
const ROOMS: usize = 20;

/// A server with its own rate, on a port that it has again after a restart.
fn test_server() -> TestServer {
    let free = TcpListener::bind("127.0.66.12:0").and_then(|listener| listener.local_addr()).expect("a free port");
    TestServer::new(|config| {
        (config.bind, config.ports) = (free.ip(), vec![free.port()]);
        config.rate = Some((10, Duration::from_secs(5)));
    })
}

/// alice's program, which remembers her rooms in a folder.
fn alice(server: SocketAddr, folder: &Path) -> Command {
    let mut command = with_account(server, "alice");
    command.env("XDG_STATE_HOME", folder);
    command
}

fn room(n: usize) -> String {
    format!("room{n}")
}

/// An account that was in twenty rooms, in each of which something was said since.
fn with_a_past(test_server: &TestServer, folder: &Path) {
    test_server.register("alice", PASSWORD);
    let rooms: Vec<String> = (0..ROOMS).map(room).collect();
    let all: Value = rooms.iter().map(|room| (room.clone(), Value::Null)).collect();
    let mut login = ObjectClient::connect(test_server);
    login.sign_in(json!({"type": "login", "user": "alice", "password": PASSWORD, "rooms": all}));
    login.request(json!({"type": "say", "room": "room0", "text": "alice was here"}));
    login.client.quit();
    for (n, rooms) in rooms.chunks(5).enumerate() {
        let mut other = ObjectClient::connect(test_server);
        let own: Value = rooms.iter().map(|room| (room.clone(), Value::Null)).collect();
        other.sign_in(json!({"type": "guest", "user": format!("other{n}"), "rooms": own}));
        for room in rooms {
            other.request(json!({"type": "say", "room": room, "text": "said since"}));
        }
        other.client.quit();
    }
    let rooms: Vec<String> = rooms.iter().map(|room| format!("\"{room}\"")).collect();
    let visit = format!(
        "[[visits]]\nserver = \"{}\"\nname = \"alice\"\nrooms = [{}]\n",
        test_server.address(),
        rooms.join(", ")
    );
    std::fs::create_dir_all(folder.join("landline")).expect("a folder");
    std::fs::write(folder.join("landline").join("last.toml"), visit).expect("a file");
}

/// Types a line, which must be heard at once. How long that took.
#[track_caller]
fn types(alice: &mut Terminal, text: &str, (witness, heard): (&mut Client, &str)) {
    let typed = Instant::now();
    alice.press(&format!("{text}\r"));
    witness.until(heard);
    let took = typed.elapsed();
    println!("heard after {took:?}: {heard}");
    assert!(took <= HEARD, "{heard}: {took:?}");
}

#[test]
fn a1_a_line_is_heard_at_once_with_a_past_in_twenty_rooms() {
    let (mut test_server, folder) = (test_server(), TempDir::new().expect("a folder"));
    with_a_past(&test_server, folder.path());
    let mut witness = test_server.guest("witness", "lobby");
    let mut other = test_server.guest("other", &room(7));
    let mut alice = on_screen(&alice(test_server.address(), folder.path()));
    std::thread::sleep(SETTLING);
    types(&mut alice, "first line", (&mut witness, "alice: first line"));
    alice.press("/join room7\r");
    alice.wait_for(" room7  2 here");
    types(&mut alice, "in a room of before", (&mut other, "alice: in a room of before"));
    for n in 0..4 {
        types(&mut alice, &format!("more {n}"), (&mut other, &format!("alice: more {n}")));
    }

    test_server.restart();
    let mut witness = test_server.guest("witness", "lobby");
    let mut other = test_server.guest("other", &room(7));
    witness.until("alice has connected to the chatroom");
    std::thread::sleep(SETTLING);
    types(&mut alice, "after the restart", (&mut other, "alice: after the restart"));
    types(&mut alice, "\x1b1in the lobby", (&mut witness, "alice: in the lobby"));
    // All rooms are back.
    for n in 0..ROOMS {
        let mut asks = test_server.guest("asks", "elsewhere");
        asks.send(&format!("/who {}", room(n)));
        let listed = asks.until(&format!("In {}", room(n)));
        assert!(listed.contains("alice"), "{listed}");
        asks.quit();
    }
}

#[test]
fn a1_a_line_typed_right_behind_a_join_goes_into_that_room() {
    let (test_server, folder) = (test_server(), TempDir::new().expect("a folder"));
    test_server.register("alice", PASSWORD);
    let mut lobby = test_server.guest("bob", "lobby");
    let mut ops = test_server.guest("carol", "ops");
    let mut dev = test_server.guest("dave", "dev");
    let mut alice = on_screen(&alice(test_server.address(), folder.path()));
    std::thread::sleep(SETTLING);
    for (room, witness) in [("ops", &mut ops), ("dev", &mut dev)] {
        alice.press(&format!("/join {room}\r"));
        // Keys that come together would be a paste.
        std::thread::sleep(Duration::from_millis(10));
        types(&mut alice, &format!("only for {room}"), (witness, &format!("alice: only for {room}")));
    }
    alice.wait_for(" dev  2 here");
    lobby.until("alice has connected to the chatroom");
    assert!(lobby.drain_lines().iter().all(|line| !line.contains("only for")), "not in the lobby");
}

#[test]
fn d4_a_room_that_opens_late_takes_neither_view_nor_words() {
    let (test_server, folder) = (test_server(), TempDir::new().expect("a folder"));
    let mut bob = test_server.guest("bob", "lobby");
    test_server.register("alice", PASSWORD);
    let mut alice = on_screen(&alice(test_server.address(), folder.path()));
    bob.send("/pm alice psst");
    alice.wait_for("2 bob");
    // More than the server takes at once, so that the room waits.
    for n in 0..12 {
        alice.press(&format!("line {n}\r"));
        std::thread::sleep(Duration::from_millis(60));
    }
    alice.press("/join ops\r");
    alice.wait_for("joining…");
    alice.press("\x1b2");
    alice.wait_for("psst");
    alice.press("the password is ");
    alice.wait_for("2 ops");
    alice.wait_for("❯ the password is");
    alice.press("hunter2\r");
    bob.until("[PM] alice: the password is hunter2");
}
