//! Chats that are stored nowhere, off the record and encrypted.

use crate::chat::conversation::{ConversationId, SecretChatState};
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Input, ScreenEffect};
use crate::sign_in::Loss;
use landline_common::event::Reply;
use landline_common::{Cause, Event, EventKind, OffsetDateTime};

const NUMBERS: &str = "12345 67890 12345 67890 12345 67890 12345 67890";

fn client() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn bob() -> ConversationId {
    ConversationId::encrypted("bob")
}

/// This program tells something itself.
fn told(client: &mut TestClient, what: EventKind<'static>) {
    let event = Box::new(what.at(OffsetDateTime::default()));
    client.step(Input::Event { event, by_program: true });
}

fn open(client: &mut TestClient) {
    told(client, EventKind::DirectConnected { with: "Bob".into(), fingerprint: NUMBERS.into() });
}

fn heard(client: &mut TestClient, text: &str) {
    told(client, EventKind::DirectTalk { with: "Bob".into(), own: false, text: text.to_owned().into() });
}

/// The first line that has not gone out has.
fn out(client: &mut TestClient) {
    let at = client.unanswered.iter().position(|(_, line)| line.starts_with("/direct-say")).expect("a line");
    let (label, line) = client.unanswered.remove(at);
    let text = line.splitn(3, ' ').nth(2).unwrap().to_owned().into();
    let reply = Some(Reply { label: label.into(), done: true });
    let what = EventKind::DirectTalk { with: "Bob".into(), own: true, text };
    let event = Box::new(Event { reply, ..what.at(OffsetDateTime::default()) });
    client.step(Input::Event { event, by_program: true });
}

fn ended(client: &mut TestClient, reason: &'static str) {
    told(client, EventKind::DirectEnded { with: "Bob".into(), reason: reason.into() });
}

/// In the tab of an open chat.
fn with_bob() -> TestClient {
    let mut client = client();
    open(&mut client);
    client.press(Key::alt(Code::Char('2')));
    assert_eq!(client.state.conversations().viewed().id, bob());
    client
}

/// What was said, without notices.
fn said(client: &TestClient) -> Vec<String> {
    let mut lines = client.lines(&bob());
    lines.retain(|line| !line.starts_with("- "));
    lines
}

#[test]
fn a_request_rings_and_says_how_to_answer() {
    let mut client = client();
    client.receive(EventKind::DirectRequest { from: "Bob".into(), key: "00".into() });
    assert!(client.effects.contains(&ScreenEffect::Bell));
    assert_eq!(client.state.conversations().get(&bob()).unwrap().mentions, 1);
    let asked = "- Bob wants an encrypted chat, past the server: /accept Bob or /reject Bob";
    assert_eq!(client.lines(&bob()), [asked]);
}

#[test]
fn a4_accepting_shows_the_chat_and_what_is_typed_next_goes_there_or_nowhere() {
    for (named, off_the_record) in [(true, false), (false, false), (true, true)] {
        let mut client = client();
        client.receive(EventKind::Direct { id: 1, from: "bob".into(), text: "hi".into(), kept: false });
        client.press(Key::alt(Code::Char('a')));
        let (place, request) = if off_the_record {
            (ConversationId::off_the_record("bob"), EventKind::PrivateRequest { from: "bob".into() })
        } else {
            (bob(), EventKind::DirectRequest { from: "bob".into(), key: "00".into() })
        };
        client.receive(request);
        assert_eq!(client.state.conversations().viewed().id, ConversationId::user("bob"));
        client.enter_line(if named { "/accept bob" } else { "/accept" });
        let stored = client.lines(&ConversationId::user("bob"));
        assert!(stored.last().unwrap().contains("has a tab of its own"), "{stored:?}");
        assert_eq!(client.state.conversations().viewed().id, place);
        client.take_sent();
        client.enter_line("between us");
        assert_eq!(client.take_sent(), [""; 0], "it is not open yet");
        assert_eq!(client.state.conversations().viewed().draft.text(), "between us");
        let connected = if off_the_record {
            EventKind::PrivateConnected { with: "bob".into() }
        } else {
            EventKind::DirectConnected { with: "bob".into(), fingerprint: NUMBERS.into() }
        };
        told(&mut client, connected);
        client.press(Key::plain(Code::Enter));
        let sent = client.take_sent();
        let word = if off_the_record { "/private" } else { "/direct-say" };
        assert_eq!(sent, [format!("{word} bob between us")]);
    }
}

