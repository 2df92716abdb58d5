//! Splits received bytes into messages. Each function keeps an incomplete message in `partial` for the next call.

use memchr::memchr;
use std::io::Cursor;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::OpCode;

/// Passes each complete line to `handle`, without its line feed.
pub fn split_lines(partial: &mut Vec<u8>, mut bytes: &[u8], mut handle: impl FnMut(&[u8])) {
    while let Some(end) = memchr(b'\n', bytes) {
        if partial.is_empty() {
            handle(&bytes[..end]);
        } else {
            partial.extend_from_slice(&bytes[..end]);
            handle(partial);
            partial.clear();
        }
        bytes = &bytes[end + 1..];
    }
    partial.extend_from_slice(bytes);
}

/// Passes each complete frame of a server to `handle`. Returns false if a header is invalid or masked, or `handle` returns
/// false; nothing may follow then.
pub fn split_frames(partial: &mut Vec<u8>, bytes: &[u8], mut handle: impl FnMut(OpCode, &[u8]) -> bool) -> bool {
    if partial.is_empty() {
        let Some(taken) = take_frames(bytes, &mut handle) else { return false };
        partial.extend_from_slice(&bytes[taken..]);
    } else {
        partial.extend_from_slice(bytes);
        let Some(taken) = take_frames(partial, &mut handle) else { return false };
        partial.drain(..taken);
    }
    true
}

/// Returns the number of bytes of all complete frames.
fn take_frames(bytes: &[u8], handle: &mut impl FnMut(OpCode, &[u8]) -> bool) -> Option<usize> {
    let mut taken = 0;
    loop {
        let mut cursor = Cursor::new(&bytes[taken..]);
        let Some((header, length)) = FrameHeader::parse(&mut cursor).ok()? else { return Some(taken) };
        if header.mask.is_some() || !header.is_final {
            return None;
        }
        let start = taken + usize::try_from(cursor.position()).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        let Some(payload) = bytes.get(start..end) else { return Some(taken) };
        if !handle(header.opcode, payload) {
            return None;
        }
        taken = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tungstenite::protocol::frame::coding::Data;

    #[test]
    fn splits_lines_in_pieces_of_any_size() {
        let text = b"one\n\ntwo\nthree";
        for size in 1..=text.len() {
            let mut partial = Vec::new();
            let mut lines = Vec::new();
            for piece in text.chunks(size) {
                split_lines(&mut partial, piece, |line| lines.push(line.to_vec()));
            }
            assert_eq!(lines, [&b"one"[..], b"", b"two"], "in pieces of {size}");
            assert_eq!(partial, b"three");
        }
    }

    #[test]
    fn splits_frames_in_pieces_of_any_size() {
        let long = vec![b'x'; 300];
        let bytes = [&b"\x81\x03one\x81\x00\x81\x7e\x01\x2c"[..], &long, b"\x81\x05th"].concat();
        for size in 1..=bytes.len() {
            let mut partial = Vec::new();
            let mut texts = Vec::new();
            for piece in bytes.chunks(size) {
                assert!(split_frames(&mut partial, piece, |opcode, payload| {
                    texts.push(payload.to_vec());
                    opcode == OpCode::Data(Data::Text)
                }));
            }
            assert_eq!(texts, [&b"one"[..], b"", &long], "in pieces of {size}");
            assert_eq!(partial, b"\x81\x05th");
        }
    }

    #[test]
    fn rejects_frames_that_a_server_never_sends() {
        for (bytes, why) in [(&b"\x81\x81abcdx"[..], "masked"), (b"\x83\x01x", "reserved"), (b"\x01\x01x", "a part")] {
            assert!(!split_frames(&mut Vec::new(), bytes, |_, _| true), "{why}");
        }
        assert!(!split_frames(&mut Vec::new(), b"\x81\x01x", |_, _| false));
    }
}
