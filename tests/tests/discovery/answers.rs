//! The server's discovery beacon, and its answers to questions.

use super::{announcement, asker, barrier, exclusive, free_port, receive, send, shared, start, waiting};
use landline_common::beacon::{Answer, question};
use landline_server::discovery::Announcement;
use landline_tests::DEADLINE;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

#[test]
fn question_is_answered_with_all_fields() {
    let port = free_port();
    let discovery = start(announcement(port));
    let asker = asker(1);
    send(&asker, &question(), port);
    let answer = receive(&asker);
    assert!(answer.len() <= 3 * question().len());
    let id = Answer::parse(&answer).unwrap().id;
    assert_eq!(id.len(), 16, "{id}");
    let expected = Answer {
        id,
        also: Vec::new(),
        name: "Room 12".into(),
        addr: Ipv4Addr::LOCALHOST.into(),
        port: 12_345,
        lantalk: 5_050,
        users: 3,
        password: true,
        version: env!("CARGO_PKG_VERSION").into(),
        tls: false,
        key: None,
    };
    assert_eq!(Answer::parse(&answer), Some(expected));
    discovery.stop();
}

#[test]
fn beacon_is_sent_at_once_and_every_two_seconds() {
    let port = free_port();
    let first = shared(port);
    let second = shared(port);
    let discovery = start(announcement(port));
    let begun = Instant::now();
    for _ in 0..2 {
        for listener in [&first, &second] {
            assert_eq!(receive(listener), b"LANTALK_SERVER:127.0.0.1:5050");
        }
    }
    assert!(begun.elapsed() > Duration::from_millis(1_900), "beacons come faster than LanTalk's own");
    discovery.stop();
}

#[test]
fn without_lantalk_port_there_are_answers_but_no_beacon() {
    let port = free_port();
    let listener = shared(port);
    let _discovery = start(Announcement { lantalk: None, ..announcement(port) });
    let asker = asker(1);
    send(&asker, &question(), port);
    let answer = Answer::parse(&receive(&asker)).unwrap();
    assert_eq!((answer.port, answer.lantalk), (12_345, 0));
    // A beacon would have been sent before the question was read.
    assert_eq!(waiting(&listener), 1, "the question itself");
}

#[test]
fn malformed_and_short_questions_get_no_answer() {
    let port = free_port();
    let _discovery = start(announcement(port));
    let padded = |head: &str| [head.as_bytes(), &[b'.'; 400]].concat();
    let huge = vec![b'x'; 60_000];
    let short = [b"".to_vec(), b"LANDLINE? 1".to_vec(), b"LANDLINE? 1 ".to_vec()];
    let malformed = [padded("LANDLINE? 2 "), padded("?"), huge];
    for (last, datagram) in (1..).zip(short.into_iter().chain(malformed)) {
        let asker = asker(last);
        send(&asker, &datagram, port);
        barrier(port, 100 + last);
        assert_eq!(waiting(&asker), 0, "{:?}", String::from_utf8_lossy(&datagram[..datagram.len().min(20)]));
    }
}

#[test]
fn x7_unanswered_questions_use_no_quota_entries() {
    let port = free_port();
    let _discovery = start(announcement(port));
    // More addresses than the server's table of quotas has entries. The questions are too short to be answered.
    for n in 0..1_200u32 {
        let flood = UdpSocket::bind((Ipv4Addr::from_bits(0x7f02_0000 + n), 0)).unwrap();
        flood.send_to(b"LANDLINE? 1", (Ipv4Addr::LOCALHOST, port)).unwrap();
    }
    let asker = asker(1);
    send(&asker, &question(), port);
    assert!(Answer::parse(&receive(&asker)).is_some());
}

#[test]
fn each_address_gets_five_answers_per_second() {
    let port = free_port();
    let _discovery = start(announcement(port));
    let greedy = asker(3);
    let begun = Instant::now();
    for _ in 0..50 {
        send(&greedy, &question(), port);
    }
    barrier(port, 100);
    let answers = waiting(&greedy);
    if begun.elapsed() < Duration::from_secs(1) {
        assert_eq!(answers, 5);
    }
    ask_until_answered(&greedy, port);
}

fn ask_until_answered(asker: &UdpSocket, port: u16) {
    asker.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let deadline = Instant::now() + DEADLINE;
    loop {
        send(asker, &question(), port);
        match asker.recv_from(&mut [0; 2_048]) {
            Ok(_) => return,
            Err(e) => assert!(matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{e}"),
        }
        assert!(Instant::now() < deadline, "no answer in time");
    }
}

#[test]
fn beacon_needs_no_port_and_answers_begin_once_it_is_free() {
    let port = free_port();
    let blocker = exclusive(port);
    blocker.set_read_timeout(Some(DEADLINE)).unwrap();
    let _discovery = start(announcement(port));
    for _ in 0..2 {
        assert_eq!(receive(&blocker), b"LANTALK_SERVER:127.0.0.1:5050");
    }
    drop(blocker);
    ask_until_answered(&asker(1), port);
}

#[test]
fn stopping_is_immediate_and_frees_the_port() {
    let port = free_port();
    for by_name in [true, false] {
        let discovery = start(announcement(port));
        let begun = Instant::now();
        if by_name {
            discovery.stop();
        } else {
            drop(discovery);
        }
        assert!(begun.elapsed() < Duration::from_secs(1));
        drop(exclusive(port));
    }
}

#[test]
fn foreign_or_ipv6_bind_address_does_not_fail() {
    for bind in ["192.0.2.77", "::1"] {
        start(Announcement { bind: bind.parse().unwrap(), ..announcement(free_port()) }).stop();
    }
}
