//! The limit on open rooms per address.

use landline_server::config::Config;
use landline_tests::{Client, TestServer, eventually, neighbour};
use std::net::Ipv4Addr;

/// Starts a server with limits per address, of which one allows three open rooms.
fn server(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::new(|config| {
        config.max_clients_per_ip = Some(256);
        config.limits.rooms_per_address = 3;
        change(config);
    })
}

fn guest(server: &TestServer, from: Ipv4Addr, name: &str, room: &str) -> Client {
    let mut client = Client::connect_from(from, server.address());
    client.send(&format!("{name}_{room}"));
    client.expect_start("200 ");
    client
}

/// Sends `/join`. Returns the answer.
fn join(client: &mut Client, room: &str) -> String {
    client.drain_lines();
    client.send(&format!("/join {room}"));
    client.line()
}

const FULL: &str = "403 3 rooms opened from your address are open, the maximum. Join one that is open.";

#[test]
fn x2_rooms_opened_by_one_address_are_limited() {
    let server = server(|_| {});
    let here = neighbour(1);
    let there = neighbour(2);
    let mut alice = guest(&server, here, "alice", "one");
    let mut bob = guest(&server, here, "bob", "lobby");
    assert_eq!(join(&mut bob, "two"), "INFO: You are in two now");
    assert_eq!(join(&mut alice, "three"), "INFO: You are in three now");
    for client in [&mut alice, &mut bob] {
        assert_eq!(join(client, "four"), format!("ERROR: {FULL}"));
        client.send("still here");
        client.expect_nothing();
    }
    // Joining an open room, or the lobby, is not limited.
    assert_eq!(join(&mut bob, "one"), "INFO: You are in one now");
    assert_eq!(join(&mut alice, "lobby"), "INFO: You are in lobby now");
    let mut refused = Client::connect_from(here, server.address());
    refused.send("carol_four");
    refused.expect(FULL);
    refused.expect_closed();
    // The refused name is free, and another address has its own limit.
    let mut carol = guest(&server, there, "carol", "four");
    assert_eq!(join(&mut alice, "four"), "INFO: You are in four now");
    for room in ["five", "six"] {
        assert_eq!(join(&mut carol, room), format!("INFO: You are in {room} now"));
    }
    assert_eq!(join(&mut carol, "seven"), format!("ERROR: {FULL}"));
}

#[test]
fn x2_a_room_counts_until_it_closes() {
    let server = server(|_| {});
    let mut alice = guest(&server, neighbour(1), "alice", "one");
    for room in ["two", "three"] {
        join(&mut alice, room);
    }
    // Another member keeps the room open, and it counts for the address that opened it.
    let mut bob = guest(&server, neighbour(2), "bob", "three");
    alice.send("/leave three");
    alice.until("INFO: You left three");
    assert_eq!(join(&mut alice, "four"), format!("ERROR: {FULL}"));
    alice.send("/leave two");
    alice.until("INFO: You left two");
    assert_eq!(join(&mut alice, "four"), "INFO: You are in four now");
    bob.send("/leave");
    bob.until("INFO: You left three");
    assert_eq!(join(&mut alice, "five"), "INFO: You are in five now");
    // Signing out closes rooms, too.
    alice.quit();
    let mut again = guest(&server, neighbour(1), "again", "lobby");
    let mut opened = 0;
    eventually("alice's rooms are closed", || {
        opened += usize::from(join(&mut again, &format!("new{opened}")).starts_with("INFO"));
        opened == 3
    });
}

#[test]
fn x2_rooms_are_unlimited_without_limits_by_address() {
    let server = server(|config| config.max_clients_per_ip = Some(0));
    let mut alice = guest(&server, neighbour(1), "alice", "lobby");
    for room in 0..20 {
        assert_eq!(join(&mut alice, &format!("room{room}")), format!("INFO: You are in room{room} now"));
    }
}
