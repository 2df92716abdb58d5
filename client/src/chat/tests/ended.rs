//! Sessions that end by the server: what was not said stays unsaid, and broken numbers are not believed.

use crate::chat::ScreenEffect;
use crate::chat::conversation::ConversationId;
use crate::chat::key::Key;
use crate::chat::test_client::TestClient;
use crate::engine::Phase;
use landline_common::{Cause, EventKind};

fn desk() -> TestClient {
    TestClient::signed_in(80, 24)
}

#[test]
fn what_was_not_said_before_a_kick_is_never_said_after_it() {
    for cause in [Cause::Kicked, Cause::Banned, Cause::ResumedElsewhere] {
        let mut desk = desk();
        // A line that is under way, and others that wait behind it.
        for line in ["perhaps", "first", "second"] {
            desk.enter(line);
        }
        assert_eq!(desk.take_sent(), ["lobby: perhaps"]);
        desk.hear(cause.report().into());
        desk.cut();
        for line in ["perhaps", "first", "second"] {
            assert!(desk.lobby().contains(&format!("failed alice: {line}")), "{line}: {:?}", desk.lobby());
        }
        desk.enter("typed while out");
        assert!(desk.lobby().last().unwrap().contains("not sent"), "{:?}", desk.lobby());
        desk.press(Key::ctrl('u'));
        desk.enter("/join ops");
        desk.press(Key::ctrl('u'));
        desk.press(Key::ctrl('r'));
        desk.welcome();
        desk.catch_up_nothing();
        desk.answer_all();
        desk.pass(10_000);
        let sent = desk.take_sent();
        let said =
            |line: &String| ["perhaps", "first", "second", "typed", "ops"].iter().any(|word| line.contains(word));
        assert!(!sent.iter().any(said), "{cause:?}: {sent:?}");
        desk.enter("typed after coming back");
        assert_eq!(desk.take_sent(), ["lobby: typed after coming back"]);
    }
}

#[test]
fn f12_a_server_that_numbers_wrongly_is_connected_to_anew_and_nothing_is_lost() {
    let mut desk = desk();
    let direct =
        |id: u64| EventKind::Direct { id, from: "bob".into(), text: format!("message {id}").into(), kept: false };
    desk.hear_with_seq(1, direct(11));
    desk.effects.clear();
    desk.hear_with_seq(3, direct(13));
    assert_eq!(desk.effects, [ScreenEffect::Disconnect]);
    assert!(
        matches!(desk.state.phase(), Phase::Waiting { why, .. } if why.contains("message 3 for you came after message 1"))
    );
    // What is still on its way does not count.
    desk.hear_with_seq(2, direct(12));
    assert_eq!(desk.acknowledged, [1]);
    desk.pass(31_000);
    let Some(ScreenEffect::Connect(mut sign_in)) = desk.effects.pop() else { panic!("{:?}", desk.effects) };
    assert!(sign_in.begin().contains(r#""seq":1"#));
    desk.welcomed(true, true);
    desk.hear_with_seq(2, direct(12));
    desk.hear_with_seq(3, direct(13));
    assert_eq!(desk.acknowledged, [1, 2, 3]);
    assert_eq!(desk.lines(&ConversationId::person("bob")), ["bob: message 11", "bob: message 12", "bob: message 13"]);
}
