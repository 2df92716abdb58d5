//! Other protocols at the text door, above all HTTP: a web page can make a visitor's browser connect to a server.

use crate::{GREETING, HOW_TO_JOIN, HOW_TO_LOG_IN, PASSWORD};
use landline_tests::{Client, TestServer};
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

/// The request that a browser sends for a `fetch` with `mode: "no-cors"`. The page controls only the body.
const POST: &str = "POST / HTTP/1.1\r\nHost: 10.0.0.1:12345\r\nConnection: keep-alive\r\nContent-Length: 71\r\n\
                    User-Agent: Mozilla/5.0\r\nContent-Type: text/plain\r\nAccept: */*\r\n\r\n";
const BODY: &str = "mallory_lobby\nhello from the web\n/all hello\nLOGIN\nalice\nwrong\nmallory_lobby\nhello\n";

/// Writes as many bytes as the server accepts.
fn write_all_accepted(client: &Client, bytes: &[u8]) {
    if let Err(error) = client.stream().write_all(bytes) {
        assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    }
}

/// Reads until the connection ends. Returns the answers.
fn read_to_end(client: &Client) -> String {
    let mut heard = Vec::new();
    // A reset may discard answers sent before it.
    let _ = client.stream().read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}

/// Sends `bytes` in pieces with pauses, so that the server reads them one by one.
fn in_pieces(client: &Client, bytes: &[u8], size: usize, pause: Duration) {
    for piece in bytes.chunks(size) {
        write_all_accepted(client, piece);
        std::thread::sleep(pause);
    }
}

fn server() -> (TestServer, Client) {
    let test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    let watcher = test_server.guest("watcher", "lobby");
    (test_server, watcher)
}

#[test]
fn x1_page_that_preconnects_and_posts_cannot_give_commands() {
    let (test_server, mut watcher) = server();
    let request = [POST, BODY].concat();
    for (size, pause) in [(request.len(), 0), (1, 0), (3, 0), (40, 5), (POST.len(), 50), (POST.len() + 3, 200)] {
        for greeted in [true, false] {
            let mut browser = test_server.connect();
            if greeted {
                browser.expect(GREETING);
            }
            in_pieces(&browser, request.as_bytes(), size, Duration::from_millis(pause));
            let answers = read_to_end(&browser);
            assert!(!answers.contains("200 ") && !answers.contains("ALIAS?"), "in pieces of {size}: {answers}");
        }
    }
    watcher.expect_nothing();
    // The LOGIN lines of the body have not locked the account, either.
    test_server.login("alice", PASSWORD).quit();
}

#[test]
fn x1_http_request_is_never_carried_out_after_any_prefix() {
    let (test_server, mut watcher) = server();
    for before in [
        "LOGIN\n",
        "REGISTER\n",
        "LOGIN\nalice\n",
        "LOGIN\nalice\nwrong\n",
        "format json\n",
        "\r\n\r\n",
        "hello\n",
        "junk in the same line ",
    ] {
        let mut browser = test_server.connect();
        browser.expect(GREETING);
        write_all_accepted(&browser, before.as_bytes());
        std::thread::sleep(Duration::from_millis(20));
        write_all_accepted(&browser, [POST, BODY].concat().as_bytes());
        let answers = read_to_end(&browser);
        assert!(!answers.contains("200 "), "{before:?}: {answers}");
    }
    let long = format!("GET /{} HTTP/1.1\r\n{BODY}", "x".repeat(9_000));
    let header = format!("Host: 10.0.0.1\r\n\r\n{BODY}");
    let tls = format!("\u{16}\u{3}\u{1}\n{BODY}");
    for request in [long, header, tls] {
        let mut browser = test_server.connect();
        browser.expect(GREETING);
        write_all_accepted(&browser, request.as_bytes());
        assert!(!read_to_end(&browser).contains("200 "));
    }
    watcher.expect_nothing();
}

