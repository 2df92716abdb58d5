//! A panic restores the terminal and is reported there and in the log. Since no input makes `landline` panic, the
//! program `landline-panic` takes the terminal by the same function and panics.

use landline_tests::Terminal;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn panic_restores_the_terminal_and_is_reported() {
    let folder = TempDir::new().expect("a folder");
    // A panic message may quote a user's text. Such a message is shown on the screen, but is not in the log.
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
fn panic_without_a_log_is_reported() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landline-panic"));
    command.env("RUST_BACKTRACE", "0");
    let mut terminal = Terminal::new(120, 24);
    terminal.run(&command, "; echo ended-$?");
    terminal.wait_for("ended-101");
    terminal.wait_for("it was about \"staple\"");
    terminal.expect_restored();
}
