//! Codecs: the protocols by which clients reach a door. A codec recognizes its clients by their first bytes, and refuses
//! a client in its own words.
//!
//! ```text
//! first bytes ─▶ PortKind::identify ─▶ Tls      ─▶ handshake, then the same question for the first decrypted bytes
//!                                   ─▶ Http     ─▶ requests; an upgrade leads to the WebSocket door
//!                                   ─▶ Text     ─▶ the text door
//!                                   ─▶ LanTalk  ─▶ LanTalk's door
//! ```
//!
//! The answer has three values: the first bytes decide for a codec, or against all but the last one, or more bytes are
//! needed. "GE" may become a request or the name of a guest.
//!
//! | port | codecs, in the order in which they are asked | silence means |
//! |---|---|---|
//! | main | TLS, HTTP, text | a user at a terminal: the text door greets |
//! | LanTalk | TLS, LanTalk | a client of LanTalk, which waits for the greeting |
//! | web | TLS, HTTP | a browser that connects before it has a request: the server never greets |
//!
//! Browsers open connections ahead of their requests, and reuse them also if bytes have arrived on them. A greeting there
//! would spoil the request, so users and links name the web port, and a main port redirects `/` to it.
//!
//! This module reads and sends nothing. [`crate::connection`] waits for the bytes, and [`crate::refuser`] sends refusals.

use crate::guard::Stage;
use crate::http::response::{Status, final_refusal};
use landline_common::tls::FIRST_BYTES;
use landline_common::{Cause, EventKind, Limits, OffsetDateTime, Rendering, Report};
use std::time::Duration;

/// The kind of port that a client connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// A main port: all protocols but LanTalk's.
    Main,
    /// The LanTalk port.
    LanTalk,
    /// The web port, for browsers.
    Web,
}

/// A protocol that is recognized by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TLS, with another protocol inside.
    Tls,
    /// HTTP/1, which may become WebSocket.
    Http,
    /// Lines of text, framed or not.
    Text,
    /// The JSON lines of LanTalk 2.0.
    LanTalk,
}

/// Whether the first bytes of a client belong to a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    /// They do.
    Yes,
    /// They do not.
    No,
    /// They may, with more bytes.
    NeedMore,
}

struct PortRow {
    port_kind: PortKind,
    /// In the order in which they are asked; the last one takes all other clients.
    protocols: &'static [Protocol],
    /// Silence after which the server speaks first, or gives up.
    silence: fn(&Limits) -> Duration,
    /// The protocol of a silent client; `None` if the connection ends then.
    when_silent: Option<Protocol>,
}

static PORTS: [PortRow; 3] = [
    PortRow {
        port_kind: PortKind::Main,
        protocols: &[Protocol::Tls, Protocol::Http, Protocol::Text],
        silence: |limits| Limits::millis(limits.greeting_ms),
        when_silent: Some(Protocol::Text),
    },
    PortRow {
        port_kind: PortKind::LanTalk,
        protocols: &[Protocol::Tls, Protocol::LanTalk],
        silence: |limits| Limits::millis(limits.lantalk_greeting_ms),
        when_silent: Some(Protocol::LanTalk),
    },
    PortRow {
        port_kind: PortKind::Web,
        protocols: &[Protocol::Tls, Protocol::Http],
        silence: |limits| Limits::seconds(limits.http_idle_seconds),
        when_silent: None,
    },
];

/// The request methods by which HTTP is recognized (RFC 9110, section 9; RFC 5789), and the first word of HTTP/2.
const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"];

