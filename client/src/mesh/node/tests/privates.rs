//! Private messages are shown once, and confirmed once they are shown.

use super::table::{Table, displayed, eve};
use super::world::{World, key};
use crate::engine::typed::object;
use crate::mesh::limits::{LINES, REJOIN_GRACE_MS, RESEND_MS, UNCONFIRMED};
use crate::mesh::node::ROOM;
use crate::mesh::node::{NodeEffect, NodeInput};
use crate::mesh::wire::Frame;
use crate::rate_counter::WINDOW_MS;
use landline_common::EventKind;

/// Receives a private message. Returns the emitted lines and the confirmed numbers.
fn receive_private(table: &mut Table, link: u64, number: u64) -> (Vec<String>, Vec<u64>) {
    let effects = table.receive(link, Frame::Private { number, at: 1, text: format!("number {number}") });
    let got = |effect: &NodeEffect| match effect {
        NodeEffect::Send(to, Frame::Got { number }) if *to == link => Some(*number),
        _ => None,
    };
    (displayed(&effects), effects.iter().filter_map(got).collect())
}

#[test]
fn repeated_message_is_confirmed_but_not_shown_again() {
    let mut table = Table::new();
    let (link, _) = table.join(eve(), "eve", 1);
    let first = (vec!["[PM] eve: number 5".to_owned()], vec![5]);
    assert_eq!(receive_private(&mut table, link, 5), first);
    assert_eq!(receive_private(&mut table, link, 5), (vec![], vec![5]));
    // This side removes the sender, which has not received the confirmation.
    table.step(NodeInput::LinkLost(link));
    table.world.advance(REJOIN_GRACE_MS);
    table.step(NodeInput::Tick);
    assert!(table.node.members.is_empty());
    let (link, _) = table.join(eve(), "eve", 1);
    assert_eq!(receive_private(&mut table, link, 5), (vec![], vec![5]));
    let late = (vec!["[PM] eve: number 4".to_owned()], vec![4]);
    assert_eq!(receive_private(&mut table, link, 4), late, "a number that was skipped before");
}

#[test]
fn message_that_is_not_shown_is_not_confirmed() {
    let mut table = Table::new();
    let (link, _) = table.join(eve(), "eve", 1);
    let (mut shown, mut confirmed) = (0, Vec::new());
    for number in 1..=LINES as u64 + 8 {
        let (lines, got) = receive_private(&mut table, link, number);
        shown += lines.iter().filter(|line| line.starts_with("[PM]")).count();
        confirmed.extend(got);
    }
    assert_eq!((shown, confirmed), (LINES, (1..=LINES as u64).collect()));
    table.world.advance(WINDOW_MS);
    let dropped = LINES as u64 + 1;
    table.full = true;
    assert_eq!(receive_private(&mut table, link, dropped), (vec![], vec![]), "the UI accepts nothing");
    table.full = false;
    assert_eq!(
        receive_private(&mut table, link, dropped),
        (vec![format!("[PM] eve: number {dropped}")], vec![dropped])
    );
}

#[test]
fn confirmation_covers_one_message() {
    let mut table = Table::new();
    let (link, _) = table.join(eve(), "eve", 1);
    let sent = |effects: &[NodeEffect]| {
        let number = |effect: &NodeEffect| match effect {
            NodeEffect::Send(_, Frame::Private { number, text, .. }) => Some((*number, text.clone())),
            _ => None,
        };
        effects.iter().filter_map(number).collect::<Vec<_>>()
    };
    let one = sent(&table.step(NodeInput::LineTyped(object("/pm eve one", ROOM))));
    let two = sent(&table.step(NodeInput::LineTyped(object("/pm eve two", ROOM))));
    table.receive(link, Frame::Got { number: two[0].0 });
    assert_eq!(sent(&table.step(NodeInput::Tick)), [], "the confirmation may be on its way");
    table.world.advance(RESEND_MS);
    table.receive(link, Frame::Ping);
    assert_eq!(sent(&table.step(NodeInput::Tick)), one);
    assert_eq!(sent(&table.step(NodeInput::Tick)), []);
    table.receive(link, Frame::Got { number: one[0].0 });
    table.world.advance(RESEND_MS);
    assert_eq!(sent(&table.step(NodeInput::Tick)), []);
}

#[test]
fn messages_above_the_rate_arrive_later_and_once() {
    let mut world = World::new(2, 12);
    world.advance(3_000);
    for n in 0..UNCONFIRMED {
        world.input(0, NodeInput::LineTyped(object(&format!("/pm user1 number {n}"), ROOM)));
    }
    world.advance(1_000);
    world.break_wire(0);
    world.advance(60_000);
    let texts = world.hosts[1].events.iter().filter_map(|what| match what {
        EventKind::Direct { text, .. } => Some(text.to_string()),
        _ => None,
    });
    let (mut texts, mut all): (Vec<_>, Vec<_>) =
        (texts.collect(), (0..UNCONFIRMED).map(|n| format!("number {n}")).collect());
    texts.sort();
    all.sort();
    assert_eq!(texts, all);
    let sender = world.hosts[0].node.as_ref().unwrap();
    assert!(sender.members.values().all(|member| member.key == key(1) && member.unconfirmed.is_empty()));
}
