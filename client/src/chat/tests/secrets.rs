//! Chats that are stored nowhere, off the record and encrypted.

use crate::chat::conversation::{ConversationId, Secret};
use crate::chat::key::{Code, Key};
use crate::chat::test_client::TestClient;
use crate::chat::{Input, ScreenEffect};
use crate::sign_in::Loss;
use landline_common::event::Reply;
use landline_common::{Cause, Event, EventKind, OffsetDateTime};

const NUMBERS: &str = "12345 67890 12345 67890 12345 67890 12345 67890";

fn desk() -> TestClient {
    TestClient::signed_in(80, 24)
}

fn bob() -> ConversationId {
    ConversationId::direct("bob")
}

/// This program tells something itself.
fn told(desk: &mut TestClient, what: EventKind<'static>) {
    let event = Box::new(what.at(OffsetDateTime::default()));
    desk.step(Input::Event { event, by_program: true });
}

fn open(desk: &mut TestClient) {
    told(desk, EventKind::DirectConnected { with: "Bob".into(), fingerprint: NUMBERS.into() });
}

fn heard(desk: &mut TestClient, text: &str) {
    told(desk, EventKind::DirectTalk { with: "Bob".into(), own: false, text: text.to_owned().into() });
}

/// The first line that has not gone out has.
fn out(desk: &mut TestClient) {
    let at = desk.unanswered.iter().position(|(_, line)| line.starts_with("/direct-say")).expect("a line");
    let (label, line) = desk.unanswered.remove(at);
    let text = line.splitn(3, ' ').nth(2).unwrap().to_owned().into();
    let reply = Some(Reply { label: label.into(), done: true });
    let what = EventKind::DirectTalk { with: "Bob".into(), own: true, text };
    let event = Box::new(Event { reply, ..what.at(OffsetDateTime::default()) });
    desk.step(Input::Event { event, by_program: true });
}

fn ended(desk: &mut TestClient, reason: &'static str) {
    told(desk, EventKind::DirectEnded { with: "Bob".into(), reason: reason.into() });
}

/// In the tab of an open chat.
fn with_bob() -> TestClient {
    let mut desk = desk();
    open(&mut desk);
    desk.press(Key::alt(Code::Char('2')));
    assert_eq!(desk.state.conversations().viewed().place, bob());
    desk
}

/// What was said, without notices.
fn said(desk: &TestClient) -> Vec<String> {
    let mut lines = desk.lines(&bob());
    lines.retain(|line| !line.starts_with("- "));
    lines
}

#[test]
fn a_request_rings_and_says_how_to_answer() {
    let mut desk = desk();
    desk.hear(EventKind::DirectRequest { from: "Bob".into(), key: "00".into() });
    assert!(desk.effects.contains(&ScreenEffect::Bell));
    assert_eq!(desk.state.conversations().get(&bob()).unwrap().mentions, 1);
    let asked = "- Bob wants an encrypted chat, past the server: /accept Bob or /reject Bob";
    assert_eq!(desk.lines(&bob()), [asked]);
}

#[test]
fn a4_accepting_shows_the_chat_and_what_is_typed_next_goes_there_or_nowhere() {
    for (named, off_the_record) in [(true, false), (false, false), (true, true)] {
        let mut desk = desk();
        desk.hear(EventKind::Direct { id: 1, from: "bob".into(), text: "hi".into(), kept: false });
        desk.press(Key::alt(Code::Char('a')));
        let (place, request) = if off_the_record {
            (ConversationId::off_the_record("bob"), EventKind::PrivateRequest { from: "bob".into() })
        } else {
            (bob(), EventKind::DirectRequest { from: "bob".into(), key: "00".into() })
        };
        desk.hear(request);
        assert_eq!(desk.state.conversations().viewed().place, ConversationId::person("bob"));
        desk.enter(if named { "/accept bob" } else { "/accept" });
        let stored = desk.lines(&ConversationId::person("bob"));
        assert!(stored.last().unwrap().contains("has a tab of its own"), "{stored:?}");
        assert_eq!(desk.state.conversations().viewed().place, place);
        desk.take_sent();
        desk.enter("between us");
        assert_eq!(desk.take_sent(), [""; 0], "it is not open yet");
        assert_eq!(desk.state.conversations().viewed().draft.text(), "between us");
        let connected = if off_the_record {
            EventKind::PrivateConnected { with: "bob".into() }
        } else {
            EventKind::DirectConnected { with: "bob".into(), fingerprint: NUMBERS.into() }
        };
        told(&mut desk, connected);
        desk.press(Key::plain(Code::Enter));
        let sent = desk.take_sent();
        let word = if off_the_record { "/private" } else { "/direct-say" };
        assert_eq!(sent, [format!("{word} bob between us")]);
    }
}

