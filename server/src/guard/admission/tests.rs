use super::*;
use crate::guard::capacity::{AS_CONFIGURED, Capacity};
use proptest::prelude::*;
use std::collections::BTreeSet;

const HTTP: PoolBounds = PoolBounds { all: 8, per_address: 4 };

fn address(n: u8) -> IpAddr {
    [10, 0, 0, n].into()
}

/// One of four addresses in each of many networks.
fn ipv6(network: u16, n: u16) -> IpAddr {
    [0xfd00, 0, 0, network, 0, 0, 0, n].into()
}

fn admission(all: usize, per_address: usize, unsigned: usize, unsigned_per_address: usize) -> Admission {
    let per_network = per_address * 4;
    let unsigned = PoolBounds { all: unsigned, per_address: unsigned_per_address };
    Admission::new(AdmissionBounds { all, per_address, per_network, unsigned, http: HTTP })
}

#[test]
fn the_oldest_connection_not_signed_in_is_replaced_first() {
    let mut admission = admission(100, 100, 3, 2);
    assert_eq!(admission.admit(1, address(1), Stage::Unsigned), AdmissionResult::Admitted);
    assert_eq!(admission.admit(2, address(1), Stage::Unsigned), AdmissionResult::Admitted);
    assert_eq!(admission.admit(3, address(1), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(1));
    admission.mark_signed_in(2);
    assert_eq!(admission.admit(4, address(2), Stage::Unsigned), AdmissionResult::Admitted);
    assert_eq!(admission.admit(5, address(2), Stage::Unsigned), AdmissionResult::Admitted);
    assert_eq!(admission.admit(6, address(3), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(4));
}

#[test]
fn a_flood_replaces_its_own_connections() {
    let mut admission = admission(100, 100, 5, 4);
    for (client, from) in [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3)] {
        assert_eq!(admission.admit(client, address(from), Stage::Unsigned), AdmissionResult::Admitted);
    }
    // The first one is the oldest, but the only one of its address.
    assert_eq!(admission.admit(6, address(2), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(2));
    assert_eq!(admission.admit(7, address(4), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(3));
    assert_eq!(admission.admit(8, address(5), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(4));
    // With one connection per address, the oldest of all is replaced.
    assert_eq!(admission.admit(9, address(6), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(1));
}

#[test]
fn connections_over_the_bounds_are_refused() {
    let mut admission = admission(3, 2, 100, 100);
    assert_eq!(
        [1, 2, 3].map(|n| admission.admit(n, address(1), Stage::Unsigned)),
        [AdmissionResult::Admitted, AdmissionResult::Admitted, AdmissionResult::Refused]
    );
    assert_eq!(admission.admit(4, address(2), Stage::Unsigned), AdmissionResult::Admitted);
    assert_eq!(admission.admit(5, address(3), Stage::Unsigned), AdmissionResult::Refused);
    admission.remove(1);
    assert_eq!(admission.admit(6, address(3), Stage::Unsigned), AdmissionResult::Admitted);
}

#[test]
fn d12_a_network_of_ipv6_has_four_times_the_bounds_of_an_address() {
    let mut lan = admission(100, 2, 100, 100);
    for client in 1..=8 {
        assert_eq!(
            lan.admit(client, ipv6(1, (client / 2) as u16 + 1), Stage::Unsigned),
            AdmissionResult::Admitted,
            "{client}"
        );
    }
    assert_eq!(lan.admit(9, ipv6(1, 99), Stage::Unsigned), AdmissionResult::Refused);
    assert_eq!(lan.admit(10, ipv6(2, 1), Stage::Unsigned), AdmissionResult::Admitted);
    let mut door = admission(100, 100, 100, 2);
    (1..=8).for_each(|client| {
        assert_eq!(door.admit(client, ipv6(1, client as u16), Stage::Unsigned), AdmissionResult::Admitted)
    });
    assert_eq!(door.admit(9, ipv6(1, 99), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(1));
}

#[test]
fn one_ipv6_network_leaves_half_of_the_places_to_others() {
    let capacity = Capacity { clients: 20, why: AS_CONFIGURED };
    let per_address = capacity.per_address();
    let per_network = capacity.per_network(per_address);
    let unsigned = PoolBounds { all: 100, per_address: 100 };
    let bounds = AdmissionBounds { all: 20, per_address, per_network, unsigned, http: HTTP };
    let mut admission = Admission::new(bounds);
    let admitted =
        (1..=40).filter(|n| admission.admit(*n, ipv6(1, *n as u16), Stage::Unsigned) == AdmissionResult::Admitted);
    assert_eq!(admitted.count(), 10);
    assert_eq!(admission.admit(41, address(1), Stage::Unsigned), AdmissionResult::Admitted);
}

#[test]
fn d12_half_of_the_places_before_the_sign_in_are_reserved_for_ipv4() {
    let mut admission = admission(1_000, 1_000, 8, 100);
    for client in 1..=4 {
        assert_eq!(admission.admit(client, address(client as u8), Stage::Unsigned), AdmissionResult::Admitted);
    }
    for client in 5..=8 {
        assert_eq!(admission.admit(client, ipv6(client as u16, 1), Stage::Unsigned), AdmissionResult::Admitted);
    }
    // A flood from ever new networks replaces its own connections.
    for client in 9..=100 {
        assert_eq!(
            admission.admit(client, ipv6(client as u16, 1), Stage::Unsigned),
            AdmissionResult::AdmittedInsteadOf(client - 4)
        );
    }
    assert_eq!((1..=4).filter(|client| admission.unsigned.holds(*client)).count(), 4);
}

#[test]
fn d12_a_flood_from_one_network_replaces_its_own_connections() {
    let mut admission = admission(1_000, 1_000, 16, 100);
    assert_eq!(admission.admit(1, ipv6(1, 1), Stage::Unsigned), AdmissionResult::Admitted);
    (2..=8).for_each(|client| {
        assert_eq!(admission.admit(client, ipv6(2, client as u16), Stage::Unsigned), AdmissionResult::Admitted)
    });
    assert_eq!(admission.admit(9, ipv6(2, 9), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(2));
}

#[test]
fn http_connections_have_places_of_their_own() {
    let mut admission = admission(100, 100, 2, 2);
    for client in 1..=4 {
        assert_eq!(admission.admit(client, address(1), Stage::Http), AdmissionResult::Admitted);
    }
    assert_eq!(admission.admit(5, address(1), Stage::Unsigned), AdmissionResult::Admitted);
    assert_eq!(admission.admit(6, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(1));
    // A request is under way on it.
    admission.set_busy(2, true);
    assert_eq!(admission.admit(7, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(3));
    for busy in [4, 6, 7] {
        admission.set_busy(busy, true);
    }
    // All are busy: the oldest one goes.
    assert_eq!(admission.admit(8, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(2));
    admission.set_busy(8, true);
    admission.set_busy(6, false);
    assert_eq!(admission.move_to_http(5), AdmissionResult::AdmittedInsteadOf(6));
    // A session of the address makes one place more.
    admission.mark_signed_in(4);
    assert_eq!(admission.admit(9, address(1), Stage::Http), AdmissionResult::Admitted);
    assert_eq!(admission.admit(10, address(1), Stage::Http), AdmissionResult::Admitted);
    assert_eq!(admission.admit(11, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(5));
    assert_eq!(admission.move_to_http(99), AdmissionResult::Refused);
}

#[test]
fn half_requests_of_some_addresses_keep_no_browser_out() {
    let mut admission = admission(100, 100, 100, 100);
    // A browser, idle, and two addresses whose connections are all busy.
    assert_eq!(admission.admit(1, address(1), Stage::Http), AdmissionResult::Admitted);
    for (client, from) in [(2, 2), (3, 2), (4, 2), (5, 3), (6, 3), (7, 3), (8, 3)] {
        assert_eq!(admission.admit(client, address(from), Stage::Http), AdmissionResult::Admitted);
        admission.set_busy(client, true);
    }
    assert_eq!(admission.admit(9, address(4), Stage::Http), AdmissionResult::AdmittedInsteadOf(5));
    // Of two addresses with as many, an idle connection goes first.
    admission.set_busy(4, false);
    assert_eq!(admission.admit(10, address(5), Stage::Http), AdmissionResult::AdmittedInsteadOf(4));
    assert!(admission.http.holds(1));
}

#[test]
fn idle_http_connections_give_way_when_an_address_or_the_server_is_full() {
    let mut lan = admission(6, 4, 100, 100);
    for client in 1..=3 {
        assert_eq!(lan.admit(client, address(1), Stage::Http), AdmissionResult::Admitted);
    }
    lan.set_busy(1, true);
    assert_eq!(lan.admit(4, address(1), Stage::Unsigned), AdmissionResult::Admitted);
    // The address is full.
    assert_eq!(lan.admit(5, address(1), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(2));
    assert_eq!(lan.admit(6, address(1), Stage::Http), AdmissionResult::AdmittedInsteadOf(3));
    lan.set_busy(6, true);
    assert_eq!(lan.admit(7, address(1), Stage::Unsigned), AdmissionResult::Refused);
    // The server is full.
    assert_eq!(lan.admit(8, address(2), Stage::Http), AdmissionResult::Admitted);
    assert_eq!(lan.admit(9, address(2), Stage::Unsigned), AdmissionResult::Admitted);
    assert_eq!(lan.admit(10, address(3), Stage::Unsigned), AdmissionResult::AdmittedInsteadOf(8));
    assert_eq!(lan.admit(11, address(4), Stage::Unsigned), AdmissionResult::Refused);
    // Another address's idle connection makes no place at a full address.
    lan.remove(10);
    assert_eq!(lan.admit(12, address(2), Stage::Http), AdmissionResult::Admitted);
    assert_eq!(lan.admit(13, address(1), Stage::Unsigned), AdmissionResult::Refused);
}

#[test]
fn a_client_behind_a_proxy_counts_for_its_own_address() {
    let mut admission = admission(100, 2, 100, 100);
    for client in 1..=2 {
        assert_eq!(admission.admit(client, address(9), Stage::Http), AdmissionResult::Admitted);
        assert_eq!(admission.move_to_address(client, address(client as u8)), AdmissionResult::Admitted);
    }
    assert_eq!(admission.admit(3, address(9), Stage::Http), AdmissionResult::Admitted);
    assert_eq!(admission.move_to_address(3, address(1)), AdmissionResult::Admitted);
    assert_eq!(admission.admit(4, address(1), Stage::Unsigned), AdmissionResult::Refused);
}

proptest! {
    #[test]
    fn the_bounds_hold_and_no_entry_leaks(steps in prop::collection::vec((0u8..7, 0u8..8), 0..200)) {
        let mut admission = admission(8, 4, 5, 3);
        let mut here: BTreeSet<ClientId> = BTreeSet::new();
        for (next, (step, n)) in (1..).zip(steps) {
            let from = if n < 4 { address(n) } else { ipv6(u16::from(n) % 2, n.into()) };
            let stage = if step == 3 { Stage::Http } else { Stage::Unsigned };
            let chosen = here.iter().nth(n.into()).copied();
            match step {
                0 | 3 => match admission.admit(next, from, stage) {
                    AdmissionResult::Admitted => { here.insert(next); }
                    AdmissionResult::AdmittedInsteadOf(old) => { prop_assert!(here.remove(&old)); here.insert(next); }
                    AdmissionResult::Refused => {}
                },
                4 => if let Some(client) = chosen {
                    match admission.move_to_http(client) {
                        AdmissionResult::AdmittedInsteadOf(old) => prop_assert!(here.remove(&old)),
                        AdmissionResult::Admitted | AdmissionResult::Refused => {}
                    }
                },
                5 => if let Some(client) = chosen { admission.set_busy(client, n % 2 == 0); },
                6 => if let Some(client) = chosen {
                    match admission.move_to_address(client, from) {
                        AdmissionResult::AdmittedInsteadOf(old) => prop_assert!(here.remove(&old)),
                        AdmissionResult::Admitted => {}
                        AdmissionResult::Refused => prop_assert!(here.remove(&client)),
                    }
                },
                1 => if let Some(client) = here.iter().nth(n.into()) { admission.mark_signed_in(*client); },
                _ => if let Some(client) = here.iter().nth(n.into()).copied() {
                    admission.remove(client);
                    here.remove(&client);
                },
            }
            prop_assert_eq!(admission.clients.len(), here.len());
            prop_assert!(here.len() <= 8);
            admission.unsigned.assert_bounded(0);
            // The bound of an address falls when its sessions end.
            admission.http.assert_bounded(8);
            for (origin, one) in &admission.origins {
                prop_assert!(one.all <= admission.bounds.of(*origin) && one.signed_in <= one.all);
            }
            let in_pools = admission.unsigned.len() + admission.http.len();
            let signed_in: usize = admission.origins.iter()
                .filter(|(origin, _)| matches!(origin, Origin::Address(_))).map(|(_, one)| one.signed_in).sum();
            prop_assert_eq!(in_pools + signed_in, here.len());
            let addresses = admission.origins.iter().filter(|(origin, _)| matches!(origin, Origin::Address(_)));
            prop_assert_eq!(addresses.map(|(_, one)| one.all).sum::<usize>(), here.len());
        }
    }
}
