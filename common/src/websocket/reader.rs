//! Reads a client's frames.
//!
//! A message may come in several frames, control frames may stand between them, and both may be cut anywhere by reads.
//! The reader keeps the payload of the current message together and unmasked at the beginning of its buffer:
//!
//! ```text
//! 0                  message          decoded                    len
//! | current message  | free           | bytes not decoded yet    |
//! ```
//!
//! | bytes | next step |
//! |---|---|
//! | no whole header | wait |
//! | the header of a control frame | wait for its whole payload, then return it |
//! | the header of a data frame | take payload as it arrives, also a part |
//! | the end of the last frame of a message | return the message |
//! | a violation, or a close | return it, and decode nothing more |
//!
//! Each byte is unmasked and moved at most once, so the cost is linear in the number of bytes. A message over the
//! limit is reported once, as [`ReadMessage::TooLong`] with its beginning; its rest is discarded while it arrives, and
//! not checked to be UTF-8. So the buffer holds at most the limit and the bytes that were just appended, provided that
//! the caller takes all messages after each [`MessageReader::append`].

use super::{CONTROL_BYTES, CloseCode, FIN, LENGTH_16, LENGTH_64, MASKED, Opcode, RESERVED};
use crate::lines::ReadMessage;
use std::borrow::Cow;
use std::ops::Range;

/// Most bytes of a message in all its frames, also of one that is discarded. A larger one ends the connection.
const MOST_MESSAGE_BYTES: u64 = 1 << 20;
/// Most frames of one message. A client that exceeds this never means to end its message.
const MOST_FRAGMENTS: u32 = 1_024;
/// Capacity in bytes that an empty buffer keeps.
const KEPT_CAPACITY: usize = 1 << 10;

/// Something that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A whole text message.
    Message(ReadMessage<'a>),
    /// A ping, whose payload the server returns in a pong.
    Ping(&'a [u8]),
    /// A pong.
    Pong,
    /// A close: nothing follows.
    Close {
        /// The client's code, if it sent one.
        code: Option<u16>,
        /// The client's reason; may be empty. Not cleaned.
        reason: &'a str,
    },
    /// A breach of the protocol: the server must close the connection. Nothing follows.
    Violation(Violation),
}

/// The reason for which the server must close a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The code for the close frame.
    pub code: CloseCode,
    /// The reason for the close frame.
    pub reason: &'static str,
}

/// The receive buffer of one WebSocket client, and the position of the next message in it.
#[derive(Debug)]
pub struct MessageReader {
    buffer: Vec<u8>,
    /// End of the current message's payload.
    message: usize,
    /// The first byte that is not decoded yet.
    decoded: usize,
    /// The data frame whose payload is arriving.
    frame: Option<DataFrame>,
    /// Number of frames of the current message; 0 between two messages.
    fragments: u32,
    /// Bytes that the frames of the current message have announced.
    announced: u64,
    /// The current message is over the limit and was reported: its rest is dropped.
    skipping: bool,
    /// The caller has the payload at the beginning of the buffer, so the next call drops it.
    returned: bool,
    /// A close or a violation was returned.
    ended: bool,
    max_bytes: usize,
}

/// A data frame whose header is decoded.
#[derive(Debug)]
struct DataFrame {
    is_last: bool,
    /// Bytes of its payload that are still to come.
    left: usize,
    /// The mask for the next byte of the payload comes first.
    mask: [u8; 4],
}

/// The header of a client's frame.
#[derive(Debug)]
struct Header {
    opcode: Opcode,
    is_last: bool,
    /// Bytes of the payload.
    payload: u64,
    mask: [u8; 4],
    /// Bytes of the header itself.
    length: usize,
}

/// A step of decoding. The ranges are positions in the buffer.
enum Decoded {
    Text,
    TooLong,
    Ping(Range<usize>),
    Pong,
    Close(Option<u16>, Range<usize>),
}

impl MessageReader {
    /// Makes a reader for messages of at most `longest` bytes.
    #[must_use]
    pub fn new(longest: usize) -> MessageReader {
        MessageReader {
            buffer: Vec::new(),
            message: 0,
            decoded: 0,
            frame: None,
            fragments: 0,
            announced: 0,
            skipping: false,
            returned: false,
            ended: false,
            max_bytes: longest,
        }
    }

    /// Changes the limit for all messages that were not taken yet, in bytes.
    pub fn set_longest(&mut self, longest: usize) {
        self.max_bytes = longest;
    }

