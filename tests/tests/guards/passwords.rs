//! Wrong passwords count per address, under any name.

use landline_tests::{Client, TestServer};

fn guess(server: &TestServer, alias: &str) -> String {
    let mut client = server.connect();
    for line in ["LOGIN", alias, "a wrong guess"] {
        client.send(line);
    }
    client.until("ERROR: ")
}

#[test]
fn ten_wrong_passwords_block_only_further_password_attempts() {
    let server = TestServer::default();
    server.register("alice", "correct horse");
    let mut inside = server.login("alice", "correct horse");
    for i in 0..10 {
        assert_eq!(guess(&server, &format!("somebody-{i}")), "ERROR: Invalid alias or password");
    }
    let refused = guess(&server, "somebody-else");
    assert!(refused.starts_with("ERROR: 403 ") && refused.contains("Try again in"), "{refused}");
    inside.expect_nothing();
    server.guest("bob", "lobby");
    inside.expect("bob has connected to the chatroom");
}

#[test]
fn wrong_server_passwords_count_too() {
    let server = TestServer::new(|config| {
        config.password = Some("sesame".into());
        config.limits.address_failures = 3;
    });
    let attempt = |password: &str| {
        let mut client = server.connect();
        client.send("eve_lobby");
        client.expect("PASSWORD?");
        client.send(password);
        client.line()
    };
    assert!(attempt("sesame").starts_with("200 "));
    for _ in 0..3 {
        assert!(attempt("open").starts_with("403 Wrong server"));
    }
    assert!(attempt("sesame").contains("Try again in"), "the right password, after too many wrong ones");
}

/// Signs in at the LanTalk port. Returns the answer.
fn at_lantalk(server: &TestServer, name: &str, password: &str) -> String {
    let mut client = Client::connect(server.lantalk_address());
    client.expect_start("{\"type\":\"auth_request\"");
    client.send(&serde_json::json!({"username": name, "password": password}).to_string());
    client.line()
}

#[test]
fn wrong_server_passwords_count_under_a_locked_name_too() {
    let server = TestServer::new(|config| {
        config.password = Some("sesame".into());
        config.lantalk_port = Some(0);
        config.limits.failures_to_lock = 2;
        config.limits.address_failures = 5;
    });
    for guess in ["open", "shut", "ajar", "wide", "bolt"] {
        assert!(at_lantalk(&server, "eve", guess).contains("auth_fail"), "{guess}");
    }
    assert!(
        at_lantalk(&server, "eve", "sesame").contains("auth_fail"),
        "the right password, after too many wrong ones"
    );
    assert!(at_lantalk(&server, "mallory", "sesame").contains("auth_fail"), "the right password, under another name");
}
