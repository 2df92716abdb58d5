//! The content of files and log.

use crate::{folder, guest, server, start, stop};
use landline_tests::Client;
use std::fs;
use std::path::{Path, PathBuf};

/// More lines than a pipe and the server buffer for a reader that does not read.
const LINES: usize = 2_000;

/// Returns paths and contents of all files below a folder.
fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let below = |path: PathBuf| match path.is_dir() {
        true => files_below(&path),
        false => vec![(path.clone(), fs::read(&path).expect("a file"))],
    };
    entries.flat_map(below).collect()
}

#[test]
fn passwords_reach_neither_the_disk_nor_the_log() {
    let folder = folder();
    let secrets = ["zebra-crossing-1", "wrong-zebra-22", "sesame-zebra-333"];
    let mut command = server(folder.path());
    command.envs([("LANDLINE_LOG", "trace"), ("LANDLINE_PASSWORD", secrets[2])]);
    let (mut program, address) = start(&mut command);
    let mut client = Client::connect(address);
    for lines in [["REGISTER", secrets[2], "alice", secrets[0]], ["LOGIN", secrets[1], "alice_room", secrets[1]]] {
        lines.iter().for_each(|line| client.send(line));
    }
    client.end_sending();
    while client.next_line().is_some() {}
    let mut client = Client::connect(address);
    for password in [secrets[1], secrets[1], secrets[0]] {
        ["LOGIN", secrets[2], "alice", password].iter().for_each(|line| client.send(line));
    }
    client.until("AUTH_SUCCESS");
    client.quit();
    stop(&mut program);
    let mut files = files_below(folder.path());
    files.push(("stderr".into(), program.stderr().into_bytes()));
    for (name, content) in &files {
        let content = String::from_utf8_lossy(content);
        assert!(secrets.iter().all(|secret| !content.contains(secret)), "{} has a password", name.display());
    }
    let has = |name: &str, text: &str| {
        let file = files.iter().find(|(path, _)| path.ends_with(name));
        file.is_some_and(|(_, content)| String::from_utf8_lossy(content).contains(text))
    };
    assert!(
        has("accounts.json", "$2b$04$")
            && has("landline.log", "registered user=alice")
            && has("stderr", "alice joined")
    );
}

#[test]
fn clients_cannot_forge_log_lines() {
    let folder = folder();
    // An incomplete line, as a kill leaves it, is quoted in the log.
    fs::write(folder.path().join("sessions.jsonl"), "{\"name\":\"\u{1b}[2J\u{202e}\r").expect("a file");
    let mut command = server(folder.path());
    command
        .env("LANDLINE_LOG", "trace")
        .args(["--name", "Red\u{1b}[31m\u{9b}7m House\n2026-01-01 00:00:00 ERROR fake"]);
    let (mut program, address) = start(&mut command);
    for line in ["a\u{1b}[2J_room", "b\u{7}_room\u{1b}]0;x\u{7}", "LOGIN", "hello\u{202e}"] {
        let mut client = Client::connect(address);
        client.send(line);
        client.send("mal\u{1b}[31mlory");
        client.send("wrong\u{1b}[31m horse");
        client.end_sending();
        while client.next_line().is_some() {}
    }
    let mut client = guest(address, "mallory");
    client.send("/join x\u{1b}[2J");
    client.send("/no\u{1b}[2Jne\r2026-01-01 00:00:00 ERROR fake");
    client.send("hello\u{1b}[2J");
    client.quit();
    stop(&mut program);
    let log = fs::read_to_string(folder.path().join("landline.log")).expect("the log");
    for text in ["sessions.jsonl: {\"name\"", "mallory joined", "mallory left"] {
        assert!(log.contains(text), "{text:?} is not in {log}");
    }
    for line in log.lines().chain(program.stderr().lines()) {
        assert!(line.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{line:?}");
        assert!(line.starts_with("20") && !line.starts_with("2026-01-01 00:00:00"), "{line:?}");
    }
}

#[test]
fn unread_stderr_blocks_no_user() {
    let folder = folder();
    // Standard error is a pipe that is not read. It is full after some hundred lines.
    let (mut program, address) = start(server(folder.path()).env("LANDLINE_LOG", "debug"));
    let (mut alice, mut bob) = (guest(address, "alice"), guest(address, "bob"));
    alice.expect("bob has connected to the chatroom");
    for number in 0..LINES {
        let line = format!("{number} {}", "x".repeat(500));
        alice.send(&line);
        bob.expect(&format!("alice: {line}"));
    }
    guest(address, "carol").quit();
    stop(&mut program);
    let lines = |text: &str| text.matches("<alice> ").count();
    assert!(lines(&program.stderr()) < LINES, "it was not full");
    let log = fs::read_to_string(folder.path().join("landline.log")).expect("the log");
    assert_eq!((lines(&log), log.contains("carol left")), (LINES, true));
}
