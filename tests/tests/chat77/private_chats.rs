//! Private chats of Chat77's clients.

use crate::{alice_and_bob, expect_nothing};
use landline_tests::{TestServer, Unframed};

/// Signs in alice and bob, and opens a private chat between them.
fn private_chat(server: &TestServer) -> (Unframed, Unframed) {
    let (mut alice, mut bob) = alice_and_bob(server);
    alice.exchange("connect to bob", "INFO: Connection request sent to bob");
    bob.expect("PRIVATE_REQUEST_FROM:alice");
    bob.exchange("accept connection alice", "PRIVATE_CONNECTED:alice");
    alice.expect("PRIVATE_CONNECTED:bob");
    (alice, bob)
}

#[test]
fn private_chat_from_request_to_end() {
    let server = TestServer::default();
    let (mut alice, mut bob) = private_chat(&server);
    let mut carol = server.guest("carol", "lobby");
    for client in [&mut alice, &mut bob] {
        client.expect("carol has connected to the chatroom");
    }
    alice.exchange("my private chats", "Private chats: bob");
    alice.send("private txt bob hi there");
    bob.expect("[Private] alice: hi there");
    bob.send("private txt alice hi");
    alice.expect("[Private] bob: hi");
    alice.exchange("end private bob", "PRIVATE_ENDED:bob:ended by command");
    alice.expect("INFO: Private connection with bob ended");
    bob.expect("PRIVATE_ENDED:alice:ended by command");
    bob.send("private txt alice too late");
    let refused = bob.recv();
    assert!(refused.starts_with("ERROR: 403 "), "{refused}");
    for client in [&mut alice, &mut bob] {
        expect_nothing(client);
    }
    carol.expect_nothing();
}

#[test]
fn private_commands_without_names_work_as_in_the_first_client() {
    let server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&server);
    alice.exchange("connect to bob", "INFO: Connection request sent to bob");
    bob.expect("PRIVATE_REQUEST_FROM:alice");
    bob.exchange("accept connection", "PRIVATE_CONNECTED:alice");
    alice.expect("PRIVATE_CONNECTED:bob");
    alice.send("private txt hi");
    bob.expect("[Private] alice: hi");
    alice.send("private txt how are you");
    bob.expect("[Private] alice: how are you");
    expect_nothing(&mut alice);
}

#[test]
fn private_chat_is_rejected_and_requested_again() {
    let server = TestServer::default();
    let (mut alice, mut bob) = alice_and_bob(&server);
    for answer in ["reject connection alice", "reject connection"] {
        alice.exchange("connect to bob", "INFO: Connection request sent to bob");
        bob.expect("PRIVATE_REQUEST_FROM:alice");
        bob.exchange(answer, "INFO: Rejected private request from alice");
        alice.expect("PRIVATE_REJECTED:bob");
    }
    alice.exchange("my private chats", "Private chats: none");
}

#[test]
fn private_chat_ends_when_the_partner_leaves() {
    let server = TestServer::default();
    let (alice, mut bob) = private_chat(&server);
    drop(alice);
    bob.expect("PRIVATE_ENDED:alice:disconnected");
    bob.expect("alice has left the chatroom");
    bob.exchange("my private chats", "Private chats: none");
}
