//! The operator gives an account a new password: a user has forgotten it.

use crate::{OLD, try_login};
use landline_tests::{ObjectClient, TestServer, eventually};
use serde_json::json;

/// The password in the console's answer.
fn password_in(answer: &str) -> String {
    let (_, rest) = answer.split_once(" is ").expect("a password");
    rest.lines().next().expect("a password").to_owned()
}

#[test]
fn a_forgotten_password_is_replaced_and_sessions_and_locks_end() {
    let mut server = TestServer::default();
    server.register("alice", OLD);
    let mut alice = server.login("alice", OLD);
    let moderator = server.server().moderator();
    assert_eq!(moderator.reset_password("nobody").unwrap_err(), "There is no account called 'nobody'.");
    for _ in 0..3 {
        try_login(&server, "alice", "forgotten");
    }
    assert!(try_login(&server, "alice", OLD).starts_with("ERROR: 403 Too many failed passwords"));
    let answer = moderator.reset_password("Alice").unwrap();
    let password = password_in(&answer);
    assert_eq!(password.len(), 14, "{answer}");
    alice.until("INFO: The operator of this server has set a new password for your account. Sign in with it.");
    alice.expect_closed();
    eventually("alice is gone", || server.server().context().hub.find("alice").is_none());
    assert_eq!(try_login(&server, "alice", OLD), "ERROR: Invalid alias or password");
    server.login("alice", &password).quit();
    assert_ne!(password_in(&moderator.reset_password("alice").unwrap()), password);
    let password = password_in(&moderator.reset_password("alice").unwrap());
    server.restart();
    server.login("alice", &password).quit();
}

#[test]
fn a_new_password_ends_sessions_that_were_lost() {
    let server = TestServer::default();
    server.register("alice", OLD);
    let mut alice = ObjectClient::connect(&server);
    let answer = alice.sign_in(json!({"type": "login", "user": "alice", "password": OLD}));
    let token = answer[0]["token"].clone();
    alice.client.reset();
    eventually("alice is gone", || server.server().context().hub.find("alice").is_none());
    server.server().moderator().reset_password("alice").unwrap();
    let mut back = ObjectClient::connect(&server);
    assert_eq!(back.request(json!({"type": "resume", "token": token}))[0]["cause"], "token_unknown");
}

#[test]
fn a_guest_of_no_account_is_left_alone() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "lobby");
    assert!(server.server().moderator().reset_password("alice").is_err());
    alice.expect_nothing();
}
