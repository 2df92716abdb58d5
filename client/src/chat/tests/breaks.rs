//! Bad networks: nothing is lost, and nothing is there twice.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Exit, Input, ScreenEffect};
use crate::engine::Phase;
use crate::sign_in::{Loss, SignInRefused};
use landline_common::{Cause, EventKind};

fn desk() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn connects(desk: &TestClient) -> usize {
    desk.effects.iter().filter(|effect| matches!(effect, ScreenEffect::Connect(_))).count()
}

/// Waits for the next attempt, which succeeds.
fn back(desk: &mut TestClient) {
    desk.effects.clear();
    desk.pass(31_000);
    assert_eq!(connects(desk), 1);
    desk.welcome();
}

#[test]
fn d7_what_was_typed_goes_first_after_a_break() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "before");
    desk.cut();
    desk.enter("one");
    desk.enter("two");
    assert_eq!(desk.lobby(), ["bob: before", "unsent alice: one", "unsent alice: two"]);
    assert_eq!(desk.take_sent(), [""; 0]);
    back(&mut desk);
    assert_eq!(desk.take_sent()[0], "lobby: one", "before any question of the program's own");
    desk.echo(12, "lobby", "one");
    assert!(desk.take_sent().contains(&"lobby: two".to_owned()), "and the next at once");
    desk.recalled(11, "lobby", "bob", "missed");
    desk.catch_up_nothing();
    desk.echo(13, "lobby", "two");
    assert_eq!(desk.lobby(), ["bob: before", "bob: missed", "alice: one", "alice: two"]);
}

#[test]
fn a_line_is_sent_again_and_said_once() {
    let mut desk = desk();
    desk.enter("arrived");
    assert_eq!(desk.take_sent(), ["lobby: arrived"]);
    desk.cut();
    assert_eq!(desk.lobby(), ["unsent alice: arrived"]);
    back(&mut desk);
    desk.recalled(11, "lobby", "alice", "arrived");
    desk.catch_up_nothing();
    desk.answer("lobby: arrived", EventKind::Done { id: Some(11), repeated: true });
    assert_eq!(desk.lobby(), ["alice: arrived"]);
    desk.said(11, "lobby", "alice", "arrived");
    assert_eq!(desk.lobby(), ["alice: arrived"]);
}

#[test]
fn the_rooms_and_what_is_known_of_them_are_in_the_sign_in() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "x");
    desk.enter("/join Ops");
    desk.entered("Ops");
    desk.said(20, "Ops", "bob", "y");
    desk.cut();
    desk.pass(31_000);
    let Some(ScreenEffect::Connect(mut sign_in)) = desk.effects.pop() else { panic!("{:?}", desk.effects) };
    let lines = sign_in.begin();
    for part in [r#""type":"resume""#, r#""token":"token""#, r#""lobby":10"#, r#""Ops":20"#] {
        assert!(lines.contains(part), "{part} in {lines}");
    }
}

#[test]
fn off_the_record_lines_are_repeated_only_where_the_server_knows_them() {
    for (resumed, shown, again) in [(true, "pending alice: psst", 1), (false, "failed alice: psst", 0)] {
        let mut desk = desk();
        desk.hear(EventKind::PrivateConnected { with: "bob".into() });
        desk.enter("/private bob psst");
        assert_eq!(desk.take_sent(), ["/private bob psst"]);
        desk.cut();
        desk.pass(31_000);
        desk.welcomed(true, resumed);
        let sent = desk.take_sent();
        assert_eq!(sent.iter().filter(|line| line.starts_with("/private")).count(), again, "{sent:?}");
        assert!(desk.lines(&ConversationId::off_the_record("bob")).contains(&shown.to_owned()), "{resumed}");
    }
}

#[test]
fn what_was_missed_is_counted_but_does_not_ring() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "x");
    desk.press(Key::alt(Code::Char('3')));
    desk.cut();
    back(&mut desk);
    desk.effects.clear();
    desk.recalled(11, "lobby", "bob", "alice?");
    desk.recalled(12, "lobby", "bob", "alice!");
    let lobby = desk.state.conversations().get(&ConversationId::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.mentions), (2, 2));
    assert_eq!(desk.effects, []);
}

