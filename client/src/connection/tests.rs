//! Tests of a server that sends as fast as it can to a UI that reads nothing.

use super::*;
use crate::encryption::TlsMode;
use landline_common::{EventKind, RoomName, UserName};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpListener;

/// Time limit of one step, far above the need of a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// A server that cannot send for this long is blocked.
const BLOCKED_AFTER: Duration = Duration::from_secs(2);
/// Bytes of one text.
const TEXT_BYTES: usize = 1_040_000;
/// Sent bytes after which the server counts as not blocked.
const UNBLOCKED_BYTES: usize = 64 << 20;
/// Upper bound for bytes under way, with the buffers of both kernels.
const MAX_UNDER_WAY: usize = 24 << 20;

pub(super) fn alice() -> SignIn {
    let identity = Identity {
        name: UserName::parse("alice").unwrap(),
        room: RoomName::parse("lobby").unwrap(),
        rooms: Vec::new(),
        password: None,
        register: false,
        server_password: None,
        name_token: None,
    };
    SignIn::new(&identity, false, None, None, &Default::default(), || "1".into())
}

/// Signs Alice in, and sends lines of nearly 1 MiB until a write blocks. Reports the bytes sent until then, finishes
/// the line when the client reads again, and returns the number of lines.
fn flood(listener: &TcpListener, report: &Sender<usize>) -> u64 {
    let (mut stream, _) = listener.accept().unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "format json");
    assert!(lines.next().unwrap().unwrap().starts_with("{\"type\":\"guest\""));
    let welcome =
        r#"{"type":"auth_ok","username":"alice","server_name":"S","room":"lobby","account":false,"at":1,"protocol":2}"#;
    writeln!(stream, "{welcome}").unwrap();
    stream.set_write_timeout(Some(BLOCKED_AFTER)).unwrap();
    let text = "x".repeat(TEXT_BYTES);
    let mut sent = 0;
    let mut is_reported = false;
    for id in 0.. {
        if is_reported {
            return id;
        }
        let line = format!(r#"{{"type":"message","id":{id},"room":"lobby","user":"x","text":"{text}","at":1}}"#) + "\n";
        let mut left = line.as_bytes();
        while !left.is_empty() {
            match stream.write(left) {
                Ok(written) => {
                    sent += written;
                    left = &left[written..];
                }
                Err(why) => assert!(matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{why}"),
            }
            // A partial write means that the write timeout has passed.
            if !is_reported && (sent > UNBLOCKED_BYTES || !left.is_empty()) {
                is_reported = true;
                report.send(sent).unwrap();
            }
        }
    }
    unreachable!("the range has no end")
}

#[test]
fn a_server_blocks_while_events_are_not_taken_and_none_is_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (out, reports) = bounded(1);
    let server = std::thread::spawn(move || flood(&listener, &out));
    let mut connection = ServerConnection::new(&address, Security { mode: TlsMode::Off, ..Security::default() });
    assert!(!connection.is_local());
    connection.connect(alice()).unwrap();
    let sent = reports.recv_timeout(DEADLINE).expect("the server is blocked, or has sent enough");
    assert!(connection.is_local());
    assert!(sent < MAX_UNDER_WAY, "the client took {} MiB", sent >> 20);
    let mut next = || loop {
        let event = connection.events.recv_timeout(DEADLINE).unwrap();
        if let Some(event) = connection.process(event) {
            return event;
        }
    };
    assert!(matches!(next(), ConnectionEvent::Reached(Encryption::None)));
    assert!(matches!(next(), ConnectionEvent::Event { event, .. } if matches!(event.what, EventKind::Welcome { .. })));
    let mut heard = 0;
    while let ConnectionEvent::Event { event, line, .. } = next() {
        assert!(line.len() > TEXT_BYTES && line.contains(&format!("\"id\":{heard},")));
        assert!(matches!(&event.what, EventKind::Said { id, text, .. } if *id == heard && text.len() == TEXT_BYTES));
        heard += 1;
    }
    assert_eq!(heard, server.join().unwrap());
}
