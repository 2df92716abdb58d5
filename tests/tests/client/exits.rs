//! Exit codes: 0 for a normal end, 1 if refused or unreachable, 2 for wrong usage. Each error says what to do.

use crate::{landline, outcome, piped};
use landline_tests::{Program, TestServer};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use tempfile::TempDir;

/// Asserts that the program ends with this exit code and one line of error that contains each of the texts.
#[track_caller]
fn expect_exit(command: &mut Command, code: i32, says: &[&str]) {
    let (ended, printed, complaint) = outcome(&piped(command, "hello\n"));
    assert_eq!((ended, &*printed), (code, ""), "{complaint}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(complaint.starts_with("landline: "), "{complaint}");
    for text in says {
        assert!(complaint.contains(text), "{complaint:?} does not say {text:?}");
    }
}

#[test]
fn unreachable_server_exits_with_1() {
    // No other test starts a server at this address.
    let free = TcpListener::bind("127.0.66.6:0").and_then(|listener| listener.local_addr()).expect("a free port");
    expect_exit(
        Program::client().args([&free.to_string(), "--name", "a"]),
        1,
        &["no server answers", "landline-server"],
    );
}

/// Returns the command `landline` with these variables for the user's name.
fn command_with_variables(variables: &[(&str, &str)], args: &[&str]) -> Command {
    let mut command = Program::client();
    ["USER", "LOGNAME", "USERNAME"].iter().for_each(|name| _ = command.env_remove(name));
    command.envs(variables.iter().copied()).args(args);
    command
}

#[test]
fn a16_script_without_a_user_variable_gets_a_name() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "lobby");
    let own = Command::new("id").arg("-un").output().expect("id").stdout;
    let own = String::from_utf8_lossy(&own).trim().to_owned();
    let (code, _, complaint) =
        outcome(&piped(&mut command_with_variables(&[], &[&test_server.address().to_string()]), "hello\n"));
    assert_eq!((code, &*complaint), (0, ""));
    bob.expect(&format!("{own} has connected to the chatroom"));
    bob.expect(&format!("{own}: hello"));
    // Subcommands that need no name do not ask for one.
    let (code, _, complaint) = outcome(&piped(&mut command_with_variables(&[("USER", "john.doe")], &["help"]), ""));
    assert_eq!((code, &*complaint), (0, ""));
}

#[test]
fn a16_invalid_login_name_is_reported_with_advice() {
    for (user, near) in [("john.doe", "--name john-doe"), ("Ann Lee", "--name Ann-Lee")] {
        expect_exit(
            &mut command_with_variables(&[("USER", user)], &["127.0.66.6:1"]),
            2,
            &[&format!("{user:?}"), near],
        );
    }
}

/// Starts a service that sends `words` to each client, reads its lines, and closes the connection.
fn service(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.66.7:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut lines = BufReader::new(client.try_clone().expect("a stream"));
            // Read both lines, so that closing does not reset the connection.
            (0..2).for_each(|_| _ = lines.read_line(&mut String::new()));
            client.write_all(words).expect("a client");
        }
    });
    address
}

#[test]
fn a20_other_services_are_named() {
    let test_server = TestServer::new(|config| config.lantalk_port = Some(0));
    // The services answer to lines, and so not to a ClientHello.
    let to = |address: &str, says: &[&str]| {
        expect_exit(Program::client().args([address, "--name", "a", "--tls", "off"]), 1, says)
    };
    let lantalk = test_server.lantalk_address().to_string();
    let says = ["is a port for LanTalk clients", "try 127.0.0.1:12345"];
    expect_exit(Program::client().args([&lantalk, "--name", "a"]), 1, &says);
    to(&service(b"SSH-2.0-OpenSSH_9.6\r\n"), &["is not a Landline server: it is an SSH server", "12345"]);
    to(&service(b"HTTP/1.1 400 Bad Request\r\n\r\n"), &["is not a Landline server: it is a web server"]);
    to(&service(b"\x15\x03\x03\x00\x02\x02\x46"), &["is not a Landline server: it is a TLS service"]);
    to(&service(b"220 mail ready\r\n"), &["is not a Landline server: it answered \"220 mail ready\""]);
    to(&service(b""), &["closed the connection without an answer", "is it a Landline server?"]);
}

#[test]
fn refused_names_and_passwords_exit_with_1() {
    let test_server = TestServer::default();
    let _bob = test_server.guest("bob", "lobby");
    test_server.register("carol", "correct horse");
    expect_exit(&mut landline(&test_server, "bob"), 1, &["taken", "--name"]);
    expect_exit(&mut landline(&test_server, "carol"), 1, &["registered name", "LANDLINE_PASSWORD", "--password-file"]);
    let mut wrong = landline(&test_server, "carol");
    expect_exit(wrong.env("LANDLINE_PASSWORD", "wrong horse"), 1, &["Invalid alias or password", "--register"]);
    expect_exit(landline(&test_server, "dave").args(["--register", "--password", "short"]), 1, &["8 to 72"]);
}

