//! Many threads come, go, talk and change at once in one room. Every line is numbered under the log's lock, so the
//! numbers are the one order; everybody must have heard exactly the numbers of the times they were there.

use crate::rig::{BOTH_WAYS, Peer, Rig};
use landline_common::rendering::RENDERINGS;
use landline_server::fanout::{Ear, Room, Seat, Utterance};
use landline_tests::Dice;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const PEOPLE: usize = 6;
const STEPS: usize = 400;

/// A line that is given the next number where the order is made.
struct Numbered<'a> {
    next: &'a AtomicU64,
    number: u64,
}

impl Utterance for Numbered<'_> {
    fn number(&mut self) -> u64 {
        self.number = self.next.fetch_add(1, Relaxed);
        self.number
    }

    fn render(&self, rendering: usize, out: &mut Vec<u8>) {
        writeln!(out, "{rendering}:{}", self.number).unwrap();
    }
}

/// One time of being there: between the numbers of coming and going, without the own lines that do not come back.
struct ExpectedStay {
    heard: Vec<u64>,
    /// The renderings in force, one after the other.
    renderings: Vec<usize>,
}

struct RandomMember<'a> {
    room: &'a Arc<Room>,
    next: &'a AtomicU64,
    peer: Peer,
    seat: Arc<Seat>,
    dice: Dice,
    stays: Vec<ExpectedStay>,
}

impl RandomMember<'_> {
    fn line(&self) -> Numbered<'_> {
        Numbered { next: self.next, number: 0 }
    }

    /// Comes, does some things, and goes.
    fn visit(&mut self) {
        let mut ear = Ear { rendering: self.dice.roll(RENDERINGS), hears_itself: self.dice.roll(2) == 0 };
        let (mut silent, mut renderings) = (Vec::new(), vec![ear.rendering]);
        let mut coming = self.line();
        self.room.enter(&self.seat, ear, Some(&mut coming));
        let from = coming.number;
        for _ in 0..self.dice.roll(12) {
            if self.dice.roll(4) > 0 {
                let mut line = self.line();
                self.room.say(&self.seat, &mut line);
                silent.extend((!ear.hears_itself).then_some(line.number));
            } else {
                let new = Ear { rendering: self.dice.roll(RENDERINGS), ..ear };
                self.room.change(&self.seat, ear, new);
                ear = new;
                renderings.push(ear.rendering);
            }
        }
        let mut going = self.line();
        self.room.leave(&self.seat, ear, Some(&mut going));
        let heard = (from + 1..going.number).filter(|number| !silent.contains(number)).collect();
        self.stays.push(ExpectedStay { heard, renderings });
    }

    fn check(&mut self) {
        let all = self.peer.so_far();
        let mut lines = all.lines().map(|line| line.split_once(':').unwrap());
        for ExpectedStay { heard, renderings } in &self.stays {
            let mut renderings = renderings.iter();
            let mut current = renderings.next().unwrap().to_string();
            for number in heard {
                let (rendering, heard) = lines.next().expect("a line is missing at the end");
                assert_eq!(heard, number.to_string());
                while rendering != current {
                    current = renderings.next().expect("a rendering that is not in force").to_string();
                }
            }
        }
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn everybody_hears_the_one_order_of_the_times_they_were_there() {
    for inline in BOTH_WAYS {
        let rig = Rig::new(|limits| (limits.inline_members, limits.send_buffer_bytes) = (inline, 256 << 10));
        let (room, next) = (Room::new(&rig.flushers), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for seed in 0..PEOPLE {
                let peer = rig.peer();
                let seat = Seat::new(&peer.outbox, &Arc::default());
                let (room, next, dice, stays) = (&room, &next, Dice::new(seed), Vec::new());
                let mut somebody = RandomMember { room, next, peer, seat, dice, stays };
                scope.spawn(move || {
                    for _ in 0..STEPS {
                        somebody.visit();
                    }
                    somebody.room.settle(somebody.room.announce(&mut somebody.line()));
                    somebody.check();
                });
            }
        });
        assert!(next.into_inner() > (PEOPLE * STEPS * 2) as u64);
    }
}
