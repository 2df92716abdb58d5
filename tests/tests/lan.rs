//! Finding servers from other hosts, with the real programs, on networks of the test (see `Lan`).

use landline_tests::{DEADLINE, Host, Lan, Program, python_with, skip_if_missing};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Starts a server on a host, with its default ports.
fn server(lan: &Lan, host: Host, folder: &Path, name: &str) -> Program {
    let mut command = Program::server();
    command.args(["--no-console", "--name", name, "--data"]).arg(folder.join(name));
    let mut program = Program::start(&mut lan.on(host, &command), Stdio::null());
    program.until("Ctrl-C");
    program
}

fn discover(lan: &Lan, host: Host, more: &[&str]) -> (Vec<Value>, Duration) {
    let mut command = Program::client();
    command.args(["discover", "--json"]).args(more);
    let mut command = lan.on(host, &command);
    let begun = Instant::now();
    let output = command.output().expect("running landline");
    let took = begun.elapsed();
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.success(), !text.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(), took)
}

/// Returns name and address of each server that answered.
fn named(list: &[Value]) -> Vec<(&str, &str)> {
    let named = list.iter().filter_map(|row| Some((row["name"].as_str()?, row["address"].as_str()?)));
    named.collect()
}

/// Repeats the search until the host finds exactly the expected servers.
fn discover_until(lan: &Lan, host: Host, expected: &[(&str, &str)]) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let (list, _) = discover(lan, host, &[]);
        if named(&list) == expected {
            return;
        }
        assert!(Instant::now() < deadline, "still {list:?}");
    }
}

#[test]
fn lantalks_own_client_finds_the_server_from_another_host() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let Some(python) = python_with("lantalk==2.0.0", folder.path()) else { return };
    let a = lan.host();
    let b = lan.host();
    lan.plug(a, 0, "10.77.0.1/24");
    lan.plug(b, 0, "10.77.0.2/24 broadcast +");
    for host in [a, b] {
        assert_eq!(lan.ip(host, "route show default"), "", "no default route");
    }
    let _server = server(&lan, a, folder.path(), "Alpha");
    let mut command = Command::new(python);
    command.args(["-c", "from lantalk.client import discover_servers; print(discover_servers(5.0))"]);
    let output = lan.on(b, &command).output().expect("running Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "[('10.77.0.1', 5050)]");
}

#[test]
fn d17_a_server_on_two_networks_is_one_row() {
    let (Some(mut lan), folder) = (Lan::new(2), TempDir::new().expect("a folder")) else { return };
    let a = lan.host();
    let b = lan.host();
    for (host, last) in [(a, 1), (b, 2)] {
        lan.plug(host, 0, &format!("10.77.0.{last}/24 broadcast +"));
        lan.plug(host, 1, &format!("10.78.0.{last}/24 broadcast +"));
    }
    let _server = server(&lan, a, folder.path(), "Alpha");
    for _ in 0..3 {
        let (list, _) = discover(&lan, b, &["--timeout", "1"]);
        assert_eq!(named(&list), [("Alpha", "10.77.0.1")]);
    }
}

#[test]
fn servers_on_two_hosts_are_found_by_name_in_half_a_second() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = [lan.host(), lan.host(), lan.host()];
    for (host, address) in hosts.iter().zip(["10.77.0.1/24", "10.77.0.2/24", "10.77.0.3/24 broadcast +"]) {
        lan.plug(*host, 0, address);
    }
    let _alpha = server(&lan, hosts[0], folder.path(), "Alpha");
    let _beta = server(&lan, hosts[1], folder.path(), "Beta");
    let both = [("Alpha", "10.77.0.1"), ("Beta", "10.77.0.2")];
    // From a third host, and from the hosts of the servers, which receive their own server's answers from several
    // addresses.
    for host in hosts {
        let (list, took) = discover(&lan, host, &[]);
        assert_eq!(named(&list), both, "{list:?}");
        assert_eq!(list.len(), 2, "{list:?}");
        assert!(took < Duration::from_millis(1_500), "{took:?}, of which half a second is listening");
    }
    let isolated = lan.host();
    discover_until(&lan, isolated, &[]);
}

