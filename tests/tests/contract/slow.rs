//! Line 1: a send never waits for a receiver. Line 5: a client that does not read costs at most its backlog, is cut off,
//! sees the cut, and nobody else notices.

use crate::party::{guest_again, server};
use landline_server::config::Config;
use landline_tests::{Client, DEADLINE, TestServer, eventually};
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Rooms whose speakers run the cycles, and rooms that flushers serve.
const BOTH_WAYS: [u64; 2] = [16, 0];
/// More than the kernel keeps for a client that does not read.
const KERNEL: usize = 1 << 20;

/// A server in which little is kept for clients that do not read.
fn strict_server(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::new(|config| {
        config.limits.send_buffer_bytes = 4 << 10;
        config.limits.flush_seconds = 0;
        change(config);
    })
}

/// Two who talk while somebody else does not read.
struct SteadyTalk {
    talker: Client,
    listener: Client,
    /// What the listener heard besides the talk.
    presence: Vec<String>,
}

impl SteadyTalk {
    fn begin(server: &TestServer) -> SteadyTalk {
        let (talker, listener) = (server.guest("talker", "lobby"), server.guest("listener", "lobby"));
        SteadyTalk { talker, listener, presence: Vec::new() }
    }

    /// Says one long line after the other, each once the listener has heard the one before. Returns how many.
    fn until(&mut self, mut enough: impl FnMut(usize) -> bool) -> usize {
        let text = "x".repeat(1_000);
        for n in 0..20_000 {
            if enough(n) {
                return n;
            }
            self.talker.send(&format!("<{n}>{text}"));
            assert!(self.hear("talker: <").starts_with(&format!("talker: <{n}>")), "the listener missed {n}");
        }
        panic!("it does not come about");
    }

    fn hear(&mut self, start: &str) -> String {
        loop {
            let line = self.listener.line();
            if line.starts_with(start) {
                return line;
            }
            self.presence.push(line);
        }
    }

    /// The listener was told just this since the last time.
    fn expect_presence(&mut self, lines: &[&str]) {
        while self.presence.len() < lines.len() {
            self.presence.push(self.listener.line());
        }
        assert_eq!(self.presence, lines);
        self.presence.clear();
    }
}

/// Reads to the end of a connection, and says how that came.
fn read_to_end(mut stream: &TcpStream) -> (usize, Option<ErrorKind>) {
    let mut piece = vec![0; 64 << 10];
    let mut total = 0;
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return (total, None),
            Ok(n) => total += n,
            Err(e) => return (total, Some(e.kind())),
        }
    }
}

/// Who came and went.
fn records(server: &TestServer) -> String {
    fs::read_to_string(server.data().join("sessions.jsonl")).unwrap()
}

/// How the records say that somebody left.
fn logout_reason(server: &TestServer, name: &str) -> Option<String> {
    let text = records(server);
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let logout = lines.rev().find(|line| line["event"] == "logout" && line["name"] == name)?;
    Some(logout["reason"].as_str().unwrap().to_owned())
}

fn waiting(server: &TestServer) -> usize {
    server.server().services().poller.waiting()
}

/// Somebody who was cut off finds that out, the records say why, and the name is free.
fn was_cut_for_slowness(server: &TestServer, sloth: &Client, name: &str) {
    assert_eq!(read_to_end(sloth.stream()).1, Some(ErrorKind::ConnectionReset));
    let _again = guest_again(server, name, "lobby");
    assert_eq!(logout_reason(server, name).unwrap(), "too slow");
    // The greeting is with its reader a moment before it is no longer counted.
    eventually("nothing waits any more", || waiting(server) == 0);
}

#[test]
fn line_1_somebody_who_never_reads_keeps_nobody_waiting() {
    for inline in BOTH_WAYS {
        let server = strict_server(|config| {
            config.limits.inline_members = inline;
            (config.limits.backlog_bytes, config.limits.stalled_seconds) = (1 << 30, 3_600);
        });
        let mut talk = SteadyTalk::begin(&server);
        let _sloth = server.guest("sloth", "lobby");
        talk.until(|_| waiting(&server) > KERNEL);
        for n in 0..100 {
            let since = Instant::now();
            talk.talker.send(&format!("now {n}"));
            talk.hear(&format!("talker: now {n}"));
            // Room for a busy machine; a send that waited for the sloth would take for ever.
            assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        }
        talk.expect_presence(&["sloth has connected to the chatroom"]);
    }
}

