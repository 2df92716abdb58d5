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
    Identity {
        name: NameKey::of(&format!("user{number}")),
        former_names: std::sync::Arc::default(),
        owner: guest(number),
        holder: None,
        address: "10.0.0.1".into(),
        has_own_address: false,
    }
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
    let mute = Sanction::new(name(2), Some(guest(2)), None, None, Some(1), NOW);
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
fn a_pause_outlasts_the_session_by_each_name_token_and_an_address_of_its_own() {
    let holder = |n| Some(NameHolder::of(crate::hub::Token::from_bits([n; 16])));
    let former_names = [NameKey::of("robert")].into();
    let bob = Identity { former_names, holder: holder(1), has_own_address: true, ..identity(2) };
    let other = Identity { address: "10.0.0.9".into(), ..identity(3) };
    let account = HistoryOwner::Account(other.name.clone());
    for (again, is_slowed) in [
        (Identity { name: bob.name.clone(), ..other.clone() }, true),
        (Identity { name: bob.name.clone(), owner: HistoryOwner::Account(bob.name.clone()), ..other.clone() }, true),
        (Identity { former_names: [bob.name.clone()].into(), ..other.clone() }, true),
        (Identity { name: NameKey::of("robert"), ..other.clone() }, true),
        (Identity { holder: holder(1), ..other.clone() }, true),
        (Identity { address: bob.address.clone(), has_own_address: true, ..other.clone() }, true),
        (Identity { address: bob.address.clone(), ..other.clone() }, false),
        (Identity { address: bob.address.clone(), has_own_address: true, owner: account, ..other.clone() }, false),
        (Identity { holder: holder(2), ..other.clone() }, false),
    ] {
        let mut rules = owned();
        rules.set_slow(10);
        assert_eq!(rules.allow_message("ops", &bob, NOW), Ok(()));
        rules.forget_owner(&bob.owner);
        assert_eq!(rules.allow_message("ops", &again, later(9)).is_err(), is_slowed, "{again:?}");
        assert_eq!(rules.allow_message("ops", &again, later(20)), Ok(()));
    }
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
    let ban = Sanction::new(name(2), Some(guest(2)), None, None, None, NOW);
    assert!(rules.sanction(true, ban, &Limits::default(), NOW));
    assert_eq!(refused(&rules, 2, Some("sesame")), Some(Cause::RoomBanned));
    let ban_of_owner = Sanction::new(name(1), Some(guest(1)), None, None, None, NOW);
    assert!(rules.sanction(true, ban_of_owner, &Limits::default(), NOW));
    assert_eq!(rules.check_ban("ops", &identity(1), NOW), Ok(()), "an owner");
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

#[test]
fn a_room_belongs_to_its_opener() {
    assert!(RoomRules::opened_by(Some((name(2), guest(2)))).is_owner(&guest(2)));
    assert_eq!(RoomRules::opened_by(None), RoomRules::default());
}

#[test]
fn lists_name_a_guarded_room_to_owners_and_invited_users_only() {
    let mut rules = owned();
    let seen_by = |rules: &RoomRules| [1, 2, 3, 4].map(|number| rules.is_visible_to(&guest(number)));
    assert_eq!(seen_by(&rules), [true; 4]);
    for number in [2, 3] {
        assert!(rules.invite(&guest(number), &Limits::default()));
    }
    rules.uninvite(&guest(3));
    rules.is_closed = true;
    assert_eq!(seen_by(&rules), [true, true, false, false], "closed");
    rules.key = Some("sesame".into());
    assert_eq!(seen_by(&rules), [true, true, false, false], "closed, with a key word");
    rules.is_closed = false;
    assert_eq!(seen_by(&rules), [true, true, false, false], "with a key word");
}

#[test]
fn each_rule_alone_restricts_and_silences_all_but_owners() {
    let silenced = |rules: &RoomRules| [1, 2].map(|number| rules.silences(&identity(number), NOW));
    let mut quiet = owned();
    assert_eq!(silenced(&quiet), [false, false]);
    quiet.set_quiet(true);
    assert!(quiet.restricts_talk());
    assert_eq!(silenced(&quiet), [false, true], "quiet");
    let mut slow = owned();
    slow.set_slow(1);
    assert!(slow.restricts_talk());
    assert_eq!(silenced(&slow), [false, true], "slow");
}

#[test]
fn slow_mode_remembers_pauses_of_slowed_users_only() {
    let mut rules = owned();
    let before = rules.clone();
    assert_eq!((causes(&mut rules, 1, NOW), causes(&mut rules, 2, NOW)), (None, None));
    assert_eq!(rules, before, "without slow mode");
    rules.set_slow(10);
    let before = rules.clone();
    assert_eq!(causes(&mut rules, 1, NOW), None);
    assert_eq!(rules, before, "an owner");
    assert_eq!(causes(&mut rules, 2, NOW), None);
    assert_eq!(rules.last_messages.len(), 1);
}

#[test]
fn a_running_pause_is_not_pushed_out_by_those_that_are_over() {
    let mut rules = owned();
    rules.set_slow(10);
    for number in 2..MAX_TRACES as u64 + 1 {
        assert_eq!(causes(&mut rules, number, NOW), None);
    }
    let last = MAX_TRACES as u64 + 1;
    assert_eq!(causes(&mut rules, last, later(5)), None);
    assert_eq!(causes(&mut rules, last + 1, later(11)), None);
    assert_eq!(causes(&mut rules, last, later(14)), Some(Cause::Slowed));
}

#[test]
fn owners_and_hands_follow_their_user_to_another_name() {
    let mut rules = busy();
    assert!(rules.add_owner(name(2), guest(2), &Limits::default()));
    rules.rename(&guest(2), &name(22));
    let owners: Vec<String> = rules.owners.iter().map(|owner| owner.user.to_string()).collect();
    let hands: Vec<String> = rules.hands().map(|hand| hand.user.to_string()).collect();
    assert_eq!((owners, hands), (vec!["user1".into(), "user22".into()], vec!["user22".into(), "user3".into()]));
}

#[test]
fn floors_and_hands_end_with_the_quiet() {
    let mut rules = owned();
    rules.set_quiet(true);
    rules.give_floor(&guest(2), Some(5), NOW);
    assert_eq!(rules.raise_hand(&name(3), &guest(3), "x", &Limits::default()), Some(0));
    rules.set_quiet(true);
    assert_eq!((rules.floor.len(), rules.hands.len()), (1, 1));
    rules.set_quiet(false);
    assert_eq!((rules.floor.len(), rules.hands.len()), (0, 0));
}

#[test]
fn a_user_has_one_floor_and_others_keep_theirs() {
    let mut rules = owned();
    rules.set_quiet(true);
    rules.give_floor(&guest(2), Some(2), NOW);
    rules.give_floor(&guest(3), Some(1), NOW);
    rules.give_floor(&guest(2), None, NOW);
    assert_eq!(rules.floor, [(guest(3), Floor::Until(later(60).unix_ms)), (guest(2), Floor::OneMessage)]);
    assert_eq!(causes(&mut rules, 2, NOW), None);
    assert_eq!(rules.floor.len(), 1, "used by the message");
    rules.give_floor(&guest(4), Some(9), later(59));
    rules.give_floor(&guest(5), Some(9), later(60));
    assert_eq!(rules.floor.iter().map(|(owner, _)| owner.clone()).collect::<Vec<_>>(), [guest(4), guest(5)]);
    assert_eq!(rules.raise_hand(&name(5), &guest(5), "x", &Limits::default()), Some(0));
    assert_eq!(rules.raise_hand(&name(6), &guest(6), "x", &Limits::default()), Some(1));
    rules.take_floor(&guest(5));
    assert_eq!(rules.floor, [(guest(4), Floor::Until(later(59 + 540).unix_ms))]);
    assert_eq!(rules.hands().map(|hand| hand.user.to_string()).collect::<Vec<_>>(), ["user6"]);
    for number in 100..100 + MAX_FLOORS as u64 {
        rules.give_floor(&guest(number), Some(9), NOW);
    }
    assert_eq!(rules.floor.len(), MAX_FLOORS);
    assert!(rules.floor.iter().all(|(owner, _)| *owner != guest(4)), "the oldest goes first");
}

/// A room where users 2 and 3 each have an invitation, the floor and a hand up.
fn busy() -> RoomRules {
    let mut rules = owned();
    rules.set_quiet(true);
    for number in [2, 3] {
        assert!(rules.invite(&guest(number), &Limits::default()));
        rules.give_floor(&guest(number), Some(9), NOW);
        assert!(rules.raise_hand(&name(number), &guest(number), "x", &Limits::default()).is_some());
    }
    rules
}

/// The users that have an invitation, the floor and a hand up.
fn users_of(rules: &RoomRules) -> [Vec<HistoryOwner>; 3] {
    let floors = rules.floor.iter().map(|(owner, _)| owner.clone()).collect();
    [rules.invited.clone(), floors, rules.hands.iter().map(|hand| hand.owner.clone()).collect()]
}

#[test]
fn a_registered_guest_keeps_all_of_the_room() {
    let mut rules = busy();
    assert!(rules.add_owner(name(2), guest(2), &Limits::default()));
    for is_ban in [false, true] {
        let sanction = Sanction::new(name(9), Some(guest(2)), None, None, None, NOW);
        assert!(rules.sanction(is_ban, sanction, &Limits::default(), NOW));
    }
    let mut rules = RoomRules { mutes: rules.mutes, bans: rules.bans, owners: rules.owners, ..busy() };
    let account = HistoryOwner::Account(NameKey::of("user2"));
    rules.replace_owner(&guest(2), &account);
    for users in users_of(&rules) {
        assert!(users.len() == 2 && users.contains(&account) && users.contains(&guest(3)), "{users:?}");
    }
    assert!(rules.is_owner(&account) && rules.is_owner(&guest(1)) && !rules.is_owner(&guest(2)));
    let by_session = Identity { owner: account, ..identity(4) };
    assert!(rules.mutes.find(&by_session, NOW).is_some() && rules.bans.find(&by_session, NOW).is_some());
}

#[test]
fn a_room_forgets_one_guest_and_its_rules_with_the_last_owner() {
    let mut rules = busy();
    rules.forget_owner(&guest(2));
    assert_eq!(users_of(&rules), [const { [HistoryOwner::Guest(3)] }; 3]);
    let mut of_server = RoomRules { is_servers: true, ..busy() };
    of_server.forget_owner(&guest(1));
    assert!(of_server.is_quiet && of_server.owners.is_empty(), "a room of the server keeps its rules");
    assert!(rules.add_owner(name(3), guest(3), &Limits::default()));
    rules.forget_owner(&guest(1));
    assert!(rules.is_quiet && rules.is_owner(&guest(3)));
    rules.key = Some("sesame".into());
    let ban = Sanction::new(name(9), Some(guest(9)), None, None, None, NOW);
    assert!(rules.sanction(true, ban, &Limits::default(), NOW) && rules.invite(&guest(4), &Limits::default()));
    rules.forget_owner(&guest(3));
    assert!(!rules.restricts_talk() && rules.key.is_some() && rules.bans.find(&identity(9), NOW).is_some());
    assert_eq!(rules.invited, [guest(4)], "its members are still among themselves");
    let mut open = owned();
    open.set_quiet(true);
    assert!(!open.remove_owner(&guest(2)) && open.is_quiet);
    assert!(open.remove_owner(&guest(1)));
    assert_eq!(open, RoomRules::default());
    assert!(!open.remove_owner(&guest(1)));
}

#[test]
fn a_sanction_takes_the_floor_and_the_hand_and_a_ban_the_invitation() {
    for (is_ban, invited) in [(false, 2), (true, 1)] {
        let mut rules = busy();
        let sanction = Sanction::new(name(2), Some(guest(2)), None, None, None, NOW);
        assert!(rules.sanction(is_ban, sanction, &Limits::default(), NOW));
        let [invitations, floors, hands] = users_of(&rules);
        assert_eq!((invitations.len(), floors, hands), (invited, vec![guest(3)], vec![guest(3)]), "{is_ban}");
    }
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
                    let sanction = Sanction::new(name(number), Some(guest(number)), None, None, Some(number), now);
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