#[test]
fn a4_a_chat_that_ends_while_it_is_viewed_takes_no_more_talk() {
    for off_the_record in [false, true] {
        let mut client = client();
        let place = if off_the_record { ConversationId::off_the_record("bob") } else { bob() };
        if off_the_record {
            client.receive(EventKind::PrivateConnected { with: "Bob".into() });
        } else {
            open(&mut client);
        }
        client.press(Key::alt(Code::Char('2')));
        if off_the_record {
            client.receive(EventKind::PrivateEnded { with: "Bob".into(), reason: "disconnected".into() });
        } else {
            ended(&mut client, "the link is lost");
        }
        assert_eq!(client.state.conversations().viewed().id, place, "the view stays");
        client.take_sent();
        client.enter_line("is this stored?");
        assert_eq!(client.take_sent(), [""; 0]);
        assert_eq!(client.state.conversations().viewed().draft.text(), "is this stored?");
        assert!(client.lines(&place).last().unwrap().contains("/close closes it"), "{:?}", client.lines(&place));
    }
}

#[test]
fn a4_after_closing_an_encrypted_tab_the_next_line_is_asked_about() {
    let mut client = client();
    client.enter_line("/query bob");
    open(&mut client);
    client.press(Key::alt(Code::Char('3')));
    assert_eq!(client.state.conversations().viewed().id, bob());
    client.enter_line("/close");
    assert_eq!(client.take_sent(), ["/direct-stop Bob"]);
    assert_eq!(client.state.conversations().viewed().id, ConversationId::user("bob"));
    assert!(
        client.lines(&ConversationId::user("bob")).last().unwrap().contains("the encrypted chat with Bob is closed")
    );
    client.enter_line("more of that");
    assert_eq!(client.take_sent(), [""; 0], "not without a word");
    assert!(client.lines(&ConversationId::user("bob")).last().unwrap().contains("Enter again"));
    client.press(Key::plain(Code::Enter));
    assert_eq!(client.take_sent(), ["/pm bob more of that"]);
}

#[test]
fn b9_each_kind_of_one_to_one_has_a_name_and_a_tab() {
    let mut client = client();
    client.receive(EventKind::Direct { id: 1, from: "bob".into(), text: "stored".into(), kept: false });
    client.receive(EventKind::PrivateConnected { with: "bob".into() });
    client.receive(EventKind::Private { from: "bob".into(), text: "off the record".into() });
    open(&mut client);
    heard(&mut client, "encrypted");
    assert_eq!(client.lines(&ConversationId::user("bob")), ["bob: stored"]);
    let off = client.lines(&ConversationId::off_the_record("bob"));
    assert!(off[0].starts_with("- off-the-record chat with bob") && off[1] == "bob: off the record", "{off:?}");
    let encrypted = client.lines(&bob());
    assert!(encrypted[0].starts_with("- encrypted chat with Bob") && encrypted[1] == "Bob: encrypted", "{encrypted:?}");
}

