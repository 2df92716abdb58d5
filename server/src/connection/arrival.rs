//! The arrival of one client: its first bytes choose the protocol, in the clear or inside TLS.

use super::Connection;
use super::transport::{Append, CHUNK_BYTES, Chunks};
use crate::codec::Protocol;
use crate::net::ReadResult;
use landline_common::tls::TlsSession;
use landline_common::{Cause, Limits};
use std::time::Instant;

/// The first bytes of a client, each read on its own: the text codec takes a read for a message.
pub(super) type FirstReads = Vec<Vec<u8>>;

impl Append for FirstReads {
    fn append(&mut self, bytes: &[u8]) {
        self.push(bytes.to_vec());
    }
}

/// A client whose protocol is known.
pub(super) struct Arrival {
    pub(super) protocol: Protocol,
    pub(super) first: FirstReads,
    /// The last read: the first bytes have arrived before it.
    pub(super) last: ReadResult,
}

impl Connection<'_> {
    /// Waits for the first bytes of a client, completes the handshake of TLS, and finds the protocol. Returns `None` if
    /// the client leaves or is refused.
    pub(super) fn identify(&mut self) -> Option<Arrival> {
        let mut arrival = self.identify_once(FirstReads::new())?;
        if arrival.protocol == Protocol::Tls {
            let first = self.shake_hands(&arrival.first.concat())?;
            arrival = self.identify_once(first)?;
        }
        if self.must_encrypt() {
            return self.refuse_clear_text(arrival);
        }
        Some(arrival)
    }

    /// Finds the protocol. `first`: bytes that are here already.
    fn identify_once(&mut self, first: FirstReads) -> Option<Arrival> {
        let limits = &self.context.limits;
        let is_inside = self.transport.is_encrypted();
        let mut first = Chunks::new(first);
        let mut silent_at = Instant::now() + self.port_kind.silence(limits);
        loop {
            let bytes = first.decoder.concat();
            let protocol = if bytes.is_empty() { None } else { self.port_kind.identify(&bytes, is_inside) };
            if let Some(protocol) = protocol {
                return Some(Arrival { protocol, last: ReadResult::Bytes(bytes.len()), first: first.decoder });
            }
            match self.transport.read(&mut first, silent_at) {
                // A request may begin with these few bytes, or the message of an unframed client may end with them.
                ReadResult::Bytes(_) => silent_at = Instant::now() + Limits::millis(limits.unframed_quiet_ms),
                ReadResult::Broken => return None,
                last => {
                    let protocol = self.port_kind.identify_at_once(&bytes, is_inside)?;
                    let last = if bytes.is_empty() { last } else { ReadResult::Bytes(bytes.len()) };
                    return Some(Arrival { protocol, first: first.decoder, last });
                }
            }
        }
    }

    /// Completes the handshake of TLS, which began with the bytes `hello`. Returns the plaintext that came with its end;
    /// `None` if it fails, or this server has no TLS.
    fn shake_hands(&mut self, hello: &[u8]) -> Option<FirstReads> {
        let Some(tls) = &self.context.tls else {
            self.outbox.end(&Protocol::Tls.refusal(&Cause::NotSupported.report(), self.context.clock.now()));
            return None;
        };
        self.outbox.start_tls(TlsSession::server(tls.config()).ok()?);
        self.transport.start_tls();
        let deadline = Instant::now() + Limits::seconds(self.context.limits.tls_handshake_seconds);
        let mut plaintext = Vec::new();
        self.outbox.receive(hello, &mut plaintext).ok()?;
        let mut records = vec![0; CHUNK_BYTES];
        while self.outbox.is_handshaking() {
            let ReadResult::Bytes(count) = self.transport.stream.read(&mut records, deadline) else { return None };
            self.outbox.receive(&records[..count], &mut plaintext).ok()?;
            if Instant::now() >= deadline {
                return None;
            }
        }
        Some(if plaintext.is_empty() { FirstReads::new() } else { vec![plaintext] })
    }

    /// Returns true if this server demands TLS of the client, which has none. Clients of this machine may go without.
    pub(super) fn must_encrypt(&self) -> bool {
        let is_remote = !self.transport.stream.address().is_loopback();
        self.context.require_tls && is_remote && !self.transport.is_encrypted()
    }

    /// Refuses a client that does not encrypt. HTTP goes on: its door leads browsers to the encrypted page.
    fn refuse_clear_text(&self, arrival: Arrival) -> Option<Arrival> {
        if arrival.protocol == Protocol::Http {
            return Some(arrival);
        }
        let refusal = arrival.protocol.refusal(&Cause::TlsRequired.report(), self.context.clock.now());
        self.outbox.push_control(framed_like(&arrival.first.concat(), &refusal));
        None
    }
}

/// Returns the answer to `first`. A client that sends no newline gets none.
fn framed_like<'a>(first: &[u8], answer: &'a [u8]) -> &'a [u8] {
    let is_unframed = !first.is_empty() && !first.contains(&b'\n');
    if is_unframed { answer.strip_suffix(b"\n").unwrap_or(answer) } else { answer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use landline_common::OffsetDateTime;

    #[test]
    fn clear_text_is_refused_in_the_form_of_each_client() {
        let refused = |protocol: Protocol, first: &[u8]| {
            let refusal = protocol.refusal(&Cause::TlsRequired.report(), OffsetDateTime::default());
            String::from_utf8_lossy(framed_like(first, &refusal)).into_owned()
        };
        let sentence = "403 This server accepts encrypted connections only. Use landline, or openssl s_client.";
        assert_eq!(refused(Protocol::Text, b"alice_lobby"), sentence);
        for first in [&b""[..], b"alice_lobby\n"] {
            assert_eq!(refused(Protocol::Text, first), format!("{sentence}\n"));
        }
        let lantalk = refused(Protocol::LanTalk, b"");
        assert!(lantalk.contains(r#""auth_fail""#) && lantalk.contains("accepts encrypted connections only"));
    }
}
