//! Requests for names of live sessions do not disturb these sessions.

use landline_tests::{Client, ObjectClient, TestServer, neighbour};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Starts a server with a rate limit and limits per address, unlike other tests.
fn server(sign_ins: u64) -> TestServer {
    TestServer::new(|config| {
        config.rate = Some((10, Duration::from_secs(5)));
        config.max_clients_per_ip = Some(100);
        config.limits.sign_ins_per_address_minute = sign_ins;
    })
}

/// Signs in the guest whose name the tests ask for.
fn victim(server: &TestServer) -> ObjectClient {
    let mut victim = ObjectClient::connect(server);
    victim.sign_in(json!({"type": "guest", "user": "victim", "acks": true}));
    victim
}

/// Asks for the victim's name from another address. Returns the answer.
fn ask(server: &TestServer) -> Value {
    let mut rival = ObjectClient::of(Client::connect_from(neighbour(9), server.address()));
    rival.request(json!({"type": "guest", "user": "victim"})).remove(0)
}

/// Answers pings until `is_over`. Returns their number.
fn answer_pings(victim: &mut ObjectClient, is_over: &AtomicBool) -> usize {
    let mut pings = 0;
    while !is_over.load(SeqCst) {
        for _ in victim.drain_events().iter().filter(|object| object["type"] == "ping") {
            pings += 1;
            victim.send(&json!({"type": "pong"}));
        }
        std::thread::sleep(Duration::from_millis(130));
    }
    pings
}

#[test]
fn repeated_requests_for_a_name_neither_end_nor_flood_its_session() {
    let server = server(256);
    let mut victim = victim(&server);
    let is_over = AtomicBool::new(false);
    let asked = AtomicUsize::new(0);
    let pings = std::thread::scope(|scope| {
        let pings = scope.spawn(|| answer_pings(&mut victim, &is_over));
        let rivals: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..50 {
                        assert_eq!(ask(&server)["cause"], "name_taken");
                        asked.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        let all_asked = rivals.into_iter().all(|rival| rival.join().is_ok());
        is_over.store(true, SeqCst);
        assert!(all_asked);
        pings.join().expect("a live session")
    });
    assert_eq!(asked.load(SeqCst), 150);
    assert!(pings < 10, "{pings} pings");
    assert_eq!(victim.request(json!({"type": "say", "room": "lobby", "text": "here"}))[0]["type"], "message");
}

#[test]
fn pongs_and_pings_over_the_rate_end_no_session() {
    let server = server(256);
    let mut victim = victim(&server);
    for _ in 0..300 {
        victim.send(&json!({"type": "pong"}));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(victim.request(json!({"type": "say", "room": "lobby", "text": "here"}))[0]["type"], "message");
    assert_eq!(victim.request(json!({"type": "ping"}))[0]["cause"], "throttled");
}

#[test]
fn refused_requests_for_a_name_are_limited_by_address() {
    let server = server(5);
    let mut victim = victim(&server);
    let is_over = AtomicBool::new(false);
    let causes: Vec<Value> = std::thread::scope(|scope| {
        let pings = scope.spawn(|| answer_pings(&mut victim, &is_over));
        let causes = (0..6).map(|_| ask(&server)["cause"].clone()).collect();
        is_over.store(true, SeqCst);
        pings.join().expect("a live session");
        causes
    });
    assert_eq!(causes[..5], [const { "name_taken" }; 5]);
    assert_eq!(causes[5], "address_sign_ins");
}

/// Signs in as the victim with a small buffer, and reads 4,000 bytes every 50 ms until `is_over`. Answers pings if
/// `answers` is true. Returns whether the connection is still open at the end.
fn read_slowly(address: SocketAddr, answers: bool, is_in: &AtomicBool, is_over: &AtomicBool) -> bool {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(8_192).expect("a small buffer");
    socket.connect(&address.into()).expect("a connection");
    let mut stream = std::net::TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
    stream.write_all(b"format json\n{\"type\":\"guest\",\"user\":\"victim\",\"acks\":true}\n").expect("a sign-in");
    let mut buffer = vec![0; 4_000];
    let mut line = Vec::new();
    while !is_over.load(SeqCst) {
        let read = match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(read) => read,
            Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return false,
        };
        for byte in &buffer[..read] {
            line.push(*byte);
            if *byte == b'\n' {
                let text = String::from_utf8_lossy(&line);
                if text.contains("auth_ok") {
                    is_in.store(true, SeqCst);
                }
                if answers && text.contains("\"type\":\"ping\"") {
                    stream.write_all(b"{\"type\":\"pong\"}\n").expect("a pong");
                }
                line.clear();
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// Sends `lines` long lines, then asks for the victim's name. Returns the answer, its latency, and whether the victim's
/// connection is still open.
fn ask_behind_a_burst(answers: bool, lines: usize) -> (Value, Duration, bool) {
    let server = TestServer::default();
    let is_in = AtomicBool::new(false);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| read_slowly(server.address(), answers, &is_in, &is_over));
        landline_tests::eventually("the victim is in", || is_in.load(SeqCst));
        let mut talker = ObjectClient::connect(&server);
        talker.sign_in(json!({"type": "guest", "user": "talker"}));
        for _ in 0..lines {
            talker.request(json!({"type": "say", "room": "lobby", "text": "é".repeat(1_500)}));
        }
        let begun = Instant::now();
        let answer = ask(&server);
        let took = begun.elapsed();
        is_over.store(true, SeqCst);
        (answer, took, holder.join().expect("a holder"))
    })
}

#[test]
fn slow_live_session_keeps_its_name_behind_a_burst_of_talk() {
    let (answer, took, stands) = ask_behind_a_burst(true, 130);
    assert_eq!((&answer["cause"], stands), (&json!("name_taken"), true), "after {took:?}");
    assert!(took > Duration::from_millis(2_700), "{took:?}: no backlog delayed the ping");
}

#[test]
fn silent_session_loses_its_name_once_the_ping_was_delivered() {
    let (answer, took, _) = ask_behind_a_burst(false, 0);
    assert_eq!(answer["type"], "auth_ok", "{answer}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    let (answer, took, _) = ask_behind_a_burst(false, 130);
    assert_eq!(answer["type"], "auth_ok", "{answer}");
    assert!(took < Duration::from_secs(17), "{took:?}");
}
