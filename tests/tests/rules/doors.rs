//! Closed doors: users who were inside come back, and no others come in.

use super::owned_server;
use landline_tests::{Client, ObjectClient, TestServer, neighbour};
use serde_json::{Value, json};

const REFUSED: &str = "403 This server takes no newcomers now";

/// Signs in by a line of text from a neighbour's address, and returns the answer.
fn text_guest(server: &TestServer, neighbour_number: u16, line: &str) -> (Client, String) {
    let mut client = Client::connect_from(neighbour(neighbour_number), server.address());
    client.until("Authorise MODE?");
    client.send(line);
    let answer = client.line();
    (client, answer)
}

/// Signs in a guest with the name token of its program, and returns the welcome or the refusal.
fn guest_with_token(server: &TestServer, user: &str) -> (ObjectClient, Value) {
    let mut client = ObjectClient::connect(server);
    let answer = client.request(json!({"type": "guest", "user": user, "name_token": "c".repeat(32)})).remove(0);
    (client, answer)
}

#[test]
fn guest_without_a_token_comes_back_under_its_name_from_its_address() {
    let (server, mut alice) = owned_server();
    let (mut dan, _) = text_guest(&server, 2, "dan_lobby");
    alice.send("/doors closed");
    alice.until("INFO: alice closed the doors");
    for _ in 0..2 {
        dan.quit();
        alice.until("dan has left");
        assert!(text_guest(&server, 3, "dan_lobby").1.starts_with(REFUSED), "another address");
        assert!(text_guest(&server, 2, "eve_lobby").1.starts_with(REFUSED), "another name");
        let (back, welcome) = text_guest(&server, 2, "dan_lobby");
        assert!(welcome.starts_with("200 "), "{welcome}");
        dan = back;
    }
    alice.send("/ban dan everywhere");
    dan.until("INFO: You have been banned.");
    alice.send("/unban dan everywhere");
    alice.until("INFO: alice lifted the ban of dan");
    assert!(text_guest(&server, 2, "dan_lobby").1.starts_with(REFUSED), "the ban ended the right to come back");
}

#[test]
fn session_that_was_lost_when_the_doors_closed_counts_as_inside() {
    let (server, mut alice) = owned_server();
    let mut dan = ObjectClient::connect(&server);
    let welcome = dan.sign_in(json!({"type": "guest", "user": "dan"})).remove(0);
    drop(dan);
    alice.until("dan has left");
    alice.send("/doors closed");
    alice.until("INFO: alice closed the doors");
    let mut dan = ObjectClient::connect(&server);
    dan.sign_in(json!({"type": "resume", "token": welcome["token"]}));
    dan.client.quit();
    alice.until("dan has left");
    let mut dan = ObjectClient::connect(&server);
    dan.sign_in(json!({"type": "guest", "user": "dan"}));
}

#[test]
fn guest_with_a_name_token_comes_back_also_after_a_restart() {
    let mut server = TestServer::default();
    server.register("alice", "correct horse");
    let mut alice = server.login("alice", "correct horse");
    alice.send(&format!("/claim {}", server.server().claim_code()));
    alice.until("INFO: You are an owner of this server now");
    let (carol, _) = guest_with_token(&server, "carol");
    let (_dan, _) = text_guest(&server, 2, "dan_lobby");
    alice.send("/doors closed");
    alice.until("INFO: alice closed the doors");
    carol.client.quit();
    alice.until("carol has left");
    let (carol, welcome) = guest_with_token(&server, "carol");
    assert_eq!(welcome["type"], "auth_ok", "{welcome}");
    drop(carol);
    server.restart();
    let (_carol, welcome) = guest_with_token(&server, "carol");
    assert_eq!(welcome["type"], "auth_ok", "{welcome}");
    assert!(text_guest(&server, 2, "dan_lobby").1.starts_with(REFUSED), "without a token");
    server.login("alice", "correct horse");
}
