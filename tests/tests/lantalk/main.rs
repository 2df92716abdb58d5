//! The LanTalk port: LanTalk's JSON, refusals and texts, so that users can keep their client.

mod hostile;
mod real_client;
mod talk;

use landline_common::json;
use landline_tests::{Client, TestServer};
use serde_json::{Value, json};

/// Starts a server with a LanTalk port.
fn server() -> TestServer {
    TestServer::new(|config| config.lantalk_port = Some(0))
}

/// Returns the next object, without its time.
fn object(client: &mut Client) -> Value {
    let line = client.line();
    let mut object: Value = serde_json::from_str(&line).expect("JSON");
    let ts = object.as_object_mut().expect("an object").remove("ts").expect("a time");
    let ts = ts.as_str().expect("text");
    assert!(ts.len() == 5 && ts.as_bytes()[2] == b':', "{line}");
    object
}

/// Returns the object of a text from the server itself.
fn system(text: &str) -> Value {
    json!({"type": "system", "text": text})
}

/// Sends talk or a slash command.
fn say(client: &mut Client, text: &str) {
    client.send(&json!({"type": "message", "text": text}).to_string());
}

/// Signs in. Returns the server's answer.
fn sign_in(server: &TestServer, credentials: &Value) -> Value {
    let mut client = Client::connect(server.lantalk_address());
    client.expect_start("{\"type\":\"auth_request\"");
    client.send(&credentials.to_string());
    let answer = object(&mut client);
    if answer["type"] == "auth_fail" {
        client.expect_closed();
    }
    answer
}

fn fail(reason: &str) -> Value {
    json!({"type": "auth_fail", "reason": reason})
}

#[test]
fn sign_in_follows_lantalks_protocol() {
    let server = server();
    let mut client = Client::connect(server.lantalk_address());
    assert_eq!(object(&mut client), json!({"type": "auth_request", "needs_password": false}));
    client.send(r#"{"username":"Bob","password":""}"#);
    assert_eq!(object(&mut client), json!({"type": "auth_ok", "username": "Bob", "server_name": "Landline"}));
    assert_eq!(sign_in(&server, &json!({"username": "bob"})), fail("Username already taken."));
    assert_eq!(sign_in(&server, &json!({"username": "В0b"})), fail("Username already taken."), "a look-alike");
    for name in ["", "a b", "a:b", "\u{1b}[31m"] {
        assert_eq!(sign_in(&server, &json!({"username": name})), fail("Invalid username."));
    }
    let long = sign_in(&server, &json!({"username": "x".repeat(40)}));
    assert_eq!(long["username"], "x".repeat(24));
}

#[test]
fn server_password_is_checked_before_names_at_the_lantalk_port() {
    let server = TestServer::new(|config| {
        config.lantalk_port = Some(0);
        config.password = Some("sesame".into());
    });
    let mut bob = Client::connect(server.lantalk_address());
    assert_eq!(object(&mut bob), json!({"type": "auth_request", "needs_password": true}));
    bob.send(r#"{"username":"Bob","password":"sesame"}"#);
    assert_eq!(object(&mut bob)["type"], "auth_ok");
    for (name, password) in [("Bob", ""), ("Bob", "guess"), ("Eve", ""), ("Eve", "guess")] {
        assert_eq!(sign_in(&server, &json!({"username": name, "password": password})), fail("Wrong password."));
    }
    assert_eq!(sign_in(&server, &json!({"username": "Bob", "password": "sesame"})), fail("Username already taken."));
}

#[test]
fn account_password_signs_in_to_the_account() {
    let server = server();
    server.register("alice", "correct horse");
    assert_eq!(sign_in(&server, &json!({"username": "alice"})), fail("Username already taken."));
    assert_eq!(sign_in(&server, &json!({"username": "alice", "password": "wrong horse"})), fail("Wrong password."));
    assert_eq!(sign_in(&server, &json!({"username": "alice", "password": "correct horse"}))["type"], "auth_ok");
}

#[test]
fn wrong_passwords_lock_the_account_here_too() {
    let server = server();
    server.register("alice", "correct horse");
    for _ in 0..3 {
        assert_eq!(sign_in(&server, &json!({"username": "alice", "password": "guess"})), fail("Wrong password."));
    }
    let locked = sign_in(&server, &json!({"username": "alice", "password": "correct horse"}));
    assert!(locked["reason"].as_str().expect("a reason").contains("Try again in"), "{locked}");
    let mut text_client = server.connect();
    for line in ["LOGIN", "alice", "correct horse"] {
        text_client.send(line);
    }
    assert!(text_client.until("ERROR: 403").contains("Try again in"));
}

#[test]
fn json_clients_of_the_text_port_receive_lantalk_messages() {
    let server = server();
    let mut bot = server.guest("bot", "lobby");
    bot.send("format json");
    bot.until("{\"type\":\"system\",\"event\":\"format\"");
    let mut bob = server.lantalk("Bob");
    bot.expect_start("{\"type\":\"system\"");
    say(&mut bob, "grüße \\u00fc");
    let event = json::read(&bot.line()).expect("an event");
    assert!(format!("{:?}", event.what).contains("grüße"));
}
