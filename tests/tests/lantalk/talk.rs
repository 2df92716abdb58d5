//! LanTalk clients share rooms, messages and presence with other clients.

use super::{object, say, server, system};
use landline_tests::TestServer;
use serde_json::json;
use std::time::Duration;

#[test]
fn guests_of_all_ports_meet_in_the_lobby() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    let mut carol = server.lantalk("Carol");
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
fn a9_several_lines_arrive_at_every_kind_of_client() {
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut carol = server.unframed();
    carol.exchange("carol_lobby", "200");
    let mut bob = server.lantalk("Bob");
    let mut dora = server.lantalk("Dora");
    let mut json = server.connect();
    json.send("format json\njson_lobby");
    json.until("{\"type\":\"auth_ok\"");
    alice.drain_lines();
    while object(&mut dora) != system("json joined.") {}
    say(&mut bob, "\n  if x:\r\n\treturn \r\n\r\nINFO: You have been kicked.\n");
    for line in ["if x:", "    return", "", "INFO: You have been kicked."] {
        alice.expect(&format!("Bob: {line}"));
    }
    let flat = "if x: return INFO: You have been kicked.";
    assert_eq!(object(&mut dora), json!({"type": "message", "user": "Bob", "text": flat}));
    while carol.recv() != format!("Bob - {flat}") {}
    let heard: serde_json::Value = serde_json::from_str(&json.until("{\"type\":\"message\"")).expect("JSON");
    assert_eq!(heard["text"], "if x:\n    return\n\nINFO: You have been kicked.");
    say(&mut bob, "/pm alice one\ntwo");
    alice.expect("[PM] Bob: one");
    alice.expect("[PM] Bob: two");
}

#[test]
fn a9_a_message_has_at_most_fifty_lines_and_each_counts() {
    let server = TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.rate = Some((10, Duration::from_secs(3_600)));
    });
    let mut alice = server.guest("alice", "lobby");
    let lines = |n: usize| vec!["x"; n].join("\n");
    for (text, heard) in [(lines(51), false), (lines(50), true)] {
        let mut bob = server.lantalk("Bob");
        alice.until("Bob has connected");
        say(&mut bob, &text);
        if heard {
            assert_eq!([0; 50].map(|_| alice.line()), ["Bob: x"; 50]);
            say(&mut bob, "one more");
            assert_eq!(object(&mut bob), system("⚠ Slow down — you're sending too fast."));
        } else {
            assert_eq!(object(&mut bob), system("That message is too long (at most 50 lines). Nothing was sent."));
        }
        drop(bob);
        alice.expect("Bob has left the chatroom");
    }
    let mut carol = server.lantalk("Carol");
    alice.until("Carol has connected");
    say(&mut carol, &lines(6));
    say(&mut carol, &lines(5));
    say(&mut carol, "four\nmore\nare\nfine");
    assert_eq!([0; 6].map(|_| alice.line()), ["Carol: x"; 6]);
    for line in ["four", "more", "are", "fine"] {
        alice.expect(&format!("Carol: {line}"));
    }
}

#[test]
fn commands_answer_with_lantalks_texts() {
    let server = server();
    let _alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
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
    let server = server();
    let mut alice = server.guest("alice", "lobby");
    let mut bob = server.lantalk("Bob");
    alice.expect("Bob has connected to the chatroom");
    for text in ["exit", "help", "online clients", "Bob: hi", "private bob x"] {
        say(&mut bob, text);
        alice.expect(&format!("Bob: {text}"));
    }
}

#[test]
fn messages_from_other_rooms_have_the_room_in_front() {
    let server = server();
    let mut bob = server.lantalk("Bob");
    say(&mut bob, "/join ops");
    assert_eq!(object(&mut bob), system("You are in ops now"));
    let mut alice = server.guest("alice", "ops");
    assert_eq!(object(&mut bob), system("alice joined."));
    alice.send("who deploys?");
    assert_eq!(object(&mut bob), json!({"type": "message", "user": "[ops] alice", "text": "who deploys?"}));
    say(&mut bob, "I do");
    alice.expect("Bob: I do");
}
