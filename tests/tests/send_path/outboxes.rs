//! One client's outbox: nothing lost, nothing twice, and never more than its bounds.

use crate::rig::{Peer, Rig, wait_for};
use landline_server::fanout::Cut;
use std::io::{ErrorKind, IoSlice, Read};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Reads a little until the poller could send a part of what waits, but not all of it.
fn read_a_part(peer: &mut Peer) -> String {
    let (before, mut read) = (peer.outbox.waiting(), String::new());
    wait_for("progress", || {
        read.push_str(&peer.read_at_once(4_000));
        peer.outbox.waiting() < before
    });
    assert!(peer.outbox.waiting() > 0, "all of it fitted");
    read
}

#[test]
fn what_the_kernel_does_not_take_comes_later_whole_and_in_order() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.sloth();
    let mut all = peer.clog(500_000);
    assert_eq!(rig.poller.waiting(), peer.outbox.waiting());
    let mut read = read_a_part(&mut peer);
    peer.outbox.push_talk(&[IoSlice::new(b"0:talk\n"), IoSlice::new(b"0:end\n")]);
    all.push_str("0:talk\n0:end\n");
    read.push_str(&peer.read_to("0:end\n"));
    assert!(read == all);
    peer.flush();
    assert_eq!((peer.outbox.waiting(), rig.poller.waiting()), (0, 0));
    peer.outbox.push_control(b"again\n");
    assert_eq!(peer.so_far(), "again\n");
    peer.flush();
}

#[test]
fn what_is_held_back_comes_behind_the_greeting() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    peer.outbox.hold();
    peer.outbox.push_talk(&[IoSlice::new(b"talk\n")]);
    peer.outbox.push_control(b"[PM] bob: hi\n");
    assert_eq!(peer.read_at_once(1_000), "");
    peer.outbox.release(b"200 Welcome\n", None);
    assert_eq!(peer.so_far(), "200 Welcome\ntalk\n[PM] bob: hi\n");
    assert_eq!(rig.poller.waiting(), 0);
}

/// A direct message that comes while somebody is let in, and one that comes later.
#[test]
fn receipts_come_for_what_was_held_back_and_for_all_that_follows() {
    let rig = Rig::new(|_| {});
    for (mut peer, clogged) in [(rig.peer(), 0), (rig.sloth(), 200_000)] {
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
        // What the kernel cannot have taken yet has no receipt.
        let early: Vec<_> = receipts.try_iter().map(|(name, _)| name).collect();
        assert!(early.len() < 2 || peer.outbox.waiting() < mail.len(), "{early:?}");
        assert!(peer.read_to("after\n") == format!("{before}before\n{mail}held\nafter\n"));
        peer.flush();
        let all: Vec<_> =
            early.into_iter().chain(receipts.try_iter().map(|(name, out)| if out { name } else { "lost" })).collect();
        assert_eq!(all, ["before", "held", "released", "after"]);
    }
}

/// The server stops: somebody who just comes in still gets what was held back for them, and nothing after that.
#[test]
fn what_comes_after_the_last_words_does_not_count_as_heard() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    let (sender, receipts) = channel();
    let receipt = |name| {
        let sender = sender.clone();
        Box::new(move |out| sender.send((name, out)).expect("a test"))
    };
    peer.outbox.hold();
    peer.outbox.seal();
    peer.outbox.release(b"200 Welcome\n[PM 2026-11-21 14:22] bob: hi\n", Some(receipt("mail")));
    assert!(!peer.outbox.push_talk(&[IoSlice::new(b"bob: too late\n")]));
    peer.outbox.push_with_receipt(b"[PM] bob: too late\n", receipt("late"));
    assert!(!peer.outbox.is_clear());
    assert_eq!(receipts.try_iter().collect::<Vec<_>>(), [("mail", true), ("late", false)]);
    peer.outbox.cut(Cut::Closed);
    let mut read = String::new();
    peer.socket.read_to_string(&mut read).expect("its end");
    assert_eq!(read, "200 Welcome\n[PM 2026-11-21 14:22] bob: hi\n");
}

/// Somebody signs in who has not read the answers of the sign-in yet.
#[test]
fn the_greeting_comes_behind_what_was_stuck_before_it() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.sloth();
    let mut all = peer.clog(200_000);
    let mut read = read_a_part(&mut peer);
    peer.outbox.hold();
    peer.outbox.push_talk(&[IoSlice::new(b"talk\n")]);
    // The poller sees room in the kernel's buffer while nothing may go out.
    read.push_str(&peer.read_at_once(1 << 20));
    peer.outbox.release(b"200 Welcome\n", None);
    peer.outbox.push_control(b"end\n");
    all.push_str("200 Welcome\ntalk\nend\n");
    read.push_str(&peer.read_to("end\n"));
    assert!(read == all, "{:?}", &read[read.len() - 60..]);
    peer.flush();
    assert_eq!((peer.outbox.waiting(), rig.poller.waiting()), (0, 0), "everything is accounted for");
}

