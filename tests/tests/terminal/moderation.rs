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
