//! `/since`: users that were online within the last seconds.

use landline_tests::TestServer;

#[test]
fn since_lists_recent_users_also_after_a_restart() {
    let mut server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    server.guest("bob", "lobby").quit();
    let _carol = server.guest("carol", "ops");
    alice.until("carol has connected");
    alice.send("whoelsesince 100");
    alice.expect("Online in the last 100 s: carol, bob");
    server.restart();
    let mut dave = server.guest("dave", "lobby");
    dave.send("/since 100");
    let line = dave.expect_start("Online in the last 100 s: ");
    for name in ["alice", "bob", "carol"] {
        assert!(line.contains(name), "{line}");
    }
    assert!(!line.contains("dave"), "{line}");
    dave.send("whoelsesince 18446744073709551615");
    assert!(dave.line().contains("alice"));
}
