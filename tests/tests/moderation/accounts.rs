//! Deleting accounts.

use landline_common::NameKey;
use landline_server::hub::{Resumable, Token, Transport};
use landline_tests::{ObjectClient, TestServer, eventually};
use serde_json::json;

const PASSWORD: &str = "correct horse";

#[test]
fn x9_deleted_account_leaves_nothing_to_the_next_owner_of_the_name() {
    let mut test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    test_server.register("bob", PASSWORD);
    let mut bob = test_server.login("bob", PASSWORD);
    let mut alice = test_server.login("alice", PASSWORD);
    bob.until("alice has connected");
    alice.send("/pm bob a secret of alice");
    bob.until("[PM] alice: a secret of alice");
    let moderator = test_server.server().moderator();
    assert!(moderator.account("nobody").is_err() && moderator.delete_account("nobody").is_err());
    assert!(moderator.account("ALICE").unwrap().starts_with("alice (online), blocks 0."));
    assert_eq!(moderator.delete_account("Alice").unwrap(), "Deleted the account alice.");
    alice.until("INFO: You have been kicked.");
    alice.expect("INFO: Reason: the account was deleted");
    alice.expect_closed();
    bob.until("alice has left the chatroom");
    let mut gone = test_server.connect();
    for line in ["LOGIN", "alice", PASSWORD] {
        gone.send(line);
    }
    gone.until("ERROR: Invalid alias or password");
    drop((gone, bob));
    test_server.restart();
    test_server.register("alice", "another horse");
    let mut next = test_server.login("alice", "another horse");
    next.send("/history");
    next.send("/history with bob");
    assert!(next.drain_lines().iter().all(|line| !line.contains("secret")), "of the one before");
    test_server.login("bob", PASSWORD).quit();
}

#[test]
fn x9_mail_for_a_deleted_account_does_not_reach_the_next_owner() {
    let test_server = TestServer::default();
    test_server.register("alice", PASSWORD);
    let mut bob = test_server.guest("bob", "lobby");
    bob.send("/pm alice for the first alice");
    bob.until("INFO: alice is offline.");
    assert!(test_server.server().moderator().delete_account("alice").is_ok());
    test_server.register("alice", PASSWORD);
    let mut next = test_server.login("alice", PASSWORD);
    assert!(next.drain_lines().iter().all(|line| !line.contains("first alice")));
}

#[test]
fn a_message_to_a_deleted_account_whose_session_has_not_ended_is_refused() {
    let server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut alice = server.login("alice", PASSWORD);
    let mut bob = server.guest("bob", "lobby");
    bob.send("/pm alice to an account");
    alice.until("[PM] bob: to an account");
    assert!(server.server().context().accounts.remove(&NameKey::of("alice")).unwrap());
    bob.send("/pm alice to nobody");
    bob.until("ERROR: 404");
    alice.expect_nothing();
}

#[test]
fn deleting_an_account_deletes_all_of_a_large_mailbox() {
    // One fetch of mail takes an eighth of the backlog.
    let server = TestServer::new(|config| config.limits.backlog_bytes = 64 << 10);
    server.register("alice", PASSWORD);
    let mut bob = server.guest("bob", "lobby");
    for n in 0..10 {
        bob.send(&format!("/pm alice {n} for the first alice {}", "x".repeat(1_900)));
        bob.until("INFO: alice is offline.");
    }
    assert_eq!(server.server().moderator().delete_account("alice").unwrap(), "Deleted the account alice.");
    server.register("alice", PASSWORD);
    let mut next = server.login("alice", PASSWORD);
    assert!(next.drain_lines().iter().all(|line| !line.contains("first alice")));
}

#[test]
fn no_private_chat_opens_again_with_the_next_owner_of_a_deleted_account() {
    let server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut alice = ObjectClient::connect(&server);
    alice.sign_in(json!({"type": "login", "user": "alice", "password": PASSWORD}));
    let mut bob = ObjectClient::connect(&server);
    let token = bob.sign_in(json!({"type": "guest", "user": "bob"}))[0]["token"].clone();
    alice.request(json!({"type": "connect", "to": "bob"}));
    bob.request(json!({"type": "accept", "to": "alice"}));
    bob.client.reset();
    alice.until("event", "private_ended");
    let context = server.server().context();
    let kept = Token::parse(token.as_str().unwrap()).unwrap();
    let find = || context.hub.resumable(kept, Transport::Clear, context.clock.now());
    eventually("bob's session is kept", || matches!(find(), Some(Resumable::Lost(_))));
    assert!(server.server().moderator().delete_account("alice").is_ok());
    server.register("alice", "another horse");
    let mut next = ObjectClient::connect(&server);
    next.sign_in(json!({"type": "login", "user": "alice", "password": "another horse"}));
    let mut bob = ObjectClient::connect(&server);
    assert_eq!(bob.sign_in(json!({"type": "resume", "token": token}))[0]["resumed"], true);
    let refused = bob.request(json!({"type": "private", "to": "alice", "text": "for the first alice"}));
    assert_eq!(refused[0]["type"], "error", "{refused:?}");
}

#[test]
fn the_next_owner_of_a_deleted_account_inherits_no_nonces_and_read_markers() {
    let server = TestServer::default();
    let login = |password: &str| json!({"type": "login", "user": "alice", "password": password, "room": "ops", "rooms": {"ops": null}});
    let said = json!({"type": "say", "room": "ops", "text": "hello", "nonce": "n1"});
    server.register("alice", PASSWORD);
    let mut alice = ObjectClient::connect(&server);
    alice.sign_in(login(PASSWORD));
    let first = alice.request(said.clone())[0]["id"].clone();
    assert!(first.is_u64());
    assert!(server.server().moderator().delete_account("alice").is_ok());
    assert!(server.server().context().hub.find("alice").is_none(), "the session has ended");
    let mut bob = ObjectClient::connect(&server);
    bob.sign_in(json!({"type": "guest", "user": "bob", "room": "ops"}));
    bob.request(json!({"type": "say", "room": "ops", "text": "later"}));
    server.register("alice", "another horse");
    let mut next = ObjectClient::connect(&server);
    let answer = next.sign_in(login("another horse"));
    let caught_up = answer.iter().find(|object| object["event"] == "caught_up").unwrap();
    assert_eq!(caught_up["missed"], false, "the read marker of the first alice");
    assert_ne!(next.request(said.clone())[0]["id"], first, "taken for a repetition");
}

#[test]
fn unread_messages_of_a_deleted_session_do_not_return_to_the_mailbox() {
    let server = TestServer::default();
    server.register("alice", PASSWORD);
    let mut alice = ObjectClient::connect(&server);
    let login = json!({"type": "login", "user": "alice", "password": PASSWORD, "acks": true});
    assert_eq!(alice.request(login)[0]["type"], "auth_ok");
    let mut bob = server.guest("bob", "lobby");
    bob.send("/pm alice for the first alice");
    alice.client.until(r#"{"type":"pm""#);
    assert!(server.server().moderator().delete_account("alice").is_ok());
    bob.until("alice has left the chatroom");
    server.register("alice", PASSWORD);
    let mut next = server.login("alice", PASSWORD);
    assert!(next.drain_lines().iter().all(|line| !line.contains("first alice")));
}
