//! The requests of one HTTP client, until it closes, waits too long, or asks for a WebSocket. [`crate::http`] decides about
//! the answers; this module reads, measures the time and sends.

use super::Connection;
use super::arrival::FirstReads;
use super::input::close_frame;
use super::transport::{Append, Chunks};
use crate::codec::{PortKind, Protocol};
use crate::http::ConnectionFacts;
use crate::http::exchange::Exchange;
use crate::http::forwarded::{client_address, is_trusted};
use crate::http::reader::{Phase, Received, RequestReader, request_timeout};
use crate::http::request::Request;
use crate::http::response::{CONTINUE, Response};
use crate::http::router::{self, Answer};
use crate::net::ReadResult;
use landline_common::{Cause, Limits, Report};
use std::time::Instant;

impl Append for RequestReader {
    fn append(&mut self, bytes: &[u8]) {
        RequestReader::append(self, bytes);
    }
}

/// The next action after a request.
enum Next {
    Request,
    WebSocket,
    End,
}

impl Connection<'_> {
    /// Answers the requests of a client. Returns the first bytes of a WebSocket if the client has opened one, `None` if the
    /// connection must end.
    pub(super) fn serve_requests(&mut self, first: FirstReads) -> Option<Vec<u8>> {
        let limits = &self.context.limits;
        if !self.guard.move_to_http() {
            self.refuse_requests(&Cause::ServerFull.report());
            return None;
        }
        let mut input = Chunks::new(RequestReader::new(limits));
        for read in first {
            input.decoder.append(&read);
        }
        // The time of a phase begins with it: bytes within a phase do not extend it.
        let mut phase = (Phase::Head, Instant::now());
        loop {
            self.guard.set_busy(true);
            let mut is_answered = false;
            while let Some(received) = input.decoder.advance() {
                match self.answer(received) {
                    Next::Request => is_answered = true,
                    Next::WebSocket => {
                        // A newer client may take its place until it signs in. A flood of WebSockets that never do could
                        // otherwise keep all browsers out.
                        self.guard.set_busy(false);
                        return Some(input.decoder.into_rest());
                    }
                    Next::End => return None,
                }
            }
            let current = input.decoder.phase();
            if is_answered || current != phase.0 {
                phase = (current, Instant::now());
            }
            self.guard.set_busy(current != Phase::Idle);
            match self.transport.read(&mut input, phase.1 + current.time_limit(limits)) {
                ReadResult::Bytes(_) => {}
                ReadResult::TimedOut => {
                    if current != Phase::Idle {
                        self.send_response(&request_timeout());
                    }
                    return None;
                }
                ReadResult::Closed | ReadResult::Broken => return None,
            }
        }
    }

    fn answer(&mut self, received: Received<'_>) -> Next {
        match received {
            Received::Request(request) => {
                if let Err(report) = self.count_for_client(&request) {
                    self.refuse_requests(&report);
                    return Next::End;
                }
                match router::answer(self.exchange(&request)) {
                    Answer::Respond(response) => self.send_response(&response),
                    Answer::Upgrade(upgrade) => {
                        self.outbox.push_control(&upgrade.head);
                        self.outbox.set_farewell(close_frame);
                        Next::WebSocket
                    }
                }
            }
            Received::ExpectsContinue(request) => match router::refuse_body(self.exchange(request)) {
                Some(response) => self.send_response(&response),
                None => {
                    self.outbox.push_control(CONTINUE);
                    Next::Request
                }
            },
            Received::Refused(response) => self.send_response(&response),
        }
    }

    /// Sends a response, and waits until the kernel has taken it: a client that asks and does not read must not fill its
    /// backlog.
    fn send_response(&self, response: &Response) -> Next {
        self.outbox.push_control(&response.to_bytes());
        let deadline = Instant::now() + Limits::seconds(self.context.limits.stalled_seconds);
        if self.outbox.flush(deadline) && !response.ends_connection() { Next::Request } else { Next::End }
    }

    fn refuse_requests(&self, report: &Report<'static>) {
        self.outbox.push_control(&Protocol::Http.refusal(report, self.context.clock.now()));
    }

    fn exchange<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        let connection = ConnectionFacts {
            is_encrypted: self.transport.is_encrypted(),
            is_proxied: self.is_proxied(),
            must_encrypt: self.must_encrypt(),
            is_main_port: self.port_kind == PortKind::Main,
        };
        let context = self.context;
        let key = context.tls.as_ref().map(|tls| tls.key());
        Exchange { request, server: &context.facts, users: context.hub.user_count(), key, connection }
    }

    fn is_proxied(&self) -> bool {
        let peer = self.transport.stream.address();
        is_trusted(peer, &self.context.trusted_proxies)
    }

    /// Counts a request that came through a trusted proxy for the client behind it.
    ///
    /// # Errors
    /// The client's address is banned, or has too many connections.
    fn count_for_client(&mut self, request: &Request) -> Result<(), Report<'static>> {
        let peer = self.transport.stream.address();
        let client = client_address(peer, &self.context.trusted_proxies, &request.headers);
        if client == self.address {
            return Ok(());
        }
        self.address = client;
        if !self.guard.move_to_address(client) {
            return Err(Cause::ServerFull.report());
        }
        // After the move: a ban disconnects only the connections that count for its address.
        self.context.ban_report(client).map_or(Ok(()), Err)
    }
}
