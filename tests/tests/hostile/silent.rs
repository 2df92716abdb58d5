//! Connections that send nothing, or one byte now and then.

use crate::ChatProbe;
use landline_tests::{Client, LinkBehavior, Proxy, TestServer, neighbour};
use std::io::Write;
use std::time::{Duration, Instant};

const SILENT: u16 = 1_500;
const LATE: &str = "Signing in took too long. Connect again.";

/// Returns the number of a connection's source address: 15 connections per address, below all limits per address.
fn source(number: u16) -> u16 {
    number / 15
}

/// Starts a server that accepts all these connections, and lets them wait `answer_seconds` for a sign-in.
pub(crate) fn patient_server(answer_seconds: u64) -> TestServer {
    TestServer::new(|config| {
        config.max_clients_per_ip = Some(256);
        config.limits.unsigned_clients = 2_000;
        config.limits.answer_seconds = answer_seconds;
    })
}

pub(crate) fn crowd(server: &TestServer) -> Vec<Client> {
    (0..SILENT).map(|n| Client::connect_from(neighbour(source(n)), server.address())).collect()
}

pub(crate) fn newcomer(server: &TestServer, name: &str) -> Client {
    let mut client = Client::connect_from(neighbour(u16::MAX), server.address());
    client.send(&format!("{name}_salon"));
    client.until("200 ");
    client
}

#[test]
fn users_sign_in_and_talk_beside_1500_silent_connections() {
    let server = patient_server(3_600);
    let mut chat = ChatProbe::new(&server);
    let mut silent = crowd(&server);
    for round in 0..20 {
        let name = format!("newcomer{round}");
        let client = newcomer(&server, &name);
        assert_eq!(chat.say(), [format!("{name} has connected to the chatroom")]);
        client.quit();
        assert_eq!(chat.listener.line(), format!("{name} has left the chatroom"));
    }
    assert!(silent.iter_mut().all(is_still_there), "a silent connection was closed");
}

#[test]
fn silent_connections_are_closed_at_their_deadline() {
    let server = patient_server(1);
    let mut chat = ChatProbe::new(&server);
    let begun = Instant::now();
    for mut client in crowd(&server) {
        client.expect("Authorise MODE? (REGISTER/LOGIN)");
        client.expect(&format!("ERROR: 403 {LATE}"));
        client.expect_closed();
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "gone after {:?}", begun.elapsed());
    assert!(chat.say().is_empty());
}

#[test]
fn flood_of_connections_pushes_out_only_its_own() {
    let server = TestServer::new(|config| config.max_clients_per_ip = Some(256));
    let limits = landline_common::Limits::default();
    let mut waiting = Client::connect_from(neighbour(u16::MAX - 1), server.address());
    waiting.expect("Authorise MODE? (REGISTER/LOGIN)");
    let mut silent = std::thread::scope(|scope| {
        let flood = scope.spawn(|| crowd(&server));
        let mut sign_ins = 0;
        while !flood.is_finished() || sign_ins < 10 {
            newcomer(&server, "newcomer").quit();
            sign_ins += 1;
        }
        flood.join().expect("a flood")
    });
    // The client that waited through the flood can still sign in.
    waiting.send("waiting_salon");
    waiting.expect_start("200 ");
    let left = silent.iter_mut().filter_map(|client| is_still_there(client).then_some(())).count();
    assert!(left as u64 <= limits.unsigned_clients, "{left} connections are still open");
    assert!(left > 0);
}

/// Returns whether the server still answers a connection that has sent nothing yet.
fn is_still_there(client: &mut Client) -> bool {
    let asked = client.next_line().is_some() && client.stream().write_all(b"nobody\n").is_ok();
    asked && client.next_line().is_some_and(|answer| answer == "ERROR: Invalid auth mode")
}

#[test]
fn single_bytes_extend_no_deadline() {
    let server = TestServer::new(|config| config.limits.answer_seconds = 2);
    let mut chat = ChatProbe::new(&server);
    let slow = Proxy::new(server.address(), LinkBehavior::Slow(2), LinkBehavior::Unchanged);
    let mut alice = Client::connect(slow.address());
    alice.send("alice_salon");
    alice.until(&format!("ERROR: 403 {LATE}"));
    alice.expect_closed();
    assert!(chat.say().is_empty());
}

#[test]
fn slow_client_signs_in_and_talks() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    let slow = Proxy::new(server.address(), LinkBehavior::Slow(100), LinkBehavior::Slow(1_000));
    let mut alice = Client::connect(slow.address());
    alice.send_bytes("alice_salon\ngrüße\n".as_bytes());
    alice.until("200 ");
    chat.listener.expect("alice has connected to the chatroom");
    chat.listener.expect("alice: grüße");
    assert!(chat.say().is_empty());
    alice.expect("talker: line 1");
    alice.end_sending();
    chat.listener.expect("alice has left the chatroom");
}
