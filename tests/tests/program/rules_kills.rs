//! A server that is killed loses no rule that it has confirmed.

use crate::{folder, server, start, stop};
use landline_tests::Client;
use std::net::SocketAddr;

const PASSWORD: &str = "correct horse";

fn log_in(address: SocketAddr, name: &str) -> Client {
    let mut client = Client::connect(address);
    ["LOGIN", name, PASSWORD].iter().for_each(|line| client.send(line));
    client.until("200 ");
    client
}

#[test]
fn owners_and_their_rules_survive_kills() {
    let folder = folder();
    let (mut program, address) = start(server(folder.path()).env("LANDLINE_LOG", "off"));
    let banner = program.until("/claim ");
    let code = banner.split("/claim ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a code");
    let mut alice = Client::connect(address);
    ["REGISTER", "alice", PASSWORD].iter().for_each(|line| alice.send(line));
    alice.until("Registration successful");
    let mut alice = log_in(address, "alice");
    alice.send(&format!("/claim {code}"));
    alice.until("INFO: You are an owner of this server now");
    alice.send("/join ops");
    alice.until("INFO: You are in ops now");
    // Each round changes one more rule and kills the server as soon as it has confirmed the change.
    let rounds = [
        ("/mute bob", "INFO: No user bob is here. The mute in ops holds", "403 You are muted in ops"),
        ("/quiet on", "INFO: alice made ops quiet", "403 "),
        ("/key sesame", "INFO: alice set a key word for ops", "403 ops has a key word"),
        ("/ban bob", "INFO: No user bob is here. The ban from ops holds", "403 You are banned from ops"),
        ("/doors closed", "INFO: alice closed the doors", "403 This server takes no newcomers now"),
    ];
    for (rule, confirmed, refusal) in rounds {
        alice.send(rule);
        alice.until(confirmed);
        program.signal("KILL");
        program.wait();
        let (restarted, address) = start(server(folder.path()).env("LANDLINE_LOG", "off"));
        program = restarted;
        let mut bob = Client::connect(address);
        bob.send("bob_ops");
        bob.send("hello");
        while !bob.line().contains(refusal) {}
        alice = log_in(address, "alice");
        alice.send("/join ops");
        alice.until("INFO: You are in ops now");
    }
    alice.send("/rules");
    alice.until("INFO: ops is run by: alice");
    stop(&mut program);
}
