//! The web port, and the files of TLS.

use crate::{folder, server, start, stop};
use landline_tests::{Program, eventually};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Addresses of loopback on which only one test listens.
const ADDRESSES: [&str; 2] = ["127.80.80.80", "127.80.80.81"];

/// Returns the command for a server with a web port on the first address.
fn web_server(data: &Path) -> Command {
    web_server_at(ADDRESSES[0], data)
}

fn web_server_at(address: &str, data: &Path) -> Command {
    let mut command = Program::server();
    command.args(["--no-console", "--port", "0", "--lantalk-port", "0", "--beacon-port", "0"]);
    command.args(["--bind", address, "--data"]).arg(data);
    command
}

/// Starts the server, and returns its web port, which the banner has.
fn web_port(command: &mut Command) -> (Program, u16) {
    let mut program = Program::start(command, Stdio::null());
    let line = program.until("browser:");
    let port = line.trim_end().strip_prefix(&format!("  browser:    http://{}:", ADDRESSES[0]));
    (program, port.and_then(|port| port.strip_suffix('/')?.parse().ok()).expect(&line))
}

/// Asserts that the program ends with an error that contains each of the texts.
#[track_caller]
fn expect_refusal(command: &mut Command, says: &[&str]) {
    let mut program = Program::start(command, Stdio::null());
    let status = program.wait();
    let complaint = program.stderr();
    assert_eq!(status.code(), Some(1), "{complaint}");
    let last = complaint.lines().last().unwrap_or_default();
    for text in says {
        assert!(last.contains(text), "{complaint:?} does not say {text:?}");
    }
}

#[test]
fn web_port_skips_taken_ports_and_is_kept_over_restarts() {
    let folder = folder();
    // Fails if another program has the port at all addresses: it is taken then, too.
    let first_taken = TcpListener::bind((ADDRESSES[0], 8_080));
    let (mut program, port) = web_port(&mut web_server(folder.path()));
    assert!((8_081..=8_100).contains(&port), "{port}");
    stop(&mut program);
    drop(first_taken);
    let (mut program, again) = web_port(&mut web_server(folder.path()));
    assert_eq!(again, port, "the port of the last start comes first");
    stop(&mut program);

    let taken = TcpListener::bind((ADDRESSES[0], port)).expect("the port of the stopped server");
    let (mut program, other) = web_port(&mut web_server(folder.path()));
    assert_ne!(other, port);
    stop(&mut program);
    let option = ["--web-port", &port.to_string()];
    expect_refusal(web_server(folder.path()).args(option), &[&format!("port {port} is taken"), "--web-port"]);
    drop(taken);
    let (mut program, explicit) = web_port(web_server(folder.path()).args(option));
    assert_eq!(explicit, port);
    stop(&mut program);
}

#[test]
fn banner_tells_of_encryption_and_the_key_that_stays() {
    let folder = folder();
    let key = |args: &[&str], says: &str| {
        let mut program = Program::start(web_server_at(ADDRESSES[1], folder.path()).args(args), Stdio::null());
        let encryption = program.until("encryption:");
        assert!(encryption.contains(says), "{encryption}");
        let key = program.until("key:");
        stop(&mut program);
        assert_eq!(key.split_whitespace().skip(1).map(str::len).collect::<Vec<_>>(), [5; 8], "{key}");
        key
    };
    let first = key(&[], "TLS for landline");
    assert_eq!(key(&["--require-tls"], "TLS only"), first);
    let mut program = Program::start(
        web_server_at(ADDRESSES[1], folder.path()).args(["--tls", "off", "--web-port", "0"]),
        Stdio::null(),
    );
    let mut banner = Vec::new();
    while banner.last().is_none_or(|line: &String| !line.contains("Ctrl-C")) {
        banner.push(program.line().expect("the banner"));
    }
    stop(&mut program);
    let banner = banner.join("\n");
    assert!(
        banner.contains("encryption: none") && !banner.contains("key:") && !banner.contains("browser:"),
        "{banner}"
    );
    assert_eq!(key(&[], "TLS for landline"), first);
}

#[test]
fn unusable_tls_files_are_refused_and_kept() {
    let folder = folder();
    let data = folder.path().join("data");
    let (mut program, _) = start(&mut server(&data));
    stop(&mut program);
    let key = data.join("tls-key.pem");
    let sound = fs::read(&key).expect("a key");
    fs::write(&key, &sound[..100]).expect("a file");
    expect_refusal(server(&data).arg("0"), &["tls-key.pem cannot be used", "restore it from a copy"]);
    assert_eq!(fs::read(&key).expect("a key"), &sound[..100]);
    fs::remove_file(&key).expect("a file");
    expect_refusal(server(&data).arg("0"), &["tls-key.pem cannot be used: the file is missing"]);
    let certificate = data.join("tls-cert.pem");
    let files = |command: &mut Command| {
        command.arg("0").arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    };
    let mut command = server(&data);
    files(&mut command);
    expect_refusal(&mut command, &["tls-key.pem cannot be used: No such file", "(--tls-key)"]);
}

#[test]
fn key_that_other_users_can_read_draws_a_warning() {
    let folder = folder();
    let (mut program, _) = start(&mut server(folder.path()));
    stop(&mut program);
    for (path, mode) in [(folder.path().to_owned(), 0o755), (folder.path().join("tls-key.pem"), 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a file of one's own");
    }
    let (mut program, _) = start(&mut server(folder.path()));
    stop(&mut program);
    let log = program.stderr();
    assert!(
        log.contains("can read the server's key for TLS in ") && log.contains("(mode 644); type: chmod 600"),
        "{log}"
    );
}

#[test]
fn renewed_certificate_is_read_at_a_hang_up() {
    let [used, renewed] = [folder(), folder()];
    for folder in [&used, &renewed] {
        let (mut program, _) = start(&mut server(folder.path()));
        stop(&mut program);
    }
    let [certificate, key] = ["tls-cert.pem", "tls-key.pem"].map(|file| used.path().join(file));
    let data = used.path().join("data");
    let mut command = server(&data);
    command.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    let (mut program, _) = start(&mut command);
    let log = || fs::read_to_string(data.join("landline.log")).expect("a log");
    fs::copy(renewed.path().join("tls-cert.pem"), &certificate).expect("a file");
    program.signal("HUP");
    eventually("the reload fails", || log().contains("is not for the key in"));
    fs::copy(renewed.path().join("tls-key.pem"), &key).expect("a file");
    program.signal("HUP");
    eventually("the reload works", || log().contains("reload: the files of --tls-cert and --tls-key are read anew"));
    stop(&mut program);
}