impl PortKind {
    fn row(self) -> &'static PortRow {
        let [main, ..] = &PORTS;
        PORTS.iter().find(|row| row.port_kind == self).unwrap_or(main)
    }

    /// Returns the stage in which connections of this port begin.
    #[must_use]
    pub fn first_stage(self) -> Stage {
        if self == PortKind::Web { Stage::Http } else { Stage::Unsigned }
    }

    /// Returns the protocol of a client by its first bytes, or `None` if more are needed. `is_inside` is true for
    /// decrypted bytes, which are never TLS again.
    #[must_use]
    pub fn identify(self, first: &[u8], is_inside: bool) -> Option<Protocol> {
        let protocols = self.row().protocols;
        for protocol in protocols.iter().filter(|protocol| !(is_inside && **protocol == Protocol::Tls)) {
            match protocol.sniff(first) {
                Sniff::Yes => return Some(*protocol),
                Sniff::NeedMore => return None,
                Sniff::No => {}
            }
        }
        protocols.last().copied()
    }

    /// Returns the protocol of a client of which no more bytes may be expected: it was silent for long, or has closed.
    #[must_use]
    pub fn identify_at_once(self, first: &[u8], is_inside: bool) -> Option<Protocol> {
        if first.is_empty() { self.row().when_silent } else { self.identify(first, is_inside).or_else(|| self.rest()) }
    }

    /// Returns the protocol that takes the clients of no other one.
    #[must_use]
    pub fn rest(self) -> Option<Protocol> {
        self.row().protocols.last().copied()
    }

    /// Returns the silence of a new client after which the server greets it, or closes.
    #[must_use]
    pub fn silence(self, limits: &Limits) -> Duration {
        (self.row().silence)(limits)
    }
}

impl Protocol {
    fn sniff(self, first: &[u8]) -> Sniff {
        match self {
            Protocol::Tls => begins(first, &FIRST_BYTES),
            Protocol::Http => sniff_http(first),
            Protocol::Text | Protocol::LanTalk => Sniff::Yes,
        }
    }

    /// Returns the bytes that refuse a client of this protocol, in its own words.
    #[must_use]
    pub fn refusal(self, report: &Report<'static>, now: OffsetDateTime) -> Vec<u8> {
        let (rendering, event) = match (self, report.cause) {
            (Protocol::Tls, cause) => return alert(cause).to_vec(),
            (Protocol::Http, Cause::ServerFull) => return http_refusal(Status::ServiceUnavailable, report),
            (Protocol::Http, _) => return http_refusal(Status::Forbidden, report),
            (Protocol::LanTalk, _) => (Rendering::LanTalk, EventKind::Refused(report.clone())),
            (Protocol::Text, Cause::ServerFull) => (Rendering::Text, report.clone().into()),
            (Protocol::Text, _) => (Rendering::Text, EventKind::Refused(report.clone())),
        };
        let mut bytes = Vec::new();
        rendering.write(&event.at(now), &Limits::default(), &mut bytes);
        bytes
    }
}

fn http_refusal(status: Status, report: &Report<'static>) -> Vec<u8> {
    const RETRY_SECONDS: u32 = 10;
    let retry = (status == Status::ServiceUnavailable).then_some(RETRY_SECONDS);
    final_refusal(status, report.sentence(), retry)
}

/// Returns a record with a fatal alert (RFC 8446, section 6): what a client may be told before a handshake.
fn alert(cause: Cause) -> [u8; 7] {
    const ACCESS_DENIED: u8 = 49;
    const INTERNAL_ERROR: u8 = 80;
    const HANDSHAKE_FAILURE: u8 = 40;
    let description = match cause {
        Cause::AddressBanned => ACCESS_DENIED,
        Cause::ServerFull => INTERNAL_ERROR,
        _ => HANDSHAKE_FAILURE,
    };
    [21, 3, 3, 0, 2, 2, description]
}

/// Returns whether `first` begins with `with`.
fn begins(first: &[u8], with: &[u8]) -> Sniff {
    let common = first.len().min(with.len());
    match first[..common] == with[..common] {
        false => Sniff::No,
        true if first.len() < with.len() => Sniff::NeedMore,
        true => Sniff::Yes,
    }
}

