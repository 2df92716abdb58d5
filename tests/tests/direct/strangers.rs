//! Strangers and eavesdroppers.

use crate::{RecordedStream, clients, end_reason, text_client_with_key};
use landline_common::link::{ExpectedPeer, Keys, Side, open};
use landline_tests::{DEADLINE, TestServer};
use std::net::{TcpListener, TcpStream};

/// Returns the loopback address among those that were sent.
fn loopback(ready: &str) -> &str {
    let addresses = ready.split(',').map(|address| address.rsplit_once("127.0.0.1:"));
    let port = addresses.flatten().map(|(_, port)| port).next().expect("loopback");
    port.trim_end()
}

#[test]
fn wrong_key_is_refused_and_the_right_one_still_admitted() {
    let test_server = TestServer::default();
    let [mut bob] = clients(test_server.address(), ["bob"]);
    let (mut alice, keys) = text_client_with_key(&test_server, "alice");
    alice.send("/direct bob");
    bob.until("DIRECT_REQUEST_FROM:alice:");
    bob.type_line("/accept alice");
    let ready = alice.until("DIRECT_READY:bob:");
    let theirs = ready["DIRECT_READY:bob:".len()..][..64].parse().expect("a key");
    let port: u16 = loopback(&ready).parse().expect("a port");
    let dial = || TcpStream::connect(("127.0.0.1", port)).expect("it waits");

    let eve = Keys::generate().expect("keys");
    let mut stream = dial();
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    assert!(open(&mut stream, (Side::Dialed, "direct"), &eve, ExpectedPeer::Known(&theirs)).is_err());

    let mut tapped = RecordedStream::new(dial());
    let mut link = tapped.shake_hands(Side::Dialed, &keys, &theirs);
    link.sealer.send(&mut tapped, br#"{"type":"hello"}"#).expect("sent");
    bob.until("DIRECT_CONNECTED:alice:");
    for text in [r#"{"type":"text","text":"the secret word\u001b[2J"}"#, r#"{"type":"later"}"#, "nonsense"] {
        link.sealer.send(&mut tapped, text.as_bytes()).expect("sent");
    }
    assert_eq!(bob.until("[Direct]"), "[Direct] alice: the secret word\n");
    bob.type_line("/direct-say alice the other secret");
    let message = link.opener.receive(&mut tapped).expect("a message").expect("a message");
    assert_eq!(String::from_utf8_lossy(&message), r#"{"type":"text","text":"the other secret"}"#);
    for word in ["secret", "text", "hello", "alice", "bob"] {
        let found = tapped.seen.windows(word.len()).any(|bytes| bytes == word.as_bytes());
        assert!(!found, "{word:?} can be read on the network");
    }
    link.sealer.send(&mut tapped, br#"{"type":"bye","reason":"stopped"}"#).expect("sent");
    assert_eq!(end_reason(&mut bob, "alice"), "alice ended it");
}

#[test]
fn stranger_at_the_address_learns_nothing() {
    let test_server = TestServer::default();
    let [mut alice] = clients(test_server.address(), ["alice"]);
    let (mut bob, _keys) = text_client_with_key(&test_server, "bob");
    let eve = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = eve.local_addr().expect("an address");
    std::thread::spawn(move || {
        let own = Keys::generate().expect("keys");
        for stream in eve.incoming().flatten() {
            let _ = open(&mut &stream, (Side::Answered, "direct"), &own, ExpectedPeer::Known(&own.public()));
        }
    });
    alice.type_line("/direct bob");
    let request = bob.until("DIRECT_REQUEST_FROM:alice:");
    let key = request.rsplit(':').next().expect("a key");
    bob.send(&format!("/direct-accept alice {key} {address}"));
    assert!(end_reason(&mut alice, "bob").starts_with("another program answers"));
}

#[test]
fn unreachable_peer_is_reported_with_advice() {
    let test_server = TestServer::default();
    let [mut alice] = clients(test_server.address(), ["alice"]);
    let (mut bob, _keys) = text_client_with_key(&test_server, "bob");
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    alice.type_line("/direct bob");
    let request = bob.until("DIRECT_REQUEST_FROM:alice:");
    let key = request.rsplit(':').next().expect("a key");
    bob.send(&format!("/direct-accept alice {key} {closed}"));
    assert!(
        end_reason(&mut alice, "bob").contains("/connect bob asks for an off-the-record chat by way of the server")
    );
}
