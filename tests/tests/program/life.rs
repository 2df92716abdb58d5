//! How it ends, and what does not end it.

use crate::{folder, guest, logged_addresses, server, start, stop};
use landline_tests::{Client, Program, Unframed};
use std::fs;
use std::process::{Command, Stdio};

const GOODBYE: &str = "INFO: The server is shutting down.";

#[test]
fn a_signal_ends_it_in_order_and_everybody_is_told() {
    for signal in ["TERM", "INT"] {
        let folder = folder();
        let (mut program, address) = start(&mut server(folder.path()));
        let mut silent = Client::connect(address);
        let mut carol = Unframed::connect(address);
        carol.exchange("carol_other", "200");
        let mut alice = guest(address, "alice");
        carol.expect("alice has connected to the chatroom");
        program.signal(signal);
        alice.expect(GOODBYE);
        carol.expect(GOODBYE);
        // Of those who are left a moment longer, some see the others go.
        while let Some(line) = alice.next_line() {
            assert_eq!(line, "carol has left the chatroom");
        }
        while let left = carol.recv()
            && !left.is_empty()
        {
            assert_eq!(left, "alice has left the chatroom");
        }
        assert!(silent.next_line().is_none_or(|line| line.starts_with("Authorise")));
        assert_eq!(program.wait().code(), Some(0), "{signal}");
        let log = program.stderr();
        assert!(log.contains("stopping") && !log.contains("panicked") && !log.contains("ERROR"), "{log}");
    }
}

#[test]
fn it_runs_on_when_nobody_reads_its_output_and_nothing_can_be_typed() {
    let folder = folder();
    let program = server(folder.path());
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" <&- >&-"]).arg(program.get_program()).args(program.get_args()).arg("0");
    let mut program = Program::start(&mut shell, Stdio::piped());
    let address = logged_addresses(&mut program)[0];
    let mut alice = guest(address, "alice");
    let mut bob = guest(address, "bob");
    alice.expect("bob has connected to the chatroom");
    bob.send("hello");
    alice.expect("bob: hello");
    stop(&mut program);
    alice.until(GOODBYE);
    let log = fs::read_to_string(folder.path().join("landline.log")).expect("the log");
    assert!(log.contains("alice joined") && log.contains("bob left"), "{log}");
}
