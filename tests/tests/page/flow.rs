//! What users do on the page, beside users of other programs.

use crate::visitor::{LAPTOP, PHONE, Visitor};
use landline_tests::{Breaker, TestServer};

#[test]
fn phone_joins_with_a_name_and_one_tap_and_is_heard() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let Some(visitor) = Visitor::open(server.web_address(), "/#ops", PHONE) else { return };
    visitor.type_into("Your name", "bob");
    visitor.tap("button", "Join ops");
    alice.until("bob has connected to the chatroom");
    visitor.type_into("Write to ops", "hello from a phone");
    visitor.tap("button", "Send");
    alice.until("bob: hello from a phone");
    alice.send("hello from nc");
    visitor.wait_for("hello from nc");
    visitor.expect_no_errors();
}

#[test]
fn laptop_joins_and_writes_by_keys_alone() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::open(server.web_address(), "/", LAPTOP) else { return };
    visitor.type_into("Your name", "bob");
    visitor.press("Enter");
    alice.until("bob has connected to the chatroom");
    visitor.type_into("Write to lobby", "hello from a laptop");
    visitor.press("Enter");
    alice.until("bob: hello from a laptop");
    visitor.expect_no_errors();
}

#[test]
fn phone_without_a_network_says_so_and_sends_its_lines_when_it_is_back() {
    let server = TestServer::default();
    let network = Breaker::new(server.web_address());
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::open(network.address(), "/", PHONE) else { return };
    visitor.type_into("Your name", "bob");
    visitor.tap("button", "Join lobby");
    alice.until("bob has connected to the chatroom");
    visitor.type_into("Write to lobby", "before");
    visitor.tap("button", "Send");
    alice.until("bob: before");
    network.freeze();
    visitor.set_offline(true);
    visitor.wait_for("Reconnecting…");
    for line in ["first", "second"] {
        visitor.type_into("Write to lobby", line);
        visitor.tap("button", "Send");
    }
    visitor.wait_for("Waiting");
    alice.expect_nothing();
    network.break_now();
    network.thaw();
    visitor.set_offline(false);
    alice.until("bob: first");
    alice.expect("bob: second");
    visitor.wait_until_gone("Reconnecting…");
    visitor.wait_until_gone("Waiting");
    assert!(visitor.has("textbox", "Write to lobby"));
}
