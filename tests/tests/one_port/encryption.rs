//! What the server says about encryption is true of each connection.

use landline_common::text::PASSWORD_SENT;
use landline_tests::{Client, ObjectClient, TestServer, TlsTunnel, WebSocketClient};
use serde_json::{Value, json};
use std::net::SocketAddr;

const PASSWORD: &str = "correct horse";

/// Returns a server and its addresses in the clear and over TLS.
fn server() -> (TestServer, SocketAddr, SocketAddr) {
    let server = TestServer::default();
    let clear = server.address();
    (server, clear, TlsTunnel::to(clear).address())
}

fn guest(address: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(&format!("{name}_lobby"));
    client.expect_start("200 ");
    client
}

#[test]
fn text_clients_read_the_truth_about_their_password() {
    let (server, clear, tunnel) = server();
    server.register("alice", PASSWORD);
    let welcome = "200 Welcome to Landline, alice. You are in lobby; /help lists the commands.";
    for (address, welcome, readers) in [
        (clear, format!("{welcome} {PASSWORD_SENT}"), "It is not encrypted on this network: "),
        (tunnel, welcome.to_owned(), "The server sees it: "),
    ] {
        let mut alice = Client::connect(address);
        alice.send(&format!("LOGIN\nalice\n{PASSWORD}"));
        for line in ["ALIAS?", "PASSWORD?", "AUTH_SUCCESS", &welcome] {
            alice.expect(line);
        }
        alice.send("/password");
        let introduction = alice.expect_start("INFO: Changing the password of alice. ");
        assert!(introduction.contains(readers), "{introduction}");
        alice.expect("PRESENT PASSWORD?");
        alice.send("");
        alice.expect_start("INFO: Nothing was changed.");
        alice.quit();
    }
}

#[test]
fn programs_read_it_in_the_answer_to_the_sign_in() {
    let (_server, clear, tunnel) = server();
    for (address, is_encrypted) in [(clear, false), (tunnel, true)] {
        let mut jason = ObjectClient::of(Client::connect(address));
        let mut phone = WebSocketClient::connect(address);
        let signed_in = jason.sign_in(json!({ "type": "guest", "user": "jason", "room": "lobby" }));
        assert_eq!(signed_in[0]["encrypted"], is_encrypted, "{signed_in:?}");
        let signed_in = phone.sign_in("phone", "lobby");
        assert_eq!(signed_in["encrypted"], is_encrypted, "{signed_in}");
        let connected = jason.until("event", "connected");
        assert_eq!((&connected["user"], &connected["encrypted"]), (&json!("phone"), &json!(is_encrypted)));
        jason.client.quit();
        phone.send(&json!({ "type": "quit" }).to_string());
        assert!(phone.close_frame().is_some());
    }
}

#[test]
fn members_can_tell_who_is_in_the_clear() {
    let (_server, clear, tunnel) = server();
    let mut jason = ObjectClient::of(Client::connect(tunnel));
    jason.sign_in(json!({ "type": "guest", "user": "jason", "room": "lobby" }));
    let lists = |jason: &mut ObjectClient| {
        let questions = [json!({ "type": "members", "room": "lobby" }), json!({ "type": "users" })];
        questions.map(|question| jason.request(question)[0].clone())
    };
    let whois = |jason: &mut ObjectClient, user: &str| -> Value {
        jason.request(json!({ "type": "whois", "to": user }))[0].clone()
    };
    for list in lists(&mut jason) {
        assert_eq!((&list["users"], &list["unencrypted"]), (&json!(["jason"]), &Value::Null));
    }
    let mut netcat = guest(clear, "netcat");
    let _openssl = guest(tunnel, "openssl");
    for list in lists(&mut jason) {
        let mut users: Vec<&str> = list["users"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
        users.sort_unstable();
        assert_eq!((users, &list["unencrypted"]), (vec!["jason", "netcat", "openssl"], &json!(["netcat"])));
    }
    assert_eq!([&whois(&mut jason, "netcat")["encrypted"], &whois(&mut jason, "openssl")["encrypted"]], [false, true]);
    netcat.until("openssl has connected");
    for (user, end) in
        [("netcat", "such as nc, not encrypted"), ("openssl", "such as nc, over an encrypted connection")]
    {
        netcat.send(&format!("/whois {user}"));
        let sentence = netcat.expect_start(&format!("INFO: {user} is a guest, here for "));
        assert!(sentence.ends_with(end), "{sentence}");
        netcat.expect("INFO: Rooms: lobby");
    }
}

#[test]
fn resumed_session_stays_as_encrypted_as_it_was() {
    let (_server, clear, tunnel) = server();
    for (address, is_encrypted) in [(clear, false), (tunnel, true)] {
        let user = if is_encrypted { "alice" } else { "bob" };
        let mut first = ObjectClient::of(Client::connect(address));
        let signed_in = first.sign_in(json!({ "type": "guest", "user": user, "room": "lobby" }));
        let mut second = ObjectClient::of(Client::connect(address));
        let resumed = second.sign_in(json!({ "type": "resume", "token": signed_in[0]["token"] }));
        assert_eq!((&resumed[0]["resumed"], &resumed[0]["encrypted"]), (&json!(true), &json!(is_encrypted)));
        let whois = second.request(json!({ "type": "whois", "to": user }));
        assert_eq!(whois[0]["encrypted"], is_encrypted, "{whois:?}");
    }
}
