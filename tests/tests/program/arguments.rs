//! Arguments of the server program, and its refusals at start.

use crate::{folder, guest, logged_addresses, server, start, stop};
use landline_common::limits::TABLE;
use landline_tests::{Client, Program};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};

/// Asserts that the program ends with this exit code. Returns its standard error.
#[track_caller]
fn refusal(command: &mut Command, code: i32) -> String {
    let mut program = Program::start(command, Stdio::null());
    let status = program.wait();
    let complaint = program.stderr();
    assert_eq!(status.code(), Some(code), "{complaint}");
    assert!(!complaint.contains("panicked") && !complaint.is_empty(), "{complaint}");
    complaint
}

/// Asserts that the program ends with this exit code and one line of error that contains each of the texts.
#[track_caller]
fn expect_refusal(command: &mut Command, code: i32, says: &[&str]) {
    let complaint = refusal(command, code);
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(complaint.starts_with("landline-server: "), "{complaint}");
    for text in says {
        assert!(complaint.contains(text), "{complaint:?} does not say {text:?}");
    }
}

#[test]
fn wrong_arguments_are_refused_in_one_line() {
    let folder = folder();
    let data = folder.path().join("data");
    for (args, says) in [
        (["--limit", "speed=1"], &["no limit called speed", "backlog-bytes"][..]),
        (["--limit", "line-bytes"], &["NAME=VALUE", "--limit help"]),
        (["--limit", "line-bytes=many"], &["line-bytes", "many"]),
        (["--limit", "bcrypt-cost=99"], &["bcrypt-cost", "between 4 and 16"]),
        (["--password-file", "/nowhere"], &["/nowhere"]),
        (["--password", " "], &["password is empty"]),
        (["--password", ""], &["password is empty"]),
    ] {
        expect_refusal(server(&data).args(args), 2, says);
    }
    for (args, says) in [(["--nope", "1"], "'--nope'"), (["--max-clients", "all"], "'all'"), (["1", "x"], "'x'")] {
        let complaint = refusal(server(&data).args(args), 2);
        let first = complaint.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains(says), "{complaint}");
    }
    assert!(!data.exists(), "nothing was begun");
}

