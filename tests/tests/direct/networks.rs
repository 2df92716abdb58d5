//! Encrypted chats of hosts with several networks (see `Lan`).

use crate::{connect, end_reason, landline, send_and_expect, start};
use landline_tests::{Host, Lan, NO_FIXED_PORTS, Program};
use std::net::SocketAddr;
use std::process::Stdio;
use tempfile::TempDir;

fn server(lan: &Lan, host: Host, folder: &TempDir, bind: &str) -> Program {
    let mut command = Program::server();
    command.args(NO_FIXED_PORTS).args(["--no-console", "--bind", bind, "--data"]);
    command.arg(folder.path().join("data"));
    let mut program = Program::start(&mut lan.on(host, &command), Stdio::null());
    program.until("Ctrl-C");
    program
}

fn client(lan: &Lan, host: Host, server: &str, name: &str) -> Program {
    let server: SocketAddr = server.parse().expect("an address");
    start(&mut lan.on(host, &landline(server, name)))
}

#[test]
fn the_reachable_address_is_found() {
    let (Some(mut lan), folder) = (Lan::new(2), TempDir::new().expect("a folder")) else { return };
    let (a, b) = (lan.host(), lan.host());
    let cable = lan.plug(a, 1, "10.78.0.1/24");
    lan.plug(b, 0, "10.77.0.2/24");
    lan.plug(b, 1, "10.78.0.2/24");
    // Bob's first address does not answer.
    lan.ip(a, &format!("route add 10.77.0.0/24 dev {cable}"));
    let _server = server(&lan, b, &folder, "0.0.0.0");
    let mut alice = client(&lan, a, "10.78.0.2:12345", "alice");
    let mut bob = client(&lan, b, "10.78.0.2:12345", "bob");
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    send_and_expect((&mut alice, "alice"), (&mut bob, "bob"), "over the second cable");
    // Unplug the cable, so that no goodbye arrives.
    lan.ip(a, &format!("link set {cable} down"));
    assert!(end_reason(&mut bob, "alice").starts_with("the link is lost"));
    assert!(end_reason(&mut alice, "bob").starts_with("the link is lost"));
}

#[test]
fn chat_works_over_ipv6_alone() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let (a, b) = (lan.host(), lan.host());
    lan.plug(a, 0, "fd00:77::1/64 nodad");
    lan.plug(b, 0, "fd00:77::2/64 nodad");
    let _server = server(&lan, b, &folder, "::");
    let mut alice = client(&lan, a, "[fd00:77::2]:12345", "alice");
    let mut bob = client(&lan, b, "[fd00:77::2]:12345", "bob");
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    send_and_expect((&mut bob, "bob"), (&mut alice, "alice"), "without IPv4");
}
