//! Sending and receiving messages, and tracking users.

use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Exit, Remembered, ScreenEffect};
use landline_common::event::{More, Part};
use landline_common::history::Location;
use landline_common::{Cause, EventKind, UserName};

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

#[test]
fn a_line_is_pending_until_its_echo() {
    let mut client = client();
    client.enter_line("hello");
    assert_eq!(client.take_sent(), ["lobby: hello"]);
    assert_eq!(client.lobby(), ["pending alice: hello"]);
    client.receive_message(5, "lobby", "bob", "first");
    assert_eq!(client.lobby(), ["bob: first", "pending alice: hello"]);
    client.echo(4, "lobby", "hello");
    assert_eq!(client.lobby(), ["alice: hello", "bob: first"], "lines have the order of the server");
}

#[test]
fn a_message_is_shown_once() {
    let mut client = client();
    client.receive_message(1, "lobby", "bob", "hi");
    client.receive_message(1, "lobby", "bob", "hi");
    client.receive_history(1, "lobby", "bob", "hi");
    assert_eq!(client.lobby(), ["bob: hi"]);
}

#[test]
fn a_message_to_a_user_is_sent_when_the_server_confirms_it() {
    let mut client = client();
    client.enter_line("/query bob psst");
    assert_eq!(client.take_sent(), ["/pm bob psst"]);
    let bob = ConversationId::user("Bob");
    assert_eq!(client.state.conversations().viewed().id, bob);
    assert_eq!(client.lines(&bob), ["pending alice: psst"]);
    client.answer("/pm bob", EventKind::Done { id: Some(3), repeated: false });
    assert_eq!(client.lines(&bob), ["alice: psst"]);
    client.enter_line("here");
    assert_eq!(client.take_sent()[0], "/pm bob here");
    client.refuse("/pm bob", Cause::NoSuchUser);
    assert_eq!(client.lines(&bob), ["alice: psst", "failed alice: here"]);
    client.enter_line("later");
    client.answer("/pm bob", Cause::Queued.with_user("bob").with_text("xq wvzt").into());
    assert_eq!(client.lines(&bob)[2..], ["alice: later", "- bob is offline. Message queued for delivery."]);
}

#[test]
fn an_answer_belongs_to_the_request_whose_label_it_carries() {
    let mut client = client();
    client.enter_line("/who nowhere");
    client.enter_line("/pm carol hi");
    client.refuse("/pm carol", Cause::NoSuchUser);
    assert_eq!(client.lines(&ConversationId::user("carol")), ["failed alice: hi"]);
    client.answer("/who nowhere", Cause::NoSuchRoom.with_room("nowhere").into());
    assert!(client.lobby().last().unwrap().contains("There is no room nowhere"));
}

#[test]
fn lines_beyond_the_rate_wait_without_loss() {
    let mut client = client();
    let mut said = Vec::new();
    for i in 0..20 {
        client.enter_line(&format!("line {i}"));
    }
    for id in 0..2_000 {
        if let Some((_, line)) = client.unanswered.iter().find(|(_, line)| line.starts_with("lobby: ")).cloned() {
            // The server sometimes throttles below the rate that it has announced.
            if id % 7 == 3 {
                let mut throttled = Cause::Throttled.report().with_text("xq wvzt");
                throttled.about.retry_ms = Some(500);
                client.answer(&line, throttled.into());
            } else {
                said.push(line.clone());
                client.echo(id, "lobby", line.strip_prefix("lobby: ").unwrap());
            }
        }
        client.advance_silently(20);
        client.answer_pings();
    }
    let expected: Vec<String> = (0..20).map(|i| format!("lobby: line {i}")).collect();
    assert_eq!(said, expected);
    assert!(client.lobby().iter().all(|line| line.starts_with("alice: ")), "{:?}", client.lobby());
}

#[test]
fn messages_to_all_have_their_own_conversation() {
    let mut client = client();
    client.enter_line("/all lunch");
    assert_eq!(client.take_sent(), ["/all lunch"]);
    client.answer("/all", EventKind::SaidToAll { id: 9, user: "alice".into(), text: "lunch".into() });
    client.receive(EventKind::SaidToAll { id: 10, user: "bob".into(), text: "yes".into() });
    assert_eq!(client.lines(&ConversationId::Global), ["alice: lunch", "bob: yes"]);
    assert_eq!(client.state.conversations().get(&ConversationId::Global).unwrap().unread, 1);
}

