//! A server whose sentences are all random words (see `Scrambler`). Clients must work by causes and fields alone.

use crate::{PASSWORD, landline, on_pipes, on_screen, with_account};
use landline_server::config::{Config, TlsMode};
use landline_tests::{Breaker, Client, Program, Scrambler, Terminal, TestServer};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

/// A server behind a scrambler.
struct ScrambledServer {
    /// The scrambler in front of the server.
    address: SocketAddr,
    test_server: TestServer,
    _scrambler: Scrambler,
}

impl ScrambledServer {
    fn new(change: impl FnOnce(&mut Config)) -> ScrambledServer {
        // The scrambler reads the lines.
        let test_server = TestServer::new(|config| {
            change(config);
            config.tls = TlsMode::Off;
        });
        let scrambler = Scrambler::new(test_server.address());
        ScrambledServer { address: scrambler.address(), test_server, _scrambler: scrambler }
    }

    /// Starts a server that keeps its port across restarts.
    fn with_fixed_port() -> ScrambledServer {
        let free = TcpListener::bind("127.0.66.11:0").and_then(|listener| listener.local_addr()).expect("a free port");
        ScrambledServer::new(|config| (config.bind, config.ports) = (free.ip(), vec![free.port()]))
    }

    /// Asserts that the program ends with exit code 1. Returns its standard error.
    fn expect_refusal(&self, command: &mut Command) -> String {
        let mut program = on_pipes(command);
        assert_eq!(program.wait().code(), Some(1));
        let complaint = program.stderr();
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
        complaint
    }
}

/// Starts a program, and waits until `witness` has received the notice of its arrival.
fn start_and_sign_in(command: &mut Command, name: &str, witness: &mut Client) -> Program {
    let program = on_pipes(command);
    witness.expect(&format!("{name} has connected to the chatroom"));
    program
}

#[test]
fn guests_and_accounts_sign_in() {
    let server = ScrambledServer::new(|_| {});
    let mut bob = server.test_server.guest("bob", "lobby");
    let sign_ins: [Command; 3] = [
        landline(server.address, "alice"),
        {
            let mut command = with_account(server.address, "carol");
            command.arg("--register");
            command
        },
        with_account(server.address, "carol"),
    ];
    for (mut command, name) in sign_ins.into_iter().zip(["alice", "carol", "carol"]) {
        let mut program = start_and_sign_in(&mut command, name, &mut bob);
        program.type_line("I am in");
        bob.expect(&format!("{name}: I am in"));
        program.type_line("/quit");
        assert_eq!((program.wait().code(), &*program.stderr()), (Some(0), ""));
        bob.expect(&format!("{name} has left the chatroom"));
    }
}

#[test]
fn refusals_say_what_to_do() {
    let server = ScrambledServer::new(|_| {});
    server.test_server.register("alice", PASSWORD);
    let _bob = server.test_server.guest("bob", "lobby");
    for (mut command, advice) in [
        (landline(server.address, "bob"), " (--name NAME)"),
        (landline(server.address, "alice"), " If it is yours, give its password in LANDLINE_PASSWORD"),
        (
            {
                let mut command = landline(server.address, "alice");
                command.env("LANDLINE_PASSWORD", "wrong horse");
                command
            },
            ": check --name and the password; --register makes a new account",
        ),
        (
            {
                let mut command = with_account(server.address, "alice");
                command.arg("--register");
                command
            },
            " If it is yours, leave out --register.",
        ),
    ] {
        let complaint = server.expect_refusal(&mut command);
        assert!(complaint.contains(advice), "{complaint:?} does not say {advice:?}");
    }
}