#[test]
fn unavailable_resources_are_reported_in_one_line() {
    let folder = folder();
    let data = folder.path().join("data");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("a port").port().to_string();
    expect_refusal(server(&data).arg(&port), 1, &[&format!("port {port} is taken"), "--port"]);
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    expect_refusal(&mut server(&file.join("data")), 1, &["file/data", "--data"]);
    expect_refusal(server(&data).arg("--log-file").arg(file.join("log")), 1, &["file/log"]);
    expect_refusal(server(&data).env("LANDLINE_LOG", "loud"), 1, &["LANDLINE_LOG", "\"loud\""]);
    fs::write(data.join("accounts.json"), "{\"version\": 1, \"acc").expect("a file");
    fs::set_permissions(data.join("accounts.json"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("a file of one's own");
    expect_refusal(server(&data).arg("0"), 1, &["accounts.json", "left as it is"]);
    assert_eq!(fs::read_to_string(data.join("accounts.json")).expect("a file"), "{\"version\": 1, \"acc");
}

#[test]
fn quoted_file_content_is_harmless_in_a_terminal() {
    let folder = folder();
    let file = folder.path().join("accounts.json");
    fs::write(&file, "{\"version\": 2, \"accounts\": [], \"x\\u001b[2Jy\\nz\": 1}").expect("a file");
    let complaint = refusal(server(folder.path()).arg("0"), 1);
    assert!(complaint.contains("unknown field `xy z`"), "{complaint:?}");
    assert!(complaint.lines().all(|line| line.chars().all(|c| !c.is_control())), "{complaint:?}");
}

#[test]
fn second_server_on_a_data_folder_is_refused() {
    let folder = folder();
    let (mut first, address) = start(&mut server(folder.path()));
    let pid = format!("process {}", first.child().id());
    expect_refusal(server(folder.path()).arg("0"), 1, &["another landline-server", &pid, "--data"]);
    guest(address, "alice").expect_nothing();
    first.signal("KILL");
    first.wait();
    let (mut next, _) = start(&mut server(folder.path()));
    stop(&mut next);
}

#[test]
fn help_and_version_are_printed_without_a_start() {
    let output = |args: &[&str]| {
        let output = Program::server().args(args).output().expect("running it");
        assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""), "{args:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let help = output(&["--help"]);
    for word in ["Usage: landline-server", "BLOCK_DURATION", "--port", "--data", "--password-file", "--limit help"] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
    let limits = output(&["--limit", "help"]);
    assert_eq!(limits.lines().count(), TABLE.len());
    for (line, (name, default, why)) in limits.lines().zip(TABLE) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..2], [name.replace('_', "-"), default.to_string()]);
        assert!(line.ends_with(why.trim()), "{line}");
    }
    assert_eq!(output(&["--version"]), format!("landline-server {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn users_meet_over_several_ports() {
    let folder = folder();
    let mut program = Program::start(server(folder.path()).args(["--port", "0", "--port=0"]), Stdio::null());
    let also = program.until("also on");
    let addresses = logged_addresses(&mut program);
    assert_eq!(addresses.len(), 2);
    assert_eq!(also, format!("  also on     port {}\n", addresses[1].port()));
    let mut alice = guest(addresses[0], "alice");
    let _bob = guest(addresses[1], "bob");
    alice.expect("bob has connected to the chatroom");
    stop(&mut program);
}

#[test]
fn predecessors_three_positional_arguments_work() {
    let folder = folder();
    let mut program = Program::start(server(folder.path()).args(["0", "777", "120"]), Stdio::null());
    let mut client = Client::connect(logged_addresses(&mut program)[0]);
    for _ in 0..4 {
        for line in ["LOGIN", "alice", "wrong horse"] {
            client.send(line);
        }
    }
    let refused = client.until("ERROR: 403 ");
    assert!(refused.contains(" 777 s") || refused.contains(" 776 s"), "{refused}");
}

#[test]
fn empty_password_in_the_environment_counts_as_none() {
    let folder = folder();
    let (mut program, address) = start(server(folder.path()).env("LANDLINE_PASSWORD", ""));
    guest(address, "alice").expect_nothing();
    stop(&mut program);
}

#[test]
fn server_password_comes_from_the_environment_or_a_file() {
    let folder = folder();
    let file = folder.path().join("password");
    fs::write(&file, " open sesame \r\nand a second line\n").expect("a file");
    let data = folder.path().join("data");
    for command in
        [server(&data).env("LANDLINE_PASSWORD", "open sesame"), server(&data).arg("--password-file").arg(&file)]
    {
        let (mut program, address) = start(command);
        for (password, answer) in [("wrong", "403 "), ("open sesame", "200 ")] {
            let mut alice = Client::connect(address);
            alice.send("alice_room");
            alice.expect("PASSWORD?");
            alice.send(password);
            alice.expect_start(answer);
        }
        stop(&mut program);
    }
}

#[test]
fn x10_files_readable_by_other_users_are_warned_of_at_start() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let (data, password) = (folder.path().join("data"), folder.path().join("password"));
    fs::create_dir(&data).expect("a folder");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).expect("a mode");
    fs::write(&password, "sesame").expect("a file");
    fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).expect("a mode");
    let mut program = Program::start(server(&data).arg("0").arg("--password-file").arg(&password), Stdio::null());
    program.until("Ctrl-C");
    let log = fs::read_to_string(data.join("landline.log")).expect("the log");
    assert!(
        log.contains("other users of this machine can access the data folder")
            && log.contains("(mode 777); type: chmod 700"),
        "{log}"
    );
    assert!(log.contains("other users of this machine can read the server's password in"), "{log}");
    stop(&mut program);
}

#[test]
fn the_default_data_folder_is_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    fs::write(data.join("README.md"), "data").expect("a file");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("a mode");
    for starts in 1..=2 {
        let mut program = Program::start(server("data".as_ref()).arg("0").current_dir(folder.path()), Stdio::null());
        program.until("Ctrl-C");
        assert_eq!(fs::metadata(&data).expect("the folder").permissions().mode() & 0o777, 0o700);
        let log = fs::read_to_string(data.join("landline.log")).expect("the log");
        assert_eq!(
            log.matches("other users of this machine could access data (mode 755)").count(),
            1,
            "{starts}: {log}"
        );
        assert!(!log.contains("chmod"), "{log}");
        stop(&mut program);
    }
}
