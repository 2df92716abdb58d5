//! A server that sends our client more than it can pass on, because nobody takes its output.
#![cfg(target_os = "linux")]

use landline_tests::bench::usage;
use landline_tests::{DEADLINE, Program};
use serde_json::json;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

/// A server that can send nothing for so long has been made to wait.
const STUCK: Duration = Duration::from_secs(3);
/// It would go on for ever.
const ENOUGH: usize = 256 << 20;
/// Names in one line: nearly 1 MiB, and more than ten times that when it is read.
const NAMES: usize = 260_000;
/// What a client takes that is in: more than the buffers of the system.
const ONE_LIST: usize = 4 * NAMES;
/// The most memory that the client may take.
const MOST_KIB: u64 = 128 << 10;

/// Lets the client in, and sends lists until it takes no more: how many bytes it took.
fn pour(stream: TcpStream) -> usize {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
    assert_eq!(lines.next().expect("a line").expect("a line"), "format json");
    let mut stream = stream;
    let welcome = json!({
        "type": "auth_ok", "username": "alice", "server_name": "S", "room": "lobby", "account": false, "protocol": 2
    });
    writeln!(stream, "{welcome}").expect("it listens");
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
                // It has given up a server that says so much and answers nothing.
                Err(why) if matches!(why.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => return sent,
                Err(why) => panic!("{why}"),
            }
        }
    }
    sent
}

#[test]
fn a_server_cannot_fill_the_memory_of_a_client_whose_output_stands_still() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    for more in ["--plain", "--json"] {
        let mut command = Program::client();
        let mut client = Program::start(command.args([&address, "--name", "alice", more]), Stdio::piped());
        let (stream, _) = listener.accept().expect("a client");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        let kept = stream.try_clone().expect("a socket");
        let sent = pour(kept);
        let peak = usage(client.child().id()).expect("its memory").peak_kib;
        println!("{more}: it took {} MiB, and holds at most {} MiB", sent >> 20, peak >> 10);
        assert!(
            (ONE_LIST..ENOUGH).contains(&sent) && peak < MOST_KIB,
            "{more}: it took {sent} bytes, and held {peak} KiB"
        );
        drop(stream);
    }
}
