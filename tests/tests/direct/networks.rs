//! Hosts with several networks, on networks made for it (see `Lan`).

use crate::{connect, landline, reason, say, start};
use landline_tests::{Host, Lan, Program};
use std::net::SocketAddr;
use std::process::Stdio;
use tempfile::TempDir;

fn server(lan: &Lan, host: Host, folder: &TempDir, bind: &str) -> Program {
    let mut command = Program::server();
    command.args(["--no-console", "--lantalk-port", "0", "--beacon-port", "0", "--bind", bind, "--data"]);
    command.arg(folder.path().join("data"));
    let mut program = Program::start(&mut lan.on(host, &command), Stdio::null());
    program.until("Ctrl-C");
    program
}

fn person(lan: &Lan, host: Host, server: &str, name: &str) -> Program {
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
    // Whoever dials bob's first address is never answered.
    lan.ip(a, &format!("route add 10.77.0.0/24 dev {cable}"));
    let _server = server(&lan, b, &folder, "0.0.0.0");
    let mut alice = person(&lan, a, "10.78.0.2:12345", "alice");
    let mut bob = person(&lan, b, "10.78.0.2:12345", "bob");
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    say((&mut alice, "alice"), (&mut bob, "bob"), "over the second cable");
    // Pulled, and nobody says goodbye.
    lan.ip(a, &format!("link set {cable} down"));
    assert!(reason(&mut bob, "alice").starts_with("the link is lost"));
    assert!(reason(&mut alice, "bob").starts_with("the link is lost"));
}

#[test]
fn chat_works_over_ipv6_alone() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let (a, b) = (lan.host(), lan.host());
    lan.plug(a, 0, "fd00:77::1/64 nodad");
    lan.plug(b, 0, "fd00:77::2/64 nodad");
    let _server = server(&lan, b, &folder, "::");
    let mut alice = person(&lan, a, "[fd00:77::2]:12345", "alice");
    let mut bob = person(&lan, b, "[fd00:77::2]:12345", "bob");
    connect((&mut alice, "alice"), (&mut bob, "bob"));
    say((&mut bob, "bob"), (&mut alice, "alice"), "without IPv4");
}
