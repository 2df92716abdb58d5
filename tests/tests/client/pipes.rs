//! Lines on standard input and output.

use crate::{landline, outcome, piped};
use landline_tests::{Program, TestServer, without_first_meeting};
use std::process::Stdio;

/// Starts the program on pipes, and waits until it is signed in.
fn start_and_sign_in(test_server: &TestServer, name: &str) -> Program {
    let mut witness = test_server.guest("witness", "elsewhere");
    let mut program = Program::start(&mut landline(test_server, name), Stdio::piped());
    witness.expect(&format!("{name} has connected to the chatroom"));
    witness.quit();
    program.until("witness has left the chatroom");
    program
}

#[test]
fn piped_line_is_sent_silently() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "ops");
    let output = piped(landline(&test_server, "ci").args(["--room", "ops"]), "hi – grüße 日本\n");
    assert_eq!(outcome(&output), (0, String::new(), String::new()));
    bob.expect("ci has connected to the chatroom");
    bob.expect("ci: hi – grüße 日本");
    bob.expect("ci has left the chatroom");
}

#[test]
fn piped_line_of_an_account_goes_to_its_room() {
    let test_server = TestServer::default();
    test_server.register("ci", "correct horse");
    let mut bob = test_server.guest("bob", "ops");
    let mut command = landline(&test_server, "ci");
    let output = piped(command.args(["--room", "ops"]).env("LANDLINE_PASSWORD", "correct horse"), "built\n");
    assert_eq!(outcome(&output), (0, String::new(), String::new()));
    bob.expect("ci has connected to the chatroom");
    bob.expect("ci: built");
}

#[test]
fn commands_and_talk_keep_their_order() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "dev");
    let output = piped(
        &mut landline(&test_server, "ci"),
        "/join dev\nin dev\n/pm bob psst\n/leave dev\nin the lobby\n/who dev\n",
    );
    assert_eq!(
        outcome(&output),
        (
            0,
            "INFO: You are in dev now\nINFO: You left dev\nINFO: You are in lobby now\nIn dev: bob\n".into(),
            String::new()
        )
    );
    for line in ["ci has connected to the chatroom", "ci joined dev", "ci: in dev", "[PM] ci: psst", "ci left dev"] {
        bob.expect(line);
    }
    bob.expect("ci has left the chatroom");
}

#[test]
fn d6_say_option_sends_every_line_as_talk() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "ops");
    let log = "job 1 started\nmessage bob is not a command here\nbroadcast storm detected\nwhoelse\n/dev/sda1 is full\n\
               logout\njob 2 failed\n";
    let output = piped(landline(&test_server, "log").args(["--room", "ops", "--say"]), log);
    assert_eq!(outcome(&output), (0, String::new(), String::new()));
    bob.expect("log has connected to the chatroom");
    for line in log.lines() {
        bob.expect(&format!("log: {line}"));
    }
    // Without --say, only lines that begin with a slash are commands.
    let (code, _, complaint) = outcome(&piped(landline(&test_server, "log").args(["--room", "ops"]), log));
    assert_eq!(code, 1);
    assert!(complaint.contains("/dev/sda1 is full") && complaint.contains("1 line was refused"), "{complaint}");
    bob.until("log has connected to the chatroom");
    for line in log.lines().filter(|line| !line.starts_with('/')) {
        bob.expect(&format!("log: {line}"));
    }
}

#[test]
fn d6_lines_after_quit_in_a_pipe_are_reported() {
    let test_server = TestServer::default();
    let (code, _, complaint) = outcome(&piped(&mut landline(&test_server, "log"), "one\n/quit\njob 2 failed\n"));
    assert_eq!(code, 1);
    assert!(complaint.contains("not sent: job 2 failed") && complaint.contains("1 line was not sent"), "{complaint}");
}

