//! Rooms that have owners, as their other users see them.

use crate::alice_and_bob;
use landline_tests::{Client, Terminal};

/// Opens the lab for bob, who is its owner then, and lets alice enter it.
fn open_lab(bob: &mut Client, alice: &mut Terminal) {
    bob.send("/join lab");
    bob.until("INFO: You are in lab now");
    alice.press("/join lab\r");
    bob.until("alice joined lab");
    alice.until("the lab in view", |screen| {
        screen.rows(0, 100).next().is_some_and(|row| row.starts_with(" lab  2 here"))
    });
}

#[test]
fn muted_user_sees_it_and_gets_the_refused_message_back() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(100, 24);
    open_lab(&mut bob, &mut alice);
    bob.send("/topic tea at five");
    bob.send("/mute alice");
    alice.until("the mute and the topic in the bar", |screen| {
        screen.rows(0, 100).next().is_some_and(|row| row.contains("2 here · muted · tea at five"))
    });
    alice.wait_for("bob muted alice in lab");
    alice.press("may I speak?\r");
    alice.wait_for("not sent: You are muted in lab.");
    bob.send("/unmute alice");
    alice.wait_for("bob lets alice speak in lab again");
    alice.until("no mute in the bar", |screen| !screen.rows(0, 100).next().is_some_and(|row| row.contains("muted")));
    alice.press("\x1b[A");
    alice.wait_for("❯ may I speak?");
    alice.press("\r");
    bob.until("alice: may I speak?");
}

#[test]
fn kicked_user_is_told_by_whom_and_sends_nothing_elsewhere() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(100, 24);
    open_lab(&mut bob, &mut alice);
    alice.press("a secret of the lab");
    alice.wait_for("❯ a secret of the lab");
    bob.send("/kick alice too loud");
    alice.wait_for("bob took you out of lab. Reason: too loud");
    alice.wait_for("you are not in this room");
    alice.press("\r");
    alice.wait_for("not sent: you are not in lab");
    bob.send("/key sesame");
    bob.until("INFO: bob set a key word for lab");
    alice.press("\x15/join lab\r");
    alice.wait_for("not in lab: it has a key word; /join lab");
    alice.press("/join lab sesame\r");
    bob.until("alice joined lab");
    alice.press("here again\r");
    bob.until("alice: here again");
    // A room with a line that the server has not answered stays open, so wait for the answer, which comes before this.
    bob.send("welcome back");
    alice.wait_for("welcome back");
    alice.press("/leave\r");
    bob.until("alice left lab");
}

/// Presses F2 or F3, and waits for the menu.
fn open_menu(alice: &mut Terminal, key: char, title: &str) {
    alice.press(&format!("\x1bO{key}"));
    alice.wait_for(title);
}

#[test]
fn owner_runs_a_room_by_menus_while_a_line_waits_in_the_input() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(100, 24);
    alice.press("/join lab\r");
    alice.wait_for("F2 user · F3 room");
    bob.send("/join lab");
    bob.until("INFO: You are in lab now");
    alice.until("bob in the lab", |screen| screen.rows(0, 100).next().is_some_and(|row| row.contains("2 here")));
    alice.press("half a line");
    alice.wait_for("❯ half a line");
    open_menu(&mut alice, 'Q', "Which user?");
    alice.press("1");
    alice.wait_for("mute for 10 min");
    alice.press("m");
    bob.until("INFO: alice muted bob in lab for 10 min");
    bob.send("may I speak?");
    bob.until("ERROR: 403 You are muted in lab");
    alice.until("the mark of bob", |screen| screen.rows(0, 100).any(|row| row.ends_with("muted c")));
    open_menu(&mut alice, 'Q', "Which user?");
    alice.press("\r");
    alice.wait_for("may speak again");
    alice.press("u");
    bob.until("INFO: alice lets bob speak in lab again");
    open_menu(&mut alice, 'R', "The room lab");
    alice.press("q");
    bob.until("INFO: alice made lab quiet");
    bob.send("/hand about tea");
    bob.until("INFO: Your hand is up in lab");
    alice.wait_for("1 hand");
    open_menu(&mut alice, 'R', "floor to bob");
    alice.wait_for("about tea");
    alice.press("1");
    bob.until("INFO: alice gives bob the floor");
    bob.send("tea is ready");
    alice.wait_for("tea is ready");
    open_menu(&mut alice, 'Q', "Which user?");
    alice.press("1");
    alice.wait_for("out of the room; bob may come back");
    alice.press("k");
    bob.until("INFO: alice took you out of lab");
    alice.wait_for("❯ half a line");
    alice.press("\r");
    alice.until("the line in the room", |screen| {
        screen.rows(0, 100).any(|row| row.contains("half a line") && !row.contains('❯'))
    });
    bob.send("/join lab");
    bob.until("INFO: You are in lab now");
    bob.expect("INFO: lab is quiet: only owners and users with the floor speak. /hand raises your hand");
}