    /// Appends bytes of the client. After a close or a violation they are dropped.
    pub fn append(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        self.drop_returned();
        // Moves only where the free part is at least as long as the moved one, so that moving stays linear.
        if self.decoded - self.message >= self.buffer.len() - self.decoded {
            self.buffer.drain(self.message..self.decoded);
            self.decoded = self.message;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes what comes next; `None` until more bytes arrive.
    // Not an `Iterator`: the message borrows from the buffer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Received<'_>> {
        if self.ended {
            self.buffer = Vec::new();
            return None;
        }
        self.drop_returned();
        let decoded = match self.decode() {
            Ok(Some(decoded)) => decoded,
            Ok(None) => {
                self.free_memory();
                return None;
            }
            Err(violation) => {
                self.ended = true;
                return Some(Received::Violation(violation));
            }
        };
        Some(match decoded {
            Decoded::Text => match std::str::from_utf8(&self.buffer[..self.message]) {
                Ok(text) => Received::Message(ReadMessage::Text(Cow::Borrowed(text))),
                Err(_) => {
                    self.ended = true;
                    Received::Violation(NOT_UTF8)
                }
            },
            Decoded::TooLong => Received::Message(ReadMessage::TooLong(&self.buffer[..self.message])),
            Decoded::Ping(payload) => Received::Ping(&self.buffer[payload]),
            Decoded::Pong => Received::Pong,
            Decoded::Close(code, reason) => {
                self.ended = true;
                match std::str::from_utf8(&self.buffer[reason]) {
                    Ok(reason) => Received::Close { code, reason },
                    Err(_) => Received::Violation(NOT_UTF8),
                }
            }
        })
    }

    /// Returns the bytes that the buffer takes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    fn drop_returned(&mut self) {
        if std::mem::take(&mut self.returned) {
            self.message = 0;
        }
    }

    /// Gives memory back: thousands of idle clients must not each keep the buffer of their longest message.
    fn free_memory(&mut self) {
        if self.message == 0 && self.decoded == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_CAPACITY);
            self.decoded = 0;
        }
    }

    /// Decodes up to the next thing to return; `None` if bytes are missing.
    fn decode(&mut self) -> Result<Option<Decoded>, Violation> {
        loop {
            if let Some(frame) = self.frame.take() {
                if frame.left > 0 && self.decoded == self.buffer.len() {
                    self.frame = Some(frame);
                    return Ok(None);
                }
                if let Some(decoded) = self.take_payload(frame) {
                    return Ok(Some(decoded));
                }
                continue;
            }
            let Some(header) = Header::parse(&self.buffer[self.decoded..])? else { return Ok(None) };
            if !header.opcode.is_control() {
                self.begin_data_frame(&header)?;
                continue;
            }
            // A control frame has at most 125 bytes, so the cast keeps the value.
            let payload = self.decoded + header.length..self.decoded + header.length + header.payload as usize;
            let Some(bytes) = self.buffer.get_mut(payload.clone()) else { return Ok(None) };
            unmask(bytes, header.mask);
            self.decoded = payload.end;
            return match header.opcode {
                Opcode::Ping => Ok(Some(Decoded::Ping(payload))),
                Opcode::Pong => Ok(Some(Decoded::Pong)),
                _ => self.decode_close(payload).map(Some),
            };
        }
    }

    /// Decodes the payload of a close frame: nothing, or a code and a reason.
    fn decode_close(&self, payload: Range<usize>) -> Result<Decoded, Violation> {
        match self.buffer[payload.clone()] {
            [] => Ok(Decoded::Close(None, payload)),
            [high, low, ..] if may_be_sent(u16::from_be_bytes([high, low])) => {
                Ok(Decoded::Close(Some(u16::from_be_bytes([high, low])), payload.start + 2..payload.end))
            }
            _ => Err(protocol_error("invalid close code")),
        }
    }

    /// Begins a data frame, as a message of its own or as a part of the current one.
    fn begin_data_frame(&mut self, header: &Header) -> Result<(), Violation> {
        match (header.opcode, self.fragments) {
            (Opcode::Continuation, 0) => return Err(protocol_error("continuation without a beginning")),
            (Opcode::Text | Opcode::Binary, 1..) => return Err(protocol_error("message inside another message")),
            (Opcode::Binary, _) => {
                return Err(Violation { code: CloseCode::UnsupportedData, reason: "text messages only" });
            }
            _ => {}
        }
        self.fragments += 1;
        if self.fragments > MOST_FRAGMENTS {
            return Err(Violation { code: CloseCode::PolicyViolation, reason: "too many fragments" });
        }
        // Cannot overflow: the first is at most `MOST_MESSAGE_BYTES`, and the length of a frame has 63 bits.
        self.announced += header.payload;
        if self.announced > MOST_MESSAGE_BYTES {
            return Err(Violation { code: CloseCode::MessageTooBig, reason: "message too big" });
        }
        self.decoded += header.length;
        self.frame = Some(DataFrame { is_last: header.is_last, left: header.payload as usize, mask: header.mask });
        Ok(())
    }

    /// Takes the payload of a data frame that has arrived. Returns the message that ends or becomes too long with it.
    fn take_payload(&mut self, mut frame: DataFrame) -> Option<Decoded> {
        let start = self.decoded;
        let arrived = frame.left.min(self.buffer.len() - start);
        self.decoded += arrived;
        frame.left -= arrived;
        let is_end = frame.left == 0 && frame.is_last;
        let mut is_too_long = false;
        if !self.skipping {
            let kept = arrived.min(self.max_bytes.saturating_sub(self.message));
            unmask(&mut self.buffer[start..start + kept], frame.mask);
            self.buffer.copy_within(start..start + kept, self.message);
            self.message += kept;
            is_too_long = kept < arrived || self.message > self.max_bytes;
        }
        let was_reported = self.skipping;
        self.skipping = (was_reported || is_too_long) && !is_end;
        if frame.left > 0 {
            frame.mask.rotate_left(arrived % 4);
            self.frame = Some(frame);
        }
        if is_end {
            self.fragments = 0;
            self.announced = 0;
        }
        self.returned = is_too_long || (is_end && !was_reported);
        match self.returned {
            true if is_too_long => Some(Decoded::TooLong),
            true => Some(Decoded::Text),
            false => None,
        }
    }
}