#[test]
fn server_password_is_required_and_accepted() {
    let test_server = TestServer::new(|config| config.password = Some("sesame".into()));
    let says = ["has a password", "LANDLINE_SERVER_PASSWORD", "--server-password"];
    expect_exit(&mut landline(&test_server, "alice"), 1, &says);
    expect_exit(landline(&test_server, "alice").args(["--server-password", "no"]), 1, &["Wrong server password"]);
    let mut right = landline(&test_server, "alice");
    let (code, printed, complaint) = outcome(&piped(right.env("LANDLINE_SERVER_PASSWORD", "sesame"), "hi\n"));
    assert_eq!((code, &*printed, &*complaint), (0, "", ""));
}

#[test]
fn account_is_registered_with_a_password_from_a_file() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let file = folder.path().join("password");
    fs::write(&file, " correct horse \nmore\n").expect("a file");
    for more in [&["--register"][..], &[]] {
        let output = piped(landline(&test_server, "erin").arg("--password-file").arg(&file).args(more), "hi\n");
        assert_eq!(outcome(&output), (0, String::new(), String::new()));
    }
    test_server.login("erin", "correct horse");
    expect_exit(landline(&test_server, "erin").args(["--password-file", "/nowhere"]), 2, &["/nowhere"]);
    fs::write(&file, "\n").expect("a file");
    expect_exit(landline(&test_server, "erin").arg("--password-file").arg(&file), 2, &["empty"]);
}

#[test]
fn empty_password_in_the_environment_counts_as_none() {
    let test_server = TestServer::default();
    let mut command = landline(&test_server, "alice");
    command.env("LANDLINE_PASSWORD", "").env("LANDLINE_SERVER_PASSWORD", "");
    assert_eq!(outcome(&piped(&mut command, "hi\n")), (0, String::new(), String::new()));
}

#[test]
fn invalid_arguments_exit_with_2() {
    for (args, says) in [
        (&["a", "b"][..], &["several servers"][..]),
        (&["host:port"], &["HOST:PORT"]),
        (&["host", "--name", "a b"], &["--name", "letters, digits"]),
        (&["host", "--name", "a", "--room", "a b"], &["--room", "letters, digits"]),
        (&["host", "--name", "a", "--register"], &["LANDLINE_PASSWORD", "--password-file"]),
        (&["host", "--config", "/nowhere"], &["/nowhere"]),
        (&["host", "--log", "/nowhere/log"], &["/nowhere/log", "a writable folder"]),
        (&["--name", "a", "--password", "secret horse"], &["a password needs a named server"]),
    ] {
        expect_exit(Program::client().args(args), 2, says);
    }
    for args in [["--theme", "pink"], ["--bell", "loud"], ["--patience", "x"], ["--nope", "1"]] {
        let (code, _, complaint) = outcome(&piped(Program::client().args(args), ""));
        assert!(code == 2 && complaint.starts_with("error: "), "{args:?}: {complaint}");
    }
}

#[test]
fn refused_lines_are_listed() {
    let test_server = TestServer::default();
    let long = format!("{} end", "x".repeat(2_000));
    let input = format!("fine\n/pm nobody hi\n{long}\n/dance\n");
    let (code, printed, complaint) = outcome(&piped(&mut landline(&test_server, "ci"), &input));
    assert_eq!(code, 1, "{complaint}");
    assert!(printed.starts_with("ERROR: 404 nobody is not online.") && printed.lines().count() == 1, "{printed}");
    for text in
        ["refused: /pm nobody hi", "2004 of at most 2000 characters", "Unknown command /dance", "3 lines were refused"]
    {
        assert!(complaint.contains(text), "{complaint:?} does not say {text:?}");
    }
}

#[test]
fn config_file_sets_the_defaults() {
    let (test_server, folder) = (TestServer::default(), TempDir::new().expect("a folder"));
    let file = folder.path().join("landline").join("config.toml");
    fs::create_dir(file.parent().expect("a folder")).expect("a folder");
    let text = format!("server = \"{}\"\nname = \"zoe\"\nroom = \"ops\"\n", test_server.address());
    fs::write(&file, &text).expect("a file");
    let mut bob = test_server.guest("bob", "ops");
    let client = || {
        let mut command = Program::client();
        command.env("XDG_CONFIG_HOME", folder.path());
        command
    };
    assert_eq!(outcome(&piped(&mut client(), "hi\n")), (0, String::new(), String::new()));
    bob.expect("zoe has connected to the chatroom");
    bob.expect("zoe: hi");
    bob.expect("zoe has left the chatroom");
    piped(client().args(["--name", "yan"]), "");
    bob.expect("yan has connected to the chatroom");

    fs::write(&file, format!("{text}them = \"dark\"\n")).expect("a file");
    expect_exit(&mut client(), 2, &["config.toml, line 4: ", "`them`", "`theme`", "landline config"]);
    let (code, printed, _) = outcome(&piped(client().arg("config"), ""));
    assert!(code == 0 && printed.contains("config.toml") && printed.contains("#keepalive = 10"), "{printed}");
}
