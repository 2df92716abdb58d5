//! tcp_chat's client, byte for byte, and the real client from the package index.

use landline_tests::{Program, TestServer, python_with};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn users_talk_in_a_room_and_receive_their_own_lines() {
    let server = TestServer::default();
    let mut alice = server.unframed();
    alice.exchange("alice_room", "200");
    let mut bob = server.unframed();
    bob.exchange("bob_room", "200");
    alice.expect("bob has connected to the chatroom");
    let mut carol = server.guest("carol", "room");
    for client in [&mut alice, &mut bob] {
        client.expect("carol has connected to the chatroom");
    }
    alice.exchange("hello", "alice - hello");
    bob.expect("alice - hello");
    carol.expect("alice: hello");
    bob.exchange("two\nlines\tand a tab", "bob - two lines and a tab");
    alice.expect("bob - two lines and a tab");
    carol.expect("bob: two lines and a tab");
    carol.send("hi");
    carol.send("/all hi all");
    for heard in ["carol - hi", "carol - hi all"] {
        alice.expect(heard);
        bob.expect(heard);
    }
    drop(bob);
    alice.expect("bob has left the chatroom");
    alice.exchange("/ping", "PONG");
}

#[test]
fn names_may_contain_underscores() {
    let server = TestServer::default();
    let mut alice = server.unframed();
    alice.exchange("al_ice_room", "200");
    alice.exchange("hello", "al_ice - hello");
    alice.exchange("online clients", "Online clients: al_ice");
}

#[test]
fn refusal_is_a_bare_code_and_the_end() {
    let server = TestServer::default();
    server.register("owner", "correct horse");
    let mut alice = server.unframed();
    alice.exchange("alice_room", "200");
    for (first, answer) in [
        ("alice_room", "403"),
        ("ALICE_other", "403"),
        ("owner_room", "403"),
        ("INFO_room", "403"),
        ("hello", "400"),
        ("bob_", "400"),
        ("_room", "400"),
        ("b b_room", "400"),
    ] {
        let mut other = server.unframed();
        other.exchange(first, answer);
        other.expect("");
    }
    alice.exchange("still here", "alice - still here");
}

#[test]
fn server_with_a_password_refuses_tcp_chat() {
    let server = TestServer::new(|config| config.password = Some("open sesame".into()));
    let mut alice = server.unframed();
    alice.exchange("alice_room", "403");
    alice.expect("");
}

#[test]
fn character_split_over_two_sends_stays_whole() {
    let server = TestServer::default();
    let mut alice = server.unframed();
    alice.exchange("alice_room", "200");
    let mut bob = server.guest("bob", "room");
    alice.expect("bob has connected to the chatroom");
    for (bytes, heard) in [(&b"gr\xc3"[..], "gr"), (b"\xbc\xc3\x9fe \xf0\x9f\x91", "üße"), (b"\x8d!", "👍!")] {
        alice.send_bytes(bytes);
        alice.expect(&format!("alice - {heard}"));
        bob.expect(&format!("alice: {heard}"));
    }
    alice.send_bytes(b"\xff and on");
    alice.expect("alice - \u{fffd} and on");
}

fn tcp_chat(python: &Path, server: &TestServer, name: &str) -> Program {
    let port = server.address().port().to_string();
    let mut command = Command::new(python);
    command.args(["-u", "-m", "tcp_chat", "client", "-a", "127.0.0.1", "-p", &port, "-u", name, "-c", "room"]);
    Program::start(&mut command, Stdio::piped())
}

#[test]
fn real_client_talks_with_nc() {
    let server = TestServer::default();
    let Some(python) = python_with("cn_tcp_server==0.0.2", server.scratch()) else { return };
    let mut bob = server.guest("bob", "room");
    let mut alice = tcp_chat(&python, &server, "alice");
    alice.until("Connected!");
    bob.expect("alice has connected to the chatroom");
    for text in ["hello from python", "grüße 👍"] {
        alice.type_line(text);
        alice.until(&format!("alice - {text}"));
        bob.expect(&format!("alice: {text}"));
    }
    bob.send("hello from nc");
    alice.until("bob - hello from nc");

    let mut second = tcp_chat(&python, &server, "Alice");
    second.until("The user with such name already connect");
    assert!(second.wait().success());

    alice.type_line("/exit");
    alice.until("Exit!");
    bob.expect("alice has left the chatroom");
    assert!(alice.wait().success());
}
