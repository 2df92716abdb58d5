//! Requests of HTTP at the web port and at the main port, in the clear and through TLS.

use crate::http_client::HttpClient;
use landline_server::config::{Config, TlsMode};
use landline_tests::{TestServer, TlsTunnel, skip_if_missing};
use std::net::SocketAddr;
use std::process::Command;

/// Returns the addresses at which the server speaks HTTP: both ports, in the clear and through TLS.
pub fn ways(server: &TestServer) -> [(&'static str, SocketAddr); 4] {
    let (web, main) = (server.web_address(), server.address());
    [
        ("web", web),
        ("main", main),
        ("web, TLS", TlsTunnel::to(web).address()),
        ("main, TLS", TlsTunnel::to(main).address()),
    ]
}

#[test]
fn one_connection_gets_pages_and_refusals_on_every_port() {
    let server = TestServer::default();
    let _alice = server.guest("alice", "lobby");
    for (way, address) in ways(&server) {
        let mut client = HttpClient::connect(address);
        let page = client.get("/");
        if way.starts_with("main") {
            assert_eq!((page.status, page.header("Connection")), (307, Some("close")), "{way}");
            client = HttpClient::connect(address);
        } else {
            assert_eq!((page.status, page.header("Content-Type")), (200, Some("text/html; charset=utf-8")), "{way}");
            let is_encrypted = page.body.contains("This connection is encrypted.");
            assert_eq!(is_encrypted, way.contains("TLS"), "{way}: {}", page.body);
            client.request("HEAD", "/", "");
            let head = client.response_to_head();
            assert_eq!((head.status, head.header("Content-Length")), (200, page.header("Content-Length")), "{way}");
        }
        let health: serde_json::Value = serde_json::from_str(&client.get("/health").body).expect("an object");
        assert_eq!((&health["status"], &health["users"]), (&"ok".into(), &1.into()), "{way}");
        let missing = client.get("/missing");
        assert_eq!((missing.status, missing.body.starts_with("404 ")), (404, true), "{way}");
        for (method, path, status, allow) in [
            ("POST", "/", 405, "GET, HEAD, OPTIONS"),
            ("DELETE", "/health", 405, "GET, HEAD, OPTIONS"),
            ("OPTIONS", "/", 204, "GET, HEAD, OPTIONS"),
            ("OPTIONS", "*", 204, "GET, HEAD, OPTIONS"),
        ] {
            client.request(method, path, "");
            let response = client.response();
            assert_eq!((response.status, response.header("Allow")), (status, Some(allow)), "{way}: {method} {path}");
        }
        assert_eq!(client.get("/ws").status, 426, "{way}");
        client.request("GET", "/health", "Connection: close\r\n");
        client.expect_last(200);
        // HTTP/1.0 closes by itself.
        let mut old = HttpClient::connect(address);
        assert!(old.try_send("GET /health HTTP/1.0\r\n\r\n"));
        old.expect_last(200);
    }
}

#[test]
fn what_is_too_large_or_unknown_ends_the_connection() {
    let server = TestServer::default();
    let long = "x".repeat(9_000);
    let many = "X: y\r\n".repeat(65);
    let cases = [
        (format!("GET /{long} HTTP/1.1\r\nHost: h\r\n\r\n"), 414),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), 431),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n".into(), 413),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n".into(), 413),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n".into(), 417),
        ("GET / HTTP/2.7\r\nHost: localhost\r\n\r\n".into(), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
        ("PATCH / HTTP/1.1\r\n\r\n".into(), 400),
        ("CONNECT localhost:25 HTTP/1.1\r\nHost: localhost:25\r\n\r\n".into(), 405),
    ];
    for (way, address) in ways(&server) {
        for (request, status) in &cases {
            let mut client = HttpClient::connect(address);
            client.try_send(request);
            // Nothing behind it is answered.
            client.try_send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let response = client.expect_last(*status);
            assert!(response.body.starts_with(&format!("{status} ")), "{way}: {response:?}");
        }
    }
}

#[test]
fn bodies_are_read_to_their_end_and_asked_for() {
    let server = TestServer::default();
    for (way, address) in ways(&server) {
        let mut client = HttpClient::connect(address);
        // The chunks look like requests; only the last line is one.
        let body = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let chunk = format!("{:x};extension\r\n{body}\r\n0\r\nTrailer: x\r\n\r\n", body.len());
        assert!(client.try_send(format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}\
             POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}GET /end HTTP/1.1\r\nHost: h\r\n\r\n",
            body.len()
        )));
        let statuses = [client.response().status, client.response().status, client.response().status];
        assert_eq!(statuses, [405, 405, 421], "{way}");
        // The body is refused before it is sent, and the connection ends: the body might follow nevertheless.
        let expect = "Expect: 100-continue\r\nContent-Length: 5\r\n";
        client.request("POST", "/missing", expect);
        client.expect_last(404);
    }
}

