//! What signals do that do not end it, and the hang-up of its terminal, which does.

use crate::{folder, guest, server, start, stop};
use landline_tests::{DEADLINE, NO_FIXED_PORTS, Program};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Waits until a file contains `text`.
fn wait_for(file: &Path, text: &str) {
    let deadline = Instant::now() + DEADLINE;
    while !fs::read_to_string(file).is_ok_and(|content| content.contains(text)) {
        assert!(Instant::now() < deadline, "no {text:?} in {}", file.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn m3_sighup_reopens_the_log_file() {
    let folder = folder();
    let (log, moved) = (folder.path().join("landline.log"), folder.path().join("landline.log.moved"));
    let (mut program, address) = start(&mut server(folder.path()));
    let mut alice = guest(address, "alice");
    wait_for(&log, "alice joined");
    fs::rename(&log, &moved).expect("moving the log");
    program.signal("HUP");
    wait_for(&log, "reload: the log file is opened anew");
    assert_eq!(fs::metadata(&log).expect("the log").permissions().mode() & 0o777, 0o600);
    let _bob = guest(address, "bob");
    alice.expect("bob has connected to the chatroom");
    wait_for(&log, "bob joined");
    assert!(!fs::read_to_string(&moved).expect("the former log").contains("bob joined"));
    stop(&mut program);
}

#[test]
fn m3_other_signals_do_not_stop_the_server() {
    let folder = folder();
    let (mut program, address) = start(&mut server(folder.path()));
    let mut alice = guest(address, "alice");
    for signal in ["USR1", "USR2", "HUP", "HUP"] {
        program.signal(signal);
    }
    wait_for(&folder.path().join("landline.log"), "reload: ");
    let _bob = guest(address, "bob");
    alice.expect("bob has connected to the chatroom");
    stop(&mut program);
}

#[test]
fn m3_closing_the_terminal_stops_the_server() {
    let folder = folder();
    let log = folder.path().join("landline.log");
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).expect("a terminal");
    let (server, data) = (Program::server(), folder.path().to_string_lossy());
    let mut command = CommandBuilder::new(server.get_program());
    command.args(["0", "--bind", "127.0.0.1", "--data", &*data]);
    command.args(NO_FIXED_PORTS);
    let mut program = pty.slave.spawn_command(command).expect("the server");
    wait_for(&log, "is open on");
    drop(pty);
    wait_for(&log, "stopping");
    let deadline = Instant::now() + DEADLINE;
    let ended = loop {
        if let Some(ended) = program.try_wait().expect("waiting") {
            break ended;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(ended.exit_code(), 0);
}
