//! The table of reserved names.

use super::*;
use proptest::prelude::*;

const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_000_000, offset_s: 0 };
/// 12 hours in seconds.
const KEPT: i64 = 12 * 3_600;

fn later(seconds: i64) -> OffsetDateTime {
    OffsetDateTime { unix_ms: NOW.unix_ms + seconds * 1_000, ..NOW }
}

fn holder(n: u8) -> NameHolder {
    NameHolder::of(Token::from_bits([n; 16]))
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn key(name: &str) -> NameKey {
    NameKey::of(name)
}

fn table(per_address: u64, in_all: u64) -> NameTokens {
    NameTokens::new(&Limits { kept_names_per_address: per_address, kept_names: in_all, ..Limits::default() })
}

/// A name that `holder` uses and leaves at a time in seconds.
fn visit(table: &mut NameTokens, name: &str, by: u8, address: &str, at: i64) {
    table.keep(&user(name), holder(by), &address.into());
    table.release(&key(name), later(at));
}

fn kept(table: &NameTokens) -> Vec<String> {
    let mut names: Vec<_> = table.names.values().map(|kept| kept.name.to_string()).collect();
    names.sort();
    names
}

#[test]
fn a_name_is_kept_for_its_holder_until_twelve_hours_after_the_leave() {
    let mut table = table(9, 9);
    table.keep(&user("bob"), holder(1), &"a".into());
    assert_eq!(table.check(&key("bob"), None, later(99 * KEPT)), Err(43_200), "in use, however long");
    table.release(&key("bob"), NOW);
    for other in [None, Some(holder(2))] {
        assert_eq!(table.check(&key("b0b"), other, NOW), Err(43_200), "a name that looks the same");
        assert_eq!(table.check(&key("bob"), other, later(KEPT - 1)), Err(1));
        assert_eq!(table.check(&key("bob"), other, later(KEPT)), Ok(()));
        assert_eq!(table.check(&key("carol"), other, NOW), Ok(()));
    }
    assert_eq!(table.check(&key("bob"), Some(holder(1)), NOW), Ok(()));
    assert_eq!((table.holder(&key("BOB"), NOW), table.holder(&key("bob"), later(KEPT))), (Some(holder(1)), None));
    assert_eq!(table.check(&key("bob"), None, later(-9 * KEPT)), Err(43_200), "the clock was set back");
}

#[test]
fn a_name_that_is_free_again_goes_to_the_next_holder() {
    let mut table = table(9, 9);
    visit(&mut table, "bob", 1, "a", 0);
    table.keep(&user("bob"), holder(2), &"b".into());
    assert_eq!(table.check(&key("bob"), Some(holder(1)), NOW), Err(43_200));
    table.forget(&key("bob"));
    assert_eq!(table.check(&key("bob"), None, NOW), Ok(()));
    table.release(&key("bob"), NOW);
    assert_eq!(table.check(&key("bob"), None, NOW), Ok(()), "a name that no program keeps");
}

#[test]
fn the_program_with_the_most_names_of_an_address_loses_its_oldest() {
    let mut table = table(4, 99);
    visit(&mut table, "old1", 1, "a", 0);
    visit(&mut table, "other1", 9, "b", 1);
    for n in 0..6 {
        visit(&mut table, &format!("many{n}"), 2, "a", 10 + n);
    }
    assert_eq!(kept(&table), ["many3", "many4", "many5", "old1", "other1"]);
    table.keep(&user("online1"), holder(3), &"a".into());
    assert_eq!(table.names.len(), 6, "a name in use does not count");
    visit(&mut table, "late1", 4, "a", 30);
    assert_eq!(kept(&table), ["late1", "many4", "many5", "old1", "online1", "other1"]);
}

#[test]
fn the_address_with_the_most_names_loses_its_oldest_when_the_table_is_full() {
    let mut table = table(9, 4);
    visit(&mut table, "small1", 1, "a", 0);
    for n in 0..5 {
        visit(&mut table, &format!("many{n}"), 10 + n, "b", i64::from(n) + 1);
    }
    assert_eq!(kept(&table), ["many2", "many3", "many4", "small1"]);
    visit(&mut table, "late1", 2, "c", KEPT + 2);
    assert_eq!(kept(&table), ["late1", "many2", "many3", "many4"], "an expired name makes space");
}

#[test]
fn a_network_of_ipv6_keeps_more_names() {
    let mut table = table(1, 99);
    let network = CountedAddress { multiplier: 4, ..CountedAddress::from("net") };
    for n in 0..5 {
        table.keep(&user(&format!("user{n}")), holder(n), &network);
        table.release(&key(&format!("user{n}")), later(n.into()));
    }
    assert_eq!(kept(&table), ["user1", "user2", "user3", "user4"]);
}

#[test]
fn records_name_no_token_and_are_read_again() {
    let mut table = table(9, 9);
    visit(&mut table, "Bob", 1, "a", 5);
    visit(&mut table, "old1", 1, "a", -KEPT);
    table.keep(&user("carol"), holder(2), &"b".into());
    let records = table.to_records(later(9));
    assert_eq!(records.iter().map(|record| &*record.user).collect::<Vec<_>>(), ["Bob", "carol"]);
    assert!(!format!("{records:?}").contains(&Token::from_bits([1; 16]).to_string()));
    let mut read = NameTokens::new(&Limits::default());
    read.load(&records);
    read.load(&[NameRecord { user: "a b".into(), ..records[0].clone() }]);
    read.load(&[NameRecord { user: "dave".into(), holder: "x".into(), ..records[0].clone() }]);
    assert_eq!(read.to_records(later(9)), records);
    assert_eq!(read.check(&key("bob"), Some(holder(1)), later(9)), Ok(()));
    assert_eq!(read.check(&key("carol"), Some(holder(1)), later(10)), Err(43_199), "left when the server stopped");
}

#[derive(Clone, Debug)]
enum Step {
    Keep(u8, u8, u8),
    Release(u8),
    Forget(u8),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_u8, 0..4_u8, 0..3_u8).prop_map(|(name, by, at)| Step::Keep(name, by, at)),
        4 => (0..12_u8).prop_map(Step::Release),
        1 => (0..12_u8).prop_map(Step::Forget),
        1 => (1..KEPT).prop_map(Step::Wait),
    ]
}

