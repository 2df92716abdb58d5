//! Asking for names that live users hold costs these users nothing.

use landline_tests::{Client, ObjectClient, TestServer, neighbour};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A server that bounds lines and sign-ins, which others in tests do not.
fn server(sign_ins: u64) -> TestServer {
    TestServer::new(|config| {
        config.rate = Some((10, Duration::from_secs(5)));
        config.max_clients_per_ip = 100;
        config.limits.sign_ins_per_address_minute = sign_ins;
    })
}

fn victim(server: &TestServer) -> ObjectClient {
    let mut victim = ObjectClient::connect(server);
    victim.sign_in(json!({"type": "guest", "user": "victim", "acks": true}));
    victim
}

/// The answer to a guest at another address who asks for the name.
fn ask(server: &TestServer) -> Value {
    let mut rival = ObjectClient::of(Client::connect_from(neighbour(9), server.address()));
    rival.ask(json!({"type": "guest", "user": "victim"})).remove(0)
}

/// Answers pings until `is_over`; gives their number.
fn answer_pings(victim: &mut ObjectClient, is_over: &AtomicBool) -> usize {
    let mut pings = 0;
    while !is_over.load(SeqCst) {
        for _ in victim.so_far().iter().filter(|object| object["type"] == "ping") {
            pings += 1;
            victim.send(&json!({"type": "pong"}));
        }
        std::thread::sleep(Duration::from_millis(130));
    }
    pings
}

#[test]
fn asking_for_a_name_many_times_neither_ends_nor_floods_its_holder() {
    let server = server(256);
    let (mut victim, is_over, asked) = (victim(&server), AtomicBool::new(false), AtomicUsize::new(0));
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
    assert_eq!(victim.ask(json!({"type": "say", "room": "lobby", "text": "here"}))[0]["type"], "message");
}

#[test]
fn pongs_and_pings_over_the_rate_are_dropped_and_end_no_session() {
    let server = server(256);
    let mut victim = victim(&server);
    for _ in 0..300 {
        victim.send(&json!({"type": "pong"}));
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(victim.ask(json!({"type": "say", "room": "lobby", "text": "here"}))[0]["type"], "message");
    assert_eq!(victim.ask(json!({"type": "ping"}))[0]["cause"], "throttled");
}

#[test]
fn asking_in_vain_is_bounded_by_address() {
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
