//! One client's outbox: it loses nothing, sends nothing twice, and stays within its limits.

use crate::rig::{Peer, Rig, wait_for};
use landline_server::fanout::DisconnectReason;
use std::io::{ErrorKind, IoSlice, Read};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Reads until the poller has sent a part of the queued bytes, but not all.
fn read_a_part(peer: &mut Peer) -> String {
    let before = peer.outbox.queued_bytes();
    let mut read = String::new();
    wait_for("progress", || {
        read.push_str(&peer.read_at_once(4_000));
        peer.outbox.queued_bytes() < before
    });
    assert!(peer.outbox.queued_bytes() > 0, "nothing is queued");
    read
}

#[test]
fn bytes_refused_by_the_kernel_follow_whole_and_in_order() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.slow_reader();
    let mut all = peer.clog(500_000);
    assert_eq!(rig.poller.queued_bytes(), peer.outbox.queued_bytes());
    let mut read = read_a_part(&mut peer);
    peer.outbox.push_talk(&[IoSlice::new(b"0:talk\n"), IoSlice::new(b"0:end\n")]);
    all.push_str("0:talk\n0:end\n");
    read.push_str(&peer.read_to("0:end\n"));
    assert!(read == all);
    peer.flush();
    assert_eq!((peer.outbox.queued_bytes(), rig.poller.queued_bytes()), (0, 0));
    peer.outbox.push_control(b"again\n");
    assert_eq!(peer.so_far(), "again\n");
    peer.flush();
}

#[test]
fn held_lines_follow_the_greeting() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    peer.outbox.hold();
    peer.outbox.push_talk(&[IoSlice::new(b"talk\n")]);
    peer.outbox.push_control(b"[PM] bob: hi\n");
    assert_eq!(peer.read_at_once(1_000), "");
    peer.outbox.release(b"200 Welcome\n", None);
    assert_eq!(peer.so_far(), "200 Welcome\ntalk\n[PM] bob: hi\n");
    assert_eq!(rig.poller.queued_bytes(), 0);
}

/// Covers a direct message that arrives during the sign-in, and one that arrives later.
#[test]
fn receipts_come_for_held_and_later_messages() {
    let rig = Rig::new(|_| {});
    for (mut peer, clogged) in [(rig.peer(), 0), (rig.slow_reader(), 200_000)] {
        let before = if clogged > 0 { peer.clog(clogged) } else { String::new() };
        let (sender, receipts) = channel();
        let receipt = |name| {
            let sender = sender.clone();
            Box::new(move |out| sender.send((name, out)).expect("a test"))
        };
        let mail = format!("{}\n", "x".repeat(200_000));
        peer.outbox.push_with_receipt(b"before\n", receipt("before"));
        peer.outbox.hold();
        peer.outbox.push_with_receipt(b"held\n", receipt("held"));
        peer.outbox.release(mail.as_bytes(), Some(receipt("released")));
        peer.outbox.push_with_receipt(b"after\n", receipt("after"));
        // Messages that the kernel cannot have taken yet have no receipt.
        let early: Vec<_> = receipts.try_iter().map(|(name, _)| name).collect();
        assert!(early.len() < 2 || peer.outbox.queued_bytes() < mail.len(), "{early:?}");
        assert!(peer.read_to("after\n") == format!("{before}before\n{mail}held\nafter\n"));
        peer.flush();
        let all: Vec<_> =
            early.into_iter().chain(receipts.try_iter().map(|(name, out)| if out { name } else { "lost" })).collect();
        assert_eq!(all, ["before", "held", "released", "after"]);
    }
}

/// When the server stops during a sign-in, the client still receives the lines held for it, and nothing later.
#[test]
fn lines_after_seal_are_not_delivered() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    let (sender, receipts) = channel();
    let receipt = |name| {
        let sender = sender.clone();
        Box::new(move |out| sender.send((name, out)).expect("a test"))
    };
    peer.outbox.hold();
    peer.outbox.close_input();
    peer.outbox.release(b"200 Welcome\n[PM 2026-11-21 14:22] bob: hi\n", Some(receipt("mail")));
    assert!(!peer.outbox.push_talk(&[IoSlice::new(b"bob: too late\n")]));
    peer.outbox.push_with_receipt(b"[PM] bob: too late\n", receipt("late"));
    assert!(!peer.outbox.is_clear());
    assert_eq!(receipts.try_iter().collect::<Vec<_>>(), [("mail", true), ("late", false)]);
    peer.outbox.disconnect(DisconnectReason::Closed);
    let mut read = String::new();
    peer.socket.read_to_string(&mut read).expect("an orderly end");
    assert_eq!(read, "200 Welcome\n[PM 2026-11-21 14:22] bob: hi\n");
}

