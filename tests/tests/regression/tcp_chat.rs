//! Defects of tcp_chat. T9 covers LanTalk's L2 as well: both are about clients that do not read.

use crate::{TURNS, expect_working, send_first, sign_in_again};
use landline_tests::{Client, NO_FIXED_PORTS, Program, TestServer};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

// In tcp_chat, a silent connection prevents all other sign-ins.
#[test]
fn t1_silent_connections_block_no_sign_in() {
    let server = TestServer::default();
    let _silent: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    let since = Instant::now();
    expect_working(&server);
    assert!(since.elapsed() < Duration::from_secs(5), "other clients waited {:?}", since.elapsed());
}

// In tcp_chat, one byte 0xFF, or a reset before the sign-in, ends the server.
#[test]
fn t2_invalid_byte_or_early_reset_does_no_harm() {
    let server = TestServer::default();
    for bytes in [&b""[..], b"\xff", b"\xff\n", b"\xff\xfe\xfd", b"ali", b"alice_room"] {
        for end in [Client::reset as fn(Client), drop] {
            let mut client = server.connect();
            client.send_bytes(bytes);
            end(client);
        }
        expect_working(&server);
    }
    let (mut client, _) = sign_in_again(&server, "alice");
    client.send_bytes(b"\xff\xfe\n");
    client.expect_nothing();
}

// In tcp_chat, a room hangs at the next message and the next join after a user has left.
#[test]
fn t3_user_who_left_leaves_nothing_behind_in_the_room() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "room");
    for leave in [Client::quit as fn(Client), Client::reset, drop] {
        leave(server.guest("bob", "room"));
        alice.send("is anybody here?");
        alice.until("bob has left the chatroom");
        alice.send("/who room");
        alice.expect("In room: alice");
        let mut carol = server.guest("carol", "room");
        alice.send("hello");
        carol.expect("alice: hello");
        carol.quit();
        alice.until("carol has left the chatroom");
    }
}

// In tcp_chat, a name stays taken after a reset.
#[test]
fn t4_after_a_reset_the_name_is_free_within_a_second() {
    let server = TestServer::default();
    for _ in 0..20 {
        sign_in_again(&server, "alice").0.reset();
        let (alice, took) = sign_in_again(&server, "alice");
        assert!(took < Duration::from_secs(1), "{took:?}");
        alice.quit();
    }
}

// tcp_chat disconnects a sender whose UTF-8 character is split over two reads.
#[test]
fn t5_a_character_split_over_two_reads_is_kept_together() {
    let server = TestServer::default();
    let mut bob = server.guest("bob", "room");
    let mut alice = server.guest("alice", "room");
    bob.until("alice has connected");
    let text = "grüße 👍 जय";
    for cut in 1..text.len() {
        alice.send_bytes(&text.as_bytes()[..cut]);
        // When bob has his answer, the server has most likely read alice's first part.
        bob.expect_nothing();
        alice.send_bytes(&text.as_bytes()[cut..]);
        alice.send_bytes(b"\n");
        bob.expect(&format!("alice: {text}"));
    }

    let mut carol = server.unframed();
    carol.exchange("carol_room", "200");
    bob.until("carol has connected");
    for (first, whole, rest) in
        [(&b"gr\xc3"[..], "gr", "\u{fc}n"), (b"\xf0\x9f\x91\x8d\xf0\x9f", "\u{1f44d}", "\u{1f44d}")]
    {
        carol.send_bytes(first);
        bob.expect(&format!("carol: {whole}"));
        let cut = first.len() - whole.len();
        carol.send_bytes(&rest.as_bytes()[cut..]);
        bob.expect(&format!("carol: {rest}"));
    }
}

// tcp_chat has no framing. It refuses `ali` + `ce_room`, and `bob_room` + `hello` joins a room "roomhello".
#[test]
fn t6_lines_are_framed_by_newlines() {
    let server = TestServer::default();
    let mut alice = server.connect();
    // A single byte shows the server that a user is typing, so that pauses do not end the line.
    alice.send_bytes(b"a");
    server.guest("witness", "elsewhere").expect_nothing();
    for part in ["li", "ce_ro", "om\n"] {
        alice.send_bytes(part.as_bytes());
    }
    alice.expect_start("200 ");
    let mut bob = server.connect();
    bob.send_bytes(b"bob_room\nhello\n");
    bob.expect_start("200 ");
    alice.until("bob: hello");
    bob.send("/who room");
    // The witness may be leaving just now.
    assert_eq!(bob.until("In room: "), "In room: alice, bob");
}

// Landline takes the bytes of an unframed client within the quiet time (150 ms by default) for one message.
#[test]
fn t6_unframed_messages_are_framed_by_pauses() {
    let server = TestServer::new(|config| {
        // Long enough for a busy machine.
        config.limits.unframed_quiet_ms = 1_000;
        config.limits.unframed_gap_ms = 1_000;
    });
    let mut alice = server.unframed();
    alice.send("ali");
    alice.exchange("ce_room", "200");
    let mut bob = server.unframed();
    bob.exchange("bob_room", "200");
    alice.expect("bob has connected to the chatroom");
    bob.send("hello");
    alice.expect("bob - hello");
    bob.expect("bob - hello");
    bob.exchange("/rooms", "Rooms: room (2)");
}