#[test]
fn a_long_gap_is_fetched_page_by_page_and_holds_nothing_up() {
    let mut desk = desk();
    desk.said(10, "lobby", "bob", "before");
    desk.cut();
    back(&mut desk);
    desk.recalled(11, "lobby", "bob", "a");
    desk.caught_up("all", true, false);
    desk.caught_up("lobby", true, true);
    desk.enter("mine");
    desk.pass_silently(200);
    let sent = desk.take_sent();
    assert!(
        sent.contains(&"lobby: mine".to_owned()) && sent.contains(&"lobby: /history after 11".to_owned()),
        "{sent:?}"
    );
    desk.recalled(12, "lobby", "bob", "b");
    let more = EventKind::RecallEnd { count: 1, remark: "".into(), next: Some("xq wvzt".into()) };
    desk.answer("lobby: /history after 11", more);
    // The program's own questions leave lines free for the user.
    desk.pass_silently(5_000);
    desk.pong();
    desk.pass_silently(1_500);
    assert!(desk.take_sent().contains(&"lobby: /history after 12".to_owned()));
    desk.refuse("lobby: /history", Cause::HistoryBusy);
    assert_eq!(desk.take_sent(), [""; 0]);
    desk.pass_silently(900);
    assert_eq!(desk.take_sent(), [""; 0]);
    desk.pass(6_000);
    assert!(desk.take_sent().contains(&"lobby: /history after 12".to_owned()), "asked again");
    assert_eq!(desk.lobby(), ["bob: before", "bob: a", "bob: b", "pending alice: mine"]);
}

#[test]
fn a2_a_lost_network_is_looked_for_at_once_and_then_often() {
    let mut desk = desk();
    desk.effects.clear();
    desk.down("this machine's network address has changed", Loss::Address);
    assert_eq!(connects(&desk), 1, "at once");
    for _ in 0..20 {
        desk.down("unreachable", Loss::Network);
        let Phase::Waiting { until, .. } = desk.state.phase() else { panic!("it waits") };
        assert!(until - desk.ms <= 1_500);
        desk.ms = *until;
        desk.step(Input::Tick);
    }
}

#[test]
fn a2_the_users_own_ghost_is_called_so_and_waited_for() {
    let mut desk = desk();
    desk.cut();
    desk.step(Input::Refused(SignInRefused { why: "x".into(), cause: Cause::TokenUnknown, retry: true }));
    for _ in 0..5 {
        let (why, cause) = ("xq wvzt".into(), Cause::NameTaken);
        desk.step(Input::Refused(SignInRefused { why, cause, retry: true }));
        let Phase::Waiting { until, why } = desk.state.phase().clone() else { panic!("it waits") };
        assert_eq!(&*why, "your earlier connection still holds the name; trying again");
        assert!(until - desk.ms <= 2_000);
    }
}

#[test]
fn a_session_that_is_over_is_followed_by_a_new_one_at_once() {
    let mut desk = desk();
    desk.cut();
    desk.effects.clear();
    desk.step(Input::Refused(SignInRefused { why: "x".into(), cause: Cause::TokenUnknown, retry: true }));
    let Some(ScreenEffect::Connect(mut sign_in)) = desk.effects.pop() else { panic!("{:?}", desk.effects) };
    assert!(!sign_in.begin().contains("resume"));
}

#[test]
fn d1_silence_is_shown_and_the_connection_made_again_at_once() {
    let mut desk = desk();
    desk.enter("is anybody there?");
    desk.pass_silently(3_000);
    assert_eq!(desk.state.engine().silence(), Some(3));
    assert_eq!(connects(&desk), 0);
    desk.pass_silently(3_000);
    assert!(desk.effects.contains(&ScreenEffect::Disconnect));
    assert_eq!(connects(&desk), 1);
    assert_eq!(desk.lobby(), ["unsent alice: is anybody there?"]);
    assert!(desk.lines(&ConversationId::Server).last().unwrap().contains("no answer for 6 s"));
}

#[test]
fn an_idle_server_is_asked_now_and_then() {
    let mut desk = desk();
    desk.pass(100_000);
    assert!(desk.state.engine().is_up() && desk.state.latency().is_some());
    while !desk.effects.contains(&ScreenEffect::Disconnect) {
        assert!(desk.ms < 125_000);
        desk.pass_silently(200);
    }
}