#[test]
fn two_hundred_requests_at_once_are_answered_in_order() {
    let server = TestServer::default();
    let kinds = [("GET", "/health", 200), ("GET", "/missing", 404), ("PUT", "/", 405), ("OPTIONS", "*", 204)];
    // Not periodic, so that no answer can be missing unnoticed.
    let order: Vec<_> = (0..200_usize).map(|n| kinds[(n * n + n / 7) % kinds.len()]).collect();
    let requests: String =
        order.iter().map(|(method, path, _)| format!("{method} {path} HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n")).collect();
    for (way, address) in ways(&server) {
        let mut client = HttpClient::connect(address);
        assert!(client.try_send(&requests));
        for (number, (_, _, status)) in order.iter().enumerate() {
            assert_eq!(client.response().status, *status, "{way}: response {number}");
        }
        client.request("GET", "/health", "Connection: close\r\n");
        client.expect_last(200);
    }
}

#[test]
fn foreign_hosts_and_origins_are_refused() {
    let server = TestServer::new(|config| config.hosts = vec!["chat.example".into()]);
    let port = server.web_address().port();
    let mut client = HttpClient::connect(server.web_address());
    for (method, host, origin, status) in [
        ("GET", "evil.example", "", 421),
        ("GET", "chat.example.evil.example", "", 421),
        ("GET", "localhost.evil.example", "", 421),
        ("GET", "chat.example", "", 200),
        ("GET", "[::1]:1", "", 200),
        ("GET", "localhost", "Origin: http://evil.example\r\n", 200),
        ("POST", "localhost", "Origin: http://evil.example\r\n", 403),
        ("POST", "localhost", "Origin: null\r\n", 403),
        ("POST", "localhost", "Origin: https://localhost\r\n", 403),
        ("POST", "localhost", "Origin: http://localhost\r\nOrigin: http://localhost\r\n", 403),
        ("POST", "localhost", "Origin: http://localhost\r\n", 405),
        ("POST", "localhost", "", 405),
    ] {
        assert!(client.try_send(format!("{method} / HTTP/1.1\r\nHost: {host}\r\n{origin}\r\n")));
        assert_eq!(client.response().status, status, "{method} {host} {origin}");
    }
    let same = format!("POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n\r\n");
    assert!(client.try_send(same));
    assert_eq!(client.response().status, 405);
    for hosts in ["", "Host: localhost\r\nHost: localhost\r\n", "Host: a b\r\n", "Host: user@localhost\r\n"] {
        let mut client = HttpClient::connect(server.web_address());
        assert!(client.try_send(format!("GET / HTTP/1.1\r\n{hosts}\r\n")));
        client.expect_last(400);
    }
}

#[test]
fn page_shows_the_key_of_the_present_certificate() {
    let [used, renewed] = [TestServer::default(), TestServer::default()];
    let [certificate, key] = ["tls-cert.pem", "tls-key.pem"].map(|file| used.data().join(file));
    let files = TlsMode::Files { certificate: certificate.clone(), key: key.clone() };
    let server = TestServer::new(|config: &mut Config| config.tls = files);
    let mut client = HttpClient::connect(server.web_address());
    let digits = |server: &TestServer| server.server().context().tls.as_ref().expect("TLS").key().fingerprint();
    assert!(client.get("/").body.contains(&digits(&used)));
    for (from, to) in [("tls-cert.pem", &certificate), ("tls-key.pem", &key)] {
        std::fs::copy(renewed.data().join(from), to).expect("a file");
    }
    server.server().context().tls.as_ref().expect("TLS").reload().expect("sound files");
    let page = client.get("/").body;
    assert!(page.contains(&digits(&renewed)) && !page.contains(&digits(&used)), "{page}");
}

#[test]
fn curl_reads_pages_in_the_clear_and_through_tls() {
    if skip_if_missing("curl") {
        return;
    }
    let server = TestServer::default();
    let (web, main) = (server.web_address(), server.address());
    let large = format!("@{}", server.data().join("tls-key.pem").display());
    for (arguments, status) in [
        (vec![format!("http://{web}/")], "200"),
        (vec![format!("https://{web}/")], "200"),
        (vec![format!("http://{main}/health")], "200"),
        (vec![format!("https://{main}/health")], "200"),
        (vec!["--head".into(), format!("https://{web}/")], "200"),
        (vec!["--http1.0".into(), format!("http://{web}/health")], "200"),
        (vec!["--tls-max".into(), "1.2".into(), format!("https://{web}/health")], "200"),
        (vec![format!("http://{web}/missing")], "404"),
        (vec!["--data".into(), "hello".into(), format!("http://{web}/")], "405"),
        (
            vec!["--data-binary".into(), large, "-H".into(), "Expect: 100-continue".into(), format!("https://{web}/")],
            "405",
        ),
        (vec!["-H".into(), "Host: evil.example".into(), format!("http://{web}/")], "421"),
    ] {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--insecure", "--noproxy", "*", "--output", "/dev/null", "--max-time", "20"]);
        let output = curl.args(["--write-out", "%{http_code}"]).args(&arguments).output().expect("curl");
        assert_eq!(String::from_utf8_lossy(&output.stdout), status, "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
}
