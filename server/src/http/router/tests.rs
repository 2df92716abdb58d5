use super::*;
use crate::http::ConnectionFacts;
use crate::http::exchange::ServerFacts;
use crate::http::host_rules::AllowedHosts;
use crate::http::reader::tests::request;

pub fn facts() -> ServerFacts {
    ServerFacts {
        name: "Class 7b".into(),
        version: "1.2.3",
        has_password: false,
        text_port: Some(12_345),
        requires_tls: false,
        own_address: "10.0.0.1:8080".into(),
        hosts: AllowedHosts::new("box", &[]),
    }
}

const PLAIN: ConnectionFacts = ConnectionFacts { is_encrypted: false, is_proxied: false, must_encrypt: false };

fn answer_on(connection: ConnectionFacts, text: &str) -> Answer {
    answer(Exchange { request: &request(text), server: &facts(), users: 3, key: None, connection })
}

fn respond_on(connection: ConnectionFacts, text: &str) -> Response {
    match answer_on(connection, text) {
        Answer::Respond(response) => response,
        Answer::Upgrade(_) => panic!("an upgrade: {text}"),
    }
}

/// Returns the response to a request in clear text with this method and path.
fn respond(method: &str, path: &str) -> Response {
    respond_on(PLAIN, &format!("{method} {path} HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n\r\n"))
}

fn body(response: &Response) -> String {
    let text = String::from_utf8(response.to_bytes()).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

#[test]
fn addresses_answer_as_the_table_says() {
    for (method, path, status) in [
        ("GET", "/", Status::Ok),
        ("HEAD", "/", Status::Ok),
        ("GET", "/?room=ops", Status::Ok),
        ("GET", "/health", Status::Ok),
        ("HEAD", "/health", Status::Ok),
        ("GET", "/ws", Status::UpgradeRequired),
        ("GET", "/favicon.ico", Status::NotFound),
        ("POST", "/favicon.ico", Status::NotFound),
        ("GET", "/../etc/passwd", Status::NotFound),
        ("GET", "//", Status::NotFound),
        ("GET", "/health/", Status::NotFound),
        ("GET", "/%68ealth", Status::NotFound),
        ("POST", "/", Status::MethodNotAllowed),
        ("DELETE", "/health", Status::MethodNotAllowed),
        ("TRACE", "/", Status::MethodNotAllowed),
        ("POST", "/ws", Status::MethodNotAllowed),
        ("OPTIONS", "/", Status::NoContent),
        ("OPTIONS", "*", Status::NoContent),
        ("OPTIONS", "/none", Status::NotFound),
    ] {
        let response = respond(method, path);
        assert_eq!(response.status(), status, "{method} {path}");
        assert!(!response.ends_connection(), "{method} {path}");
        let tells_methods = matches!(status, Status::MethodNotAllowed | Status::NoContent);
        assert_eq!(response.header("Allow"), tells_methods.then_some("GET, HEAD, OPTIONS"), "{method} {path}");
        assert_eq!(response.header("Access-Control-Allow-Origin"), None);
        if method == "HEAD" {
            assert_eq!(body(&response), "");
        }
    }
}

#[test]
fn health_is_json() {
    let health: serde_json::Value = serde_json::from_str(&body(&respond("GET", "/health"))).unwrap();
    assert_eq!(health, json!({"status": "ok", "name": "Class 7b", "users": 3, "version": "1.2.3"}));
}

#[test]
fn websocket_is_opened_for_own_pages_and_programs_only() {
    for (origin, is_allowed) in [
        ("", true),
        ("Origin: http://10.0.0.1:8080\r\n", true),
        ("Origin: http://evil.example\r\n", false),
        ("Origin: null\r\n", false),
    ] {
        match answer_on(PLAIN, &format!("{HANDSHAKE}{origin}\r\n")) {
            Answer::Upgrade(upgrade) => {
                assert!(is_allowed, "{origin}");
                assert!(upgrade.head.starts_with(b"HTTP/1.1 101 "));
            }
            Answer::Respond(response) => {
                assert!(!is_allowed, "{origin}");
                assert_eq!(response.status(), Status::Forbidden);
            }
        }
    }
}

#[test]
fn writes_of_foreign_pages_are_refused_and_reads_are_not() {
    let send = |method: &str| {
        let text = format!("{method} / HTTP/1.1\r\nHost: box\r\nOrigin: http://evil.example\r\n\r\n");
        respond_on(PLAIN, &text).status()
    };
    assert_eq!(["GET", "HEAD", "OPTIONS"].map(send), [Status::Ok, Status::Ok, Status::NoContent]);
    assert_eq!(["POST", "PUT", "PATCH", "DELETE"].map(send), [Status::Forbidden; 4]);
}

#[test]
fn unknown_host_is_refused_at_each_address() {
    for path in ROUTES.iter().map(|route| route.path).chain(["/none"]) {
        for method in ["GET", "POST", "OPTIONS"] {
            let response = respond_on(PLAIN, &format!("{method} {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n"));
            assert_eq!(response.status(), Status::MisdirectedRequest, "{method} {path}");
        }
    }
    let rebound = HANDSHAKE.replace("10.0.0.1:8080", "evil.example");
    let response = respond_on(PLAIN, &format!("{rebound}Origin: http://evil.example\r\n\r\n"));
    assert_eq!(response.status(), Status::MisdirectedRequest);
}

#[test]
fn browser_is_sent_to_the_encrypted_address() {
    let demanded = ConnectionFacts { must_encrypt: true, ..PLAIN };
    let response = respond_on(demanded, "GET /a?b=c HTTP/1.1\r\nHost: box:8080\r\n\r\n");
    assert_eq!(response.status(), Status::PermanentRedirect);
    assert_eq!(response.header("Location"), Some("https://box:8080/a?b=c"));
    for refused in [
        "POST / HTTP/1.1\r\nHost: box:8080\r\n\r\n",
        "OPTIONS / HTTP/1.1\r\nHost: box:8080\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        assert_eq!(respond_on(demanded, refused).status(), Status::Forbidden, "{refused}");
    }
    let rebound = respond_on(demanded, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!(rebound.status(), Status::MisdirectedRequest, "no redirect to a foreign name");
    assert!(matches!(answer_on(demanded, &format!("{HANDSHAKE}\r\n")), Answer::Respond(_)));
}

#[test]
fn client_that_asks_first_learns_the_refusal_before_it_sends() {
    let refuse = |path: &str| {
        let head = request(&format!("POST {path} HTTP/1.1\r\nHost: box\r\n\r\n"));
        refuse_body(Exchange { request: &head, server: &facts(), users: 0, key: None, connection: PLAIN })
    };
    let refused = refuse("/none").unwrap();
    assert_eq!((refused.status(), refused.ends_connection()), (Status::NotFound, true));
    let head = request("GET / HTTP/1.1\r\nHost: box\r\n\r\n");
    assert_eq!(
        refuse_body(Exchange { request: &head, server: &facts(), users: 0, key: None, connection: PLAIN }),
        None
    );
}