#[test]
fn a_full_backlog_is_cut_and_given_back() {
    let rig = Rig::new(|limits| limits.backlog_bytes = 300_000);
    let (peer, mut other) = (rig.sloth(), rig.peer());
    peer.clog(100_000);
    peer.outbox.push_control(&[b'x'; 200_000]);
    assert_eq!((peer.outbox.cut_reason(), peer.outbox.waiting()), (Some(Cut::TooSlow), 0));
    assert_eq!(rig.poller.waiting(), 0);
    other.outbox.push_control(b"hello\n");
    assert_eq!(other.so_far(), "hello\n");
}

#[test]
fn one_that_is_cut_costs_nothing_more() {
    let rig = Rig::new(|_| {});
    for paced in [false, true] {
        let peer = rig.peer();
        if paced {
            peer.outbox.pace(crate::pacing::slow());
        }
        peer.outbox.hold();
        peer.outbox.push_control(b"one\n");
        peer.outbox.cut(Cut::Closed);
        peer.outbox.push_control(b"two\n");
        peer.outbox.release(b"three\n", None);
        peer.outbox.push_talk(&[IoSlice::new(b"four\n")]);
        assert_eq!((peer.outbox.waiting(), rig.poller.waiting()), (0, 0), "paced: {paced}");
    }
}

#[test]
fn a_cut_with_something_waiting_is_a_reset() {
    let rig = Rig::new(|_| {});
    let Peer { outbox, mut socket } = rig.sloth();
    let clogged = Peer { outbox: outbox.clone(), socket: socket.try_clone().unwrap() }.clog(10_000);
    outbox.cut(Cut::TooSlow);
    drop(outbox);
    let mut read = Vec::new();
    let error = socket.read_to_end(&mut read).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(clogged.as_bytes().starts_with(&read));
}

#[test]
fn without_progress_it_is_cut_after_the_time_for_that() {
    let rig = Rig::new(|limits| limits.stalled_seconds = 1);
    let peer = rig.sloth();
    peer.clog(1_000);
    let since = Instant::now();
    wait_for("the cut", || peer.outbox.cut_reason() == Some(Cut::TooSlow));
    let took = since.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!(rig.poller.waiting(), 0);
}

#[test]
fn with_progress_it_is_not_cut_however_long_it_takes() {
    let rig = Rig::new(|limits| {
        (limits.stalled_seconds, limits.backlog_bytes) = (2, 4 << 20);
    });
    let mut peer = rig.sloth();
    peer.clog(1_500_000);
    let since = Instant::now();
    let mut piece = vec![0; 16 << 10];
    // A slow reader is slow on purpose: this is not waiting for anything.
    while since.elapsed() < Duration::from_secs(4) {
        std::thread::sleep(Duration::from_millis(100));
        peer.socket.read_exact(&mut piece).expect("it is still served");
    }
    assert_eq!(peer.outbox.cut_reason(), None);
    assert!(peer.outbox.waiting() > 0, "it was never behind");
}

#[test]
fn over_the_total_bound_the_largest_backlog_is_cut_first() {
    let rig = Rig::new(|limits| (limits.backlog_total_bytes, limits.backlog_bytes) = (1_200_000, 1 << 30));
    let (small, large, middle) = (rig.sloth(), rig.sloth(), rig.sloth());
    let also = (small.clog(50_000), middle.clog(200_000));
    large.clog(400_000);
    assert!([&small, &large, &middle].iter().all(|p| p.outbox.cut_reason().is_none()));
    wait_for("the cut", || {
        // The kernel may still take some of it, below the bound again.
        if rig.poller.waiting() <= 1_200_000 {
            small.outbox.push_control(&[b'x'; 2_000]);
        }
        large.outbox.cut_reason() == Some(Cut::TooSlow)
    });
    for (mut peer, expected) in [(small, also.0), (middle, also.1)] {
        peer.outbox.push_control(b"end\n");
        assert!(peer.read_to("end\n").starts_with(&expected), "the others lose nothing");
        peer.flush();
    }
    assert_eq!(rig.poller.waiting(), 0);
}
