//! Chats between two well-behaved clients.

use super::*;

#[test]
fn announces_the_key_at_every_sign_in() {
    let mut alice = Client::new();
    let welcome = EventKind::Welcome {
        user: "alice".into(),
        server: "S".into(),
        room: "lobby".into(),
        account: false,
        grant: Default::default(),
    };
    for _ in 0..2 {
        assert!(alice.hear(welcome.clone()).is_some());
        assert_eq!(alice.sent(), format!("/direct-key {}", alice.key()));
    }
    assert_ne!(alice.key(), Client::new().key(), "each client generates a new key");
}

#[test]
fn two_users_chat_until_one_stops() {
    let [mut alice, mut bob] = two();
    for text in ["hello", "grüße 日本"] {
        alice.type_in(&format!("/direct-say BOB {text}"));
        let text: &'static str = text;
        assert_eq!(bob.next(), talk("alice", false, text));
        assert_eq!(alice.next(), talk("bob", true, text));
    }
    bob.type_in("/direct-say alice and you?\u{1b}[2J");
    assert_eq!(alice.next(), talk("bob", false, "and you?"));
    bob.type_in("/direct-say alice the last word");
    bob.type_in("/direct-stop alice");
    assert_eq!(alice.next(), talk("bob", false, "the last word"));
    assert_eq!(alice.ended(), "bob ended it");
    assert_eq!(bob.ended(), "you ended it");
    bob.type_in("/direct-say alice hello?");
    assert!(matches!(bob.next(), EventKind::Error { code: Some(403), .. }));
    assert!(alice.lines.is_empty() && bob.lines.is_empty(), "nothing went through the server");
}

#[test]
fn a9_a_message_keeps_its_lines_and_their_indentation() {
    let [mut alice, mut bob] = two();
    alice.type_in("/direct-say bob\nif x:\r\n\treturn \r\n");
    assert_eq!(bob.next(), talk("alice", false, "if x:\n    return"));
    assert_eq!(alice.next(), talk("bob", true, "if x:\n    return"));
    alice.type_in(&format!("/direct-say bob {}", vec!["x"; 51].join("\n")));
    let EventKind::Error { code: Some(413), text } = alice.next() else { panic!("51 lines were said") };
    assert!(text.contains("at most 50"), "{text}");
}

#[test]
fn leaving_sends_queued_texts_and_a_goodbye() {
    let [mut alice, bob] = two();
    leave(bob.direct);
    assert_eq!(alice.next(), talk("bob", false, "one more"));
    assert_eq!(alice.ended(), "bob left");
}

fn leave(mut bob: DirectChats<Inner>) {
    bob.send(&object("/direct-say alice one more", "lobby"));
    Box::new(bob).close();
}

#[test]
fn accept_without_a_name_needs_a_single_request() {
    let mut bob = Client::new();
    let key = || Keys::generate().unwrap().public().to_string();
    bob.type_in("/accept");
    assert_eq!(bob.sent(), "/accept", "the server may know a request of another kind");
    for from in ["alice", "carol"] {
        bob.hear(EventKind::DirectRequest { from: from.into(), key: key().into() });
    }
    bob.type_in("/accept");
    assert_eq!(bob.next(), EventKind::info("alice, carol ask for an encrypted chat: /accept USER"));
    bob.type_in("/reject alice");
    assert_eq!(bob.sent(), "/reject alice");
    bob.type_in("/reject");
    assert_eq!(bob.sent(), "/reject carol");
    bob.hear(EventKind::DirectRequest { from: "dave".into(), key: key().into() });
    assert!(
        bob.hear(
            Cause::DirectUnavailable
                .with_user("dave")
                .with_text("dave is no longer available for an encrypted chat")
                .into()
        )
        .is_some()
    );
    bob.type_in("/accept dave");
    assert_eq!(bob.sent(), "/accept dave");
}

