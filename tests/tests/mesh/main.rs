//! The mesh, with the real program on virtual networks (see `Lan`).

mod coming_and_going;
mod soak;
mod strangers;
mod together;

use landline_tests::{Host, Lan, MeshProcess};
use std::path::Path;
use std::process::Command;

/// Creates hosts on switches. Host `n` has the address 10.77.0.`n+1`.
fn hosts(lan: &mut Lan, switches: &[usize]) -> Vec<(Host, String)> {
    let plug = |(n, switch): (usize, &usize)| {
        let host = lan.host();
        let cable = lan.plug(host, *switch, &format!("10.77.0.{}/24", n + 1));
        (host, cable)
    };
    switches.iter().enumerate().map(plug).collect()
}

/// Starts a member on each host at the same time.
fn members(lan: &Lan, hosts: &[(Host, String)], folder: &Path) -> Vec<MeshProcess> {
    let start =
        |(n, (host, _)): (usize, &(Host, String))| MeshProcess::start(lan, *host, &format!("user{n}"), folder, &[]);
    hosts.iter().enumerate().map(start).collect()
}

/// Waits until each member has seen all others join.
#[track_caller]
fn expect_all_joined(members: &[MeshProcess]) {
    for member in members {
        for other in members.iter().filter(|other| other.name != member.name) {
            member.wait_for_presence(landline_tests::DEADLINE, &other.name, "joined");
        }
    }
}

/// Waits until each member has received this many messages, and asserts that all have the same ones.
#[track_caller]
fn expect_same_messages(members: &[MeshProcess], messages: usize) {
    for member in members {
        member.until(&format!("{messages} messages"), |events| {
            events.iter().filter(|e| e["type"] == "message" && e["event"].is_null()).count() >= messages
        });
    }
    let first = members[0].messages();
    assert_eq!(first.len(), messages, "{first:?}");
    members.iter().for_each(|member| assert_eq!(member.messages(), first));
}

/// Returns the number of established TCP connections of a host.
fn connections(lan: &Lan, host: Host) -> usize {
    let mut ss = Command::new("ss");
    ss.args(["-Htn", "state", "established"]);
    let output = lan.on(host, &ss).output().expect("ss");
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).lines().count()
}
