//! Tests of encrypted chats.

use super::*;

fn open(client: &mut TestClient) {
    client.hear(EventKind::DirectConnected { with: "Bob".into(), fingerprint: "12345".into() });
}

fn out(client: &mut TestClient, text: &'static str) {
    client.answer("/direct-say", EventKind::DirectTalk { with: "Bob".into(), own: true, text: text.into() });
}

fn ended(client: &mut TestClient) {
    client.hear(EventKind::DirectEnded { with: "Bob".into(), reason: "the link is lost".into() });
}

#[test]
fn a_line_of_an_encrypted_chat_is_sent_at_once() {
    let mut client = TestClient::guest(PERSON);
    client.type_in("private bob too early");
    assert_eq!(client.take_sent(), [""; 0]);
    assert_eq!(
        client.said,
        [
            "not sent: no encrypted chat with bob is open; /direct bob asks for one (/say TEXT sends any text to the room)"
        ]
    );
    open(&mut client);
    for n in 0..10 {
        client.type_in(&format!("/direct-say bob line {n}"));
    }
    assert_eq!(client.take_sent().len(), 10, "the server's rate does not apply");
    client.type_in("/direct-stop bob");
    assert_eq!(client.take_sent(), ["/direct-stop bob"]);
}

#[test]
fn a_script_ends_when_its_lines_are_sent() {
    let mut client = TestClient::guest(PIPE);
    open(&mut client);
    for line in ["/direct-say bob one", "/direct-say bob one"] {
        client.type_in(line);
    }
    client.step(PlainInput::End);
    out(&mut client, "one");
    assert_eq!(client.left, None);
    out(&mut client, "one");
    assert_eq!(client.left, Some(Ok(())));
}

#[test]
fn an_unsent_line_of_an_ended_chat_is_named() {
    let mut client = TestClient::guest(PIPE);
    open(&mut client);
    client.type_in("/direct-say bob lost");
    client.step(PlainInput::End);
    ended(&mut client);
    assert_eq!(client.left, Some(Err("1 line was refused".into())));
    let said = &client.said[0];
    assert!(said.contains("the link is lost") && said.ends_with("/direct-say bob lost"), "{said}");
}

#[test]
fn an_encrypted_chat_keeps_a_script_alive_without_the_server() {
    let mut client = TestClient::guest(PIPE);
    open(&mut client);
    client.down();
    client.pass(100_000, false);
    assert_eq!(client.left, None, "an open chat keeps the script alive");
    assert!(client.plain.takes_lines());
    client.type_in("/direct-say bob are you there?");
    assert_eq!(client.take_sent(), ["/direct-say bob are you there?"]);
    client.type_in("hello, room");
    assert_eq!(client.take_sent(), [""; 0], "a message to the room waits for the server");
    ended(&mut client);
    client.pass(200, false);
    assert!(client.left.unwrap().unwrap_err().starts_with("no connection for 30 s"));
}

#[test]
fn a_script_that_has_ended_leaves_even_without_the_server() {
    let mut client = TestClient::guest(PIPE);
    open(&mut client);
    client.down();
    client.type_in("/direct-say bob the last word");
    client.step(PlainInput::End);
    assert_eq!(client.left, None);
    out(&mut client, "the last word");
    assert_eq!(client.left, Some(Ok(())));
}

#[test]
fn no_line_is_read_while_many_are_unanswered() {
    let mut client = TestClient::guest(PIPE);
    open(&mut client);
    let mut typed = 0;
    while client.plain.takes_lines() {
        client.type_in("/direct-say bob x");
        typed += 1;
    }
    assert_eq!(typed, 16);
    out(&mut client, "x");
    assert!(client.plain.takes_lines());
}

#[test]
fn users_get_sentences_and_programs_exact_lines() {
    for (ways, dialect) in [(PIPE, Dialect::Lines), (PERSON, Dialect::LanTalk)] {
        let mut client = TestClient::guest(ways);
        for what in [
            EventKind::DirectRequest { from: "bob".into(), key: "00".into() },
            EventKind::DirectReady { user: "bob".into(), key: "00".into(), addresses: "".into() },
            EventKind::DirectConnected { with: "bob".into(), fingerprint: "12345".into() },
            EventKind::DirectEnded { with: "bob".into(), reason: "bob left".into() },
            EventKind::PrivateRequest { from: "bob".into() },
        ] {
            (client.shown, client.dialect) = (0, None);
            client.hear(what);
            assert_eq!((client.shown, client.dialect), (1, Some(dialect)));
        }
    }
}

#[test]
fn own_lines_are_printed_for_programs_only() {
    for (ways, shown) in [(PIPE, 1), (PERSON, 1), (JSON, 2)] {
        let mut client = TestClient::guest(ways);
        open(&mut client);
        client.shown = 0;
        client.type_in("/direct-say bob mine");
        out(&mut client, "mine");
        client.hear(EventKind::DirectTalk { with: "bob".into(), own: false, text: "theirs".into() });
        assert_eq!(client.shown, shown);
    }
}