#[test]
fn server_password_is_asked_for_and_accepted() {
    let server = ScrambledServer::new(|config| config.password = Some("open sesame".into()));
    for given in [None, Some("open the door")] {
        let mut command = landline(server.address, "alice");
        if let Some(given) = given {
            command.args(["--server-password", given]);
        }
        let complaint = server.expect_refusal(&mut command);
        assert!(complaint.contains("Give it in LANDLINE_SERVER_PASSWORD"), "{complaint}");
    }
    let mut program = on_pipes(landline(server.address, "alice").args(["--server-password", "open sesame"]));
    program.type_line("/who");
    program.until("alice");
    program.type_line("/quit");
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn a13_kick_reason_is_shown() {
    let server = ScrambledServer::new(|_| {});
    let mut bob = server.test_server.guest("bob", "lobby");
    let mut carol = start_and_sign_in(&mut landline(server.address, "carol"), "carol", &mut bob);
    server.test_server.server().moderator().kick("carol", "enough, carol").expect("kicked");
    assert_eq!(carol.wait().code(), Some(1));
    assert!(carol.stderr().contains("you were kicked: enough, carol"));

    let mut alice = on_screen(&landline(server.address, "alice"));
    alice.press("/query bob\r");
    alice.wait_for("messages, stored by the server");
    server.test_server.server().moderator().kick("alice", "enough, alice").expect("kicked");
    alice.wait_for("✗ not connected · you were kicked: enough, alice");
    alice.press("/close\r");
    alice.until("no room in which users are known to be", |screen| !screen.contents().contains("2 here"));
}

#[test]
fn paste_of_thirty_lines_arrives_in_order() {
    // The default rate, and the default budget of one address.
    let server = ScrambledServer::new(|config| {
        (config.rate, config.max_clients_per_ip) = (Some((10, std::time::Duration::from_secs(1))), Some(256));
    });
    let mut bob = server.test_server.guest("bob", "lobby");
    let mut alice = on_screen(&landline(server.address, "alice"));
    bob.expect("alice has connected to the chatroom");
    let lines: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
    alice.press(&format!("\x1b[200~{}\x1b[201~", lines.join("\r")));
    alice.wait_for("30 lines were pasted");
    alice.press("\x1bl");
    for line in &lines {
        bob.expect(&format!("alice: {line}"));
    }
    alice.until("nothing unsent", |screen| {
        !screen.contents().contains("unsent") && screen.contents().contains("line 30")
    });
}

/// Asserts that alice's screen shows bob's messages in both rooms, and leaves.
fn expect_in_both_rooms(alice: &mut Terminal, texts: [&str; 2]) {
    for (keys, text) in ["\x1b1", "\x1b2"].iter().zip(texts) {
        alice.press(keys);
        alice.wait_for(text);
    }
}

#[test]
fn lost_connection_is_resumed_and_caught_up() {
    let server = ScrambledServer::new(|_| {});
    let network = Breaker::new(server.address);
    let (mut bob, mut carol) = (server.test_server.guest("bob", "lobby"), server.test_server.guest("carol", "ops"));
    let mut alice = on_screen(&landline(network.address(), "alice"));
    alice.press("/join ops\r");
    alice.wait_for(" ops  2 here");
    network.freeze();
    network.break_now();
    bob.send("said in the lobby meanwhile");
    carol.send("said in ops meanwhile");
    carol.drain_lines();
    alice.press("typed in ops meanwhile\r");
    network.thaw();
    carol.until("alice: typed in ops meanwhile");
    expect_in_both_rooms(&mut alice, ["said in the lobby meanwhile", "said in ops meanwhile"]);
    alice.until("nothing unsent", |screen| !screen.contents().contains("unsent"));
}

#[test]
fn all_rooms_are_rejoined_and_caught_up_after_a_restart() {
    let mut server = ScrambledServer::with_fixed_port();
    server.test_server.register("alice", PASSWORD);
    let mut alice = on_screen(&with_account(server.address, "alice"));
    alice.press("/join ops\r");
    alice.wait_for(" ops  only you are here");
    server.test_server.stop();
    alice.wait_for("reconnecting in");
    alice.press("typed in ops meanwhile\r");
    alice.wait_for("1 line unsent");
    server.test_server.restart();
    let (mut bob, mut carol) = (server.test_server.guest("bob", "lobby"), server.test_server.guest("carol", "ops"));
    bob.send("said in the lobby meanwhile");
    carol.send("said in ops meanwhile");
    carol.drain_lines();
    alice.press("\x12");
    carol.until("alice: typed in ops meanwhile");
    expect_in_both_rooms(&mut alice, ["said in the lobby meanwhile", "said in ops meanwhile"]);
    // In both rooms again.
    alice.press("to ops\r\x1b1to the lobby\r");
    carol.until("alice: to ops");
    bob.until("alice: to the lobby");
}

/// Opens an encrypted chat between two programs, requested by `one`.
fn open_direct_chat((one, name): (&mut Program, &str), (other, other_name): (&mut Program, &str)) {
    one.type_line(&format!("/direct {other_name}"));
    other.until(&format!("DIRECT_REQUEST_FROM:{name}:"));
    other.type_line(&format!("/accept {name}"));
    one.until(&format!("DIRECT_CONNECTED:{other_name}:"));
    other.until(&format!("DIRECT_CONNECTED:{name}:"));
}

#[test]
fn private_and_direct_chats_work() {
    let server = ScrambledServer::new(|_| {});
    let mut witness = server.test_server.guest("witness", "lobby");
    let mut alice = start_and_sign_in(&mut landline(server.address, "alice"), "alice", &mut witness);
    let mut bob = start_and_sign_in(&mut landline(server.address, "bob"), "bob", &mut witness);
    alice.until("bob has connected");
    // The answers prove that the server has their keys.
    for program in [&mut alice, &mut bob] {
        program.type_line("/ping ready");
        program.until("PONG ready");
    }
    open_direct_chat((&mut alice, "alice"), (&mut bob, "bob"));
    alice.type_line("/direct-say bob past the server");
    assert_eq!(bob.until("[Direct]"), "[Direct] alice: past the server\n");
    bob.type_line("/direct-stop alice");
    alice.until("DIRECT_ENDED:bob:");

    alice.type_line("/connect bob");
    bob.until("PRIVATE_REQUEST_FROM:alice");
    bob.type_line("/accept alice");
    alice.until("PRIVATE_CONNECTED:bob");
    bob.type_line("/private alice by way of the server");
    assert_eq!(alice.until("[Private]"), "[Private] bob: by way of the server\n");
    alice.type_line("/end bob");
    bob.until("PRIVATE_ENDED:alice");
}

#[test]
fn a4_accepting_shows_the_chat_on_the_full_screen() {
    let server = ScrambledServer::new(|_| {});
    let mut witness = server.test_server.guest("witness", "lobby");
    let mut alice = start_and_sign_in(&mut landline(server.address, "alice"), "alice", &mut witness);
    let mut bob = on_screen(&landline(server.address, "bob"));
    alice.until("bob has connected");
    bob.press("/users\r");
    bob.wait_for("3 online");
    for (ask, asked, open) in
        [("/direct bob", "🔒 alice", "DIRECT_CONNECTED:bob:"), ("/connect bob", "~ alice", "PRIVATE_CONNECTED:bob")]
    {
        bob.press("\x1b1");
        alice.type_line(ask);
        bob.wait_for(asked);
        bob.press("/accept alice\r");
        alice.until(open);
        bob.wait_for("stored nowhere");
        bob.press("typed behind accept\r");
        let line = alice.until("typed behind accept");
        assert!(line.starts_with('['), "{line}");
        bob.until("it is out", |screen| {
            screen.rows(0, 110).any(|row| row.contains("typed behind accept") && !row.contains(['○', '·']))
        });
        bob.press("/close\r");
        alice.until("_ENDED:bob");
    }
    // No message of the chat is in the stored history.
    assert!(witness.drain_lines().iter().all(|line| !line.contains("typed behind")));
}
