//! Clients that speak telnet: PuTTY, and `telnet` itself.

use crate::GREETING;
use landline_tests::{Client, TestServer};
use std::io::Read;
use std::time::Duration;

/// The options that PuTTY sends when it connects, and the refusals of them.
const OFFERS: &[u8] = b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03";
const REFUSALS: &[u8] = b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03";

#[track_caller]
fn expect_bytes(client: &Client, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    client.stream().read_exact(&mut bytes).expect("bytes");
    assert_eq!(bytes, expected);
}

#[test]
fn d13_telnet_options_are_refused_and_the_greeting_follows() {
    let test_server = TestServer::default();
    for size in [OFFERS.len(), 1, 2, 4] {
        let mut putty = test_server.connect();
        for piece in OFFERS.chunks(size) {
            putty.send_bytes(piece);
            std::thread::sleep(Duration::from_millis(2));
        }
        expect_bytes(&putty, REFUSALS);
        putty.expect(GREETING);
        putty.send_bytes(b"putty_lobby\r\n");
        putty.expect_start("200 ");
        putty.quit();
    }
}

#[test]
fn d13_telnet_options_before_the_first_line_are_ignored() {
    let test_server = TestServer::default();
    let mut client = test_server.connect();
    client.send_bytes(&[OFFERS, b"telnet_lobby\r\0"].concat());
    expect_bytes(&client, REFUSALS);
    client.expect_start("200 ");
}

#[test]
fn d13_telnet_interrupt_is_not_said() {
    let test_server = TestServer::default();
    let mut bob = test_server.guest("bob", "lobby");
    for size in [100, 1] {
        let mut alice = test_server.guest("alice", "lobby");
        bob.expect("alice has connected to the chatroom");
        for piece in b"\xff\xf4\xff\xfd\x06still \xff\xfa\x1f\x00\x0a\x00\xff\xff\xff\xf0here\r\n".chunks(size) {
            alice.send_bytes(piece);
            std::thread::sleep(Duration::from_millis(1));
        }
        expect_bytes(&alice, b"\xff\xfc\x06");
        bob.expect("alice: still here");
        alice.quit();
        bob.expect("alice has left the chatroom");
    }
    bob.expect_nothing();
}

#[test]
fn d13_flood_of_options_does_not_extend_the_deadline() {
    let test_server = TestServer::new(|config| config.limits.answer_seconds = 1);
    let mut client = test_server.connect();
    let mut flood = client.stream().try_clone().expect("a socket");
    let writing = std::thread::spawn(move || {
        use std::io::Write;
        while flood.write_all(OFFERS).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let mut heard = Vec::new();
    let _ = client.stream().read_to_end(&mut heard);
    assert!(heard.len() < 10_000, "{} bytes", heard.len());
    writing.join().expect("the flood ends");
    client = test_server.guest("bob", "lobby");
    client.quit();
}
