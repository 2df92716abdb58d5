//! Talk without a server, with the real program, on networks made for it (see `Lan`).

mod coming_and_going;
mod soak;
mod strangers;
mod together;

use landline_tests::{Host, Lan, MeshProcess};
use std::path::Path;
use std::process::Command;

/// Hosts on switches; host `n` has the address 10.77.0.`n+1`.
fn hosts(lan: &mut Lan, switches: &[usize]) -> Vec<(Host, String)> {
    let plug = |(n, switch): (usize, &usize)| {
        let host = lan.host();
        let cable = lan.plug(host, *switch, &format!("10.77.0.{}/24", n + 1));
        (host, cable)
    };
    switches.iter().enumerate().map(plug).collect()
}

/// A member on each host, all started in the same moment.
fn members(lan: &Lan, hosts: &[(Host, String)], folder: &Path) -> Vec<MeshProcess> {
    let start =
        |(n, (host, _)): (usize, &(Host, String))| MeshProcess::start(lan, *host, &format!("user{n}"), folder, &[]);
    hosts.iter().enumerate().map(start).collect()
}

/// Waits until everybody sees everybody.
#[track_caller]
fn all_meet(members: &[MeshProcess]) {
    for member in members {
        for other in members.iter().filter(|other| other.name != member.name) {
            member.wait_for_presence(landline_tests::DEADLINE, &other.name, "joined");
        }
    }
}

/// Waits until everybody was told so many messages, and checks that all were told the same.
#[track_caller]
fn all_hear(members: &[MeshProcess], messages: usize) {
    for member in members {
        member.until(&format!("{messages} messages"), |events| {
            events.iter().filter(|e| e["type"] == "message" && e["event"].is_null()).count() >= messages
        });
    }
    let first = members[0].messages();
    assert_eq!(first.len(), messages, "{first:?}");
    members.iter().for_each(|member| assert_eq!(member.messages(), first));
}

/// The established TCP connections that a host has an end of.
fn connections(lan: &Lan, host: Host) -> usize {
    let mut ss = Command::new("ss");
    ss.args(["-Htn", "state", "established"]);
    let output = lan.on(host, &ss).output().expect("ss");
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).lines().count()
}