#[test]
fn a4_a_chat_that_ends_while_it_is_viewed_takes_no_more_talk() {
    for off_the_record in [false, true] {
        let mut desk = desk();
        let place = if off_the_record { ConversationId::off_the_record("bob") } else { bob() };
        if off_the_record {
            desk.hear(EventKind::PrivateConnected { with: "Bob".into() });
        } else {
            open(&mut desk);
        }
        desk.press(Key::alt(Code::Char('2')));
        if off_the_record {
            desk.hear(EventKind::PrivateEnded { with: "Bob".into(), reason: "disconnected".into() });
        } else {
            ended(&mut desk, "the link is lost");
        }
        assert_eq!(desk.state.conversations().viewed().place, place, "the view stays");
        desk.take_sent();
        desk.enter("is this stored?");
        assert_eq!(desk.take_sent(), [""; 0]);
        assert_eq!(desk.state.conversations().viewed().draft.text(), "is this stored?");
        assert!(desk.lines(&place).last().unwrap().contains("/close closes it"), "{:?}", desk.lines(&place));
    }
}

#[test]
fn a4_after_closing_an_encrypted_tab_the_next_line_is_asked_about() {
    let mut desk = desk();
    desk.enter("/query bob");
    open(&mut desk);
    desk.press(Key::alt(Code::Char('3')));
    assert_eq!(desk.state.conversations().viewed().place, bob());
    desk.enter("/close");
    assert_eq!(desk.take_sent(), ["/direct-stop Bob"]);
    assert_eq!(desk.state.conversations().viewed().place, ConversationId::person("bob"));
    assert!(
        desk.lines(&ConversationId::person("bob")).last().unwrap().contains("the encrypted chat with Bob is closed")
    );
    desk.enter("more of that");
    assert_eq!(desk.take_sent(), [""; 0], "not without a word");
    assert!(desk.lines(&ConversationId::person("bob")).last().unwrap().contains("Enter again"));
    desk.press(Key::plain(Code::Enter));
    assert_eq!(desk.take_sent(), ["/pm bob more of that"]);
}

#[test]
fn b9_each_kind_of_one_to_one_has_a_name_and_a_tab() {
    let mut desk = desk();
    desk.hear(EventKind::Direct { id: 1, from: "bob".into(), text: "stored".into(), kept: false });
    desk.hear(EventKind::PrivateConnected { with: "bob".into() });
    desk.hear(EventKind::Private { from: "bob".into(), text: "off the record".into() });
    open(&mut desk);
    heard(&mut desk, "encrypted");
    assert_eq!(desk.lines(&ConversationId::person("bob")), ["bob: stored"]);
    let off = desk.lines(&ConversationId::off_the_record("bob"));
    assert!(off[0].starts_with("- off-the-record chat with bob") && off[1] == "bob: off the record", "{off:?}");
    let encrypted = desk.lines(&bob());
    assert!(encrypted[0].starts_with("- encrypted chat with Bob") && encrypted[1] == "Bob: encrypted", "{encrypted:?}");
}

