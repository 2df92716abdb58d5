//! The encrypted link between two programs, and the wire format of the mesh.

use landline_common::link::{EncryptedLink, ExpectedPeer, Keys, Side, open};
use landline_common::mesh::{FRAME_BYTES, Frame, Hello};
use std::io::{self, Cursor, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::thread;

/// Maximum number of messages in one run.
const MAX_MESSAGES: usize = 16;
/// Bytes that a peer which proves no key must never get: more than the two messages of a handshake.
const MAX_SENT_BYTES: usize = 200;

/// A stream that returns prepared bytes and counts the bytes written.
struct Script<'d> {
    input: Cursor<&'d [u8]>,
    sent: usize,
}

impl Read for Script<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.input.read(space)
    }
}

impl Write for Script<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn keys() -> Option<&'static (Keys, Keys)> {
    static KEYS: OnceLock<Option<(Keys, Keys)>> = OnceLock::new();
    KEYS.get_or_init(|| Some((Keys::generate().ok()?, Keys::generate().ok()?))).as_ref()
}

/// A handshake with a peer that has no key fails, whatever the peer sends, and sends the peer few bytes.
pub fn link_handshake(data: &[u8]) {
    let (Some((&how, input)), Some((own, other))) = (data.split_first(), keys()) else { return };
    let secret = [7; 32];
    let expected = other.public();
    let whom = match how % 3 {
        0 => ExpectedPeer::Known(&expected),
        1 => ExpectedPeer::Any(None),
        _ => ExpectedPeer::Any(Some(&secret)),
    };
    let side = if how & 0x80 == 0 { Side::Dialled } else { Side::Answered };
    let mut script = Script { input: Cursor::new(input), sent: 0 };
    assert!(open(&mut script, (side, "fuzz"), own, whom).is_err(), "a peer without a key completed the handshake");
    assert!(script.sent < MAX_SENT_BYTES);
}

/// On a link whose bytes an attacker changes, messages arrive as they were sent and in order, until an error.
pub fn link_frames(data: &[u8]) {
    let (Some((&how, rest)), Some([mut one, mut other])) = (data.split_first(), pair()) else { return };
    let messages: Vec<&[u8]> = rest.split(|b| *b == b'\n').take(MAX_MESSAGES).collect();
    let mut wire = Vec::new();
    for message in &messages {
        assert!(one.sealer.send(&mut wire, message).is_ok());
    }
    let at = usize::from(how / 4) * wire.len() / 64;
    match how % 4 {
        1 => wire[at] ^= 1 << (how % 8),
        2 => wire.truncate(at),
        3 => drop(wire.splice(at..at, rest.iter().copied())),
        _ => {}
    }
    let mut arriving = &wire[..];
    let mut arrived = Vec::new();
    let whole = loop {
        match other.opener.receive(&mut arriving) {
            Ok(Some(message)) => arrived.push(message),
            end => break end.is_ok(),
        }
    };
    assert!(arrived.len() <= messages.len() && arrived.iter().zip(&messages).all(|(got, sent)| got == sent));
    assert!(how % 4 != 0 || (whole && arrived.len() == messages.len()), "an unchanged stream must arrive as a whole");
}

/// Returns the two ends of a link.
fn pair() -> Option<[EncryptedLink; 2]> {
    let (one, other) = keys()?;
    let (mut dialled, mut answered) = UnixStream::pair().ok()?;
    thread::scope(|scope| {
        let whom = (one.public(), other.public());
        let answering = scope
            .spawn(move || open(&mut answered, (Side::Answered, "fuzz"), other, ExpectedPeer::Known(&whom.0)).ok());
        let dialled = open(&mut dialled, (Side::Dialled, "fuzz"), one, ExpectedPeer::Known(&whom.1)).ok();
        Some([dialled?, answering.join().ok()??])
    })
}

/// Hellos and frames of the mesh are written so that they are read as the same. A hello is never longer than the datagram
/// that it was read from.
pub fn mesh(data: &[u8]) {
    if let Some(hello) = Hello::parse(data) {
        let again = hello.datagram();
        assert!(again.len() <= data.len(), "an answer must not be longer than its question");
        assert_eq!(Hello::parse(&again), Some(hello));
    }
    if let Some(frame) = Frame::parse(data) {
        let written = frame.to_bytes();
        // Escaped control characters may make the frame too long; members send none.
        if written.len() <= FRAME_BYTES {
            assert_eq!(Frame::parse(&written), Some(frame));
        }
    }
}
