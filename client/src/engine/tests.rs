//! Rooms that the rules of their owners close to the user.

use super::*;
use landline_common::cause::Details;
use landline_common::event::{PROTOCOL, Reply, SignInDetails};
use landline_common::{Cause, Event, EventKind, OffsetDateTime, Report, RoomName, UserName};

use crate::sign_in::{Loss, SignInRefused};

/// Returns the engine of alice, who started in `ops` and is in the lobby, too.
fn signed_in() -> Engine {
    let identity = Identity {
        name: UserName::parse("alice").unwrap(),
        room: RoomName::parse("ops").unwrap(),
        rooms: vec![RoomName::lobby()],
        password: None,
        register: false,
        server_password: None,
        name_token: None,
    };
    let mut engine = Engine::new(identity, 7);
    _ = engine.sign_in();
    welcome(&mut engine, &["ops", "lobby"]);
    engine
}

fn welcome(engine: &mut Engine, rooms: &[&'static str]) {
    let member_of = rooms.iter().map(|room| (*room).into()).collect();
    let grant = Box::new(SignInDetails { protocol: PROTOCOL, member_of, ..SignInDetails::default() });
    let (user, server, room) = ("alice".into(), "S".into(), rooms[0].into());
    receive(engine, EventKind::Welcome { user, server, room, account: false, grant });
}

fn receive(engine: &mut Engine, what: EventKind<'static>) -> Vec<Update> {
    engine.handle_event(&what.at(OffsetDateTime { unix_ms: 0, offset_s: 0 }));
    engine.take_output().1
}

fn answer(engine: &mut Engine, label: &str, report: Report<'static>) -> Vec<Update> {
    let reply = Some(Reply { label: label.to_owned().into(), done: true });
    let at = OffsetDateTime { unix_ms: 0, offset_s: 0 };
    engine.handle_event(&Event { reply, ..EventKind::from(report).at(at) });
    engine.take_output().1
}

fn kick(room: &'static str) -> Report<'static> {
    let about = Details {
        by: Some("bob".into()),
        room: Some(room.into()),
        reason: Some("too loud".into()),
        ..Details::default()
    };
    Report { about: Box::new(about), ..Cause::KickedFromRoom.report() }
}

/// Returns the room and the rooms that a sign-in asks for.
fn asked_for(effect: &Effect) -> String {
    let Effect::Connect(sign_in) = effect else { panic!("{effect:?}") };
    let line = sign_in.clone().begin();
    let at = line.find(r#""room":"#).expect("a room");
    line[at..].to_owned()
}

fn failures(updates: &[Update]) -> Vec<(u64, &str)> {
    let failed = |update| match update {
        &Update::Delivery(DeliveryUpdate { key, progress: Progress::Failed(ref why), .. }) => Some((key, &**why)),
        _ => None,
    };
    updates.iter().filter_map(failed).collect()
}

#[test]
fn kick_ends_the_membership_and_fails_the_lines_that_wait_for_it() {
    let mut engine = signed_in();
    engine.handle_event(
        &EventKind::from(Cause::LeftRoom.with_room("ops")).at(OffsetDateTime { unix_ms: 0, offset_s: 0 }),
    );
    engine.send_message(1, &Target::Room("ops".into()), "waits").unwrap();
    engine.send_message(2, &Target::Room("lobby".into()), "is sent").unwrap();
    let updates = receive(&mut engine, kick("OPS").into());
    let why = "bob took you out of the room: too loud";
    assert!(updates.contains(&Update::RemovedFromRoom { room: "OPS".into(), why: why.into() }));
    assert_eq!(failures(&updates), [(1, why)]);
    assert!(!engine.is_in("ops") && engine.is_in("lobby"));
}

#[test]
fn no_later_sign_in_enters_a_room_that_an_owner_took_the_user_out_of() {
    let mut engine = signed_in();
    receive(&mut engine, kick("ops").into());
    engine.connection_lost("reset", Loss::Network);
    let asked = asked_for(&engine.take_output().0[0]);
    assert!(asked.starts_with(r#""room":"lobby""#) && !asked.contains("ops"), "{asked}");
}

#[test]
fn repeated_notice_of_a_kick_is_ignored() {
    let mut engine = signed_in();
    let at = OffsetDateTime { unix_ms: 0, offset_s: 0 };
    let notice = Event { seq: Some(1), ..EventKind::from(kick("ops")).at(at) };
    engine.handle_event(&notice);
    assert!(!engine.is_in("ops"));
    receive(&mut engine, Cause::Entered.with_room("ops").into());
    engine.handle_event(&notice);
    assert!(engine.is_in("ops"), "the user has entered it again since");
}

#[test]
fn refused_sign_in_goes_on_without_the_room_that_refuses() {
    for cause in [Cause::RoomBanned, Cause::InviteOnly, Cause::KeyNeeded] {
        let mut engine = signed_in();
        engine.connection_lost("reset", Loss::Network);
        let refused = SignInRefused { why: "xq wvzt".into(), cause, retry: false };
        engine.take_output();
        engine.sign_in_refused(&refused);
        let (effects, updates) = engine.take_output();
        let asked = asked_for(&effects[0]);
        assert!(asked.starts_with(r#""room":"lobby""#) && !asked.contains("ops"), "{asked}");
        assert!(updates.contains(&Update::EntryRefused { room: "ops".into(), key: 0, why: "xq wvzt".into() }));
        engine.sign_in_refused(&refused);
        assert!(asked_for(&engine.take_output().0[0]).starts_with(r#""room":"lobby""#));
        engine.sign_in_refused(&refused);
        assert_eq!(engine.phase(), &Phase::Stopped { why: "xq wvzt".into() }, "it does not try for ever");
    }
}

#[test]
fn closed_doors_are_tried_again_slowly() {
    let mut engine = signed_in();
    engine.connection_lost("reset", Loss::Network);
    let refused = SignInRefused { why: "xq wvzt".into(), cause: Cause::DoorsClosed, retry: false };
    for attempt in 0..50 {
        let now = 100_000 * attempt;
        engine.set_now(Now { ms: now, ..Now::default() });
        engine.take_output();
        engine.sign_in_refused(&refused);
        let Phase::Waiting { until, .. } = *engine.phase() else { panic!("{:?}", engine.phase()) };
        assert!((20_000..=30_000).contains(&(until - now)), "{until} after {now}");
        engine.set_now(Now { ms: until, ..Now::default() });
        engine.tick();
        assert!(matches!(engine.take_output().0[..], [Effect::Connect(_)]), "the doors may be open again");
    }
}

#[test]
fn join_with_a_key_word_is_a_join() {
    let mut engine = signed_in();
    engine.send_command(1, &landline_common::Command::JoinWithKey { room: "Lab", key: "sesame" }, None).unwrap();
    engine.send_message(2, &Target::Room("lab".into()), "waits").unwrap();
    let (effects, _) = engine.take_output();
    let [Effect::Send(line)] = &effects[..] else { panic!("{effects:?}") };
    let request = Request::parse(line).unwrap();
    assert_eq!((request.room.as_deref(), request.key.as_deref()), (Some("Lab"), Some("sesame")));
    let updates = answer(&mut engine, &request.answer_label().unwrap(), Cause::KeyNeeded.report().with_text("xq wvzt"));
    let why = "it has a key word; /join lab WORD enters it";
    assert!(updates.contains(&Update::EntryRefused { room: "lab".into(), key: 1, why: why.into() }), "{updates:?}");
    assert_eq!(failures(&updates), [(2, why), (1, why)]);
}

#[test]
fn message_that_a_rule_refuses_is_never_sent_again() {
    for cause in [Cause::Slowed, Cause::Muted, Cause::Quiet] {
        let mut engine = signed_in();
        engine.send_message(1, &Target::Room("lobby".into()), "hello").unwrap();
        let (effects, _) = engine.take_output();
        let [Effect::Send(line)] = &effects[..] else { panic!("{effects:?}") };
        let label = Request::parse(line).unwrap().answer_label().unwrap();
        let report = cause.with_seconds(30).in_room("lobby");
        let why = report.sentence().into_owned();
        let updates = answer(&mut engine, &label, report);
        assert_eq!(failures(&updates), [(1, &*why)]);
        engine.set_now(Now { ms: 600_000, ..Now::default() });
        let (effects, _) = engine.take_output();
        let is_message = |effect: &Effect| matches!(effect, Effect::Send(line) if line.contains("hello"));
        assert!(!effects.iter().any(is_message) && !engine.is_unanswered(1), "{cause:?}");
    }
}

#[test]
fn a_guest_signs_in_under_its_new_name_after_the_session_is_lost() {
    let mut engine = signed_in();
    receive(&mut engine, EventKind::Renamed { from: "bob".into(), to: "robert".into() });
    assert_eq!(engine.me(), "alice");
    let updates = receive(&mut engine, EventKind::Renamed { from: "alice".into(), to: "queen".into() });
    assert!(engine.is_me("queen") && !engine.is_me("alice"));
    assert!(updates.contains(&Update::OwnName(UserName::parse("queen").unwrap())), "{updates:?}");
    engine.connection_lost("gone", Loss::Server);
    let refused = SignInRefused { why: "over".into(), cause: Cause::TokenUnknown, retry: true };
    engine.sign_in_refused(&refused);
    let (effects, _) = engine.take_output();
    let Some(Effect::Connect(sign_in)) = effects.last() else { panic!("{effects:?}") };
    assert!(sign_in.clone().begin().contains(r#""user":"queen""#), "{sign_in:?}");
    assert_eq!(sign_in.user(), "queen");
}
