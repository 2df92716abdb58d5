//! Chats that are stored nowhere.

use super::*;

fn open(desk: &mut TestClient) {
    desk.hear(EventKind::DirectConnected { with: "Bob".into(), fingerprint: "12345".into() });
}

fn out(desk: &mut TestClient, text: &'static str) {
    desk.answer("/direct-say", EventKind::DirectTalk { with: "Bob".into(), own: true, text: text.into() });
}

fn ended(desk: &mut TestClient) {
    desk.hear(EventKind::DirectEnded { with: "Bob".into(), reason: "the link is lost".into() });
}

#[test]
fn a_line_goes_past_the_server_at_once() {
    let mut desk = TestClient::guest(PERSON);
    desk.type_in("private bob too early");
    assert_eq!(desk.take_sent(), [""; 0]);
    assert_eq!(desk.said, ["there is no encrypted chat with bob; /direct bob asks for one, /say TEXT says any text"]);
    open(&mut desk);
    for n in 0..10 {
        desk.type_in(&format!("/direct-say bob line {n}"));
    }
    assert_eq!(desk.take_sent().len(), 10, "the server's rate is not theirs");
    desk.type_in("/direct-stop bob");
    assert_eq!(desk.take_sent(), ["/direct-stop bob"]);
}

#[test]
fn a_script_leaves_when_its_lines_have_gone_out() {
    let mut desk = TestClient::guest(PIPE);
    open(&mut desk);
    for line in ["/direct-say bob one", "/direct-say bob one"] {
        desk.type_in(line);
    }
    desk.step(PlainInput::End);
    out(&mut desk, "one");
    assert_eq!(desk.left, None);
    out(&mut desk, "one");
    assert_eq!(desk.left, Some(Ok(())));
}

#[test]
fn what_has_not_gone_out_is_named() {
    let mut desk = TestClient::guest(PIPE);
    open(&mut desk);
    desk.type_in("/direct-say bob lost");
    desk.step(PlainInput::End);
    ended(&mut desk);
    assert_eq!(desk.left, Some(Err("1 line was refused".into())));
    let said = &desk.said[0];
    assert!(said.contains("the link is lost") && said.ends_with("/direct-say bob lost"), "{said}");
}

#[test]
fn it_goes_on_without_the_server() {
    let mut desk = TestClient::guest(PIPE);
    open(&mut desk);
    desk.down();
    desk.pass(100_000, false);
    assert_eq!(desk.left, None, "nobody gives up while there is somebody to talk with");
    assert!(desk.plain.takes_lines());
    desk.type_in("/direct-say bob are you there?");
    assert_eq!(desk.take_sent(), ["/direct-say bob are you there?"]);
    desk.type_in("hello, room");
    assert_eq!(desk.take_sent(), [""; 0], "that waits for the server");
    ended(&mut desk);
    desk.pass(200, false);
    assert!(desk.left.unwrap().unwrap_err().starts_with("no connection for 30 s"));
}

#[test]
fn a_script_that_has_ended_leaves_without_the_server() {
    let mut desk = TestClient::guest(PIPE);
    open(&mut desk);
    desk.down();
    desk.type_in("/direct-say bob the last word");
    desk.step(PlainInput::End);
    assert_eq!(desk.left, None);
    out(&mut desk, "the last word");
    assert_eq!(desk.left, Some(Ok(())));
}

#[test]
fn lines_wait_where_they_come_from_when_many_are_on_their_way() {
    let mut desk = TestClient::guest(PIPE);
    open(&mut desk);
    let mut typed = 0;
    while desk.plain.takes_lines() {
        desk.type_in("/direct-say bob x");
        typed += 1;
    }
    assert_eq!(typed, 16);
    out(&mut desk, "x");
    assert!(desk.plain.takes_lines());
}

#[test]
fn people_get_sentences_and_programs_what_they_compare() {
    for (ways, dialect) in [(PIPE, Dialect::Lines), (PERSON, Dialect::LanTalk)] {
        let mut desk = TestClient::guest(ways);
        for what in [
            EventKind::DirectRequest { from: "bob".into(), key: "00".into() },
            EventKind::DirectReady { user: "bob".into(), key: "00".into(), addresses: "".into() },
            EventKind::DirectConnected { with: "bob".into(), fingerprint: "12345".into() },
            EventKind::DirectEnded { with: "bob".into(), reason: "bob left".into() },
            EventKind::PrivateRequest { from: "bob".into() },
        ] {
            (desk.shown, desk.dialect) = (0, None);
            desk.hear(what);
            assert_eq!((desk.shown, desk.dialect), (1, Some(dialect)));
        }
    }
}

#[test]
fn ones_own_lines_are_shown_to_programs_only() {
    for (ways, shown) in [(PIPE, 1), (PERSON, 1), (JSON, 2)] {
        let mut desk = TestClient::guest(ways);
        open(&mut desk);
        desk.shown = 0;
        desk.type_in("/direct-say bob mine");
        out(&mut desk, "mine");
        desk.hear(EventKind::DirectTalk { with: "bob".into(), own: false, text: "theirs".into() });
        assert_eq!(desk.shown, shown);
    }
}
