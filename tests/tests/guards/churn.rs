//! Limits on registrations and sign-ins per address.

use landline_common::OffsetDateTime;
use landline_tests::{Client, TestServer, neighbour};
use std::fs;
use std::net::Ipv4Addr;

/// Starts a server with low limits per address.
fn server() -> TestServer {
    TestServer::new(|config| {
        config.max_clients_per_ip = Some(100);
        config.limits.registrations_per_address = 2;
        config.limits.sign_ins_per_address_minute = 3;
        config.lantalk_port = Some(0);
    })
}

fn register(server: &TestServer, name: &str) -> (Client, String) {
    let mut client = server.connect();
    for line in ["REGISTER", name, "correct horse"] {
        client.send(line);
    }
    client.expect("ALIAS?");
    client.expect("PASSWORD?");
    let answer = client.line();
    (client, answer)
}

#[test]
fn registrations_per_address_are_limited() {
    let server = server();
    server.register("alice", "correct horse");
    // A failed registration does not count.
    assert!(register(&server, "ALICE").1.starts_with("ERROR: 403 "));
    server.register("bob", "correct horse");
    let (mut client, refused) = register(&server, "carol");
    let seconds =
        refused.strip_prefix("ERROR: 429 Too many new accounts or passwords from your address. Try again in ");
    assert!(seconds.is_some_and(|rest| rest == "600 s." || rest.starts_with("59")), "{refused}");
    // The server asks again, and a sign-in to an existing account works.
    ["LOGIN", "alice", "correct horse"].iter().for_each(|line| client.send(line));
    client.until("AUTH_SUCCESS");
    server.guest("carol", "lobby");
}

#[test]
fn sign_ins_per_address_are_limited_over_all_doors() {
    let server = server();
    server.register("alice", "correct horse");
    let mut inside = server.guest("bob", "lobby");
    server.login("alice", "correct horse").quit();
    server.lantalk("Carol");

    let mut guest = server.connect();
    guest.send("dave_lobby");
    let refused = guest.expect_start("429 Too many sign-ins from your address. Try again in ");
    assert!(refused.ends_with(" s."), "{refused}");
    guest.expect_closed();
    let mut unframed = server.unframed();
    unframed.exchange("dave_lobby", "429");
    let mut account = server.connect();
    ["LOGIN", "alice", "correct horse"].iter().for_each(|line| account.send(line));
    account.until("ERROR: 429 Too many sign-ins from your address");
    let mut lantalk = Client::connect(server.lantalk_address());
    lantalk.expect_start("{\"type\":\"auth_request\"");
    lantalk.send("{\"username\":\"Dave\",\"password\":\"\"}");
    let refused = lantalk.expect_start("{\"type\":\"auth_fail\"");
    assert!(refused.contains("\"Too many sign-ins from your address. Try again in "), "{refused}");
    inside.until("Carol has connected to the chatroom");
    inside.until("Carol has left the chatroom");
    inside.expect_nothing();
}

#[test]
fn refused_second_sign_in_counts_too() {
    let server = server();
    server.register("alice", "correct horse");
    let _alice = server.login("alice", "correct horse");
    let mut again = server.connect();
    for answer in ["This alias is already", "This alias is already", "ERROR: 429 Too many sign-ins"] {
        ["LOGIN", "alice", "correct horse"].iter().for_each(|line| again.send(line));
        again.until(answer);
    }
}

#[test]
fn zero_disables_both_limits() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = Some(0);
        config.limits.registrations_per_address = 1;
        config.limits.sign_ins_per_address_minute = 1;
    });
    for name in ["alice", "bob", "carol"] {
        server.register(name, "correct horse");
        server.login(name, "correct horse").quit();
    }
}

#[test]
fn one_address_does_not_fill_the_record_of_sessions() {
    const SESSIONS: usize = 700;
    let server = TestServer::new(|config| config.limits.sign_ins_per_address_minute = 10_000);
    let sign_in = |from: Ipv4Addr, name: &str| {
        let mut client = Client::connect_from(from, server.address());
        client.send(&format!("{name}_lobby"));
        client.expect_start("200 ");
        client
    };
    for n in 0..SESSIONS {
        sign_in(neighbour(1), &format!("eve{n}")).quit();
    }
    let mut alice = sign_in(neighbour(2), "alice");
    sign_in(neighbour(2), "bob").quit();
    alice.until("bob has left the chatroom");
    let records = fs::read_to_string(server.data().join("sessions.jsonl")).expect("the records");
    let count = |part: &str| records.lines().filter(|line| line.contains(part)).count();
    let of_eve = count("\"name\":\"eve");
    assert!((1_024..1_200).contains(&of_eve), "{of_eve} lines of {SESSIONS} sessions");
    assert_eq!(count("\"event\":\"omitted\""), 1);
    assert_eq!((count("\"name\":\"alice\""), count("\"login\",\"name\":\"bob\"")), (1, 1));
    // Users who are not recorded are remembered.
    let seen = server.server().context().sessions.seen_since(OffsetDateTime::default());
    assert_eq!(seen.iter().filter(|user| user.name.as_str().starts_with("eve")).count(), SESSIONS);
}
