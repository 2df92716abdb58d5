//! At a terminal with nc: the server asks, and the answers are no talk.

use crate::{NEW, OLD, answer, try_login};
use landline_tests::{Client, TestServer, eventually, neighbour};
use std::time::Duration;

const MADE: &str = "INFO: alice is your account now. Sign in with its password from now on.";
const CHANGED: &str = "INFO: Your password is changed. Sign in with the new one from now on.";
const WRONG: &str = "ERROR: 403 That is not your present password. Nothing was changed.";
const OVER: &str = "INFO: The questions are over: what you type now is talk again.";
const CANCELLED: &str = "INFO: Nothing was changed. The questions are over: what you type now is talk again.";
const BEHIND: &str = "ERROR: 400 Not sent: it came right behind /register or /password";
const HELD: &str = "INFO: For 10 s what you type is not said, in case it is a password.";

/// Everything that the server has written into its folder, after it has stopped.
fn stored(server: &mut TestServer) -> String {
    server.stop();
    let files = std::fs::read_dir(server.data()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// Asks for a change of the password, with these answers.
fn change(client: &mut Client, [old, new, again]: [&str; 3]) {
    client.send("/password");
    answer(client, &[("PRESENT PASSWORD?", old), ("NEW PASSWORD?", new), ("NEW PASSWORD AGAIN?", again)]);
}

#[test]
fn a_guest_makes_an_account_of_their_name_without_leaving() {
    let server = TestServer::default();
    let (mut bob, mut alice) = (server.guest("bob", "ops"), server.guest("alice", "ops"));
    alice.send("/join dev");
    alice.send("/connect bob");
    bob.until("PRIVATE_REQUEST_FROM:alice");
    bob.send("/accept alice");
    bob.until("PRIVATE_CONNECTED:alice");
    alice.send("/pm bob before the account");
    bob.until("[PM] alice: before the account");
    alice.send("/register");
    answer(&mut alice, &[("NEW PASSWORD?", OLD), ("NEW PASSWORD AGAIN?", OLD)]);
    alice.expect(MADE);
    alice.expect(OVER);
    bob.expect_nothing();
    eventually("what she types is said again", || {
        alice.send("/private bob still here");
        alice.drain_lines().is_empty()
    });
    bob.until("[Private] alice: still here");
    alice.send("/register");
    alice.expect("ERROR: 403 alice is an account already. /password changes its password.");
    alice.expect(HELD);
    bob.send("/who ops");
    assert!(bob.until("In ops: ").contains("alice"));
    alice.quit();
    bob.until("alice has left the chatroom");

    let mut alice = server.login("alice", OLD);
    alice.send("/history with bob");
    let lines = alice.drain_lines();
    assert!(lines.iter().any(|line| line.contains("before the account")), "{lines:?}");
    bob.send("/pm alice to the account");
    alice.until("[PM] bob: to the account");
    alice.quit();
    let mut guest = server.connect();
    guest.send("Alice_ops");
    guest.expect_start("403 Alice is a registered name");
}

#[test]
fn blocks_of_a_guest_are_the_accounts() {
    let server = TestServer::default();
    let (mut bob, mut alice) = (server.guest("bob", "ops"), server.guest("alice", "ops"));
    alice.send("/block bob");
    alice.send("/register");
    answer(&mut alice, &[("NEW PASSWORD?", OLD), ("NEW PASSWORD AGAIN?", OLD)]);
    alice.until(MADE);
    alice.quit();
    bob.send("/pm alice hello");
    bob.until("ERROR: 403 Not delivered: alice blocks you.");
}

#[test]
fn a_password_is_changed_and_the_old_one_opens_nothing() {
    let mut server = TestServer::default();
    server.register("alice", OLD);
    let mut alice = server.login("alice", OLD);
    change(&mut alice, [OLD, NEW, NEW]);
    alice.expect(CHANGED);
    alice.expect(OVER);
    alice.quit();
    assert_eq!(try_login(&server, "alice", OLD), "ERROR: Invalid alias or password");
    server.restart();
    server.login("alice", NEW).quit();
}

#[test]
fn what_is_typed_ahead_is_never_said_whatever_comes_of_it() {
    let mut server = TestServer::default();
    server.register("alice", OLD);
    let mut bob = server.guest("bob", "lobby");
    let mut alice = server.login("alice", OLD);
    bob.until("alice has connected");
    bob.drain_lines();
    for (lines, result) in [
        (["wrong secret", "new secret", "new secret"], WRONG),
        ([OLD, "new secret", "other secret"], "ERROR: 400 The two new passwords differ. Nothing was changed."),
        ([OLD, "short", "short"], "ERROR: 400 A password needs 8 to 72 characters"),
        (["", "new secret", "new secret"], CANCELLED),
        ([OLD, "/cancel", "new secret"], CANCELLED),
    ] {
        // As a paste brings them, with one line too many: the questions are not read meanwhile.
        alice.send_bytes(format!("/password\n{}\none secret too many\n", lines.join("\n")).as_bytes());
        alice.until(result);
        alice.until(BEHIND);
        eventually("what she types is said again", || {
            alice.send("good morning");
            let refused = alice.drain_lines();
            assert!(refused.iter().all(|line| line.starts_with(BEHIND)), "{refused:?}");
            refused.is_empty()
        });
        bob.expect("alice: good morning");
    }
    alice.send("/history");
    bob.send("/history");
    for mut client in [alice, bob] {
        let lines = client.drain_lines();
        assert!(!lines.iter().any(|line| line.contains("secret") || line.contains("short")), "{lines:?}");
    }
    let files = stored(&mut server);
    assert!(files.contains("good morning") && !files.contains("secret") && !files.contains(OLD), "{files}");
    assert_eq!(log::max_level(), log::LevelFilter::Off, "nothing is logged in this process");
}

#[test]
fn passwords_typed_where_no_question_comes_are_never_said() {
    let mut server = TestServer::new(|config| config.lantalk_port = Some(0));
    server.register("alice", OLD);
    let mut bob = server.guest("bob", "lobby");

    // Guests have no password to change, accounts are made once, and these lines are no commands.
    let clients = [server.guest("carol", "lobby"), server.guest("carl", "lobby"), server.guest("carla", "lobby")];
    let [mut carol, mut carl, mut carla] = clients;
    let mut alice = server.login("alice", OLD);
    for (client, line, refusal) in [
        (&mut carol, "/password", "ERROR: 403 You are a guest"),
        (&mut carl, "/password now", "ERROR: 400 "),
        (&mut carla, "/regsiter", "ERROR: 400 Unknown command /regsiter. Did you mean /register?"),
        (&mut alice, "/register", "ERROR: 403 alice is an account already."),
    ] {
        client.send_bytes(format!("{line}\nfirst secret\n/all second secret\n").as_bytes());
        client.until(refusal);
        client.expect(HELD);
        client.expect_start(BEHIND);
        client.expect_start(BEHIND);
    }

    // Clients that cannot be asked.
    let mut unframed = server.unframed();
    unframed.exchange("dave_lobby", "200");
    for (line, answer) in [("/register", "This client cannot be asked"), ("dave: third secret", BEHIND)] {
        unframed.send(line);
        while !unframed.recv().contains(answer) {}
    }
    let mut lantalk = server.lantalk("erin");
    for text in ["/register", "fourth secret"] {
        lantalk.send(&format!(r#"{{"type":"message","text":"{text}"}}"#));
    }
    while !lantalk.until(r#"{"type":"system"#).contains("Not sent") {}
    let mut json = server.guest("frank", "lobby");
    json.send_bytes(b"/format json\n/register\nfifth secret\n");
    assert!(json.until(r#"{"type":"error""#).contains("no_questions_here"));
    assert!(json.until(r#"{"type":"error""#).contains("behind_questions"));

    let heard = bob.drain_lines();
    assert!(!heard.iter().any(|line| line.contains("secret")), "{heard:?}");

    carol.drain_lines();
    eventually("what is typed is said again", || {
        carol.send("good morning");
        let refused = carol.drain_lines();
        assert!(refused.iter().all(|line| line.starts_with(BEHIND)), "{refused:?}");
        refused.is_empty()
    });
    bob.until("carol: good morning");
    let files = stored(&mut server);
    assert!(files.contains("good morning") && !files.contains("secret"), "{files}");
}

#[test]
fn passwords_behind_a_command_that_the_rate_dropped_are_never_said() {
    const WINDOW: Duration = Duration::from_millis(500);
    let server = TestServer::new(|config| config.rate = Some((3, WINDOW)));
    let mut bob = server.guest("bob", "lobby");
    let mut alice = server.guest("alice", "lobby");
    bob.until("alice has");
    alice.send_bytes(b"/ping\n/ping\n/ping\n/register\n");
    alice.until("INFO: \u{26a0} Slow down");
    // The rate lets lines pass again.
    std::thread::sleep(WINDOW + Duration::from_millis(100));
    alice.send("a secret");
    alice.expect_start(BEHIND);
    bob.expect_nothing();
}

#[test]
fn the_questions_stay_until_they_are_answered() {
    let server = TestServer::new(|config| config.timeout = Duration::from_secs(3));
    let mut bob = server.guest("bob", "ops");
    let mut alice = server.guest("alice", "ops");
    bob.until("alice has");
    bob.drain_lines();
    alice.send("/register");
    alice.until("NEW PASSWORD?");
    // Others are heard, a line that is too long is no answer, and commands are none either.
    bob.send("hello alice");
    alice.expect("bob: hello alice");
    alice.send(&"x".repeat(9_000));
    alice.expect_start("ERROR: 413 ");
    alice.expect("NEW PASSWORD?");
    alice.send("/all what a secret");
    alice.expect("NEW PASSWORD AGAIN?");
    // Who is silent is signed out as ever: a question holds nothing.
    alice.until("INFO: Idle timeout");
    // Bob is silent, too: alice may be told that he leaves.
    while alice.next_line().is_some() {}
    while let Some(line) = bob.next_line() {
        assert!(!line.contains("secret"), "{line}");
    }
    server.guest("alice", "ops").quit();
}

#[test]
fn wrong_present_passwords_lock_the_name_as_failed_sign_ins_do() {
    let server = TestServer::default();
    server.register("alice", OLD);
    let mut alice = server.login("alice", OLD);
    for _ in 0..3 {
        change(&mut alice, ["guessed", NEW, NEW]);
        alice.expect(WRONG);
    }
    change(&mut alice, [OLD, NEW, NEW]);
    alice.expect_start("ERROR: 403 Too many failed passwords for this name.");
    assert!(try_login(&server, "alice", OLD).starts_with("ERROR: 403 Too many failed passwords"));
}

#[test]
fn wrong_present_passwords_count_for_their_address() {
    let server = TestServer::new(|config| config.limits.address_failures = 2);
    server.register("alice", OLD);
    server.register("bob", OLD);
    let mut alice = server.login("alice", OLD);
    for _ in 0..2 {
        change(&mut alice, ["guessed", NEW, NEW]);
        alice.expect(WRONG);
    }
    assert!(try_login(&server, "bob", OLD).starts_with("ERROR: 403 Too many wrong passwords from your address"));
    let mut elsewhere = Client::connect_from(neighbour(2), server.address());
    ["LOGIN", "bob", OLD].iter().for_each(|line| elsewhere.send(line));
    elsewhere.until("AUTH_SUCCESS");
}

#[test]
fn new_accounts_and_passwords_share_one_bound() {
    let server = TestServer::new(|config| {
        (config.max_clients_per_ip, config.limits.registrations_per_address) = (Some(100), 2);
    });
    server.register("alice", OLD);
    let mut alice = server.login("alice", OLD);
    change(&mut alice, [OLD, NEW, NEW]);
    alice.expect(CHANGED);
    change(&mut alice, [NEW, OLD, OLD]);
    alice.expect_start("ERROR: 429 Too many new accounts or passwords from your address.");
    let mut bob = server.guest("bob", "lobby");
    bob.send("/register");
    answer(&mut bob, &[("NEW PASSWORD?", OLD), ("NEW PASSWORD AGAIN?", OLD)]);
    bob.expect_start("ERROR: 429 Too many new accounts or passwords from your address.");
}

#[test]
fn clients_that_cannot_be_asked_are_told_so() {
    const NOT_HERE: &str = "This client cannot be asked for a password. Use landline, nc, or a command object.";
    let server = TestServer::new(|config| config.lantalk_port = Some(0));
    let mut unframed = server.unframed();
    unframed.exchange("carol_ops", "200");
    unframed.send("/register");
    assert!(unframed.recv().ends_with(NOT_HERE));
    let mut lantalk = server.lantalk("dave");
    lantalk.send(r#"{"type":"message","text":"/register"}"#);
    assert!(lantalk.until(r#"{"type":"system"#).contains(NOT_HERE));
    let mut json = server.guest("erin", "ops");
    json.send("/format json");
    json.send("/register");
    assert!(json.until(r#"{"type":"error""#).contains("no_questions_here"));
    let mut guest = server.guest("frank", "ops");
    guest.send("/password");
    guest.expect("ERROR: 403 You are a guest, without a password. /register makes an account of your name.");
}
