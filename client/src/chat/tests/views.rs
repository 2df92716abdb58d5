//! Commands that change the view or keep it, and notices about lines sent elsewhere.

use crate::chat::conversation::ConversationId;
use crate::chat::test_client::TestClient;
use crate::sign_in::Loss;
use landline_common::{Cause, EventKind};

fn viewed(client: &TestClient) -> ConversationId {
    client.state.conversations().viewed().id.clone()
}

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

#[test]
fn b7_a_message_to_a_user_keeps_the_view() {
    for word in ["/pm", "/msg", "/w", "/tell", "/dm", "/m", "/whisper", "message"] {
        let mut client = client();
        client.enter_line(&format!("{word} bob hi"));
        assert_eq!(
            (client.take_sent(), viewed(&client)),
            (vec!["/pm bob hi".to_owned()], ConversationId::room("lobby")),
            "{word}"
        );
        assert_eq!(client.lines(&ConversationId::user("bob")), ["pending alice: hi"]);
        assert_eq!(client.lobby(), ["- → bob: hi"]);
        client.enter_line("hi both");
        assert_eq!(client.take_sent(), ["lobby: hi both"]);
    }
}

#[test]
fn b7_query_shows_the_conversation_and_sends_its_text() {
    let mut client = client();
    client.enter_line("/query bob hi there");
    assert_eq!(
        (client.take_sent(), viewed(&client)),
        (vec!["/pm bob hi there".to_owned()], ConversationId::user("bob"))
    );
    assert_eq!(client.lines(&ConversationId::user("bob")), ["pending alice: hi there"]);
    // A line shown in the viewed conversation needs no notice.
    client.enter_line("/pm bob again");
    assert_eq!(client.lines(&ConversationId::user("bob")).len(), 2);
    assert_eq!(client.lobby(), [""; 0]);
    client.enter_line("/query");
    assert!(client.lines(&ConversationId::user("bob")).last().unwrap().contains("Usage: /query USER [TEXT]"));
}

#[test]
fn b7_messages_sent_elsewhere_are_confirmed_in_the_viewed_conversation() {
    let mut client = client();
    client.enter_line("/all lunch\n  now");
    assert_eq!(
        (viewed(&client), client.lobby()),
        (ConversationId::room("lobby"), vec!["- → everybody: lunch now".to_owned()])
    );
    client.receive(EventKind::PrivateConnected { with: "bob".into() });
    for line in ["/private bob psst", "private txt psst"] {
        client.enter_line(line);
        assert_eq!(viewed(&client), ConversationId::room("lobby"));
        assert_eq!(
            client.lobby().last().unwrap(),
            "- → bob (off-the-record chat)",
            "the text of a secret chat stays in its tab"
        );
    }
    assert_eq!(client.acknowledge_all(), ["/all lunch\n  now", "/private bob psst", "/private bob psst"]);
}

#[test]
fn b7_a_failed_message_is_shown_in_the_viewed_conversation() {
    let mut client = client();
    client.enter_line("/pm bbo hi");
    client.answer("/pm bbo", Cause::NoSuchUser.with_user("bbo").into());
    assert!(client.lobby().last().unwrap().starts_with("- → bbo: not sent: "), "{:?}", client.lobby());
    assert!(client.lobby().contains(&"- → bbo: hi (not sent)".to_owned()), "{:?}", client.lobby());
    client.enter_line("/pm bob psst");
    client.answer("/pm bob", Cause::Muted.with_room("lobby").into());
    assert_eq!(client.lobby().last().unwrap(), "- → bob: not sent: You are muted in lobby.", "told once");
    client.connection_down("the connection broke", Loss::Server);
    client.enter_line("/pm bob hi");
    assert!(client.lobby().contains(&"- → bob: hi (waits for a connection)".to_owned()), "{:?}", client.lobby());
}

#[test]
fn b7_asking_for_a_chat_keeps_the_view() {
    let mut client = client();
    client.enter_line("/connect bob");
    client.answer("/connect bob", EventKind::PrivateConnected { with: "bob".into() });
    client.enter_line("/direct bob");
    client.answer("/direct bob", Cause::DirectAsked.with_user("bob").into());
    for line in ["/users", "/block eve", "/end bob", "/who lobby", "/search tea", "/leave ops"] {
        client.enter_line(line);
        assert_eq!(viewed(&client), ConversationId::room("lobby"), "{line}");
    }
    client.enter_line("/join ops");
    assert_eq!(viewed(&client), ConversationId::room("ops"));
    client.enter_line("/mentions");
    assert_eq!(viewed(&client), ConversationId::Mentions);
}