#[test]
fn who_asks_hears_what_comes_of_it() {
    let mut client = client();
    client.enter_line("startprivate bob");
    assert_eq!(client.take_sent(), ["/direct bob"]);
    client.answer("/direct bob", Cause::DirectAsked.with_user("bob").with_text("xq wvzt").into());
    assert_eq!(client.lobby(), ["- bob is asked for an encrypted chat; wait for the answer"]);
    client.receive(EventKind::DirectReady { user: "Bob".into(), key: "00".into(), addresses: "10.0.0.1:5000".into() });
    open(&mut client);
    let lines = client.lines(&bob());
    assert!(lines[0].contains("connecting") && lines[1].contains(NUMBERS), "{lines:?}");
    assert_eq!(client.state.conversations().get(&bob()).unwrap().fingerprint.as_deref(), Some(NUMBERS));
    client.receive(EventKind::DirectRejected { by: "carol".into() });
    assert_eq!(client.lines(&ConversationId::encrypted("carol")), ["- carol declined the encrypted chat"]);
}

#[test]
fn a_user_who_asked_is_told_where_they_are_that_the_chat_is_open() {
    for encrypted in [true, false] {
        let mut client = client();
        client.receive(EventKind::Direct { id: 1, from: "carol".into(), text: "hi".into(), kept: false });
        let (place, connected) = match encrypted {
            true => (
                ConversationId::encrypted("dora"),
                EventKind::DirectConnected { with: "dora".into(), fingerprint: NUMBERS.into() },
            ),
            false => (ConversationId::off_the_record("dora"), EventKind::PrivateConnected { with: "dora".into() }),
        };
        let what = place.chat_name();
        client.enter_line(if encrypted { "/direct dora" } else { "/connect dora" });
        told(&mut client, connected);
        assert_eq!(viewed(&client), ConversationId::room("lobby"), "the view stays where it is");
        let line = format!("- dora is in the {what} now: Alt-a opens it. What you type here goes to lobby.");
        assert_eq!(client.lobby().last(), Some(&line));
        let opened = |client: &TestClient| client.state.opened_unseen().map(|chat| chat.id.clone());
        assert_eq!(opened(&client), Some(place.clone()));
        client.press(Key::alt(Code::Char('a')));
        assert_eq!((viewed(&client), opened(&client)), (place, None), "it comes before what is only new");
    }
}

#[test]
fn a_refusal_and_a_tab_without_talk_are_told_where_the_user_is() {
    let mut client = client();
    client.receive(EventKind::PrivateRejected { by: "dora".into() });
    assert_eq!(client.lobby(), ["- dora declined the off-the-record chat"]);
    client.press(Key::alt(Code::Char('m')));
    open(&mut client);
    let line = "- Bob is in the encrypted chat now: Alt-a opens it.";
    assert_eq!(client.lines(&ConversationId::Mentions).last().unwrap(), line, "nothing is typed there");
}

#[test]
fn a_line_goes_out_at_once_and_is_sent_when_that_is_told() {
    let mut client = with_bob();
    client.enter_line("hi");
    client.enter_line("hi");
    assert_eq!(client.take_sent(), ["/direct-say Bob hi", "/direct-say Bob hi"]);
    assert_eq!(said(&client), ["pending alice: hi", "pending alice: hi"]);
    out(&mut client);
    assert_eq!(said(&client), ["alice: hi", "pending alice: hi"]);
    heard(&mut client, "alice, hello");
    out(&mut client);
    assert_eq!(said(&client), ["alice: hi", "alice: hi", "Bob: alice, hello"]);
}

#[test]
fn the_state_of_the_server_does_not_matter() {
    let mut client = with_bob();
    client.enter_line("before");
    client.connection_down("the connection broke", Loss::Server);
    assert_eq!(said(&client), ["pending alice: before"]);
    out(&mut client);
    client.take_sent();
    client.enter_line("while it is down");
    assert_eq!(client.take_sent(), ["/direct-say Bob while it is down"]);
    out(&mut client);
    client.advance_silently(31_000);
    client.welcome();
    client.enter_line("and again");
    assert!(client.take_sent().contains(&"/direct-say Bob and again".to_owned()));
    assert_eq!(said(&client), ["alice: before", "alice: while it is down", "pending alice: and again"]);
}

