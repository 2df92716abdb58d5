//! The console on standard input, with the real program.

use landline_tests::{Client, NO_FIXED_PORTS, Program};
use std::net::SocketAddr;
use std::process::Stdio;

/// Starts a server with a pipe as standard input. Returns it with its address.
fn server(folder: &std::path::Path) -> (Program, SocketAddr) {
    let mut command = Program::server();
    command.args(NO_FIXED_PORTS).args(["--port", "0", "--bind", "127.0.0.1"]);
    command.args(["--data", &folder.join("data").to_string_lossy()]);
    let mut program = Program::start(&mut command, Stdio::piped());
    let line = program.until("nc 127.0.0.1 ");
    let port = line.trim().rsplit(' ').next().expect("a port").parse().expect("a number");
    (program, SocketAddr::from(([127, 0, 0, 1], port)))
}

#[test]
fn console_commands_are_carried_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, address) = server(folder.path());
    let mut alice = Client::connect(address);
    alice.send("alice_lobby");
    alice.expect_start("200 ");
    for (typed, printed) in [
        ("/users", "alice (127.0.0.1, guest)"),
        ("/stats", "By transport: TLS 0, clear 1"),
        ("/stats", "Connected: 1 | Banned IPs: 0"),
        ("/rooms", "Rooms: lobby (1)"),
        ("/help", "/kick USER [REASON]"),
        ("/help kick", "end a user's session"),
        ("help /QUIT", "stop the server"),
        ("/help kcik", "Unknown command /kcik. Did you mean /kick?"),
        ("/nope", "Unknown command /nope"),
        ("/kcik alice", "Did you mean /kick?"),
        ("/kick", "Usage: /kick USER [REASON]"),
        ("/say lobby", "Usage: /say ROOM TEXT"),
        ("/say ops hi", "No users are in ops; nothing was said."),
        ("/kick nobody", "User 'nobody' not found; /users lists the users online."),
        ("/unlock alice", "alice is not locked."),
        ("/bans", "No banned addresses."),
    ] {
        server.type_line(typed);
        server.until(printed);
    }
    alice.expect_nothing();
    server.type_line("/all lunch is ready");
    alice.expect("[all] Landline (server): lunch is ready");
    server.until("Said to 1 user.");
    server.type_line("/say #Lobby in here");
    alice.expect("Landline (server): in here");
    server.until("Said to 1 user in Lobby.");
    server.type_line("/kick alice enough for today");
    server.until("Kicked alice.");
    alice.expect("INFO: You have been kicked.");
    alice.expect("INFO: Reason: enough for today");
    alice.expect_closed();
    server.type_line("/ban 10.1.2.3/8 15 scanners");
    server.until("Banned 10.0.0.0/8 for 15 min: no users were online from there.");
    server.type_line("/quit");
    assert!(server.wait().success());
}

#[test]
fn x14_bans_have_times_with_units_and_lines_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, _) = server(folder.path());
    for (typed, printed) in [
        ("/ban 10.1.2.3 30m spam", "Banned 10.1.2.3 for 30 min"),
        ("/ban 10.1.2.4 2h", "Banned 10.1.2.4 for 120 min"),
        ("/ban 10.1.2.5 30x spam", "\"30x\" is not a time"),
        ("/ban ::ffff:10.0.0.0/104 1d", "Banned 10.0.0.0/8 for 1440 min"),
        ("/ban 10.1.2.6 90", "Banned 10.1.2.6 for 90 min"),
        ("/bans", ", 30 min left, spam)"),
        ("/help", "TIME as 30m, 2h, 1d, 1w, or in minutes"),
        ("/account fay deskpass12", "Nothing was changed: write /account USER password, with that word,"),
        ("/account fay new-password", "There is no account called 'fay'."),
    ] {
        server.type_line(typed);
        server.until(printed);
    }
    server.type_line(&"x".repeat(100_000));
    server.until("That line is too long: at most 8192 bytes");
    server.type_line("/unban 10.1.2.5");
    server.until("10.1.2.5 is not banned");
}

#[test]
fn a14_unknown_console_line_is_explained_and_not_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, address) = server(folder.path());
    let mut alice = Client::connect(address);
    alice.send("alice_lobby");
    alice.expect_start("200 ");
    for typed in ["help", "?", "HELP", "/?"] {
        server.type_line(typed);
        server.until("/kick USER [REASON]");
    }
    for typed in ["hello", "lunch is ready", "users", "{\"type\":\"quit\"}"] {
        server.type_line(typed);
        let answer = server.until("Unknown command ");
        assert!(answer.contains("/say ROOM TEXT and /all TEXT"), "{answer}");
    }
    alice.expect_nothing();
}

#[test]
fn a14_log_has_the_reason_of_a_kick() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, address) = server(folder.path());
    let mut bob = Client::connect(address);
    bob.send("bob_lobby");
    bob.expect_start("200 ");
    server.type_line("/kick bob too loud");
    server.until("Kicked bob.");
    server.type_line("/ban 10.0.0.0/8 5 scanners");
    server.until("Banned 10.0.0.0/8 for 5 min");
    server.type_line("/quit");
    assert!(server.wait().success());
    let log = std::fs::read_to_string(folder.path().join("data/landline.log")).expect("the log");
    assert!(log.contains("kicked bob (reason: too loud)"), "{log}");
    assert!(log.contains("banned 10.0.0.0/8 for 5 min: no users were online from there (reason: scanners)"), "{log}");
}

#[test]
fn a14_banner_is_whole_and_mentions_only_an_existing_console() {
    let folder = tempfile::tempdir().expect("a folder");
    for (flag, has_console) in [(&["--no-console"][..], false), (&[], true)] {
        let both = folder.path().join("both");
        let file = std::fs::File::create(&both).expect("a file");
        let mut command = Program::server();
        command.args(NO_FIXED_PORTS).args(["--port", "0", "--bind", "127.0.0.1"]).args(flag);
        command.arg("--data").arg(folder.path().join("data")).stdin(Stdio::piped());
        let mut child = command.stdout(file.try_clone().expect("a file")).stderr(file).spawn().expect("the server");
        let read = || std::fs::read_to_string(&both).unwrap_or_default();
        landline_tests::eventually("the server is open", || read().contains(" is open on "));
        child.kill().expect("killing it");
        child.wait().expect("the end");
        let text = read();
        let (_, banner) = text.split_once("\nLandline ").expect("a banner");
        let (banner, _) = banner.split_once("Ctrl-C stops the server.\n").expect("its end");
        assert!(!banner.contains(" INFO "), "{text}");
        assert_eq!(banner.contains("console"), has_console, "{text}");
        assert!(banner.contains(&format!("data:       {}", folder.path().join("data").display())), "{text}");
    }
}

#[test]
fn server_continues_after_the_console_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut server, address) = server(folder.path());
    drop(server.child().stdin.take());
    let mut alice = Client::connect(address);
    alice.send("alice_lobby");
    alice.expect_start("200 ");
    server.signal("TERM");
    alice.expect("INFO: The server is shutting down.");
    assert!(server.wait().success());
}
