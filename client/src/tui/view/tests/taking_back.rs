//! Snapshots of changed, removed and pinned messages.

use super::{SIZES, screen};
use crate::chat::test_client::TestClient;
use insta::assert_snapshot;
use landline_common::{Cause, EventKind};

#[test]
fn changed_and_removed_messages_are_marked_and_the_pin_stands_on_top() {
    for (width, height) in SIZES {
        let mut client = TestClient::signed_in(width, height);
        for (id, user, text) in
            [(1, "bob", "tea is at fife today"), (2, "bob", "buy my bike"), (3, "carol", "who comes?")]
        {
            client.receive_message(id, "lobby", user, text);
        }
        let text = "tea is at five today".into();
        client.receive(EventKind::Edited { id: 1, room: "lobby".into(), user: "bob".into(), text });
        let (room, user, by) = (Some("lobby".into()), "bob".into(), "carol".into());
        client.receive(EventKind::Deleted { room, ids: vec![2], user, by, said_ms: 0 });
        let mut report = Cause::Pin.with_user("bob").in_room("lobby");
        report.about.id = Some(1);
        report.about.word = Some("tea is at five today, in the room upstairs, as every Monday since last year".into());
        client.receive(report.into());
        assert_snapshot!(format!("taken_back_{width}x{height}"), screen(&client));
    }
}