#[test]
fn who_asks_hears_what_comes_of_it() {
    let mut desk = desk();
    desk.enter("startprivate bob");
    assert_eq!(desk.take_sent(), ["/direct bob"]);
    desk.answer("/direct bob", Cause::DirectAsked.with_user("bob").with_text("xq wvzt").into());
    assert_eq!(desk.lobby(), ["- bob is asked for an encrypted chat; wait for the answer"]);
    desk.hear(EventKind::DirectReady { user: "Bob".into(), key: "00".into(), addresses: "10.0.0.1:5000".into() });
    open(&mut desk);
    let lines = desk.lines(&bob());
    assert!(lines[0].contains("connecting") && lines[1].contains(NUMBERS), "{lines:?}");
    assert_eq!(desk.state.conversations().get(&bob()).unwrap().direct.as_deref(), Some(NUMBERS));
    desk.hear(EventKind::DirectRejected { by: "carol".into() });
    assert_eq!(desk.lines(&ConversationId::direct("carol")), ["- carol declined the encrypted chat"]);
}

#[test]
fn a_user_who_asked_is_told_where_they_are_that_the_chat_is_open() {
    for encrypted in [true, false] {
        let mut desk = desk();
        desk.hear(EventKind::Direct { id: 1, from: "carol".into(), text: "hi".into(), kept: false });
        let (place, connected) = match encrypted {
            true => (
                ConversationId::direct("dora"),
                EventKind::DirectConnected { with: "dora".into(), fingerprint: NUMBERS.into() },
            ),
            false => (ConversationId::off_the_record("dora"), EventKind::PrivateConnected { with: "dora".into() }),
        };
        let what = place.chat_name();
        desk.enter(if encrypted { "/direct dora" } else { "/connect dora" });
        told(&mut desk, connected);
        assert_eq!(viewed(&desk), ConversationId::room("lobby"), "the view stays where it is");
        let line = format!("- dora is in the {what} now: Alt-a opens it. What you type here goes to lobby.");
        assert_eq!(desk.lobby().last(), Some(&line));
        let opened = |desk: &TestClient| desk.state.opened_unseen().map(|chat| chat.place.clone());
        assert_eq!(opened(&desk), Some(place.clone()));
        desk.press(Key::alt(Code::Char('a')));
        assert_eq!((viewed(&desk), opened(&desk)), (place, None), "it comes before what is only new");
    }
}

#[test]
fn a_refusal_and_a_tab_without_talk_are_told_where_the_user_is() {
    let mut desk = desk();
    desk.hear(EventKind::PrivateRejected { by: "dora".into() });
    assert_eq!(desk.lobby(), ["- dora declined the off-the-record chat"]);
    desk.press(Key::alt(Code::Char('m')));
    open(&mut desk);
    let line = "- Bob is in the encrypted chat now: Alt-a opens it.";
    assert_eq!(desk.lines(&ConversationId::Mentions).last().unwrap(), line, "nothing is typed there");
}

#[test]
fn a_line_goes_out_at_once_and_is_sent_when_that_is_told() {
    let mut desk = with_bob();
    desk.enter("hi");
    desk.enter("hi");
    assert_eq!(desk.take_sent(), ["/direct-say Bob hi", "/direct-say Bob hi"]);
    assert_eq!(said(&desk), ["pending alice: hi", "pending alice: hi"]);
    out(&mut desk);
    assert_eq!(said(&desk), ["alice: hi", "pending alice: hi"]);
    heard(&mut desk, "alice, hello");
    out(&mut desk);
    assert_eq!(said(&desk), ["alice: hi", "alice: hi", "Bob: alice, hello"]);
}

#[test]
fn the_state_of_the_server_does_not_matter() {
    let mut desk = with_bob();
    desk.enter("before");
    desk.down("the connection broke", Loss::Server);
    assert_eq!(said(&desk), ["pending alice: before"]);
    out(&mut desk);
    desk.take_sent();
    desk.enter("while it is down");
    assert_eq!(desk.take_sent(), ["/direct-say Bob while it is down"]);
    out(&mut desk);
    desk.pass_silently(31_000);
    desk.welcome();
    desk.enter("and again");
    assert!(desk.take_sent().contains(&"/direct-say Bob and again".to_owned()));
    assert_eq!(said(&desk), ["alice: before", "alice: while it is down", "pending alice: and again"]);
}

