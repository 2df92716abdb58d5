//! Encrypted chats on the full screen, in a real terminal.

use crate::clients;
use landline_tests::{Terminal, TestServer};

#[test]
fn full_screen_shows_the_same_fingerprint_as_the_peer() {
    let test_server = TestServer::default();
    let (mut alice, _) = Terminal::landline(60, 15, test_server.address(), "alice");
    let [mut bob] = clients(test_server.address(), ["bob"]);
    // The answer proves that the server has handled all earlier commands, and so has her key.
    alice.press("/users\r");
    alice.wait_for("2 online: alice, bob");
    bob.type_line("/direct alice");
    alice.wait_for("🔒 bob");
    // Switch to the conversation with new messages.
    alice.press("\x1ba");
    alice.wait_for("/accept bob");
    alice.press("/accept bob\r");
    let line = bob.until("DIRECT_CONNECTED:alice:");
    let numbers = line.trim_end().rsplit(':').next().expect("numbers");
    alice.wait_for(&format!("🔒 bob  {numbers}"));
    alice.press("hello, past the server\r");
    assert_eq!(bob.until("[Direct]"), "[Direct] alice: hello, past the server\n");
    bob.type_line("/direct-say alice hello yourself");
    alice.wait_for("bob: hello yourself");
    alice.press("/close\r");
    assert_eq!(bob.until("DIRECT_ENDED"), "DIRECT_ENDED:alice:alice ended it\n");
    alice.wait_for("the encrypted chat with bob is");
}
