//! The server's side of WebSocket framing (RFC 6455) as a codec: frames of clients to messages, and messages to frames.
//!
//! [`MessageReader`] takes bytes as they arrive and returns whole messages. The `write_` functions append frames. A
//! server's frames are unmasked, so one frame has the same bytes for every client, and a line of a room is framed once
//! for all its members.
//!
//! Not here: the HTTP upgrade, sockets, deadlines, rate limits, and the closing handshake. The caller answers a ping
//! with a pong, and ends the connection after a close or a violation.

mod reader;

pub use reader::{MessageReader, Received, Violation};

/// Most bytes in the payload of a control frame (RFC 6455, section 5.5).
const CONTROL_BYTES: usize = 125;
/// Most bytes of a reason in a close frame: the payload without its code.
const REASON_BYTES: usize = CONTROL_BYTES - 2;

/// Bit of the first byte: the last frame of a message.
const FIN: u8 = 0x80;
/// Bits of the first byte that extensions use. The server negotiates none.
const RESERVED: u8 = 0x70;
/// Bit of the second byte: the payload is masked.
const MASKED: u8 = 0x80;
/// Length in the second byte that says that two bytes of length follow.
const LENGTH_16: u8 = 126;
/// Length in the second byte that says that eight bytes of length follow.
const LENGTH_64: u8 = 127;

/// The kind of a frame; RFC 6455 reserves the other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

/// The codes with which the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// The session has ended.
    Normal = 1000,
    /// The server stops.
    GoingAway = 1001,
    /// A frame breaks the protocol.
    ProtocolError = 1002,
    /// A binary message.
    UnsupportedData = 1003,
    /// A text is not UTF-8.
    InvalidText = 1007,
    /// The client breaks a rule of the server.
    PolicyViolation = 1008,
    /// A message is too big.
    MessageTooBig = 1009,
    /// The server has failed.
    InternalError = 1011,
    /// The server is full, or the client reads too slowly.
    TryAgainLater = 1013,
    /// The session was resumed over another connection.
    ResumedElsewhere = 4001,
}

/// Appends a text message in one frame. `text` must be UTF-8.
pub fn write_text(text: &[u8], out: &mut Vec<u8>) {
    write_frame(Opcode::Text, text, out);
}

/// Makes the bytes from `start` on the payload of one text frame, by inserting its header. They must be UTF-8.
pub fn frame_text(start: usize, out: &mut Vec<u8>) {
    let (header, length) = header(Opcode::Text, out.len() - start);
    out.splice(start..start, header.into_iter().take(length));
}

/// Appends a ping. Of the payload, only the first 125 bytes are sent.
pub fn write_ping(payload: &[u8], out: &mut Vec<u8>) {
    write_frame(Opcode::Ping, &payload[..payload.len().min(CONTROL_BYTES)], out);
}

/// Appends the pong that answers a ping with this payload. Of the payload, only the first 125 bytes are sent.
pub fn write_pong(payload: &[u8], out: &mut Vec<u8>) {
    write_frame(Opcode::Pong, &payload[..payload.len().min(CONTROL_BYTES)], out);
}

/// Appends a close. The reason is cut at a character to 123 bytes.
pub fn write_close(code: CloseCode, reason: &str, out: &mut Vec<u8>) {
    let reason = &reason[..reason.floor_char_boundary(REASON_BYTES)];
    let payload = [&(code as u16).to_be_bytes(), reason.as_bytes()].concat();
    write_frame(Opcode::Close, &payload, out);
}

/// Appends the close that answers a client's close, with the code that the client sent (RFC 6455, section 5.5.1).
pub fn write_close_answer(code: Option<u16>, out: &mut Vec<u8>) {
    let code = code.map(u16::to_be_bytes);
    write_frame(Opcode::Close, code.as_ref().map_or(&[], |code| code.as_slice()), out);
}

fn write_frame(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    let (header, length) = header(opcode, payload.len());
    out.extend_from_slice(&header[..length]);
    out.extend_from_slice(payload);
}

/// Returns the header of an unfragmented, unmasked frame, and the number of its bytes.
fn header(opcode: Opcode, payload: usize) -> ([u8; 10], usize) {
    let mut header = [0; 10];
    header[0] = FIN | opcode as u8;
    let payload = payload as u64;
    let length = match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short), _) if short < LENGTH_16 => {
            header[1] = short;
            2
        }
        (_, Ok(medium)) => {
            header[1] = LENGTH_16;
            header[2..4].copy_from_slice(&medium.to_be_bytes());
            4
        }
        _ => {
            header[1] = LENGTH_64;
            header[2..].copy_from_slice(&payload.to_be_bytes());
            10
        }
    };
    (header, length)
}

#[cfg(test)]
mod tests;
