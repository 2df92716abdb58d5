//! Connections that break, at every byte.

use crate::ChatProbe;
use landline_tests::{Client, DEADLINE, Proxy, TestServer, Way};
use std::io::Write;
use std::time::Instant;

const SIGN_IN: &str = "alice_salon\n";
const SAID: &str = "first\n/say second\n/pm hearer third\ngrüße\n";
const HEARD: [&str; 4] = ["alice: first", "alice: second", "[PM] alice: third", "alice: grüße"];
const COMES: &str = "alice has connected to the chatroom";
const LEAVES: &str = "alice has left the chatroom";

#[test]
fn a_sign_in_that_breaks_after_any_byte_leaves_the_name_free() {
    let server = TestServer::default();
    let mut talk = ChatProbe::new(&server);
    for at in 0..=SIGN_IN.len() {
        let cut = Proxy::new(server.address(), Way::Cut(at), Way::Whole);
        let client = Client::connect(cut.address());
        let _ = client.stream().write_all(SIGN_IN.as_bytes());
        let mut again = free_again(&server, "alice");
        again.send("here");
        let heard: Vec<String> =
            std::iter::from_fn(|| Some(talk.other.line())).take_while(|l| l != "alice: here").collect();
        again.quit();
        talk.other.expect(LEAVES);
        // They may have been in for a moment.
        assert!(heard == [COMES] || heard == [COMES, LEAVES, COMES], "{heard:?}");
    }
}

/// What is said is heard whole and in its order, or not at all; then they leave.
#[test]
fn talk_that_breaks_after_any_byte_is_heard_in_whole_lines() {
    let server = TestServer::default();
    let mut talk = ChatProbe::new(&server);
    for at in 1..=SAID.len() {
        let cut = Proxy::new(server.address(), Way::Cut(SIGN_IN.len() + at), Way::Whole);
        let mut client = Client::connect(cut.address());
        client.send_bytes(SIGN_IN.as_bytes());
        client.until("200 ");
        talk.other.expect(COMES);
        // The cut may come before everything is sent.
        let _ = client.stream().write_all(SAID.as_bytes());
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != LEAVES) {
            heard.push(talk.other.line());
        }
        heard.pop();
        let whole = SAID.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        assert!(heard.len() <= whole && HEARD.iter().zip(&heard).all(|(said, heard)| said == heard), "{at}: {heard:?}");
    }
}

fn free_again(server: &TestServer, name: &str) -> Client {
    let since = Instant::now();
    loop {
        let mut client = server.connect();
        client.send(&format!("{name}_salon"));
        // A busy server greets before it has read the name.
        let answer = std::iter::from_fn(|| client.next_line()).find(|line| !line.starts_with("Authorise MODE?"));
        if answer.is_some_and(|answer| answer.starts_with("200 ")) {
            return client;
        }
        assert!(since.elapsed() < DEADLINE, "the name is never free");
    }
}
