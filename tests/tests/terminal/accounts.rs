//! Making an account, changing its password and signing in with it, as a user does at a terminal.

use landline_tests::{Program, Terminal, TestServer};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

/// `landline` at that server, with files of its own in that folder.
fn landline(test_server: &TestServer, folder: &Path, args: &[&str]) -> Command {
    let mut command = Program::client();
    for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
        command.env(name, folder.join(name));
    }
    command.arg(test_server.address().to_string()).args(args);
    command
}

/// Answers questions, each when it is there.
#[track_caller]
fn answer(terminal: &mut Terminal, answers: &[(&str, &str)]) {
    for (question, text) in answers {
        terminal.wait_for(question);
        terminal.press(&format!("{text}\r"));
    }
}

fn last(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("XDG_STATE_HOME/landline/last.toml")).expect("a file")
}

#[test]
fn on_the_full_screen() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let mut bob = test_server.guest("bob", "lobby");
    let mut alice = Terminal::new(90, 24);
    let command = landline(&test_server, folder.path(), &["--name", "alice"]);
    alice.run(&command, "; echo ended-$?");
    alice.wait_for("Welcome to Landline, alice");
    alice.press("/register\r");
    answer(&mut alice, &[("A new password", OLD), ("The new password again", "correct hearse")]);
    answer(&mut alice, &[("the two passwords differ", OLD), ("The new password again", OLD)]);
    alice.wait_for("alice is your account now");
    alice.press("/password\r");
    answer(&mut alice, &[("Your present password", OLD), ("A new password", NEW), ("The new password again", NEW)]);
    alice.wait_for("Your password is changed");
    alice.until("no secret", |screen| !screen.contents().contains("horse") && !screen.contents().contains("staple"));
    // The arrow brings back commands, never an answer.
    alice.press("\x1b[A");
    alice.wait_for("/password");
    alice.press("\x03/quit\r");
    alice.wait_for("ended-0");
    bob.until("alice has left");
    let remembered = last(folder.path());
    assert!(remembered.contains("account = true") && !remembered.contains("staple"), "{remembered}");

    alice.press("clear\r");
    alice.run(&command, "; echo ended-$?");
    answer(&mut alice, &[("Password for alice", OLD), ("Invalid alias or password", NEW)]);
    alice.wait_for("Welcome to Landline, alice");
    alice.press("/quit\r");
    alice.wait_for("ended-0");
    alice.expect_restored();
}

#[test]
fn in_lines() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let mut alice = Terminal::new(100, 50);
    let command = landline(&test_server, folder.path(), &["--name", "alice", "--plain"]);
    alice.run(&command, "; echo ended-$?");
    alice.wait_for("200 Welcome to Landline, alice.");
    alice.press("/register\r");
    answer(&mut alice, &[("A new password", OLD), ("The new password again:", OLD)]);
    alice.wait_for("INFO: alice is your account now.");
    alice.press("/password\r");
    answer(&mut alice, &[("Your present password:", "wrong horse"), ("or more:", NEW)]);
    // The question stands there twice now.
    alice.until("the second question", |screen| screen.contents().matches("The new password again:").count() == 2);
    alice.press(&format!("{NEW}\r"));
    alice.wait_for("ERROR: 403 That is not your present password.");
    alice.press("hello\r/quit\r");
    alice.wait_for("ended-0");
    let contents = alice.contents();
    assert!(!contents.contains("horse") && !contents.contains("staple"), "{contents}");
    assert!(last(folder.path()).contains("account = true"));
    alice.press("clear\r");
    alice.run(&command, "; echo ended-$?");
    answer(&mut alice, &[("Password for alice:", OLD)]);
    alice.wait_for("200 Welcome to Landline, alice.");
    alice.press("\x04");
    alice.wait_for("ended-0");
    alice.expect_restored();
}

#[test]
fn a_name_that_is_taken_is_asked_for_again() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let _bob = test_server.guest("bob", "lobby");
    for (more, welcome) in
        [(&["--name", "bob"][..], "Welcome to Landline, zoe"), (&["--name", "bob", "--plain"], "200 ")]
    {
        let mut zoe = Terminal::new(90, 24);
        zoe.run(&landline(&test_server, folder.path(), more), "; echo ended-$?");
        zoe.wait_for("is taken. Choose another");
        zoe.wait_for("Your name");
        zoe.press(if welcome == "200 " { "zoe\r" } else { "\x15zoe\r" });
        zoe.wait_for("How do you want to sign in, zoe?");
        zoe.press("\r");
        zoe.wait_for(welcome);
        zoe.press("/quit\r");
        zoe.wait_for("ended-0");
        zoe.expect_restored();
    }
}

#[test]
fn an_account_is_made_at_the_start_by_a_password_that_is_typed_twice() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    for (name, more) in
        [("alice", &["--name", "alice", "--register"][..]), ("bob", &["--name", "bob", "--register", "--plain"])]
    {
        let mut terminal = Terminal::new(90, 24);
        terminal.run(&landline(&test_server, folder.path(), more), "; echo ended-$?");
        answer(&mut terminal, &[(&format!("Choose a password for {name}"), OLD), ("The same password again", OLD)]);
        terminal.wait_for(&format!("Welcome to Landline, {name}"));
        terminal.press("/quit\r");
        terminal.wait_for("ended-0");
        test_server.login(name, OLD).quit();
    }
}

#[test]
fn what_no_answer_changes_ends_it_as_ever() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    test_server.register("alice", OLD);
    let _alice = test_server.login("alice", OLD);
    let mut terminal = Terminal::new(90, 24);
    let command = landline(&test_server, folder.path(), &["--name", "alice", "--password", OLD]);
    terminal.run(&command, "; echo ended-$?");
    terminal.wait_for("already logged in");
    terminal.wait_for("ended-1");
}
