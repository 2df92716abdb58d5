//! The full-screen client in a real terminal, against a real server.
#![cfg(unix)]

mod accounts;
mod cable;
mod files;
mod first;
mod flood;
mod kinds;
mod life;
mod lines;
mod log;
mod mesh;
mod moderation;
mod panics;

use landline_tests::{Client, Terminal, TestServer};

/// Returns a server, alice at a terminal with the process id of her client, and bob as a text client that has received
/// the notice of alice's arrival.
fn alice_and_bob(cols: u16, rows: u16) -> (TestServer, Terminal, u32, Client) {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "lobby");
    let (alice, process) = Terminal::landline(cols, rows, test_server.address(), "alice");
    bob.expect("alice has connected to the chatroom");
    (test_server, alice, process, bob)
}

#[test]
fn users_exchange_messages() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("hello from the terminal\r");
    bob.expect("alice: hello from the terminal");
    bob.send("hello, alice – größe 日本 👍🏽");
    alice.wait_for("hello, alice – größe 日本");
    alice.press("/pm bo\tpsst\r");
    bob.expect("[PM] alice: psst");
    // The room stays in view.
    alice.wait_for("→ bob: psst");
    alice.press("to the room\r");
    bob.expect("alice: to the room");
    bob.send("/pm alice yes?");
    alice.press("/query bob\r");
    alice.wait_for("yes?");
    alice.press("\x1b1");
    alice.wait_for("hello from the terminal");
}

#[test]
fn screen_follows_the_window_size() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(60, 15);
    bob.send("a line to be seen");
    alice.wait_for("a line to be seen");
    let people = |screen: &vt100::Screen| screen.contents_between(1, 100, 2, 120).contains("2 here");
    alice.resize(120, 40);
    alice.until("a list of people at the right", people);
    alice.resize(60, 15);
    alice.until("no list of people", |screen| {
        screen.contents().contains("a line to be seen") && screen.contents().matches("2 here").count() == 1
    });
}

#[test]
fn paste_of_many_lines_needs_confirmation() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("\x1b[200~one\r\n\ttwo\r\n/quit\r\nfour\r\n\x1b[201~");
    alice.wait_for("4 lines were pasted");
    alice.press("\x1bl");
    for line in ["one", "    two", "/quit", "four"] {
        bob.expect(&format!("alice: {line}"));
    }
    alice.press("\x1b[200~one\n  two\n/quit\nfour\x1b[201~");
    alice.wait_for("4 lines were pasted");
    alice.press("\r");
    for line in ["one", "  two", "/quit", "four"] {
        bob.expect(&format!("alice: {line}"));
    }
}

#[test]
fn help_covers_the_conversation_until_closed() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("\x1bOP");
    alice.wait_for("Keys and commands");
    alice.press("\x1b");
    alice.until("no help", |screen| !screen.contents().contains("Keys and commands"));
    // Ctrl-L redraws the screen.
    alice.press("\x0c");
    alice.press("and on\r");
    bob.expect("alice: and on");
}
