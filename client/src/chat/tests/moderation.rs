//! Rooms that have owners: their notices and rules, refused messages, and the end of a membership.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Bell, ScreenEffect, Settings};
use landline_common::cause::Details;
use landline_common::{Cause, EventKind, Report};

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn ops() -> ConversationId {
    ConversationId::room("ops")
}

fn lobby() -> ConversationId {
    ConversationId::room("lobby")
}

/// Returns a report of what bob did in ops.
fn by_bob(cause: Cause, about: Details<'static>) -> EventKind<'static> {
    let about = Details { by: Some("bob".into()), room: Some("ops".into()), ..about };
    Report { about: Box::new(about), ..cause.report() }.into()
}

fn user(name: &'static str) -> Details<'static> {
    Details { user: Some(name.into()), ..Details::default() }
}

/// Returns a client in ops and in the lobby, which is viewed.
fn in_ops() -> TestClient {
    let mut client = client();
    client.enter_line("/join ops");
    client.grant_join("ops");
    client.answer_all();
    client.press(Key::alt(Code::Char('1')));
    client.effects.clear();
    client.take_sent();
    client
}

fn rules(client: &TestClient, id: &ConversationId) -> Vec<String> {
    let conversation = client.state.conversations().get(id).unwrap();
    conversation.room_status.words(client.state.now().ms)
}

fn unread(client: &TestClient, id: &ConversationId) -> (usize, usize) {
    let conversation = client.state.conversations().get(id).unwrap();
    (conversation.unread, conversation.mentions)
}

#[test]
fn notices_of_a_room_stand_in_its_tab_and_set_its_rules() {
    let mut client = in_ops();
    let before = client.lobby().len();
    client.receive(by_bob(Cause::QuietOn, Details::default()));
    client.receive(by_bob(Cause::TopicSet, Details { word: Some("tea at five".into()), ..Details::default() }));
    client.receive(by_bob(Cause::SlowOn, Details { seconds: Some(30), ..Details::default() }));
    client.receive(by_bob(Cause::UserMuted, Details { seconds: Some(60), ..user("carol") }));
    assert_eq!(client.lobby().len(), before, "{:?}", client.lobby());
    let told = client.lines(&ops());
    assert!(told.contains(&"- bob set the topic of ops: tea at five".to_owned()), "{told:?}");
    assert!(told.contains(&"- bob muted carol in ops for 1 min".to_owned()), "{told:?}");
    assert_eq!((rules(&client, &ops()), rules(&client, &lobby())), (vec!["quiet".into(), "slow 30 s".into()], vec![]));
    assert_eq!(client.state.conversations().get(&ops()).unwrap().room_status.topic(), Some("tea at five"));
    assert_eq!((unread(&client, &ops()), client.effects.len()), ((0, 0), 0), "nothing of that is about alice");
}

#[test]
fn ones_own_mute_and_floor_ring_and_count_like_a_mention() {
    let mut client = in_ops();
    client.receive(by_bob(Cause::UserMuted, Details { seconds: Some(60), ..user("alice") }));
    assert_eq!(rules(&client, &ops()), ["muted"]);
    assert_eq!((unread(&client, &ops()), client.effects.pop()), ((1, 1), Some(ScreenEffect::Bell)));
    client.advance(61_000);
    assert_eq!(rules(&client, &ops()), [""; 0], "the time is over");
    client.receive(by_bob(Cause::FloorGiven, user("alice")));
    assert_eq!((unread(&client, &ops()), client.effects.pop()), ((2, 2), Some(ScreenEffect::Bell)));
}

#[test]
fn owner_sees_how_many_hands_are_up() {
    let mut client = in_ops();
    for name in ["bob", "carol"] {
        let about = Details { room: Some("ops".into()), word: Some("a question".into()), ..user(name) };
        client.receive(Report { about: Box::new(about), ..Cause::HandRaised.report() }.into());
    }
    assert_eq!((rules(&client, &ops()), unread(&client, &ops())), (vec!["2 hands".to_owned()], (2, 0)));
    assert!(client.effects.is_empty(), "thirty hands do not ring thirty times");
    client.receive(by_bob(Cause::FloorGiven, user("carol")));
    assert_eq!(rules(&client, &ops()), ["1 hand"]);
    client.receive(EventKind::Left { user: "bob".into(), room: "ops".into() });
    assert_eq!(rules(&client, &ops()), [""; 0]);
}

#[test]
fn refused_message_is_shown_as_not_sent_and_comes_back() {
    for cause in [Cause::Muted, Cause::Quiet, Cause::Slowed] {
        let mut client = client();
        client.enter_line("hello");
        let report = cause.with_seconds(30).in_room("lobby");
        client.answer("lobby: hello", report.into());
        assert_eq!(client.lobby(), ["failed alice: hello"]);
        client.advance(120_000);
        assert!(client.take_sent().iter().filter(|line| line.contains("hello")).count() == 1, "sent once");
        client.press(Key::plain(Code::Up));
        assert_eq!(client.state.conversations().viewed().draft.text(), "hello");
        client.press(Key::plain(Code::Enter));
        client.echo(9, "lobby", "hello");
        assert!(!rules(&client, &lobby()).contains(&"muted".to_owned()), "an accepted message tells that");
    }
}

#[test]
fn refusals_tell_the_rules_that_are_older_than_the_visit() {
    let mut client = client();
    client.enter_line("one");
    client.answer("lobby: one", Cause::Quiet.with_room("lobby").into());
    client.enter_line("two");
    client.answer("lobby: two", Cause::Muted.with_room("lobby").into());
    client.enter_line("three");
    client.answer("lobby: three", Cause::Slowed.with_seconds(9).in_room("lobby").into());
    assert_eq!(rules(&client, &lobby()), ["quiet", "slow", "muted"]);
    client.lose_connection();
    client.advance(31_000);
    client.welcomed(true, true);
    assert_eq!(rules(&client, &lobby()).len(), 3, "a resumed session knows them");
    client.lose_connection();
    client.advance(31_000);
    client.welcome();
    assert_eq!(rules(&client, &lobby()), [""; 0], "a new one may have missed their end");
}

#[test]
fn kick_ends_the_room_but_closes_no_tab_with_a_draft() {
    let mut client = in_ops();
    client.press(Key::alt(Code::Char('2')));
    client.type_in("a secret of ops");
    client.receive(by_bob(Cause::KickedFromRoom, Details { reason: Some("too loud".into()), ..Details::default() }));
    assert_eq!(client.state.conversations().viewed().id, ops());
    assert_eq!(client.lines(&ops()), ["- bob took you out of ops. Reason: too loud"]);
    client.press(Key::plain(Code::Enter));
    assert!(client.take_sent().is_empty() && client.lines(&ops()).last().unwrap().contains("you are not in ops"));
    client.lose_connection();
    client.advance(31_000);
    client.welcome();
    assert!(!client.state.engine().is_in("ops"), "the program does not come back by itself");
    client.press(Key::ctrl('u'));
    client.enter_line("/leave");
    assert!(client.state.conversations().get(&ops()).is_none());
    assert!(!client.take_sent().contains(&"/leave ops".to_owned()), "there is nothing to leave");
}

#[test]
fn kick_from_a_room_that_is_not_viewed_counts_as_a_mention() {
    let mut client = in_ops();
    client.receive(by_bob(Cause::KickedFromRoom, Details::default()));
    assert_eq!((unread(&client, &ops()), client.effects.pop()), ((1, 1), Some(ScreenEffect::Bell)));
    client.enter_line("/join ops");
    client.grant_join("ops");
    assert!(client.state.engine().is_in("ops"), "the user may return");
}

#[test]
fn refused_join_tells_the_key_word_command_and_a_second_one_has_it() {
    let mut client = client();
    client.enter_line("/join ops");
    client.press(Key::alt(Code::Char('1')));
    client.enter_line("/join ops sesame");
    assert_eq!(client.take_sent(), ["/join ops"], "one join at a time");
    client.refuse("/join ops", Cause::KeyNeeded);
    assert_eq!(client.lobby(), ["- not in ops: it has a key word; /join ops WORD enters it"]);
    assert_eq!(client.take_sent(), ["/join ops sesame"]);
    client.answer("/join ops sesame", Cause::Entered.with_room("ops").into());
    assert!(client.state.engine().is_in("ops"));
    for conversation in client.state.conversations().iter() {
        let lines = client.lines(&conversation.id);
        assert!(lines.iter().all(|line| !line.contains("sesame")), "{lines:?}");
    }
    client.press(Key::alt(Code::Char('1')));
    client.press(Key::plain(Code::Up));
    assert_eq!(client.state.conversations().viewed().draft.text(), "/join ops sesame");
    client.press(Key::alt(Code::Char('2')));
    client.press(Key::plain(Code::Up));
    assert_eq!(client.state.conversations().viewed().draft.text(), "", "where it was not typed");
}

#[test]
fn banned_and_closed_rooms_refuse_a_join_with_the_reason() {
    for (cause, why) in [(Cause::RoomBanned, "banned"), (Cause::InviteOnly, "invited users only")] {
        let mut client = client();
        client.enter_line("/join ops");
        client.answer("/join ops", cause.with_room("ops").into());
        let told = client.lobby();
        assert!(told.len() == 1 && told[0].starts_with("- not in ops: ") && told[0].contains(why), "{told:?}");
        assert!(client.state.conversations().get(&ops()).is_none());
    }
}

#[test]
fn invitation_rings_like_a_mention() {
    let mut client = client();
    client.effects.clear();
    client.receive(by_bob(Cause::Invited, Details::default()));
    assert_eq!(client.lobby(), ["- bob invites you to ops: /join ops takes you in"]);
    assert_eq!(client.effects.pop(), Some(ScreenEffect::Bell));
    assert_eq!(Settings::default().bell, Bell::Private);
}

#[test]
fn tab_completes_the_commands_of_owners_and_their_words() {
    let mut client = client();
    for (typed, completed) in [("/mut", "/mute "), ("/quiet ", "/quiet on "), ("/doors c", "/doors closed ")] {
        client.type_in(typed);
        client.press(Key::plain(Code::Tab));
        assert_eq!(client.state.conversations().viewed().draft.text(), completed);
        client.press(Key::ctrl('u'));
    }
    client.type_in("/kick b");
    client.press(Key::plain(Code::Tab));
    assert_eq!(client.state.conversations().viewed().draft.text(), "/kick bob ");
}
