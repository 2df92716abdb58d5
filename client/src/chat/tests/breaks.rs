//! Bad networks: nothing is lost, and nothing is there twice.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Exit, Input, ScreenEffect};
use crate::engine::Phase;
use crate::sign_in::{Loss, SignInRefused};
use landline_common::{Cause, EventKind};

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn connects(client: &TestClient) -> usize {
    client.effects.iter().filter(|effect| matches!(effect, ScreenEffect::Connect(_))).count()
}

/// Waits for the next attempt, which succeeds.
fn back(client: &mut TestClient) {
    client.effects.clear();
    client.advance(31_000);
    assert_eq!(connects(client), 1);
    client.welcome();
}

#[test]
fn d7_what_was_typed_goes_first_after_a_break() {
    let mut client = client();
    client.receive_message(10, "lobby", "bob", "before");
    client.lose_connection();
    client.enter_line("one");
    client.enter_line("two");
    assert_eq!(client.lobby(), ["bob: before", "unsent alice: one", "unsent alice: two"]);
    assert_eq!(client.take_sent(), [""; 0]);
    back(&mut client);
    assert_eq!(client.take_sent()[0], "lobby: one", "before any question of the program's own");
    client.echo(12, "lobby", "one");
    assert!(client.take_sent().contains(&"lobby: two".to_owned()), "and the next at once");
    client.receive_history(11, "lobby", "bob", "missed");
    client.nothing_missed();
    client.echo(13, "lobby", "two");
    assert_eq!(client.lobby(), ["bob: before", "bob: missed", "alice: one", "alice: two"]);
}

#[test]
fn a_line_is_sent_again_and_said_once() {
    let mut client = client();
    client.enter_line("arrived");
    assert_eq!(client.take_sent(), ["lobby: arrived"]);
    client.lose_connection();
    assert_eq!(client.lobby(), ["unsent alice: arrived"]);
    back(&mut client);
    client.receive_history(11, "lobby", "alice", "arrived");
    client.nothing_missed();
    client.answer("lobby: arrived", EventKind::Done { id: Some(11), repeated: true });
    assert_eq!(client.lobby(), ["alice: arrived"]);
    client.receive_message(11, "lobby", "alice", "arrived");
    assert_eq!(client.lobby(), ["alice: arrived"]);
}

#[test]
fn the_rooms_and_what_is_known_of_them_are_in_the_sign_in() {
    let mut client = client();
    client.receive_message(10, "lobby", "bob", "x");
    client.enter_line("/join Ops");
    client.grant_join("Ops");
    client.receive_message(20, "Ops", "bob", "y");
    client.lose_connection();
    client.advance(31_000);
    let Some(ScreenEffect::Connect(mut sign_in)) = client.effects.pop() else { panic!("{:?}", client.effects) };
    let lines = sign_in.begin();
    for part in [r#""type":"resume""#, r#""token":"token""#, r#""lobby":10"#, r#""Ops":20"#] {
        assert!(lines.contains(part), "{part} in {lines}");
    }
}

#[test]
fn off_the_record_lines_are_repeated_only_where_the_server_knows_them() {
    for (resumed, shown, again) in [(true, "pending alice: psst", 1), (false, "failed alice: psst", 0)] {
        let mut client = client();
        client.receive(EventKind::PrivateConnected { with: "bob".into() });
        client.enter_line("/private bob psst");
        assert_eq!(client.take_sent(), ["/private bob psst"]);
        client.lose_connection();
        client.advance(31_000);
        client.welcomed(true, resumed);
        let sent = client.take_sent();
        assert_eq!(sent.iter().filter(|line| line.starts_with("/private")).count(), again, "{sent:?}");
        assert!(client.lines(&ConversationId::off_the_record("bob")).contains(&shown.to_owned()), "{resumed}");
    }
}

#[test]
fn what_was_missed_is_counted_but_does_not_ring() {
    let mut client = client();
    client.receive_message(10, "lobby", "bob", "x");
    client.press(Key::alt(Code::Char('3')));
    client.lose_connection();
    back(&mut client);
    client.effects.clear();
    client.receive_history(11, "lobby", "bob", "alice?");
    client.receive_history(12, "lobby", "bob", "alice!");
    let lobby = client.state.conversations().get(&ConversationId::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.mentions), (2, 2));
    assert_eq!(client.effects, []);
}

