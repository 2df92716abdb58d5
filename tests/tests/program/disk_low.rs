//! A disk with little room: what is said is not stored any more, so that accounts, bans and mail still are.

use landline_tests::{Client, DEADLINE, Disk, TestServer, eventually};
use std::fs;
use std::time::Instant;

const PASSWORD: &str = "correct horse";
const NOT_STORED: &str = "ERROR: 500 Your last message could not be stored";
/// Bytes that are to stay free, and fewer.
const FREE: u64 = 8 << 20;
const LITTLE: usize = 6 << 20;

/// Two people who talk.
struct TalkingPair {
    alice: Client,
    dave: Client,
    said: usize,
}

impl TalkingPair {
    /// A line, which is always heard. False if alice was told that it is not stored.
    fn say(&mut self) -> bool {
        self.said += 1;
        let line = format!("line {}", self.said);
        self.alice.send(&line);
        self.dave.expect(&format!("alice: {line}"));
        // When that is answered, it is decided.
        let in_history = self.history().iter().any(|old| old.ends_with(&format!("alice: {line}")));
        let told = self.alice.drain_lines();
        assert!(told.iter().all(|line| line.starts_with(NOT_STORED)), "{told:?}");
        assert_ne!(in_history, told.len() == 1, "{line}: {told:?}");
        in_history
    }

    fn history(&mut self) -> Vec<String> {
        self.dave.send("/history 100");
        self.dave.drain_lines()
    }
}

#[test]
fn talk_is_not_stored_and_everything_else_is_until_there_is_room() {
    let Some(disk) = Disk::new() else { return };
    let test_server = TestServer::new(|config| {
        config.data = disk.data();
        (config.limits.disk_free_bytes, config.limits.disk_free_part) = (FREE, 1);
    });
    test_server.register("bob", PASSWORD);
    let mut talk =
        TalkingPair { alice: test_server.guest("alice", "lobby"), dave: test_server.guest("dave", "lobby"), said: 0 };
    talk.alice.until("dave has connected");
    assert!(talk.say());

    disk.fill_up_to(LITTLE);
    // The system is asked now and then.
    let deadline = Instant::now() + DEADLINE;
    while talk.say() {
        assert!(Instant::now() < deadline, "everything is stored");
    }
    assert!(!talk.say());
    talk.alice.send("/pm dave between us");
    talk.dave.expect_start("[PM");
    talk.alice.expect_start(NOT_STORED);
    talk.alice.send("/pm bob waits");
    talk.alice.expect("INFO: bob is offline. Message queued for delivery.");
    test_server.register("carol", PASSWORD);
    let banned = test_server.server().moderator().ban("10.0.0.1", None, "").expect("a ban");
    assert_eq!(banned, "Banned 10.0.0.1: no users were online from there.");
    assert!(fs::read_to_string(test_server.data().join("bans.json")).expect("the bans").contains("10.0.0.1"));
    let mut bob = test_server.login("bob", PASSWORD);
    assert!(bob.expect_start("[PM 2").ends_with("] alice: waits"));
    bob.quit();
    talk.alice.until("bob has left");
    talk.dave.until("bob has left");
    assert!(!talk.say());

    disk.free_space();
    eventually("talk is stored again", || talk.say());
    assert!(talk.say());
    let history = talk.history();
    assert!(!history.iter().any(|line| line.contains("between us")), "{history:?}");
}
