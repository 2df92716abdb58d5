//! Deleting accounts.

use landline_tests::TestServer;

const PASSWORD: &str = "correct horse";

#[test]
fn x9_a_deleted_account_leaves_nothing_to_whoever_takes_the_name_next() {
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
fn x9_mail_for_a_deleted_account_reaches_nobody() {
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
