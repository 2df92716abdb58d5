//! The body of a request: a known number of bytes, or chunks (RFC 9112, section 7.1).
//!
//! The size of a chunk is hexadecimal digits and nothing else; extensions behind a `;` and trailers behind the last chunk
//! are checked for their line ends, counted and dropped. Without the count, a client could send them for ever.

use super::head::{BodyLength, find_line_end, malformed, too_large};
use super::response::Response;

/// Most bytes in the line of a chunk's size, and in a trailer.
pub const LINE_BYTES: usize = 1 << 10;
/// Most bytes of all extensions and trailers of a request.
pub const IGNORED_BYTES: usize = 8 << 10;
/// Most digits of a size: enough for every body below the limit, and never too many for a number.
const SIZE_DIGITS: usize = 8;

/// The part of a body that comes next.
#[derive(Debug)]
enum Next {
    /// So many bytes of the body itself, which `is_chunk` if a line end follows.
    Data { missing: usize, is_chunk: bool },
    /// The line end behind a chunk.
    ChunkEnd,
    /// The line with the size of a chunk.
    Size,
    /// A trailer, or the empty line that ends the body.
    Trailer,
    /// Nothing: the body is whole.
    End,
}

/// Reads one body.
#[derive(Debug)]
pub(super) struct BodyReader {
    next: Next,
    body: Vec<u8>,
    limit: usize,
    ignored: usize,
}

impl BodyReader {
    pub(super) fn new(length: BodyLength, limit: usize) -> BodyReader {
        let next = match length {
            BodyLength::Known(missing) => Next::Data { missing, is_chunk: false },
            BodyLength::Chunked => Next::Size,
        };
        BodyReader { next, body: Vec::new(), limit, ignored: 0 }
    }

    /// Takes the bytes that it can use from the beginning of `input`, and returns their number. Call it again with the rest
    /// and more bytes until [`BodyReader::take_body`] has the body. It leaves at most [`LINE_BYTES`] unused.
    pub(super) fn feed(&mut self, input: &[u8]) -> Result<usize, Response> {
        let mut used = 0;
        while let Some(count) = self.step(&input[used..])? {
            used += count;
        }
        Ok(used)
    }

    /// Returns the body once it is whole.
    pub(super) fn take_body(&mut self) -> Option<Vec<u8>> {
        matches!(self.next, Next::End).then(|| std::mem::take(&mut self.body))
    }

    /// Takes the next part. Returns the number of its bytes, or `None` if more are needed or the body is whole.
    fn step(&mut self, input: &[u8]) -> Result<Option<usize>, Response> {
        match self.next {
            Next::End => Ok(None),
            Next::Data { missing: 0, is_chunk } => {
                self.next = if is_chunk { Next::ChunkEnd } else { Next::End };
                Ok(Some(0))
            }
            Next::Data { .. } if input.is_empty() => Ok(None),
            Next::Data { missing, is_chunk } => {
                let count = missing.min(input.len());
                self.body.extend_from_slice(&input[..count]);
                self.next = Next::Data { missing: missing - count, is_chunk };
                Ok(Some(count))
            }
            Next::ChunkEnd => match input {
                [b'\r', b'\n', ..] => {
                    self.next = Next::Size;
                    Ok(Some(2))
                }
                [] | [b'\r'] => Ok(None),
                _ => Err(malformed("a chunk is longer than its size")),
            },
            Next::Size => self.take_line(input, BodyReader::start_chunk),
            Next::Trailer => self.take_line(input, BodyReader::skip_trailer),
        }
    }

    /// Passes the line at the beginning of `input` to `handle`, without its line end.
    fn take_line(
        &mut self,
        input: &[u8],
        handle: fn(&mut BodyReader, &[u8]) -> Result<(), Response>,
    ) -> Result<Option<usize>, Response> {
        match find_line_end(&input[..input.len().min(LINE_BYTES)], 0)? {
            Some(end) => {
                handle(self, &input[..end - 2])?;
                Ok(Some(end))
            }
            None if input.len() >= LINE_BYTES => Err(malformed("a line in its body is too long")),
            None => Ok(None),
        }
    }

    /// Reads `SIZE` or `SIZE;EXTENSIONS`.
    fn start_chunk(&mut self, line: &[u8]) -> Result<(), Response> {
        let (digits, extensions) = line.split_at(memchr::memchr(b';', line).unwrap_or(line.len()));
        self.ignore(extensions)?;
        let is_size = !digits.is_empty() && digits.len() <= SIZE_DIGITS && digits.iter().all(u8::is_ascii_hexdigit);
        let size = std::str::from_utf8(digits).ok().filter(|_| is_size).and_then(|d| usize::from_str_radix(d, 16).ok());
        let Some(size) = size else { return Err(malformed("the size of a chunk is not a number")) };
        if size > self.limit - self.body.len() {
            return Err(too_large(self.limit));
        }
        self.next = if size == 0 { Next::Trailer } else { Next::Data { missing: size, is_chunk: true } };
        Ok(())
    }

    /// Drops a trailer, as no answer depends on one.
    fn skip_trailer(&mut self, line: &[u8]) -> Result<(), Response> {
        if line.is_empty() {
            self.next = Next::End;
            return Ok(());
        }
        self.ignore(line)
    }

    fn ignore(&mut self, bytes: &[u8]) -> Result<(), Response> {
        if bytes.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
            return Err(malformed("a line in its body has a control character"));
        }
        self.ignored += bytes.len();
        if self.ignored > IGNORED_BYTES {
            return Err(malformed("its body has too many extensions or trailers"));
        }
        Ok(())
    }
}