/// Recognizes a request: a method and a blank. The rest of the line is for the HTTP codec to refuse.
fn sniff_http(first: &[u8]) -> Sniff {
    let mut sniffs = METHODS.iter().map(|method| match begins(first, method.as_bytes()) {
        Sniff::Yes => begins(&first[method.len()..], b" "),
        other => other,
    });
    sniffs.find(|sniff| *sniff != Sniff::No).unwrap_or(Sniff::No)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Protocol::{Http, LanTalk, Text, Tls};
    use proptest::prelude::*;

    const TLS: &[u8] = &[0x16, 3, 1, 2, 0];

    #[test]
    fn first_bytes_decide_once_they_suffice() {
        for (first, main, lantalk, web) in [
            (&b""[..], None, None, None),
            (b"G", None, Some(LanTalk), None),
            (b"GET", None, Some(LanTalk), None),
            (b"GET ", Some(Http), Some(LanTalk), Some(Http)),
            (b"PRI * HTTP/2.0", Some(Http), Some(LanTalk), Some(Http)),
            (b"GET_lobby", Some(Text), Some(LanTalk), Some(Http)),
            (b"GETTER ", Some(Text), Some(LanTalk), Some(Http)),
            (b"get / HTTP/1.1", Some(Text), Some(LanTalk), Some(Http)),
            (b"alice_lobby\n", Some(Text), Some(LanTalk), Some(Http)),
            (b"{\"username\":", Some(Text), Some(LanTalk), Some(Http)),
            (b"\x16", None, None, None),
            (b"\x16\x02", Some(Text), Some(LanTalk), Some(Http)),
            (TLS, Some(Tls), Some(Tls), Some(Tls)),
        ] {
            for (port, expected) in [(PortKind::Main, main), (PortKind::LanTalk, lantalk), (PortKind::Web, web)] {
                assert_eq!(port.identify(first, false), expected, "{port:?} {first:?}");
            }
        }
        assert_eq!(PortKind::Main.identify(TLS, true), Some(Text), "TLS inside TLS");
        assert_eq!(PortKind::LanTalk.identify(TLS, true), Some(LanTalk));
    }

    #[test]
    fn silence_decides_what_is_open() {
        assert_eq!(PortKind::Main.identify_at_once(b"", false), Some(Text));
        assert_eq!(PortKind::Main.identify_at_once(b"GE", false), Some(Text));
        assert_eq!(PortKind::Main.identify_at_once(b"GET ", false), Some(Http));
        assert_eq!(PortKind::LanTalk.identify_at_once(b"", true), Some(LanTalk));
        assert_eq!(PortKind::Web.identify_at_once(b"", false), None);
        assert_eq!(PortKind::Web.identify_at_once(b"\x16", false), Some(Http));
        let limits = Limits::default();
        assert!(PortKind::LanTalk.silence(&limits) < PortKind::Main.silence(&limits));
        assert!(PortKind::Main.silence(&limits) < PortKind::Web.silence(&limits));
    }

    #[test]
    fn each_protocol_refuses_in_its_own_words() {
        let text = |protocol: Protocol, cause: Cause| {
            let bytes = protocol.refusal(&cause.report(), OffsetDateTime::default());
            String::from_utf8_lossy(&bytes).into_owned()
        };
        assert_eq!(text(Text, Cause::ServerFull), "ERROR: 503 This server is full. Try again later.\n");
        assert_eq!(text(Text, Cause::AddressBanned), "403 Your address is banned from this server.\n");
        assert!(text(LanTalk, Cause::ServerFull).contains(r#""auth_fail""#));
        assert!(text(Http, Cause::ServerFull).starts_with("HTTP/1.1 503 "));
        assert!(text(Http, Cause::AddressBanned).starts_with("HTTP/1.1 403 "));
        for (cause, description) in [(Cause::ServerFull, 80), (Cause::AddressBanned, 49), (Cause::NotSupported, 40)] {
            assert_eq!(
                Tls.refusal(&cause.report(), OffsetDateTime::default()),
                [21, 3, 3, 0, 2, 2, description],
                "{cause:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn more_bytes_never_change_a_decision(first in prop::collection::vec(any::<u8>(), 0..12), http in any::<bool>()) {
            let first = if http { [&b"OPTIONS "[..first.len().min(8)], &first].concat() } else { first };
            for port in [PortKind::Main, PortKind::LanTalk, PortKind::Web] {
                let decisions: Vec<_> = (0..=first.len()).filter_map(|to| port.identify(&first[..to], false)).collect();
                prop_assert!(decisions.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", decisions);
                prop_assert!(first.len() < 9 || !decisions.is_empty(), "nine bytes suffice");
            }
        }
    }
}
