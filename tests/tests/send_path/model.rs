//! Random sequences of operations on one room, compared with a model that says, to the byte, what each member must have
//! received.

use crate::rig::{Peer, Rig, TEXT, TestLine, line};
use landline_common::rendering::RENDERINGS;
use landline_server::fanout::{DeliveryMode, RoomLog, Subscription};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const MEMBERS: usize = 5;

/// An operation on the room. The model skips one that is impossible at that moment, such as leaving twice.
#[derive(Clone, Copy, Debug)]
enum RoomStep {
    Say(usize),
    Announce,
    Enter(usize, DeliveryMode, bool),
    Leave(usize, bool),
    Change(usize, DeliveryMode),
    Settle,
}

fn ear() -> impl Strategy<Value = DeliveryMode> {
    (0..RENDERINGS, any::<bool>()).prop_map(|(rendering, echo)| DeliveryMode { rendering, echo })
}

fn step() -> impl Strategy<Value = RoomStep> {
    let at = 0..MEMBERS;
    prop_oneof![
        6 => at.clone().prop_map(RoomStep::Say),
        1 => Just(RoomStep::Announce),
        3 => (at.clone(), ear(), any::<bool>()).prop_map(|(at, ear, with_notice)| RoomStep::Enter(at, ear, with_notice)),
        2 => (at.clone(), any::<bool>()).prop_map(|(at, with_notice)| RoomStep::Leave(at, with_notice)),
        2 => (at, ear()).prop_map(|(at, ear)| RoomStep::Change(at, ear)),
        1 => Just(RoomStep::Settle),
    ]
}

/// A client that may be a member of the room, and the lines that it must have received.
struct ModelMember {
    peer: Peer,
    seat: Arc<Subscription>,
    ear: Option<DeliveryMode>,
    expected: String,
}

/// A room, its possible members, and the number of lines so far.
struct ModelRoom {
    room: Arc<RoomLog>,
    members: Vec<ModelMember>,
    said: usize,
}

impl ModelRoom {
    fn new(rig: &Rig) -> ModelRoom {
        let member = |_| {
            let peer = rig.peer();
            ModelMember {
                seat: Subscription::new(&peer.outbox, &Arc::default()),
                peer,
                ear: None,
                expected: String::new(),
            }
        };
        ModelRoom { room: RoomLog::new(&rig.flushers), members: (0..MEMBERS).map(member).collect(), said: 0 }
    }

    /// Returns the next line, and adds it to the expectation of each member that must receive it. `by` is its speaker.
    fn next_line(&mut self, by: Option<usize>) -> TestLine {
        self.said += 1;
        for (at, member) in self.members.iter_mut().enumerate() {
            if let Some(ear) = member.ear.filter(|ear| ear.echo || Some(at) != by) {
                member.expected.push_str(&format!("{}:{}\n", ear.rendering, self.said));
            }
        }
        line(self.said)
    }

    fn take(&mut self, step: RoomStep) {
        let room = self.room.clone();
        match step {
            RoomStep::Say(at) if self.members[at].ear.is_some() => {
                room.publish(&self.members[at].seat.clone(), &mut self.next_line(Some(at)));
            }
            RoomStep::Announce => drop(room.announce(&mut self.next_line(None))),
            RoomStep::Enter(at, ear, with_notice) if self.members[at].ear.is_none() => {
                let mut notice = with_notice.then(|| self.next_line(None));
                room.enter(&self.members[at].seat, ear, notice.as_mut().map(|n| n as _));
                self.members[at].ear = Some(ear);
            }
            RoomStep::Leave(at, with_notice) => {
                if self.members[at].ear.take().is_none() {
                    return;
                }
                let mut notice = with_notice.then(|| self.next_line(None));
                room.leave(&self.members[at].seat, notice.as_mut().map(|n| n as _));
            }
            RoomStep::Change(at, new) => {
                if self.members[at].ear.replace(new).is_none() {
                    self.members[at].ear = None;
                    return;
                }
                room.change_mode(&self.members[at].seat, new);
            }
            RoomStep::Settle => room.wait_delivered(room.announce(&mut self.next_line(None))),
            RoomStep::Say(_) | RoomStep::Enter(..) => {}
        }
    }

    /// Checks that each client has received exactly the expected lines. Lines of `NOISE` may stand between them, each
    /// once and in order.
    fn check(&mut self) {
        self.take(RoomStep::Settle);
        for (at, member) in self.members.iter_mut().enumerate() {
            let heard = member.peer.so_far();
            let (noise, heard): (Vec<&str>, Vec<&str>) = heard.lines().partition(|line| line.contains(NOISE));
            assert_eq!(heard, member.expected.lines().collect::<Vec<_>>(), "member {at}");
            let noise: Vec<usize> =
                noise.iter().map(|line| line.rsplit_once(NOISE).unwrap().1.parse().unwrap()).collect();
            assert!(noise.is_sorted_by(|a, b| a < b), "member {at}: {noise:?}");
        }
    }
}

const NOISE: &str = "noise";

/// Runs the steps while another member talks, so that they meet running cycles and wait in the log.
fn with_noise(world: &mut ModelRoom, rig: &Rig, steps: &[RoomStep]) {
    let over = AtomicBool::new(false);
    let background = rig.peer();
    let seat = Subscription::new(&background.outbox, &Arc::default());
    world.room.enter(&seat, TEXT, None);
    std::thread::scope(|scope| {
        let room = world.room.clone();
        let over = &over;
        let seat = &seat;
        scope.spawn(move || {
            for n in 0..2_000 {
                room.publish(seat, &mut line(format_args!("{NOISE}{n}")));
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
    world.room.leave(&seat, None);
}

fn large_buffers(inline: u64) -> Rig {
    Rig::new(|limits| {
        limits.inline_members = inline;
        limits.send_buffer_bytes = 256 << 10;
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn members_receive_the_lines_of_their_memberships(
        steps in prop::collection::vec(step(), 0..120),
        inline in prop_oneof![Just(16), Just(2), Just(0)],
    ) {
        let rig = large_buffers(inline);
        let mut world = ModelRoom::new(&rig);
        steps.iter().for_each(|step| world.take(*step));
        world.check();
    }

    #[test]
    fn members_receive_the_lines_of_their_memberships_beside_other_talk(
        steps in prop::collection::vec(step(), 0..120),
        inline in prop_oneof![Just(16), Just(2), Just(0)],
    ) {
        let rig = large_buffers(inline);
        let mut world = ModelRoom::new(&rig);
        with_noise(&mut world, &rig, &steps);
        world.check();
    }
}
