//! The status line.

use super::screen;
use crate::chat::Input;
use crate::chat::key::{Code, Key};
use crate::chat::test_client::{TestClient, encrypted};
use crate::encryption::Encryption;
use crate::sign_in::SignInRefused;
use crate::tui::view::bars::LOCK;
use landline_common::{Cause, EventKind};

/// Returns the status line.
fn status(client: &TestClient) -> String {
    let shown = screen(client);
    shown.lines().rev().nth(1).unwrap().to_owned()
}

#[test]
fn a7_the_status_line_counts_unread_messages_if_the_list_is_hidden() {
    for (width, height) in [(47, 15), (45, 15), (40, 10), (20, 5)] {
        let mut client = TestClient::signed_in(width, height);
        assert!(status(&client).contains("F1 help"), "{}", status(&client));
        client.enter_line("/join ops");
        client.grant_join("ops");
        client.receive_message(1, "lobby", "bob", "one");
        client.receive_message(2, "lobby", "bob", "two");
        assert!(status(&client).ends_with(" 2 new · Alt-a"), "{}", status(&client));
        client.receive(EventKind::Direct { id: 3, from: "bob".into(), text: "psst".into(), kept: false });
        assert!(status(&client).ends_with("@1 · 3 new · Alt-a"), "{}", status(&client));
        client.press(Key::alt(Code::Char('a')));
        assert!(status(&client).ends_with(" 2 new · Alt-a"), "the message for her comes first: {}", status(&client));
        client.press(Key::alt(Code::Char('a')));
        assert!(status(&client).contains("F1 help"), "{}", status(&client));
    }
    let mut client = TestClient::signed_in(48, 15);
    client.receive(EventKind::Direct { id: 3, from: "bob".into(), text: "psst".into(), kept: false });
    assert!(!status(&client).contains("new"), "the list shows it: {}", status(&client));
}

#[test]
fn an_encrypted_connection_has_a_lock_where_it_fits() {
    for (width, height) in [(20, 5), (24, 8), (40, 10), (60, 15), (80, 24), (120, 30)] {
        let mut client = TestClient::signed_in(width, height);
        let clear = status(&client);
        client.step(Input::Reached(encrypted()));
        let locked = status(&client);
        assert!(clear.contains("● connect") && locked.contains("● connect"), "{clear:?} {locked:?}");
        assert!(!clear.contains(LOCK) && (locked.contains(LOCK) || width < 40), "{locked:?}");
        // The chat request takes its space first.
        client.receive(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
        assert!(width < 40 || status(&client).contains("chat: /accept") || width >= 60, "{}", status(&client));
        client.step(Input::Reached(Encryption::None));
        assert!(!status(&client).contains(LOCK));
    }
}

#[test]
fn b8_a_chat_request_stays_in_the_status_line_until_answered() {
    for width in [40, 60, 80, 120] {
        let mut client = TestClient::signed_in(width, 15);
        client.receive(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
        for tab in '1'..='4' {
            client.press(Key::alt(Code::Char(tab)));
            let wanted = if width < 60 { "chat: /accept" } else { "bob wants an encrypted chat: /accept bob" };
            assert!(status(&client).contains(wanted), "{}", status(&client));
        }
        client.receive(EventKind::PrivateRequest { from: "carol".into() });
        let more = "carol wants an off-the-record chat: /accept carol (and 1 more)";
        assert!(width < 80 || status(&client).contains(more), "{}", status(&client));
        for user in ["bob", "carol"] {
            client.receive(EventKind::Disconnected { user: user.into() });
        }
        assert!(!status(&client).contains("/accept"), "{}", status(&client));
    }
}

#[test]
fn b14_a_message_to_all_rings_and_is_in_the_status_line() {
    let mut client = TestClient::signed_in(80, 24);
    client.effects.clear();
    client.receive(EventKind::SaidToAll { id: 1, user: "bob".into(), text: "lunch!".into() });
    assert_eq!(client.effects, [crate::chat::ScreenEffect::Bell]);
    assert!(status(&client).contains("bob to all: lunch!"), "{}", status(&client));
    client.advance(21_000);
    assert!(!status(&client).contains("lunch"), "it shortens other texts: {}", status(&client));
    assert!(screen(&client).contains("@1"), "{}", screen(&client));
    client.press(Key::alt(Code::Char('a')));
    assert_eq!(client.state.conversations().viewed().id, crate::chat::conversation::ConversationId::Global);
    assert!(!status(&client).contains("lunch"), "{}", status(&client));
}

#[test]
fn closed_doors_and_the_key_that_connects_fit_into_the_status_line() {
    let mut client = TestClient::signed_in(80, 24);
    client.lose_connection();
    let refused = |cause| SignInRefused { why: "word ".repeat(40), cause, retry: false };
    client.step(Input::Refused(refused(Cause::DoorsClosed)));
    let shown = status(&client);
    assert!(shown.starts_with(" ○ reconnecting in ") && shown.ends_with("F1 help"), "{shown}");
    assert!(shown.contains(" · the server's doors are closed · Ctrl-R now "), "{shown}");
    client.enter_line("hello?");
    assert!(status(&client).contains("… · Ctrl-R now "), "{}", status(&client));
    client.step(Input::Refused(refused(Cause::AddressBanned)));
    assert!(status(&client).contains("… · Ctrl-R tries again "), "{}", status(&client));
}
