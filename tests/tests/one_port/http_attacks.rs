//! Attacks by requests of HTTP. docs/RELIABILITY.md lists what the server promises under each of them.

use crate::flood::flood;
use crate::http::ways;
use crate::http_client::HttpClient;
use crate::tls_client::{TlsClient, dial};
use landline_tests::{Client, DEADLINE, TestServer, TlsTunnel, eventually};
use std::io::{ErrorKind, IoSlice};
use std::time::{Duration, Instant};

/// A server with short deadlines for requests.
fn hasty_server() -> TestServer {
    TestServer::new(|config| {
        config.limits.http_head_seconds = 1;
        config.limits.http_body_seconds = 1;
        config.limits.http_idle_seconds = 1;
    })
}

/// Sends a byte at a time until the server ends the connection, and returns the last response.
fn drip(mut client: HttpClient, begin: &str, byte: &str) -> u16 {
    assert!(client.try_send(begin));
    let begun = Instant::now();
    client.stream().set_nonblocking(true).expect("a socket");
    // The server closes its side behind the refusal.
    while matches!(client.stream().peek(&mut [0]), Err(why) if why.kind() == ErrorKind::WouldBlock) {
        assert!(begun.elapsed() < DEADLINE, "the bytes extend the deadline");
        std::thread::sleep(Duration::from_millis(20));
        client.stream().set_nonblocking(false).expect("a socket");
        client.try_send(byte);
        client.stream().set_nonblocking(true).expect("a socket");
    }
    client.stream().set_nonblocking(false).expect("a socket");
    client.expect_last(408).status
}

#[test]
fn slow_heads_and_bodies_are_refused_and_idle_connections_closed_in_silence() {
    let server = hasty_server();
    std::thread::scope(|scope| {
        for (way, address) in ways(&server) {
            scope.spawn(move || {
                let slow = HttpClient::connect(address);
                assert_eq!(drip(slow, "GET / HTTP/1.1\r\nX: ", "x"), 408, "{way}");
                let slow = HttpClient::connect(address);
                let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n";
                assert_eq!(drip(slow, head, "x"), 408, "{way}");
                let slow = HttpClient::connect(address);
                let head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;";
                assert_eq!(drip(slow, head, "x"), 408, "{way}");
                let mut silent = HttpClient::connect(address);
                assert!(silent.try_send("GET / HTTP/1.1\r\n"));
                silent.expect_last(408);
                let mut idle = HttpClient::connect(address);
                assert_eq!(idle.get("/health").status, 200, "{way}");
                idle.expect_closed();
            });
        }
        // A browser that connects ahead of its request, and never sends one.
        scope.spawn(|| HttpClient::connect(server.web_address()).expect_closed());
    });
}

#[test]
fn what_two_programs_could_read_in_two_ways_is_refused() {
    let server = TestServer::default();
    // Each has a second request inside, which must never be answered.
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    for head in [
        format!("{post}Content-Length: 0\r\nContent-Length: 46\r\n\r\n"),
        format!("{post}Content-Length: 46\r\nContent-Length: 46\r\n\r\n"),
        format!("{post}Content-Length: 46, 46\r\n\r\n"),
        format!("{post}Content-Length: +46\r\n\r\n"),
        format!("{post}Content-Length: 0x2e\r\n\r\n"),
        format!("{post}Content-Length:\r\n\r\n"),
        format!("{post}Content-Length: 46\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: identity\r\n\r\n"),
        format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}X: y\r\n Content-Length: 46\r\n\r\n"),
        format!("{post}X: y\nContent-Length: 46\r\n\r\n"),
        format!("{post}X: y\rContent-Length: 46\r\n\r\n"),
        format!("{post}X: y\r\n\n"),
        format!("{post}X: a\0b\r\n\r\n"),
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        "GET / HTTP/1.1\nHost: localhost\n\n".into(),
        "GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
        "GET /\r\n".into(),
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n1\n\nx\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n"),
    ] {
        for address in [server.web_address(), server.address()] {
            let mut client = HttpClient::connect(address);
            assert!(client.try_send(format!("{head}{smuggled}")));
            let response = client.response();
            assert_eq!((response.status, response.ends_connection()), (400, true), "{head:?}: {response:?}");
            client.expect_closed();
        }
    }
}

