use super::*;
use crate::http::ConnectionFacts;
use crate::http::exchange::ServerFacts;
use crate::http::host_rules::AllowedHosts;
use crate::http::reader::tests::request;
use landline_common::Limits;

pub fn facts() -> ServerFacts {
    ServerFacts {
        name: "Class 7b".into(),
        version: "1.2.3",
        has_password: false,
        has_history: true,
        text_port: Some(12_345),
        web_port: Some(8_080),
        requires_tls: false,
        own_address: "10.0.0.1:8080".into(),
        hosts: AllowedHosts::new("box", &[]),
        limits: Limits::default(),
    }
}

const PLAIN: ConnectionFacts =
    ConnectionFacts { is_encrypted: false, is_proxied: false, must_encrypt: false, is_main_port: false };

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
        ("GET", "/main.js", Status::Ok),
        ("HEAD", "/style.css?v=2", Status::Ok),
        ("GET", "/index.html", Status::NotFound),
        ("POST", "/main.js", Status::MethodNotAllowed),
        ("OPTIONS", "/main.js", Status::NoContent),
        ("GET", "/qr.svg", Status::Ok),
        ("HEAD", "/qr.svg?room=ops", Status::Ok),
        ("GET", "/qr.svg?room=", Status::BadRequest),
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
    let page = web_files::page_digest();
    assert_eq!(health, json!({"status": "ok", "name": "Class 7b", "page": page, "users": 3, "version": "1.2.3"}));
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
fn main_port_sends_browsers_to_the_page_at_the_web_port() {
    let main = ConnectionFacts { is_main_port: true, ..PLAIN };
    let encrypted = ConnectionFacts { is_encrypted: true, ..main };
    for (connection, host, expected) in [
        (main, "10.0.0.1:12345", "http://10.0.0.1:8080/"),
        (main, "box", "http://box:8080/"),
        (main, "[::1]:12345", "http://[::1]:8080/"),
        (encrypted, "box:12345", "https://box:8080/"),
    ] {
        for (method, path, query) in [("GET", "/", ""), ("HEAD", "/?room=ops", "?room=ops")] {
            let response = respond_on(connection, &format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            assert_eq!((response.status(), response.ends_connection()), (Status::TemporaryRedirect, true), "{host}");
            assert_eq!(response.header("Location"), Some(&*format!("{expected}{query}")));
        }
    }
    let redirected = respond_on(main, "GET / HTTP/1.1\r\nHost: box:12345\r\n\r\n");
    assert_eq!(body(&redirected), "307 the page is at another port (open http://box:8080/ instead)\n");
    let text = String::from_utf8(redirected.to_bytes()).unwrap();
    assert!(text.contains("\r\nCache-Control: private, max-age=3600\r\n"), "{text}");
    // Without a name for this machine, and behind a proxy, no address is known.
    let proxied = ConnectionFacts { is_proxied: true, ..main };
    assert_eq!(respond_on(main, "GET / HTTP/1.0\r\n\r\n").status(), Status::Ok);
    assert_eq!(respond_on(proxied, "GET / HTTP/1.1\r\nHost: box\r\n\r\n").status(), Status::Ok);
    assert_eq!(respond_on(main, "GET /health HTTP/1.1\r\nHost: box\r\n\r\n").status(), Status::Ok);
    assert!(matches!(answer_on(main, &format!("{HANDSHAKE}\r\n")), Answer::Upgrade(_)));
    let without = ServerFacts { web_port: None, ..facts() };
    let request = request("GET / HTTP/1.1\r\nHost: box\r\n\r\n");
    let answer = answer(Exchange { request: &request, server: &without, users: 0, key: None, connection: main });
    assert!(matches!(answer, Answer::Respond(page) if page.status() == Status::Ok));
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
