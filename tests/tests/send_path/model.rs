//! Any sequence of saying, entering, leaving and changing on one room, compared with a simple model: what each member
//! must have received, to the byte.

use crate::rig::{Peer, Rig, TEXT, TestLine, line};
use landline_common::rendering::RENDERINGS;
use landline_server::fanout::{Ear, Room, Seat};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const SEATS: usize = 5;

/// One thing that happens. What makes no sense at that moment (leaving twice) is skipped.
#[derive(Clone, Copy, Debug)]
enum RoomStep {
    Say(usize),
    Announce,
    Enter(usize, Ear, bool),
    Leave(usize, bool),
    Change(usize, Ear),
    Settle,
}

fn ear() -> impl Strategy<Value = Ear> {
    (0..RENDERINGS, any::<bool>()).prop_map(|(rendering, hears_itself)| Ear { rendering, hears_itself })
}

fn step() -> impl Strategy<Value = RoomStep> {
    let who = 0..SEATS;
    prop_oneof![
        6 => who.clone().prop_map(RoomStep::Say),
        1 => Just(RoomStep::Announce),
        3 => (who.clone(), ear(), any::<bool>()).prop_map(|(who, ear, told)| RoomStep::Enter(who, ear, told)),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, told)| RoomStep::Leave(who, told)),
        2 => (who, ear()).prop_map(|(who, ear)| RoomStep::Change(who, ear)),
        1 => Just(RoomStep::Settle),
    ]
}

/// Somebody who may be in the room, and what they must have heard.
struct ModelMember {
    peer: Peer,
    seat: Arc<Seat>,
    ear: Option<Ear>,
    expected: String,
}

struct ModelRoom {
    room: Arc<Room>,
    people: Vec<ModelMember>,
    said: usize,
}

impl ModelRoom {
    fn new(rig: &Rig) -> ModelRoom {
        let person = |_| {
            let peer = rig.peer();
            ModelMember { seat: Seat::new(&peer.outbox, &Arc::default()), peer, ear: None, expected: String::new() }
        };
        ModelRoom { room: Room::new(&rig.flushers), people: (0..SEATS).map(person).collect(), said: 0 }
    }

    /// The next line, as everybody in the room except `but` must hear it.
    fn next_line(&mut self, by: Option<usize>) -> TestLine {
        self.said += 1;
        for (who, person) in self.people.iter_mut().enumerate() {
            if let Some(ear) = person.ear.filter(|ear| ear.hears_itself || Some(who) != by) {
                person.expected.push_str(&format!("{}:{}\n", ear.rendering, self.said));
            }
        }
        line(self.said)
    }

    fn take(&mut self, step: RoomStep) {
        let room = self.room.clone();
        match step {
            RoomStep::Say(who) if self.people[who].ear.is_some() => {
                room.say(&self.people[who].seat.clone(), &mut self.next_line(Some(who)));
            }
            RoomStep::Announce => drop(room.announce(&mut self.next_line(None))),
            RoomStep::Enter(who, ear, told) if self.people[who].ear.is_none() => {
                let mut notice = told.then(|| self.next_line(None));
                room.enter(&self.people[who].seat, ear, notice.as_mut().map(|n| n as _));
                self.people[who].ear = Some(ear);
            }
            RoomStep::Leave(who, told) => {
                let Some(ear) = self.people[who].ear.take() else { return };
                let mut notice = told.then(|| self.next_line(None));
                room.leave(&self.people[who].seat, ear, notice.as_mut().map(|n| n as _));
            }
            RoomStep::Change(who, new) => {
                let Some(old) = self.people[who].ear.replace(new) else {
                    self.people[who].ear = None;
                    return;
                };
                room.change(&self.people[who].seat, old, new);
            }
            RoomStep::Settle => room.settle(room.announce(&mut self.next_line(None))),
            RoomStep::Say(_) | RoomStep::Enter(..) => {}
        }
    }

    /// Everybody has heard exactly what the model says. Lines of `NOISE` come in between, in their order and once.
    fn check(&mut self) {
        self.take(RoomStep::Settle);
        for (who, person) in self.people.iter_mut().enumerate() {
            let heard = person.peer.so_far();
            let (noise, heard): (Vec<&str>, Vec<&str>) = heard.lines().partition(|line| line.contains(NOISE));
            assert_eq!(heard, person.expected.lines().collect::<Vec<_>>(), "seat {who}");
            let noise: Vec<usize> =
                noise.iter().map(|line| line.rsplit_once(NOISE).unwrap().1.parse().unwrap()).collect();
            assert!(noise.is_sorted_by(|a, b| a < b), "seat {who}: {noise:?}");
        }
    }
}

const NOISE: &str = "noise";

/// Keeps the flushers at it, so that moves find a cycle under way and wait in the log.
fn with_noise(world: &mut ModelRoom, rig: &Rig, steps: &[RoomStep]) {
    let over = AtomicBool::new(false);
    let background = rig.peer();
    let seat = Seat::new(&background.outbox, &Arc::default());
    world.room.enter(&seat, TEXT, None);
    std::thread::scope(|scope| {
        let room = world.room.clone();
        let (over, seat) = (&over, &seat);
        scope.spawn(move || {
            for n in 0..2_000 {
                room.say(seat, &mut line(format_args!("{NOISE}{n}")));
                if over.load(Relaxed) {
                    break;
                }
            }
        });
        for step in steps {
            world.take(*step);
        }
        over.store(true, Relaxed);
    });
    world.room.leave(&seat, TEXT, None);
}

fn roomy(inline: u64) -> Rig {
    Rig::new(|limits| (limits.inline_members, limits.send_buffer_bytes) = (inline, 256 << 10))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_hears_what_was_said_while_they_were_there(
        steps in prop::collection::vec(step(), 0..120),
        inline in prop_oneof![Just(16), Just(2), Just(0)],
    ) {
        let rig = roomy(inline);
        let mut world = ModelRoom::new(&rig);
        steps.iter().for_each(|step| world.take(*step));
        world.check();
    }

    #[test]
    fn also_while_others_talk(
        steps in prop::collection::vec(step(), 0..120),
        inline in prop_oneof![Just(16), Just(2), Just(0)],
    ) {
        let rig = roomy(inline);
        let mut world = ModelRoom::new(&rig);
        with_noise(&mut world, &rig, &steps);
        world.check();
    }
}
