//! Clients that get no place: each is told why in the words of its protocol.

use crate::http_client::HttpClient;
use crate::tls_client::{client_hello, dial, read_to_end};
use landline_tests::{Client, TestServer, WebSocketClient};
use std::io::Write;
use std::net::SocketAddr;

/// Returns what a client reads that has sent these bytes.
fn told(address: SocketAddr, first: &[u8]) -> Vec<u8> {
    let mut stream = dial(address);
    stream.write_all(first).expect("sending");
    read_to_end(&stream)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asserts that clients of every protocol are refused: by this beginning of a line, this status of HTTP and this
/// description in an alert.
fn expect_refusals(server: &TestServer, line: &str, status: u16, description: u8) {
    let (main, web, lantalk) = (server.address(), server.web_address(), server.lantalk_address());
    // Silent clients, and those whose first bytes decide for nothing, get the words of the port.
    for first in ["", "alice_lobby\n", "alice_lobby", "G", "{\"type\":\"guest\",\"user\":\"alice\"}\n"] {
        let answer = text(&told(main, first.as_bytes()));
        assert!(answer.starts_with(line) && answer.ends_with('\n'), "{first:?}: {answer:?}");
    }
    for first in ["", "{\"username\":\"alice\",\"password\":\"\"}\n", "GET / HTTP/1.1\r\n\r\n"] {
        let answer = text(&told(lantalk, first.as_bytes()));
        let object: serde_json::Value = serde_json::from_str(&answer).expect(&answer);
        assert_eq!(object["type"], "auth_fail", "{first:?}: {answer:?}");
    }
    for address in [web, main] {
        let mut client = HttpClient::connect(address);
        client.try_send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let response = client.expect_last(status);
        assert!(response.body.starts_with(&format!("{status} ")), "{response:?}");
        assert_eq!(response.header("Retry-After").is_some(), status == 503, "{response:?}");
        let why = WebSocketClient::try_connect(address, &[]).map(|_| ()).expect_err("a refusal");
        assert!(why.contains(&status.to_string()), "{why}");
    }
    assert!(text(&told(web, b"")).starts_with(&format!("HTTP/1.1 {status} ")));
    let hello = client_hello();
    for address in [main, web, lantalk] {
        for first in [&hello[..], &hello[..2]] {
            assert_eq!(told(address, first), [21, 3, 3, 0, 2, 2, description]);
        }
    }
}

#[test]
fn full_server_tells_every_client_in_its_own_words() {
    let server = TestServer::new(|config| {
        config.max_clients = 1;
        config.lantalk_port = Some(0);
    });
    let mut alice = server.guest("alice", "lobby");
    expect_refusals(&server, "ERROR: 503 This server is full.", 503, 80);
    alice.expect_nothing();
}

#[test]
fn banned_address_is_told_in_the_words_of_each_protocol() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    server.server().moderator().ban("127.0.0.1", None, "loud").expect("a ban");
    expect_refusals(&server, "403 Your address is banned from this server. Reason: loud", 403, 49);
}

#[test]
fn hundreds_of_refused_clients_are_all_told() {
    let server = TestServer::new(|config| config.max_clients = 1);
    let mut alice = server.guest("alice", "lobby");
    // More than the server holds until their first bytes come.
    let mut silent: Vec<_> = (0..300).map(|_| server.connect()).collect();
    for client in &mut silent {
        client.expect_start("ERROR: 503 ");
        client.expect_closed();
    }
    // Those that hold their place by half a first word keep no others from an answer.
    let half: Vec<_> = (0..100)
        .map(|_| {
            let mut client = server.connect();
            client.send_bytes(b"POS");
            client
        })
        .collect();
    let mut client = HttpClient::connect(server.web_address());
    client.try_send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.expect_last(503);
    for mut client in half {
        client.expect_start("ERROR: 503 ");
        client.expect_closed();
    }
    alice.expect_nothing();
    alice.quit();
    // The server counts alice's connection for a moment after its goodbye.
    loop {
        let mut bob = Client::connect(server.address());
        bob.send("bob_lobby");
        if bob.line().starts_with("200 ") {
            break;
        }
    }
}
