//! An outbox whose client uses TLS: the client decrypts what the same steps would have sent in the clear.

use crate::rig::{Peer, Rig};
use landline_common::tls::TlsSession;
use landline_server::fanout::{DisconnectReason, Pacing};
use landline_tests::DEADLINE;
use landline_tests::certificate::TestCertificate;
use proptest::prelude::*;
use rustls::ALL_VERSIONS;
use std::io::{IoSlice, Read, Write};
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

static CERTIFICATE: LazyLock<TestCertificate> = LazyLock::new(TestCertificate::default);

/// A client that uses TLS, with a small receive buffer.
struct TlsPeer {
    peer: Peer,
    session: TlsSession,
    received: Vec<u8>,
}

impl TlsPeer {
    fn connect(rig: &Rig) -> TlsPeer {
        let mut peer = rig.slow_reader();
        let mut session = TlsSession::client(&CERTIFICATE.client(), TestCertificate::name()).unwrap();
        peer.outbox.start_tls(CERTIFICATE.server_session(ALL_VERSIONS));
        let mut received = Vec::new();
        while peer.outbox.is_handshaking() {
            let mut sent = Vec::new();
            session.take_output(&mut sent);
            assert!(!peer.outbox.receive(&sent, &mut received).unwrap(), "the client has not closed");
            if session.is_handshaking() {
                let mut piece = [0; 4_096];
                let count = peer.socket.read(&mut piece).unwrap();
                session.receive(&piece[..count], &mut received).unwrap();
            }
        }
        assert!(received.is_empty() && peer.outbox.is_encrypted());
        TlsPeer { peer, session, received }
    }

    fn read_once(&mut self, most: usize) -> usize {
        let mut piece = vec![0; most];
        let count = self.peer.socket.read(&mut piece).unwrap();
        self.session.receive(&piece[..count], &mut self.received).unwrap();
        count
    }

