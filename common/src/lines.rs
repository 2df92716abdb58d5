//! Splits the bytes of a client into messages of bounded length.
//!
//! Most clients end a message with LF or CR LF. Two older clients (tcp_chat's and Chat77's) send a message per `send()`
//! without a newline, and count on the server to take each read for one message. Both kinds arrive at the same port, so
//! the first bytes decide the [`Framing`], for the rest of the connection:
//!
//! | seen while [`Framing::Undecided`] | becomes |
//! |---|---|
//! | a first read of exactly one byte: a terminal in character mode | [`Framing::Lines`] |
//! | a newline | [`Framing::Lines`] |
//! | a telnet command | [`Framing::Lines`] |
//! | more bytes than a line may have | [`Framing::Lines`] |
//! | anything else, then a pause that the caller reports by [`ReceiveBuffer::report_silence`] | [`Framing::Unframed`] |
//!
//! The bytes of a line may come in any number of reads. The buffer keeps them in this order:
//!
//! ```text
//! 0            start                scanned              end            len
//! | consumed   | pending, no LF     | pending, unscanned | free          |
//! ```
//!
//! A line over the limit is discarded while it arrives and is reported once, as [`ReadMessage::TooLong`]. Memory stays bounded
//! as long as the caller takes all messages after each read.
//!
//! This module measures no time and does not clean texts; the caller does both.

use crate::telnet::Telnet;
use memchr::memchr;
use std::borrow::Cow;

/// Initial size of a buffer in bytes; few chat lines are longer.
const SMALL_BUFFER: usize = 1 << 10;
/// Least size in bytes to which a full buffer grows.
const LARGE_BUFFER: usize = 16 << 10;

/// One message of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadMessage<'a> {
    /// The text without its line end. Bytes that are not UTF-8 are replaced by U+FFFD.
    Text(Cow<'a, str>),
    /// A message over the limit, with its beginning; the rest is discarded.
    TooLong(&'a [u8]),
}

/// How a client marks the end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Not known yet.
    Undecided,
    /// Each message ends with a newline.
    Lines,
    /// Each read is one message.
    Unframed,
}

/// The receive buffer of one client, and the position of the next message in it.
#[derive(Debug)]
pub struct ReceiveBuffer {
    buffer: Vec<u8>,
    /// First byte of the next message.
    start: usize,
    /// End of the received bytes.
    end: usize,
    /// No newline lies between `start` and here, so that a line in many reads is searched once.
    scanned: usize,
    framing: Framing,
    /// The current line is over the limit: drop everything up to its newline.
    skipping: bool,
    /// Maximum length of a message in bytes, without its line end.
    max_bytes: usize,
    /// Removes telnet commands. `None` where all clients are programs that send lines, for unframed clients, and after
    /// the end of the input.
    telnet: Option<Telnet>,
}

impl ReceiveBuffer {
    /// A buffer for a client of unknown framing, whose messages have at most `longest` bytes.
    #[must_use]
    pub fn new(longest: usize) -> ReceiveBuffer {
        ReceiveBuffer {
            buffer: Vec::new(),
            start: 0,
            end: 0,
            scanned: 0,
            framing: Framing::Undecided,
            skipping: false,
            max_bytes: longest,
            telnet: Some(Telnet::default()),
        }
    }

    /// Like [`ReceiveBuffer::new`], for a source that sends lines and no telnet commands.
    #[must_use]
    pub fn lines_only(longest: usize) -> ReceiveBuffer {
        ReceiveBuffer { framing: Framing::Lines, telnet: None, ..ReceiveBuffer::new(longest) }
    }

    /// Changes the limit for all messages that were not taken yet, in bytes.
    pub fn set_longest(&mut self, longest: usize) {
        self.max_bytes = longest;
    }