#[test]
fn a_long_gap_is_fetched_page_by_page_and_holds_nothing_up() {
    let mut client = client();
    client.receive_message(10, "lobby", "bob", "before");
    client.lose_connection();
    back(&mut client);
    client.receive_history(11, "lobby", "bob", "a");
    client.caught_up("all", true, false);
    client.caught_up("lobby", true, true);
    client.enter_line("mine");
    client.advance_silently(200);
    let sent = client.take_sent();
    assert!(
        sent.contains(&"lobby: mine".to_owned()) && sent.contains(&"lobby: /history after 11".to_owned()),
        "{sent:?}"
    );
    client.receive_history(12, "lobby", "bob", "b");
    let more = EventKind::RecallEnd { count: 1, remark: "".into(), next: Some("xq wvzt".into()) };
    client.answer("lobby: /history after 11", more);
    // The program's own questions leave lines free for the user.
    client.advance_silently(5_000);
    client.answer_pings();
    client.advance_silently(1_500);
    assert!(client.take_sent().contains(&"lobby: /history after 12".to_owned()));
    client.refuse("lobby: /history", Cause::HistoryBusy);
    assert_eq!(client.take_sent(), [""; 0]);
    client.advance_silently(900);
    assert_eq!(client.take_sent(), [""; 0]);
    client.advance(6_000);
    assert!(client.take_sent().contains(&"lobby: /history after 12".to_owned()), "asked again");
    assert_eq!(client.lobby(), ["bob: before", "bob: a", "bob: b", "pending alice: mine"]);
}

#[test]
fn a2_a_lost_network_is_looked_for_at_once_and_then_often() {
    let mut client = client();
    client.effects.clear();
    client.connection_down("this machine's network address has changed", Loss::Address);
    assert_eq!(connects(&client), 1, "at once");
    for _ in 0..20 {
        client.connection_down("unreachable", Loss::Network);
        let Phase::Waiting { until, .. } = client.state.phase() else { panic!("it waits") };
        assert!(until - client.ms <= 1_500);
        client.ms = *until;
        client.step(Input::Tick);
    }
}

#[test]
fn a2_the_users_own_ghost_is_called_so_and_waited_for() {
    let mut client = client();
    client.lose_connection();
    client.step(Input::Refused(SignInRefused { why: "x".into(), cause: Cause::TokenUnknown, retry: true }));
    for _ in 0..5 {
        let (why, cause) = ("xq wvzt".into(), Cause::NameTaken);
        client.step(Input::Refused(SignInRefused { why, cause, retry: true }));
        let Phase::Waiting { until, why } = client.state.phase().clone() else { panic!("it waits") };
        assert_eq!(&*why, "your earlier connection still holds the name; trying on");
        assert!(until - client.ms <= 2_000);
    }
}

#[test]
fn a_session_that_is_over_is_followed_by_a_new_one_at_once() {
    let mut client = client();
    client.lose_connection();
    client.effects.clear();
    client.step(Input::Refused(SignInRefused { why: "x".into(), cause: Cause::TokenUnknown, retry: true }));
    let Some(ScreenEffect::Connect(mut sign_in)) = client.effects.pop() else { panic!("{:?}", client.effects) };
    assert!(!sign_in.begin().contains("resume"));
}

#[test]
fn d1_silence_is_shown_and_the_connection_made_again_at_once() {
    let mut client = client();
    client.enter_line("is anybody there?");
    client.advance_silently(3_000);
    assert_eq!(client.state.engine().silence(), Some(3));
    assert_eq!(connects(&client), 0);
    client.advance_silently(3_000);
    assert!(client.effects.contains(&ScreenEffect::Disconnect));
    assert_eq!(connects(&client), 1);
    assert_eq!(client.lobby(), ["unsent alice: is anybody there?"]);
    assert!(client.lines(&ConversationId::Server).last().unwrap().contains("no answer for 6 s"));
}

#[test]
fn an_idle_server_is_asked_now_and_then() {
    let mut client = client();
    client.advance(100_000);
    assert!(client.state.engine().is_up() && client.state.latency().is_some());
    while !client.effects.contains(&ScreenEffect::Disconnect) {
        assert!(client.ms < 125_000);
        client.advance_silently(200);
    }
}

