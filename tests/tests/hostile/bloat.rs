//! A server that sends Landline's client more than it can print, because its output is not read.
#![cfg(target_os = "linux")]

use landline_tests::bench::usage;
use landline_tests::{DEADLINE, Program};
use serde_json::json;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

/// A server that cannot send for this long is held up by the client.
const STUCK: Duration = Duration::from_secs(3);
/// Bytes after which the client is considered unlimited.
const ENOUGH: usize = 256 << 20;
/// Names in one list: nearly 1 MiB as a line, and more than ten times that when it is parsed.
const NAMES: usize = 260_000;
/// Bytes that a signed-in client reads at least: more than the system's buffers take.
const ONE_LIST: usize = 4 * NAMES;
/// Memory limit of the client, in KiB.
const MOST_KIB: u64 = 128 << 10;

/// Signs the client in, and sends lists until it reads no more. Returns the number of sent bytes.
fn pour(stream: TcpStream) -> usize {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
    assert_eq!(lines.next().expect("a line").expect("a line"), "format json");
    let mut stream = stream;
    let welcome = json!({
        "type": "auth_ok", "username": "alice", "server_name": "S", "room": "lobby", "account": false, "protocol": 2
    });
    writeln!(stream, "{welcome}").expect("a client that reads");
    let list = json!({"type": "system", "event": "online", "users": vec!["x"; NAMES], "text": "", "at": 1});
    let line = format!("{list}\n");
    stream.set_write_timeout(Some(STUCK)).expect("a socket");
    let mut sent = 0;
    while sent < ENOUGH {
        let mut left = line.as_bytes();
        while !left.is_empty() {
            match stream.write(left) {
                Ok(written) => (sent, left) = (sent + written, &left[written..]),
                Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return sent,
                // The client has given up this server, which answers nothing.
                Err(why) if matches!(why.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => return sent,
                Err(why) => panic!("{why}"),
            }
        }
    }
    sent
}

#[test]
fn client_with_blocked_output_uses_bounded_memory() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    for more in ["--plain", "--json"] {
        let mut command = Program::client();
        let mut client =
            Program::start(command.args([&address, "--name", "alice", "--tls", "off", more]), Stdio::piped());
        let (stream, _) = listener.accept().expect("a client");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        let kept = stream.try_clone().expect("a socket");
        let sent = pour(kept);
        let peak = usage(client.child().id()).expect("its memory").peak_kib;
        println!("{more}: read {} MiB, held at most {} MiB", sent >> 20, peak >> 10);
        assert!((ONE_LIST..ENOUGH).contains(&sent) && peak < MOST_KIB, "{more}: read {sent} bytes, held {peak} KiB");
        drop(stream);
    }
}
