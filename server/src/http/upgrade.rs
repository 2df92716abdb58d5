//! The opening handshake of a WebSocket (RFC 6455, section 4.2).

use super::headers::Method;
use super::request::Request;
use super::response::{Response, Status, refusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::fmt;

/// The sub-protocol of this server: events and commands as after `format json`.
pub const PROTOCOL: &str = "landline.v1";
/// The version of the protocol that RFC 6455 defines.
const VERSION: &str = "13";
/// The text that proves to the client that the server knows WebSockets (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Length of the key in bytes, before base64.
const KEY_BYTES: usize = 16;

/// An accepted handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The bytes to send. Behind them, both sides send frames.
    pub head: Vec<u8>,
}

/// Accepts or refuses the handshake.
///
/// # Errors
/// The response that refuses it.
pub fn upgrade(request: &Request) -> Result<Upgrade, Response> {
    let headers = &request.headers;
    let is_upgrade = headers.has_token("Connection", "upgrade") && headers.has_token("Upgrade", "websocket");
    if !is_upgrade || request.minor_version == 0 || request.method != Method::Get {
        return Err(refusal(Status::UpgradeRequired, "this address is for WebSockets (open it by a WebSocket client)")
            .with_header("Upgrade", "websocket"));
    }
    if !request.body.is_empty() || headers.has("Transfer-Encoding") {
        return Err(bad("it has a body"));
    }
    if headers.only("Sec-WebSocket-Version") != Ok(Some(VERSION)) {
        return Err(refusal(
            Status::UpgradeRequired,
            format_args!("unknown version of WebSocket (use version {VERSION})"),
        )
        .with_header("Upgrade", "websocket")
        .with_header("Sec-WebSocket-Version", VERSION));
    }
    let Ok(Some(key)) = headers.only("Sec-WebSocket-Key") else {
        return Err(bad("it needs one Sec-WebSocket-Key header"));
    };
    if !STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == KEY_BYTES) {
        return Err(bad("its Sec-WebSocket-Key is not 16 bytes in base64"));
    }
    let protocol = choose_protocol(request)?;
    Ok(Upgrade { head: accept(key, protocol).into_bytes() })
}

fn bad(why: impl fmt::Display) -> Response {
    refusal(Status::BadRequest, format_args!("bad WebSocket handshake: {why}"))
}

/// Chooses among the sub-protocols that the client offers; a client may offer none.
fn choose_protocol(request: &Request) -> Result<Option<&'static str>, Response> {
    let mut offered = request.headers.list("Sec-WebSocket-Protocol").peekable();
    if offered.peek().is_none() {
        return Ok(None);
    }
    if offered.any(|protocol| protocol == PROTOCOL) {
        return Ok(Some(PROTOCOL));
    }
    Err(bad(format_args!("none of its sub-protocols is known here (offer {PROTOCOL}, or none)")))
}

fn accept(key: &str, protocol: Option<&str>) -> String {
    let proof = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()));
    let protocol = protocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {proof}\r\n{protocol}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reader::tests::{received, request};

    /// The handshake of RFC 6455, section 1.3, without its sub-protocols.
    const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    fn of(headers: &str) -> Result<String, Response> {
        upgrade(&request(&format!("{headers}\r\n"))).map(|upgrade| String::from_utf8(upgrade.head).unwrap())
    }

    #[test]
    fn example_of_the_rfc_is_accepted() {
        let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        assert_eq!(of(HANDSHAKE).unwrap(), expected);
        assert_eq!(of(&format!("{HANDSHAKE}Content-Length: 0\r\n")).unwrap(), expected);
        let firefox = HANDSHAKE
            .replace("Connection: Upgrade", "Connection: keep-alive, upgrade")
            .replace("Upgrade: websocket", "Upgrade: WebSocket");
        assert_eq!(of(&firefox).unwrap(), expected);
    }

    #[test]
    fn own_sub_protocol_is_chosen_among_those_offered() {
        for offer in ["landline.v1", "chat, landline.v1", "chat\r\nSec-WebSocket-Protocol: landline.v1"] {
            let answer = of(&format!("{HANDSHAKE}Sec-WebSocket-Protocol: {offer}\r\n")).unwrap();
            assert!(answer.ends_with("\r\nSec-WebSocket-Protocol: landline.v1\r\n\r\n"), "{answer}");
        }
        for offer in ["chat", "landline.v2, chat", "LANDLINE.V1"] {
            let refused = of(&format!("{HANDSHAKE}Sec-WebSocket-Protocol: {offer}\r\n")).unwrap_err();
            assert_eq!(refused.status(), Status::BadRequest, "{offer}");
        }
        assert!(!of(&format!("{HANDSHAKE}Sec-WebSocket-Protocol: ,\r\n")).unwrap().contains("Protocol:"));
    }

    #[test]
    fn other_handshakes_are_refused() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        for (from, to, status) in [
            ("Upgrade: websocket\r\n", "", Status::UpgradeRequired),
            ("Upgrade: websocket", "Upgrade: h2c", Status::UpgradeRequired),
            ("Connection: Upgrade", "Connection: close", Status::UpgradeRequired),
            ("HTTP/1.1", "HTTP/1.0", Status::UpgradeRequired),
            ("GET", "POST", Status::UpgradeRequired),
            ("Version: 13", "Version: 8", Status::UpgradeRequired),
            ("Version: 13", "Version: 13, 8", Status::UpgradeRequired),
            ("Sec-WebSocket-Version: 13\r\n", "", Status::UpgradeRequired),
            ("Sec-WebSocket-Key", "X-Key", Status::BadRequest),
            (key, "", Status::BadRequest),
            (key, "dGhlIHNhbXBsZSBub25jZQ", Status::BadRequest),
            (key, "dGhlIHNhbXBsZSBub25jZR==", Status::BadRequest),
            (key, "dGhlIHNhbXBsZSBub24=", Status::BadRequest),
            (key, "dGhlIHNhbXBsZSBub25jZSE+", Status::BadRequest),
            (key, "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", Status::BadRequest),
            ("Host: h", "Host: h\r\nTransfer-Encoding: chunked", Status::BadRequest),
        ] {
            let text = format!("{}\r\n", HANDSHAKE.replacen(from, to, 1));
            let text = if to.contains("chunked") { format!("{text}0\r\n\r\n") } else { text };
            let refused = upgrade(&request(&text)).unwrap_err();
            assert_eq!(refused.status(), status, "{from} -> {to}");
        }
        let refused = of(&HANDSHAKE.replace("13", "8")).unwrap_err();
        assert_eq!(refused.header("Sec-WebSocket-Version"), Some("13"));
        assert_eq!(of("GET /ws HTTP/1.1\r\nHost: h\r\n").unwrap_err().header("Upgrade"), Some("websocket"));
    }

    #[test]
    fn body_is_refused() {
        let (requests, _) = received(&[format!("{HANDSHAKE}Content-Length: 2\r\n\r\nhi").as_bytes()]);
        assert_eq!(upgrade(&requests[0]).unwrap_err().status(), Status::BadRequest);
    }
}
