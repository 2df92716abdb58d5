//! Somebody who never reads, among a thousand who do.

use crate::ChatProbe;
use landline_tests::bench::{BenchTarget, Cell, CellKind, Load, Options, Rounds, run};
use landline_tests::{DEADLINE, TestServer};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

pub(crate) const MEMBERS: usize = 1_000;

/// A thousand people in a room, of whom ten talk, and perhaps one more who never reads.
fn cell(stalled: bool) -> Cell {
    let kind = CellKind::Talk { speakers: 10, load: Load::Outstanding(1), stalled };
    Cell { name: "never-reads", about: "a thousand, and one who never reads", rooms: 1, members: MEMBERS, kind }
}

fn options(time: Duration) -> Options {
    Options { time, text_bytes: 1_000, patience: DEADLINE }
}

fn target(server: &TestServer) -> BenchTarget {
    BenchTarget { address: server.address(), process: None, tag: String::new() }
}

/// The thousand, at a server to stay, to talk for so long at a time.
pub(crate) fn rounds(server: &TestServer, time: Duration) -> Rounds {
    Rounds::gather(&cell(false), &target(server), &options(time)).expect("a crowd")
}

#[test]
fn a_thousand_people_lose_nothing_by_one_who_never_reads() {
    let server = TestServer::default();
    let figures = run(&cell(true), &target(&server), &options(Duration::from_secs(2))).expect("a run");
    assert!(figures.verdict.is_exact(), "{:?}", figures.verdict);
    assert!(figures.lines > 0 && figures.deliveries == figures.lines * (MEMBERS as u64 - 1));
}

#[test]
fn by_default_one_mebibyte_waits_for_them_and_then_they_see_the_cut() {
    let server = TestServer::default();
    let mut talk = ChatProbe::new(&server);
    let sloth = server.guest("sloth", "salon");
    socket2::SockRef::from(sloth.stream()).set_recv_buffer_size(4 << 10).expect("a socket");
    let (services, mut most) = (server.server().services(), 0);
    let begun = Instant::now();
    while services.hub.people() == 3 {
        for _ in 0..20 {
            talk.one.send(&"x".repeat(1_900));
        }
        talk.say();
        most = most.max(services.poller.waiting());
        assert!(begun.elapsed() < DEADLINE, "nobody is cut off, with {most} bytes waiting");
    }
    assert!((256 << 10..=1 << 20).contains(&most), "{most} bytes waited");
    let end = std::io::copy(&mut sloth.stream(), &mut std::io::sink());
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
}
