//! Random failures of the network and of nodes. Once it is quiet, each pair of members has one link, all have the same
//! history, each message was shown once, and none before a message that its author had received.

use super::world::World;
use landline_common::EventKind;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One failure or action.
#[derive(Clone, Debug)]
enum Mishap {
    Say(usize),
    SendPrivate(usize, usize),
    BreakWire(usize),
    /// Cuts the hosts whose bits are set off from the others.
    Split(u8),
    Heal,
    Freeze(usize, u64),
    Restart(usize),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        12 => any::<usize>().prop_map(Mishap::Say),
        4 => any::<(usize, usize)>().prop_map(|(from, to)| Mishap::SendPrivate(from, to)),
        3 => any::<usize>().prop_map(Mishap::BreakWire),
        1 => any::<u8>().prop_map(Mishap::Split),
        1 => Just(Mishap::Heal),
        1 => (any::<usize>(), 500u64..20_000).prop_map(|(host, ms)| Mishap::Freeze(host, ms)),
        1 => any::<usize>().prop_map(Mishap::Restart),
    ]
}

fn apply(world: &mut World, mishap: &Mishap) {
    let hosts = world.hosts.len();
    match *mishap {
        Mishap::Say(host) => world.say_new(host % hosts),
        Mishap::SendPrivate(from, to) => world.send_new(from % hosts, &format!("/pm user{}", to % hosts)),
        Mishap::BreakWire(pick) => world.break_wire(pick),
        Mishap::Split(sides) => {
            let side = |host: usize| sides >> host & 1;
            let pairs = (0..hosts).flat_map(|one| (one + 1..hosts).map(move |other| (one, other)));
            world.cut = pairs.filter(|(one, other)| side(*one) != side(*other)).collect();
        }
        Mishap::Heal => world.cut.clear(),
        Mishap::Freeze(host, ms) => world.freeze(host % hosts, ms),
        Mishap::Restart(host) => world.start(host % hosts),
    }
}

/// Returns the history of a host: ids and texts in order.
fn history(world: &World, host: usize) -> Vec<(u64, String)> {
    let node = world.hosts[host].node.as_ref().unwrap();
    node.store.between(0, u64::MAX).map(|(_, message)| (message.id, message.text.to_string())).collect()
}

fn check(world: &World) -> Result<(), TestCaseError> {
    let hosts = world.hosts.len();
    let first = history(world, 0);
    for (index, host) in world.hosts.iter().enumerate() {
        let node = host.node.as_ref().unwrap();
        prop_assert_eq!(node.members.len(), hosts - 1, "members of {}", index);
        prop_assert_eq!(node.links.len(), hosts - 1, "links of {}", index);
        prop_assert!(node.members.values().all(|member| member.is_linked() && member.unconfirmed.is_empty()));
        prop_assert_eq!(&history(world, index), &first, "the history of {}", index);
        let mut shown = BTreeMap::new();
        let mut highest = 0;
        let mut privates = BTreeSet::new();
        for what in &host.events {
            if let EventKind::Direct { text, .. } = what {
                prop_assert!(privates.insert(text.to_string()), "{} got the private message {} twice", index, text);
            }
            let EventKind::Said { id, text, user, .. } = what else { continue };
            prop_assert!(shown.insert(*id, text.to_string()).is_none(), "{} was shown {} twice", index, text);
            // A member's own message comes after all messages that it was shown before.
            prop_assert!(**user != *format!("user{index}") || *id > highest, "{} comes before what caused it", text);
            highest = highest.max(*id);
        }
        let since = node.store.between(0, u64::MAX).filter(|(_, message)| message.at >= node.started_wall_ms);
        let since: BTreeMap<u64, String> = since.map(|(_, message)| (message.id, message.text.to_string())).collect();
        prop_assert!(since.iter().all(|(id, text)| shown.get(id) == Some(text)), "messages shown to {}", index);
        // A node that is frozen while hellos arrive takes their senders' clocks to be late by that time.
        let earlier =
            |id: u64| node.store.between(id - 1, id + 1).all(|(_, said)| said.at + 21_000 >= node.started_wall_ms);
        prop_assert!(shown.keys().all(|id| earlier(*id)), "{} was shown an old message", index);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn all_members_end_up_linked_with_the_same_history(
        hosts in 2usize..=6,
        seed in any::<u64>(),
        script in prop::collection::vec((mishap(), 0u64..3_000), 0..40),
    ) {
        let mut world = World::new(hosts, seed);
        for (mishap, pause) in &script {
            apply(&mut world, mishap);
            world.advance(*pause);
        }
        world.cut.clear();
        world.advance(60_000);
        check(&world)?;
        // Messages sent now reach all members.
        let texts: BTreeSet<String> = history(&world, 0).into_iter().map(|(_, text)| text).collect();
        for host in 0..hosts {
            world.say_new(host);
        }
        world.advance(5_000);
        check(&world)?;
        prop_assert_eq!(history(&world, 0).len(), texts.len() + hosts);
    }
}
