//! Line 1: a send never waits for a receiver. Line 5: a client that does not read costs at most its backlog, is
//! disconnected by a reset that it sees, and other clients do not notice.

use crate::party::{guest_again, server};
use landline_server::config::Config;
use landline_tests::{Client, DEADLINE, TestServer, eventually};
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Values of `inline_members`: speakers run the cycles, or flushers do.
const BOTH_WAYS: [u64; 2] = [16, 0];
/// More bytes than the kernel buffers for a client that does not read.
const KERNEL: usize = 1 << 20;

/// Starts a server with a small send buffer, so that data for a client that does not read soon waits in the server.
fn small_buffer_server(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::new(|config| {
        config.limits.send_buffer_bytes = 4 << 10;
        config.limits.flush_seconds = 0;
        change(config);
    })
}

/// A talker and a listener, while another client does not read.
struct SteadyTalk {
    talker: Client,
    listener: Client,
    /// Presence lines that the listener has received.
    presence: Vec<String>,
}

impl SteadyTalk {
    fn begin(server: &TestServer) -> SteadyTalk {
        let talker = server.guest("talker", "lobby");
        let listener = server.guest("listener", "lobby");
        SteadyTalk { talker, listener, presence: Vec::new() }
    }

    /// Sends long lines until `enough` returns true, each after the listener has received the one before. Returns their
    /// number.
    fn until(&mut self, mut enough: impl FnMut(usize) -> bool) -> usize {
        let text = "x".repeat(1_000);
        for n in 0..20_000 {
            if enough(n) {
                return n;
            }
            self.talker.send(&format!("<{n}>{text}"));
            assert!(self.hear("talker: <").starts_with(&format!("talker: <{n}>")), "the listener missed {n}");
        }
        panic!("not within 20,000 lines");
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

    /// Checks the presence lines that the listener has received since the last call.
    fn expect_presence(&mut self, lines: &[&str]) {
        while self.presence.len() < lines.len() {
            self.presence.push(self.listener.line());
        }
        assert_eq!(self.presence, lines);
        self.presence.clear();
    }
}

/// Reads to the end of a connection. Returns the number of bytes, and the error if the end was not orderly.
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

/// Returns the session log.
fn session_log(server: &TestServer) -> String {
    fs::read_to_string(server.data().join("sessions.jsonl")).unwrap()
}

/// Returns the reason of the last logout of `name` in the session log.
fn logout_reason(server: &TestServer, name: &str) -> Option<String> {
    let text = session_log(server);
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let logout = lines.rev().find(|line| line["event"] == "logout" && line["name"] == name)?;
    Some(logout["reason"].as_str().unwrap().to_owned())
}

fn waiting(server: &TestServer) -> usize {
    server.server().context().poller.queued_bytes()
}

/// Checks that a client was disconnected by a reset, that the log has the reason, and that the name is free.
fn expect_cut_for_slowness(server: &TestServer, slow_reader: &Client, name: &str) {
    assert_eq!(read_to_end(slow_reader.stream()).1, Some(ErrorKind::ConnectionReset));
    let _again = guest_again(server, name, "lobby");
    assert_eq!(logout_reason(server, name).unwrap(), "too slow");
    // The client may receive the greeting a moment before the server stops counting it.
    eventually("nothing is queued", || waiting(server) == 0);
}

#[test]
fn line_1_client_that_never_reads_delays_no_send() {
    for inline in BOTH_WAYS {
        let server = small_buffer_server(|config| {
            config.limits.inline_members = inline;
            config.limits.backlog_bytes = 1 << 30;
            config.limits.stalled_seconds = 3_600;
        });
        let mut talk = SteadyTalk::begin(&server);
        let _sloth = server.guest("slow", "lobby");
        talk.until(|_| waiting(&server) > KERNEL);
        for n in 0..100 {
            let since = Instant::now();
            talk.talker.send(&format!("now {n}"));
            talk.hear(&format!("talker: now {n}"));
            // Far more than a busy machine needs. A send that waited for the slow reader would never end.
            assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        }
        talk.expect_presence(&["slow has connected to the chatroom"]);
    }
}

#[test]
fn line_5_full_backlog_disconnects_only_its_client() {
    for inline in BOTH_WAYS {
        let server = small_buffer_server(|config| {
            config.limits.inline_members = inline;
            config.limits.backlog_bytes = 256 << 10;
        });
        let mut talk = SteadyTalk::begin(&server);
        let slow_reader = server.guest("slow", "lobby");
        let mut most = 0;
        let hub = &server.server().context().hub;
        talk.until(|_| {
            most = most.max(waiting(&server));
            hub.user_count() < 3
        });
        assert!(most > 100 << 10 && most <= 256 << 10, "at most {most} bytes waited");
        talk.expect_presence(&["slow has connected to the chatroom", "slow has left the chatroom"]);
        expect_cut_for_slowness(&server, &slow_reader, "slow");
    }
}

#[test]
fn line_5_backlog_without_progress_is_disconnected_after_the_timeout() {
    let server = small_buffer_server(|config| {
        config.limits.stalled_seconds = 1;
        config.limits.backlog_bytes = 1 << 30;
    });
    let mut talk = SteadyTalk::begin(&server);
    let slow_reader = server.guest("slow", "lobby");
    // On a busy machine the client may be disconnected before that many bytes wait.
    talk.until(|_| waiting(&server) > KERNEL || server.server().context().hub.user_count() < 3);
    talk.expect_presence(&["slow has connected to the chatroom", "slow has left the chatroom"]);
    expect_cut_for_slowness(&server, &slow_reader, "slow");
}

#[test]
fn line_5_total_limit_disconnects_the_largest_backlog_first() {
    let server = small_buffer_server(|config| {
        config.limits.backlog_total_bytes = 8 << 20;
        config.limits.backlog_bytes = 1 << 30;
        config.limits.stalled_seconds = 3_600;
    });
    let mut talk = SteadyTalk::begin(&server);
    let large = server.guest("large", "lobby");
    // Large enough to stay the largest backlog even if the kernel, short of memory, compacts its buffers and takes a
    // part of this one.
    talk.until(|_| waiting(&server) > 7 << 20);
    for client in [&mut talk.talker, &mut talk.listener] {
        client.send("/join attic");
        client.until("INFO: You are in attic now");
    }
    let mut small = server.guest("small", "attic");
    // Talk in the attic does not add to the large backlog.
    let hub = &server.server().context().hub;
    let lines = talk.until(|_| hub.user_count() < 4);
    let (read, end) = read_to_end(large.stream());
    assert_eq!(end, Some(ErrorKind::ConnectionReset), "after {lines} lines, {read} bytes; {}", session_log(&server));
    assert_eq!(logout_reason(&server, "large").unwrap(), "too slow");
    let heard: Vec<String> = (0..=lines).map(|_| small.line()).collect();
    let (talk, presence): (Vec<&String>, Vec<&String>) = heard.iter().partition(|line| line.starts_with("talker"));
    assert_eq!(presence, ["large has left the chatroom"]);
    assert!(talk.iter().enumerate().all(|(n, line)| line.starts_with(&format!("talker: <{n}>"))), "a line is missing");
}

#[test]
fn line_5_client_without_sign_in_is_disconnected_too() {
    let server = small_buffer_server(|config| config.limits.backlog_bytes = 64 << 10);
    let mut slow_reader = server.connect();
    slow_reader.expect("Authorise MODE? (REGISTER/LOGIN)");
    let junk = "no mode\n".repeat(1_000);
    // The server reads on until the backlog is full, then resets the connection.
    let since = Instant::now();
    while std::io::Write::write_all(&mut slow_reader.stream(), junk.as_bytes()).is_ok() {
        assert!(since.elapsed() < DEADLINE, "the client is never disconnected");
    }
    let (read, _) = read_to_end(slow_reader.stream());
    assert!(read < 8 << 20, "{read} bytes waited");
    eventually("nothing is queued", || waiting(&server) == 0);
    server.guest("alice", "lobby").expect_nothing();
}

#[test]
fn line_5_reset_during_talk_affects_no_other_client() {
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
        eventually("nothing is queued", || waiting(&server) == 0);
    }
}
