//! Snapshots of the menus, and of the marks of a room.

use super::{SIZES, screen};
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use insta::assert_snapshot;
use landline_common::event::Part;
use landline_common::{EventKind, RoomOverview, Standing};

/// Returns the owner of the lobby, a class room with two raised hands and a muted user.
fn class(width: usize, height: usize) -> TestClient {
    let mut client = TestClient::new(width, height);
    let rules = RoomOverview {
        owners: vec!["alice".into()],
        topic: Some("lesson 3".into()),
        open: true,
        quiet: true,
        muted: vec!["dave".into()],
        hands: vec![("erin".into(), "is it about loops?".into()), ("bob".into(), "may I go out?".into())],
        you: Standing { owner: true, ..Standing::default() },
        ..RoomOverview::default()
    };
    client.rules.insert("lobby".into(), rules);
    client.welcome();
    client.nothing_missed();
    client.answer_all();
    client.advance(6_000);
    for user in ["carol", "dave", "erin"] {
        client.receive(EventKind::Joined { user: user.into(), room: "lobby".into() });
    }
    client.receive_message(1, "lobby", "carol", "what is that?");
    client
}

#[test]
fn owner_sees_who_raises_a_hand_and_has_menus() {
    for (width, height) in SIZES {
        let mut client = class(width, height);
        assert_snapshot!(format!("class_{width}x{height}"), screen(&client));
        client.press(Key::plain(Code::F(3)));
        assert_snapshot!(format!("room_menu_{width}x{height}"), screen(&client));
        client.press(Key::plain(Code::Char('u')));
        assert_snapshot!(format!("members_menu_{width}x{height}"), screen(&client));
        client.press(Key::plain(Code::Char('3')));
        client.receive(EventKind::Left { user: "carol".into(), room: "lobby".into() });
        assert_snapshot!(format!("user_menu_{width}x{height}"), screen(&client));
    }
}

#[test]
fn members_in_the_clear_are_marked_on_an_encrypted_connection() {
    let list = |is_encrypted: bool, width: usize| {
        let mut client = TestClient::new(width, 24);
        client.is_encrypted = is_encrypted;
        let muted = vec!["dave".to_owned()];
        client.welcome();
        client.nothing_missed();
        client.answer_all();
        let rules = Box::new(RoomOverview { open: true, muted, ..RoomOverview::default() });
        client.receive(EventKind::Rules { room: "lobby".into(), rules });
        let users = ["alice", "bob", "carol", "dave"].map(Into::into).to_vec();
        let (unencrypted, part) = (Box::new(["bob".into(), "dave".into()]), Part::default());
        client.receive(EventKind::Members { room: "lobby".into(), users, unencrypted, part });
        client.receive(EventKind::Connected { user: "erin".into(), encrypted: false });
        client.receive(EventKind::Joined { user: "erin".into(), room: "lobby".into() });
        client.receive(EventKind::Renamed { from: "erin".into(), to: "zoe".into() });
        screen(&client)
    };
    let shown = list(true, 120);
    for row in ["│ alice", "│ bob         clear", "│ carol", "│ dave  muted clear", "│ zoe         clear"] {
        assert!(shown.contains(&format!("{row}\n")), "{row}: {shown}");
    }
    let clear = list(false, 120);
    assert!(!clear.contains("clear") && clear.contains("│ dave        muted\n"), "{clear}");
}

#[test]
fn names_behind_raised_hands_stay_apart_in_a_narrow_list() {
    let mut client = class(100, 24);
    let hands = (1..13).map(|n| (format!("pupil{n:02}"), String::new())).collect();
    let muted = vec!["dave".to_owned()];
    let you = Standing { owner: true, ..Standing::default() };
    let server_owners = vec!["carol".to_owned()];
    let rules = RoomOverview { quiet: true, open: true, hands, muted, server_owners, you, ..RoomOverview::default() };
    client.receive(EventKind::Rules { room: "lobby".into(), rules: Box::new(rules) });
    for n in 1..13 {
        client.receive(EventKind::Joined { user: format!("pupil{n:02}").into(), room: "lobby".into() });
    }
    let shown = screen(&client);
    for n in 1..13 {
        assert!(shown.contains(&format!("│ pupil{n:02}{:>7}\n", format!("h{n}"))), "{shown}");
    }
    assert!(shown.contains("│ dave         m\n"), "one form for all: {shown}");
    assert!(shown.contains("│@carol\n"), "an owner of the server: {shown}");
}
