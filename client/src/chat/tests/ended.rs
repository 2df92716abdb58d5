//! Sessions that the server ends, and servers with wrong sequence numbers.

use crate::chat::conversation::ConversationId;
use crate::chat::key::Key;
use crate::chat::test_client::{TestClient, encrypted};
use crate::chat::{Input, ScreenEffect};
use crate::encryption::Encryption;
use crate::engine::Phase;
use crate::sign_in::Loss;
use landline_common::{Cause, EventKind};

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

#[test]
fn lines_unsent_before_a_kick_are_never_sent_after_it() {
    for cause in [Cause::Kicked, Cause::Banned, Cause::ResumedElsewhere] {
        let mut client = client();
        // The first line is pending, and the others wait.
        for line in ["perhaps", "first", "second"] {
            client.enter_line(line);
        }
        assert_eq!(client.take_sent(), ["lobby: perhaps"]);
        client.receive(cause.report().into());
        client.lose_connection();
        for line in ["perhaps", "first", "second"] {
            assert!(client.lobby().contains(&format!("failed alice: {line}")), "{line}: {:?}", client.lobby());
        }
        client.enter_line("typed while out");
        assert!(client.lobby().last().unwrap().contains("not sent"), "{:?}", client.lobby());
        client.press(Key::ctrl('u'));
        client.enter_line("/join ops");
        client.press(Key::ctrl('u'));
        client.press(Key::ctrl('r'));
        client.welcome();
        client.nothing_missed();
        client.answer_all();
        client.advance(10_000);
        let sent = client.take_sent();
        let said =
            |line: &String| ["perhaps", "first", "second", "typed", "ops"].iter().any(|word| line.contains(word));
        assert!(!sent.iter().any(said), "{cause:?}: {sent:?}");
        client.enter_line("typed after coming back");
        assert_eq!(client.take_sent(), ["lobby: typed after coming back"]);
    }
}

#[test]
fn a_first_meeting_and_a_changed_key_are_told() {
    let mut client = client();
    client.step(Input::Reached(encrypted()));
    assert_eq!(client.lobby().last().unwrap(), "- first meeting with 10.0.0.1:12345");
    client.connection_down("cut", Loss::Network);
    assert!(matches!(client.effects.pop(), Some(ScreenEffect::Connect(_))));
    client.connection_down("its key has changed", Loss::Untrusted);
    assert_eq!(client.state.phase(), &Phase::Stopped { why: "its key has changed".into() });
    assert!(client.lobby().last().unwrap().contains("its key has changed"), "{:?}", client.lobby());
    client.advance(60_000);
    assert!(client.effects.is_empty(), "only the user connects again: {:?}", client.effects);
    client.press(Key::ctrl('r'));
    assert!(matches!(client.effects.pop(), Some(ScreenEffect::Connect(_))));
}

#[test]
fn a_known_server_without_tls_is_told_once_per_reason() {
    let mut client = client();
    client.connection_down("cut", Loss::Network);
    let told = |client: &TestClient, why: &str| client.lobby().iter().filter(|line| line.contains(why)).count();
    for (why, times) in [("no TLS; advice", 1), ("no TLS; advice", 1), ("other reason", 1), ("no TLS; advice", 2)] {
        client.connection_down(why, Loss::NoTls);
        assert_eq!(told(&client, why), times, "{:?}", client.lobby());
        assert!(matches!(client.state.phase(), Phase::Waiting { .. }), "{:?}", client.state.phase());
        client.advance(31_000);
        assert!(matches!(client.effects.pop(), Some(ScreenEffect::Connect(_))));
    }
}

#[test]
fn only_a_clear_connection_warns_of_a_sent_password() {
    for encryption in [Encryption::None, encrypted()] {
        let is_clear = encryption == Encryption::None;
        let mut client = TestClient::new(80, 24);
        client.step(Input::Reached(encryption));
        let welcome = EventKind::Welcome {
            user: "alice".into(),
            server: "S".into(),
            room: "lobby".into(),
            account: true,
            grant: Box::default(),
        };
        client.receive(welcome);
        assert_eq!(client.lobby().iter().any(|line| line.contains("unencrypted")), is_clear, "{:?}", client.lobby());
    }
}

#[test]
fn f12_a_gap_in_sequence_numbers_reconnects_without_loss() {
    let mut client = client();
    let direct =
        |id: u64| EventKind::Direct { id, from: "bob".into(), text: format!("message {id}").into(), kept: false };
    client.receive_with_seq(1, direct(11));
    client.effects.clear();
    client.receive_with_seq(3, direct(13));
    assert_eq!(client.effects, [ScreenEffect::Disconnect]);
    assert!(
        matches!(client.state.phase(), Phase::Waiting { why, .. } if why.contains("it sent message 3 for you after message 1"))
    );
    // An event that arrives after the disconnect is ignored.
    client.receive_with_seq(2, direct(12));
    assert_eq!(client.acknowledged, [1]);
    client.advance(31_000);
    let Some(ScreenEffect::Connect(mut sign_in)) = client.effects.pop() else { panic!("{:?}", client.effects) };
    assert!(sign_in.begin().contains(r#""seq":1"#));
    client.welcomed(true, true);
    client.receive_with_seq(2, direct(12));
    client.receive_with_seq(3, direct(13));
    assert_eq!(client.acknowledged, [1, 2, 3]);
    assert_eq!(client.lines(&ConversationId::user("bob")), ["bob: message 11", "bob: message 12", "bob: message 13"]);
}
