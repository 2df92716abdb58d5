//! Rooms on the page: their list, who is there, the address, what is unread, and drafts.

use crate::visitor::{LAPTOP, PHONE, Visitor};
use landline_tests::{TestServer, eventually};
use serde_json::Value;

fn hash(visitor: &Visitor) -> Value {
    visitor.browser.eval("return location.hash")
}

#[test]
fn phone_opens_a_room_sees_who_is_there_and_leaves() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops/deploy");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    visitor.tap("button", "Rooms");
    visitor.tap("link", "ops/deploy 1");
    alice.until("bob joined ops/deploy");
    visitor.wait_to_find("textbox", "Write to ops/deploy");
    assert_eq!(hash(&visitor), "#ops/deploy");
    visitor.tap("button", "2 people");
    visitor.wait_to_find("button", "alice owner");
    visitor.tap("button", "Close");
    visitor.tap("button", "Rooms");
    visitor.type_into("Open or make a room", "cafe");
    visitor.tap("button", "Open");
    visitor.wait_for("No messages yet.");
    assert_eq!(hash(&visitor), "#cafe");
    visitor.browser.eval("location.hash = '#ops/deploy'");
    visitor.wait_to_find("textbox", "Write to ops/deploy");
    visitor.tap("button", "ops/deploy");
    visitor.tap("button", "Leave ops/deploy");
    alice.until("bob left ops/deploy");
    visitor.wait_to_find("textbox", "Write to lobby");
    assert_eq!(hash(&visitor), "#lobby");
    visitor.expect_no_errors();
}

#[test]
fn address_of_a_room_leads_into_it() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "Café");
    let Some(visitor) = Visitor::open(server.web_address(), "/#Caf%C3%A9", PHONE) else { return };
    visitor.type_into("Your name", "bob");
    visitor.press("Enter");
    visitor.say("Café", "bonjour");
    alice.until("bob: bonjour");
    visitor.browser.reload();
    visitor.wait_for_messages(&["bonjour"]);
    assert_eq!(hash(&visitor), "#Caf%C3%A9");
    visitor.expect_no_errors();
}

#[test]
fn unread_rooms_are_marked_until_they_are_read() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "ops", LAPTOP) else { return };
    visitor.type_into("Open or make a room", "dev");
    visitor.press("Enter");
    visitor.wait_to_find("textbox", "Write to dev");
    alice.send("the first");
    visitor.wait_to_find("link", "ops, 1 unread");
    visitor.browser.wait_until("document.title.startsWith('• dev')");
    alice.send("the second, @bob");
    visitor.wait_to_find("link", "ops, 2 unread, 1 mention");
    visitor.browser.wait_until("document.title.startsWith('(1) dev')");
    visitor.tap("link", "ops, 2 unread, 1 mention");
    visitor.wait_for("the second, @bob");
    visitor.browser.wait_until("document.querySelector('.new-line').nextSibling.textContent.includes('the first')");
    visitor.browser.wait_until("document.querySelector('li.mention').textContent.includes('the second')");
    visitor.wait_to_find("link", "ops");
    visitor.browser.wait_until("document.title.startsWith('ops')");
    visitor.expect_no_errors();
}

#[test]
fn lines_below_the_fold_are_counted_on_a_pill() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", PHONE) else { return };
    for number in 0..80 {
        alice.send(&format!("line {number}"));
    }
    visitor.wait_for("line 79");
    visitor.browser.eval("document.querySelector('.log').scrollTop -= 400");
    visitor.wait_to_find("button", "Newest messages");
    for number in 80..83 {
        alice.send(&format!("line {number}"));
    }
    visitor.tap("button", "3 new messages");
    eventually("the pill is gone", || !visitor.text().contains("3 new"));
    visitor.browser.wait_until("document.querySelector('.pill').hidden");
    visitor.expect_no_errors();
}

#[test]
fn every_room_keeps_its_draft() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    let Some(visitor) = Visitor::guest(server.web_address(), "bob", "lobby", LAPTOP) else { return };
    visitor.type_into("Write to lobby", "half a thought");
    visitor.type_into("Open or make a room", "ops");
    visitor.press("Enter");
    assert_eq!(visitor.value_of("Write to ops"), "");
    visitor.type_into("Write to ops", "another");
    visitor.tap("link", "lobby");
    assert_eq!(visitor.value_of("Write to lobby"), "half a thought");
    visitor.browser.reload();
    assert_eq!(visitor.value_of("Write to lobby"), "half a thought");
    visitor.tap("link", "ops");
    assert_eq!(visitor.value_of("Write to ops"), "another");
    visitor.tap("link", "lobby");
    visitor.wait_to_find("textbox", "Write to lobby");
    visitor.tap("button", "Send");
    alice.until("bob: half a thought");
    visitor.browser.reload();
    assert_eq!(visitor.value_of("Write to lobby"), "");
    visitor.expect_no_errors();
}
