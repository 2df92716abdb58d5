//! IPv4 and IPv6: both by default, one if the machine has only that one.

use crate::folder;
use landline_server::config::Config;
use landline_tests::{Client, Lan, Program, TestServer};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn d12_ipv4_and_ipv6_clients_connect_by_default() {
    let test_server = TestServer::new(|config| config.bind = Config::default().bind);
    let port = test_server.address().port();
    let mut people: Vec<Client> = Vec::new();
    for (name, address) in [
        ("four", SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        ("six", SocketAddr::from((Ipv6Addr::LOCALHOST, port))),
    ] {
        let mut client = Client::connect(address);
        client.send(&format!("{name}_lobby"));
        client.until("200 ");
        people.push(client);
    }
    people[1].send("hello");
    people[0].expect("six has connected to the chatroom");
    people[0].expect("six: hello");
    let users = test_server.server().moderator().users();
    assert!(users.contains("four (127.0.0.1, ") && users.contains("six (::1, "), "{users}");
    drop(people);
    // Stopping must wake the listener.
    drop(test_server);
}

#[test]
fn d12_ipv4_bind_address_excludes_ipv6() {
    let test_server = TestServer::new(|config| config.bind = Ipv4Addr::UNSPECIFIED.into());
    let there = |address| TcpStream::connect_timeout(&address, Duration::from_secs(5));
    assert!(there(SocketAddr::from((Ipv4Addr::LOCALHOST, test_server.address().port()))).is_ok());
    assert!(there(SocketAddr::from((Ipv6Addr::LOCALHOST, test_server.address().port()))).is_err());
}

fn default_server(data: &Path) -> Command {
    let mut command = Program::server();
    command.args(["--no-console", "--beacon-port", "0", "--web-port", "0", "--data"]).arg(data);
    command
}

#[test]
fn d12_without_ipv6_the_server_listens_on_ipv4() {
    let (Some(mut lan), folder) = (Lan::new(1), folder()) else { return };
    let (host, guest) = (lan.host(), lan.host());
    let mut switch_off = Command::new("sh");
    switch_off.args(["-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"]);
    assert!(lan.on(host, &switch_off).status().expect("sh").success());
    lan.plug(host, 0, "10.78.0.1/24");
    lan.plug(guest, 0, "10.78.0.2/24");
    let mut server = Program::start(&mut lan.on(host, &default_server(&folder.path().join("data"))), Stdio::null());
    assert_eq!(server.until("join with"), "  join with   landline 10.78.0.1\n");
    let mut client = Program::client();
    client.args(["10.78.0.1", "--name", "alice", "--plain"]);
    let mut client = Program::start(&mut lan.on(guest, &client), Stdio::null());
    assert!(client.wait().success());
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn d12_banner_shows_the_ipv6_address_without_ipv4() {
    let (Some(mut lan), folder) = (Lan::new(1), folder()) else { return };
    let host = lan.host();
    lan.plug(host, 0, "fd00:78::1/64 nodad");
    let mut server = Program::start(&mut lan.on(host, &default_server(&folder.path().join("data"))), Stdio::null());
    assert_eq!(server.until("join with"), "  join with   landline fd00:78::1\n");
}

#[test]
fn d12_link_local_server_is_reached_by_the_clients_interface_name() {
    let (Some(mut lan), folder) = (Lan::new(1), folder()) else { return };
    let (host, guest) = (lan.host(), lan.host());
    lan.plug(host, 0, "fe80::78:1/64 nodad");
    let cable = lan.plug(guest, 0, "fe80::78:2/64 nodad");
    let mut server = Program::start(&mut lan.on(host, &default_server(&folder.path().join("data"))), Stdio::null());
    server.until("Ctrl-C");
    for address in [format!("[fe80::78:1%{cable}]:12345"), format!("fe80::78:1%{cable}")] {
        let mut client = Program::client();
        client.args([&address, "--name", "alice", "--plain"]);
        let mut client = Program::start(&mut lan.on(guest, &client), Stdio::null());
        assert!(client.wait().success(), "{address}: {}", client.stderr());
    }
}

#[test]
fn duplicate_port_is_refused() {
    let folder = folder();
    let mut server = Program::start(default_server(folder.path()).args(["--port", "31005", "31005"]), Stdio::null());
    assert_eq!(server.wait().code(), Some(2));
    assert!(server.stderr().contains("port 31005 is given twice"));
}

#[test]
fn a15_error_names_the_server_that_holds_a_port() {
    let (folder, test_server) = (folder(), TestServer::new(|config| config.lantalk_port = Some(0)));
    let complaint = |arguments: [String; 2]| {
        let mut server = Program::start(default_server(folder.path()).args(arguments), Stdio::null());
        assert!(!server.wait().success());
        server.stderr()
    };
    let port = test_server.address().port().to_string();
    let taken = complaint(["--port".into(), port.clone()]);
    assert!(
        taken.contains(&format!("a Landline server that runs already: join it with landline 127.0.0.1:{port}")),
        "{taken}"
    );
    let taken = complaint(["--port=0".into(), format!("--lantalk-port={}", test_server.lantalk_address().port())]);
    assert!(taken.contains("a server for LanTalk clients") && taken.contains("--lantalk-port"), "{taken}");
    let other = std::net::TcpListener::bind("127.0.0.1:0").and_then(|other| other.local_addr().map(|at| (at, other)));
    let (address, _other) = other.expect("a port");
    let taken = complaint(["--port".into(), address.port().to_string()]);
    assert!(taken.contains("taken by another program"), "{taken}");
}
