//! HTTP/1.1 for browsers, `curl` and programs (RFC 9110, RFC 9112): received bytes to requests, requests to answers.
//!
//! Pure: no socket, thread, lock or clock. The connection reads and writes the bytes, measures the time, and runs this loop:
//!
//! ```text
//! read from the socket ─▶ RequestReader::append
//! RequestReader::advance ─▶ None: read more, at most until Phase::time_limit of RequestReader::phase has passed; then
//!                                 Idle: close;  Head or Body: send request_timeout(), close
//!                        ─▶ Request(r): router::answer(r) ─▶ Respond(p): send p.to_bytes(); close if p.ends_connection()
//!                                                         ─▶ Upgrade(u): send u.head; RequestReader::into_rest has the
//!                                                                        first bytes of the WebSocket
//!                        ─▶ ExpectsContinue(r): router::refuse_body(r) ─▶ None: send CONTINUE;  Some(p): send p, close
//!                        ─▶ Refused(p): send p, close
//! ```
//!
//! Time runs from the moment at which the phase began, not from the last byte. A connection that ends with bytes of the
//! client unread makes the system reset it, which can destroy the response on its way: shut the sending side down and
//! read on for a moment before closing.
//!
//! Whatever two programs could read in two ways is refused, since a proxy in front of the server might read it in the other
//! one (request smuggling): see [`head`] and [`body`].

pub mod authority;
pub mod body;
pub mod exchange;
pub mod forwarded;
pub mod head;
pub mod headers;
pub mod host_rules;
mod negotiation;
mod page;
mod qr;
pub mod reader;
pub mod request;
pub mod response;
pub mod router;
pub mod upgrade;

/// What the connection of a request knows about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// TLS encrypts the connection.
    pub is_encrypted: bool,
    /// The peer is a trusted proxy, so the scheme of the user's own connection is unknown.
    pub is_proxied: bool,
    /// The server demands TLS of this peer (`--require-tls`), and the connection has none.
    pub must_encrypt: bool,
    /// The client came to a main port, which greets connections that stay silent.
    pub is_main_port: bool,
}
