//! LanTalk users and the others share rooms, messages and presence.

use super::{house, object, say, system};
use serde_json::json;

#[test]
fn guests_of_all_doors_meet_in_the_lobby() {
    let house = house();
    let mut alice = house.guest("alice", "lobby");
    let mut bob = house.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    let mut carol = house.lantalk("Carol");
    alice.expect("Carol has connected to the chatroom");
    assert_eq!(object(&mut bob), system("Carol joined."));
    say(&mut bob, "hello");
    alice.expect("Bob: hello");
    assert_eq!(object(&mut carol), json!({"type": "message", "user": "Bob", "text": "hello"}));
    alice.send("hi both");
    for client in [&mut bob, &mut carol] {
        assert_eq!(object(client), json!({"type": "message", "user": "alice", "text": "hi both"}));
    }
    say(&mut carol, "/pm Alice psst");
    alice.expect("[PM] Carol: psst");
    alice.send("/pm bob psst too");
    assert_eq!(object(&mut bob), json!({"type": "pm", "from_user": "alice", "text": "psst too"}));
    alice.quit();
    assert_eq!(object(&mut bob), system("alice left the chat."));
}

#[test]
fn commands_answer_with_lantalks_texts() {
    let house = house();
    let _alice = house.guest("alice", "lobby");
    let mut bob = house.lantalk("Bob");
    for (command, answer) in [
        ("/users", "Online: alice, Bob"),
        ("/pm nobody hi", "User 'nobody' not found."),
        ("/Nope x", "Unknown command: /Nope"),
        ("/rooms", "Rooms: lobby (2)"),
    ] {
        say(&mut bob, command);
        assert_eq!(object(&mut bob), system(answer), "{command}");
    }
    say(&mut bob, "/quit");
    assert_eq!(object(&mut bob), system("Goodbye!"));
    bob.expect_closed();
}

#[test]
fn words_without_a_slash_are_talk() {
    let house = house();
    let mut alice = house.guest("alice", "lobby");
    let mut bob = house.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    for text in ["exit", "help", "online clients", "Bob: hi", "private bob x"] {
        say(&mut bob, text);
        alice.expect(&format!("Bob: {text}"));
    }
}

#[test]
fn other_rooms_are_marked() {
    let house = house();
    let mut bob = house.lantalk("Bob");
    say(&mut bob, "/join ops");
    assert_eq!(object(&mut bob), system("You are in ops now"));
    let mut alice = house.guest("alice", "ops");
    assert_eq!(object(&mut bob), system("alice joined."));
    alice.send("who deploys?");
    assert_eq!(object(&mut bob), json!({"type": "message", "user": "[ops] alice", "text": "who deploys?"}));
    say(&mut bob, "I do");
    alice.expect("Bob: I do");
}
