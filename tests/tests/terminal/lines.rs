//! Messages of several lines: typed, pasted with bracketed paste, and pasted without it.

use crate::alice_and_bob;
use landline_tests::{Client, Program, Terminal, TestServer};

/// Asserts that bob receives a message with these lines.
#[track_caller]
fn expect_message(bob: &mut Client, lines: &[&str]) {
    for line in lines {
        bob.expect(&format!("alice: {line}"));
    }
}

/// Waits until two rows with these ends are on the screen, one directly below the other.
#[track_caller]
fn expect_rows(terminal: &mut Terminal, ends: [&str; 2]) {
    terminal.until(&ends.join(" above "), |screen| {
        let rows: Vec<String> = screen.rows(0, 80).map(|row| row.trim_end().to_owned()).collect();
        rows.windows(2).any(|pair| pair.iter().zip(ends).all(|(row, end)| row.ends_with(end)))
    });
}

#[test]
fn a9_alt_enter_and_ctrl_j_start_another_line() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    for line_end in ["\x1b\r", "\n"] {
        alice.press("def f():");
        alice.press(line_end);
        alice.press("    return 1");
        expect_rows(&mut alice, ["❯ def f():", "      return 1"]);
        alice.press("\r");
        expect_message(&mut bob, &["def f():", "    return 1"]);
    }
    // In one write, as from a script.
    alice.press("one\ntwo\r");
    expect_message(&mut bob, &["one", "two"]);
    bob.send("over to you");
    alice.wait_for("over to you");
    expect_rows(&mut alice, ["│ def f():", "│     return 1"]);
}

#[test]
fn a9_paste_keeps_its_lines_and_can_be_edited() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("\x1b[200~if x:\r\tretur\r\x1b[201~");
    alice.wait_for("      retur");
    alice.press("n\x1b[A now:\r");
    expect_message(&mut bob, &["if x: now:", "    return"]);
    alice.press("/pm bob \x1b[200~psst\r  psst\x1b[201~\r");
    bob.expect("[PM] alice: psst");
    bob.expect("[PM] alice:   psst");
}

#[test]
fn d8_paste_without_brackets_needs_confirmation() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("if x:\r\treturn\r/quit\r");
    alice.wait_for("3 lines were pasted");
    bob.send("nothing was said, and nobody has left");
    alice.press("\r");
    expect_message(&mut bob, &["if x:", "    return", "/quit"]);
    // A long paste arrives in several reads.
    let long = "words that were pasted\r".repeat(400);
    alice.press(&long);
    alice.wait_for("400 lines were pasted");
    alice.press("\x1b");
    alice.until("no question", |screen| !screen.contents().contains("were pasted"));
    alice.press("typed by hand\r");
    expect_message(&mut bob, &["typed by hand"]);
}

#[test]
fn d8_keys_from_a_script_count_as_typed() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.wait_for("2 here");
    alice.press("/pm bo\tpsst\r");
    bob.expect("[PM] alice: psst");
    alice.press("\x1b1first\rsecond\r");
    expect_message(&mut bob, &["first", "second"]);
}

#[test]
fn r3_enter_in_one_burst_with_the_next_line_sends_the_draft() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("meet at 5");
    alice.wait_for("meet at 5");
    alice.press("\r/pm bob se");
    alice.press("cret\r");
    bob.expect("alice: meet at 5");
    bob.expect("[PM] alice: secret");
}

#[test]
fn r4_typing_at_the_paste_question_sends_nothing() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("one\rtwo\rthree\r");
    alice.wait_for("3 lines were pasted");
    // Keys that follow a paste at once belong to it, so wait.
    std::thread::sleep(std::time::Duration::from_millis(100));
    alice.press("l");
    alice.until("no question", |screen| !screen.contents().contains("were pasted"));
    alice.press("\x03");
    alice.press("typed by hand\r");
    expect_message(&mut bob, &["typed by hand"]);
}

#[test]
fn m6_incoming_lines_keep_the_typed_line_intact() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "lobby");
    let mut alice = Terminal::new(80, 24);
    let address = test_server.address().to_string();
    alice.run(Program::client().args([&address, "--name", "alice", "--plain"]), "; echo ended-$?");
    bob.expect("alice has connected to the chatroom");
    alice.wait_for("200 Welcome");
    alice.press("half a sen");
    alice.wait_for("half a sen");
    bob.send("this comes in between");
    alice.until("the line stands below what came in", |screen| {
        let rows: Vec<String> = screen.rows(0, 80).map(|row| row.trim_end().to_owned()).collect();
        let heard = rows.iter().position(|row| row == "bob: this comes in between");
        heard.is_some_and(|at| rows.get(at + 1).is_some_and(|row| row == "half a sen"))
    });
    alice.press("tence\r");
    bob.expect("alice: half a sentence");
    // The arrow key recalls the last line for editing.
    alice.press("\x1b[A!\r");
    bob.expect("alice: half a sentence!");
    alice.press("\x1b[200~two\r  lines\x1b[201~\r");
    expect_message(&mut bob, &["two", "  lines"]);
    alice.press("/quit\r");
    alice.wait_for("ended-0");
    alice.expect_restored();
}
