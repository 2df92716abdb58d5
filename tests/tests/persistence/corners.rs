//! Special cases of the mailbox: many messages at every port, slow readers, limits, look-alike names, senders that have
//! left.

use landline_tests::{Client, TestServer};
use std::io::Read;

const PASSWORD: &str = "correct horse";
const QUEUED: &str = "INFO: bob is offline. Message queued for delivery.";
const MANY: usize = 30;

fn server() -> TestServer {
    let server = TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.limits.unframed_gap_ms = 5;
    });
    server.register("bob", PASSWORD);
    server
}

/// Sends messages to bob, who is offline. Returns the sender's client.
fn queue(server: &TestServer, from: &str, texts: impl IntoIterator<Item = String>) -> Client {
    let mut client = server.guest(from, "lobby");
    for text in texts {
        client.send(&format!("message bob {text}"));
        client.until(QUEUED);
    }
    client
}

fn numbered(many: usize) -> impl Iterator<Item = String> {
    (0..many).map(|number| format!("number {number}"))
}

/// Returns sender and text of the next message from the mailbox.
#[track_caller]
fn queued_message(client: &mut Client) -> String {
    let line = client.expect_start("[PM 2");
    line.split_once("] ").expect("the end of the time").1.to_owned()
}

#[test]
fn many_messages_arrive_at_a_lantalk_client() {
    let server = server();
    queue(&server, "alice", numbered(MANY)).quit();
    let mut bob = Client::connect(server.lantalk_address());
    bob.expect_start("{\"type\":\"auth_request\"");
    bob.send(&format!("{{\"username\":\"bob\",\"password\":\"{PASSWORD}\"}}"));
    bob.expect_start("{\"type\":\"auth_ok\"");
    for text in numbered(MANY) {
        let line = bob.expect_start("{\"type\":\"pm\"");
        assert!(line.contains(&format!("] {text}\"")), "{line}");
    }
    bob.send("{\"type\":\"message\",\"text\":\"/quit\"}");
    while bob.next_line().is_some() {}
    server.login("bob", PASSWORD).expect_nothing();
}

#[test]
fn many_messages_arrive_at_a_chat77_client() {
    let server = server();
    queue(&server, "alice", numbered(MANY)).quit();
    let mut bob = Client::connect(server.address());
    let mut all = String::new();
    // Send without newlines, as Chat77's client does. On a busy machine, received messages may have merged.
    let mut read_to = |bob: &Client, end: &str| {
        while !all.contains(end) {
            let mut piece = [0; 1024];
            let n = bob.stream().read(&mut piece).unwrap_or_else(|e| panic!("{e} after {all:?}"));
            assert!(n > 0, "closed after {all:?}");
            all.push_str(std::str::from_utf8(&piece[..n]).expect("UTF-8"));
        }
    };
    for (line, answer) in [("LOGIN", "ALIAS?"), ("bob", "PASSWORD?"), (PASSWORD, "AUTH_SUCCESS")] {
        bob.send_bytes(line.as_bytes());
        read_to(&bob, answer);
    }
    read_to(&bob, &format!("number {}", MANY - 1));
    let texts: Vec<&str> =
        all.split("[PM ").skip(1).map(|one| one.split_once("] alice: ").expect("a text").1).collect();
    assert_eq!(texts, numbered(MANY).collect::<Vec<_>>());
    bob.send_bytes(b"exit");
    while bob.stream().read(&mut [0; 1024]).is_ok_and(|n| n > 0) {}
    server.login("bob", PASSWORD).expect_nothing();
}

/// The mail exceeds the backlog, so the server sends each page when the previous one is delivered.
#[test]
fn mail_larger_than_the_backlog_reaches_a_slow_reader() {
    let server = TestServer::new(|config| {
        config.limits.backlog_bytes = 80 << 10;
        config.limits.send_buffer_bytes = 4 << 10;
        config.limits.mail_per_sender = 200;
    });
    server.register("bob", PASSWORD);
    let long = "x".repeat(1_900);
    let mut alice = queue(&server, "alice", numbered(200).map(|text| format!("{text} {long}")));
    let mut bob = server.login("bob", PASSWORD);
    for text in numbered(200) {
        assert_eq!(queued_message(&mut bob), format!("alice: {text} {long}"));
        // The sender gets an answer for each line that bob reads, so other sessions continue.
        alice.drain_lines();
    }
    bob.expect_nothing();
}