#[test]
fn mentions_are_counted_listed_and_ring_the_bell() {
    let mut client = client();
    client.press(Key::alt(Code::Char('3')));
    client.receive_message(1, "lobby", "bob", "anybody?");
    assert!(!client.effects.contains(&ScreenEffect::Bell));
    client.receive_message(2, "lobby", "bob", "Alice, look");
    assert_eq!(client.effects, [ScreenEffect::Bell]);
    client.receive_message(3, "lobby", "bob", "alice!");
    assert_eq!(client.effects, [ScreenEffect::Bell], "the bell rings once a second");
    let lobby = client.state.conversations().get(&ConversationId::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.mentions), (3, 2));
    assert_eq!(client.lines(&ConversationId::Mentions), ["bob: Alice, look", "bob: alice!"]);
    client.press(Key::alt(Code::Char('a')));
    let lobby = client.state.conversations().viewed();
    assert_eq!((&*lobby.title, lobby.unread, lobby.mentions), ("lobby", 0, 0));
}

#[test]
fn d11_a_mention_refers_to_the_longest_matching_name() {
    let mut client = client();
    client.receive(EventKind::Joined { user: "alice様".into(), room: "lobby".into() });
    client.press(Key::alt(Code::Char('3')));
    client.receive_message(1, "lobby", "bob", "@aliceさん見てください");
    client.receive_message(2, "lobby", "bob", "@alice様見て");
    let lobby = client.state.conversations().get(&ConversationId::room("lobby")).unwrap();
    assert_eq!((lobby.unread, lobby.mentions), (2, 1));
    client.receive(EventKind::Left { user: "alice様".into(), room: "lobby".into() });
    client.receive(EventKind::Disconnected { user: "alice様".into() });
    client.receive_message(3, "lobby", "bob", "@alice様見て");
    assert_eq!(client.lines(&ConversationId::Mentions).len(), 2);
}

#[test]
fn joins_and_leaves_are_folded_and_update_the_members() {
    let mut client = client();
    for user in ["carol", "dave", "erin"] {
        client.receive(EventKind::Joined { user: user.into(), room: "lobby".into() });
    }
    client.receive(EventKind::Disconnected { user: "bob".into() });
    assert_eq!(client.lobby(), ["~ carol, dave and erin joined, bob left"]);
    assert_eq!(client.state.conversations().viewed().members.len(), 4);
}

#[test]
fn many_joins_are_shown_as_a_number() {
    let mut client = client();
    client.receive(EventKind::Gathered { room: Some("lobby".into()), came: 300, went: 0, users: vec!["u1".into()] });
    client.receive(EventKind::Disconnected { user: "bob".into() });
    assert_eq!(client.lobby(), ["~ 300 joined, bob left"]);
}

#[test]
fn a_user_new_in_the_member_list_is_shown_as_joined() {
    let mut client = client();
    client.receive(EventKind::Connected { user: "zoe".into(), encrypted: false });
    client.advance_silently(4_000);
    assert!(client.take_sent().contains(&"/who lobby".to_owned()));
    let users = vec!["alice".into(), "bob".into(), "zoe".into()];
    client.answer(
        "/who lobby",
        EventKind::Members { room: "lobby".into(), users, unencrypted: Box::default(), part: Part::default() },
    );
    assert_eq!(client.lobby(), ["~ zoe joined"]);
}

#[test]
fn hostile_names_and_texts_are_cleaned() {
    let mut client = client();
    client.receive(EventKind::Said {
        id: 1,
        room: format!("r\u{1b}[2J{}", "x".repeat(9_999)).into(),
        user: "\u{1b}]0;t\u{7}eve\n".into(),
        text: "a\u{1b}[31mb\u{202e}c\nd".into(),
    });
    for conversation in client.state.conversations().iter() {
        assert!(conversation.title.chars().count() <= 40 && !conversation.title.contains('\u{1b}'));
        for line in client.lines(&conversation.id) {
            assert!(!line.chars().any(|c| c.is_control() && c != '\n') && !line.contains('\u{202e}'), "{line:?}");
        }
    }
}

#[test]
fn quit_is_sent_to_the_server() {
    let mut client = client();
    client.enter_line("/quit");
    assert_eq!(client.take_sent(), ["/quit"]);
    assert_eq!(client.effects, [ScreenEffect::Quit(Exit::Left)]);
}

