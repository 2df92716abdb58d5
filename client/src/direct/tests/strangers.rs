//! Strangers at the port, a server that lies, and broken links.

use super::super::dial::RETRY_DELAYS;
use super::super::frame::Frame;
use super::super::handshake::Established;
use super::*;
use crate::rate_counter::{LINES, WINDOW_MS};
use landline_common::link::{ExpectedPeer, Side, open};
use std::net::{TcpListener, TcpStream};

/// Connects to Bob as Alice's client would, and chooses the link. The test plays Alice's end.
fn chosen(alice: &Client, bob: &Client, accept: &str) -> Established {
    let pair = ExpectedKeys { own: alice.direct.keys.clone(), theirs: bob.key() };
    let mut met = pair.initiate(TcpStream::connect(loopback(accept)).unwrap()).unwrap();
    met.choose().unwrap();
    met
}

#[test]
fn reports_a_lost_link_at_once() {
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    let met = chosen(&alice, &bob, &accept);
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
    drop(met);
    assert!(bob.ended().starts_with("the link is lost"));
}

#[test]
fn a_damaged_message_ends_the_chat() {
    use std::io::Write;
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    let mut met = chosen(&alice, &bob, &accept);
    met.stream.write_all(&[0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]).unwrap();
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
    assert!(bob.ended().starts_with("the link was tampered with"));
}

#[test]
fn strangers_do_not_keep_the_right_client_out() {
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    let address = loopback(&accept);
    let eve = Keys::generate().unwrap();
    let mut wrong = TcpStream::connect(&address).unwrap();
    assert!(open(&mut wrong, (Side::Dialled, "direct"), &eve, ExpectedPeer::Known(&bob.key())).is_err());
    let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&address).unwrap()).collect();
    assert!(alice.hear(ready(bob.key(), &address)).is_some());
    assert!(matches!(alice.next(), EventKind::DirectConnected { .. }));
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
    drop(silent);
    let end = Instant::now() + DEADLINE;
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < end, "the port is still open");
        std::thread::yield_now();
    }
}

#[test]
fn a_handshake_without_a_hello_is_not_accepted() {
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    let pair = ExpectedKeys { own: alice.direct.keys.clone(), theirs: bob.key() };
    // Alice's client opens two links, and chooses the second one.
    let first = pair.initiate(TcpStream::connect(loopback(&accept)).unwrap()).unwrap();
    let mut second = pair.initiate(TcpStream::connect(loopback(&accept)).unwrap()).unwrap();
    second.choose().unwrap();
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
    let text = Frame::Text { text: "hi".into() };
    second.opened.sealer.send(&mut &second.stream, &text.bytes()).unwrap();
    assert_eq!(bob.next(), talk("alice", false, "hi"));
    drop(first);
}

#[test]
fn a_wrong_key_ends_the_attempt() {
    let mut alice = Client::new();
    let bob = Client::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let eve = Keys::generate().unwrap();
        for stream in listener.incoming() {
            let _ = open(&mut stream.unwrap(), (Side::Answered, "direct"), &eve, ExpectedPeer::Known(&eve.public()));
        }
    });
    alice.type_in("/direct bob");
    assert!(alice.hear(ready(bob.key(), &address)).is_some());
    assert!(alice.ended().starts_with("another program answers"));
}

#[test]
fn an_unreachable_client_is_reported_with_advice() {
    let mut alice = Client::new();
    for addresses in ["127.0.0.1:1", "", "nonsense"] {
        alice.type_in("/direct bob");
        assert!(alice.hear(ready(Keys::generate().unwrap().public(), addresses)).is_some());
        assert!(alice.ended().contains("/connect bob asks"));
    }
    alice.type_in("/direct bob");
    let told = EventKind::DirectReady { user: "bob".into(), key: "no key".into(), addresses: "127.0.0.1:5000".into() };
    assert!(alice.hear(told).is_some());
    assert!(alice.ended().starts_with("another program"));
}

#[test]
fn drops_chat_events_that_a_server_makes_up() {
    let mut alice = Client::new();
    let eve = Keys::generate().unwrap();
    for what in [
        ready(eve.public(), "127.0.0.1:5000"),
        EventKind::DirectConnected { with: "bob".into(), fingerprint: "12345".into() },
        talk("bob", false, "it is me"),
        EventKind::DirectEnded { with: "bob".into(), reason: "".into() },
        EventKind::DirectRequest { from: "bob".into(), key: "no key".into() },
    ] {
        assert_eq!(alice.hear(what), None);
    }
    alice.type_in("/direct-say bob hi");
    assert!(matches!(alice.next(), EventKind::Error { code: Some(403), text } if text.contains("/direct bob")));
}

#[test]
fn a_client_that_does_not_read_ends_the_chat() {
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    let _held_open = chosen(&alice, &bob, &accept);
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
    let text = "x".repeat(2_000);
    let reason = loop {
        bob.type_in(&format!("/direct-say alice {text}"));
        if let Ok(told) = bob.direct.events().try_recv()
            && let Some(told) = bob.direct.process(told)
            && let EventKind::DirectEnded { reason, .. } = event_of(told)
        {
            break reason;
        }
    };
    assert!(reason.starts_with("alice does not take what you say"), "{reason}");
}

#[test]
fn a_client_above_the_rate_limit_is_slowed_down_alone() {
    let mut alice = Client::new();
    let mut bob = Client::new();
    let accept = accepted(&mut alice, &mut bob);
    let mut met = chosen(&alice, &bob, &accept);
    assert!(matches!(bob.next(), EventKind::DirectConnected { .. }));
    let begun = Instant::now();
    for n in 0..4 * LINES {
        let text = Frame::Text { text: n.to_string() };
        met.opened.sealer.send(&mut &met.stream, &text.bytes()).unwrap();
    }
    let mut spoken = false;
    for n in 0..=2 * LINES {
        if n == LINES {
            bob.type_in("/direct-say alice slowly, please");
        }
        let mut next = bob.next();
        if next == talk("alice", true, "slowly, please") {
            spoken = true;
            next = bob.next();
        }
        assert_eq!(next, EventKind::DirectTalk { with: "alice".into(), own: false, text: n.to_string().into() });
    }
    assert!(spoken, "Bob's own text does not wait");
    // Two windows must have passed, the first one since before `begun`.
    assert!(begun.elapsed() > Duration::from_millis(WINDOW_MS), "{:?}", begun.elapsed());
    bob.type_in("/direct-stop alice");
    assert_eq!(bob.ended(), "you ended it");
}

/// Starts a listener that reports each connection and closes it. Returns its address and the reports.
fn counting_listener() -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (out, connections) = unbounded();
    std::thread::spawn(move || listener.incoming().for_each(|_| _ = out.send(())));
    (address, connections)
}

#[test]
fn an_offer_cannot_cause_many_dials_or_dials_of_local_services() {
    for (is_local, most) in [(true, 1 + RETRY_DELAYS.len()), (false, 0)] {
        let mut alice = Client::new();
        alice.direct.inner.is_local = is_local;
        let (address, connections) = counting_listener();
        alice.type_in("/direct bob");
        assert!(alice.hear(ready(Keys::generate().unwrap().public(), &address)).is_some());
        assert!(alice.ended().starts_with("bob's computer cannot be reached"));
        assert_eq!(connections.try_iter().count(), most, "{is_local}");
    }
}
