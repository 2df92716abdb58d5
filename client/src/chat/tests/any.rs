//! Property test: any sequence of inputs keeps the model consistent and bounded.

use crate::chat::Input;
use crate::chat::key::{Code, Key};
use crate::chat::limits::{MAX_BYTES, MAX_CONVERSATIONS, MAX_LINES};
use crate::chat::test_client::TestClient;
use crate::sign_in::Loss;
use landline_common::event::Part;
use landline_common::history::Location;
use landline_common::{Cause, EventKind};
use proptest::prelude::*;
use std::collections::HashSet;

const PEOPLE: [&str; 4] = ["alice", "bob", "Carol", "日本"];
const ROOMS: [&str; 3] = ["lobby", "ops", "Dev/x"];

#[derive(Clone, Debug)]
enum ScreenStep {
    Hear(EventKind<'static>),
    Press(Key),
    Type(String),
    Paste(String),
    Pass(u64),
    /// The server answers the oldest request.
    Answer(EventKind<'static>),
    Down(Loss),
    Folder(Vec<String>),
    Resize(usize, usize),
}

fn what() -> impl Strategy<Value = EventKind<'static>> {
    let who = || prop::sample::select(&PEOPLE[..]);
    let room = || prop::sample::select(&ROOMS[..]);
    let text = || prop_oneof![".{0,30}", Just("alice: hello".to_owned()), Just("hi".to_owned())];
    prop_oneof![
        8 => (0u64..40, room(), who(), text()).prop_map(|(id, room, user, text)| EventKind::Said {
            id, room: room.into(), user: user.into(), text: text.into() }),
        4 => (0u64..40, room(), who(), text()).prop_map(|(id, room, user, text)| EventKind::Recalled {
            id, place: Location::Room(room.into()), user: user.into(), text: text.into(), edited: false }),
        2 => (0u64..40, who(), text()).prop_map(|(id, from, text)| EventKind::Direct {
            id, from: from.into(), text: text.into(), kept: false }),
        1 => (0u64..40, who(), text()).prop_map(|(id, user, text)| EventKind::SaidToAll {
            id, user: user.into(), text: text.into() }),
        1 => who().prop_map(|from| EventKind::PrivateConnected { with: from.into() }),
        1 => who().prop_map(|from| EventKind::PrivateRequest { from: from.into() }),
        1 => who().prop_map(|from| EventKind::DirectRequest { from: from.into(), key: "".into() }),
        2 => who().prop_map(|with| EventKind::DirectConnected { with: with.into(), fingerprint: "12345".into() }),
        2 => (who(), any::<bool>(), text()).prop_map(|(with, own, text)| EventKind::DirectTalk {
            with: with.into(), own, text: text.into() }),
        1 => who().prop_map(|with| EventKind::DirectEnded { with: with.into(), reason: "lost".into() }),
        2 => (who(), room()).prop_map(|(user, room)| EventKind::Joined { user: user.into(), room: room.into() }),
        2 => who().prop_map(|user| EventKind::Disconnected { user: user.into() }),
        2 => (who(), who()).prop_map(|(from, to)| EventKind::Renamed { from: from.into(), to: to.into() }),
        1 => who().prop_map(|user| EventKind::Connected { user: user.into(), encrypted: false }),
        1 => room().prop_map(|room| EventKind::Members { room: room.into(), users: vec!["alice".into(), "bob".into()], unencrypted: Box::default(), part: Part::default() }),
        1 => room().prop_map(|room| Cause::Entered.with_room(room).into()),
        1 => room().prop_map(|room| Cause::LeftRoom.with_room(room).into()),
        1 => Just(Cause::Kicked.report().into()),
        1 => (room(), any::<bool>(), any::<bool>()).prop_map(|(room, missed, more)| EventKind::CaughtUp {
            room: room.into(), count: 1, missed, more }),
        1 => who().prop_map(|with| EventKind::PrivateEnded { with: with.into(), reason: "x".into() }),
        1 => text().prop_map(EventKind::info),
        2 => text().prop_map(|text| EventKind::error(404, text)),
        1 => who().prop_map(|name| Cause::NoSuchUser.with_user(name).into()),
        2 => (0u64..40).prop_map(|id| EventKind::Done { id: Some(id), repeated: true }),
        2 => Just(EventKind::RecallEnd { count: 1, remark: "".into(), next: None }),
        1 => Just(EventKind::RecallEnd { count: 1, remark: "".into(), next: Some("/history after 3".into()) }),
        1 => Just(EventKind::Welcome { user: "alice".into(), server: "s".into(), room: "lobby".into(), account: true, grant: Default::default() }),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    use Code::*;
    let code = prop::sample::select(vec![
        Enter,
        Escape,
        Tab,
        BackTab,
        Backspace,
        Delete,
        Left,
        Right,
        Up,
        Down,
        Home,
        End,
        PageUp,
        PageDown,
        F(1),
        Char('a'),
        Char('m'),
        Char('l'),
        Char('e'),
        Char('1'),
        Char('4'),
        Char('w'),
        Char('u'),
        Char('p'),
        Char('r'),
    ]);
    (code, any::<bool>(), any::<bool>()).prop_map(|(code, ctrl, alt)| Key { code, ctrl, alt })
}

fn step() -> impl Strategy<Value = ScreenStep> {
    let lines = [
        "hi",
        "/join ops",
        "/leave",
        "/pm bob x",
        "/all y",
        "/clear",
        "/query 日本",
        "/close",
        "/history",
        "/x",
        "/direct-say bob hi",
        "/direct-stop bob",
        "/save x",
        "/accept bob",
        "/cancel",
        "/register",
        "/password",
        "/connect bob",
    ];
    prop_oneof![
        8 => what().prop_map(ScreenStep::Hear),
        4 => key().prop_map(ScreenStep::Press),
        3 => prop::sample::select(lines.to_vec()).prop_map(|line| ScreenStep::Type(line.to_owned())),
        1 => "(.{0,9}\n){0,6}".prop_map(ScreenStep::Paste),
        3 => (0u64..20_000).prop_map(ScreenStep::Pass),
        3 => what().prop_map(ScreenStep::Answer),
        1 => prop::sample::select(vec![Loss::Server, Loss::Network, Loss::Address]).prop_map(ScreenStep::Down),
        1 => prop::collection::vec(".{0,5}", 0..4).prop_map(ScreenStep::Folder),
        1 => (0usize..200, 0usize..60).prop_map(|(width, height)| ScreenStep::Resize(width, height)),
    ]
}

/// Asserts the invariants of all conversations.
fn check(client: &TestClient) {
    assert!(client.state.conversations().iter().count() <= MAX_CONVERSATIONS);
    let mut total = 0;
    for conversation in client.state.conversations().iter() {
        let lines = conversation.lines();
        assert!(lines.len() <= MAX_LINES && conversation.mentions <= conversation.unread);
        let ids: Vec<u64> = lines.iter().filter_map(|line| line.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "duplicate id: {ids:?}");
        let keys: HashSet<u64> = lines.iter().map(|line| line.key).collect();
        assert_eq!(keys.len(), lines.len());
        assert!(conversation.scroll.is_none_or(|anchor| keys.contains(&anchor.key)));
        assert!(conversation.marker.is_none_or(|marker| keys.contains(&marker)));
        assert_eq!(conversation.size_bytes(), lines.iter().map(|line| line.size_bytes()).sum::<usize>());
        total += conversation.size_bytes();
    }
    assert!(total <= MAX_BYTES);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_model_stays_consistent_after_any_steps(steps in prop::collection::vec(step(), 0..80)) {
        let mut client = TestClient::signed_in(80, 24);
        for step in steps {
            match step {
                ScreenStep::Hear(what) => client.receive(what),
                ScreenStep::Press(key) => client.press(key),
                ScreenStep::Type(line) => client.enter_line(&line),
                ScreenStep::Paste(text) => client.step(Input::Paste(text)),
                ScreenStep::Pass(ms) => client.advance(ms),
                ScreenStep::Answer(what) => {
                    if let Some((_, line)) = client.unanswered.first().cloned() {
                        client.answer(&line, what);
                    }
                }
                ScreenStep::Down(loss) => client.connection_down("cut", loss),
                ScreenStep::Folder(names) => {
                    client.type_in("/save ");
                    client.press(Key::plain(Code::Tab));
                    client.step(Input::Folder(names));
                }
                ScreenStep::Resize(width, height) => client.step(Input::Resize(width, height)),
            }
            let geometry = client.state.geometry();
            prop_assert!(geometry.input >= 1);
            check(&client);
        }
    }
}

#[test]
fn a_long_conversation_stays_bounded() {
    let mut client = TestClient::signed_in(80, 24);
    let long = "word ".repeat(390);
    for id in 0..20_000 {
        client.receive_message(id, "lobby", "bob", if id % 3 == 0 { &long } else { "short" });
    }
    check(&client);
    assert!(client.lobby().last().unwrap().ends_with("short"));
}