#[test]
fn a1_piped_line_arrives_at_once_despite_history_in_many_rooms() {
    let test_server = TestServer::new(|config| config.rate = Some((10, std::time::Duration::from_secs(5))));
    test_server.register("ci", "correct horse");
    let mut bob = test_server.guest("bob", "r7");
    let mut program = Program::start(
        landline(&test_server, "ci").args(["--room", "r7"]).env("LANDLINE_PASSWORD", "correct horse"),
        Stdio::piped(),
    );
    bob.expect("ci has connected to the chatroom");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let typed = std::time::Instant::now();
    program.type_line("/join r8");
    program.type_line("/join r7");
    for n in 0..4 {
        program.type_line(&format!("line {n}"));
    }
    bob.until("ci: line 3");
    assert!(typed.elapsed() < std::time::Duration::from_secs(2), "{:?}", typed.elapsed());
}

#[test]
fn lines_above_the_rate_all_arrive() {
    let test_server = TestServer::new(|config| config.rate = Some((10, std::time::Duration::from_secs(5))));
    let mut bob = test_server.guest("bob", "lobby");
    let lines: Vec<String> = (0..14).map(|n| format!("line {n}")).collect();
    let output = piped(&mut landline(&test_server, "ci"), &lines.join("\n"));
    assert_eq!(outcome(&output), (0, String::new(), String::new()));
    bob.expect("ci has connected to the chatroom");
    for line in lines {
        bob.expect(&format!("ci: {line}"));
    }
}

#[test]
fn incoming_messages_are_printed() {
    let test_server = TestServer::default();
    let mut alice = start_and_sign_in(&test_server, "alice");
    let mut bob = test_server.guest("bob", "lobby");
    assert_eq!(alice.line().as_deref(), Some("bob has connected to the chatroom"));
    bob.send("hello\x1b[31m alice");
    bob.send("/pm alice psst");
    bob.send("/connect alice");
    alice.until("PRIVATE_REQUEST_FROM:bob");
    alice.type_line("/accept bob");
    alice.until("PRIVATE_CONNECTED:bob");
    bob.until("PRIVATE_CONNECTED:alice");
    alice.type_line("/private bob in private");
    bob.expect("[Private] alice: in private");
    alice.type_line("/quit");
    assert_eq!(alice.wait().code(), Some(0));
    assert_eq!(without_first_meeting(&alice.stderr()), "");
}

#[test]
fn printed_talk_is_cleaned_and_names_its_room() {
    let test_server = TestServer::default();
    let mut alice = start_and_sign_in(&test_server, "alice");
    let mut bob = test_server.guest("bob", "ops");
    alice.until("bob has connected");
    alice.type_line("/join ops");
    assert_eq!(alice.line().as_deref(), Some("INFO: You are in ops now"));
    bob.until("alice joined ops");
    bob.send("here");
    assert_eq!(alice.line().as_deref(), Some("bob: here"));
    bob.send("/join lobby");
    alice.type_line("/join lobby");
    alice.until("You are in lobby now");
    bob.send("/join ops");
    bob.send("there");
    alice.until("[ops] bob: there");
}

#[test]
fn closed_output_ends_the_program_quietly() {
    let test_server = TestServer::default();
    let mut alice = start_and_sign_in(&test_server, "alice");
    let mut bob = test_server.guest("bob", "lobby");
    alice.until("bob has connected");
    alice.close_output();
    bob.send("hello?");
    bob.expect("alice has left the chatroom");
    assert_eq!(alice.wait().code(), Some(0));
    assert_eq!(without_first_meeting(&alice.stderr()), "");
}

#[test]
fn signal_ends_the_program_in_order() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "lobby");
    for (signal, name) in [("TERM", "ann"), ("INT", "cy")] {
        let mut program = start_and_sign_in(&test_server, name);
        bob.until(&format!("{name} has connected to the chatroom"));
        program.signal(signal);
        assert_eq!(program.wait().code(), Some(0));
        assert_eq!(without_first_meeting(&program.stderr()), "");
        bob.until(&format!("{name} has left the chatroom"));
    }
}
