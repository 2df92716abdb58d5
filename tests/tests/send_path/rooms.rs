//! A room's log and its cycles.

use crate::rig::{BOTH_WAYS, Peer, Rig, TEXT, TestLine, line, wait_for};
use landline_common::Rendering;
use landline_common::rendering::RENDERINGS;
use landline_server::fanout::{DeliveryMode, Publication, RoomLog, Subscription};
use landline_tests::DEADLINE;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// JSON rendering, with the member's own lines.
const JSON: DeliveryMode = DeliveryMode { rendering: Rendering::Json as usize, echo: true };

/// Connects a client that is a member of the room.
fn member(rig: &Rig, room: &Arc<RoomLog>, ear: DeliveryMode) -> (Peer, Arc<Subscription>) {
    let peer = rig.peer();
    let seat = Subscription::new(&peer.outbox, &Arc::default());
    room.enter(&seat, ear, None);
    (peer, seat)
}

fn members(rig: &Rig, room: &Arc<RoomLog>, count: usize) -> Vec<(Peer, Arc<Subscription>)> {
    (0..count).map(|_| member(rig, room, TEXT)).collect()
}

#[test]
fn settled_line_has_reached_all_members() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| limits.inline_members = inline);
        let room = RoomLog::new(&rig.flushers);
        let mut room_members = members(&rig, &room, 20);
        for round in 0..50 {
            let number = room.publish(&room_members[0].1, &mut line(round));
            room.wait_delivered(number);
            for (at, (peer, _)) in room_members.iter_mut().enumerate() {
                let expected = if at == 0 { String::new() } else { format!("0:{round}\n") };
                assert_eq!(peer.so_far(), expected, "member {at}, inline {inline}");
            }
        }
    }
}

#[test]
fn settled_change_is_in_effect() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| limits.inline_members = inline);
        let room = RoomLog::new(&rig.flushers);
        let (mut peer, seat) = member(&rig, &room, TEXT);
        for _ in 0..50 {
            room.announce(&mut line("a"));
            room.wait_delivered(room.change_mode(&seat, JSON));
            assert_eq!(peer.so_far(), "0:a\n");
            room.publish(&seat, &mut line("b"));
            room.wait_delivered(room.change_mode(&seat, TEXT));
            assert_eq!(peer.so_far(), "4:b\n");
        }
    }
}

#[test]
fn what_is_said_while_and_after_the_flushers_stop_is_delivered() {
    let rig = Rig::new(|limits| limits.inline_members = 0);
    let (done, ended) = std::sync::mpsc::channel();
    let stopped = Arc::new(AtomicBool::new(false));
    let (mut hearers, mut resumes) = (Vec::new(), Vec::new());
    for speaker in 0..4 {
        let (resume, resumed) = std::sync::mpsc::channel();
        resumes.push(resume);
        let room = RoomLog::new(&rig.flushers);
        let (_, seat) = member(&rig, &room, TEXT);
        hearers.push(member(&rig, &room, TEXT).0);
        let (done, stopped) = (done.clone(), stopped.clone());
        std::thread::spawn(move || {
            let mut last = 0;
            while !stopped.load(Relaxed) {
                last = room.publish(&seat, &mut line("while"));
            }
            room.wait_delivered(last);
            let _ = resumed.recv();
            room.wait_delivered(room.publish(&seat, &mut line("after")));
            let _ = done.send(speaker);
        });
    }
    for hearer in &mut hearers {
        hearer.read_to("0:while\n");
    }
    stopped.store(true, Relaxed);
    rig.flushers.stop();
    for resume in resumes {
        let _ = resume.send(());
        ended.recv_timeout(DEADLINE).expect("a session waits for ever");
    }
    for hearer in &mut hearers {
        hearer.read_to("0:after\n");
    }
}

/// Counts the calls of `render` for each rendering.
#[derive(Default)]
struct Counted([AtomicUsize; RENDERINGS]);

impl Publication for Counted {
    fn render(&self, rendering: usize, _: &mut Vec<u8>) {
        self.0[rendering].fetch_add(1, Relaxed);
    }
}