#[test]
fn x1_unframed_http_request_is_never_carried_out() {
    let (test_server, mut watcher) = server();
    // The pause before each piece makes it a separate message.
    for pieces in [
        &["LOGIN", "POST /", " HTTP/1.1\r\nHost: x\r\n\r\n", "mallory_lobby", "hello"][..],
        &["PO", "ST / HT", "TP/1.1\r\n", "mallory_lobby", "hello"],
        &["POST / HTTP/1.1\r\n\r\nmallory_lobby", "mallory_lobby"],
    ] {
        let mut browser = test_server.connect();
        browser.expect(GREETING);
        for piece in pieces {
            write_all_accepted(&browser, piece.as_bytes());
            std::thread::sleep(Duration::from_millis(250));
        }
        let answers = read_to_end(&browser);
        assert!(!answers.contains("200"), "{pieces:?}: {answers}");
    }
    watcher.expect_nothing();
}

#[test]
fn x1_http_request_at_the_lantalk_port_is_never_carried_out() {
    let test_server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut watcher = test_server.guest("watcher", "lobby");
    let mut browser = Client::connect(test_server.lantalk_address());
    browser.expect_start("{\"type\":\"auth_request\"");
    let body = "{\"username\":\"mallory\",\"password\":\"\"}\n{\"type\":\"message\",\"text\":\"hello\"}\n";
    write_all_accepted(&browser, [POST, body].concat().as_bytes());
    assert!(!read_to_end(&browser).contains("auth_ok"));
    watcher.expect_nothing();
}

#[test]
fn x1_five_invalid_lines_end_the_connection() {
    let test_server = TestServer::default();
    let mut client = test_server.connect();
    client.expect(GREETING);
    for _ in 0..4 {
        client.send("hello");
        client.expect("ERROR: Invalid auth mode");
        client.expect(HOW_TO_JOIN);
        client.expect(GREETING);
    }
    client.send("hello\nbob_room");
    client.expect_start("400 ");
    client.expect_closed();
    let mut program = test_server.connect();
    program.send("format json");
    program.expect_start("{\"type\":\"system\"");
    for _ in 0..5 {
        program.send("{\"type\":\"nonsense\"}");
    }
    program.send("{\"type\":\"guest\",\"user\":\"bob\"}");
    let answers = std::iter::from_fn(|| program.next_line()).collect::<Vec<_>>();
    assert_eq!(answers.len(), 5, "{answers:?}");
    assert!(answers.iter().all(|answer| !answer.contains("auth_ok")), "{answers:?}");
}

#[test]
fn x1_exceeding_the_rate_before_sign_in_ends_the_connection() {
    let test_server = TestServer::new(|config| config.rate = Some((10, Duration::from_secs(5))));
    let mut client = test_server.connect();
    client.expect(GREETING);
    client.send(&"\n".repeat(10));
    client.send("bob_room");
    client.expect_start("429 ");
    client.expect_closed();
}

#[test]
fn x12_password_typed_at_the_greeting_is_not_sent_to_users() {
    let (test_server, mut watcher) = server();
    for mode in ["LOGIN", "REGISTER"] {
        let mut client = test_server.connect();
        client.expect(GREETING);
        for line in [mode, "alice", "hunter_1999", "hunter_2000", "LOGIN", "alice", PASSWORD] {
            client.send(line);
        }
        client.expect("ALIAS?");
        client.expect("PASSWORD?");
        client.expect_start(if mode == "LOGIN" { "ERROR: Invalid alias" } else { "ERROR: 403 " });
        for line in
            [GREETING, "ERROR: Invalid auth mode", HOW_TO_LOG_IN, GREETING, "ALIAS?", "PASSWORD?", "AUTH_SUCCESS"]
        {
            client.expect(line);
        }
        watcher.expect("alice has connected to the chatroom");
        client.quit();
        watcher.expect("alice has left the chatroom");
    }
    watcher.expect_nothing();
}
