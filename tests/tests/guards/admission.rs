//! Connections are bounded, and those that say nothing go first.

use landline_tests::TestServer;

#[test]
fn the_oldest_that_never_signed_in_makes_room() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = 100;
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
fn too_many_from_one_address_are_told_so() {
    let server = TestServer::new(|config| config.max_clients_per_ip = 2);
    let _both = [server.guest("alice", "lobby"), server.guest("bob", "lobby")];
    let mut third = server.connect();
    third.expect_start("ERROR: 503 ");
    third.expect_closed();
}

#[test]
fn a_full_server_says_so_and_has_room_again() {
    let server = TestServer::new(|config| config.max_clients = 2);
    let alice = server.guest("alice", "lobby");
    let mut bob = server.guest("bob", "lobby");
    server.connect().expect_start("ERROR: 503 ");
    alice.quit();
    bob.expect("alice has left the chatroom");
    // Her connection is taken off the list a moment after she is told goodbye.
    loop {
        let mut carol = server.connect();
        carol.send("carol_lobby");
        if carol.line().starts_with("200 ") {
            break;
        }
    }
}