#[test]
fn a_line_is_rendered_once_for_each_rendering_in_use() {
    let rig = Rig::new(|_| {});
    let room = RoomLog::new(&rig.flushers);
    let rendered = || {
        let mut counted = Counted::default();
        room.wait_delivered(room.announce(&mut counted));
        counted.0.map(AtomicUsize::into_inner)
    };
    let [text, json] = [Rendering::Text.index(), Rendering::Json.index()];
    let once = |renderings: &[usize]| std::array::from_fn(|at| usize::from(renderings.contains(&at)));
    let others = members(&rig, &room, 3);
    let (_peer, seat) = member(&rig, &room, TEXT);
    assert_eq!(rendered(), once(&[text]));
    room.change_mode(&seat, JSON);
    assert_eq!(rendered(), once(&[text, json]));
    for (_, other) in &others {
        room.leave(other, None);
    }
    assert_eq!(rendered(), once(&[json]));
    room.change_mode(&seat, TEXT);
    assert_eq!(rendered(), once(&[text]));
    room.leave(&seat, None);
    assert_eq!(rendered(), once(&[]), "an empty room");
}

/// A line of 1,000 bytes that records the maximum of pending bytes in the room.
struct Large<'a>(&'a AtomicUsize);

impl Publication for Large<'_> {
    fn render(&self, _: usize, out: &mut Vec<u8>) {
        self.0.fetch_max(out.len(), Relaxed);
        out.extend_from_slice(&[b'x'; 999]);
        out.push(b'\n');
    }
}

#[test]
fn speakers_wait_for_their_rooms_cycle_instead_of_filling_backlogs() {
    let rig = Rig::new(|limits| {
        limits.room_pending_bytes = 16 << 10;
        limits.inline_members = 0;
    });
    let room = RoomLog::new(&rig.flushers);
    let mut room_members = members(&rig, &room, 40);
    let most = AtomicUsize::new(0);
    for _ in 0..5 {
        std::thread::scope(|scope| {
            for (_, seat) in &room_members[..4] {
                let room = &room;
                let most = &most;
                scope.spawn(move || {
                    for _ in 0..100 {
                        room.publish(seat, &mut Large(most));
                    }
                });
            }
        });
        room.announce(&mut line("end"));
        for (at, (peer, _)) in room_members.iter_mut().enumerate() {
            let lines = if at < 4 { 300 } else { 400 };
            assert_eq!(peer.read_to("0:end\n").len(), lines * 1_000 + 6, "member {at}");
        }
    }
    let most = most.into_inner();
    assert!(most > 8 << 10, "at most {most} bytes were pending, so the limit was not reached");
    assert!(most <= 16 << 10, "{most} bytes were pending");
}

/// A line that panics in the middle of rendering as JSON.
struct Broken;

impl Publication for Broken {
    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(b"half a line");
        assert!(rendering < Rendering::Json.index(), "cannot be rendered (this panic is part of a test)");
    }
}

#[test]
fn a_panic_while_rendering_leaves_nothing_in_the_room() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| limits.inline_members = inline);
        let room = RoomLog::new(&rig.flushers);
        let mut room_members = members(&rig, &room, 3);
        room_members.push(member(&rig, &room, DeliveryMode { rendering: Rendering::Json.index(), echo: false }));
        let seat = room_members[0].1.clone();
        for round in 0..20 {
            assert!(catch_unwind(AssertUnwindSafe(|| room.publish(&seat, &mut Broken))).is_err());
            room.wait_delivered(room.publish(&seat, &mut line(round)));
            for (peer, _) in &mut room_members[1..3] {
                assert_eq!(peer.so_far(), format!("0:{round}\n"));
            }
            assert_eq!(room_members[3].0.so_far(), format!("4:{round}\n"));
        }
    }
}

