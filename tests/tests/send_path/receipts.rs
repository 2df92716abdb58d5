//! What is told of messages: with the kernel, or not any more.

use crate::rig::{Peer, Rig, wait_for};
use landline_server::fanout::{Cut, Pacing, Receipt};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Notes what each receipt told, in the order in which they came.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(u32, bool)>>>);

impl Told {
    fn receipt(&self, number: u32) -> Receipt {
        let told = self.0.clone();
        Box::new(move |out| told.lock().push((number, out)))
    }

    fn so_far(&self) -> Vec<(u32, bool)> {
        self.0.lock().clone()
    }
}

/// Somebody signs in, or goes into a room, and gets messages meanwhile.
fn during_a_hold(peer: &Peer, told: &Told) {
    peer.outbox.hold();
    peer.outbox.push_with_receipt(b"one\n", told.receipt(1));
    peer.outbox.push_with_receipt(b"two\n", told.receipt(2));
    assert_eq!(told.so_far(), [], "nothing has gone out");
    peer.outbox.release(b"200 Welcome\n", Some(told.receipt(3)));
    peer.outbox.push_with_receipt(b"three\n", told.receipt(4));
}

#[test]
fn what_was_held_back_is_out_when_it_is_released() {
    for paced in [false, true] {
        let (rig, told) = (Rig::new(|_| {}), Told::default());
        let peer = rig.peer();
        if paced {
            peer.outbox.pace(Pacing { gap: Duration::from_millis(1), ..crate::pacing::slow() });
        }
        during_a_hold(&peer, &told);
        wait_for("everything", || peer.outbox.waiting() == 0);
        assert_eq!(told.so_far(), [(1, true), (2, true), (3, true), (4, true)], "paced: {paced}");
        assert!(!peer.outbox.owes_receipts());
        peer.outbox.cut(Cut::Closed);
        assert_eq!(told.so_far().len(), 4);
    }
}

#[test]
fn a_greeting_that_is_stuck_keeps_back_what_stands_behind_it() {
    let (rig, told) = (Rig::new(|_| {}), Told::default());
    let mut peer = rig.sloth();
    peer.clog(100_000);
    peer.outbox.push_with_receipt(b"before\n", told.receipt(0));
    peer.outbox.hold();
    peer.outbox.push_with_receipt(b"held\n", told.receipt(1));
    let greeting = format!("{}\n", "x".repeat(400_000));
    peer.outbox.release(greeting.as_bytes(), Some(told.receipt(2)));
    wait_for("a part of the greeting", || {
        peer.read_at_once(4_000);
        peer.outbox.waiting() < 350_000
    });
    assert!(peer.outbox.waiting() > 0, "all of it fitted");
    assert_eq!(told.so_far(), [(0, true)]);
    peer.outbox.cut(Cut::Broken);
    assert_eq!(told.so_far(), [(0, true), (1, false), (2, false)]);
}

/// The server stops, or somebody is kicked, in the moment in which they sign in.
#[test]
fn what_is_released_after_the_last_words_goes_out_and_is_told_so() {
    let (rig, told) = (Rig::new(|_| {}), Told::default());
    let mut peer = rig.peer();
    peer.outbox.hold();
    peer.outbox.seal();
    peer.outbox.push_with_receipt(b"too late\n", told.receipt(1));
    peer.outbox.release(b"200 Welcome\n", Some(told.receipt(2)));
    assert_eq!(peer.read_to("200 Welcome\n"), "200 Welcome\n");
    assert_eq!(told.so_far(), [(1, false), (2, true)]);
}
