//! The frames of WebSocket clients.

use landline_common::lines::ReadMessage;
use landline_common::websocket::{MessageReader, Received, write_text};

/// Frames of a client: texts are bounded, nothing follows an end, and any cut of the bytes gives the same messages.
pub fn websocket(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else { return };
    let longest = usize::from(how % 16) * 16;
    let at_once = read(longest, [bytes].into_iter());
    assert_eq!(at_once, read(longest, bytes.chunks(1 + usize::from(how / 16))));
    let is_end = |received: &String| received.starts_with("Close") || received.starts_with("Violation");
    assert!(at_once.iter().rev().skip(1).all(|received| !is_end(received)), "something follows the end");
}

/// Reads frames that arrive in pieces. Returns the debug form of everything received.
fn read<'d>(longest: usize, pieces: impl Iterator<Item = &'d [u8]>) -> Vec<String> {
    let mut reader = MessageReader::new(longest);
    let mut all = Vec::new();
    for piece in pieces {
        reader.append(piece);
        while let Some(received) = reader.next() {
            match &received {
                Received::Message(ReadMessage::Text(text)) => {
                    assert!(text.len() <= longest);
                    let mut frame = Vec::new();
                    write_text(text.as_bytes(), &mut frame);
                    assert!(frame.ends_with(text.as_bytes()));
                }
                Received::Message(ReadMessage::TooLong(beginning)) => assert!(beginning.len() <= longest),
                Received::Ping(payload) => assert!(payload.len() <= 125),
                Received::Close { reason, .. } => assert!(reason.len() <= 123),
                Received::Pong | Received::Violation(_) => {}
            }
            all.push(format!("{received:?}"));
        }
    }
    all
}