// In tcp_chat, a message sent directly after the sign-in is lost, or leaves the name taken.
#[test]
fn t7_message_directly_after_the_sign_in_is_delivered() {
    let server = TestServer::default();
    server.register("alice", "password");
    let mut bob = server.guest("bob", "lobby");
    for _ in 0..20 {
        for (signing_in, name) in [("carol_lobby", "carol"), ("LOGIN\nalice\npassword", "alice")] {
            let mut client = server.connect();
            client.send_bytes(format!("{signing_in}\nhello\n/quit\n").as_bytes());
            client.until("INFO: Goodbye!");
            client.expect_closed();
            drop(client);
            for line in ["has connected to the chatroom", "hello", "has left the chatroom"] {
                bob.expect(&if line == "hello" { format!("{name}: hello") } else { format!("{name} {line}") });
            }
        }
    }
}

// tcp_chat accepts escapes, newlines, NUL and `../../etc` as names.
#[test]
fn t8_invalid_names_are_refused() {
    let server = TestServer::default();
    let mut files = files_in(&server);
    for bad in ["../../etc", "a/b", "\u{1b}[31mred", "nul\0", "a\rb", "a b", "tab\tbed", ".", "", "\u{202e}evil", "a:b"]
    {
        for line in [format!("{bad}_room"), format!("alice_{bad}/..")] {
            let (mut client, answer) = send_first(&server, &line);
            assert!(answer.starts_with("400 "), "{line:?}: {answer}");
            client.expect_closed();
        }
    }
    let mut unframed = server.unframed();
    unframed.exchange("../../etc_room", "400");
    assert_eq!(unframed.recv(), "");
    let mut escaped = server.connect();
    escaped.send_bytes(b"a\nb_room\n");
    escaped.expect_start("400 ");
    escaped.expect_closed();
    expect_working(&server);
    files.sort();
    assert_eq!(files_in(&server), files);
}

fn files_in(server: &TestServer) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(server.data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

// In tcp_chat, a client that does not read blocks the sender, and then all sign-ins.
#[test]
fn t9_client_that_does_not_read_blocks_neither_sender_nor_sign_ins() {
    let server = TestServer::new(|config| {
        config.limits.backlog_bytes = 1 << 30;
        config.limits.send_buffer_bytes = 4 << 10;
        config.limits.flush_seconds = 0;
    });
    let _stalled = server.guest("stalled", "room");
    let mut alice = server.guest("alice", "room");
    let text = "x".repeat(1_500);
    let context = server.server().context();
    while context.poller.queued_bytes() < 1 << 20 {
        for _ in 0..20 {
            alice.send(&text);
        }
        alice.expect_nothing();
    }
    let mut bob = server.guest("bob", "room");
    alice.expect("bob has connected to the chatroom");
    alice.send("hello");
    bob.expect("alice: hello");
    expect_working(&server);
}

// tcp_chat never ends the thread of a room, and its port stays busy after a restart.
#[test]
fn t10_rooms_close_with_their_last_member() {
    let server = TestServer::default();
    let mut alice = server.guest("alice", "room");
    for n in 0..50 {
        alice.send(&format!("/join other{n}"));
        alice.until("INFO: You are in other");
        if n % 2 == 0 {
            server.guest("bob", &format!("other{n}")).quit();
        }
        alice.send("/leave");
        alice.until("INFO: You are in room now");
    }
    server.guest("bob", "cellar").reset();
    sign_in_again(&server, "bob").0.quit();
    alice.send("/rooms");
    assert_eq!(alice.until("Rooms: "), "Rooms: room (1)");
}

// A room of Landline has no thread.
#[test]
#[cfg(target_os = "linux")]
fn t10_rooms_have_no_threads() {
    let _turn = TURNS.lock();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Program::server();
    let quiet = ["--port", "0", "--bind", "127.0.0.1", "--rate", "off"];
    let mut server =
        Program::start(command.args(NO_FIXED_PORTS).args(quiet).arg("--data").arg(folder.path()), Stdio::null());
    let joining = server.until("nc 127.0.0.1 ");
    let port = joining.trim().rsplit(' ').next().unwrap().parse().unwrap();
    let mut alice = Client::connect(([127, 0, 0, 1], port).into());
    alice.send("alice_room");
    alice.until("200 ");
    let tasks = format!("/proc/{}/task", server.child().id());
    let threads = || fs::read_dir(&tasks).unwrap().count();
    let before = threads();
    for n in 0..30 {
        alice.send(&format!("/join other{n}"));
        alice.send("hello");
    }
    // One answer per `/join`, and nothing else.
    assert_eq!(alice.drain_lines().len(), 30);
    // The number falls if the console's thread has noticed only now that its input has ended.
    assert!(threads() <= before, "{} threads, before {before}", threads());
    server.signal("TERM");
    assert!(server.wait().success());
}

// The port is free directly after a stop, also while closed connections are in TIME_WAIT.
#[test]
fn t10_the_port_is_free_at_once_after_a_stop() {
    let _turn = TURNS.lock();
    let mut server = TestServer::new(|config| config.ports = vec![free_port()]);
    for _ in 0..5 {
        let address = server.address();
        let clients: Vec<Client> = (0..5).map(|n| server.guest(&format!("guest{n}"), "room")).collect();
        server.restart();
        assert_eq!(server.address(), address);
        for mut client in clients {
            client.until("INFO: The server is shutting down");
            while client.next_line().is_some() {}
        }
        expect_working(&server);
    }
}

/// Returns a free port below the system's ephemeral range, so that no other test gets it while the server is stopped.
fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..32_000).find(free).expect("a free port")
}
