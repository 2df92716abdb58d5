//! Owners of a room at a phone: each of their tools takes at most three taps.

use crate::visitor::{PHONE, Visitor};
use landline_tests::{TestServer, eventually};

/// Most taps for a tool, without the text that some need.
const MOST_TAPS: u32 = 3;

#[test]
fn owner_silences_gives_the_floor_and_lifts_both() {
    let server = TestServer::default();
    let Some(owner) = Visitor::guest(server.web_address(), "olga", "class", PHONE) else { return };
    let mut sam = server.guest("sam", "class");
    sam.send("a noise");
    owner.wait_for("a noise");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.tap("button", "class");
        owner.tap("switch", "Only owners write");
    });
    sam.until("INFO: olga made class quiet");
    owner.tap("button", "Close");
    sam.send("/hand about the exam");
    owner.wait_for("1 raised hand: sam – about the exam");
    owner.in_taps(MOST_TAPS, |owner| owner.tap("button", "Give sam the floor"));
    sam.until("INFO: olga gives sam the floor");
    owner.wait_until_gone("1 raised hand");
    sam.send("a question");
    owner.wait_for("a question");
    owner.in_taps(MOST_TAPS, |owner| owner.tap("button", "Let everyone write"));
    sam.until("INFO: olga lets all users speak in class");
    owner.wait_until_gone("Let everyone write");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.open_menu("a question");
        owner.tap("button", "Mute for 5 min");
    });
    sam.until("INFO: olga muted sam");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.tap("button", "2 people");
        owner.tap("button", "sam muted");
        owner.tap("button", "Unmute");
    });
    sam.until("INFO: olga lets sam speak");
    owner.expect_no_errors();
}

#[test]
fn owner_deletes_removes_bans_and_sets_the_topic() {
    let server = TestServer::default();
    let Some(owner) = Visitor::guest(server.web_address(), "olga", "class", PHONE) else { return };
    let mut sam = server.guest("sam", "class");
    sam.send("a noise");
    owner.wait_for("a noise");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.open_menu("a noise");
        owner.tap("button", "Delete");
    });
    sam.until("INFO: olga removed a message");
    owner.wait_for("Message deleted by olga.");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.tap("button", "class");
        owner.type_into("Topic", "derivatives");
        owner.tap("button", "Set");
    });
    sam.until("INFO: olga set the topic of class: derivatives");
    owner.tap("button", "Close");
    owner.wait_to_find("button", "derivatives");
    sam.send("another noise");
    owner.wait_for("another noise");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.open_menu("another noise");
        owner.tap("button", "Remove from room");
    });
    sam.until("INFO: olga took you out of class");
    sam.send("/join class");
    sam.until("INFO: You are in class now");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.tap("button", "2 people");
        owner.tap("button", "sam");
        owner.tap("button", "Ban from room for 1 h");
    });
    owner.wait_for("olga banned sam");
    sam.send("/join class");
    sam.until("ERROR: 403");
    owner.tap("button", "Close");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.tap("button", "class");
        owner.tap("button", "Lift ban of sam");
    });
    eventually("sam may enter again", || {
        sam.send("/join class");
        sam.drain_lines().iter().any(|line| line == "INFO: You are in class now")
    });
    owner.expect_no_errors();
}

#[test]
fn owner_of_the_server_closes_the_doors_and_bans_from_the_server() {
    let server = TestServer::default();
    let Some(owner) = Visitor::guest(server.web_address(), "olga", "lobby", PHONE) else { return };
    let mut sam = server.guest("sam", "lobby");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.choose("Your account");
        owner.type_into("Code of the server", server.server().claim_code());
        owner.tap("button", "Become owner of the server");
    });
    owner.wait_for("You are an owner of this server now");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.tap("button", "lobby");
        owner.tap("switch", "This server: no newcomers");
    });
    sam.until("INFO: olga closed the doors");
    let mut newcomer = server.connect();
    newcomer.send("nick_lobby");
    newcomer.until("403 ");
    owner.tap("button", "Close");
    owner.in_taps(MOST_TAPS, |owner| {
        owner.tap("button", "2 people");
        owner.tap("button", "sam");
        owner.tap("button", "Ban from server for 1 h");
    });
    sam.until("INFO: You have been banned.");
    owner.expect_no_errors();
}

#[test]
fn user_is_told_what_owners_did_and_what_is_left_to_do() {
    let server = TestServer::default();
    let mut owner = server.guest("olga", "class");
    let Some(visitor) = Visitor::guest(server.web_address(), "sam", "class", PHONE) else { return };
    owner.until("sam has connected");
    owner.send("/quiet on");
    visitor.wait_for("Only owners can write now.");
    assert!(!visitor.has("textbox", "Write to class"));
    visitor.tap("button", "Raise hand");
    owner.until("INFO: sam raises a hand in class");
    visitor.wait_for("Your hand is up: 1st in line.");
    visitor.tap("button", "Lower");
    visitor.tap("button", "Raise hand");
    visitor.wait_for("Your hand is up: 1st in line.");
    owner.send("/floor sam");
    visitor.say("class", "my question");
    owner.until("sam: my question");
    visitor.wait_for("Only owners can write now.");
    owner.send("/quiet off");
    visitor.wait_to_find("textbox", "Write to class");
    owner.send("/mute sam 10");
    visitor.wait_for("olga muted you until");
    owner.send("/unmute sam");
    visitor.wait_to_find("textbox", "Write to class");
    owner.send("/kick sam too loud");
    visitor.wait_for("olga removed you from class: too loud");
    visitor.tap("button", "Join again");
    visitor.wait_to_find("textbox", "Write to class");
    owner.send("/open off");
    owner.send("/kick sam");
    visitor.wait_for("olga removed you from class");
    visitor.tap("button", "Go to lobby");
    visitor.wait_to_find("textbox", "Write to lobby");
    owner.send("/key sesame");
    owner.send("/open on");
    owner.drain_lines();
    visitor.browser.eval("location.hash = '#class'");
    visitor.tap("button", "Enter");
    visitor.type_into("Key word", "sesame");
    visitor.tap("button", "Enter");
    visitor.wait_to_find("textbox", "Write to class");
    owner.send(&format!("/claim {}", server.server().claim_code()));
    owner.send("/ban sam 60 everywhere");
    visitor.wait_for("You cannot join");
    visitor.expect_no_errors();
}