/// The client signs in before it has read the earlier answers.
#[test]
fn greeting_follows_earlier_queued_lines() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.slow_reader();
    let mut all = peer.clog(200_000);
    let mut read = read_a_part(&mut peer);
    peer.outbox.hold();
    peer.outbox.push_talk(&[IoSlice::new(b"talk\n")]);
    // The kernel's buffer has space now, but the outbox must not send during a hold.
    read.push_str(&peer.read_at_once(1 << 20));
    peer.outbox.release(b"200 Welcome\n", None);
    peer.outbox.push_control(b"end\n");
    all.push_str("200 Welcome\ntalk\nend\n");
    read.push_str(&peer.read_to("end\n"));
    assert!(read == all, "{:?}", &read[read.len() - 60..]);
    peer.flush();
    assert_eq!((peer.outbox.queued_bytes(), rig.poller.queued_bytes()), (0, 0), "queued bytes");
}

#[test]
fn full_backlog_is_cut_and_released() {
    let rig = Rig::new(|limits| limits.backlog_bytes = 300_000);
    let peer = rig.slow_reader();
    let mut other = rig.peer();
    peer.clog(100_000);
    peer.outbox.push_control(&[b'x'; 200_000]);
    assert_eq!((peer.outbox.disconnect_reason(), peer.outbox.queued_bytes()), (Some(DisconnectReason::TooSlow), 0));
    assert_eq!(rig.poller.queued_bytes(), 0);
    other.outbox.push_control(b"hello\n");
    assert_eq!(other.so_far(), "hello\n");
}

#[test]
fn cut_outbox_queues_nothing() {
    let rig = Rig::new(|_| {});
    for paced in [false, true] {
        let peer = rig.peer();
        if paced {
            peer.outbox.pace(crate::pacing::slow());
        }
        peer.outbox.hold();
        peer.outbox.push_control(b"one\n");
        peer.outbox.disconnect(DisconnectReason::Closed);
        peer.outbox.push_control(b"two\n");
        peer.outbox.release(b"three\n", None);
        peer.outbox.push_talk(&[IoSlice::new(b"four\n")]);
        assert_eq!((peer.outbox.queued_bytes(), rig.poller.queued_bytes()), (0, 0), "paced: {paced}");
    }
}

#[test]
fn cut_with_queued_bytes_resets_the_connection() {
    let rig = Rig::new(|_| {});
    let Peer { outbox, mut socket } = rig.slow_reader();
    let clogged = Peer { outbox: outbox.clone(), socket: socket.try_clone().unwrap() }.clog(10_000);
    outbox.disconnect(DisconnectReason::TooSlow);
    drop(outbox);
    let mut read = Vec::new();
    let error = socket.read_to_end(&mut read).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(clogged.as_bytes().starts_with(&read));
}

#[test]
fn backlog_without_progress_is_cut_after_the_timeout() {
    let rig = Rig::new(|limits| limits.stalled_seconds = 1);
    let peer = rig.slow_reader();
    peer.clog(1_000);
    let since = Instant::now();
    wait_for("the cut", || peer.outbox.disconnect_reason() == Some(DisconnectReason::TooSlow));
    let took = since.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!(rig.poller.queued_bytes(), 0);
}

#[test]
fn backlog_with_progress_is_never_cut() {
    let rig = Rig::new(|limits| {
        limits.stalled_seconds = 2;
        limits.backlog_bytes = 4 << 20;
    });
    let mut peer = rig.slow_reader();
    peer.clog(1_500_000);
    let since = Instant::now();
    let mut piece = vec![0; 16 << 10];
    // The sleep makes the reader slow; it does not wait for an event.
    while since.elapsed() < Duration::from_secs(4) {
        std::thread::sleep(Duration::from_millis(100));
        peer.socket.read_exact(&mut piece).expect("more bytes");
    }
    assert_eq!(peer.outbox.disconnect_reason(), None);
    assert!(peer.outbox.queued_bytes() > 0, "the reader is never behind");
}

#[test]
fn total_limit_cuts_the_largest_backlog_first() {
    let rig = Rig::new(|limits| {
        limits.backlog_total_bytes = 1_200_000;
        limits.backlog_bytes = 1 << 30;
    });
    let small = rig.slow_reader();
    let large = rig.slow_reader();
    let middle = rig.slow_reader();
    let expected = (small.clog(50_000), middle.clog(200_000));
    large.clog(400_000);
    assert!([&small, &large, &middle].iter().all(|peer| peer.outbox.disconnect_reason().is_none()));
    wait_for("the cut", || {
        // The kernel may take more bytes, so that the total falls below the limit again.
        if rig.poller.queued_bytes() <= 1_200_000 {
            small.outbox.push_control(&[b'x'; 2_000]);
        }
        large.outbox.disconnect_reason() == Some(DisconnectReason::TooSlow)
    });
    for (mut peer, expected) in [(small, expected.0), (middle, expected.1)] {
        peer.outbox.push_control(b"end\n");
        assert!(peer.read_to("end\n").starts_with(&expected), "the other clients lose nothing");
        peer.flush();
    }
    assert_eq!(rig.poller.queued_bytes(), 0);
}
