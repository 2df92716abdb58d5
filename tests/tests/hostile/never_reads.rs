//! A client that never reads, in a room of a thousand clients that do.

use crate::ChatProbe;
use landline_tests::bench::{BenchTarget, Cell, CellKind, ClientProtocol, Load, Options, Rounds, run};
use landline_tests::{DEADLINE, TestServer};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

pub(crate) const MEMBERS: usize = 1_000;

/// Describes a room of a thousand clients, ten of which talk, and optionally a further client that never reads.
fn cell(stalled: bool) -> Cell {
    let kind = CellKind::Talk { speakers: 10, load: Load::Outstanding(1), stalled };
    Cell {
        name: "never-reads",
        about: "a thousand clients, and one that never reads",
        rooms: 1,
        members: MEMBERS,
        kind,
    }
}

fn options(time: Duration) -> Options {
    Options { time, text_bytes: 1_000, patience: DEADLINE, protocol: ClientProtocol::default() }
}

fn target(server: &TestServer) -> BenchTarget {
    BenchTarget { address: server.address(), process: None, tag: String::new() }
}

/// Signs in the thousand clients, for rounds of talk of length `time`.
pub(crate) fn rounds(server: &TestServer, time: Duration) -> Rounds {
    Rounds::gather(&cell(false), &target(server), &options(time)).expect("a crowd")
}

#[test]
fn a_thousand_clients_lose_nothing_beside_one_that_never_reads() {
    let server = TestServer::default();
    let figures = run(&cell(true), &target(&server), &options(Duration::from_secs(2))).expect("a run");
    assert!(figures.verdict.is_exact(), "{:?}", figures.verdict);
    assert!(figures.lines > 0 && figures.deliveries == figures.lines * (MEMBERS as u64 - 1));
}

#[test]
fn default_backlog_is_one_mebibyte_and_then_the_client_is_reset() {
    let server = TestServer::default();
    let mut chat = ChatProbe::new(&server);
    let slow_reader = server.guest("slow", "salon");
    socket2::SockRef::from(slow_reader.stream()).set_recv_buffer_size(4 << 10).expect("a socket");
    let context = server.server().context();
    let mut most = 0;
    let begun = Instant::now();
    while context.hub.user_count() == 3 {
        for _ in 0..20 {
            chat.speaker.send(&"x".repeat(1_900));
        }
        chat.say();
        most = most.max(context.poller.queued_bytes());
        assert!(begun.elapsed() < DEADLINE, "the client is not disconnected; {most} bytes wait");
    }
    assert!((256 << 10..=1 << 20).contains(&most), "{most} bytes waited");
    let end = std::io::copy(&mut slow_reader.stream(), &mut std::io::sink());
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
}
