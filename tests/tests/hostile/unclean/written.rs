//! Output for the operator: the console and the log.

use super::texts::{NAMES, TEXTS, is_harmless};
use landline_tests::{Client, Program};
use std::fs;
use tempfile::TempDir;

#[test]
fn console_and_log_contain_no_control_sequences_of_clients() {
    let folder = TempDir::new().expect("a folder");
    let mut command = Program::quiet_server(folder.path(), "off");
    let (mut server, address) = Program::start_server(command.env("LANDLINE_LOG", "trace"));
    for name in NAMES {
        for lines in
            [format!("{name}_salon"), format!("REGISTER\n{name}\ncorrect horse"), format!("LOGIN\n{name}\nwrong horse")]
        {
            let mut client = Client::connect(address);
            client.send(&lines);
            client.end_sending();
            while client.next_line().is_some() {}
        }
    }
    let mut eve = Client::connect(address);
    eve.send("eve_salon");
    eve.until("200 ");
    for text in TEXTS.iter().filter(|text| !text.contains('\n')) {
        for command in ["/say", "/all", "/pm nobody", "/join", "/ping", "/\u{1b}[2J", "/block"] {
            eve.send(&format!("{command} {text}"));
        }
    }
    eve.drain_lines();
    for line in
        ["/users", "/rooms", "/stats", "/bans", "/kick \u{1b}[2Jnobody", "/unlock \u{9b}31m", "/nope\u{1b}[2J", "/help"]
    {
        server.type_line(line);
    }
    server.type_line("/kick eve out\u{1b}[2J");
    eve.until("INFO: You have been kicked.");
    while let Some(line) = eve.next_line() {
        assert!(is_harmless(&line), "{line:?}");
    }
    server.type_line("/quit");
    let printed: Vec<String> = std::iter::from_fn(|| server.line()).collect();
    assert!(server.wait().success());
    assert!(printed.iter().any(|line| line.contains("eve (127.0.0.1, guest)")), "{printed:?}");
    let log = fs::read_to_string(folder.path().join("landline.log")).expect("the log");
    let complaints = server.stderr();
    for line in printed.iter().map(String::as_str).chain(log.lines()).chain(complaints.lines()) {
        assert!(is_harmless(line), "{line:?}");
    }
    for line in log.lines().chain(complaints.lines()) {
        assert!(line.starts_with("20"), "a forged line: {line:?}");
    }
}
