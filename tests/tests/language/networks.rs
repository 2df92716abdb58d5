//! A client whose network is lost or changes (see `Lan`): the program, its server and a third user are on machines of
//! their own.

use crate::{PASSWORD, landline, on_pipes, on_screen, with_account};
use landline_tests::{Client, Host, Lan, Program, Terminal, TestServer, eventually};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);
/// How long a client may need after a change of its address, or after its cable is back.
const BACK: Duration = Duration::from_secs(5);
/// How long the cable is out: longer than the server and the client wait for each other.
const OUTAGE: Duration = Duration::from_secs(24);

/// A server on one machine, alice's machine, and one for all others.
struct ClientNetwork {
    test_server: TestServer,
    server: Host,
    alices: Host,
    others: Host,
    cable: String,
    lan: Lan,
}

impl ClientNetwork {
    /// `None` where no network may be made.
    fn new() -> Option<ClientNetwork> {
        let mut lan = Lan::new(1)?;
        let (server, alices, others) = (lan.host(), lan.host(), lan.host());
        lan.plug(server, 0, &format!("{SERVER}/24"));
        let cable = lan.plug(alices, 0, "10.78.0.2/24");
        lan.plug(others, 0, "10.78.0.9/24");
        let test_server = lan.run_on(server, || {
            TestServer::new(|config| {
                (config.bind, config.rate) = (SERVER.into(), Some((10, Duration::from_secs(5))));
            })
        });
        Some(ClientNetwork { test_server, server, alices, others, cable, lan })
    }

    fn address(&self) -> SocketAddr {
        (SERVER, self.test_server.address().port()).into()
    }

    fn connect(&self) -> Client {
        let address = self.address();
        Client::of(self.lan.run_on(self.others, || TcpStream::connect(address)).expect("a connection"))
    }

    /// A user at `nc` on the third machine.
    fn guest(&self, name: &str, room: &str) -> Client {
        let mut client = self.connect();
        client.send(&format!("{name}_{room}"));
        client.expect_start("200 ");
        client
    }

    fn register(&self, name: &str) {
        self.test_server.register_from(self.connect(), name, PASSWORD);
    }

    fn change_address(&self) {
        self.lan.ip(self.alices, &format!("address del 10.78.0.2/24 dev {}", self.cable));
        self.lan.ip(self.alices, &format!("address add 10.78.0.3/24 dev {}", self.cable));
    }

    /// The program on alice's machine.
    fn on_screen(&self, command: &Command) -> Terminal {
        on_screen(&self.lan.on(self.alices, command))
    }

    fn on_pipes(&self, command: &Command) -> Program {
        on_pipes(&mut self.lan.on(self.alices, command))
    }
}

impl Drop for ClientNetwork {
    fn drop(&mut self) {
        // A server that stops connects to itself, to wake the threads that accept.
        let (lan, server, test_server) = (&self.lan, self.server, &mut self.test_server);
        lan.run_on(server, || test_server.stop());
    }
}

/// Waits until all of these were heard; how long that took. Nothing of alice's may be heard twice, or in another order.
#[track_caller]
fn hears(client: &mut Client, lines: &[&str]) -> Duration {
    let begun = Instant::now();
    for line in lines {
        loop {
            let heard = client.line();
            if heard == *line {
                break;
            }
            assert!(!heard.contains("alice: "), "{heard:?} instead of {line:?}");
        }
    }
    begun.elapsed()
}

/// Nothing more of alice's comes.
#[track_caller]
fn no_more(client: &mut Client) {
    let more = client.drain_lines();
    assert!(more.iter().all(|line| !line.contains("alice: ")), "doubled: {more:?}");
}

fn within(what: &str, took: Duration) {
    println!("{what}: {took:?}");
    assert!(took <= BACK, "{what}: {took:?}");
}

#[test]
fn d1_after_a_change_of_address_an_account_is_back_and_heard() {
    let Some(network) = ClientNetwork::new() else { return };
    network.register("alice");
    let mut bob = network.guest("bob", "lobby");
    let mut alice = network.on_screen(&with_account(network.address(), "alice"));
    alice.press("before\r");
    hears(&mut bob, &["alice: before"]);
    network.change_address();
    let changed = Instant::now();
    alice.press("typed behind the change\r");
    hears(&mut bob, &["alice: typed behind the change"]);
    within("heard after a change of address", changed.elapsed());
    bob.send("and heard");
    alice.wait_for("and heard");
    alice.until("nothing unsent", |screen| !screen.contents().contains("unsent"));
    no_more(&mut bob);
}

