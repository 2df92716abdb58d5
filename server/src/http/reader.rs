//! Takes requests from received bytes, however the network cuts them.

use super::body::BodyReader;
use super::head::{self, Head};
use super::request::Request;
use super::response::{Response, Status, refusal};
use landline_common::Limits;
use landline_common::limits;
use std::time::Duration;

/// The next result of a [`RequestReader`].
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A request.
    Request(Request),
    /// The head of a request whose client waits before it sends the body.
    ExpectsContinue(&'a Request),
    /// The bytes are no request that may be answered. Send this, and end the connection.
    Refused(Response),
}

/// What the reader waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The first byte of a request.
    Idle,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
}

impl Phase {
    /// Returns the most time that a client may stay in the phase.
    #[must_use]
    pub fn time_limit(self, limits: &Limits) -> Duration {
        Limits::seconds(match self {
            Phase::Idle => limits.http_idle_seconds,
            Phase::Head => limits.http_head_seconds,
            Phase::Body => limits.http_body_seconds,
        })
    }
}

/// Makes the response to a request that has not become whole in time.
#[must_use]
pub fn request_timeout() -> Response {
    refusal(Status::RequestTimeout, "request not received in time (send it again, faster)").and_close()
}

#[derive(Debug)]
enum State {
    Head,
    Body(Box<(Request, BodyReader)>),
    Refused,
}

/// Takes requests from the bytes of one connection. Several may come at once (pipelining); they are answered in order.
///
/// ```text
/// 0            start           line            len
/// | consumed   | whole lines   | rest          |
/// ```
///
/// Memory stays bounded if the caller takes all results behind each [`RequestReader::append`]: a head of
/// [`Limits::http_head_bytes`], a body of [`Limits::http_body_bytes`], and the bytes of one read.
#[derive(Debug)]
pub struct RequestReader {
    buffer: Vec<u8>,
    /// The first byte that is not consumed.
    start: usize,
    /// The beginning of the first line that is not whole, counted from `start`.
    line: usize,
    /// An empty line was dropped in front of the request that comes.
    has_skipped_line: bool,
    state: State,
    head_limit: usize,
    body_limit: usize,
}

impl RequestReader {
    /// Makes a reader without bytes.
    #[must_use]
    pub fn new(limits: &Limits) -> RequestReader {
        RequestReader {
            buffer: Vec::new(),
            start: 0,
            line: 0,
            has_skipped_line: false,
            state: State::Head,
            head_limit: limits::count(limits.http_head_bytes),
            body_limit: limits::count(limits.http_body_bytes),
        }
    }

    /// Adds received bytes. Behind a refusal it drops them.
    pub fn append(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Refused) {
            return;
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next result, or `None` if more bytes are needed or the last result was a refusal.
    pub fn advance(&mut self) -> Option<Received<'_>> {
        if matches!(self.state, State::Head) {
            match self.take_head() {
                Ok(None) => return None,
                Err(refused) => return Some(self.refuse(refused)),
                Ok(Some(Head { request, length, expects_continue })) => {
                    let body = BodyReader::new(length, self.body_limit);
                    self.state = State::Body(Box::new((request, body)));
                    if expects_continue {
                        let State::Body(reading) = &self.state else { return None };
                        return Some(Received::ExpectsContinue(&reading.0));
                    }
                }
            }
        }
        let State::Body(reading) = &mut self.state else { return None };
        let (request, body) = &mut **reading;
        match body.feed(&self.buffer[self.start..]) {
            Ok(used) => self.start += used,
            Err(refused) => return Some(self.refuse(refused)),
        }
        request.body = body.take_body()?;
        let State::Body(read) = std::mem::replace(&mut self.state, State::Head) else { return None };
        Some(Received::Request(read.0))
    }

    /// Returns the phase, once [`RequestReader::advance`] has returned `None`.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Body(_) => Phase::Body,
            State::Head if self.start < self.buffer.len() => Phase::Head,
            State::Head | State::Refused => Phase::Idle,
        }
    }

    /// Returns the bytes behind the last request, which belong to the protocol to which it switched.
    #[must_use]
    pub fn into_rest(mut self) -> Vec<u8> {
        self.buffer.split_off(self.start)
    }

    fn refuse(&mut self, refused: Response) -> Received<'static> {
        self.state = State::Refused;
        self.buffer = Vec::new();
        self.start = 0;
        Received::Refused(refused)
    }

    /// Takes a head from the buffer once it is whole.
    fn take_head(&mut self) -> Result<Option<Head>, Response> {
        // Some clients send an empty line behind a body (RFC 9112, section 2.2).
        if !self.has_skipped_line && self.buffer[self.start..].starts_with(b"\r\n") {
            self.has_skipped_line = true;
            self.start += 2;
        }
        let Some(length) = head::find_head_end(&self.buffer[self.start..], &mut self.line, self.head_limit)? else {
            return Ok(None);
        };
        let parsed = head::parse(&self.buffer[self.start..self.start + length], self.body_limit);
        self.start += length;
        self.line = 0;
        self.has_skipped_line = false;
        parsed.map(Some)
    }
}

#[cfg(test)]
pub(super) mod tests;
