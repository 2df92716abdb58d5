//! A walk through the states of the page, to check each of them.

use crate::visitor::{Screen, Visitor};
use landline_tests::{Breaker, Client, TestServer};
use serde_json::json;

/// What is checked in each state, with the name of the state.
pub type Check = fn(&Visitor, &str);

/// Longest user name and longest room name.
const LONG_USER: &str = "Wolfeschlegelsteinhausen";
const LONG_ROOM: &str = "wolfeschlegelsteinhausen/bergerd";

/// Checks the first screen, the room with all kinds of messages, and all that opens above it.
pub fn tour_chat(screen: Screen, check: Check) -> Option<()> {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "ops");
    fill_room(&mut alice);
    let mut long = server.guest(LONG_USER, "ops");
    long.send("I have a long name");
    long.send(&format!("/join {LONG_ROOM}"));
    alice.until(&format!("{LONG_USER}: I have a long name"));
    let visitor = Visitor::open(server.web_address(), "/#ops", screen)?;
    tour_first_screen(&visitor, check);
    visitor.join("bob", "ops");
    alice.send("welcome @bob");
    visitor.wait_for("welcome @bob");
    visitor.say("ops", "hello");
    alice.until("bob: hello");
    check(&visitor, "room");
    visitor.open_menu("welcome @bob");
    check(&visitor, "menu of a message");
    close(&visitor);
    long.send("/pm bob hello from afar");
    visitor.browser.wait_until("document.querySelector('.urgent') || !document.querySelector('.dot').hidden");
    if visitor.has("button", "Rooms, New") {
        visitor.tap("button", "Rooms, New");
        check(&visitor, "drawer of rooms");
        close(&visitor);
    }
    if visitor.has("button", "3 people") {
        visitor.tap("button", "3 people");
        check(&visitor, "drawer of people");
        close(&visitor);
    }
    visitor.tap("button", "ops");
    visitor.wait_to_find("button", "Leave ops");
    check(&visitor, "about the room");
    close(&visitor);
    alice.send("/op bob");
    visitor.wait_for("alice made bob an owner");
    visitor.tap("button", "ops");
    visitor.wait_to_find("switch", "Only owners write");
    check(&visitor, "settings of the room");
    close(&visitor);
    tour_panels(&visitor, check);
    visitor.type_into("Write to ops", "hi @al");
    visitor.wait_to_find("option", "alice");
    check(&visitor, "completions");
    visitor.expect_no_errors();
    Some(())
}

/// Says one of each kind of message.
fn fill_room(alice: &mut Client) {
    let code = format!("```\\nlet x = \"{}\";\\n```", "wide ".repeat(40));
    let texts = ["a link: http://10.0.0.1/x", "/me waves", &"x".repeat(300), "`code` in a line", "second line", &code];
    alice.send("format json");
    for text in texts {
        alice.send(&json!({ "type": "say", "room": "ops", "text": text.replace("\\n", "\n") }).to_string());
    }
    alice.send("format text");
    alice.send("/topic Deploy on Friday, questions here: http://10.0.0.1/questions-and-answers");
    alice.send("/pin");
    alice.drain_lines();
}

fn tour_first_screen(visitor: &Visitor, check: Check) {
    check(visitor, "first screen");
    visitor.tap("button", "Join ops");
    visitor.wait_for("Type a name first.");
    check(visitor, "first screen with an error");
    visitor.tap("button", "I have an account");
    check(visitor, "account");
    visitor.tap("button", "I have no account");
}

fn tour_panels(visitor: &Visitor, check: Check) {
    visitor.tap("button", "Menu");
    check(visitor, "menu of the page");
    close(visitor);
    visitor.say("ops", "/search hello");
    visitor.browser.wait_until("document.querySelector('.result')");
    check(visitor, "search");
    close(visitor);
    for (entry, landmark) in [("Your account", "New name"), ("Help", "Shift+Enter")] {
        visitor.choose(entry);
        visitor.wait_for(landmark);
        check(visitor, entry);
        close(visitor);
    }
    if visitor.has("button", "Invite") {
        visitor.tap("button", "Invite");
    } else {
        visitor.choose("Invite");
    }
    visitor.browser.wait_until("document.querySelector('.qr')?.complete");
    check(visitor, "invite");
    close(visitor);
}

fn close(visitor: &Visitor) {
    visitor.browser.back();
    visitor.browser.wait_until("!document.querySelector('dialog')");
}

/// Checks what keeps a user from writing, from reading, or from staying.
pub fn tour_hindrances(screen: Screen, check: Check) -> Option<()> {
    let server = TestServer::default();
    let network = Breaker::new(server.web_address());
    let mut alice = server.guest("alice", "ops");
    let visitor = Visitor::guest(network.address(), "bob", "ops", screen)?;
    tour_rules(&visitor, &mut alice, check);
    alice.send("/block bob");
    alice.until("INFO: bob is blocked");
    visitor.say("ops", "/pm alice let us make up");
    visitor.wait_for("Not sent: alice blocks you");
    check(&visitor, "not sent");
    network.freeze();
    visitor.set_offline(true);
    visitor.wait_for("Reconnecting…");
    visitor.say("alice", "hello?");
    visitor.wait_for("Waiting");
    check(&visitor, "reconnecting");
    visitor.browser.eval("window.fetch = async () => ({ json: async () => ({ page: 'a newer one' }) })");
    network.break_now();
    network.thaw();
    visitor.set_offline(false);
    visitor.wait_for("This page was updated.");
    check(&visitor, "updated");
    let first = visitor.browser.open_tab();
    visitor.show_page(network.address(), "/");
    visitor.wait_for("is open in another tab.");
    check(&visitor, "second tab");
    visitor.browser.switch_to(&first);
    visitor.choose("Sign out");
    visitor.wait_for("You signed out.");
    check(&visitor, "signed out");
    Some(())
}

fn tour_rules(visitor: &Visitor, alice: &mut Client, check: Check) {
    alice.send("/quiet on");
    visitor.wait_for("Only owners can write now.");
    check(visitor, "quiet");
    visitor.tap("button", "Raise hand");
    visitor.wait_for("Your hand is up");
    check(visitor, "hand up");
    alice.send("/quiet off");
    alice.send("/mute bob");
    visitor.wait_for("alice muted you");
    check(visitor, "muted");
    alice.send("/unmute bob");
    alice.send("/key sesame");
    alice.send("/kick bob");
    visitor.wait_for("alice removed you from ops");
    check(visitor, "removed");
    visitor.tap("button", "Join again");
    visitor.wait_for("ops has a key word.");
    check(visitor, "key word");
    alice.send("/key");
    alice.send("/open off");
    alice.drain_lines();
    enter(visitor);
    visitor.wait_for("ops is by invitation.");
    check(visitor, "locked");
    alice.send("/open on");
    alice.drain_lines();
    enter(visitor);
    visitor.wait_to_find("textbox", "Write to ops");
}

/// Enters the room that the page shows as closed to the user.
fn enter(visitor: &Visitor) {
    visitor.tap("button", "Go to lobby");
    visitor.wait_to_find("textbox", "Write to lobby");
    visitor.say("lobby", "/join ops");
}
