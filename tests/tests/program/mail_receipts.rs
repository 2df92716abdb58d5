//! Killed when mail is out for somebody and it is not known yet whether they got it, the server repeats it.

use crate::{folder, guest, server, start, stop};
use landline_tests::Client;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use std::net::SocketAddr;

const PASSWORD: &str = "correct horse";
const LETTERS: usize = 40;

/// Bob, with JSON.
fn come(mut bob: Client) -> Client {
    for line in ["format json", "LOGIN", "bob", PASSWORD] {
        bob.send(line);
    }
    bob.until("{\"type\":\"auth_ok\"");
    bob
}

/// Somebody for whom the kernel keeps little.
fn sloth(address: SocketAddr) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(16 << 10).expect("a socket");
    socket.connect(&address.into()).expect("a connection");
    Client::of(socket.into())
}

/// The next message: its id, and the number in it.
fn letter(bob: &mut Client) -> (u64, usize) {
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
    for number in 0..LETTERS {
        alice.send(&format!("message bob {number} {}", "é".repeat(1_900)));
        alice.expect("INFO: bob is offline. Message queued for delivery.");
    }
    // He reads a little of the first page; the kernels cannot hold the rest of it.
    let mut bob = come(sloth(address));
    let first: Vec<(u64, usize)> = (0..3).map(|_| letter(&mut bob)).collect();
    program.signal("KILL");
    program.wait();

    let (mut program, address) = start(&mut tight());
    let mut bob = come(Client::connect(address));
    let all: Vec<(u64, usize)> = (0..LETTERS).map(|_| letter(&mut bob)).collect();
    assert_eq!(all[..3], first);
    assert!(all.is_sorted() && all.iter().map(|(_, number)| *number).eq(0..LETTERS), "{all:?}");
    // The receipt of the last page is known before he can come again.
    bob.quit();
    let mut bob = come(Client::connect(address));
    bob.send("/ping");
    assert!(bob.line().contains("pong"));
    stop(&mut program);
}