proptest! {
    /// The bounds hold; a name in use and the name that was left last stay.
    #[test]
    fn the_table_is_bounded_and_keeps_what_is_in_use(steps in prop::collection::vec(step(), 0..80)) {
        let mut table = table(3, 5);
        let mut now = NOW;
        for step in steps {
            let name = |n: u8| user(&format!("user{n}x"));
            let in_use = |table: &NameTokens| table.names.values().filter(|kept| kept.left_ms.is_none()).count();
            let before = in_use(&table);
            match step {
                Step::Keep(n, by, at) => {
                    if table.check(name(n).key(), Some(holder(by)), now).is_ok() {
                        table.keep(&name(n), holder(by), &["a", "b", "c"][usize::from(at)].into());
                        prop_assert_eq!(table.holder(name(n).key(), now), Some(holder(by)));
                        prop_assert!(in_use(&table) >= before);
                    }
                }
                Step::Release(n) => {
                    let was_in_use = table.names.get(name(n).key()).is_some_and(|kept| kept.left_ms.is_none());
                    table.release(name(n).key(), now);
                    prop_assert_eq!(in_use(&table), before - usize::from(was_in_use));
                }
                Step::Forget(n) => table.forget(name(n).key()),
                Step::Wait(seconds) => now.unix_ms += seconds * 1_000,
            }
            prop_assert!(table.absent().count() <= 5);
            for address in ["a", "b", "c"] {
                prop_assert!(table.absent().filter(|kept| &*kept.address.key == address).count() <= 3);
            }
        }
    }
}

#[test]
fn each_token_has_its_holder() {
    let holders: std::collections::HashSet<NameHolder> =
        (0..300_u128).map(|n| NameHolder::of(Token::from_bits(n.to_be_bytes()))).collect();
    assert_eq!(holders.len(), 300);
    assert!(holders.iter().all(|holder| NameHolder::parse(&holder.to_string()) == Some(*holder)));
}

#[test]
fn loaded_names_keep_their_network_and_their_order() {
    let mut before = table(9, 9);
    let network = CountedAddress { multiplier: 16, ..CountedAddress::from("a") };
    for (name, by) in [("one", 1), ("two", 2), ("three", 3)] {
        before.keep(&user(name), holder(by), &network);
        before.release(&key(name), later(i64::from(by)));
    }
    let records = before.to_records(later(9));
    let mut after = table(9, 9);
    after.load(&records);
    assert_eq!(after.to_records(later(9)), records, "in the order in which their users left");
    assert!(records.iter().all(|record| record.multiplier == 16));
}

#[test]
fn the_time_left_is_told_in_whole_units() {
    let told = [0, 1, 60, 61, 3_600, 3_601, 7_200].map(whole_units);
    assert_eq!(told, [0, 60, 60, 120, 3_600, 7_200, 7_200]);
}
