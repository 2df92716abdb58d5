//! The log file of a script. It has the state of the connection, and no talk.

use crate::{landline, outcome, piped};
use landline_tests::{Program, TestServer};
use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use tempfile::TempDir;

#[test]
fn log_has_connections_but_no_talk() {
    // No other test starts a server at this address.
    let free = TcpListener::bind("127.0.66.8:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let mut test_server = TestServer::new(|config| (config.bind, config.ports) = (free.ip(), vec![free.port()]));
    test_server.register("ci", "correct horse");
    let mut bob = test_server.guest("bob", "lobby");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("log");
    let mut command = landline(&test_server, "ci");
    command.arg("--log").arg(&file).env("LANDLINE_PASSWORD", "correct horse");
    let mut program = Program::start(&mut command, Stdio::piped());
    bob.expect("ci has connected to the chatroom");
    program.type_line("staple");
    bob.expect("ci: staple");
    test_server.restart();
    program.type_line("battery");
    program.type_line("/quit");
    assert_eq!(program.wait().code(), Some(0));

    let log = fs::read_to_string(&file).expect("a log");
    let texts: Vec<&str> = log.lines().map(|line| line.get("2026-11-21 14:00:00 ".len()..).expect("a time")).collect();
    let (connecting, connected) = (
        format!("INFO  connection: connecting server={free} user=ci"),
        format!("INFO  connection: connected server={free} tls="),
    );
    assert!(texts[0] == connecting && texts[1].starts_with(&connected), "{log}");
    assert!(texts[2].starts_with("WARN  connection: lost retry_s=") && texts[2].contains(" reason="), "{log}");
    assert_eq!(texts.iter().filter(|text| text.starts_with(&connected)).count(), 2, "{log}");
    assert_eq!(texts.last(), Some(&"INFO  client: left"), "{log}");
    for word in ["staple", "battery", "horse", "bob"] {
        assert!(!log.contains(word), "{log}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn config_file_names_the_log_and_environment_sets_its_level() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let _bob = test_server.guest("bob", "lobby");
    let (config, log) = (folder.path().join("config.toml"), folder.path().join("log"));
    fs::write(&config, "log = \"~/log\"\n").expect("a file");
    for (level, noted) in [("warn", 2), ("off", 0), ("", 3)] {
        let mut command = landline(&test_server, "bob");
        command.arg("--config").arg(&config).env("HOME", folder.path()).env("RUST_LOG", level);
        let (code, _, complaint) = outcome(&piped(&mut command, "hi\n"));
        assert_eq!(code, 1, "{complaint}");
        let text = fs::read_to_string(&log).expect("a log");
        assert_eq!(text.lines().count(), noted, "{level}: {text}");
        assert!(
            level == "off"
                || text.contains("WARN  connection: refused reason=") && text.contains("ERROR client: ended reason="),
            "{text}"
        );
        fs::remove_file(&log).expect("a file");
    }
}
