//! The full screen, in a real terminal.

use crate::people;
use landline_tests::{Terminal, TestServer};

#[test]
fn a_tab_with_a_lock_shows_the_same_numbers_as_the_other_side() {
    let test_server = TestServer::default();
    let (mut alice, _) = Terminal::landline(60, 15, test_server.address(), "alice");
    let [mut bob] = people(test_server.address(), ["bob"]);
    // The answer says that the server has taken all that came before, her key as well.
    alice.press("/users\r");
    alice.wait_for("2 online: alice, bob");
    bob.type_line("/direct alice");
    alice.wait_for("🔒 bob");
    // To where something is new.
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
