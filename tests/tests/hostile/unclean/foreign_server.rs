//! A hostile server: Landline's client prints its texts, but no control sequence that a terminal executes.

use super::texts::{TEXTS, is_harmless};
use landline_tests::Program;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;

const END: &str = "that was all";

/// Returns events of every type with text fields, all of which are `text`.
fn events(text: &str) -> Vec<Value> {
    vec![
        json!({"type": "message", "id": 1, "room": text, "user": text, "text": text}),
        json!({"type": "message", "event": "all", "id": 2, "user": text, "text": text}),
        json!({"type": "message", "event": "history", "id": 3, "room": text, "user": text, "text": text}),
        json!({"type": "pm", "id": 4, "from_user": text, "text": text, "kept": false}),
        json!({"type": "pm", "event": "private", "from_user": text, "text": text}),
        json!({"type": "system", "event": "connected", "user": text, "text": text}),
        json!({"type": "system", "event": "joined", "user": text, "room": text, "text": text}),
        json!({"type": "system", "event": "online", "users": [text, text], "text": text}),
        json!({"type": "system", "event": "rooms", "rooms": [[text, 1]], "text": text}),
        json!({"type": "system", "event": "direct_request", "user": text, "key": text, "text": text}),
        json!({"type": "system", "event": "info", "text": text}),
        json!({"type": "error", "code": 400, "text": text}),
        json!({"type": text, text: text}),
    ]
}

/// Sends all events for all texts to a client, then `END`.
fn talk_to(client: TcpStream, room: &str) {
    let mut lines = BufReader::new(client.try_clone().expect("a socket")).lines();
    assert_eq!(lines.next().expect("a line").expect("a line"), "format json");
    let bad = TEXTS[0];
    let hello = json!({
        "type": "auth_ok", "username": bad, "server_name": bad, "room": room, "account": false, "protocol": 2
    });
    let end = json!({"type": "system", "event": "info", "text": END});
    let mut out = BufWriter::new(client);
    for mut event in [hello].into_iter().chain(TEXTS.iter().flat_map(|text| events(text))).chain([end]) {
        event["ts"] = "10:00".into();
        event["at"] = 1_790_000_000_000_i64.into();
        // The client may have disconnected.
        let _ = writeln!(out, "{event}\n\u{1b}[2J not even JSON");
    }
    let _ = out.flush();
    // Wait until the client disconnects.
    while let Some(Ok(_)) = lines.next() {}
}

/// Returns what the client prints to standard output and standard error, until `END` or its exit.
fn printed(room: &'static str, more: &[&str]) -> (Vec<String>, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    let server = std::thread::spawn(move || talk_to(listener.accept().expect("a client").0, room));
    let mut command = Program::client();
    let mut client =
        Program::start(command.args([&address, "--name", "alice", "--tls", "off"]).args(more), Stdio::piped());
    let mut lines = Vec::new();
    while let Some(line) = client.line() {
        lines.push(line);
        if lines.iter().any(|line| line.contains(END)) {
            client.signal("TERM");
        }
    }
    client.wait();
    server.join().expect("the server");
    (lines, client.stderr())
}

#[test]
fn client_prints_no_control_sequences_of_a_hostile_server() {
    for more in [&[][..], &["--json"]] {
        let (lines, complaints) = printed("lobby", more);
        assert!(lines.len() > 5 * TEXTS.len(), "{} lines", lines.len());
        assert!(lines.iter().all(|line| is_harmless(line)), "{lines:?}");
        assert!(is_harmless(&complaints), "{complaints:?}");
    }
    // The server puts the client into an unwanted room, and answers no request to join another.
    let (lines, complaints) = printed("\u{1b}[2J", &[]);
    assert!(lines.iter().all(|line| is_harmless(line)), "{lines:?}");
    assert!(complaints.contains("cannot go into lobby") && is_harmless(&complaints), "{complaints:?}");
}