#[test]
fn who_never_got_in_is_told_why_at_once() {
    let mut desk = TestClient::new(80, 24);
    let (why, cause) = ("that name is in use".to_owned(), Cause::NameTaken);
    desk.step(Input::Refused(SignInRefused { why: why.clone(), cause, retry: true }));
    assert_eq!(desk.effects, [ScreenEffect::Quit(Exit::Refused(why))]);
}

#[test]
fn a_wrong_password_is_not_tried_until_the_user_says_so() {
    let mut desk = desk();
    desk.cut();
    desk.step(Input::Refused(SignInRefused { why: "no".into(), cause: Cause::WrongPassword, retry: false }));
    desk.effects.clear();
    desk.pass(100_000);
    assert_eq!(desk.effects, []);
    desk.press(Key::ctrl('r'));
    desk.enter("the right one");
    assert_eq!(connects(&desk), 1);
}

#[test]
fn a13_who_was_kicked_is_told_why_and_stays_out() {
    for (cause, word) in [(Cause::Kicked, "kicked"), (Cause::Banned, "banned")] {
        let mut desk = desk();
        desk.press(Key::alt(Code::Char('2')));
        desk.hear(cause.report().with_text("xq wvzt").with_reason("too much noise").into());
        desk.cut();
        let expected = format!("you were {word}: too much noise");
        assert_eq!(*desk.state.phase(), Phase::Stopped { why: (&*expected).into() });
        assert!(desk.lines(&ConversationId::Server).iter().any(|line| line.contains(&expected)));
        let lobby = desk.state.conversations().get(&ConversationId::room("lobby")).unwrap();
        assert!(lobby.members.is_empty(), "the header counts nobody");
        desk.effects.clear();
        desk.pass(100_000);
        assert_eq!(desk.effects, []);
        desk.press(Key::ctrl('r'));
        assert_eq!(connects(&desk), 1);
    }
}

#[test]
fn d5_leaving_with_unsent_lines_is_asked_about_and_names_them() {
    for how in ["/quit", "ctrl-c"] {
        let mut desk = desk();
        desk.cut();
        desk.enter("unsent");
        desk.effects.clear();
        let leave = |desk: &mut TestClient| match how {
            "/quit" => desk.enter("/quit"),
            _ => desk.press(Key::ctrl('c')),
        };
        leave(&mut desk);
        assert_eq!(desk.effects, [], "{how}");
        assert!(desk.lobby().last().unwrap().starts_with("- 1 line is unsent; "), "{:?}", desk.lobby());
        desk.enter("another");
        leave(&mut desk);
        assert_eq!(desk.effects, [], "it is asked anew");
        leave(&mut desk);
        let lines = ["not sent to lobby: unsent", "not sent to lobby: another"].map(str::to_owned).to_vec();
        assert_eq!(desk.effects, [ScreenEffect::Quit(Exit::Unsent { lines, perhaps: 0 })]);
    }
}

#[test]
fn d5_twenty_lines_at_once_are_not_dropped_by_quit() {
    let mut desk = desk();
    for n in 0..20 {
        desk.enter(&format!("line {n}"));
    }
    desk.enter("/quit");
    desk.pass_silently(600);
    assert_eq!(desk.effects, []);
    assert!(desk.lobby().last().unwrap().starts_with("- 20 lines are unsent"));
}

#[test]
fn leaving_waits_a_moment_for_what_was_just_said() {
    let mut desk = desk();
    desk.enter("bye");
    desk.enter("/quit");
    assert_eq!(desk.effects, []);
    desk.echo(5, "lobby", "bye");
    assert_eq!(desk.effects, [ScreenEffect::Quit(Exit::Left)]);
}

#[test]
fn unsent_lines_are_taken_back() {
    let mut desk = desk();
    desk.enter("on its way");
    desk.enter("waits");
    desk.take_sent();
    desk.enter("/cancel");
    desk.echo(5, "lobby", "on its way");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert_eq!(
        desk.lobby(),
        [
            "failed alice: waits",
            "- 1 line taken back; 1 line may already have arrived and is not taken back",
            "alice: on its way"
        ]
    );
    desk.press(Key::plain(Code::Up));
    desk.press(Key::plain(Code::Up));
    assert_eq!(desk.state.conversations().viewed().draft.text(), "waits");
}

