//! Names held by sessions whose network is lost (ghosts), and names held by live sessions.

use crate::network::TestNetwork;
use landline_tests::{Client, TestServer};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";
/// Time limit for getting a name from a silent session: 3 s, and one for a busy machine.
const PROBED: Duration = Duration::from_secs(4);
/// Time limit for a refusal on behalf of a live session.
const PROMPT: Duration = Duration::from_millis(900);

fn guest(mut client: Client, name: &str) -> (Client, String) {
    client.send(&format!("{name}_lobby"));
    let answer = client.line();
    (client, answer)
}

fn login(mut client: Client, name: &str) -> (Client, String) {
    for line in ["LOGIN", name, PASSWORD] {
        client.send(line);
    }
    client.expect("ALIAS?");
    client.expect("PASSWORD?");
    let answer = client.line();
    (client, answer)
}

/// Checks that a guest and an account get their names back from sessions whose network is lost.
fn expect_both_sign_in(network: &TestNetwork) {
    let begun = Instant::now();
    let (_alice, answer) = guest(network.connect(), "alice");
    assert!(answer.starts_with("200 "), "{answer}");
    let took = begun.elapsed();
    assert!(took < PROBED, "{took:?}");
    let begun = Instant::now();
    let (_bob, answer) = login(network.connect(), "bob");
    assert_eq!(answer, "AUTH_SUCCESS");
    let took = begun.elapsed();
    assert!(took < PROBED, "{took:?}");
}

#[test]
fn d1_name_is_free_within_three_seconds_after_an_address_change() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    network.server.register_from(network.connect(), "bob", PASSWORD);
    let (_ghost, _) = guest(network.connect(), "alice");
    let (_other_ghost, _) = login(network.connect(), "bob");
    network.change_address();
    expect_both_sign_in(&network);
}

#[test]
fn d1_name_is_free_while_lines_to_the_ghost_are_unacknowledged() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    network.server.register_from(network.connect(), "bob", PASSWORD);
    let (_ghost, _) = guest(network.connect(), "alice");
    let (_other_ghost, _) = login(network.connect(), "bob");
    let (mut carol, _) = guest(network.connect_elsewhere(), "carol");
    network.change_address();
    // The kernel retransmits this line at growing intervals, and sends no keepalive meanwhile.
    carol.send("is there an echo");
    carol.drain_lines();
    std::thread::sleep(Duration::from_secs(2));
    expect_both_sign_in(&network);
    carol.until("alice has left the chatroom");
}

#[test]
fn a2_own_ghost_locks_no_guest_out_after_a_network_loss() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    network.server.register_from(network.connect(), "bob", PASSWORD);
    let (ghost, _) = guest(network.connect(), "alice");
    let (other_ghost, _) = login(network.connect(), "bob");
    network.unplug();
    // The client closes its connections; no packet of that reaches the server.
    drop((ghost, other_ghost));
    std::thread::sleep(Duration::from_secs(3));
    network.replug();
    expect_both_sign_in(&network);
}

#[test]
fn a2_another_machine_gets_the_name_while_the_cable_is_out() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    let (_ghost, _) = guest(network.connect(), "alice");
    network.unplug();
    let begun = Instant::now();
    let (_alice, answer) = guest(network.connect_elsewhere(), "alice");
    assert!(answer.starts_with("200 "), "{answer}");
    assert!(begun.elapsed() < PROBED);
}

#[test]
fn live_session_keeps_the_name_and_the_refusal_is_prompt() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    network.server.register_from(network.connect(), "bob", PASSWORD);
    let (mut alice, _) = guest(network.connect(), "alice");
    let (mut bob, _) = login(network.connect(), "bob");
    std::thread::sleep(Duration::from_millis(1_100));
    for _ in 0..2 {
        let begun = Instant::now();
        let (_, answer) = guest(network.connect_elsewhere(), "alice");
        assert!(answer.starts_with("403 That name"), "{answer}");
        let (_, answer) = login(network.connect_elsewhere(), "bob");
        assert_eq!(answer, "This alias is already logged in");
        let took = begun.elapsed();
        assert!(took < PROMPT * 2, "{took:?}");
    }
    for client in [&mut alice, &mut bob] {
        client.drain_lines();
    }
}

#[test]
fn refusal_on_one_machine_is_immediate() {
    let server = TestServer::default();
    let _alice = server.guest("alice", "lobby");
    let begun = Instant::now();
    let (_, answer) = guest(server.connect(), "alice");
    assert!(answer.starts_with("403 "), "{answer}");
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[test]
fn client_that_acknowledges_nothing_is_signed_out_without_a_rival() {
    let Some(network) = TestNetwork::new(|config| config.limits.unacknowledged_seconds = 2) else { return };
    let (_ghost, _) = guest(network.connect(), "alice");
    let (mut carol, _) = guest(network.connect_elsewhere(), "carol");
    network.unplug();
    let begun = Instant::now();
    carol.send("hello?");
    carol.until("alice has left the chatroom");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}
