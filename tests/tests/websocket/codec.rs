//! The codec against tungstenite, in both directions.

use landline_common::lines::ReadMessage;
use landline_common::websocket::{CloseCode, MessageReader, Received, write_close, write_ping, write_pong, write_text};
use std::io::{self, Read, Write};
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// A stream in memory: it reads prepared bytes and keeps the written ones.
#[derive(Default)]
struct Wire {
    input: io::Cursor<Vec<u8>>,
    written: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self.input.read(space)? {
            0 if !space.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn client(input: Vec<u8>) -> WebSocket<Wire> {
    let wire = Wire { input: io::Cursor::new(input), ..Wire::default() };
    WebSocket::from_raw_socket(wire, Role::Client, Some(WebSocketConfig::default()))
}

/// Lengths on both sides of each form of the length.
const LENGTHS: [usize; 7] = [0, 1, 125, 126, 65_535, 65_536, 200_000];

#[test]
fn frames_of_tungstenite_are_read() {
    let mut client = client(Vec::new());
    for length in LENGTHS {
        client.send(Message::text("ä".repeat(length / 2))).unwrap();
        client.send(Message::Ping(vec![b'p'; length.min(125)].into())).unwrap();
    }
    for (text, opcode, is_last) in
        [("gr", Data::Text, false), ("ü", Data::Continue, false), ("n", Data::Continue, true)]
    {
        let frame = tungstenite::protocol::frame::Frame::message(text, OpCode::Data(opcode), is_last);
        client.send(Message::Frame(frame)).unwrap();
    }
    client.close(None).unwrap();
    let mut reader = MessageReader::new(1 << 20);
    let mut seen = Vec::new();
    for piece in client.get_ref().written.chunks(1_000) {
        reader.append(piece);
        while let Some(received) = reader.next() {
            seen.push(match received {
                Received::Message(ReadMessage::Text(text)) => text.into_owned(),
                Received::Ping(payload) => format!("ping of {}", payload.len()),
                other => format!("{other:?}"),
            });
        }
    }
    let mut expected = Vec::new();
    for length in LENGTHS {
        expected.extend(["ä".repeat(length / 2), format!("ping of {}", length.min(125))]);
    }
    expected.extend(["grün".to_owned(), r#"Close { code: None, reason: "" }"#.to_owned()]);
    assert!(seen == expected, "{:?}", seen.iter().map(String::len).collect::<Vec<_>>());
}

#[test]
fn tungstenite_reads_the_frames_of_the_server() {
    let mut bytes = Vec::new();
    for length in LENGTHS {
        write_text("x".repeat(length).as_bytes(), &mut bytes);
    }
    write_ping(b"ping", &mut bytes);
    write_pong(b"pong", &mut bytes);
    write_close(CloseCode::ResumedElsewhere, "resumed_elsewhere", &mut bytes);
    let mut client = client(bytes);
    for length in LENGTHS {
        assert_eq!(client.read().unwrap().into_text().unwrap().len(), length);
    }
    assert_eq!(client.read().unwrap(), Message::Ping("ping".into()));
    assert_eq!(client.read().unwrap(), Message::Pong("pong".into()));
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!() };
    assert_eq!((u16::from(close.code), &*close.reason), (4001, "resumed_elsewhere"));
}