#[test]
fn lines_are_not_held_up_by_the_rate_of_the_server_but_by_the_chat() {
    let mut client = with_bob();
    for n in 0..40 {
        client.enter_line(&format!("line {n}"));
    }
    let mut sent = client.take_sent();
    assert_eq!(sent.len(), 16);
    for _ in 0..40 {
        out(&mut client);
        sent.extend(client.take_sent());
    }
    assert_eq!((sent.len(), &*sent[39]), (40, "/direct-say Bob line 39"));
    assert!(said(&client).iter().all(|line| line.starts_with("alice: ")));
}

#[test]
fn what_has_not_gone_out_when_it_ends_says_why() {
    let mut client = with_bob();
    client.enter_line("lost");
    ended(&mut client, "the link is lost");
    assert_eq!(said(&client), ["failed alice: lost"]);
    assert!(
        client.lines(&bob()).last().unwrap().starts_with("- the encrypted chat with Bob is over: the link is lost")
    );
}

#[test]
fn it_can_be_talked_in_and_ended_from_anywhere() {
    let mut client = client();
    client.enter_line("/direct-say bob too early");
    assert_eq!(client.take_sent(), [""; 0]);
    assert!(client.lobby().last().unwrap().contains("there is no encrypted chat with bob"));
    client.press(Key::ctrl('u'));
    open(&mut client);
    client.enter_line("private bob psst");
    assert_eq!(client.take_sent(), ["/direct-say Bob psst"]);
    assert_eq!(viewed(&client), ConversationId::room("lobby"));
    assert_eq!(client.lobby().last().unwrap(), "- → Bob (encrypted chat)");
    out(&mut client);
    client.enter_line("stopprivate bob");
    assert_eq!(client.take_sent(), ["/direct-stop bob"]);
    ended(&mut client, "you ended it");
    assert_eq!(said(&client), ["alice: psst"]);
}

#[test]
fn asking_again_shows_what_to_compare() {
    let mut client = client();
    open(&mut client);
    client.enter_line("/direct bob");
    assert_eq!((client.take_sent(), viewed(&client)), (Vec::new(), ConversationId::room("lobby")));
    assert!(client.lobby().last().unwrap().contains(NUMBERS));
}

#[test]
fn an_open_chat_is_not_let_go_for_others() {
    let mut client = client();
    open(&mut client);
    for n in 0..100 {
        client.receive(EventKind::Direct { id: n, from: format!("u{n}").into(), text: "x".into(), kept: false });
    }
    assert_eq!(client.state.conversations().get(&bob()).unwrap().chat_state, SecretChatState::Open);
}

#[test]
fn hostile_words_are_harmless() {
    let mut client = client();
    let bad = "a\u{1b}[2J\u{202e}b";
    told(&mut client, EventKind::DirectConnected { with: bad.into(), fingerprint: bad.repeat(9_999).into() });
    told(&mut client, EventKind::DirectTalk { with: bad.into(), own: false, text: bad.repeat(9_999).into() });
    told(&mut client, EventKind::DirectEnded { with: bad.into(), reason: bad.repeat(9_999).into() });
    for line in client.lines(&ConversationId::encrypted("ab")) {
        assert!(!line.chars().any(char::is_control) && !line.contains('\u{202e}') && line.len() < 40_000);
    }
}

#[test]
fn x3_a_servers_own_words_are_marked() {
    let mut client = client();
    let forged = "encrypted chat with Bob: Read these numbers to each other: 12345";
    client.receive(EventKind::info(forged));
    client.receive(Cause::Other.report().with_text(forged).into());
    client.receive(Cause::Entered.with_room("x").with_text(forged).into());
    client.receive(Cause::YouBlock.with_user("eve").with_text(forged).into());
    let shown: Vec<String> = client.state.conversations().iter().flat_map(|c| client.lines(&c.id)).collect();
    assert!(!shown.iter().any(|line| line.starts_with(&format!("- {forged}"))), "{shown:?}");
    assert!(client.lobby().contains(&format!("- server: {forged}")));
    assert!(client.lobby().contains(&"- You block eve and could not read the answer. /unblock eve first.".to_owned()));
}

