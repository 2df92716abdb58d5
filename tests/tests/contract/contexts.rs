//! Messages of one sender reach a receiver in the order of sending, across rooms, direct messages, private chats and
//! `/all`.

use crate::flood::{Flood, Listen};
use crate::party::{ROOM, guest_again, server};
use landline_tests::{Client, TestServer};

/// The messages of one round: alice's command, and the prefix of the line that bob receives.
const ROUND: [(&str, &str); 9] = [
    ("", "[hall] alice: "),
    ("/join attic\n", "alice: "),
    ("/pm bob ", "[PM] alice: "),
    ("", "alice: "),
    ("/private bob ", "[Private] alice: "),
    ("", "alice: "),
    ("/all ", "[all] alice: "),
    ("", "alice: "),
    ("/leave attic\n", "[hall] alice: "),
];

/// Signs in alice and bob. Bob is in both rooms, with hall in the background, and has a private chat with alice.
fn alice_and_bob(server: &TestServer) -> (Client, Client) {
    let mut bob = server.guest("bob", ROOM);
    let mut alice = server.guest("alice", ROOM);
    bob.send("/join attic");
    bob.until("INFO: You are in attic now");
    alice.send("/connect bob");
    bob.until("PRIVATE_REQUEST_FROM:alice");
    bob.send("/accept");
    alice.until("PRIVATE_CONNECTED:bob");
    (alice, bob)
}

fn play_round(alice: &mut Client, bob: &mut Client, round: usize) {
    let lines: Vec<String> =
        ROUND.iter().enumerate().map(|(n, (command, _))| format!("{command}<{round}.{n}>\n")).collect();
    alice.send_bytes(lines.concat().as_bytes());
    for (n, (_, prefix)) in ROUND.iter().enumerate() {
        assert_eq!(bob.until_talk_of("alice"), format!("{prefix}<{round}.{n}>"));
    }
    alice.until("INFO: You left attic");
}

#[test]
fn messages_of_one_sender_stay_in_order_across_contexts() {
    for inline in [16, 0] {
        let server = server(inline);
        Flood::during(&server, "", |_| {
            let (mut alice, mut bob) = alice_and_bob(&server);
            for round in 0..100 {
                play_round(&mut alice, &mut bob, round);
            }
        });
    }
}

#[test]
fn messages_of_one_sender_stay_in_order_across_large_rooms() {
    let server = server(16);
    let mut crowd: Vec<Client> = (0..17).map(|n| server.guest(&format!("more{n}"), ROOM)).collect();
    for client in &mut crowd {
        client.send("/join attic");
        client.until("INFO: You are in attic now");
    }
    let (mut alice, mut bob) = alice_and_bob(&server);
    for round in 0..60 {
        play_round(&mut alice, &mut bob, round);
    }
}

#[test]
fn last_line_arrives_before_the_notice_of_leaving() {
    for inline in [16, 0] {
        let server = server(inline);
        let mut bob = server.guest("bob", "attic");
        bob.send(&format!("/join {ROOM}"));
        bob.until("INFO: You are in hall now");
        Flood::during(&server, "", |_| {
            for round in 0..40 {
                let mut carol = guest_again(&server, "carol", ROOM);
                match round % 3 {
                    0 => carol.send_bytes(b"bye\n/quit\n"),
                    1 => carol.send_bytes(b"bye\n"),
                    // The last line lacks its end.
                    _ => carol.send_bytes(b"bye"),
                }
                carol.end_sending();
                let carols = |line: &String| line.contains("carol");
                let heard: Vec<String> = std::iter::repeat_with(|| bob.line()).filter(carols).take(3).collect();
                assert_eq!(heard, ["carol has connected to the chatroom", "carol: bye", "carol has left the chatroom"]);
            }
        });
    }
}