#[test]
fn heads_of_a_mebibyte_are_refused_early_and_harm_no_user() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    let huge = "x".repeat(1 << 20);
    for (way, address) in ways(&server) {
        for (begin, status) in [("GET /", 414), ("GET / HTTP/1.1\r\nX: ", 431)] {
            let mut client = HttpClient::connect(address);
            client.try_send(begin);
            client.try_send(&huge);
            // A reset may overtake the refusal, since the rest is not read.
            if let Some(response) = client.response_or_end() {
                assert_eq!((response.status, response.ends_connection()), (status, true), "{way}");
            }
        }
        bob.send("still here");
        alice.expect("bob: still here");
    }
}

#[test]
fn client_that_asks_without_end_and_never_reads_is_ended() {
    let server = TestServer::new(|config| config.limits.stalled_seconds = 1);
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    let requests = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    for address in [server.web_address(), server.address()] {
        let clear = dial(address);
        let mut encrypted = TlsClient::connect(address);
        let encrypt = || {
            let mut records = Vec::new();
            encrypted.session.encrypt(&[IoSlice::new(requests.as_bytes())], &mut records);
            records
        };
        let stream = encrypted.stream.try_clone().expect("a socket");
        let most = [flood(&server, &clear, || requests.clone().into()), flood(&server, &stream, encrypt)];
        // One response waits, and no more is made meanwhile.
        assert!(most.iter().all(|most| *most < 64 << 10), "{most:?} bytes waited");
        bob.send("still here");
        alice.expect("bob: still here");
    }
}

/// Lines that sign in and talk, as bodies and behind requests.
const LINES: &str = "mallory_lobby\nhello from the web\n/all hello\nLOGIN\nalice\nwrong\nmallory_lobby\nhello\n";

#[test]
fn x1_sign_in_lines_in_requests_are_never_obeyed() {
    let server = TestServer::default();
    let mut watcher = server.guest("watcher", "lobby");
    for (way, address) in ways(&server) {
        for request in [
            format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{LINES}", LINES.len()),
            format!("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{LINES}"),
            format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n{LINES}"),
            format!("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{LINES}"),
            format!("GET / HTTP/1.1\r\n{LINES}"),
        ] {
            let mut client = HttpClient::connect(address);
            client.try_send(&request);
            client.try_send(LINES);
            let _ = client.stream().shutdown(std::net::Shutdown::Write);
            let mut statuses = Vec::new();
            while let Some(response) = client.response_or_end() {
                statuses.push(response.status);
            }
            assert!(
                statuses.iter().all(|status| [200, 307, 400, 405].contains(status)),
                "{way}: {request} {statuses:?}"
            );
        }
    }
    watcher.expect_nothing();
}

#[test]
fn lines_at_the_web_port_get_a_clear_refusal() {
    let server = TestServer::default();
    let mut watcher = server.guest("watcher", "lobby");
    let (web, tunnel) = (server.web_address(), TlsTunnel::to(server.web_address()).address());
    for address in [web, tunnel] {
        for lines in ["alice_lobby\n", "LOGIN\nalice\nsecret\n", "{\"type\":\"guest\",\"user\":\"bob\"}\n", "\n\n\n"] {
            let mut client = HttpClient::connect(address);
            assert!(client.try_send(lines));
            client.try_send("hello\n");
            let response = client.expect_last(400);
            assert!(response.body.starts_with("400 malformed request: "), "{response:?}");
        }
    }
    watcher.expect_nothing();
}

#[test]
fn x1_requests_behind_a_greeting_inside_tls_are_never_obeyed() {
    let server = TestServer::default();
    let mut watcher = server.guest("watcher", "lobby");
    let tunnel = TlsTunnel::to(server.address()).address();
    for request in [
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{LINES}"),
        format!("GET / HTTP/1.1\r\n\r\n{LINES}"),
        format!("\u{16}\u{3}\u{1}\u{2}\n{LINES}"),
    ] {
        let mut client = Client::connect(tunnel);
        client.expect_start("Authorise MODE?");
        client.send_bytes(request.as_bytes());
        let mut answers = Vec::new();
        while let Some(line) = client.next_line() {
            answers.push(line);
        }
        assert!(answers.iter().all(|line| !line.starts_with("200") && !line.starts_with("HTTP/")), "{answers:?}");
    }
    watcher.expect_nothing();
    eventually("all connections have ended", || server.server().context().hub.user_count() == 1);
}