#[test]
fn line_5_a_full_backlog_is_cut_off_and_nobody_else_notices() {
    for inline in BOTH_WAYS {
        let server = strict_server(|config| {
            (config.limits.inline_members, config.limits.backlog_bytes) = (inline, 256 << 10);
        });
        let mut talk = SteadyTalk::begin(&server);
        let sloth = server.guest("sloth", "lobby");
        let (mut most, hub) = (0, &server.server().services().hub);
        talk.until(|_| {
            most = most.max(waiting(&server));
            hub.people() < 3
        });
        assert!(most > 100 << 10 && most <= 256 << 10, "{most} bytes were kept for it");
        talk.expect_presence(&["sloth has connected to the chatroom", "sloth has left the chatroom"]);
        was_cut_for_slowness(&server, &sloth, "sloth");
    }
}

#[test]
fn line_5_without_progress_it_is_cut_off_after_the_time_for_that() {
    let server = strict_server(|config| {
        (config.limits.stalled_seconds, config.limits.backlog_bytes) = (1, 1 << 30);
    });
    let mut talk = SteadyTalk::begin(&server);
    let sloth = server.guest("sloth", "lobby");
    // On a busy machine the time is over first.
    talk.until(|_| waiting(&server) > KERNEL || server.server().services().hub.people() < 3);
    talk.expect_presence(&["sloth has connected to the chatroom", "sloth has left the chatroom"]);
    was_cut_for_slowness(&server, &sloth, "sloth");
}

#[test]
fn line_5_over_the_total_bound_the_largest_backlog_goes_first() {
    let server = strict_server(|config| {
        (config.limits.backlog_total_bytes, config.limits.backlog_bytes) = (8 << 20, 1 << 30);
        config.limits.stalled_seconds = 3_600;
    });
    let mut talk = SteadyTalk::begin(&server);
    let large = server.guest("large", "lobby");
    // So much more than is left for the small one that it stays the largest, even if the kernel, short of memory, packs
    // what it keeps for it more tightly and takes some of this, too.
    talk.until(|_| waiting(&server) > 7 << 20);
    for person in [&mut talk.talker, &mut talk.listener] {
        person.send("/join attic");
        person.until("INFO: You are in attic now");
    }
    let mut small = server.guest("small", "attic");
    // This is all said in the attic: the large backlog does not grow by it.
    let hub = &server.server().services().hub;
    let lines = talk.until(|_| hub.people() < 4);
    let (read, end) = read_to_end(large.stream());
    assert_eq!(end, Some(ErrorKind::ConnectionReset), "after {lines} lines, {read} bytes; {}", records(&server));
    assert_eq!(logout_reason(&server, "large").unwrap(), "too slow");
    let heard: Vec<String> = (0..=lines).map(|_| small.line()).collect();
    let (talk, presence): (Vec<&String>, Vec<&String>) = heard.iter().partition(|line| line.starts_with("talker"));
    assert_eq!(presence, ["large has left the chatroom"]);
    assert!(talk.iter().enumerate().all(|(n, line)| line.starts_with(&format!("talker: <{n}>"))), "a line is missing");
}

#[test]
fn line_5_also_somebody_who_has_not_signed_in_is_cut_off() {
    let server = strict_server(|config| config.limits.backlog_bytes = 64 << 10);
    let mut sloth = server.connect();
    sloth.expect("Authorise MODE? (REGISTER/LOGIN)");
    let junk = "no mode\n".repeat(1_000);
    // The server goes on reading until the backlog is full; then there is nobody to write to.
    let since = Instant::now();
    while std::io::Write::write_all(&mut sloth.stream(), junk.as_bytes()).is_ok() {
        assert!(since.elapsed() < DEADLINE, "it is never cut off");
    }
    let (read, _) = read_to_end(sloth.stream());
    assert!(read < 8 << 20, "{read} bytes were kept for it");
    eventually("nothing waits any more", || waiting(&server) == 0);
    server.guest("alice", "lobby").expect_nothing();
}

#[test]
fn line_5_a_reset_in_the_middle_of_talk_costs_nobody_anything() {
    for inline in BOTH_WAYS {
        let server = server(inline);
        let mut talk = SteadyTalk::begin(&server);
        for _ in 0..10 {
            let mut victim = Some(guest_again(&server, "victim", "lobby"));
            talk.until(|n| {
                if n == 10 {
                    victim.take().unwrap().reset();
                }
                n == 20
            });
            talk.expect_presence(&["victim has connected to the chatroom", "victim has left the chatroom"]);
        }
        eventually("nothing waits any more", || waiting(&server) == 0);
    }
}