/// Returns whether a row of the list of members is about `user` and ends with `mark`.
fn is_marked(screen: &vt100::Screen, user: &str, mark: &str) -> bool {
    screen.rows(0, 100).any(|row| row.contains(&format!(" {user} ")) && row.ends_with(&format!("{mark} c")))
}

#[test]
fn new_owner_sees_the_hands_and_the_floor_of_the_time_before() {
    let (server, mut alice, _, mut bob) = alice_and_bob(100, 24);
    bob.send("/join lab");
    bob.until("INFO: You are in lab now");
    bob.send("/quiet on");
    bob.until("INFO: bob made lab quiet");
    let mut carol = server.guest("carol", "lab");
    let mut dave = server.guest("dave", "lab");
    carol.send("/hand about tea");
    carol.until("INFO: Your hand is up in lab");
    bob.send("/floor dave 10");
    dave.until("INFO: bob gives dave the floor in lab");
    alice.press("/join lab\r");
    alice.wait_for("this room is quiet");
    bob.send("/op alice");
    alice.until("the hand of carol", |screen| is_marked(screen, "carol", "hand 1"));
    alice.until("the floor of dave", |screen| is_marked(screen, "dave", "floor"));
    open_menu(&mut alice, 'R', "floor to carol");
}

#[test]
fn user_in_front_of_closed_doors_comes_in_when_they_open() {
    let (server, mut alice, _, mut bob) = alice_and_bob(80, 24);
    bob.send(&format!("/claim {}", server.server().claim_code()));
    bob.until("INFO: You are an owner of this server now");
    server.server().moderator().kick("alice", "one moment").expect("kicked");
    alice.wait_for("✗ not connected · you were kicked: one moment");
    bob.send("/doors closed");
    bob.until("INFO: bob closed the doors");
    alice.press("\x12");
    alice.wait_for("the server's doors are closed · Ctrl-R now");
    alice.press("may I come in?\r");
    bob.send("/doors open");
    bob.until("INFO: bob opened the doors");
    alice.press("\x12");
    bob.until("alice: may I come in?");
}

#[test]
fn newcomer_sees_before_typing_that_a_room_is_quiet() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(100, 24);
    bob.send("/join lab");
    bob.until("INFO: You are in lab now");
    bob.send("/quiet on");
    bob.until("INFO: bob made lab quiet");
    alice.press("/join lab\r");
    alice.wait_for("✗  this room is quiet: /hand asks its owners for the floor");
    bob.send("/floor alice");
    alice.wait_for("❯  you have the floor");
    alice.press("thank you\r");
    bob.until("alice: thank you");
    alice.wait_for("✗  this room is quiet");
}

#[test]
fn owner_removes_changes_and_pins_messages_while_a_line_waits_in_the_input() {
    let (_server, mut alice, _, mut bob) = alice_and_bob(100, 24);
    alice.press("/join lab\r");
    alice.wait_for("F2 user · F3 room");
    bob.send("/join lab");
    bob.until("INFO: You are in lab now");
    bob.send("buy my bike");
    alice.wait_for("buy my bike");
    open_menu(&mut alice, 'Q', "Which user?");
    alice.press("1");
    alice.wait_for("remove the message");
    alice.press("r");
    bob.until("INFO: alice removed a message of bob");
    alice.wait_for("message of bob removed by alice");
    alice.press("tea at four\r");
    bob.until("alice: tea at four");
    bob.send("good");
    alice.wait_for("good");
    alice.press("half a line\x1be");
    alice.wait_for("✎ tea at four");
    alice.press("\x17five\r");
    bob.until("alice (edited): tea at five");
    alice.wait_for("❯ half a line");
    alice.wait_for("tea at five (edited)");
    bob.send("/delete");
    alice.wait_for("message removed by bob");
    open_menu(&mut alice, 'R', "pin the message");
    alice.press("p");
    alice.wait_for("pinned  alice: tea at five");
    open_menu(&mut alice, 'R', "take your message back");
    alice.press("z");
    bob.until("INFO: alice removed a message (");
    alice.until("neither pin nor message", |screen| !screen.contents().contains("tea at five"));
    alice.wait_for("❯ half a line");
}
