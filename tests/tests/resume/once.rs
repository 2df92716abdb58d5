//! Commands and messages that a client sends again are carried out once.

use super::token;
use landline_tests::{ObjectClient, TestServer};
use serde_json::{Value, json};

fn sign_in(server: &TestServer, name: &str) -> (ObjectClient, String) {
    let mut client = ObjectClient::connect(server);
    let answer = client.sign_in(json!({"type": "guest", "user": name, "room": "ops"}));
    let token = token(&answer);
    (client, token)
}

fn say(text: &str, label: &str) -> Value {
    json!({"type": "say", "room": "ops", "text": text, "label": label})
}

#[test]
fn repeated_label_runs_one_command_also_on_another_connection() {
    let server = TestServer::default();
    let (mut alice, token) = sign_in(&server, "alice");
    let mut bob = server.guest("bob", "ops");
    let id = alice.request(say("one", "a"))[0]["id"].clone();
    let again = alice.request(say("one", "a"));
    assert_eq!((&again[0]["type"], &again[0]["id"], &again[0]["repeated"]), (&json!("ok"), &id, &json!(true)));
    let refused = json!({"type": "say", "room": "dev", "text": "x", "label": "b"});
    assert_eq!(alice.request(refused.clone())[0]["cause"], "not_in_room");
    alice.request(json!({"type": "join", "room": "dev", "label": "c"}));
    assert_eq!(alice.request(refused)[0]["type"], "message", "a refused command runs again");
    assert_eq!(alice.request(json!({"type": "users", "label": "d"}))[0]["event"], "online");
    let mut new = ObjectClient::connect(&server);
    new.sign_in(json!({"type": "resume", "token": token, "label": "in"}));
    assert_eq!(new.request(say("one", "a"))[0]["repeated"], true);
    assert_eq!(new.request(json!({"type": "join", "room": "dev", "label": "c"}))[0]["repeated"], true);
    assert_eq!(new.request(json!({"type": "users", "label": "d"}))[0]["event"], "online", "a list is answered again");
    assert_eq!(new.request(say("two", "e"))[0]["type"], "message");
    assert_eq!([bob.until("alice: "), bob.until("alice: ")], ["alice: one", "alice: two"]);
}

#[test]
fn repeated_nonce_sends_one_message_also_after_a_restart() {
    let mut server = TestServer::default();
    let with = |kind: Value, nonce: &str| {
        let mut object = kind;
        object["nonce"] = nonce.into();
        object
    };
    let say = json!({"type": "say", "room": "ops", "text": "one"});
    let all = json!({"type": "all", "text": "two"});
    let pm = json!({"type": "pm", "to": "bob", "text": "three"});
    server.register("bob", "correct horse");
    let (mut alice, _) = sign_in(&server, "alice");
    let ids: Vec<Value> = [(&say, "k1"), (&all, "k2"), (&pm, "k3")]
        .into_iter()
        .map(|(kind, nonce)| {
            alice.request(with(kind.clone(), nonce));
            let again = alice.request(with(kind.clone(), nonce));
            assert_eq!((&again[0]["type"], &again[0]["repeated"]), (&json!("ok"), &json!(true)), "{again:?}");
            again[0]["id"].clone()
        })
        .collect();
    server.restart();
    let (mut alice, _) = sign_in(&server, "alice");
    for ((kind, nonce), id) in [(&say, "k1"), (&all, "k2"), (&pm, "k3")].into_iter().zip(&ids) {
        let again = alice.request(with(kind.clone(), nonce));
        assert_eq!((&again[0]["repeated"], &again[0]["id"]), (&json!(true), id), "{again:?}");
    }
    let history = alice.request(json!({"type": "history", "room": "ops", "last": 9}));
    let nonces: Vec<&Value> = history.iter().filter(|o| o["event"] == "history").map(|o| &o["nonce"]).collect();
    assert_eq!(nonces, [&Value::Null], "after a restart a guest of the name may be another one");
    let (mut carol, _) = sign_in(&server, "carol");
    let history = carol.request(json!({"type": "history", "room": "ops", "last": 9}));
    assert_eq!(
        (&history[0]["text"], &history[0]["nonce"]),
        (&json!("one"), &json!(null)),
        "nonces are shown to their author only"
    );
    assert_eq!(carol.request(with(say, "k1"))[0]["type"], "message", "another author's nonce");
}

#[test]
fn other_guest_of_the_same_name_sees_no_nonces() {
    let server = TestServer::default();
    let nonces = |client: &mut ObjectClient| -> Vec<Value> {
        let history = client.request(json!({"type": "history", "room": "ops", "last": 9}));
        history.iter().filter(|o| o["event"] == "history").map(|o| o["nonce"].clone()).collect()
    };
    let (mut alice, token) = sign_in(&server, "alice");
    alice.request(json!({"type": "say", "room": "ops", "text": "one", "nonce": "k1"}));
    assert_eq!(nonces(&mut alice), ["k1"]);
    let mut resumed = ObjectClient::connect(&server);
    resumed.sign_in(json!({"type": "resume", "token": token}));
    assert_eq!(nonces(&mut resumed), ["k1"], "a resumed session is the author");
    resumed.client.reset();
    let mut bob = server.guest("bob", "ops");
    bob.send("is she gone");
    let mut other = ObjectClient::connect(&server);
    landline_tests::eventually("the name is free", || {
        other.request(json!({"type": "guest", "user": "alice", "room": "ops"}))[0]["type"] == "auth_ok"
    });
    assert_eq!(nonces(&mut other), [Value::Null, Value::Null]);
}
