//! Overlays: no key that the user types while one is open becomes talk by accident.

use crate::chat::Input;
use crate::chat::conversation::ConversationId;
use crate::chat::key::{Code, Key};
use crate::chat::overlay::Overlay;
use crate::chat::test_client::TestClient;

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn draft(client: &TestClient) -> &str {
    client.state.conversations().viewed().draft.text()
}

fn help(client: &TestClient) -> Option<usize> {
    match client.state.overlay() {
        Some(Overlay::Help { first }) => Some(*first),
        _ => None,
    }
}

#[test]
fn a_line_typed_over_the_help_is_whole() {
    for open in ["/help", "/help all", "/HELP ALL", "help"] {
        let mut client = client();
        client.enter_line(open);
        assert!(help(&client).is_some(), "{open}");
        client.enter_line("/pm bob my secret");
        assert_eq!(client.take_sent(), ["/pm bob my secret"], "{open}");
    }
    let mut client = client();
    client.press(Key::plain(Code::F(1)));
    client.enter_line("quit is a word");
    assert_eq!(client.acknowledge_all(), ["lobby: quit is a word"]);
    client.press(Key::plain(Code::F(1)));
    client.step(Input::Paste("/pm bob my secret".into()));
    client.press(Key::plain(Code::Enter));
    assert_eq!(client.take_sent(), ["/pm bob my secret"]);
}

#[test]
fn only_four_keys_close_the_help_and_do_nothing_else() {
    for key in [Key::plain(Code::Escape), Key::plain(Code::Enter), Key::plain(Code::F(1)), Key::ctrl('c')] {
        let mut client = client();
        client.type_in("draft");
        client.press(Key::plain(Code::F(1)));
        client.press(key);
        assert_eq!((help(&client), draft(&client), client.effects.len()), (None, "draft", 0), "{key:?}");
        assert_eq!(client.take_sent(), [""; 0], "{key:?}");
    }
    let mut client = client();
    client.type_in("draft");
    client.press(Key::plain(Code::F(1)));
    client.press(Key::plain(Code::Backspace));
    assert_eq!((help(&client), draft(&client)), (None, "draf"));
}

#[test]
fn a_key_that_shows_another_conversation_does_so_over_the_help() {
    let mut client = client();
    client.enter_line("/query bob");
    client.press(Key::alt(Code::Char('1')));
    client.press(Key::plain(Code::F(1)));
    client.press(Key::alt(Code::Char('2')));
    client.enter_line("my secret");
    assert_eq!(client.acknowledge_all(), ["/pm bob my secret"]);
}

#[test]
fn the_help_scrolls_by_rows_pages_and_to_its_ends() {
    let mut client = client();
    client.press(Key::plain(Code::F(1)));
    let mut first_after = |code: Code| {
        client.press(Key::plain(code));
        help(&client).unwrap()
    };
    assert_eq!((first_after(Code::Down), first_after(Code::Up), first_after(Code::Up)), (1, 0, 0));
    let page = first_after(Code::PageDown);
    assert!(page > 5, "{page}");
    let end = first_after(Code::End);
    assert!(end > page);
    assert_eq!((first_after(Code::Down), first_after(Code::Home)), (end, 0));
}

#[test]
fn a_key_that_shows_another_conversation_keeps_a_paste_in_the_draft() {
    let mut client = client();
    client.enter_line("/query bob");
    client.press(Key::alt(Code::Char('1')));
    client.step(Input::Paste("one\ntwo\nthree\nfour".into()));
    assert!(matches!(client.state.overlay(), Some(Overlay::Paste(_))));
    client.press(Key::alt(Code::Char('2')));
    client.enter_line("my secret");
    assert_eq!(client.acknowledge_all(), ["/pm bob my secret"]);
    client.press(Key::alt(Code::Char('1')));
    assert_eq!((client.state.overlay(), draft(&client)), (None, "one\ntwo\nthree\nfour"));
}

#[test]
fn a_line_typed_over_a_paste_that_fills_the_input_does_not_send_the_paste() {
    for typed in ["/pm bob my secret", "x"] {
        let mut client = client();
        client.step(Input::Paste("words and words\n".repeat(4_000)));
        client.enter_line(typed);
        assert_eq!(client.take_sent(), [""; 0], "{typed}");
        assert!(matches!(client.state.overlay(), Some(Overlay::Paste(_))), "{typed}");
        client.press(Key::plain(Code::Enter));
        assert!(!client.take_sent().is_empty(), "a second Enter sends the paste");
    }
    let mut client = client();
    client.step(Input::Paste("words and words\n".repeat(4_000)));
    client.type_in("x");
    let Some(Overlay::Paste(pasted)) = client.state.overlay() else { panic!("no question about a paste") };
    assert!(pasted.losses().iter().any(|loss| loss.starts_with("typed keys were ignored")), "{:?}", pasted.losses());
}

#[test]
fn keys_over_a_password_form_reach_neither_draft_nor_room() {
    let mut client = client();
    client.enter_line("/query bob");
    client.press(Key::alt(Code::Char('1')));
    client.enter_line("/register");
    client.take_sent();
    for key in [Key::plain(Code::F(1)), Key::alt(Code::Char('2')), Key::alt(Code::Char('a')), Key::alt(Code::Char('m'))]
    {
        client.press(key);
        assert!(matches!(client.state.overlay(), Some(Overlay::Password(_))), "{key:?}");
    }
    client.enter_line("my secret");
    client.step(Input::Paste("my secret".into()));
    assert_eq!((client.take_sent(), draft(&client)), (vec![], ""));
    client.press(Key::plain(Code::Escape));
    assert_eq!((client.state.overlay(), draft(&client)), (None, ""));
    assert_eq!(client.state.conversations().viewed().id, ConversationId::room("lobby"));
}

#[test]
fn help_explains_a_command_and_names_a_word_that_is_none() {
    let mut client = client();
    client.enter_line("/help /all");
    assert_eq!(help(&client), None);
    assert!(client.lobby().last().unwrap().starts_with("- /all TEXT"), "{:?}", client.lobby());
    client.enter_line("/help foo");
    assert_eq!(client.lobby().last().unwrap(), "- no command /foo (/help lists all)");
}

#[test]
fn without_a_room_the_refusal_says_how_to_enter_one() {
    let mut client = client();
    client.enter_line("/leave");
    client.enter_line("hello");
    let said = client.lines(&ConversationId::Server).concat() + &client.lines(&ConversationId::Mentions).concat();
    assert!(said.contains("You are in no room. /join ROOM enters one, /rooms lists them."), "{said}");
    assert!(!said.contains("Alt-1"), "{said}");
}