#[test]
fn mail_limits_apply_after_a_restart() {
    let mut server = TestServer::new(|config| {
        config.limits.mail_per_sender = 2;
        config.limits.mail_per_receiver = 3;
        config.limits.mail_total = 4;
    });
    for name in ["alice", "bob", "carol", "dora"] {
        server.register(name, PASSWORD);
    }
    let refusals = |server: &TestServer, cases: &[(&str, &str, &str)]| {
        for (from, to, answer) in cases {
            let mut client = server.login(from, PASSWORD);
            client.send(&format!("message {to} from {from}"));
            client.expect(answer);
            client.quit();
        }
    };
    let too_many_of_yours = "ERROR: 403 Not delivered: too many of your messages wait for bob already.";
    let too_many = "ERROR: 403 Not delivered: too many messages wait for bob already.";
    refusals(&server, &[("alice", "bob", QUEUED), ("alice", "bob", QUEUED), ("alice", "bob", too_many_of_yours)]);
    server.restart();
    refusals(&server, &[("alice", "bob", too_many_of_yours), ("carol", "bob", QUEUED), ("carol", "bob", too_many)]);
    server.restart();
    let for_dora = "INFO: dora is offline. Message queued for delivery.";
    let full = "ERROR: 500 carol is offline, and your message could not be stored. Try again later.";
    refusals(&server, &[("carol", "bob", too_many), ("alice", "dora", for_dora), ("alice", "carol", full)]);
    server.restart();
    refusals(&server, &[("alice", "carol", full)]);
    let mut bob = server.login("bob", PASSWORD);
    let got = [queued_message(&mut bob), queued_message(&mut bob), queued_message(&mut bob)];
    assert_eq!(got, ["alice: from alice", "alice: from alice", "carol: from carol"]);
    bob.quit();
    server.restart();
    refusals(&server, &[("alice", "bob", QUEUED)]);
}

#[test]
fn look_alike_names_share_a_mailbox_and_others_do_not() {
    let server = server();
    // The middle letter is Cyrillic.
    let alike = "b\u{43e}b";
    let mut mallory = server.connect();
    for line in ["REGISTER", alike, PASSWORD] {
        mallory.send(line);
    }
    mallory.until(&format!("ERROR: 403 {alike} is a registered name"));
    server.register("bobb", PASSWORD);
    let mut alice = queue(&server, "alice", ["to bob".to_owned()]);
    alice.send(&format!("message {alike} to his double"));
    alice.until(QUEUED);
    alice.send("message bobb to another");
    alice.until("INFO: bobb is offline. Message queued for delivery.");
    let mut bob = server.login("bob", PASSWORD);
    assert_eq!([queued_message(&mut bob), queued_message(&mut bob)], ["alice: to bob", "alice: to his double"]);
    bob.expect_nothing();
    let mut bobb = server.login("bobb", PASSWORD);
    assert_eq!(queued_message(&mut bobb), "alice: to another");
    bobb.expect_nothing();
}

#[test]
fn message_of_a_guest_outlasts_its_session() {
    let mut server = server();
    queue(&server, "alice", ["from the first".to_owned()]).quit();
    queue(&server, "alice", ["from the second".to_owned()]).quit();
    server.restart();
    let mut bob = server.login("bob", PASSWORD);
    assert_eq!(
        [queued_message(&mut bob), queued_message(&mut bob)],
        ["alice: from the first", "alice: from the second"]
    );
    // A later guest alice is another user, and has no access to their messages.
    let mut alice = server.guest("alice", "lobby");
    alice.send("/history with bob");
    alice.expect("INFO: no messages (with bob)");
    bob.until("alice has connected");
    bob.send("/history with alice");
    bob.expect("INFO: no messages (with alice)");
    bob.send("/history");
    bob.expect_start("[PM 2");
    bob.expect_start("[PM 2");
    bob.expect("INFO: 2 messages (in lobby)");
}
