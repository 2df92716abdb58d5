//! A panic gives the terminal back, says what happened, and is in the log. Nothing a person can do makes `landline`
//! panic, so another program takes the terminal by the same function and does.

use landline_tests::Terminal;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn a_panic_gives_the_terminal_back_and_says_where_it_was() {
    let folder = TempDir::new().expect("a folder");
    // What a panic quotes may be what somebody said: it is on the screen, where that was anyway, and not in the log.
    for (thread, message, noted) in
        [("main", "it was about \"staple\"", ""), ("another", "a fixed message", ": a fixed message")]
    {
        let file = folder.path().join(thread);
        let mut command = Command::new(env!("CARGO_BIN_EXE_landline-panic"));
        command.arg(thread).arg(&file).env("RUST_BACKTRACE", "0");
        let mut terminal = Terminal::new(120, 24);
        terminal.run(&command, "; echo ended-$?");
        terminal.wait_for("ended-101");
        terminal.wait_for(message);
        terminal.wait_for("landline-panic.rs:");
        terminal.expect_restored();
        let log = fs::read_to_string(&file).expect("a log");
        let place = format!(" on thread {thread}{noted}\n");
        assert!(log.contains("ERROR panicked at tests/src/bin/landline-panic.rs:") && log.contains(&place), "{log}");
        assert!(!log.contains("staple"), "{log}");
    }
}

#[test]
fn a_panic_without_a_log_is_said_all_the_same() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landline-panic"));
    command.env("RUST_BACKTRACE", "0");
    let mut terminal = Terminal::new(120, 24);
    terminal.run(&command, "; echo ended-$?");
    terminal.wait_for("ended-101");
    terminal.wait_for("it was about \"staple\"");
    terminal.expect_restored();
}
