//! Attacks by frames. docs/RELIABILITY.md lists what the server promises under each of them.

use crate::flood::flood;
use crate::raw_web_socket::{BINARY, CLOSE, PING, PONG, RawWebSocket, TEXT, frame};
use landline_tests::{Client, DEADLINE, TestServer, TlsTunnel, eventually};
use std::io::Write;
use std::time::{Duration, Instant};

/// Two guests who show that the server still delivers lines.
struct ChatProbe(Client, Client);

impl ChatProbe {
    fn new(server: &TestServer) -> ChatProbe {
        let mut listener = server.guest("listener", "hall");
        let speaker = server.guest("speaker", "hall");
        listener.expect("speaker has connected to the chatroom");
        ChatProbe(speaker, listener)
    }

    fn say(&mut self) {
        self.0.send("still here");
        self.1.until("speaker: still here");
    }
}

#[test]
fn every_illegal_frame_is_answered_with_its_code() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    let unmasked = vec![TEXT, 2, b'h', b'i'];
    let long_form = [&[TEXT, 0xfe, 0, 2, 0, 0, 0, 0][..], b"hi"].concat();
    let negative = [&[TEXT, 0xff, 0x80][..], &[0; 11]].concat();
    let cases = [
        (unmasked, 1002),
        (frame(0xc1, b"hi"), 1002),
        (frame(0xa1, b"hi"), 1002),
        (frame(0x83, b"hi"), 1002),
        (frame(0x8b, b""), 1002),
        (frame(0x09, b"part of a ping"), 1002),
        (frame(PING, &[b'x'; 126]), 1002),
        (frame(0x80, b"continued"), 1002),
        ([frame(0x01, b"a"), frame(TEXT, b"b")].concat(), 1002),
        (long_form, 1002),
        (negative, 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, b"\x03\xed"), 1002),
        (frame(CLOSE, b"\x00\x00"), 1002),
        (frame(BINARY, b"hi"), 1003),
        (frame(TEXT, b"\xff"), 1007),
        ([frame(0x01, b"\xc3"), frame(0x80, b"(")].concat(), 1007),
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
        ([&[TEXT, 0xff][..], &(1_u64 << 20 | 1).to_be_bytes(), &[0; 4]].concat(), 1009),
        ([&[TEXT, 0xff][..], &(u64::MAX >> 1).to_be_bytes(), &[0; 4]].concat(), 1009),
    ];
    let tunnel = TlsTunnel::to(server.address()).address();
    for address in [server.web_address(), tunnel] {
        for (bytes, code) in &cases {
            for name in [None, Some("mallory")] {
                let mut client = match name {
                    Some(name) => RawWebSocket::signed_in(address, name),
                    None => RawWebSocket::connect(address),
                };
                client.try_send_bytes(bytes);
                // Nothing behind it is obeyed.
                client.send(TEXT, br#"{"type":"say","room":"hall","text":"obeyed"}"#);
                let close = client.close_reason();
                assert_eq!(close.map(|(code, _)| code), Some(*code), "{bytes:?}");
                eventually("the name is free", || server.server().context().hub.user_count() == 2);
            }
        }
    }
    chat.0.send("end");
    while chat.1.line() != "speaker: end" {}
    assert_eq!(chat.0.drain_lines().iter().filter(|line| line.contains("obeyed")).count(), 0);
}

#[test]
fn message_in_frames_without_end_is_ended() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    for payload in [&b""[..], b"x"] {
        for is_signed_in in [false, true] {
            let mut client = match is_signed_in {
                true => RawWebSocket::signed_in(server.web_address(), "mallory"),
                false => RawWebSocket::connect(server.web_address()),
            };
            client.send(0x01, payload);
            let part = frame(0x00, payload).repeat(100);
            for _ in 0..20 {
                client.try_send_bytes(&part);
            }
            assert_eq!(client.close_reason(), Some((1008, "too many fragments".into())));
            chat.say();
        }
    }
}

#[test]
fn half_a_frame_is_not_activity() {
    let server = TestServer::new(|config| {
        config.timeout = Duration::from_secs(2);
        config.limits.idle_warning_seconds = 1;
        config.limits.answer_seconds = 2;
    });
    for (name, reason) in [(Some("mallory"), (1000, "idle")), (None, (1008, "not signed in"))] {
        let mut client = match name {
            Some(name) => RawWebSocket::signed_in(server.web_address(), name),
            None => RawWebSocket::connect(server.web_address()),
        };
        client.try_send_bytes(&[TEXT, 0xfe, 0xea, 0x60, 0, 0, 0, 0]);
        let mut sender = client.stream().try_clone().expect("a socket");
        let close = std::thread::scope(|scope| {
            scope.spawn(move || {
                let begun = Instant::now();
                while sender.write_all(b"x").is_ok() && begun.elapsed() < DEADLINE {
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            client.close_reason()
        });
        assert_eq!(close, Some((reason.0, reason.1.into())));
    }
}

#[test]
fn flood_of_pings_without_reading_costs_one_backlog() {
    let server = TestServer::new(|config| config.limits.stalled_seconds = 2);
    let mut chat = ChatProbe::new(&server);
    let pings = frame(PING, &[b'p'; 125]).repeat(200);
    for is_signed_in in [false, true] {
        let client = match is_signed_in {
            true => RawWebSocket::signed_in(server.web_address(), "mallory"),
            false => RawWebSocket::connect(server.web_address()),
        };
        let most = flood(&server, client.stream(), || pings.clone());
        assert!((1..=1 << 20).contains(&most), "{most} bytes waited");
        chat.say();
        eventually("mallory is gone", || server.server().context().hub.user_count() == 2);
    }
}

#[test]
fn flood_of_pings_is_answered_and_disturbs_no_user() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    let mut client = RawWebSocket::signed_in(server.web_address(), "mallory");
    let mut sender = client.stream().try_clone().expect("a socket");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..500_u32 {
                let pings = [frame(PING, &number.to_be_bytes()), frame(PONG, b"")].concat().repeat(50);
                sender.write_all(&pings).expect("the server reads");
            }
            sender.write_all(&frame(TEXT, br#"{"type":"say","room":"hall","text":"through"}"#)).expect("the server");
        });
        for _ in 0..20 {
            chat.say();
        }
        let (mut last, mut is_through) = (0, false);
        while last < 499 || !is_through {
            match client.next_frame().expect("a frame") {
                (PONG, payload) => {
                    let number = u32::from_be_bytes(payload.try_into().expect("the payload of a ping"));
                    assert!(number >= last, "pongs in order");
                    last = number;
                }
                (TEXT, text) => is_through |= String::from_utf8_lossy(&text).contains("through"),
                _ => {}
            }
        }
    });
}

#[test]
fn client_that_reads_too_slowly_is_ended() {
    let server = TestServer::new(|config| config.limits.stalled_seconds = 2);
    let mut chat = ChatProbe::new(&server);
    let _slow = RawWebSocket::signed_in(server.web_address(), "slow");
    let begun = Instant::now();
    while server.server().context().hub.user_count() == 3 {
        for _ in 0..20 {
            chat.0.send(&"x".repeat(1_900));
        }
        chat.say();
        assert!(server.server().context().poller.queued_bytes() <= 1 << 20);
        assert!(begun.elapsed() < DEADLINE, "the client is not disconnected");
    }
}