#[test]
fn d1_a_guest_as_well_and_what_is_said_to_them_arrives() {
    let Some(network) = ClientNetwork::new() else { return };
    let mut bob = network.guest("bob", "lobby");
    let mut alice = network.on_pipes(&landline(network.address(), "alice"));
    bob.expect("alice has connected to the chatroom");
    alice.type_line("before");
    hears(&mut bob, &["alice: before"]);
    network.change_address();
    let changed = Instant::now();
    alice.type_line("typed behind the change");
    bob.send("/pm alice psst");
    bob.send("said behind the change");
    hears(&mut bob, &["alice: typed behind the change"]);
    within("heard after a change of address", changed.elapsed());
    let mut seen = [alice.line(), alice.line()].map(Option::unwrap_or_default);
    seen.sort();
    assert!(seen[0] == "[PM] bob: psst" && seen[1].ends_with(" bob: said behind the change"), "{seen:?}");
    within("seen after a change of address", changed.elapsed());
    alice.type_line("/quit");
    assert_eq!(alice.wait().code(), Some(0));
    no_more(&mut bob);
}

/// The cable is out; what is typed meanwhile is typed in the middle.
fn outage(network: &ClientNetwork, type_lines: impl FnOnce()) -> Instant {
    network.lan.unplug(&network.cable);
    std::thread::sleep(OUTAGE / 2);
    type_lines();
    std::thread::sleep(OUTAGE / 2);
    network.lan.replug(&network.cable);
    Instant::now()
}

#[test]
fn a2_after_an_outage_a_guest_is_back_and_all_that_was_typed_is_heard() {
    let Some(network) = ClientNetwork::new() else { return };
    let mut bob = network.guest("bob", "lobby");
    let mut carol = network.guest("carol", "ops");
    let mut alice = network.on_screen(&landline(network.address(), "alice"));
    bob.until("alice has connected to the chatroom");
    alice.press("/join ops\r");
    alice.wait_for(" ops  2 here");
    // A chat off the record, for which a line is typed as well.
    bob.send("/connect alice");
    alice.wait_for("~ bob");
    alice.press("/accept bob\r");
    bob.until("PRIVATE_CONNECTED:alice");
    let back = outage(&network, || {
        alice.press("off the record 1\r");
        alice.press("off the record 2\r");
        alice.press("\x1b1in the lobby 1\rin the lobby 2\r");
        alice.press("\x1b2in ops\r");
        bob.send("said meanwhile");
        alice.wait_for("5 lines unsent");
    });
    hears(&mut carol, &["alice: in ops"]);
    within("heard after an outage", back.elapsed());
    // Both conversations keep their order.
    let (mut lobby, mut private) = (Vec::new(), Vec::new());
    while lobby.len() + private.len() < 4 {
        match bob.line() {
            line if line.starts_with("[Private] alice: ") => private.push(line),
            line if line.starts_with("alice: ") => lobby.push(line),
            _ => {}
        }
    }
    within("all heard after an outage", back.elapsed());
    assert_eq!(lobby, ["alice: in the lobby 1", "alice: in the lobby 2"]);
    assert_eq!(private, ["[Private] alice: off the record 1", "[Private] alice: off the record 2"]);
    alice.press("\x1b1");
    alice.wait_for("said meanwhile");
    alice.until("nothing unsent", |screen| !screen.contents().contains("unsent"));
    bob.send("/private alice back to you");
    alice.press("\x1ba");
    alice.wait_for("back to you");
    for client in [&mut bob, &mut carol] {
        no_more(client);
    }
}

#[test]
fn a2_a_script_goes_on_after_an_outage() {
    let Some(network) = ClientNetwork::new() else { return };
    network.register("alice");
    let mut bob = network.guest("bob", "lobby");
    let mut alice = network.on_pipes(with_account(network.address(), "alice").args(["--patience", "60"]));
    bob.expect("alice has connected to the chatroom");
    alice.type_line("before");
    hears(&mut bob, &["alice: before"]);
    let lines = ["typed meanwhile 1", "typed meanwhile 2", "typed meanwhile 3"];
    let back = outage(&network, || lines.iter().for_each(|line| alice.type_line(line)));
    let heard: Vec<String> = lines.iter().map(|line| format!("alice: {line}")).collect();
    hears(&mut bob, &heard.iter().map(String::as_str).collect::<Vec<_>>());
    within("heard after an outage", back.elapsed());
    alice.type_line("/quit");
    assert_eq!(alice.wait().code(), Some(0));
    bob.until("alice has left");
    eventually("alice's session is over", || network.test_server.server().context().hub.find("alice").is_none());
    no_more(&mut bob);
}