const NOT_UTF8: Violation = Violation { code: CloseCode::InvalidText, reason: "text is not UTF-8" };

fn protocol_error(reason: &'static str) -> Violation {
    Violation { code: CloseCode::ProtocolError, reason }
}

/// Returns true for a code that a close frame may carry: RFC 6455, section 7.4, and the codes registered since.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Removes the mask from a payload, or from a part of it whose first byte `mask[0]` masks.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    // Eight bytes at once: the compiler makes no wide operations of a loop over `mask[i % 4]`.
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

impl Opcode {
    fn parse(bits: u8) -> Option<Opcode> {
        use Opcode::{Binary, Close, Continuation, Ping, Pong, Text};
        [Continuation, Text, Binary, Close, Ping, Pong].into_iter().find(|opcode| *opcode as u8 == bits)
    }

    fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

impl Header {
    /// Parses the header at the beginning of `bytes`; `None` if it is not whole. Reports a violation from the first two
    /// bytes on.
    fn parse(bytes: &[u8]) -> Result<Option<Header>, Violation> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let is_last = first & FIN != 0;
        if first & RESERVED != 0 {
            return Err(protocol_error("reserved bits"));
        }
        let opcode = Opcode::parse(first & 0x0f).ok_or(protocol_error("reserved opcode"))?;
        if second & MASKED == 0 {
            return Err(protocol_error("unmasked frame"));
        }
        let short = second & !MASKED;
        if opcode.is_control() && !is_last {
            return Err(protocol_error("fragmented control frame"));
        }
        if opcode.is_control() && usize::from(short) > CONTROL_BYTES {
            return Err(protocol_error("control frame too long"));
        }
        let (payload, rest) = match (short, rest) {
            (LENGTH_16, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            (LENGTH_64, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest)
            }
            (LENGTH_16 | LENGTH_64, _) => return Ok(None),
            _ => (u64::from(short), rest),
        };
        let is_minimal = match short {
            LENGTH_16 => payload >= u64::from(LENGTH_16),
            LENGTH_64 => payload > u64::from(u16::MAX),
            _ => true,
        };
        if !is_minimal || payload >> 63 != 0 {
            return Err(protocol_error("invalid length"));
        }
        let [a, b, c, d, payload_bytes @ ..] = rest else { return Ok(None) };
        let length = bytes.len() - payload_bytes.len();
        Ok(Some(Header { opcode, is_last, payload, mask: [*a, *b, *c, *d], length }))
    }
}
