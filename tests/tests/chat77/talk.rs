//! Talk and presence of Chat77's clients.

use crate::{GREETING, PASSWORD, alice_and_bob, expect_nothing, login};
use landline_tests::TestServer;
use std::io::Read;

#[test]
fn talk_reaches_the_others_and_does_not_come_back() {
    let server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&server);
    let mut carol = server.guest("carol", "lobby");
    alice.expect("carol has connected to the chatroom");
    bob.expect("carol has connected to the chatroom");
    for (sent, heard) in [
        ("alice: hello", "alice: hello"),
        ("ALICE:no space", "alice: no space"),
        ("without the prefix", "alice: without the prefix"),
        ("alice: exit", "alice: exit"),
        ("alice: /quit", "alice: /quit"),
        ("alice: online clients", "alice: online clients"),
        ("bob: not me", "alice: bob: not me"),
        ("alice: two\nlines", "alice: two lines"),
    ] {
        alice.send(sent);
        carol.expect(heard);
        bob.expect(heard);
    }
    expect_nothing(&mut alice);
    carol.send("hi you two");
    alice.expect("carol: hi you two");
    bob.expect("carol: hi you two");
    carol.send("/all to all");
    alice.expect("carol: to all");
    bob.expect("carol: to all");
}

#[test]
fn presence_is_announced_once_and_exit_leaves() {
    let server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&server);
    expect_nothing(&mut alice);
    bob.exchange("online clients", "Online clients: alice, bob");
    bob.exchange("my private chats", "Private chats: none");
    bob.exchange("exit", "INFO: Goodbye!");
    bob.expect("");
    alice.expect("bob has left the chatroom");
    alice.exchange("online clients", "Online clients: alice");
    let _bob_again = login(&server, "bob");
    alice.expect("bob has connected to the chatroom");
    expect_nothing(&mut alice);
}

#[test]
fn unsupported_features_are_answered_once_and_never_relayed() {
    let server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&server);
    alice.exchange("BEEP_UDP_PORT:4242", "INFO: not supported here");
    alice.send("alice: beep");
    bob.expect("alice: beep");
    // The latest clients send these as lines.
    let mut carol = server.guest("carol", "lobby");
    for line in ["UDP_PORT:4243", "BEEP_UDP_PORT:4242", "FILE_START|bob|a b.txt|3|t", "FILE_CHUNK|bob|t|0|QUJD"] {
        carol.send(line);
    }
    carol.send("FILE_END|bob|t|1");
    carol.expect("INFO: not supported here");
    carol.expect_nothing();
    carol.send("hello");
    bob.expect("carol has connected to the chatroom");
    bob.expect("carol: hello");
}

/// Chat77's `send file` writes without pauses, so that reads rarely begin at the beginning of a message.
#[test]
fn no_part_of_a_file_is_relayed() {
    let server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut bob = server.guest("bob", "lobby");
    let mut alice = server.connect();
    alice.expect(GREETING);
    for (send, hear) in [("LOGIN", "ALIAS?"), ("alice", "PASSWORD?"), (PASSWORD, "AUTH_SUCCESS")] {
        alice.send_bytes(send.as_bytes());
        let mut heard = vec![0; hear.len()];
        alice.stream().read_exact(&mut heard).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&heard), hear);
    }
    bob.expect("alice has connected to the chatroom");
    alice.send_bytes(b"FILE_START|bob|a photo.jpg|80000|5f7c2b1e");
    for i in 0..200 {
        alice.send_bytes(format!("FILE_CHUNK|bob|5f7c2b1e|{i}|{}", "QUJD".repeat(134)).as_bytes());
    }
    alice.send_bytes(b"FILE_END|bob|5f7c2b1e|200");
    alice.end_sending();
    let mut heard = String::new();
    alice.stream().read_to_string(&mut heard).expect("the end");
    assert_eq!(heard, "INFO: not supported here");
    bob.expect("alice has left the chatroom");
}
