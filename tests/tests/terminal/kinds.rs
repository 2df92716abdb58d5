//! Kinds of terminals: dumb ones, ones that tell no size, ones that make arrows of the mouse wheel.

use crate::alice_and_bob;
use landline_tests::{Program, Terminal, TestServer};

/// Runs `landline` as alice, with something in front of the command.
fn run(terminal: &mut Terminal, before: &str, test_server: &TestServer) {
    let program = Program::client();
    let program = program.get_program().to_string_lossy().into_owned();
    terminal.press(&format!("{before} {program} {} --name alice\r", test_server.address()));
}

#[test]
fn d14_a_dumb_terminal_gets_lines() {
    for term in ["TERM=dumb", "TERM=", "env -u TERM"] {
        let test_server = TestServer::default();
        let mut bob = test_server.guest("bob", "lobby");
        let mut terminal = Terminal::new(80, 24);
        run(&mut terminal, term, &test_server);
        bob.expect("alice has connected to the chatroom");
        bob.send("hello, alice");
        terminal.wait_for("bob: hello, alice");
        terminal.until("no screen of its own", |screen| !screen.alternate_screen());
        terminal.press("and hello, bob\r");
        bob.expect("alice: and hello, bob");
    }
}

#[test]
fn d15_a_terminal_without_a_size_is_drawn_on() {
    for (before, last_row) in [("", 23), ("COLUMNS=70 LINES=20", 19)] {
        let test_server = TestServer::default();
        let mut terminal = Terminal::new(80, 24);
        run(&mut terminal, &format!("stty rows 0 cols 0; {before}"), &test_server);
        terminal.until("the input in the last row", |screen| {
            screen.rows(0, 80).nth(last_row).is_some_and(|row| row.starts_with('❯'))
                && screen.contents().contains("connected")
        });
    }
}

#[test]
fn d10_a_notch_of_the_wheel_scrolls_and_leaves_the_draft_alone() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(60, 10);
    alice.press("said before\r");
    bob.expect("alice: said before");
    for line in 0..8 {
        bob.send(&format!("line {line}"));
    }
    alice.wait_for("line 7");
    alice.press("a draft");
    alice.wait_for("❯ a draft");
    alice.press("\x1b[A\x1b[A\x1b[A");
    alice.until("the conversation, three rows up", |screen| {
        let contents = screen.contents();
        contents.contains("reading back") && !contents.contains("line 7") && contents.contains("❯ a draft")
    });
    alice.press("\x1b[B\x1b[B\x1b[B");
    alice.wait_for("line 7");
    alice.press("!\r");
    bob.expect("alice: a draft!");
    alice.press("\x1b[A");
    alice.wait_for("❯ a draft!");
}
