//! Limits on the talk of all sessions of one address together. Other clients do not lose their connections by it.

use landline_common::Limits;
use landline_server::config::Config;
use landline_tests::{Client, TestServer, neighbour};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const SLOW_DOWN: &str = "INFO: ⚠ Slow down — you're sending too fast.";

/// Starts a server with the default rate and client limits, changed further by `change`.
fn server(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::new(|config| {
        let Config { rate, max_clients_per_ip, .. } = Config::default();
        config.rate = rate;
        config.max_clients_per_ip = max_clients_per_ip;
        // All clients sign in at once; do not let that limit interfere.
        config.limits.unsigned_per_address = 1_000;
        change(config);
    })
}

fn guest(server: &TestServer, from: Ipv4Addr, name: &str) -> Client {
    enter(Client::connect_from(from, server.address()), name, "lobby")
}

fn enter(mut client: Client, name: &str, room: &str) -> Client {
    client.send(&format!("{name}_{room}"));
    client.expect_start("200 ");
    client
}

/// Signs in a client at its own address, with a small receive buffer.
fn slow_reader(server: &TestServer) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(16 << 10).expect("a small buffer");
    socket.bind(&SocketAddr::from((neighbour(1), 0)).into()).expect("another loopback address");
    socket.connect(&server.address().into()).expect("connecting");
    enter(Client::of(socket.into()), "reader", "elsewhere")
}

/// Returns how many lines up to the answer to a ping contain `part`.
fn count_until_pong(client: &mut Client, part: &str) -> usize {
    client.drain_lines().iter().filter(|line| line.contains(part)).count()
}

#[test]
fn flood_of_one_address_disconnects_no_slow_reader() {
    let server = server(|_| {});
    let mut reader = slow_reader(&server);
    let mut flooders: Vec<_> = (0..30).map(|i| guest(&server, neighbour(2), &format!("flooder{i}"))).collect();
    reader.drain_lines();
    let line = format!("/all {}\n", "\u{1f600}".repeat(2_000));
    for flooder in &mut flooders {
        flooder.send_bytes(line.repeat(9).as_bytes());
    }
    // Each flooder gets its answer after its lines, so the server has handled all lines. The reader has read none yet.
    let dropped = flooders.iter_mut().map(|flooder| count_until_pong(flooder, SLOW_DOWN)).filter(|told| *told > 0);
    assert!(dropped.count() > 20, "most flooders have a warning");
    let heard = count_until_pong(&mut reader, "\u{1f600}");
    let most = Limits::default().address_bytes / 8_000;
    assert!(heard > 0 && heard as u64 <= most * 2, "{heard} lines");
    guest(&server, neighbour(3), "neighbour").send("/all a word from another address");
    reader.until("[all] neighbour: a word from another address");
}

#[test]
fn pastes_of_a_class_behind_one_address_arrive() {
    let server = server(|_| {});
    let mut teacher = guest(&server, neighbour(1), "teacher");
    let mut class: Vec<_> = (0..30).map(|i| guest(&server, neighbour(2), &format!("pupil{i}"))).collect();
    teacher.drain_lines();
    for (i, pupil) in class.iter_mut().enumerate() {
        // Landline's client sends as many pasted lines at once.
        let lines: String = (0..9).map(|n| format!("pasted {i} {n} {}\n", "x".repeat(800))).collect();
        pupil.send_bytes(lines.as_bytes());
    }
    for pupil in &mut class {
        assert_eq!(count_until_pong(pupil, SLOW_DOWN), 0);
    }
    assert_eq!(count_until_pong(&mut teacher, ": pasted "), 30 * 9);
}

#[test]
fn lines_over_the_address_limit_are_dropped_with_a_warning() {
    let server = server(|config| {
        config.limits.address_lines = 3;
        config.limits.address_said_seconds = 3_600;
        config.limits.dropped_lines = 5;
        config.rate = Some((1_000, Duration::from_secs(1)));
    });
    let mut alice = guest(&server, neighbour(1), "alice");
    let mut bob = guest(&server, neighbour(1), "bob");
    let mut carol = guest(&server, neighbour(2), "carol");
    alice.until("carol has connected");
    bob.until("carol has connected");
    // Commands whose answers go to the sender alone do not count.
    alice.send_bytes(b"/rooms\n/users\n/help\n/who lobby\n");
    alice.drain_lines();
    for line in ["one", "/all two"] {
        alice.send(line);
    }
    carol.expect("alice: one");
    carol.expect("[all] alice: two");
    bob.expect("alice: one");
    bob.expect("[all] alice: two");
    bob.send("/pm carol three");
    carol.expect_start("[PM");
    // Further lines are dropped, from any session of the address and by any command.
    bob.send_bytes(b"four\n/all five\n/pm carol six\n");
    bob.expect(SLOW_DOWN);
    alice.send_bytes("more\n".repeat(50).as_bytes());
    alice.until(SLOW_DOWN);
    for client in [&mut alice, &mut bob] {
        client.send("/ping still here");
        client.until("PONG still here");
    }
    carol.expect_nothing();
    carol.send("seven");
    alice.until("carol: seven");
    // A new session does not renew the address's budget.
    bob.quit();
    carol.expect("bob has left the chatroom");
    guest(&server, neighbour(1), "dave").send_bytes(b"eight\n");
    carol.expect("dave has connected to the chatroom");
    carol.expect("dave has left the chatroom");
}

#[test]
fn lantalk_clients_count_too() {
    let server = server(|config| {
        config.lantalk_port = Some(0);
        config.limits.address_lines = 1;
        config.limits.address_said_seconds = 3_600;
    });
    let mut carol = guest(&server, neighbour(1), "carol");
    let mut bob = server.lantalk("Bob");
    carol.until("Bob has connected");
    bob.send("{\"type\":\"message\",\"text\":\"one\"}");
    bob.send("{\"type\":\"message\",\"text\":\"two\"}");
    carol.expect("Bob: one");
    while !bob.line().contains("⚠ Slow down") {}
    carol.expect_nothing();
}

#[test]
fn disabling_the_rate_or_address_limits_disables_this_limit() {
    let changes: [fn(&mut Config); 2] = [|config| config.rate = None, |config| config.max_clients_per_ip = Some(0)];
    for change in changes {
        let server = server(|config| {
            config.limits.address_lines = 1;
            change(config);
        });
        let mut alice = server.guest("alice", "lobby");
        let mut bob = server.guest("bob", "lobby");
        (0..9).for_each(|n| alice.send(&format!("line {n}")));
        (0..9).for_each(|n| bob.expect(&format!("alice: line {n}")));
    }
}