#[test]
fn a_new_chat_replaces_one_with_the_same_user() {
    let [mut alice, mut bob] = two();
    alice.type_in("/direct bob");
    assert!(
        matches!(alice.next(), EventKind::Info(text) if text.contains("there is an encrypted chat with bob already"))
    );
    // Bob's program crashed, and Bob asks again with a new one.
    let mut other = Client::new();
    other.type_in("/direct alice");
    alice.hear(EventKind::DirectRequest { from: "bob".into(), key: other.key().to_string().into() });
    alice.type_in("/accept bob");
    assert_eq!(
        alice.next(),
        EventKind::DirectEnded { with: "bob".into(), reason: "a new encrypted chat replaces it".into() }
    );
    assert_eq!(bob.ended(), "alice ended it");
    let accept =
        alice.lines.iter().map(|object| line(&object)).find(|line| line.starts_with("/direct-accept")).unwrap();
    let key = alice.key().to_string().into();
    let addresses = loopback(&accept).into();
    other.hear(EventKind::DirectReady { user: "alice".into(), key, addresses });
    assert!(matches!(other.next(), EventKind::DirectConnected { .. }));
    assert!(matches!(alice.next(), EventKind::DirectConnected { .. }));
}

#[test]
fn a_closing_chat_does_not_prevent_a_new_request() {
    let [mut alice, mut bob] = two();
    // Send both commands before the UI takes any event of the chat.
    alice.type_in("/direct-stop bob");
    alice.type_in("/direct-stop bob");
    assert_eq!(alice.own(), EventKind::info("there is no encrypted chat with bob; /direct bob asks for one"));
    let accept = accepted(&mut alice, &mut bob);
    assert!(alice.hear(ready(bob.key(), &loopback(&accept))).is_some());
    let ended =
        |with: &'static str, why: &'static str| EventKind::DirectEnded { with: with.into(), reason: why.into() };
    assert_eq!(alice.next(), ended("bob", "you ended it"), "the end is reported exactly once");
    assert!(matches!(alice.next(), EventKind::DirectConnected { .. }));
    bob.ended();
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
    alice.type_in("/direct-say bob again");
    assert_eq!(bob.next(), talk("alice", false, "again"));
    assert_eq!(alice.next(), talk("bob", true, "again"));
}

#[test]
fn stop_gives_up_a_chat_that_is_not_connected_yet() {
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    bob.type_in("/direct alice");
    let event = bob.own();
    assert!(matches!(&event, EventKind::Info(text) if text.contains("is about to begin")), "{event:?}");
    bob.type_in("/direct-stop alice");
    bob.type_in("/direct alice");
    assert_eq!(bob.sent(), "/direct alice", "{accept}");
    assert_eq!(bob.ended(), "you ended it");
}

#[test]
fn two_requests_at_once_make_one_chat() {
    let mut alice = Client::new();
    let mut bob = Client::new();
    bob.type_in("/direct alice");
    assert_eq!(bob.sent(), "/direct alice");
    let key = bob.key().to_string().into();
    alice.hear(EventKind::DirectRequest { from: "bob".into(), key });
    let accept = accepted(&mut alice, &mut bob);
    // Alice accepts as well, but the server saw Bob's answer first.
    alice.type_in("/accept bob");
    assert!(alice.sent().starts_with("/direct-accept bob"));
    assert!(alice.hear(ready(bob.key(), &loopback(&accept))).is_some());
    assert!(matches!(alice.next(), EventKind::DirectConnected { .. }));
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
}

#[test]
fn blocking_a_user_ends_the_chat() {
    let [mut alice, mut bob] = two();
    alice.type_in("/block bob");
    while alice.sent() != "/block bob" {}
    assert_eq!(alice.ended(), "you blocked bob");
    assert_eq!(bob.ended(), "alice ended it");
}

#[test]
fn answers_wait_while_the_channel_is_full() {
    let mut alice = Client::new();
    while alice.server.try_send((0, ConnectionEvent::Unknown("old".into()))).is_ok() {}
    for _ in 0..3 {
        alice.type_in("/direct-say bob hi");
    }
    let event = std::iter::from_fn(|| alice.direct.events().try_recv().ok().map(|event| alice.direct.process(event)));
    assert_eq!(event.flatten().count(), 3);
}
