//! TLS at every port: the handshake, the certificate, the door inside, and both ends of a connection.

use crate::tls_client::{TlsClient, client_hello, dial, read_to_end};
use landline_server::config::TlsMode;
use landline_tests::{Client, TestServer, any_certificate, any_certificate_with, eventually, skip_if_missing};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const GREETING: &str = "Authorise MODE? (REGISTER/LOGIN)\n";

#[test]
fn clients_of_both_versions_see_the_key_of_the_server() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let key = server.server().context().tls.as_ref().expect("TLS").key();
    for address in [server.address(), server.web_address(), server.lantalk_address()] {
        for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
            let client = TlsClient::over(dial(address), &any_certificate_with(versions)).expect("a handshake");
            assert_eq!(client.session.server_key(), Some(key));
        }
    }
}

#[test]
fn door_inside_greets_the_silent_and_understands_whole_reads() {
    let server = TestServer::default();
    let mut user = TlsClient::connect(server.address());
    user.until(GREETING);
    user.send("alice_lobby\n");
    user.until("200 ");
    // A program that sends each message without a newline, and takes a read for a message.
    let mut program = TlsClient::connect(server.address());
    program.send("bob_lobby");
    assert_eq!(program.receive(), "200");
    user.until("bob has connected to the chatroom");
    program.send("hello");
    user.until("bob: hello");
    user.send("/quit\n");
    user.rest();
    assert!(user.session.is_closed_by_peer(), "the server ends its side in order");
}

#[test]
fn half_a_line_counts_only_if_its_author_ended_in_order() {
    let server = TestServer::default();
    let mut witness = server.guest("witness", "lobby");
    let reason = |name: &str| {
        let file = server.data().join("sessions.jsonl");
        let mut reason = String::new();
        eventually("the sign-out is recorded", || {
            let records = std::fs::read_to_string(&file).expect("a file");
            let mut ends = records.lines().filter(|line| line.contains(name) && line.contains("\"reason\""));
            reason = ends.next().unwrap_or_default().to_owned();
            !reason.is_empty()
        });
        reason
    };
    for (name, in_order) in [("cut", false), ("closed", true)] {
        let mut client = TlsClient::connect(server.address());
        client.send(&format!("{name}_lobby\n"));
        client.until("200 ");
        witness.expect(&format!("{name} has connected to the chatroom"));
        client.send("a whole line\nhalf a line");
        if in_order {
            client.close()
        } else {
            client.cut()
        }
        client.rest();
        witness.expect(&format!("{name}: a whole line"));
        if in_order {
            witness.expect(&format!("{name}: half a line"));
        }
        witness.expect(&format!("{name} has left the chatroom"));
        let expected = if in_order { "connection closed" } else { "connection lost" };
        assert!(reason(name).contains(expected), "{}", reason(name));
    }
}

#[test]
fn without_tls_a_handshake_is_refused_by_an_alert() {
    let server = TestServer::new(|config| {
        config.tls = TlsMode::Off;
        config.lantalk_port = Some(0);
    });
    for address in [server.address(), server.web_address(), server.lantalk_address()] {
        let mut stream = dial(address);
        stream.write_all(&client_hello()).expect("sending");
        assert_eq!(read_to_end(&stream), [21, 3, 3, 0, 2, 2, 40]);
    }
    // The rest works.
    server.guest("alice", "lobby").quit();
}

#[test]
fn handshake_behind_the_greeting_is_never_begun() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut client = Client::connect(server.address());
    client.expect(GREETING.trim_end());
    client.send_bytes(&client_hello());
    let answer = read_to_end(client.stream());
    assert!(answer.starts_with(b"400 "), "{answer:?}");
    let mut client = Client::connect(server.lantalk_address());
    client.expect_start("{\"type\":\"auth_request\"");
    client.send_bytes(&client_hello());
    client.end_sending();
    let answer = read_to_end(client.stream());
    assert!(!answer.starts_with(&[22, 3]), "{answer:?}");
}

#[test]
fn handshake_inside_tls_is_never_begun() {
    let server = TestServer::default();
    for (address, begins) in [(server.address(), "400 "), (server.web_address(), "HTTP/1.1 400 ")] {
        let tunnel = landline_tests::TlsTunnel::to(address).address();
        let mut stream = dial(tunnel);
        stream.write_all(&client_hello()).expect("sending");
        let answer = String::from_utf8_lossy(&read_to_end(&stream)).into_owned();
        assert!(answer.starts_with(begins), "{answer:?}");
        assert!(TlsClient::over(dial(tunnel), &any_certificate()).is_none());
    }
}

/// Runs `openssl s_client`, which is `nc` with TLS.
fn s_client(server: &TestServer, arguments: &[&str]) -> std::process::Child {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &server.address().to_string()]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("openssl")
}

#[test]
fn openssl_is_nc_with_tls() {
    if skip_if_missing("openssl") {
        return;
    }
    let server = TestServer::default();
    let mut witness = server.guest("witness", "lobby");
    for version in ["-tls1_2", "-tls1_3"] {
        let mut child = s_client(&server, &["-quiet", version]);
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        assert_eq!(lines.next().as_deref(), Some(GREETING.trim_end()), "{version}");
        let mut input = child.stdin.take().expect("a pipe");
        writeln!(input, "alice_lobby\nhello").expect("a pipe");
        witness.expect("alice has connected to the chatroom");
        witness.expect("alice: hello");
        witness.send("hello alice");
        assert!(lines.any(|line| line == "witness: hello alice"), "{version}");
        writeln!(input, "/quit").expect("a pipe");
        witness.expect("alice has left the chatroom");
        assert!(child.wait().expect("a status").success(), "{version}");
    }
}

/// With TLS 1.2 a client may ask for another handshake within the connection, which costs the server more than the client.
#[test]
fn another_handshake_within_a_connection_is_refused() {
    if skip_if_missing("openssl") {
        return;
    }
    let server = TestServer::default();
    let mut witness = server.guest("witness", "lobby");
    // Without -quiet, a line "R" asks for it.
    let mut child = s_client(&server, &["-tls1_2"]);
    let mut input = child.stdin.take().expect("a pipe");
    writeln!(input, "mallory_lobby").expect("a pipe");
    witness.expect("mallory has connected to the chatroom");
    for _ in 0..20 {
        // The client ends when it is refused.
        let _ = writeln!(input, "R");
    }
    witness.expect("mallory has left the chatroom");
    drop(input);
    let _ = child.wait();
    let mut alice = TlsClient::connect(server.address());
    alice.send("alice_lobby\n");
    alice.until("200 ");
}
