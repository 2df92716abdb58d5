//! Sign-in by a single object.

use crate::JsonClient;
use landline_tests::TestServer;
use serde_json::{Value, json};

#[test]
fn guest_enters_all_named_rooms_at_sign_in() {
    let server = TestServer::default();
    let mut alice = JsonClient::connect(&server);
    let rooms = json!({"ops": null, "dev": 5, "all": null});
    let answer = alice.ask(&json!({"type": "guest", "user": "alice", "room": "lobby", "rooms": rooms, "label": "1"}));
    assert_eq!((&answer[0]["type"], &answer[0]["protocol"]), (&json!("auth_ok"), &json!(2)));
    assert_eq!(answer[0]["member_of"], json!(["dev", "ops", "lobby"]));
    assert_eq!((&answer[0]["room"], &answer[0]["account"]), (&json!("lobby"), &json!(false)));
    let caught_up: Vec<&Value> = answer.iter().filter(|object| object["event"] == "caught_up").collect();
    assert_eq!(caught_up.iter().map(|object| &object["room"]).collect::<Vec<_>>(), ["all", "dev", "ops"]);
    assert_eq!(answer.last().unwrap()["type"], "ok");
    let mut bob = server.guest("bob", "dev");
    alice.send(&json!({"type": "say", "room": "dev", "text": "hi"}));
    bob.expect("alice: hi");
}

#[test]
fn missed_messages_come_with_the_sign_in() {
    let server = TestServer::default();
    let mut alice = JsonClient::guest(&server, "alice", "ops");
    let mut say = |text: &str| {
        let answer = alice.ask(&json!({"type": "say", "room": "ops", "text": text, "label": text}));
        answer[0]["id"].as_u64().unwrap()
    };
    let first = say("one");
    say("two");
    say("three");
    let mut bob = JsonClient::connect(&server);
    let rooms = json!({"ops": first, "new": null});
    let answer = bob.ask(&json!({"type": "guest", "user": "bob", "room": "ops", "rooms": rooms, "label": "1"}));
    let texts: Vec<&Value> = answer.iter().filter(|o| o["event"] == "history").map(|o| &o["text"]).collect();
    assert_eq!(texts, ["two", "three"]);
    let ops = answer.iter().find(|object| object["event"] == "caught_up" && object["room"] == "ops").unwrap();
    assert_eq!((&ops["shown"], &ops["missed"], &ops["more"]), (&json!(2), &json!(true), &json!(false)));
    let mut carol = JsonClient::connect(&server);
    let answer = carol.ask(&json!({"type": "guest", "user": "carol", "rooms": {"ops": null}, "label": "1"}));
    let ops = answer.iter().find(|object| object["room"] == "ops" && object["event"] == "caught_up").unwrap();
    assert_eq!(
        (&ops["shown"], &ops["missed"]),
        (&json!(3), &json!(false)),
        "a newcomer gets the last messages, none of which is missed"
    );
}

#[test]
fn register_and_login_take_one_object_each() {
    let server = TestServer::default();
    let account =
        |r#type: &str, password: &str| json!({"type": r#type, "user": "alice", "password": password, "label": "1"});
    let mut first = JsonClient::connect(&server);
    let answer = first.ask(&account("register", "short"));
    assert_eq!((&answer[0]["type"], &answer[0]["cause"]), (&json!("auth_fail"), &json!("password_length")));
    let answer = first.ask(&account("register", "long enough"));
    assert_eq!((&answer[0]["type"], &answer[0]["account"]), (&json!("auth_ok"), &json!(true)));
    let mut second = JsonClient::connect(&server);
    assert_eq!(second.ask(&account("login", "wrong password"))[0]["cause"], "wrong_password");
    assert_eq!(second.ask(&account("login", "long enough"))[0]["cause"], "already_here");
    assert_eq!(second.ask(&json!({"type": "guest", "user": "alice", "label": "2"}))[0]["cause"], "name_taken");
    first.client.quit();
    assert_eq!(second.ask(&json!({"type": "guest", "user": "alice", "label": "3"}))[0]["cause"], "name_registered");
    assert_eq!(second.ask(&account("login", "long enough"))[0]["type"], "auth_ok");
}

#[test]
fn server_password_is_checked_before_names() {
    let server = TestServer::new(|config| config.password = Some("sesame".into()));
    let mut client = JsonClient::connect(&server);
    let register = json!({"type": "register", "user": "alice", "password": "long enough", "server_password": "sesame", "label": "1"});
    assert_eq!(client.ask(&register)[0]["type"], "auth_ok");
    client.client.quit();
    let mut client = JsonClient::connect(&server);
    let mut cause = |object: Value| client.ask(&object)[0]["cause"].clone();
    assert_eq!(cause(json!({"type": "guest", "user": "alice", "label": "1"})), "server_password_needed");
    let wrong = json!({"type": "guest", "user": "alice", "server_password": "x", "label": "2"});
    assert_eq!(cause(wrong), "wrong_server_password");
    let right = json!({"type": "guest", "user": "alice", "server_password": "sesame", "label": "3"});
    assert_eq!(cause(right), "name_registered");
}

