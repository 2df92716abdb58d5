//! Attacks by handshakes and records. docs/RELIABILITY.md lists what the server promises under each of them.

use crate::tls_client::{TlsClient, client_hello, dial, read_to_end};
use landline_tests::certificate::TestCertificate;
use landline_tests::{DEADLINE, TestServer, any_certificate, eventually};
use rustls::ClientConnection;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// The record by which a side ends before its handshake is complete: a warning.
const CLOSE_NOTIFY: [u8; 7] = [21, 3, 3, 0, 2, 1, 0];

#[test]
fn slow_and_silent_handshakes_end_at_their_deadline() {
    let server = TestServer::new(|config| {
        config.limits.tls_handshake_seconds = 1;
        config.lantalk_port = Some(0);
    });
    let hello = client_hello();
    let ports = [server.address(), server.web_address(), server.lantalk_address()];
    let hello = &hello;
    std::thread::scope(|scope| {
        for address in ports {
            for begin in [&hello[..2], &hello[..5], &hello[..hello.len() / 2], &hello[..]] {
                scope.spawn(move || {
                    let mut stream = dial(address);
                    stream.write_all(begin).expect("sending");
                    let answer = read_to_end(&stream);
                    // After a whole ClientHello the server has answered, and waits.
                    let is_whole = begin.len() == hello.len();
                    assert!(answer == CLOSE_NOTIFY || is_whole && answer.starts_with(&[22, 3, 3]), "{answer:?}");
                });
            }
            scope.spawn(move || {
                let mut stream = dial(address);
                let begun = Instant::now();
                // A whole one would take longer than the deadline of this test.
                stream.write_all(&hello[..3]).expect("sending");
                for byte in hello[3..].iter().take(hello.len() - 4).cycle() {
                    if stream.write_all(&[*byte]).is_err() {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(100));
                    assert!(begun.elapsed() < DEADLINE, "the bytes extend the deadline");
                }
            });
        }
    });
    server.guest("alice", "lobby").quit();
}

#[test]
fn garbage_behind_the_first_bytes_ends_the_connection() {
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    let record = |kind: u8, payload: &[u8]| {
        let length = u16::try_from(payload.len()).expect("a record").to_be_bytes();
        [&[kind, 3, 1][..], &length, payload].concat()
    };
    let hello = client_hello();
    let mut other_version = hello.clone();
    other_version[9..11].copy_from_slice(&[2, 0]);
    for (what, bytes) in [
        ("noise", [&[0x16, 3][..], &b"\xd1\x55\x01\x7f".repeat(2_000)].concat()),
        ("a record of 64 KiB", [&[0x16, 3, 1, 0xff, 0xff][..], &[b'x'; 70_000]].concat()),
        ("a message of 16 MiB", record(22, &[1, 0xff, 0xff, 0xff, 3, 3]).repeat(20_000)),
        ("empty records", record(22, &[]).repeat(100_000)),
        ("a ServerHello", record(22, &[2, 0, 0, 4, 3, 3, 0, 0])),
        ("an early end", [&hello[..], &record(23, b"not encrypted").repeat(10)].concat()),
        ("two of them", [&hello[..], &hello].concat()),
        ("SSL 2", other_version),
        ("text", b"\x16\x03alice_lobby\nhello\n".to_vec()),
    ] {
        for address in [server.address(), server.web_address(), server.lantalk_address()] {
            let mut stream = dial(address);
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let answer = String::from_utf8_lossy(&read_to_end(&stream)).into_owned();
            assert!(!answer.contains("200 ") && !answer.contains("auth"), "{what}: {answer}");
        }
        bob.send("still here");
        alice.expect("bob: still here");
    }
}

/// Each of these records makes both sides compute new keys. The client sends them without end and does not read.
#[test]
fn flood_of_key_updates_is_ended() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    let mut stream = dial(server.address());
    let mut session = ClientConnection::new(any_certificate(), TestCertificate::name()).expect("a client");
    session.complete_io(&mut stream).expect("a handshake");
    stream.set_write_timeout(Some(Duration::from_millis(50))).expect("a socket");
    let begun = Instant::now();
    loop {
        session.refresh_traffic_keys().expect("TLS 1.3");
        match session.write_tls(&mut stream) {
            Ok(_) => {}
            Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        assert!(server.server().context().poller.queued_bytes() <= 1 << 20);
        assert!(begun.elapsed() < DEADLINE, "the client is not ended");
    }
    bob.send("still here");
    alice.expect("bob: still here");
}

#[test]
fn member_that_never_reads_costs_one_backlog() {
    let server = TestServer::new(|config| config.limits.stalled_seconds = 2);
    let mut listener = server.guest("listener", "salon");
    let mut speaker = server.guest("speaker", "salon");
    listener.expect("speaker has connected to the chatroom");
    let mut slow = TlsClient::connect(server.address());
    slow.send("slow_salon\n");
    listener.expect("slow has connected to the chatroom");
    let begun = Instant::now();
    let mut most = 0;
    while server.server().context().hub.user_count() == 3 {
        for _ in 0..20 {
            speaker.send(&"x".repeat(1_900));
        }
        speaker.send("end");
        listener.until("speaker: end");
        most = most.max(server.server().context().poller.queued_bytes());
        assert!(begun.elapsed() < DEADLINE, "the client is not disconnected; {most} bytes wait");
    }
    assert!(most <= 1 << 20, "{most} bytes waited");
}

#[test]
fn flood_of_handshakes_disturbs_no_user() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    alice.expect("bob has connected to the chatroom");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..25 {
                    let mut client = TlsClient::connect(server.address());
                    match round % 3 {
                        0 => client.close(),
                        1 => client.cut(),
                        _ => drop(client),
                    }
                }
            });
        }
        for _ in 0..20 {
            bob.send("still here");
            alice.expect("bob: still here");
        }
    });
    eventually("only the users are left", || server.server().context().hub.user_count() == 2);
}

#[test]
fn single_bytes_in_records_extend_no_sign_in() {
    let server = TestServer::new(|config| config.limits.answer_seconds = 1);
    let mut stream = dial(server.address());
    let mut session = ClientConnection::new(any_certificate(), TestCertificate::name()).expect("a client");
    session.complete_io(&mut stream).expect("a handshake");
    let mut answers = stream.try_clone().expect("a socket");
    let reading = std::thread::spawn(move || {
        let _ = answers.read_to_end(&mut Vec::new());
    });
    let begun = Instant::now();
    while !reading.is_finished() {
        session.writer().write_all(b"x").expect("a buffer");
        if session.write_tls(&mut stream).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(begun.elapsed() < DEADLINE, "the client is not ended");
    }
}
