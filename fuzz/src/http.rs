//! HTTP: requests, and the answers to them.

use landline_common::Limits;
use landline_server::http::ConnectionFacts;
use landline_server::http::exchange::{Exchange, ServerFacts};
use landline_server::http::forwarded::client_address;
use landline_server::http::host_rules::AllowedHosts;
use landline_server::http::reader::{Received, RequestReader};
use landline_server::http::request::Request;
use landline_server::http::response::Response;
use landline_server::http::router::{Answer, answer, refuse_body};
use std::net::{IpAddr, Ipv4Addr};

/// Bytes of one read of the connection.
const READ_BYTES: usize = 4_096;

/// Requests: the network's cuts change nothing, what waits is bounded, and each answer is one whole response.
pub fn http(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else { return };
    let whole = received(bytes, READ_BYTES);
    assert_eq!(received(bytes, usize::from(how % 64) + 1), whole);
    let server = ServerFacts {
        name: "<b>\u{202e}".into(),
        text_port: Some(1),
        web_port: Some(2),
        own_address: "10.0.0.1:80".into(),
        hosts: AllowedHosts::new("box", &[]),
        ..ServerFacts::default()
    };
    let connection = ConnectionFacts {
        is_encrypted: how & 0x40 != 0,
        is_proxied: how & 0x80 != 0,
        must_encrypt: how & 0xc0 == 0x80,
        is_main_port: how & 0x20 != 0,
    };
    for request in &whole.0 {
        assert!(request.body.len() as u64 <= Limits::default().http_body_bytes);
        let exchange = Exchange { request, server: &server, users: 1, key: None, connection };
        match answer(exchange) {
            Answer::Respond(response) => assert_whole(&response),
            Answer::Upgrade(upgrade) => assert_head(&upgrade.head),
        }
        if let Some(response) = refuse_body(exchange) {
            assert!(response.ends_connection());
            assert_whole(&response);
        }
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(client_address(peer, &[], &request.headers), peer, "no proxy is trusted");
    }
    if let Some(response) = whole.1 {
        assert!(response.ends_connection());
        assert_whole(&response);
    }
}

/// Returns all requests, and the refusal if there is one.
fn received(bytes: &[u8], piece: usize) -> (Vec<Request>, Option<Response>) {
    let limits = Limits::default();
    let mut reader = RequestReader::new(&limits);
    let mut requests = Vec::new();
    for piece in bytes.chunks(piece) {
        reader.append(piece);
        while let Some(received) = reader.advance() {
            match received {
                Received::Request(request) => requests.push(request),
                Received::ExpectsContinue(_) => {}
                Received::Refused(response) => return (requests, Some(response)),
            }
        }
    }
    assert!(reader.into_rest().len() as u64 <= limits.http_head_bytes);
    (requests, None)
}

/// Asserts that a response is one head and the body that it announces.
fn assert_whole(response: &Response) {
    let bytes = response.to_bytes();
    assert_head(&bytes);
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    let Some(end) = end else { panic!("no end of the head: {}", String::from_utf8_lossy(&bytes)) };
    // The body may be compressed.
    let (head, body) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 4..]);
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).and_then(|text| text.parse().ok());
    assert!(body.is_empty() || length == Some(body.len()), "{head}");
}

/// Asserts that the head has one status line, and no control characters but its line ends.
fn assert_head(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    assert!(head.starts_with("HTTP/1.1 ") && head.matches("HTTP/1.1 ").count() == 1, "{head}");
    assert!(head.split("\r\n").all(|line| line.is_ascii() && !line.contains(char::is_control)), "{head:?}");
}
