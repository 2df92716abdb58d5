//! What is said to one person is shown once.

use super::table::{Table, eve, told};
use crate::mesh::limits::GRACE_MS;
use crate::mesh::node::{Effect, Input};
use crate::mesh::wire::Frame;

/// What a member was told by another for them alone, and what of it they confirmed.
fn whispered(table: &mut Table, link: u64, number: u64) -> (Vec<String>, Vec<u64>) {
    let effects = table.frame(link, Frame::Private { number, at: 1, text: format!("number {number}") });
    let got = |effect: &Effect| match effect {
        Effect::Send(to, Frame::Got { number }) if *to == link => Some(*number),
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
    table.step(Input::Lost(link));
    table.world.pass(GRACE_MS);
    table.step(Input::Tick);
    assert!(table.node.members.is_empty());
    let (link, _) = table.enters(eve(), "eve", 1);
    assert_eq!(whispered(&mut table, link, 5), (vec![], vec![5]));
    let late = (vec!["[PM] eve: number 4".to_owned()], vec![4]);
    assert_eq!(whispered(&mut table, link, 4), late, "it was left out before");
}