#[test]
fn lines_are_not_held_up_by_the_rate_of_the_server_but_by_the_chat() {
    let mut desk = with_bob();
    for n in 0..40 {
        desk.enter(&format!("line {n}"));
    }
    let mut sent = desk.take_sent();
    assert_eq!(sent.len(), 16);
    for _ in 0..40 {
        out(&mut desk);
        sent.extend(desk.take_sent());
    }
    assert_eq!((sent.len(), &*sent[39]), (40, "/direct-say Bob line 39"));
    assert!(said(&desk).iter().all(|line| line.starts_with("alice: ")));
}

#[test]
fn what_has_not_gone_out_when_it_ends_says_why() {
    let mut desk = with_bob();
    desk.enter("lost");
    ended(&mut desk, "the link is lost");
    assert_eq!(said(&desk), ["failed alice: lost"]);
    assert!(desk.lines(&bob()).last().unwrap().starts_with("- the encrypted chat with Bob is over: the link is lost"));
}

#[test]
fn it_can_be_talked_in_and_ended_from_anywhere() {
    let mut desk = desk();
    desk.enter("/direct-say bob too early");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert!(desk.lobby().last().unwrap().contains("there is no encrypted chat with bob"));
    desk.press(Key::ctrl('u'));
    open(&mut desk);
    desk.enter("private bob psst");
    assert_eq!(desk.take_sent(), ["/direct-say Bob psst"]);
    assert_eq!(viewed(&desk), ConversationId::room("lobby"));
    assert_eq!(desk.lobby().last().unwrap(), "- → Bob (encrypted chat)");
    out(&mut desk);
    desk.enter("stopprivate bob");
    assert_eq!(desk.take_sent(), ["/direct-stop bob"]);
    ended(&mut desk, "you ended it");
    assert_eq!(said(&desk), ["alice: psst"]);
}

#[test]
fn asking_again_shows_what_to_compare() {
    let mut desk = desk();
    open(&mut desk);
    desk.enter("/direct bob");
    assert_eq!((desk.take_sent(), viewed(&desk)), (Vec::new(), ConversationId::room("lobby")));
    assert!(desk.lobby().last().unwrap().contains(NUMBERS));
}

#[test]
fn an_open_chat_is_not_let_go_for_others() {
    let mut desk = desk();
    open(&mut desk);
    for n in 0..100 {
        desk.hear(EventKind::Direct { id: n, from: format!("u{n}").into(), text: "x".into(), kept: false });
    }
    assert_eq!(desk.state.conversations().get(&bob()).unwrap().secret, Secret::Open);
}

#[test]
fn hostile_words_are_harmless() {
    let mut desk = desk();
    let bad = "a\u{1b}[2J\u{202e}b";
    told(&mut desk, EventKind::DirectConnected { with: bad.into(), fingerprint: bad.repeat(9_999).into() });
    told(&mut desk, EventKind::DirectTalk { with: bad.into(), own: false, text: bad.repeat(9_999).into() });
    told(&mut desk, EventKind::DirectEnded { with: bad.into(), reason: bad.repeat(9_999).into() });
    for line in desk.lines(&ConversationId::direct("ab")) {
        assert!(!line.chars().any(char::is_control) && !line.contains('\u{202e}') && line.len() < 40_000);
    }
}

#[test]
fn x3_a_servers_own_words_are_marked() {
    let mut desk = desk();
    let forged = "encrypted chat with Bob: Read these numbers to each other: 12345";
    desk.hear(EventKind::info(forged));
    desk.hear(Cause::Other.report().with_text(forged).into());
    desk.hear(Cause::Entered.with_room("x").with_text(forged).into());
    desk.hear(Cause::YouBlock.with_user("eve").with_text(forged).into());
    let shown: Vec<String> = desk.state.conversations().iter().flat_map(|c| desk.lines(&c.place)).collect();
    assert!(!shown.iter().any(|line| line.starts_with(&format!("- {forged}"))), "{shown:?}");
    assert!(desk.lobby().contains(&format!("- server: {forged}")));
    assert!(desk.lobby().contains(&"- You block eve and could not read the answer. /unblock eve first.".to_owned()));
}

