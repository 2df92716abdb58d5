//! The server's part in encrypted chats between clients: it passes keys on, and addresses only after consent.

use landline_common::link::Keys;
use landline_tests::{Client, TestServer};

/// A client that has announced a key.
struct DirectClient {
    client: Client,
    key: String,
}

impl DirectClient {
    /// Signs in a guest and announces a new key. `others` receive the notice of the sign-in.
    fn new(server: &TestServer, name: &str, others: &mut [&mut DirectClient]) -> DirectClient {
        let mut client = server.guest(name, "lobby");
        for other in others {
            other.client.expect(&format!("{name} has connected to the chatroom"));
        }
        let key = Keys::generate().expect("keys").public().to_string();
        client.send(&format!("/direct-key {key}"));
        client.send("/ping key");
        client.expect("PONG key");
        DirectClient { client, key }
    }

    fn expect(&mut self, line: &str) {
        self.client.expect(line);
    }

    fn refused(&mut self, line: &str, code: u16) -> String {
        self.client.send(line);
        let answer = self.client.line();
        assert!(answer.starts_with(&format!("ERROR: {code} ")), "{line}: {answer}");
        answer
    }
}

fn two(server: &TestServer) -> (DirectClient, DirectClient) {
    let mut alice = DirectClient::new(server, "alice", &mut []);
    let bob = DirectClient::new(server, "bob", &mut [&mut alice]);
    (alice, bob)
}

fn ask(from: &mut DirectClient, to: &mut DirectClient, (from_name, to_name): (&str, &str)) {
    from.client.send(&format!("startprivate {to_name}"));
    from.expect(&format!("INFO: Encrypted chat request sent to {to_name}"));
    let key = from.key.clone();
    to.expect(&format!("DIRECT_REQUEST_FROM:{from_name}:{key}"));
}

#[test]
fn addresses_are_sent_only_after_acceptance_and_once() {
    let server = TestServer::default();
    let (mut alice, mut bob) = two(&server);
    let one = alice.key.clone();
    let other = bob.key.clone();
    bob.refused(&format!("/direct-accept alice {one} 10.0.0.2:5000"), 404);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    alice.refused("/direct BOB", 400);
    alice.client.expect_nothing();
    bob.refused(&format!("/direct-accept alice {other} 10.0.0.2:5000"), 404);
    bob.refused(&format!("/direct-accept alice {one} nowhere"), 400);
    let addresses = "10.0.0.2:5000,[fe80::1%eth0]:5000";
    bob.client.send(&format!("/direct-accept alice {one} {addresses}"));
    alice.expect(&format!("DIRECT_READY:bob:{other}:{addresses}"));
    bob.refused(&format!("/direct-accept alice {one} {addresses}"), 404);
    bob.client.expect_nothing();
}

#[test]
fn request_as_json() {
    let server = TestServer::default();
    let (mut alice, mut bob) = two(&server);
    let key = alice.key.clone();
    bob.client.send("format json");
    bob.client.expect_start("{\"type\":\"system\",\"event\":\"format\"");
    alice.client.send("/direct bob");
    alice.expect("INFO: Encrypted chat request sent to bob");
    let asked: serde_json::Value = serde_json::from_str(&bob.client.line()).expect("an object");
    assert_eq!([&asked["event"], &asked["user"], &asked["key"]], ["direct_request", "alice", &key]);
}

#[test]
fn rejection_reveals_no_addresses() {
    let server = TestServer::default();
    let (mut alice, mut bob) = two(&server);
    for answer in ["reject connection alice", "/reject"] {
        ask(&mut alice, &mut bob, ("alice", "bob"));
        bob.client.send(answer);
        bob.expect("INFO: Rejected encrypted chat request from alice");
        alice.expect("DIRECT_REJECTED:bob");
    }
    bob.refused("/reject alice", 404);
}

#[test]
fn client_without_a_key_cannot_be_asked() {
    let server = TestServer::default();
    let mut alice = DirectClient::new(&server, "alice", &mut []);
    let mut carol = server.guest("carol", "lobby");
    alice.expect("carol has connected to the chatroom");
    let why = alice.refused("startprivate carol", 403);
    assert!(why.contains("/connect carol"), "{why}");
    carol.expect_nothing();
}

#[test]
fn leaving_and_blocking_end_requests() {
    let server = TestServer::default();
    let (mut alice, mut bob) = two(&server);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    alice.client.quit();
    // The end of the request precedes the notice of leaving.
    bob.expect("INFO: alice is no longer available for an encrypted chat");
    bob.expect("alice has left the chatroom");
    let mut alice = DirectClient::new(&server, "alice", &mut [&mut bob]);
    let key = alice.key.clone();
    bob.refused(&format!("/direct-accept alice {key} 10.0.0.2:5000"), 404);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    bob.client.send("/block alice");
    alice.expect("DIRECT_REJECTED:bob");
    let why = alice.refused("startprivate bob", 403);
    assert!(why.contains("blocks"), "{why}");
}

#[test]
fn new_key_ends_requests_with_the_old_one() {
    let server = TestServer::default();
    let (mut alice, mut bob) = two(&server);
    ask(&mut alice, &mut bob, ("alice", "bob"));
    let old = alice.key.clone();
    let new = Keys::generate().expect("keys").public();
    alice.client.send(&format!("/direct-key {new}"));
    bob.expect("INFO: alice is no longer available for an encrypted chat");
    bob.refused(&format!("/direct-accept alice {old} 10.0.0.2:5000"), 404);
    bob.refused(&format!("/direct-accept alice {new} 10.0.0.2:5000"), 404);
}

#[test]
fn requests_of_one_address_to_one_user_are_bounded() {
    let server = TestServer::new(|config| {
        config.limits.requests_per_address = 1;
        config.max_clients_per_ip = Some(16);
    });
    let (mut alice, mut bob) = two(&server);
    ask(&mut bob, &mut alice, ("bob", "alice"));
    // Another key takes the request back.
    let key = Keys::generate().expect("keys").public();
    bob.client.send(&format!("/direct-key {key}"));
    alice.client.expect_start("INFO: ");
    bob.refused("/direct alice", 429);
    alice.client.expect_nothing();
    alice.refused("/reject bob", 404);
    ask(&mut alice, &mut bob, ("alice", "bob"));
}