    fn read_to(&mut self, last: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        while !self.received.ends_with(last.as_bytes()) {
            assert!(self.read_once(16 << 10) > 0 && Instant::now() < deadline, "no {last:?}");
        }
        String::from_utf8(std::mem::take(&mut self.received)).unwrap()
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Talk(usize),
    Control(usize),
    Mail(usize),
    Hold,
    Release(bool),
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1usize..3_000).prop_map(Step::Talk),
        1 => (50_000usize..120_000).prop_map(Step::Talk),
        2 => (1usize..300).prop_map(Step::Control),
        2 => (1usize..300).prop_map(Step::Mail),
        1 => Just(Step::Hold),
        1 => any::<bool>().prop_map(Step::Release),
        2 => (1usize..20_000).prop_map(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn everything_arrives_once_and_in_order(steps in prop::collection::vec(step(), 1..60), is_paced in any::<bool>()) {
        let rig = Rig::new(|limits| limits.backlog_bytes = 64 << 20);
        let mut client = TlsPeer::connect(&rig);
        let outbox = client.peer.outbox.clone();
        if is_paced {
            outbox.pace(Pacing { gap: Duration::from_micros(10), merge_at: 4, most_bytes: 1_000 });
        }
        let (sender, receipts) = channel();
        let (mut sent, mut held, mut mail) = (Vec::new(), None::<Vec<String>>, 0);
        for (n, step) in steps.into_iter().enumerate() {
            let line = |length: usize| format!("{n}:{}", "x".repeat(length));
            let mut push = |line: String| match &mut held {
                Some(held) => held.push(line),
                None => sent.push(line),
            };
            match step {
                Step::Talk(length) => {
                    outbox.push_talk(&[IoSlice::new(line(length).as_bytes()), IoSlice::new(b"\n")]);
                    push(line(length));
                }
                Step::Control(length) => {
                    outbox.push_control(format!("{}\n", line(length)).as_bytes());
                    push(line(length));
                }
                Step::Mail(length) => {
                    let (sender, number) = (sender.clone(), mail);
                    mail += 1;
                    let receipt = Box::new(move |is_taken| sender.send((number, is_taken)).expect("a test"));
                    outbox.push_with_receipt(format!("{}\n", line(length)).as_bytes(), receipt);
                    push(line(length));
                }
                Step::Hold => {
                    outbox.hold();
                    held.get_or_insert_with(Vec::new);
                }
                Step::Release(with_receipt) => {
                    if let Some(held) = held.take() {
                        let (sender, number) = (sender.clone(), mail);
                        mail += u32::from(with_receipt);
                        let receipt = move |is_taken| sender.send((number, is_taken)).expect("a test");
                        outbox.release(b"200 Welcome\n", with_receipt.then(|| Box::new(receipt) as Box<_>));
                        sent.push("200 Welcome".to_owned());
                        sent.extend(held);
                    }
                }
                Step::Read(most) if outbox.queued_bytes() > 0 && held.is_none() => _ = client.read_once(most),
                Step::Read(_) => {}
            }
        }
        if let Some(held) = held.take() {
            outbox.release(b"", None);
            sent.extend(held);
        }
        outbox.push_control(b"end\n");
        sent.push("end".to_owned());
        let read = client.read_to(if is_paced { "end" } else { "end\n" }).replace('\n', "");
        prop_assert!(read == sent.concat());
        client.peer.flush();
        prop_assert_eq!((outbox.queued_bytes(), rig.poller.queued_bytes()), (0, 0));
        prop_assert_eq!(receipts.try_iter().collect::<Vec<_>>(), (0..mail).map(|n| (n, true)).collect::<Vec<_>>());
    }
}

#[test]
fn a_receipt_waits_for_the_last_record() {
    let rig = Rig::new(|limits| limits.backlog_bytes = 64 << 20);
    let mut client = TlsPeer::connect(&rig);
    let (sender, receipts) = channel();
    let mut clogged = String::new();
    while client.peer.outbox.queued_bytes() < 400_000 {
        client.peer.outbox.push_control(&[b'y'; 10_000]);
        clogged.push_str(&"y".repeat(10_000));
    }
    client.peer.outbox.push_with_receipt(b"mail\n", Box::new(move |taken| sender.send(taken).expect("a test")));
    while client.peer.outbox.queued_bytes() > 1 {
        assert!(receipts.try_recv().is_err() || client.peer.outbox.queued_bytes() == 0);
        client.read_once(8 << 10);
    }
    assert_eq!(client.read_to("mail\n"), clogged + "mail\n");
    assert_eq!(receipts.recv_timeout(DEADLINE), Ok(true));
}

#[test]
fn the_end_is_told_in_order_with_the_last_bytes() {
    let rig = Rig::new(|_| {});
    for by_other_thread in [true, false] {
        let mut client = TlsPeer::connect(&rig);
        let outbox = client.peer.outbox.clone();
        outbox.push_control(b"bye\n");
        if by_other_thread {
            outbox.set_farewell(|why, out| out.extend_from_slice(format!("<{why:?}>").as_bytes()));
            outbox.disconnect(DisconnectReason::Kicked);
        } else {
            outbox.end(b"<Kicked>");
            outbox.push_control(b"too late\n");
            outbox.disconnect(DisconnectReason::Closed);
        }
        while client.read_once(4_096) > 0 {}
        assert_eq!(client.received, b"bye\n<Kicked>");
        assert!(client.session.is_closed_by_peer(), "close_notify is missing");
    }
}

#[test]
fn garbage_ends_the_connection_with_an_alert() {
    let rig = Rig::new(|_| {});
    let mut client = TlsPeer::connect(&rig);
    let mut plaintext = Vec::new();
    assert!(client.peer.outbox.receive(b"GET / HTTP/1.1\r\n\r\n", &mut plaintext).is_err());
    assert!(plaintext.is_empty());
    let mut piece = [0; 4_096];
    let count = client.peer.socket.read(&mut piece).unwrap();
    assert!(client.session.receive(&piece[..count], &mut plaintext).is_err(), "an alert tells the client");
    client.peer.socket.write_all(b"x").unwrap();
}
