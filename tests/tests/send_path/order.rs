//! Many threads enter, leave, talk and change the rendering in one room at once. Each line gets its number under the
//! log's lock, so the numbers are the room's order. Each member must receive exactly the numbers of its memberships.

use crate::rig::{BOTH_WAYS, Peer, Rig};
use landline_common::rendering::RENDERINGS;
use landline_server::fanout::{DeliveryMode, Publication, RoomLog, Subscription};
use landline_tests::Rng;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const MEMBERS: usize = 6;
const STEPS: usize = 400;

/// A line that takes the next number when the room's log accepts it.
struct Numbered<'a> {
    next: &'a AtomicU64,
    number: u64,
}

impl Publication for Numbered<'_> {
    fn assign_ids(&mut self) -> u64 {
        self.number = self.next.fetch_add(1, Relaxed);
        self.number
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        writeln!(out, "{rendering}:{}", self.number).unwrap();
    }
}

/// One membership: the numbers between entering and leaving, without own lines that the member does not receive.
struct ExpectedStay {
    heard: Vec<u64>,
    /// Renderings of the membership, in order.
    renderings: Vec<usize>,
}

/// A client that acts at random, and what it must receive.
struct RandomMember<'a> {
    room: &'a Arc<RoomLog>,
    next: &'a AtomicU64,
    peer: Peer,
    seat: Arc<Subscription>,
    rng: Rng,
    stays: Vec<ExpectedStay>,
}

impl RandomMember<'_> {
    fn line(&self) -> Numbered<'_> {
        Numbered { next: self.next, number: 0 }
    }

    /// Enters the room, talks and changes the rendering at random, and leaves.
    fn enter_and_leave(&mut self) {
        let mut ear = DeliveryMode { rendering: self.rng.below(RENDERINGS), echo: self.rng.below(2) == 0 };
        let mut unheard = Vec::new();
        let mut renderings = vec![ear.rendering];
        let mut entering = self.line();
        self.room.enter(&self.seat, ear, Some(&mut entering));
        let from = entering.number;
        for _ in 0..self.rng.below(12) {
            if self.rng.below(4) > 0 {
                let mut line = self.line();
                self.room.publish(&self.seat, &mut line);
                unheard.extend((!ear.echo).then_some(line.number));
            } else {
                let new = DeliveryMode { rendering: self.rng.below(RENDERINGS), ..ear };
                self.room.change_mode(&self.seat, new);
                ear = new;
                renderings.push(ear.rendering);
            }
        }
        let mut leaving = self.line();
        self.room.leave(&self.seat, Some(&mut leaving));
        let heard = (from + 1..leaving.number).filter(|number| !unheard.contains(number)).collect();
        self.stays.push(ExpectedStay { heard, renderings });
    }

    fn check(&mut self) {
        let all = self.peer.so_far();
        let mut lines = all.lines().map(|line| line.split_once(':').unwrap());
        for ExpectedStay { heard, renderings } in &self.stays {
            let mut renderings = renderings.iter();
            let mut current = renderings.next().unwrap().to_string();
            for number in heard {
                let (rendering, heard) = lines.next().expect("a further line");
                assert_eq!(heard, number.to_string());
                while rendering != current {
                    current = renderings.next().expect("a rendering of this membership").to_string();
                }
            }
        }
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn members_receive_one_order_in_each_membership() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| {
            limits.inline_members = inline;
            limits.send_buffer_bytes = 256 << 10;
        });
        let room = RoomLog::new(&rig.flushers);
        let next = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for seed in 0..MEMBERS {
                let peer = rig.peer();
                let seat = Subscription::new(&peer.outbox, &Arc::default());
                let room = &room;
                let next = &next;
                let rng = Rng::new(seed);
                let stays = Vec::new();
                let mut member = RandomMember { room, next, peer, seat, rng, stays };
                scope.spawn(move || {
                    for _ in 0..STEPS {
                        member.enter_and_leave();
                    }
                    member.room.wait_delivered(member.room.announce(&mut member.line()));
                    member.check();
                });
            }
        });
        assert!(next.into_inner() > (MEMBERS * STEPS * 2) as u64);
    }
}