#[test]
fn malformed_sign_in_is_answered_and_may_be_repeated() {
    let server = TestServer::default();
    let mut client = JsonClient::connect(&server);
    for object in [json!({"type": "say", "room": "lobby", "text": "x", "label": "1"}), json!({"label": "1"})] {
        let answer = client.ask(&object);
        assert_eq!((&answer[0]["type"], &answer[0]["cause"]), (&json!("auth_fail"), &json!("bad_object")));
    }
    client.client.send("{");
    assert_eq!(client.next()["cause"], "bad_object");
    assert_eq!(client.ask(&json!({"type": "guest", "user": "alice", "label": "2"}))[0]["type"], "auth_ok");
}

#[test]
fn sign_in_limits_and_deduplicates_rooms() {
    let server = TestServer::default();
    let mut alice = JsonClient::connect(&server);
    let many: serde_json::Map<String, Value> = (0..49).map(|n| (format!("room{n}"), json!(null))).collect();
    let answer = alice.ask(&json!({"type": "guest", "user": "alice", "rooms": many, "label": "1"}));
    assert_eq!((&answer[0]["type"], &answer[0]["cause"]), (&json!("auth_fail"), &json!("bad_object")));
    let rooms = json!({"Ops": null, "ops": 5, "OPS": null});
    let answer = alice.ask(&json!({"type": "guest", "user": "alice", "rooms": rooms, "label": "2"}));
    assert_eq!(answer.iter().filter(|object| object["event"] == "caught_up").count(), 1);
}

#[test]
fn each_surplus_room_of_a_sign_in_is_refused() {
    let server = TestServer::default();
    let mut alice = JsonClient::connect(&server);
    let names: Vec<String> = (0..48).map(|n| format!("room{n:02}")).collect();
    let rooms: serde_json::Map<String, Value> = names.iter().map(|name| (name.clone(), json!(null))).collect();
    let answer = alice.ask(&json!({"type": "guest", "user": "alice", "room": "ops", "rooms": rooms, "label": "1"}));
    let named = |chosen: &dyn Fn(&Value) -> bool| -> Vec<String> {
        answer
            .iter()
            .filter(|object| chosen(object))
            .map(|object| object["room"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(answer[0]["member_of"].as_array().unwrap().len(), 32);
    assert_eq!(named(&|object| object["event"] == "caught_up"), names[..31]);
    assert_eq!(named(&|object| object["cause"] == "too_many_rooms"), names[31..]);
    let refusal = answer.iter().find(|object| object["cause"] == "too_many_rooms").unwrap();
    assert_eq!((&refusal["type"], &refusal["code"], &refusal["count"]), (&json!("error"), &json!(403), &json!(32)));
    assert_eq!(answer.last().unwrap()["type"], "ok");
}

#[test]
fn a_room_that_may_not_be_opened_is_refused_and_the_sign_in_is_not() {
    let server = TestServer::default();
    let mut alice = JsonClient::connect(&server);
    let rooms = json!({"\u{1d00}ll": null, "ops": null});
    let answer = alice.ask(&json!({"type": "guest", "user": "alice", "rooms": rooms, "label": "1"}));
    assert_eq!(answer[0]["member_of"], json!(["ops", "lobby"]));
    let refused: Vec<&Value> = answer.iter().filter(|object| object["cause"] == "room_name_bad").collect();
    assert_eq!(refused.iter().map(|object| &object["room"]).collect::<Vec<_>>(), ["\u{1d00}ll"]);
}

#[test]
fn room_that_the_address_may_not_open_is_refused_at_sign_in() {
    let server = TestServer::new(|config| {
        config.max_clients_per_ip = Some(256);
        config.limits.rooms_per_address = 2;
    });
    let mut alice = JsonClient::connect(&server);
    let rooms = json!({"dev": null, "ops": null, "sales": null});
    let answer = alice.ask(&json!({"type": "guest", "user": "alice", "rooms": rooms, "label": "1"}));
    assert_eq!(answer[0]["member_of"], json!(["dev", "ops", "lobby"]));
    let refused: Vec<&Value> = answer.iter().filter(|object| object["cause"] == "address_rooms").collect();
    assert_eq!(refused.iter().map(|object| &object["room"]).collect::<Vec<_>>(), ["sales"]);
}