/// A subscription that is in two rooms, which no session does, makes the cycle panic that lets it leave. This happens
/// in flushers, more often than there are flushers.
#[test]
fn a_panic_in_a_cycle_ends_neither_the_room_nor_a_flusher() {
    let rig = Rig::new(|limits| limits.inline_members = 0);
    let room = RoomLog::new(&rig.flushers);
    let mut room_members = members(&rig, &room, 3);
    let crowd = RoomLog::new(&rig.flushers);
    let _crowd_members = members(&rig, &crowd, 8);
    let flushers = std::thread::available_parallelism().map_or(2, usize::from);
    for round in 0..=flushers {
        let in_two = Subscription::new(&rig.peer().outbox, &Arc::default());
        room.wait_delivered(room.enter(&in_two, TEXT, None));
        crowd.wait_delivered(crowd.enter(&in_two, TEXT, None));
        room.leave(&in_two, Some(&mut line("this panic is part of a test")));
        // `settle` would wait forever if no flusher were left. Repeat the line, since the panicked cycle loses lines.
        for (peer, _) in &mut room_members {
            wait_for("a line after the panic", || {
                room.announce(&mut line(round));
                peer.read_at_once(1 << 20).ends_with(&format!("0:{round}\n"))
            });
        }
    }
    let other = RoomLog::new(&rig.flushers);
    let (mut peer, _) = member(&rig, &other, TEXT);
    other.announce(&mut line("elsewhere"));
    peer.read_to("0:elsewhere\n");
}

#[test]
fn dead_member_does_not_affect_the_others() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| limits.inline_members = inline);
        let room = RoomLog::new(&rig.flushers);
        let mut room_members = members(&rig, &room, 5);
        let (dead, _seat) = member(&rig, &room, TEXT);
        let Peer { outbox, socket } = dead;
        drop(socket);
        for round in 0..50 {
            room.wait_delivered(room.announce(&mut line(round)));
            for (peer, _) in &mut room_members {
                assert_eq!(peer.so_far(), format!("0:{round}\n"));
            }
        }
        wait_for("the cut", || outbox.disconnect_reason().is_some());
        assert_eq!(rig.poller.queued_bytes(), 0);
    }
}

#[test]
fn empty_room_accepts_lines_and_stores_nothing() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| limits.inline_members = inline);
        let room = RoomLog::new(&rig.flushers);
        let mut peer = rig.peer();
        for _ in 0..1_000 {
            room.announce(&mut TestLine("a line without receivers".into()));
        }
        let seat = Subscription::new(&peer.outbox, &Arc::default());
        room.enter(&seat, TEXT, Some(&mut line("notice")));
        room.leave(&seat, Some(&mut line("notice")));
        room.wait_delivered(room.announce(&mut line("end")));
        assert_eq!(Arc::strong_count(&seat), 1, "the room still holds the seat");
        assert_eq!(peer.so_far(), "");
    }
}

/// A line of talk with an id.
struct Numbered(u64);

impl Publication for Numbered {
    fn assign_ids(&mut self) -> u64 {
        self.0
    }

    fn render(&self, _: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(b"0:talk\n");
    }
}

#[test]
fn only_delivered_lines_count_as_heard() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| limits.inline_members = inline);
        let room = RoomLog::new(&rig.flushers);
        let peer = rig.slow_reader();
        let other = member(&rig, &room, TEXT);
        let seat = Subscription::new(&peer.outbox, &Arc::default());
        room.enter(&seat, TEXT, None);
        room.wait_delivered(room.publish(&other.1, &mut Numbered(1)));
        assert_eq!((seat.last_delivered_id(), other.1.last_delivered_id()), (1, 1));
        peer.clog(1_000);
        room.wait_delivered(room.publish(&other.1, &mut Numbered(2)));
        // The slow reader does not receive its own line, but line 2 is still queued for it.
        room.wait_delivered(room.publish(&seat, &mut Numbered(3)));
        assert_eq!((seat.last_delivered_id(), other.1.last_delivered_id()), (1, 3), "inline {inline}");
        other.0.outbox.close_input();
        room.wait_delivered(room.publish(&seat, &mut Numbered(4)));
        assert_eq!(other.1.last_delivered_id(), 3, "inline {inline}");
    }
}
