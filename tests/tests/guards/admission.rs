//! Limits on connections: silent ones without sign-in are dropped first.

use landline_tests::{Client, TestServer, neighbour};

#[test]
fn oldest_connection_without_sign_in_is_dropped() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = Some(100);
        config.limits.unsigned_per_address = 4;
        config.limits.greeting_ms = 60_000;
    });
    let mut signed_in = server.guest("alice", "lobby");
    let mut silent: Vec<_> = (0..4).map(|_| server.connect()).collect();
    let bob = server.guest("bob", "lobby");
    signed_in.expect("bob has connected to the chatroom");
    silent.remove(0).expect_closed();
    bob.quit();
    signed_in.expect("bob has left the chatroom");
    for (client, name) in silent.iter_mut().zip(["c", "d", "e"]) {
        client.send(&format!("{name}_lobby"));
        client.expect_start("200 ");
    }
}

#[test]
fn excess_connection_of_an_address_is_refused_with_503() {
    let server = TestServer::new(|config| config.max_clients_per_ip = Some(2));
    let _both = [server.guest("alice", "lobby"), server.guest("bob", "lobby")];
    let mut third = server.connect();
    third.expect_start("ERROR: 503 ");
    third.expect_closed();
}

#[test]
fn one_address_gets_at_most_half_of_a_small_server() {
    let server = TestServer::new(|config| (config.max_clients, config.max_clients_per_ip) = (4, None));
    let _half: Vec<_> = (0..2).map(|_| Client::connect_from(neighbour(1), server.address())).collect();
    let mut third = Client::connect_from(neighbour(1), server.address());
    third.expect_start("ERROR: 503 ");
    let mut other = Client::connect_from(neighbour(2), server.address());
    other.send("alice_lobby");
    other.expect_start("200 ");
}

#[test]
fn full_server_refuses_until_a_client_leaves() {
    let server = TestServer::new(|config| config.max_clients = 2);
    let alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    server.connect().expect_start("ERROR: 503 ");
    alice.quit();
    bob.expect("alice has left the chatroom");
    // The server counts alice's connection for a moment after its goodbye.
    loop {
        let mut carol = server.connect();
        carol.send("carol_lobby");
        if carol.line().starts_with("200 ") {
            break;
        }
    }
}
