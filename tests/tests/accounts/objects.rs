//! By command objects, as programs do it.

use crate::{NEW, OLD, try_login};
use landline_tests::{ObjectClient, TestServer, eventually};
use serde_json::{Value, json};

fn client(server: &TestServer, sign_in: Value) -> (ObjectClient, String) {
    let mut client = ObjectClient::connect(server);
    let answer = client.sign_in(sign_in);
    (client, answer[0]["token"].as_str().expect("a token").to_owned())
}

/// The only object of an answer, and its cause.
#[track_caller]
fn cause(client: &mut ObjectClient, object: Value) -> String {
    let answer = client.request(object);
    assert_eq!(answer.len(), 1, "{answer:?}");
    answer[0]["cause"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn objects_make_accounts_and_change_passwords() {
    let server = TestServer::default();
    let (mut alice, _) = client(&server, json!({"type": "guest", "user": "alice"}));
    let register = json!({"type": "register", "password": OLD});
    assert_eq!(cause(&mut alice, json!({"type": "password", "old": OLD, "new": NEW})), "no_account");
    assert_eq!(cause(&mut alice, json!({"type": "register"})), "bad_object");
    assert_eq!(cause(&mut alice, json!({"type": "register", "password": "short"})), "password_length");
    assert_eq!(cause(&mut alice, register.clone()), "account_made");
    assert_eq!(cause(&mut alice, register), "account_already");
    assert_eq!(cause(&mut alice, json!({"type": "password", "old": "wrong", "new": NEW})), "wrong_old_password");
    assert_eq!(cause(&mut alice, json!({"type": "password", "old": OLD, "new": "short"})), "password_length");
    assert_eq!(cause(&mut alice, json!({"type": "password", "old": OLD, "new": NEW})), "password_changed");
    alice.client.quit();
    assert_eq!(try_login(&server, "alice", OLD), "ERROR: Invalid alias or password");
    server.login("alice", NEW).quit();
}

#[test]
fn a_label_changes_a_password_once() {
    let server = TestServer::default();
    let (mut alice, _) = client(&server, json!({"type": "guest", "user": "alice"}));
    let register = json!({"type": "register", "password": OLD, "label": "r"});
    assert_eq!(cause(&mut alice, register.clone()), "account_made");
    assert_eq!(alice.request(register)[0]["repeated"], true);
    let wrong = json!({"type": "password", "old": "wrong", "new": NEW, "label": "w"});
    assert_eq!(cause(&mut alice, wrong.clone()), "wrong_old_password");
    assert_eq!(cause(&mut alice, wrong), "wrong_old_password", "refused, it is tried again");
}

#[test]
fn a_new_password_voids_the_tokens_of_before() {
    let server = TestServer::default();
    server.register("alice", OLD);
    let (mut alice, token) = client(&server, json!({"type": "login", "user": "alice", "password": OLD}));
    assert_eq!(cause(&mut alice, json!({"type": "password", "old": OLD, "new": NEW})), "password_changed");
    let mut thief = ObjectClient::connect(&server);
    assert_eq!(cause(&mut thief, json!({"type": "resume", "token": token})), "token_unknown");
    assert_eq!(alice.request(json!({"type": "ping", "token": "x"}))[0]["text"], "x", "her own session goes on");
}

#[test]
fn a_lost_session_of_a_guest_does_not_open_an_account_of_that_name() {
    let server = TestServer::default();
    let (guest, token) = client(&server, json!({"type": "guest", "user": "alice"}));
    guest.client.reset();
    eventually("the guest is gone", || server.server().context().hub.find("alice").is_none());
    server.register("alice", OLD);
    let mut back = ObjectClient::connect(&server);
    assert_eq!(cause(&mut back, json!({"type": "resume", "token": token})), "token_unknown");
}

#[test]
fn a_guest_who_has_made_an_account_is_resumed_as_the_account() {
    let server = TestServer::default();
    let (mut alice, token) = client(&server, json!({"type": "guest", "user": "alice", "room": "ops"}));
    let (mut bob, bobs) = client(&server, json!({"type": "guest", "user": "bob", "room": "ops"}));
    alice.request(json!({"type": "connect", "to": "bob"}));
    bob.request(json!({"type": "accept", "to": "alice"}));
    bob.client.reset();
    assert_eq!(alice.until("event", "private_ended")["user"], "bob");
    eventually("bob is gone", || server.server().context().hub.find("bob").is_none());
    alice.request(json!({"type": "say", "room": "ops", "text": "as a guest", "nonce": "n1"}));
    assert_eq!(cause(&mut alice, json!({"type": "register", "password": OLD})), "account_made");
    let (_bob, _) = client(&server, json!({"type": "resume", "token": bobs}));
    assert_eq!(alice.until("event", "private_connected")["user"], "bob", "the chat is with the account now");
    alice.client.reset();
    eventually("alice is gone", || server.server().context().hub.find("alice").is_none());
    let mut back = ObjectClient::connect(&server);
    let answer = back.sign_in(json!({"type": "resume", "token": token, "rooms": {"ops": 0}}));
    assert_eq!((&answer[0]["account"], &answer[0]["resumed"]), (&json!(true), &json!(true)));
    let own = answer.iter().find(|part| part["text"] == "as a guest").expect("what was missed");
    assert_eq!(own["nonce"], "n1", "she knows her own line again");
}
