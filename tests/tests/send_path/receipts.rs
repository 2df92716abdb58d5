//! Receipts: each message is reported once, as taken by the kernel or as lost.

use crate::rig::{Peer, Rig, wait_for};
use landline_server::fanout::{DisconnectReason, Pacing, Receipt};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Records receipts in the order of their arrival: the message's number, and whether the kernel took it.
#[derive(Clone, Default)]
struct ReceiptLog(Arc<Mutex<Vec<(u32, bool)>>>);

impl ReceiptLog {
    fn receipt(&self, number: u32) -> Receipt {
        let log = self.0.clone();
        Box::new(move |out| log.lock().push((number, out)))
    }

    fn so_far(&self) -> Vec<(u32, bool)> {
        self.0.lock().clone()
    }
}

/// Sends messages during and after a hold, as in a sign-in or a change of the room.
fn during_a_hold(peer: &Peer, log: &ReceiptLog) {
    peer.outbox.hold();
    peer.outbox.push_with_receipt(b"one\n", log.receipt(1));
    peer.outbox.push_with_receipt(b"two\n", log.receipt(2));
    assert_eq!(log.so_far(), [], "receipts during the hold");
    peer.outbox.release(b"200 Welcome\n", Some(log.receipt(3)));
    peer.outbox.push_with_receipt(b"three\n", log.receipt(4));
}

#[test]
fn held_messages_are_delivered_on_release() {
    for paced in [false, true] {
        let rig = Rig::new(|_| {});
        let log = ReceiptLog::default();
        let peer = rig.peer();
        if paced {
            peer.outbox.pace(Pacing { gap: Duration::from_millis(1), ..crate::pacing::slow() });
        }
        during_a_hold(&peer, &log);
        wait_for("an empty queue", || peer.outbox.queued_bytes() == 0);
        assert_eq!(log.so_far(), [(1, true), (2, true), (3, true), (4, true)], "paced: {paced}");
        assert!(!peer.outbox.has_pending_receipts());
        peer.outbox.disconnect(DisconnectReason::Closed);
        assert_eq!(log.so_far().len(), 4);
    }
}

#[test]
fn queued_greeting_delays_the_receipts_behind_it() {
    let rig = Rig::new(|_| {});
    let log = ReceiptLog::default();
    let mut peer = rig.slow_reader();
    peer.clog(100_000);
    peer.outbox.push_with_receipt(b"before\n", log.receipt(0));
    peer.outbox.hold();
    peer.outbox.push_with_receipt(b"held\n", log.receipt(1));
    let greeting = format!("{}\n", "x".repeat(400_000));
    peer.outbox.release(greeting.as_bytes(), Some(log.receipt(2)));
    wait_for("a part of the greeting", || {
        peer.read_at_once(4_000);
        peer.outbox.queued_bytes() < 350_000
    });
    assert!(peer.outbox.queued_bytes() > 0, "nothing is queued");
    assert_eq!(log.so_far(), [(0, true)]);
    peer.outbox.disconnect(DisconnectReason::Broken);
    assert_eq!(log.so_far(), [(0, true), (1, false), (2, false)]);
}

/// The server stops, or kicks the user, during the sign-in.
#[test]
fn release_after_seal_is_still_delivered() {
    let rig = Rig::new(|_| {});
    let log = ReceiptLog::default();
    let mut peer = rig.peer();
    peer.outbox.hold();
    peer.outbox.close_input();
    peer.outbox.push_with_receipt(b"too late\n", log.receipt(1));
    peer.outbox.release(b"200 Welcome\n", Some(log.receipt(2)));
    assert_eq!(peer.read_to("200 Welcome\n"), "200 Welcome\n");
    assert_eq!(log.so_far(), [(1, false), (2, true)]);
}
