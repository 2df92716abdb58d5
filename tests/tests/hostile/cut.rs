//! Connections that break after any byte.

use crate::ChatProbe;
use landline_tests::{Client, DEADLINE, LinkBehavior, Proxy, TestServer};
use std::io::Write;
use std::time::Instant;

const SIGN_IN: &str = "alice_salon\n";
const SAID: &str = "first\n/say second\n/pm hearer third\ngrüße\n";
const HEARD: [&str; 4] = ["alice: first", "alice: second", "[PM] alice: third", "alice: grüße"];
const COMES: &str = "alice has connected to the chatroom";
const LEAVES: &str = "alice has left the chatroom";

#[test]
fn sign_in_broken_after_any_byte_leaves_the_name_free() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    for at in 0..=SIGN_IN.len() {
        let cut = Proxy::new(server.address(), LinkBehavior::ResetAfter(at), LinkBehavior::Unchanged);
        let client = Client::connect(cut.address());
        let _ = client.stream().write_all(SIGN_IN.as_bytes());
        let mut again = sign_in_once_free(&server, "alice");
        again.send("here");
        let heard: Vec<String> =
            std::iter::from_fn(|| Some(chat.listener.line())).take_while(|l| l != "alice: here").collect();
        again.quit();
        chat.listener.expect(LEAVES);
        // The first client may have been signed in for a moment.
        assert!(heard == [COMES] || heard == [COMES, LEAVES, COMES], "{heard:?}");
    }
}

/// The listener receives whole lines in order, or none, and then the notice of leaving.
#[test]
fn talk_broken_after_any_byte_arrives_in_whole_lines() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    for at in 1..=SAID.len() {
        let cut = Proxy::new(server.address(), LinkBehavior::ResetAfter(SIGN_IN.len() + at), LinkBehavior::Unchanged);
        let mut client = Client::connect(cut.address());
        client.send_bytes(SIGN_IN.as_bytes());
        client.until("200 ");
        chat.listener.expect(COMES);
        // The connection may break before everything is sent.
        let _ = client.stream().write_all(SAID.as_bytes());
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last| last != LEAVES) {
            heard.push(chat.listener.line());
        }
        heard.pop();
        let whole = SAID.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        assert!(heard.len() <= whole && HEARD.iter().zip(&heard).all(|(said, heard)| said == heard), "{at}: {heard:?}");
    }
}

fn sign_in_once_free(server: &TestServer, name: &str) -> Client {
    let since = Instant::now();
    loop {
        let mut client = server.connect();
        client.send(&format!("{name}_salon"));
        // A busy server sends its greeting before it has read the name.
        let answer = std::iter::from_fn(|| client.next_line()).find(|line| !line.starts_with("Authorise MODE?"));
        if answer.is_some_and(|answer| answer.starts_with("200 ")) {
            return client;
        }
        assert!(since.elapsed() < DEADLINE, "the name does not become free");
    }
}