#[test]
fn interfaces_may_appear_and_disappear() {
    let (Some(mut lan), folder) = (Lan::new(2), TempDir::new().expect("a folder")) else { return };
    let a = lan.host();
    let left = lan.host();
    let right = lan.host();
    let _server = server(&lan, a, folder.path(), "Alpha");
    discover_until(&lan, a, &[("Alpha", "127.0.0.1")]);
    lan.plug(left, 0, "10.77.0.2/24");
    lan.plug(right, 1, "10.78.0.2/24");

    let first = lan.plug(a, 0, "10.77.0.1/24");
    discover_until(&lan, left, &[("Alpha", "10.77.0.1")]);
    lan.plug(a, 1, "10.78.0.1/24");
    discover_until(&lan, right, &[("Alpha", "10.78.0.1")]);
    discover_until(&lan, left, &[("Alpha", "10.77.0.1")]);
    discover_until(&lan, a, &[("Alpha", "10.77.0.1")]);

    lan.ip(a, &format!("link delete {first}"));
    discover_until(&lan, left, &[]);
    let (beacons, _) = discover(&lan, right, &["--timeout", "3"]);
    assert_eq!(named(&beacons), [("Alpha", "10.78.0.1")]);
    lan.plug(a, 0, "10.77.0.9/24");
    discover_until(&lan, left, &[("Alpha", "10.77.0.9")]);
}

/// Broadcasts fake and malformed beacons without end, ten thousand per round, from one address and from 200 others.
const FLOOD: &str = r"
import socket
def sender(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind((address, 0))
    return s
liar = sender('10.77.0.66')
others = [sender('10.77.9.%d' % n) for n in range(1, 201)]
broken = [b'LANTALK_SERVER:6.6.6.6:99999', b'LANTALK_SERVER:\x1b[2J:1', b'LANDLINE! 1 {', b'\xff' * 1000]
while True:
    for n in range(10000):
        s = others[n // 2 % 200] if n % 2 else liar
        text = broken[n // 10 % 4] if n % 10 == 9 else b'LANTALK_SERVER:6.6.6.6:%d' % (n % 60000 + 1)
        try:
            s.sendto(text, ('10.77.255.255', 5051))
        except OSError:
            pass
    print('10000', flush=True)
";

#[test]
fn fake_beacons_neither_slow_discovery_nor_fill_its_list() {
    if skip_if_missing("python3") {
        return;
    }
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let hosts = [lan.host(), lan.host(), lan.host(), lan.host()];
    for (host, address) in hosts.iter().zip(["10.77.0.1/16", "10.77.0.2/16", "10.77.0.3/16", "10.77.0.66/16"]) {
        lan.plug(*host, 0, address);
    }
    for n in 1..=200 {
        lan.ip(hosts[3], &format!("address add 10.77.9.{n}/16 dev lan3"));
    }
    let _alpha = server(&lan, hosts[0], folder.path(), "Alpha");
    let _beta = server(&lan, hosts[1], folder.path(), "Beta");
    let mut flood = Program::start(&mut lan.on(hosts[3], Command::new("python3").args(["-c", FLOOD])), Stdio::null());
    flood.until("10000");
    for _ in 0..3 {
        let (list, took) = discover(&lan, hosts[2], &[]);
        assert_eq!(named(&list), [("Alpha", "10.77.0.1"), ("Beta", "10.77.0.2")], "{list:?}");
        assert!(took < Duration::from_millis(1_500), "{took:?}, of which half a second is listening");
        let fakes: Vec<&Value> = list.iter().filter(|row| row["kind"] == "lantalk").collect();
        assert!(!fakes.is_empty() && list.len() <= 64, "{}", list.len());
        assert!(fakes.iter().all(|row| row["address"] != "6.6.6.6"));
        assert!(fakes.iter().filter(|row| row["address"] == "10.77.0.66").count() <= 4);
    }
    flood.until("10000");
}