#[test]
fn a5_the_server_as_a_sender_is_no_user() {
    let long = landline_common::name::server_author(&"x".repeat(100));
    for (id, speaker) in (1..).zip(["Landline (server)".to_owned(), long]) {
        let mut client = client();
        let known = |client: &TestClient| -> Vec<String> {
            let lobby = client.state.conversations().viewed();
            client.state.online().iter().chain(lobby.members.iter()).map(str::to_owned).collect()
        };
        let before = known(&client);
        client.receive(EventKind::Said {
            id,
            room: "lobby".into(),
            user: speaker.clone().into(),
            text: "lunch".into(),
        });
        client.receive(EventKind::SaidToAll { id: id + 10, user: speaker.clone().into(), text: "all of you".into() });
        let place = Location::Room("lobby".into());
        client.receive(EventKind::Recalled {
            id: id + 20,
            place,
            user: speaker.into(),
            text: "breakfast".into(),
            edited: false,
        });
        assert_eq!(known(&client), before);
        assert!(client.lobby().iter().any(|line| line.ends_with("(server): lunch")), "{:?}", client.lobby());
        assert!(!client.lobby().iter().any(|line| line.contains("joined")), "{:?}", client.lobby());
        client.type_in("La");
        client.press(Key::plain(Code::Tab));
        assert_eq!(client.state.conversations().viewed().draft.text(), "La");
    }
}

#[test]
fn x2_a_page_of_a_list_removes_no_known_user() {
    let mut client = client();
    let more = Some(More { count: 412, next: "/users after carol".into() });
    let part = Part { after: None, more };
    client.receive(EventKind::Online { users: vec!["carol".into()], unencrypted: Box::default(), part: part.clone() });
    client.receive(EventKind::Members {
        room: "lobby".into(),
        users: vec!["carol".into()],
        unencrypted: Box::default(),
        part,
    });
    for list in [client.state.online(), &client.state.conversations().viewed().members] {
        assert_eq!(list.iter().collect::<Vec<_>>(), ["alice", "bob", "carol"]);
    }
    let lobby = client.lobby().join("\n");
    assert!(lobby.contains("carol, and 412 more: /users after carol") && !lobby.contains("joined"), "{lobby}");
    let part = Part { after: Some("carol".into()), more: None };
    client.receive(EventKind::Online { users: vec!["zoe".into()], unencrypted: Box::default(), part });
    assert_eq!(client.state.online().iter().collect::<Vec<_>>(), ["alice", "bob", "carol", "zoe"]);
}

#[test]
fn lists_and_conversations_follow_users_who_take_another_name() {
    let mut client = client();
    client.enter_line("/query bob psst");
    client.answer("/pm bob", EventKind::Done { id: Some(3), repeated: false });
    client.receive(EventKind::Renamed { from: "bob".into(), to: "robert".into() });
    assert_eq!(client.lines(&ConversationId::user("robert")), ["alice: psst", "- bob is now robert"]);
    assert_eq!(client.state.conversations().get(&ConversationId::user("bob")).map(|it| &it.title), None);
    assert_eq!(client.lobby(), ["- bob is now robert"]);
    client.enter_line("still you");
    assert_eq!(client.take_sent().last().unwrap(), "/pm robert still you");
    // Sent to the earlier name, the line stays where it is.
    client.receive(EventKind::Renamed { from: "robert".into(), to: "bert".into() });
    assert_eq!(client.lines(&ConversationId::user("robert")).last().unwrap(), "pending alice: still you");

    client.receive(EventKind::Renamed { from: "alice".into(), to: "queen".into() });
    assert_eq!(client.state.me(), "queen");
    let queen = Remembered::Name(UserName::parse("queen").unwrap());
    assert_eq!(client.effects.iter().filter(|effect| **effect == ScreenEffect::Remember(queen.clone())).count(), 1);
    client.receive_message(9, "lobby", "bert", "hello queen");
    let lobby = client.state.conversations().get(&ConversationId::room("lobby")).unwrap();
    assert_eq!(lobby.members.iter().collect::<Vec<_>>(), ["bert", "queen"]);
    assert_eq!(lobby.mentions, 1);
}

#[test]
fn a_conversation_does_not_take_the_name_of_another_one() {
    let mut client = client();
    for (id, user) in [(1, "bob"), (2, "carol")] {
        client.receive(EventKind::Direct { id, from: user.into(), text: "hi".into(), kept: false });
    }
    client.receive(EventKind::Renamed { from: "bob".into(), to: "carol".into() });
    assert_eq!(client.lines(&ConversationId::user("bob")).first().unwrap(), "bob: hi");
}
