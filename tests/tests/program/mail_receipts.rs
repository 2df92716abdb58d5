//! A server that is killed before the receipt of a delivered page of mail repeats the page.

use crate::{folder, guest, server, start, stop};
use landline_tests::Client;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use std::net::SocketAddr;

const PASSWORD: &str = "correct horse";
const MESSAGES: usize = 40;

/// Signs in bob, with JSON.
fn sign_in(mut bob: Client) -> Client {
    for line in ["format json", "LOGIN", "bob", PASSWORD] {
        bob.send(line);
    }
    bob.until("{\"type\":\"auth_ok\"");
    bob
}

/// Connects a client with a small receive buffer.
fn slow_reader(address: SocketAddr) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(16 << 10).expect("a socket");
    socket.connect(&address.into()).expect("a connection");
    Client::of(socket.into())
}

/// Returns id and number of the next message.
fn next_message(bob: &mut Client) -> (u64, usize) {
    let event: Value = serde_json::from_str(&bob.until("{\"type\":\"pm\"")).expect("JSON");
    assert_eq!(event["kept"], true);
    let number = event["text"].as_str().and_then(|text| text.split(' ').next()).expect("a number");
    (event["id"].as_u64().expect("an id"), number.parse().expect("a number"))
}

#[test]
fn mail_page_without_a_receipt_is_repeated_with_the_same_ids() {
    let folder = folder();
    let tight = || {
        let mut command = server(folder.path());
        command.args(["--limit", "send-buffer-bytes=4096", "--limit", "mail-per-sender=100"]);
        command
    };
    let (mut program, address) = start(&mut tight());
    let mut registering = Client::connect(address);
    ["REGISTER", "bob", PASSWORD].iter().for_each(|line| registering.send(line));
    registering.until("Registration successful");
    let mut alice = guest(address, "alice");
    for number in 0..MESSAGES {
        alice.send(&format!("message bob {number} {}", "é".repeat(1_900)));
        alice.expect("INFO: bob is offline. Message queued for delivery.");
    }
    // Bob reads a part of the first page. The socket buffers cannot hold the rest.
    let mut bob = sign_in(slow_reader(address));
    let first: Vec<(u64, usize)> = (0..3).map(|_| next_message(&mut bob)).collect();
    program.signal("KILL");
    program.wait();

    let (mut program, address) = start(&mut tight());
    let mut bob = sign_in(Client::connect(address));
    let all: Vec<(u64, usize)> = (0..MESSAGES).map(|_| next_message(&mut bob)).collect();
    assert_eq!(all[..3], first);
    assert!(all.is_sorted() && all.iter().map(|(_, number)| *number).eq(0..MESSAGES), "{all:?}");
    // The server knows the receipt of the last page before bob signs in again.
    bob.quit();
    let mut bob = sign_in(Client::connect(address));
    bob.send("/ping");
    assert!(bob.line().contains("pong"));
    stop(&mut program);
}
