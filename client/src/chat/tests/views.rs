//! Which commands show another conversation, and what confirms a line that goes elsewhere.

use crate::chat::conversation::ConversationId;
use crate::chat::test_client::TestClient;
use crate::sign_in::Loss;
use landline_common::{Cause, EventKind};

fn viewed(desk: &TestClient) -> ConversationId {
    desk.state.conversations().viewed().place.clone()
}

fn desk() -> TestClient {
    TestClient::signed_in(80, 24)
}

#[test]
fn b7_a_message_leaves_the_user_where_they_are() {
    for word in ["/pm", "/msg", "/w", "/tell", "/dm", "/m", "/whisper", "message"] {
        let mut desk = desk();
        desk.enter(&format!("{word} bob hi"));
        assert_eq!(
            (desk.take_sent(), viewed(&desk)),
            (vec!["/pm bob hi".to_owned()], ConversationId::room("lobby")),
            "{word}"
        );
        assert_eq!(desk.lines(&ConversationId::person("bob")), ["pending alice: hi"]);
        assert_eq!(desk.lobby(), ["- → bob: hi"]);
        desk.enter("hi both");
        assert_eq!(desk.take_sent(), ["lobby: hi both"]);
    }
}

#[test]
fn b7_query_shows_the_conversation_and_sends_its_text() {
    let mut desk = desk();
    desk.enter("/query bob hi there");
    assert_eq!((desk.take_sent(), viewed(&desk)), (vec!["/pm bob hi there".to_owned()], ConversationId::person("bob")));
    assert_eq!(desk.lines(&ConversationId::person("bob")), ["pending alice: hi there"]);
    // Where the line is shown anyway, nothing confirms it.
    desk.enter("/pm bob again");
    assert_eq!(desk.lines(&ConversationId::person("bob")).len(), 2);
    assert_eq!(desk.lobby(), [""; 0]);
    desk.enter("/query");
    assert!(desk.lines(&ConversationId::person("bob")).last().unwrap().contains("Usage: /query USER [TEXT]"));
}

#[test]
fn b7_talk_to_everybody_and_in_secret_chats_is_confirmed_where_the_user_is() {
    let mut desk = desk();
    desk.enter("/all lunch\n  now");
    assert_eq!(
        (viewed(&desk), desk.lobby()),
        (ConversationId::room("lobby"), vec!["- → everybody: lunch now".to_owned()])
    );
    desk.hear(EventKind::PrivateConnected { with: "bob".into() });
    for line in ["/private bob psst", "private txt psst"] {
        desk.enter(line);
        assert_eq!(viewed(&desk), ConversationId::room("lobby"));
        assert_eq!(desk.lobby().last().unwrap(), "- → bob (off-the-record chat)", "its text is stored nowhere");
    }
    assert_eq!(desk.take_said(), ["/all lunch\n  now", "/private bob psst", "/private bob psst"]);
}

#[test]
fn b7_a_message_that_fails_says_so_where_the_user_is() {
    let mut desk = desk();
    desk.enter("/pm bbo hi");
    desk.answer("/pm bbo", Cause::NoSuchUser.with_user("bbo").into());
    assert!(desk.lobby().last().unwrap().starts_with("- → bbo: not sent: "), "{:?}", desk.lobby());
    desk.down("the connection broke", Loss::Server);
    desk.enter("/pm bob hi");
    assert!(desk.lobby().contains(&"- → bob: hi (waits for a connection)".to_owned()), "{:?}", desk.lobby());
}

#[test]
fn b7_asking_for_a_chat_leaves_the_user_where_they_are() {
    let mut desk = desk();
    desk.enter("/connect bob");
    desk.answer("/connect bob", EventKind::PrivateConnected { with: "bob".into() });
    desk.enter("/direct bob");
    desk.answer("/direct bob", Cause::DirectAsked.with_user("bob").into());
    for line in ["/users", "/block eve", "/end bob", "/who lobby", "/search tea", "/leave ops"] {
        desk.enter(line);
        assert_eq!(viewed(&desk), ConversationId::room("lobby"), "{line}");
    }
    desk.enter("/join ops");
    assert_eq!(viewed(&desk), ConversationId::room("ops"));
    desk.enter("/mentions");
    assert_eq!(viewed(&desk), ConversationId::Mentions);
}
