//! Messages of several lines: typed, pasted, and pasted where the terminal does not say so.

use crate::alice_and_bob;
use landline_tests::{Client, Program, Terminal, TestServer};

/// What bob hears of a message of several lines.
#[track_caller]
fn hears(bob: &mut Client, lines: &[&str]) {
    for line in lines {
        bob.expect(&format!("alice: {line}"));
    }
}

/// Two rows that end so are on the screen, one below the other.
#[track_caller]
fn below_each_other(terminal: &mut Terminal, ends: [&str; 2]) {
    terminal.until(&ends.join(" above "), |screen| {
        let rows: Vec<String> = screen.rows(0, 80).map(|row| row.trim_end().to_owned()).collect();
        rows.windows(2).any(|pair| pair.iter().zip(ends).all(|(row, end)| row.ends_with(end)))
    });
}

#[test]
fn a9_alt_enter_and_ctrl_j_begin_another_line() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
    for line_end in ["\x1b\r", "\n"] {
        alice.press("def f():");
        alice.press(line_end);
        alice.press("    return 1");
        below_each_other(&mut alice, ["❯ def f():", "      return 1"]);
        alice.press("\r");
        hears(&mut bob, &["def f():", "    return 1"]);
    }
    // In one go, as a script sends it.
    alice.press("one\ntwo\r");
    hears(&mut bob, &["one", "two"]);
    bob.send("over to you");
    alice.wait_for("over to you");
    below_each_other(&mut alice, ["│ def f():", "│     return 1"]);
}

#[test]
fn a9_a_paste_keeps_its_lines_and_can_be_edited() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("\x1b[200~if x:\r\tretur\r\x1b[201~");
    alice.wait_for("      retur");
    alice.press("n\x1b[A now:\r");
    hears(&mut bob, &["if x: now:", "    return"]);
    alice.press("/pm bob \x1b[200~psst\r  psst\x1b[201~\r");
    bob.expect("[PM] alice: psst");
    bob.expect("[PM] alice:   psst");
}

#[test]
fn d8_a_paste_without_brackets_is_asked_about() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("if x:\r\treturn\r/quit\r");
    alice.wait_for("3 lines were pasted");
    bob.send("nothing was said, and nobody has left");
    alice.press("\r");
    hears(&mut bob, &["if x:", "    return", "/quit"]);
    // A long one comes in pieces.
    let long = "words that were pasted\r".repeat(400);
    alice.press(&long);
    alice.wait_for("400 lines were pasted");
    alice.press("\x1b");
    alice.until("no question", |screen| !screen.contents().contains("were pasted"));
    alice.press("typed by hand\r");
    hears(&mut bob, &["typed by hand"]);
}

#[test]
fn d8_keys_that_a_script_sends_are_typed() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.wait_for("2 here");
    alice.press("/pm bo\tpsst\r");
    bob.expect("[PM] alice: psst");
    alice.press("\x1b1first\rsecond\r");
    hears(&mut bob, &["first", "second"]);
}

#[test]
fn r3_enter_that_comes_with_the_next_line_sends_the_draft() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("meet at 5");
    alice.wait_for("meet at 5");
    alice.press("\r/pm bob se");
    alice.press("cret\r");
    bob.expect("alice: meet at 5");
    bob.expect("[PM] alice: secret");
}

#[test]
fn r4_typing_on_at_the_question_about_a_paste_sends_nothing() {
    let (_house, mut alice, _, mut bob) = alice_and_bob(80, 24);
    alice.press("one\rtwo\rthree\r");
    alice.wait_for("3 lines were pasted");
    // What comes right behind a paste belongs to it.
    std::thread::sleep(std::time::Duration::from_millis(100));
    alice.press("l");
    alice.until("no question", |screen| !screen.contents().contains("were pasted"));
    alice.press("\x03");
    alice.press("typed by hand\r");
    hears(&mut bob, &["typed by hand"]);
}

#[test]
fn m6_what_comes_in_leaves_the_line_that_is_being_typed_alone() {
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
    // What was said comes back, and can be changed.
    alice.press("\x1b[A!\r");
    bob.expect("alice: half a sentence!");
    alice.press("\x1b[200~two\r  lines\x1b[201~\r");
    hears(&mut bob, &["two", "  lines"]);
    alice.press("/quit\r");
    alice.wait_for("ended-0");
    alice.expect_restored();
}
