//! Whatever happens to the network: in the end everybody has one link to everybody, and the same history; each message
//! was told once, and none before what its author had heard.

use super::world::World;
use landline_common::EventKind;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What may happen.
#[derive(Clone, Debug)]
enum Mishap {
    Say(usize),
    Whisper(usize, usize),
    Lose(usize),
    /// Those whose bits are set no longer reach the others.
    Split(u8),
    Heal,
    Freeze(usize, u64),
    Restart(usize),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        12 => any::<usize>().prop_map(Mishap::Say),
        4 => any::<(usize, usize)>().prop_map(|(from, to)| Mishap::Whisper(from, to)),
        3 => any::<usize>().prop_map(Mishap::Lose),
        1 => any::<u8>().prop_map(Mishap::Split),
        1 => Just(Mishap::Heal),
        1 => (any::<usize>(), 500u64..20_000).prop_map(|(seat, ms)| Mishap::Freeze(seat, ms)),
        1 => any::<usize>().prop_map(Mishap::Restart),
    ]
}

fn befall(world: &mut World, mishap: &Mishap) {
    let seats = world.seats.len();
    match *mishap {
        Mishap::Say(seat) => world.say(seat % seats),
        Mishap::Whisper(from, to) => world.says(from % seats, &format!("/pm user{}", to % seats)),
        Mishap::Lose(pick) => world.lose(pick),
        Mishap::Split(sides) => {
            let side = |seat: usize| sides >> seat & 1;
            let pairs = (0..seats).flat_map(|one| (one + 1..seats).map(move |other| (one, other)));
            world.cut = pairs.filter(|(one, other)| side(*one) != side(*other)).collect();
        }
        Mishap::Heal => world.cut.clear(),
        Mishap::Freeze(seat, ms) => world.freeze(seat % seats, ms),
        Mishap::Restart(seat) => world.start(seat % seats),
    }
}

/// Everybody's history: id and text, in its order.
fn history(world: &World, seat: usize) -> Vec<(u64, String)> {
    let node = world.seats[seat].node.as_ref().unwrap();
    node.store.between(0, u64::MAX).map(|(_, message)| (message.id, message.text.to_string())).collect()
}

fn check(world: &World) -> Result<(), TestCaseError> {
    let seats = world.seats.len();
    let first = history(world, 0);
    for (seat, place) in world.seats.iter().enumerate() {
        let node = place.node.as_ref().unwrap();
        prop_assert_eq!(node.members.len(), seats - 1, "members of {}", seat);
        prop_assert_eq!(node.links.len(), seats - 1, "links of {}", seat);
        prop_assert!(node.members.values().all(|member| member.is_linked() && member.unanswered.is_empty()));
        prop_assert_eq!(&history(world, seat), &first, "the history of {}", seat);
        let mut told = BTreeMap::new();
        let mut highest = 0;
        let mut whispered = BTreeSet::new();
        for what in &place.told {
            if let EventKind::Direct { text, .. } = what {
                prop_assert!(whispered.insert(text.to_string()), "{} was told {} alone twice", seat, text);
            }
            let EventKind::Said { id, text, user, .. } = what else { continue };
            prop_assert!(told.insert(*id, text.to_string()).is_none(), "{} was told {} twice", seat, text);
            // One's own come after everything that one was told before.
            prop_assert!(**user != *format!("user{seat}") || *id > highest, "{} comes before what caused it", text);
            highest = highest.max(*id);
        }
        let since = node.store.between(0, u64::MAX).filter(|(_, message)| message.at >= node.began);
        let since: BTreeMap<u64, String> = since.map(|(_, message)| (message.id, message.text.to_string())).collect();
        prop_assert!(since.iter().all(|(id, text)| told.get(id) == Some(text)), "what {} was told", seat);
        // Who is frozen while others introduce themselves takes their clocks to be late by as much, and no more.
        let earlier = |id: u64| node.store.between(id - 1, id + 1).all(|(_, said)| said.at + 21_000 >= node.began);
        prop_assert!(told.keys().all(|id| earlier(*id)), "{} was told what was said long before", seat);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn in_the_end_all_are_linked_and_know_the_same(
        seats in 2usize..=6,
        seed in any::<u64>(),
        script in prop::collection::vec((mishap(), 0u64..3_000), 0..40),
    ) {
        let mut world = World::new(seats, seed);
        for (mishap, pause) in &script {
            befall(&mut world, mishap);
            world.pass(*pause);
        }
        world.cut.clear();
        world.pass(60_000);
        check(&world)?;
        // Those who are there said all of theirs to everybody.
        let texts: BTreeSet<String> = history(&world, 0).into_iter().map(|(_, text)| text).collect();
        for seat in 0..seats {
            world.say(seat);
        }
        world.pass(5_000);
        check(&world)?;
        prop_assert_eq!(history(&world, 0).len(), texts.len() + seats);
    }
}