fn viewed(desk: &TestClient) -> ConversationId {
    desk.state.conversations().viewed().place.clone()
}

#[test]
fn r1_a_bare_accept_shows_the_chat_of_the_only_request_whatever_tabs_are_there() {
    let mut desk = desk();
    desk.hear(EventKind::PrivateRequest { from: "bob".into() });
    desk.enter("/accept");
    desk.hear(EventKind::PrivateConnected { with: "bob".into() });
    desk.hear(EventKind::PrivateEnded { with: "bob".into(), reason: "ended by command".into() });
    desk.press(Key::alt(Code::Char('1')));
    desk.hear(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    desk.take_sent();
    desk.enter("/accept");
    assert_eq!((desk.take_sent(), viewed(&desk)), (vec!["/accept bob".to_owned()], bob()));
    assert!(desk.lobby().last().unwrap().contains("the encrypted chat with bob has a tab of its own, shown now"));
    desk.enter("between us");
    assert_eq!(desk.take_sent(), [""; 0]);
    told(&mut desk, EventKind::DirectConnected { with: "bob".into(), fingerprint: NUMBERS.into() });
    desk.press(Key::plain(Code::Enter));
    assert_eq!(desk.take_sent(), ["/direct-say bob between us"]);
}

#[test]
fn r2_accept_shows_the_chat_that_is_asked_for_now() {
    let mut desk = desk();
    desk.hear(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    desk.enter("/accept");
    told(&mut desk, EventKind::DirectConnected { with: "bob".into(), fingerprint: NUMBERS.into() });
    ended(&mut desk, "bob ended it");
    desk.press(Key::alt(Code::Char('1')));
    desk.hear(EventKind::PrivateRequest { from: "bob".into() });
    desk.enter("/accept bob");
    let off = ConversationId::off_the_record("bob");
    assert_eq!((viewed(&desk), desk.state.conversations().get(&off).unwrap().secret), (off, Secret::Opening));
    assert_eq!(desk.state.conversations().get(&bob()).unwrap().secret, Secret::Ended);
}

#[test]
fn r2_the_chat_that_opens_decides_and_a_refusal_opens_none() {
    let mut desk = desk();
    // No request is known here.
    desk.enter("/accept");
    desk.answer("/accept", EventKind::PrivateConnected { with: "carol".into() });
    assert_eq!(viewed(&desk), ConversationId::off_the_record("carol"));
    assert!(desk.lobby().last().unwrap().contains("the off-the-record chat with carol has a tab of its own"));
    desk.press(Key::alt(Code::Char('1')));
    desk.hear(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    desk.enter("/accept bob");
    desk.answer("/accept bob", EventKind::PrivateConnected { with: "bob".into() });
    assert_eq!(viewed(&desk), ConversationId::off_the_record("bob"));
    assert_eq!(desk.state.conversations().get(&bob()).unwrap().secret, Secret::NotOpen);
    desk.hear(EventKind::DirectRequest { from: "dave".into(), key: "00".into() });
    desk.enter("/accept dave");
    desk.answer("/accept dave", Cause::NotAskedDirect.with_user("dave").into());
    assert_eq!(desk.state.conversations().get(&ConversationId::direct("dave")).unwrap().secret, Secret::NotOpen);
}

#[test]
fn r1_several_users_who_ask_are_named() {
    let mut desk = desk();
    desk.hear(EventKind::PrivateRequest { from: "carol".into() });
    desk.hear(EventKind::DirectRequest { from: "bob".into(), key: "00".into() });
    desk.enter("/accept");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert_eq!(desk.lobby().last().unwrap(), "- several users ask: bob, carol. /accept USER");
    desk.hear(Cause::DirectUnavailable.with_user("bob").into());
    desk.press(Key::plain(Code::Up));
    desk.press(Key::plain(Code::Enter));
    assert_eq!(
        (desk.take_sent(), viewed(&desk)),
        (vec!["/accept carol".to_owned()], ConversationId::off_the_record("carol"))
    );
}
