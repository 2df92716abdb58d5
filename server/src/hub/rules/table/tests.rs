//! The rules of all rooms.

use super::super::Sanction;
use super::*;
use landline_common::limits::Limits;
use landline_common::{NameKey, UserName};

const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 100 * DAY_MS, offset_s: 0 };

fn after_ms(ms: i64) -> OffsetDateTime {
    OffsetDateTime { unix_ms: NOW.unix_ms + ms, ..NOW }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn account(name: &str) -> HistoryOwner {
    HistoryOwner::Account(NameKey::of(name))
}

fn identity(number: u64) -> Identity {
    let name = NameKey::of(&format!("user{number}"));
    let owner = HistoryOwner::Guest(number);
    let (former_names, address) = (Arc::default(), "10.0.0.1".into());
    Identity { name, former_names, owner, holder: None, address, has_own_address: false }
}

fn owned_by(owners: &[HistoryOwner]) -> RoomRules {
    let mut rules = RoomRules::default();
    for owner in owners {
        assert!(rules.add_owner(UserName::parse("owner").unwrap(), owner.clone(), &Limits::default()));
    }
    rules
}

fn quiet(mut rules: RoomRules) -> RoomRules {
    rules.set_quiet(true);
    rules
}

/// A table with one open room.
fn table_of(name: &str, rules: RoomRules) -> (RulesTable, Arc<RoomGate>) {
    let mut table = RulesTable::default();
    let gate = table.open(&room(name), || rules, NOW);
    (table, gate)
}

fn is_silenced(gate: &RoomGate) -> bool {
    let refused = gate.allow_message(|| identity(2), NOW).is_err();
    assert_eq!(gate.silences(|| identity(2), NOW), refused);
    refused
}

#[test]
fn a_gate_follows_changes_and_undone_changes() {
    let (_, gate) = table_of("ops", owned_by(&[account("alice")]));
    assert!(!is_silenced(&gate));
    assert!(gate.allow_message(|| unreachable!("no rule asks who speaks"), NOW).is_ok());
    assert!(!gate.silences(|| unreachable!("no rule asks who speaks"), NOW));
    let ((), before) = gate
        .change(|rules| {
            rules.set_quiet(true);
            Ok(())
        })
        .unwrap();
    assert!(is_silenced(&gate));
    let owner = Identity { owner: account("alice"), ..identity(1) };
    assert!(gate.allow_message(|| owner.clone(), NOW).is_ok() && !gate.silences(|| owner, NOW));
    gate.restore(before);
    assert!(!is_silenced(&gate) && !gate.read(|rules| rules.is_quiet));
    let refusal: Result<((), _), _> = gate.change(|rules| {
        rules.set_quiet(true);
        Err(landline_common::Cause::Quiet.report())
    });
    assert!(refusal.is_err() && !is_silenced(&gate) && !gate.read(|rules| rules.is_quiet));
}

#[test]
fn the_first_use_of_a_day_is_stored_for_rooms_with_a_record() {
    let (mut table, _) = table_of("ops", owned_by(&[account("alice")]));
    table.open(&room("guests"), || owned_by(&[HistoryOwner::Guest(1)]), NOW);
    let used = |name: &str, ms| table.mark_used(room(name).key(), after_ms(ms));
    assert_eq!(
        [used("ops", 0), used("ops", DAY_MS - 1), used("ops", DAY_MS), used("ops", DAY_MS)],
        [false, false, true, false]
    );
    assert!(!used("guests", DAY_MS) && !used("nowhere", DAY_MS));
    let record = table.find(room("ops").key()).unwrap().to_record(NOW).unwrap();
    assert_eq!((record.name.as_str(), record.last_used_ms), ("ops", after_ms(DAY_MS).unix_ms));
}

#[test]
fn unused_rooms_are_free_after_their_days() {
    assert_eq!(unused_since_ms(90, NOW), NOW.unix_ms - 90 * DAY_MS);
    assert_eq!(unused_since_ms(u64::MAX, NOW), NOW.unix_ms.saturating_sub(i64::MAX));
    let alice = account("alice");
    let mut table = RulesTable::default();
    for (name, used_ms) in [("old", 10), ("new", 20)] {
        table.insert(room(name), owned_by(std::slice::from_ref(&alice)), used_ms);
    }
    assert_eq!([10, 11, 20, 21].map(|since| table.owned_by(&alice, since)), [2, 1, 1, 0]);
    assert_eq!(table.owned_by(&account("bob"), 0), 0);
    let (table, _) = table_of("shared", owned_by(&[account("bob"), account("alice")]));
    assert_eq!((table.owned_by(&account("bob"), 0), table.owned_by(&alice, 0)), (1, 0), "the first owner's");
    let mut table = RulesTable::default();
    for (name, used_ms) in [("old", 10), ("new", 20)] {
        table.insert(room(name), owned_by(std::slice::from_ref(&alice)), used_ms);
    }
    for since in [10, 20] {
        table.expire(room("old").key(), since);
        table.expire(room("new").key(), since);
        let names: Vec<String> = table.iter().map(|gate| gate.name().to_string()).collect();
        assert_eq!(names.len(), if since == 10 { 2 } else { 1 }, "{names:?}");
    }
    assert!(table.find(room("new").key()).is_some());
}

#[test]
fn a_closed_room_stays_with_owners_or_a_record() {
    for (rules, stays) in [
        (RoomRules::default(), false),
        (quiet(RoomRules::default()), false),
        (RoomRules::of_server(), false),
        (quiet(RoomRules::of_server()), true),
        (owned_by(&[HistoryOwner::Guest(1)]), true),
        (owned_by(&[account("alice")]), true),
    ] {
        let (mut table, gate) = table_of("ops", rules);
        table.close(room("ops").key(), after_ms(5));
        assert_eq!(table.find(room("ops").key()).is_some(), stays, "{gate:?}");
        assert!(!gate.mark_used(after_ms(6)) && gate.mark_used(after_ms(DAY_MS)), "closing is a use");
    }
    RulesTable::default().close(room("nowhere").key(), NOW);
}

#[test]
fn a_guests_rooms_end_with_its_session_unless_others_need_them() {
    let guest = HistoryOwner::Guest(1);
    let mine = || quiet(owned_by(std::slice::from_ref(&guest)));
    let shared = || quiet(owned_by(&[guest.clone(), account("alice")]));
    let of_server = || {
        let mut rules = quiet(mine());
        rules.is_servers = true;
        rules
    };
    let free = || quiet(RoomRules::default());
    // Rules, whether members are in the room, whether the room stays, whether it is still quiet.
    for (rules, open, stays, still_quiet) in [
        (mine(), false, false, false),
        (mine(), true, true, false),
        (shared(), false, true, true),
        (of_server(), false, true, true),
        (free(), false, false, true),
        (free(), true, true, true),
    ] {
        let (mut table, gate) = table_of("ops", rules);
        table.forget_owner(&guest, |_| open);
        assert_eq!(table.find(room("ops").key()).is_some(), stays, "{gate:?}");
        assert_eq!((is_silenced(&gate), gate.read(|rules| rules.is_owner(&guest))), (still_quiet, false));
    }
}

#[test]
fn an_account_takes_over_and_is_forgotten_in_all_rooms() {
    let (guest, alice) = (HistoryOwner::Guest(1), account("alice"));
    let (mut table, gate) = table_of("ops", quiet(owned_by(std::slice::from_ref(&guest))));
    gate.change(|rules| {
        let mute = Sanction::new(UserName::parse("bob").unwrap(), None, None, None, None, NOW);
        assert!(rules.sanction(false, mute, &Limits::default(), NOW));
        Ok(())
    })
    .unwrap();
    table.replace_owner(&guest, &alice);
    assert!(gate.read(|rules| rules.is_owner(&alice) && !rules.is_owner(&guest)));
    table.forget_owner(&alice, |_| false);
    assert!(!is_silenced(&gate), "without owners, the rules end");
    assert!(gate.read(|rules| *rules == RoomRules::default()));
    assert!(table.find(room("ops").key()).is_none());
}