#[test]
fn who_never_got_in_is_told_why_at_once() {
    let mut client = TestClient::new(80, 24);
    let (why, cause) = ("that name is in use".to_owned(), Cause::NameTaken);
    client.step(Input::Refused(SignInRefused { why: why.clone(), cause, retry: true }));
    assert_eq!(client.effects, [ScreenEffect::Quit(Exit::Refused(why))]);
}

#[test]
fn a_wrong_password_is_not_tried_until_the_user_says_so() {
    let mut client = client();
    client.lose_connection();
    client.step(Input::Refused(SignInRefused { why: "no".into(), cause: Cause::WrongPassword, retry: false }));
    client.effects.clear();
    client.advance(100_000);
    assert_eq!(client.effects, []);
    client.press(Key::ctrl('r'));
    client.enter_line("the right one");
    assert_eq!(connects(&client), 1);
}

#[test]
fn a13_who_was_kicked_is_told_why_and_stays_out() {
    for (cause, word) in [(Cause::Kicked, "kicked"), (Cause::Banned, "banned")] {
        let mut client = client();
        client.press(Key::alt(Code::Char('2')));
        client.receive(cause.report().with_text("xq wvzt").with_reason("too much noise").into());
        client.lose_connection();
        let expected = format!("you were {word}: too much noise");
        assert_eq!(*client.state.phase(), Phase::Stopped { why: (&*expected).into() });
        assert!(client.lines(&ConversationId::Server).iter().any(|line| line.contains(&expected)));
        let lobby = client.state.conversations().get(&ConversationId::room("lobby")).unwrap();
        assert!(lobby.members.is_empty(), "the header counts nobody");
        client.effects.clear();
        client.advance(100_000);
        assert_eq!(client.effects, []);
        client.press(Key::ctrl('r'));
        assert_eq!(connects(&client), 1);
    }
}

#[test]
fn d5_leaving_with_unsent_lines_is_asked_about_and_names_them() {
    for how in ["/quit", "ctrl-c"] {
        let mut client = client();
        client.lose_connection();
        client.enter_line("unsent");
        client.effects.clear();
        let leave = |client: &mut TestClient| match how {
            "/quit" => client.enter_line("/quit"),
            _ => client.press(Key::ctrl('c')),
        };
        leave(&mut client);
        assert_eq!(client.effects, [], "{how}");
        assert!(client.lobby().last().unwrap().starts_with("- 1 line is unsent; "), "{:?}", client.lobby());
        client.enter_line("another");
        leave(&mut client);
        assert_eq!(client.effects, [], "it is asked anew");
        leave(&mut client);
        let lines = ["not sent to lobby: unsent", "not sent to lobby: another"].map(str::to_owned).to_vec();
        assert_eq!(client.effects, [ScreenEffect::Quit(Exit::Unsent { lines, in_doubt: 0 })]);
    }
}

#[test]
fn d5_twenty_lines_at_once_are_not_dropped_by_quit() {
    let mut client = client();
    for n in 0..20 {
        client.enter_line(&format!("line {n}"));
    }
    client.enter_line("/quit");
    client.advance_silently(600);
    assert_eq!(client.effects, []);
    assert!(client.lobby().last().unwrap().starts_with("- 20 lines are unsent"));
}

#[test]
fn leaving_waits_a_moment_for_what_was_just_said() {
    let mut client = client();
    client.enter_line("bye");
    client.enter_line("/quit");
    assert_eq!(client.effects, []);
    client.echo(5, "lobby", "bye");
    assert_eq!(client.effects, [ScreenEffect::Quit(Exit::Left)]);
}

#[test]
fn unsent_lines_are_taken_back() {
    let mut client = client();
    client.enter_line("on its way");
    client.enter_line("waits");
    client.take_sent();
    client.enter_line("/cancel");
    client.echo(5, "lobby", "on its way");
    assert_eq!(client.take_sent(), [""; 0]);
    assert_eq!(
        client.lobby(),
        [
            "failed alice: waits",
            "- 1 line taken back; 1 line may already have arrived and is not taken back",
            "alice: on its way"
        ]
    );
    client.press(Key::plain(Code::Up));
    client.press(Key::plain(Code::Up));
    assert_eq!(client.state.conversations().viewed().draft.text(), "waits");
}

