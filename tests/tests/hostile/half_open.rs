//! Peers that vanish: the cable is unplugged, and neither an end nor a reset of the connection arrives.

use landline_tests::{Client, DEADLINE, Lan, LinkBehavior, NO_FIXED_PORTS, Program, Proxy, TestServer, eventually};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

#[test]
fn pulled_cable_ends_the_session_and_frees_the_name() {
    let server = TestServer::new(|config| config.timeout = Duration::from_secs(2));
    let pulled =
        Proxy::new(server.address(), LinkBehavior::StallAfter("alice_salon\n".len()), LinkBehavior::StallAfter(0));
    let mut cut_off = Client::connect(pulled.address());
    cut_off.send("alice_salon");
    cut_off.send("a lost line");
    let since = Instant::now();
    let mut again = loop {
        let mut client = server.connect();
        client.send("alice_salon");
        if client.line().starts_with("200 ") {
            break client;
        }
        assert!(since.elapsed() < DEADLINE, "the name does not become free");
        // Only this test's short connections may have come and gone.
        std::thread::yield_now();
    };
    again.expect_nothing();
}

/// Uses network namespaces: the vanished host acknowledges nothing that is sent to it.
#[test]
fn vanished_host_is_signed_out_while_others_talk_to_it() {
    let (Some(mut lan), folder) = (Lan::new(1), TempDir::new().expect("a folder")) else { return };
    let here = lan.host();
    let there = lan.host();
    let gone = lan.host();
    lan.plug(here, 0, "10.78.0.1/24");
    lan.plug(there, 0, "10.78.0.2/24");
    let cable = lan.plug(gone, 0, "10.78.0.3/24");
    let mut command = Program::server();
    command.args(NO_FIXED_PORTS).args(["--no-console", "--timeout", "3", "--data"]);
    let mut server = Program::start(&mut lan.on(here, command.arg(folder.path())), Stdio::null());
    server.until("Ctrl-C");
    let join = |host, name| {
        let mut command = Program::client();
        command.args(["10.78.0.1", "--name", name]);
        Program::start(&mut lan.on(host, &command), Stdio::piped())
    };
    let session_log = folder.path().join("sessions.jsonl");
    let recorded = |name: &str, part: &str| {
        let records = std::fs::read_to_string(&session_log).expect("the session log");
        records.lines().any(|line| line.contains(name) && line.contains(part))
    };
    let mut bob = join(there, "bob");
    let _carol = join(gone, "carol");
    eventually("both are signed in", || ["bob", "carol"].iter().all(|name| recorded(name, "\"login\"")));
    lan.ip(gone, &format!("link set {cable} down"));
    let mut polls = 0;
    eventually("carol is signed out", || {
        polls += 1;
        if polls % 100 == 1 {
            bob.type_line("are you still there?");
        }
        recorded("carol", "\"idle\"")
    });
}
