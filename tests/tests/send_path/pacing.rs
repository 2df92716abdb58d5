//! Outboxes of unframed clients: each message is one `send`, with a gap in time between them. Messages merge only when
//! many are queued.

use crate::rig::{Peer, Rig};
use landline_server::fanout::Pacing;
use std::io::{IoSlice, Read};
use std::time::{Duration, Instant};

/// A pacing that sends only the first message within a test.
pub fn slow() -> Pacing {
    Pacing { gap: Duration::from_secs(3_600), merge_at: 32, most_bytes: 1_000 }
}

fn quick(merge_at: usize) -> Pacing {
    Pacing { gap: Duration::from_millis(1), merge_at, most_bytes: 100 }
}

fn numbered(count: usize) -> String {
    (0..count).map(|n| format!("<{n}>\n")).collect()
}

/// Returns the result of each `recv`, up to the message `last`.
fn messages_to(peer: &mut Peer, last: &str) -> Vec<String> {
    let mut got: Vec<String> = Vec::new();
    while got.last().is_none_or(|message| message != last) {
        let mut piece = [0; 1_024];
        let n = peer.socket.read(&mut piece).unwrap();
        assert!(n > 0, "closed after {got:?}");
        got.push(String::from_utf8(piece[..n].to_vec()).unwrap());
    }
    got
}

#[test]
fn messages_are_sent_without_newlines_and_apart_in_time() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    let gap = Duration::from_millis(300);
    peer.outbox.pace(Pacing { gap, ..slow() });
    let since = Instant::now();
    peer.outbox.push_control(b"one\ntwo\nthree\n");
    assert_eq!(messages_to(&mut peer, "three"), ["one", "two", "three"]);
    assert!(since.elapsed() >= gap * 2);
    assert_eq!(rig.poller.queued_bytes(), 0);
}

#[test]
fn merging_loses_nothing_and_counts_every_byte() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    peer.outbox.pace(quick(4));
    for _ in 0..5 {
        peer.outbox.push_talk(&[IoSlice::new(numbered(400).as_bytes())]);
    }
    peer.outbox.push_control(b"end\n");
    let read = peer.read_to("end").replace('\n', "");
    assert_eq!(read, numbered(400).repeat(5).replace('\n', "") + "end");
    peer.flush();
    assert_eq!((peer.outbox.queued_bytes(), rig.poller.queued_bytes()), (0, 0));
}

#[test]
fn talk_merges_up_to_the_message_size_and_control_lines_never_do() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    // The gap is so long that each `recv` returns one `send`.
    peer.outbox.pace(Pacing { gap: Duration::from_millis(200), merge_at: 2, most_bytes: 30 });
    peer.outbox.push_talk(&[IoSlice::new(numbered(12).as_bytes())]);
    peer.outbox.push_control(b"INFO: one\nINFO: two\n");
    let got = messages_to(&mut peer, "INFO: two");
    assert!(got.len() < 14, "nothing was merged: {got:?}");
    assert!(got.iter().all(|message| message.len() <= 30), "{got:?}");
    assert!(got.contains(&"INFO: one".to_owned()), "{got:?}");
    assert_eq!(got.concat().replace('\n', ""), numbered(12).replace('\n', "") + "INFO: oneINFO: two");
}

/// A client that sends ahead is signed in before all earlier answers have been sent.
#[test]
fn greeting_follows_earlier_answers_and_precedes_talk() {
    let rig = Rig::new(|_| {});
    let mut peer = rig.peer();
    peer.outbox.pace(Pacing { gap: Duration::from_millis(20), ..slow() });
    peer.outbox.push_control(b"ALIAS?\nPASSWORD?\n");
    peer.outbox.hold();
    peer.outbox.push_talk(&[IoSlice::new(b"talk\n")]);
    peer.outbox.release(b"AUTH_SUCCESS\n", None);
    assert_eq!(peer.read_to("talk"), "ALIAS?PASSWORD?AUTH_SUCCESStalk");
    peer.flush();
    assert_eq!(rig.poller.queued_bytes(), 0);
}