fn viewed(client: &TestClient) -> ConversationId {
    client.state.conversations().viewed().id.clone()
}

#[test]
fn r1_a_bare_accept_shows_the_chat_of_the_only_request_whatever_tabs_are_there() {
    let mut client = client();
    client.receive(EventKind::PrivateRequest { from: "bob".into() });
    client.enter_line("/accept");
    client.receive(EventKind::PrivateConnected { with: "bob".into() });
    client.receive(EventKind::PrivateEnded { with: "bob".into(), reason: "ended by command".into() });
    client.press(Key::alt(Code::Char('1')));
    client.receive(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    client.take_sent();
    client.enter_line("/accept");
    assert_eq!((client.take_sent(), viewed(&client)), (vec!["/accept bob".to_owned()], bob()));
    assert!(client.lobby().last().unwrap().contains("the encrypted chat with bob has a tab of its own, shown now"));
    client.enter_line("between us");
    assert_eq!(client.take_sent(), [""; 0]);
    told(&mut client, EventKind::DirectConnected { with: "bob".into(), fingerprint: NUMBERS.into() });
    client.press(Key::plain(Code::Enter));
    assert_eq!(client.take_sent(), ["/direct-say bob between us"]);
}

#[test]
fn r2_accept_shows_the_chat_that_is_asked_for_now() {
    let mut client = client();
    client.receive(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    client.enter_line("/accept");
    told(&mut client, EventKind::DirectConnected { with: "bob".into(), fingerprint: NUMBERS.into() });
    ended(&mut client, "bob ended it");
    client.press(Key::alt(Code::Char('1')));
    client.receive(EventKind::PrivateRequest { from: "bob".into() });
    client.enter_line("/accept bob");
    let off = ConversationId::off_the_record("bob");
    assert_eq!(
        (viewed(&client), client.state.conversations().get(&off).unwrap().chat_state),
        (off, SecretChatState::Opening)
    );
    assert_eq!(client.state.conversations().get(&bob()).unwrap().chat_state, SecretChatState::Ended);
}

#[test]
fn r2_the_chat_that_opens_decides_and_a_refusal_opens_none() {
    let mut client = client();
    // No request is known here.
    client.enter_line("/accept");
    client.answer("/accept", EventKind::PrivateConnected { with: "carol".into() });
    assert_eq!(viewed(&client), ConversationId::off_the_record("carol"));
    assert!(client.lobby().last().unwrap().contains("the off-the-record chat with carol has a tab of its own"));
    client.press(Key::alt(Code::Char('1')));
    client.receive(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    client.enter_line("/accept bob");
    client.answer("/accept bob", EventKind::PrivateConnected { with: "bob".into() });
    assert_eq!(viewed(&client), ConversationId::off_the_record("bob"));
    assert_eq!(client.state.conversations().get(&bob()).unwrap().chat_state, SecretChatState::NotOpen);
    client.receive(EventKind::DirectRequest { from: "dave".into(), key: "00".into() });
    client.enter_line("/accept dave");
    client.answer("/accept dave", Cause::NotAskedDirect.with_user("dave").into());
    assert_eq!(
        client.state.conversations().get(&ConversationId::encrypted("dave")).unwrap().chat_state,
        SecretChatState::NotOpen
    );
}

#[test]
fn r1_several_users_who_ask_are_named() {
    let mut client = client();
    client.receive(EventKind::PrivateRequest { from: "carol".into() });
    client.receive(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    client.enter_line("/accept");
    assert_eq!(client.take_sent(), [""; 0]);
    assert_eq!(client.lobby().last().unwrap(), "- several users ask: bob, carol. /accept USER");
    client.receive(Cause::DirectUnavailable.with_user("bob").into());
    client.press(Key::plain(Code::Up));
    client.press(Key::plain(Code::Enter));
    assert_eq!(
        (client.take_sent(), viewed(&client)),
        (vec!["/accept carol".to_owned()], ConversationId::off_the_record("carol"))
    );
}
