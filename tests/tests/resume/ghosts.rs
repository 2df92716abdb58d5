//! Names that a lost connection still holds, and names that a live one keeps.

use crate::network::TestNetwork;
use landline_tests::{Client, TestServer};
use std::time::{Duration, Instant};

const PASSWORD: &str = "correct horse";
/// What a silent holder may cost the client that asks for its name, with a second for a busy machine.
const PROBED: Duration = Duration::from_secs(4);
/// What a live holder may cost.
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

/// Answers of a guest and of an account that ask for a name, once the holders' network is gone.
fn both_come_in(network: &TestNetwork) {
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
fn d1_a_changed_address_costs_the_name_for_three_seconds() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    network.server.register_from(network.connect(), "bob", PASSWORD);
    let (_ghost, _) = guest(network.connect(), "alice");
    let (_other_ghost, _) = login(network.connect(), "bob");
    network.change_address();
    both_come_in(&network);
}

#[test]
fn d1_the_same_while_lines_are_on_their_way_to_the_ghosts() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    network.server.register_from(network.connect(), "bob", PASSWORD);
    let (_ghost, _) = guest(network.connect(), "alice");
    let (_other_ghost, _) = login(network.connect(), "bob");
    let (mut carol, _) = guest(network.connect_elsewhere(), "carol");
    network.change_address();
    // The kernel sends this again and again, ever more rarely, and no keepalive meanwhile.
    carol.send("is there an echo");
    carol.lines_so_far();
    std::thread::sleep(Duration::from_secs(2));
    both_come_in(&network);
    carol.until("alice has left the chatroom");
}

#[test]
fn a2_a_guest_is_not_locked_out_by_the_own_ghost_after_a_network_loss() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    network.server.register_from(network.connect(), "bob", PASSWORD);
    let (ghost, _) = guest(network.connect(), "alice");
    let (other_ghost, _) = login(network.connect(), "bob");
    network.pull();
    // The client's program gives up; its goodbye gets nowhere.
    drop((ghost, other_ghost));
    std::thread::sleep(Duration::from_secs(3));
    network.put_back();
    both_come_in(&network);
}

#[test]
fn a2_another_machine_gets_the_name_while_the_cable_is_out() {
    let Some(network) = TestNetwork::new(|_| {}) else { return };
    let (_ghost, _) = guest(network.connect(), "alice");
    network.pull();
    let begun = Instant::now();
    let (_alice, answer) = guest(network.connect_elsewhere(), "alice");
    assert!(answer.starts_with("200 "), "{answer}");
    assert!(begun.elapsed() < PROBED);
}

#[test]
fn a_live_holder_keeps_the_name_and_the_refusal_is_prompt() {
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
        client.lines_so_far();
    }
}

#[test]
fn on_one_machine_the_refusal_is_at_once() {
    let server = TestServer::default();
    let _alice = server.guest("alice", "lobby");
    let begun = Instant::now();
    let (_, answer) = guest(server.connect(), "alice");
    assert!(answer.starts_with("403 "), "{answer}");
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[test]
fn a_client_that_acknowledges_nothing_is_over_without_a_rival() {
    let Some(network) = TestNetwork::new(|config| config.limits.unacknowledged_seconds = 2) else { return };
    let (_ghost, _) = guest(network.connect(), "alice");
    let (mut carol, _) = guest(network.connect_elsewhere(), "carol");
    network.pull();
    let begun = Instant::now();
    carol.send("hello?");
    carol.until("alice has left the chatroom");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}