#[test]
fn commands_typed_without_a_connection_are_sent_later() {
    let mut desk = desk();
    desk.cut();
    desk.enter("/rooms");
    back(&mut desk);
    assert!(desk.take_sent().contains(&"/rooms".to_owned()));
}

#[test]
fn what_is_for_the_user_alone_is_acknowledged_and_shown_once() {
    let mut desk = desk();
    desk.hear(EventKind::PrivateConnected { with: "bob".into() });
    for seq in [1, 2, 2, 1, 3] {
        let text = format!("line {seq}").into();
        desk.hear_with_seq(seq, EventKind::Private { from: "bob".into(), text });
    }
    let lines = desk.lines(&ConversationId::off_the_record("bob"));
    assert_eq!(lines[1..], ["bob: line 1", "bob: line 2", "bob: line 3"]);
    assert_eq!(desk.acknowledged, [1, 2, 2, 2, 3]);
    desk.cut();
    desk.pass(31_000);
    let Some(ScreenEffect::Connect(mut sign_in)) = desk.effects.pop() else { panic!("{:?}", desk.effects) };
    assert!(sign_in.begin().contains(r#""seq":3"#));
    desk.welcomed(true, false);
    desk.hear_with_seq(1, EventKind::Direct { id: 9, from: "bob".into(), text: "new session".into(), kept: true });
    desk.hear_with_seq(2, EventKind::Direct { id: 9, from: "bob".into(), text: "new session".into(), kept: true });
    assert_eq!(desk.lines(&ConversationId::person("bob")), ["bob: new session"], "the same id is the same message");
}

#[test]
fn a_session_that_went_on_elsewhere_is_not_taken_back_by_itself() {
    let mut desk = desk();
    desk.hear(Cause::ResumedElsewhere.report().into());
    desk.cut();
    desk.effects.clear();
    desk.pass(100_000);
    assert_eq!(connects(&desk), 0);
}

#[test]
fn nonces_are_random_and_tell_nothing_of_the_next_one() {
    let mut desk = desk();
    desk.enter("one");
    desk.enter("two");
    let (nonces, mut others) = (desk.nonces.clone(), self::desk());
    assert!(nonces.iter().all(|nonce| nonce.len() == 32), "{nonces:?}");
    assert!(nonces.iter().all(|nonce| nonce[..16] != nonces[0][..16] || *nonce == nonces[0]), "{nonces:?}");
    others.enter("one");
    assert_ne!(others.nonces[0], nonces[0], "the same seed");
}

#[test]
fn ones_own_message_out_of_the_history_is_known_by_its_nonce() {
    let mut desk = desk();
    desk.enter("arrived");
    let nonce = desk.nonces[0].clone();
    desk.cut();
    back(&mut desk);
    desk.recalled_own(11, "lobby", "arrived, as the server cleaned it", &nonce);
    assert_eq!(desk.lobby(), ["alice: arrived"]);
    desk.caught_up("lobby", true, false);
    assert_eq!(desk.state.unsent(), 0);
}

#[test]
fn r5_a_line_that_a_lost_connection_had_is_not_taken_back() {
    let mut desk = desk();
    desk.enter("handed over");
    desk.enter("waits");
    desk.pass_silently(6_200);
    assert_eq!(desk.lobby(), ["unsent alice: handed over", "unsent alice: waits"]);
    desk.enter("/cancel");
    let told = "- 1 line taken back; 1 line may already have arrived and is not taken back";
    assert_eq!(desk.lobby(), ["unsent alice: handed over", "failed alice: waits", told]);
    desk.enter("/cancel");
    let told = "- 1 line may already have arrived and is not taken back";
    assert_eq!(desk.lobby().last().unwrap(), told);
    let perhaps = vec!["perhaps not sent to lobby: handed over".to_owned()];
    assert_eq!(desk.state.end().0, Exit::Unsent { lines: perhaps, perhaps: 1 });
    desk.take_sent();
    desk.welcome();
    desk.caught_up("lobby", true, false);
    assert!(desk.take_sent().contains(&"lobby: handed over".to_owned()));
    desk.echo(5, "lobby", "handed over");
    assert!(desk.lobby().contains(&"alice: handed over".to_owned()));
}
