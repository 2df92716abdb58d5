//! What all sessions of one address say together is bounded, and costs nobody else their place.

use landline_common::Limits;
use landline_server::config::Config;
use landline_tests::{Client, TestServer, neighbour};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const SLOW_DOWN: &str = "INFO: ⚠ Slow down — you're sending too fast.";

/// Guards as they are by default, changed further by `change`.
fn server(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::new(|config| {
        let Config { rate, max_clients_per_ip, .. } = Config::default();
        (config.rate, config.max_clients_per_ip) = (rate, max_clients_per_ip);
        // Everybody comes at once, and everybody hears of it: that is not what is tested.
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

/// Somebody at an address of their own for whom the system keeps little.
fn slow_reader(server: &TestServer) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(16 << 10).expect("a small buffer");
    socket.bind(&SocketAddr::from((neighbour(1), 0)).into()).expect("another loopback address");
    socket.connect(&server.address().into()).expect("connecting");
    enter(Client::of(socket.into()), "reader", "elsewhere")
}

/// How many of these lines have `part` in them, up to the answer of a ping.
fn count_until_pong(client: &mut Client, part: &str) -> usize {
    client.lines_so_far().iter().filter(|line| line.contains(part)).count()
}

#[test]
fn one_address_throws_nobody_off_who_reads_slowly() {
    let server = server(|_| {});
    let mut reader = slow_reader(&server);
    let mut flooders: Vec<_> = (0..30).map(|i| guest(&server, neighbour(2), &format!("flooder{i}"))).collect();
    reader.lines_so_far();
    let line = format!("/all {}\n", "\u{1f600}".repeat(2_000));
    for flooder in &mut flooders {
        flooder.send_bytes(line.repeat(9).as_bytes());
    }
    // Each still gets answers, so everything is said by now that will be. The reader has read nothing of it yet.
    let dropped = flooders.iter_mut().map(|flooder| count_until_pong(flooder, SLOW_DOWN)).filter(|told| *told > 0);
    assert!(dropped.count() > 20, "most were told");
    let heard = count_until_pong(&mut reader, "\u{1f600}");
    let most = Limits::default().address_bytes / 8_000;
    assert!(heard > 0 && heard as u64 <= most * 2, "{heard} lines");
    guest(&server, neighbour(3), "neighbour").send("/all a word from another address");
    reader.until("[all] neighbour: a word from another address");
}

#[test]
fn a_class_behind_one_address_that_pastes_is_heard() {
    let server = server(|_| {});
    let mut teacher = guest(&server, neighbour(1), "teacher");
    let mut class: Vec<_> = (0..30).map(|i| guest(&server, neighbour(2), &format!("pupil{i}"))).collect();
    teacher.lines_so_far();
    for (i, pupil) in class.iter_mut().enumerate() {
        // What our client sends at once of what is pasted.
        let lines: String = (0..9).map(|n| format!("pasted {i} {n} {}\n", "x".repeat(800))).collect();
        pupil.send_bytes(lines.as_bytes());
    }
    for pupil in &mut class {
        assert_eq!(count_until_pong(pupil, SLOW_DOWN), 0);
    }
    assert_eq!(count_until_pong(&mut teacher, ": pasted "), 30 * 9);
}

#[test]
fn lines_over_it_are_dropped_with_a_warning_and_end_nobodys_session() {
    let server = server(|config| {
        config.limits.address_lines = 3;
        config.limits.address_said_seconds = 3_600;
        config.limits.dropped_lines = 5;
        config.rate = Some((1_000, Duration::from_secs(1)));
    });
    let (mut alice, mut bob) = (guest(&server, neighbour(1), "alice"), guest(&server, neighbour(1), "bob"));
    let mut carol = guest(&server, neighbour(2), "carol");
    alice.until("carol has connected");
    bob.until("carol has connected");
    // What nobody else hears does not count.
    alice.send_bytes(b"/rooms\n/users\n/help\n/who lobby\n");
    alice.lines_so_far();
    for line in ["one", "/all two"] {
        alice.send(line);
    }
    carol.expect("alice: one");
    carol.expect("[all] alice: two");
    bob.expect("alice: one");
    bob.expect("[all] alice: two");
    bob.send("/pm carol three");
    carol.expect_start("[PM");
    // Whoever says the rest, and however.
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
    // To come again gives nothing.
    bob.quit();
    carol.expect("bob has left the chatroom");
    guest(&server, neighbour(1), "dave").send_bytes(b"eight\n");
    carol.expect("dave has connected to the chatroom");
    carol.expect("dave has left the chatroom");
}

#[test]
fn lantalks_clients_count_too() {
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
fn who_lifts_the_rate_or_the_limits_of_an_address_lifts_it() {
    let lift: [fn(&mut Config); 2] = [|config| config.rate = None, |config| config.max_clients_per_ip = 0];
    for lift in lift {
        let server = server(|config| {
            config.limits.address_lines = 1;
            lift(config);
        });
        let (mut alice, mut bob) = (server.guest("alice", "lobby"), server.guest("bob", "lobby"));
        (0..9).for_each(|n| alice.send(&format!("line {n}")));
        (0..9).for_each(|n| bob.expect(&format!("alice: line {n}")));
    }
}
