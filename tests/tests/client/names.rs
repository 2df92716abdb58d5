//! The name of a guest belongs to the program that used it, also after `kill -9`.

use crate::{landline, outcome, piped};
use landline_tests::{Program, TestServer, eventually};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Returns the command `landline --json` whose state is in `folder`.
fn with_state(test_server: &TestServer, name: &str, folder: &Path) -> Command {
    let mut command = landline(test_server, name);
    command.arg("--json").env("XDG_STATE_HOME", folder);
    command
}

/// Starts a program, and waits until it is signed in.
fn sign_in(command: &mut Command) -> Program {
    let mut program = Program::start(command, Stdio::piped());
    let welcome = program.until("\"auth_ok\"");
    assert!(welcome.contains("\"name_token\":\""), "{welcome}");
    program
}

#[test]
fn killed_programs_come_back_under_their_names_and_no_other_user_gets_them() {
    let test_server = TestServer::default();
    let mut witness = test_server.guest("witness", "lobby");
    let here = TempDir::new().expect("a folder");
    let elsewhere = TempDir::new().expect("a folder");
    for name in ["bob", "carol"] {
        let program = sign_in(&mut with_state(&test_server, name, here.path()));
        program.signal("KILL");
        witness.until(&format!("{name} has left"));
    }
    for name in ["bob", "carol"] {
        let mut nc = test_server.connect();
        nc.send(&format!("{name}_lobby"));
        assert!(nc.line().starts_with(&format!("403 {name} is reserved for 12 h")));
        let other = outcome(&piped(&mut with_state(&test_server, name, elsewhere.path()), ""));
        assert!(other.0 == 1 && other.2.contains("is reserved for 12 h") && other.2.contains("--name"), "{other:?}");
    }
    let _both = ["bob", "carol"].map(|name| sign_in(&mut with_state(&test_server, name, here.path())));
}

#[test]
fn lines_from_a_pipe_keep_no_name_of_their_own() {
    let test_server = TestServer::default();
    let mut witness = test_server.guest("witness", "lobby");
    let here = TempDir::new().expect("a folder");
    let mut command = landline(&test_server, "ci");
    command.env("XDG_STATE_HOME", here.path());
    assert_eq!(outcome(&piped(&mut command, "built\n")), (0, String::new(), String::new()));
    witness.until("ci has left");
    test_server.guest("ci", "lobby").quit();
    witness.until("ci has left");
    sign_in(&mut with_state(&test_server, "ci", here.path())).signal("KILL");
    witness.until("ci has left");
    assert_eq!(outcome(&piped(&mut command, "built again\n")).0, 0, "the token of the other run");
    witness.until("ci: built again");
}

#[test]
fn program_whose_user_takes_another_name_comes_back_under_it() {
    let test_server = TestServer::default();
    let mut witness = test_server.guest("witness", "lobby");
    let here = TempDir::new().expect("a folder");
    let mut program = sign_in(&mut with_state(&test_server, "bob", here.path()));
    program.type_line(r#"{"type":"nick","to":"robert"}"#);
    witness.until("bob is now robert");
    let tokens = here.path().join("landline").join("name_tokens.toml");
    eventually("the token is stored", || fs::read_to_string(&tokens).is_ok_and(|text| text.contains("robert")));
    program.signal("KILL");
    witness.until("robert has left");
    let mut nc = test_server.connect();
    nc.send("robert_lobby");
    assert!(nc.line().starts_with("403 robert is reserved for 12 h"));
    let _robert = sign_in(&mut with_state(&test_server, "robert", here.path()));
    let _bob = sign_in(&mut with_state(&test_server, "bob", here.path()));
}