    /// The framing, as far as it is known.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Returns the free part of the buffer to read into, never empty. Report what was read by [`ReceiveBuffer::advance`].
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.scanned -= self.start;
        self.start = 0;
        if self.framing == Framing::Unframed {
            // One read is one message, so the longest message must fit at once.
            self.buffer.resize(self.max_bytes.max(self.end + SMALL_BUFFER), 0);
        } else if self.end == self.buffer.len() {
            let size = match self.buffer.len() {
                0 => SMALL_BUFFER,
                _ => LARGE_BUFFER.max(self.max_bytes + SMALL_BUFFER),
            };
            self.buffer.resize(size.max(self.end + SMALL_BUFFER), 0);
        } else if self.end == 0 && self.buffer.len() > SMALL_BUFFER {
            // Give memory back: thousands of idle clients must not each keep the buffer of their longest line.
            self.buffer.truncate(SMALL_BUFFER);
            self.buffer.shrink_to_fit();
        }
        &mut self.buffer[self.end..]
    }

    /// Accepts the first `count` bytes of [`ReceiveBuffer::space`], removes telnet commands from them, and decides the framing
    /// where they suffice for that. `count` must not exceed the length of that slice.
    pub fn advance(&mut self, count: usize) {
        let first_read = self.framing == Framing::Undecided && self.end == self.start;
        self.accept_without_telnet(count);
        if first_read && count == 1 {
            self.framing = Framing::Lines;
        }
        if self.framing == Framing::Undecided {
            let pending = &self.buffer[self.start..self.end];
            if memchr(b'\n', pending).is_some() || pending.len() > self.max_bytes + 1 {
                self.framing = Framing::Lines;
            }
        }
    }

    /// Accepts bytes that were received elsewhere, like one read into [`ReceiveBuffer::space`].
    pub fn accept(&mut self, bytes: &[u8]) {
        self.space();
        let needed = self.end + bytes.len();
        self.buffer.resize(self.buffer.len().max(needed), 0);
        self.buffer[self.end..needed].copy_from_slice(bytes);
        self.advance(bytes.len());
    }

    /// Moves `end` past `count` bytes that were read, without the telnet commands among them. A client that sent a
    /// command is a telnet program, which sends lines.
    fn accept_without_telnet(&mut self, count: usize) {
        let read = self.end..self.end + count;
        let Some(telnet) = self.telnet.as_mut().filter(|telnet| !telnet.passes_unchanged(&self.buffer[read.clone()]))
        else {
            self.end = read.end;
            return;
        };
        // One byte more than was read: the filter may have held back an IAC.
        let mut data = Vec::with_capacity(count + 1);
        telnet.filter(&self.buffer[read], &mut data);
        if telnet.is_spoken() && self.framing == Framing::Undecided {
            self.framing = Framing::Lines;
        }
        self.append(&data);
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        self.buffer.resize(self.buffer.len().max(end), 0);
        self.buffer[self.end..end].copy_from_slice(bytes);
        self.end = end;
    }

    /// Removes the telnet filter and appends the IAC that it may hold back.
    fn remove_telnet_filter(&mut self) {
        if let Some(mut telnet) = self.telnet.take() {
            let mut held_back = Vec::new();
            telnet.finish(&mut held_back);
            self.append(&held_back);
        }
    }

    /// Takes the answers to the client's telnet options: raw bytes to send as they are. Empty if none are due.
    pub fn telnet_answers(&mut self) -> Vec<u8> {
        self.telnet.as_mut().map(Telnet::take_answers).unwrap_or_default()
    }

    /// The received bytes that are not part of a taken message.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// True if bytes are pending and the framing is unknown. The caller then waits for more bytes, and reports a pause
    /// by [`ReceiveBuffer::report_silence`].
    #[must_use]
    pub fn awaits_silence(&self) -> bool {
        self.framing == Framing::Undecided && self.end > self.start
    }

    /// Reports that no bytes followed the pending ones for a while: the client is unframed. No effect unless
    /// [`ReceiveBuffer::awaits_silence`].
    pub fn report_silence(&mut self) {
        if self.awaits_silence() {
            self.framing = Framing::Unframed;
            self.remove_telnet_filter();
        }
    }

    /// Takes the next whole message; `None` until more bytes arrive.
    // Not an `Iterator`: the message borrows from the buffer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<ReadMessage<'_>> {
        match self.framing {
            Framing::Undecided => None,
            Framing::Lines => self.next_line(),
            Framing::Unframed => self.next_read(),
        }
    }

    /// Takes the last message of a client that has closed the connection. Its newline may be missing. Call it after
    /// [`ReceiveBuffer::next`] returned `None`.
    pub fn finish(&mut self) -> Option<ReadMessage<'_>> {
        self.remove_telnet_filter();
        let rest = std::mem::replace(&mut self.start, self.end)..self.end;
        self.scanned = self.end;
        let skipping = std::mem::take(&mut self.skipping);
        (!rest.is_empty() && !skipping).then(|| decode(&self.buffer[rest], self.max_bytes))
    }

    fn next_line(&mut self) -> Option<ReadMessage<'_>> {
        loop {
            let Some(at) = memchr(b'\n', &self.buffer[self.scanned..self.end]) else {
                self.scanned = self.end;
                let pending = self.end - self.start;
                // The one byte over the limit may be the CR of a line end.
                if self.skipping || pending > self.max_bytes + 1 {
                    let beginning = self.start..self.end;
                    self.start = 0;
                    self.end = 0;
                    self.scanned = 0;
                    let newly_too_long = !std::mem::replace(&mut self.skipping, true);
                    return newly_too_long.then(|| ReadMessage::TooLong(&self.buffer[beginning]));
                }
                return None;
            };
            let line = self.start..self.scanned + at;
            self.start = line.end + 1;
            self.scanned = self.start;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            let line = &self.buffer[line];
            return Some(decode(line.strip_suffix(b"\r").unwrap_or(line), self.max_bytes));
        }
    }

    fn next_read(&mut self) -> Option<ReadMessage<'_>> {
        // A character that the read has cut waits for its rest and begins the next message.
        let read = self.start..self.end - partial_character_bytes(&self.buffer[self.start..self.end]);
        self.start = read.end;
        self.scanned = self.start;
        (!read.is_empty()).then(|| decode(&self.buffer[read], self.max_bytes))
    }
}

fn decode(bytes: &[u8], max_bytes: usize) -> ReadMessage<'_> {
    if bytes.len() > max_bytes {
        ReadMessage::TooLong(bytes)
    } else {
        ReadMessage::Text(String::from_utf8_lossy(bytes))
    }
}

/// Returns how many bytes at the end are an incomplete UTF-8 character, which the next read may complete.
fn partial_character_bytes(bytes: &[u8]) -> usize {
    match std::str::from_utf8(&bytes[bytes.len().saturating_sub(3)..]) {
        Ok(_) => 0,
        Err(_) => (1..=bytes.len().min(3))
            .find(|&n| {
                let tail = &bytes[bytes.len() - n..];
                tail[0] >= 0xc0 && std::str::from_utf8(tail).is_err_and(|e| e.error_len().is_none())
            })
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;
