//! What is said to one person is shown once, and confirmed when it was shown.

use super::table::{Table, eve, told};
use super::world::{World, key};
use crate::engine::typed::object;
use crate::mesh::limits::{GRACE_MS, LINES, REPEAT_MS, UNANSWERED};
use crate::mesh::node::ROOM;
use crate::mesh::node::{NodeEffect, NodeInput};
use crate::mesh::wire::Frame;
use crate::rate_counter::WINDOW_MS;
use landline_common::EventKind;

/// What a member was told by another for them alone, and what of it they confirmed.
fn whispered(table: &mut Table, link: u64, number: u64) -> (Vec<String>, Vec<u64>) {
    let effects = table.frame(link, Frame::Private { number, at: 1, text: format!("number {number}") });
    let got = |effect: &NodeEffect| match effect {
        NodeEffect::Send(to, Frame::Got { number }) if *to == link => Some(*number),
        _ => None,
    };
    (told(&effects), effects.iter().filter_map(got).collect())
}

#[test]
fn what_was_shown_is_confirmed_again_and_not_shown_again() {
    let mut table = Table::new();
    let (link, _) = table.enters(eve(), "eve", 1);
    let first = (vec!["[PM] eve: number 5".to_owned()], vec![5]);
    assert_eq!(whispered(&mut table, link, 5), first);
    assert_eq!(whispered(&mut table, link, 5), (vec![], vec![5]));
    // Only this side gives the other up; that one has not heard the confirmation.
    table.step(NodeInput::Lost(link));
    table.world.pass(GRACE_MS);
    table.step(NodeInput::Tick);
    assert!(table.node.members.is_empty());
    let (link, _) = table.enters(eve(), "eve", 1);
    assert_eq!(whispered(&mut table, link, 5), (vec![], vec![5]));
    let late = (vec!["[PM] eve: number 4".to_owned()], vec![4]);
    assert_eq!(whispered(&mut table, link, 4), late, "it was left out before");
}

#[test]
fn what_is_left_out_is_not_confirmed() {
    let mut table = Table::new();
    let (link, _) = table.enters(eve(), "eve", 1);
    let (mut shown, mut confirmed) = (0, Vec::new());
    for number in 1..=LINES as u64 + 8 {
        let (told, got) = whispered(&mut table, link, number);
        shown += told.iter().filter(|line| line.starts_with("[PM]")).count();
        confirmed.extend(got);
    }
    assert_eq!((shown, confirmed), (LINES, (1..=LINES as u64).collect()));
    table.world.pass(WINDOW_MS);
    let left_out = LINES as u64 + 1;
    table.full = true;
    assert_eq!(whispered(&mut table, link, left_out), (vec![], vec![]), "the screen is slow");
    table.full = false;
    assert_eq!(whispered(&mut table, link, left_out), (vec![format!("[PM] eve: number {left_out}")], vec![left_out]));
}

#[test]
fn a_confirmation_is_of_one_message() {
    let mut table = Table::new();
    let (link, _) = table.enters(eve(), "eve", 1);
    let sent = |effects: &[NodeEffect]| {
        let number = |effect: &NodeEffect| match effect {
            NodeEffect::Send(_, Frame::Private { number, text, .. }) => Some((*number, text.clone())),
            _ => None,
        };
        effects.iter().filter_map(number).collect::<Vec<_>>()
    };
    let one = sent(&table.step(NodeInput::Line(object("/pm eve one", ROOM))));
    let two = sent(&table.step(NodeInput::Line(object("/pm eve two", ROOM))));
    table.frame(link, Frame::Got { number: two[0].0 });
    assert_eq!(sent(&table.step(NodeInput::Tick)), [], "the confirmation may be on its way");
    table.world.pass(REPEAT_MS);
    table.frame(link, Frame::Ping);
    assert_eq!(sent(&table.step(NodeInput::Tick)), one);
    assert_eq!(sent(&table.step(NodeInput::Tick)), []);
    table.frame(link, Frame::Got { number: one[0].0 });
    table.world.pass(REPEAT_MS);
    assert_eq!(sent(&table.step(NodeInput::Tick)), []);
}

#[test]
fn more_than_is_taken_at_once_arrives_all_the_same_and_once() {
    let mut world = World::new(2, 12);
    world.pass(3_000);
    for n in 0..UNANSWERED {
        world.input(0, NodeInput::Line(object(&format!("/pm user1 number {n}"), ROOM)));
    }
    world.pass(1_000);
    world.lose(0);
    world.pass(60_000);
    let texts = world.seats[1].told.iter().filter_map(|what| match what {
        EventKind::Direct { text, .. } => Some(text.to_string()),
        _ => None,
    });
    let (mut texts, mut all): (Vec<_>, Vec<_>) =
        (texts.collect(), (0..UNANSWERED).map(|n| format!("number {n}")).collect());
    texts.sort();
    all.sort();
    assert_eq!(texts, all);
    let sender = world.seats[0].node.as_ref().unwrap();
    assert!(sender.members.values().all(|member| member.key == key(1) && member.unanswered.is_empty()));
}