#[test]
fn commands_typed_without_a_connection_are_sent_later() {
    let mut client = client();
    client.lose_connection();
    client.enter_line("/rooms");
    back(&mut client);
    assert!(client.take_sent().contains(&"/rooms".to_owned()));
}

#[test]
fn what_is_for_the_user_alone_is_acknowledged_and_shown_once() {
    let mut client = client();
    client.receive(EventKind::PrivateConnected { with: "bob".into() });
    for seq in [1, 2, 2, 1, 3] {
        let text = format!("line {seq}").into();
        client.receive_with_seq(seq, EventKind::Private { from: "bob".into(), text });
    }
    let lines = client.lines(&ConversationId::off_the_record("bob"));
    assert_eq!(lines[1..], ["bob: line 1", "bob: line 2", "bob: line 3"]);
    assert_eq!(client.acknowledged, [1, 2, 2, 2, 3]);
    client.lose_connection();
    client.advance(31_000);
    let Some(ScreenEffect::Connect(mut sign_in)) = client.effects.pop() else { panic!("{:?}", client.effects) };
    assert!(sign_in.begin().contains(r#""seq":3"#));
    client.welcomed(true, false);
    client.receive_with_seq(1, EventKind::Direct { id: 9, from: "bob".into(), text: "new session".into(), kept: true });
    client.receive_with_seq(2, EventKind::Direct { id: 9, from: "bob".into(), text: "new session".into(), kept: true });
    assert_eq!(client.lines(&ConversationId::user("bob")), ["bob: new session"], "the same id is the same message");
}

#[test]
fn a_session_that_went_on_elsewhere_is_not_taken_back_by_itself() {
    let mut client = client();
    client.receive(Cause::ResumedElsewhere.report().into());
    client.lose_connection();
    client.effects.clear();
    client.advance(100_000);
    assert_eq!(connects(&client), 0);
}

#[test]
fn nonces_are_random_and_tell_nothing_of_the_next_one() {
    let mut client = client();
    client.enter_line("one");
    client.enter_line("two");
    let (nonces, mut others) = (client.nonces.clone(), self::client());
    assert!(nonces.iter().all(|nonce| nonce.len() == 32), "{nonces:?}");
    assert!(nonces.iter().all(|nonce| nonce[..16] != nonces[0][..16] || *nonce == nonces[0]), "{nonces:?}");
    others.enter_line("one");
    assert_ne!(others.nonces[0], nonces[0], "the same seed");
}

#[test]
fn ones_own_message_out_of_the_history_is_known_by_its_nonce() {
    let mut client = client();
    client.enter_line("arrived");
    let nonce = client.nonces[0].clone();
    client.lose_connection();
    back(&mut client);
    client.receive_own_history(11, "lobby", "arrived, as the server cleaned it", &nonce);
    assert_eq!(client.lobby(), ["alice: arrived"]);
    client.caught_up("lobby", true, false);
    assert_eq!(client.state.unsent(), 0);
}

#[test]
fn r5_a_line_that_a_lost_connection_had_is_not_taken_back() {
    let mut client = client();
    client.enter_line("handed over");
    client.enter_line("waits");
    client.advance_silently(6_200);
    assert_eq!(client.lobby(), ["unsent alice: handed over", "unsent alice: waits"]);
    client.enter_line("/cancel");
    let told = "- 1 line taken back; 1 line may already have arrived and is not taken back";
    assert_eq!(client.lobby(), ["unsent alice: handed over", "failed alice: waits", told]);
    client.enter_line("/cancel");
    let told = "- 1 line may already have arrived and is not taken back";
    assert_eq!(client.lobby().last().unwrap(), told);
    let perhaps = vec!["perhaps not sent to lobby: handed over".to_owned()];
    assert_eq!(client.state.terminate().0, Exit::Unsent { lines: perhaps, in_doubt: 1 });
    client.take_sent();
    client.welcome();
    client.caught_up("lobby", true, false);
    assert!(client.take_sent().contains(&"lobby: handed over".to_owned()));
    client.echo(5, "lobby", "handed over");
    assert!(client.lobby().contains(&"alice: handed over".to_owned()));
}
