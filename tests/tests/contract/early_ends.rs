//! A connection that ends at any stage leaves nothing behind: no name, no member, no room, no bytes.

use crate::party::{ROOM, guest_again, server};
use landline_tests::{Client, DEADLINE, TestServer};
use std::time::Instant;

/// Stages of a connection: the lines that the client sends, and a part of the last answer.
const STAGES: [(&[&str], &str); 9] = [
    (&[], ""),
    (&["REGISTER"], "ALIAS?"),
    (&["LOGIN", "owner"], "PASSWORD?"),
    (&["LOGIN", "owner", "password"], "200 "),
    (&["format json", "ghost_hall"], "auth_ok"),
    (&["ghost_hall"], "200 "),
    (&["ghost_hall", "hello", "/join attic", "hello", "/join cellar", "/leave attic"], "You left attic"),
    (&["ghost_hall", "/connect watcher", "/private watcher hello"], "no off-the-record chat"),
    (&["ghost_hall", "/accept watcher", "format json", "hello", "/help"], "/quit"),
];

/// Ways to end the connection: by a reset, by closing it, and by a half line with an orderly end.
const WAYS: [fn(Client); 3] = [Client::reset, drop, |mut client| {
    client.send_bytes(b"half a line");
    client.end_sending();
    while client.next_line().is_some() {}
}];

fn reach(server: &TestServer, (lines, answer): (&[&str], &str), way: fn(Client)) {
    let mut ghost = server.connect();
    for line in lines {
        ghost.send(line);
    }
    while !lines.is_empty() && !ghost.line().contains(answer) {}
    way(ghost);
}

/// Repeats `command` until its answer is `answer`.
fn wait_for_answer(watcher: &mut Client, command: &str, answer: &str) {
    let deadline = Instant::now() + DEADLINE;
    let kind = answer.split(": ").next().unwrap();
    loop {
        watcher.send(command);
        let now = watcher.until(kind);
        if now == answer {
            return;
        }
        assert!(Instant::now() < deadline, "{command}: still {now:?}");
    }
}

/// Waits until the watcher is the only user, and nothing is queued for any client.
fn expect_alone(server: &TestServer, watcher: &mut Client) {
    wait_for_answer(watcher, "/users", "Online clients: watcher");
    wait_for_answer(watcher, "/rooms", "Rooms: hall (1)");
    wait_for_answer(watcher, "/who hall", "In hall: watcher");
    wait_for_answer(watcher, "/chats", "Private chats: none");
    let context = server.server().context();
    assert_eq!((context.hub.user_count(), context.poller.queued_bytes()), (1, 0));
}

#[test]
fn connection_that_ends_at_any_stage_leaves_nothing_behind() {
    for inline in [16, 0] {
        let server = server(inline);
        server.register("owner", "password");
        let mut watcher = server.guest("watcher", ROOM);
        for stage in STAGES {
            for way in WAYS {
                reach(&server, stage, way);
                // As soon as the name is free, everything else is gone too.
                let again = guest_again(&server, "ghost", ROOM);
                again.quit();
                expect_alone(&server, &mut watcher);
            }
        }
        server.login("owner", "password").quit();
        expect_alone(&server, &mut watcher);
    }
}

/// A session carries out commands that have arrived, also after its client is gone. Other clients notice nothing else.
#[test]
fn reset_after_many_commands_leaves_nothing_behind() {
    let server = server(0);
    let mut watcher = server.guest("watcher", ROOM);
    for round in 0..20 {
        let mut ghost = guest_again(&server, "ghost", ROOM);
        let heap: String = (0..50)
            .map(|n| format!("<{round}.{n}>\n/join room{n}\n/connect watcher\nformat json\n/all hello\n/leave\n"))
            .collect();
        ghost.send_bytes(heap.as_bytes());
        ghost.reset();
        guest_again(&server, "ghost", ROOM).quit();
        expect_alone(&server, &mut watcher);
    }
}
