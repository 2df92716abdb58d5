//! The rules of one room.

use super::*;
use landline_common::NameKey;
use proptest::prelude::*;

const NOW: OffsetDateTime = OffsetDateTime { unix_ms: 1_000_000, offset_s: 0 };

fn later(seconds: i64) -> OffsetDateTime {
    OffsetDateTime { unix_ms: NOW.unix_ms + seconds * 1_000, ..NOW }
}

fn guest(number: u64) -> HistoryOwner {
    HistoryOwner::Guest(number)
}

fn identity(number: u64) -> Identity {
    Identity { name: NameKey::of(&format!("user{number}")), owner: guest(number), address: "10.0.0.1".into() }
}

fn name(number: u64) -> UserName {
    UserName::parse(&format!("user{number}")).unwrap()
}

/// A room of user 1.
fn owned() -> RoomRules {
    let mut rules = RoomRules::default();
    assert!(rules.add_owner(name(1), guest(1), &Limits::default()));
    rules
}

fn causes(rules: &mut RoomRules, number: u64, now: OffsetDateTime) -> Option<Cause> {
    rules.allow_message("ops", &identity(number), now).err().map(|report| report.cause)
}

#[test]
fn a_room_without_rules_admits_and_hears_all() {
    let mut rules = owned();
    assert!(!rules.restricts_talk());
    assert_eq!(rules.admit("ops", &identity(2), None, NOW), Ok(()));
    assert_eq!(causes(&mut rules, 2, NOW), None);
}

#[test]
fn a_muted_user_is_silent_until_the_time_is_over() {
    let mut rules = owned();
    let mute = Sanction::new(name(2), Some(guest(2)), None, Some(1), NOW);
    assert!(rules.sanction(false, mute, &Limits::default(), NOW));
    assert!(rules.restricts_talk() && rules.silences(&identity(2), NOW));
    let refused = rules.allow_message("ops", &identity(2), later(15)).unwrap_err();
    assert_eq!((refused.cause, refused.about.seconds), (Cause::Muted, Some(45)));
    assert_eq!((causes(&mut rules, 3, NOW), causes(&mut rules, 2, later(60))), (None, None));
    assert_eq!(rules.admit("ops", &identity(2), None, NOW), Ok(()), "a mute keeps no user out");
}

#[test]
fn in_a_quiet_room_owners_and_the_floor_speak() {
    let mut rules = owned();
    rules.set_quiet(true);
    assert_eq!((causes(&mut rules, 1, NOW), causes(&mut rules, 2, NOW)), (None, Some(Cause::Quiet)));
    rules.give_floor(&guest(2), None, NOW);
    assert!(rules.silences(&identity(2), NOW), "the floor is no way to all users");
    assert_eq!((causes(&mut rules, 2, NOW), causes(&mut rules, 2, NOW)), (None, Some(Cause::Quiet)), "one message");
    rules.give_floor(&guest(2), Some(2), NOW);
    assert_eq!((causes(&mut rules, 2, NOW), causes(&mut rules, 2, later(119))), (None, None));
    assert_eq!(causes(&mut rules, 2, later(120)), Some(Cause::Quiet));
    rules.set_quiet(false);
    assert_eq!(causes(&mut rules, 2, later(200)), None);
}

#[test]
fn slow_mode_counts_for_each_user_but_owners() {
    let mut rules = owned();
    rules.set_slow(10);
    assert_eq!((causes(&mut rules, 2, NOW), causes(&mut rules, 3, NOW)), (None, None));
    let refused = rules.allow_message("ops", &identity(2), later(4)).unwrap_err();
    assert_eq!((refused.cause, refused.about.seconds), (Cause::Slowed, Some(6)));
    assert_eq!(causes(&mut rules, 2, later(10)), None, "a refused message begins no pause");
    assert_eq!((causes(&mut rules, 1, NOW), causes(&mut rules, 1, NOW)), (None, None));
    rules.set_slow(0);
    assert!(!rules.restricts_talk());
}

#[test]
fn entering_needs_an_invitation_or_the_key_word() {
    let mut rules = owned();
    let refused = |rules: &RoomRules, number, key| {
        rules.admit("ops", &identity(number), key, NOW).err().map(|report| report.cause)
    };
    rules.key = Some("sesame".into());
    assert_eq!(refused(&rules, 2, None), Some(Cause::KeyNeeded));
    assert_eq!(refused(&rules, 2, Some("Sesame")), Some(Cause::KeyNeeded));
    assert_eq!((refused(&rules, 2, Some("sesame")), refused(&rules, 1, None)), (None, None));
    rules.is_closed = true;
    assert_eq!(refused(&rules, 2, Some("sesame")), Some(Cause::InviteOnly));
    assert!(rules.invite(&guest(2), &Limits::default()));
    assert_eq!(refused(&rules, 2, None), None);
    let ban = Sanction::new(name(2), Some(guest(2)), None, None, NOW);
    assert!(rules.sanction(true, ban, &Limits::default(), NOW));
    assert_eq!(refused(&rules, 2, Some("sesame")), Some(Cause::RoomBanned));
    assert!(rules.bans.lift(&identity(2), NOW));
    assert_eq!(refused(&rules, 2, None), Some(Cause::InviteOnly), "a ban takes the invitation");
}

#[test]
fn hands_stand_in_their_order_once_each() {
    let mut rules = owned();
    let limits = Limits::default();
    let raise = |rules: &mut RoomRules, number, text| rules.raise_hand(&name(number), &guest(number), text, &limits);
    assert_eq!(
        (raise(&mut rules, 2, "a"), raise(&mut rules, 3, "b"), raise(&mut rules, 2, "c")),
        (Some(0), Some(1), Some(0))
    );
    let texts: Vec<_> = rules.hands().map(|hand| (hand.user.to_string(), hand.text.clone())).collect();
    assert_eq!(texts, [("user2".into(), "c".into()), ("user3".into(), "b".into())]);
    rules.give_floor(&guest(2), None, NOW);
    assert_eq!(rules.hands().count(), 1, "who has the floor has no hand up");
    assert!(rules.lower_hand(&guest(3)) && !rules.lower_hand(&guest(3)));
}

proptest! {
    #[test]
    fn owners_are_never_refused_and_lists_are_bounded(steps in prop::collection::vec((0..9u8, 1..40u64, 0..200i64), 0..200)) {
        let limits = Limits { room_list: 8, room_owners: 4, ..Limits::default() };
        let mut rules = owned();
        for (step, number, seconds) in steps {
            let now = later(seconds);
            match step {
                0 => rules.set_quiet(number.is_multiple_of(2)),
                1 => rules.set_slow(number),
                2 | 3 => {
                    let sanction = Sanction::new(name(number), Some(guest(number)), None, Some(number), now);
                    let _ = rules.sanction(step == 2, sanction, &limits, now);
                }
                4 => rules.give_floor(&guest(number), Some(number), now),
                5 => _ = rules.raise_hand(&name(number), &guest(number), "x", &limits),
                6 => _ = rules.invite(&guest(number), &limits),
                7 => _ = rules.add_owner(name(number), guest(number), &limits),
                _ => _ = rules.allow_message("ops", &identity(number), now),
            }
            prop_assert_eq!(rules.allow_message("ops", &identity(1), now), Ok(()));
            prop_assert_eq!(rules.admit("ops", &identity(1), None, now), Ok(()));
            prop_assert!(rules.hands().count() <= 8 && rules.owners.len() <= 4 && rules.invited.len() <= 8);
            prop_assert!(rules.mutes.in_force(now).count() <= 8 && rules.bans.in_force(now).count() <= 8);
        }
    }
}
