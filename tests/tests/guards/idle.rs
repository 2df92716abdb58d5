//! Idle sessions end after a warning.

use landline_tests::TestServer;
use std::time::{Duration, Instant};

fn server(timeout: u64, warning: u64, strict: bool) -> TestServer {
    TestServer::new(|config| {
        config.timeout = Duration::from_secs(timeout);
        config.limits.idle_warning_seconds = warning;
        config.strict_timeout = strict;
    })
}

#[test]
fn idle_session_is_warned_and_then_ended() {
    let server = server(3, 1, false);
    let mut alice = server.guest("alice", "lobby");
    alice.expect("INFO: You have been silent for long. In 1 s you are signed out; type anything to stay.");
    alice.expect("INFO: Idle timeout — disconnecting.");
    alice.expect_closed();
}

#[test]
fn pings_prevent_the_timeout_unless_strict() {
    for (strict, stays) in [(false, true), (true, false)] {
        let server = server(1, 1, strict);
        let mut alice = server.guest("alice", "lobby");
        let deadline = Instant::now() + Duration::from_secs(3);
        let mut is_online = true;
        while is_online && Instant::now() < deadline {
            alice.send("/ping");
            is_online = alice.next_line().is_some_and(|line| line == "PONG");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(is_online, stays, "strict: {strict}");
    }
}
