//! A full disk, and free space again. Users talk on, each user is told what could not be stored, and stored messages
//! stay.

use crate::{guest, server, start, stop};
use landline_tests::{Client, DEADLINE, Disk, Program, eventually};
use parking_lot::Mutex;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

const PASSWORD: &str = "correct horse";
const QUEUED: &str = "INFO: bob is offline. Message queued for delivery.";
/// Free bytes at the start, to be filled by talk.
const LEFT: usize = 200 << 10;

/// A user who talks, and counts the messages reported as not stored.
struct CountingSpeaker {
    client: Client,
    said: usize,
    lost: usize,
}

impl CountingSpeaker {
    /// Sends one line, and counts all reports that arrive until it is handled.
    fn say(&mut self, hearer: &mut Client) {
        let line = format!("line {} {}", self.said, "x".repeat(1_500));
        self.client.send(&line);
        self.said += 1;
        // The line is delivered, whether or not it is stored.
        hearer.expect(&format!("alice: {line}"));
        for told in self.client.drain_lines() {
            self.told(&told);
        }
    }

    fn told(&mut self, line: &str) {
        let text = line.strip_prefix("ERROR: 500 ").unwrap_or_else(|| panic!("{line}"));
        self.lost += match text.split_once(" of your messages could not be stored") {
            Some((count, _)) => count.parse::<usize>().expect("a number"),
            None => 1,
        };
    }
}

fn account(address: SocketAddr, mode: &str, name: &str) -> Client {
    let mut client = Client::connect(address);
    [mode, name, PASSWORD].iter().for_each(|line| client.send(line));
    client.expect("ALIAS?");
    client.expect("PASSWORD?");
    client
}

fn log_in(address: SocketAddr, name: &str) -> Client {
    let mut client = account(address, "LOGIN", name);
    client.expect("AUTH_SUCCESS");
    client.expect_start("200 ");
    client
}

/// Returns the command for a server on the disk that stores talk up to the last byte.
fn server_on(disk: &Disk) -> Command {
    let mut command = server(&disk.data());
    command.args(["--limit", "disk-free-bytes=0"]);
    command
}

/// Starts a server on the disk, with alice and dave in a room, accounts of bob and carol, a message in bob's mailbox,
/// and a block by carol.
fn set_up(disk: &Disk) -> (Program, SocketAddr, CountingSpeaker, Client) {
    let (mut program, address) = start(server_on(disk).env("LANDLINE_LOG", "info"));
    for name in ["bob", "carol"] {
        account(address, "REGISTER", name).expect_start("Registration successful");
    }
    let mut alice = guest(address, "alice");
    let mut carol = log_in(address, "carol");
    carol.send("/block bob");
    carol.expect("INFO: bob is blocked");
    carol.quit();
    alice.send("message bob before");
    alice.until(QUEUED);
    let mut dave = guest(address, "dave");
    alice.drain_lines();
    dave.expect_nothing();
    assert!(program.child().try_wait().expect("its state").is_none());
    (program, address, CountingSpeaker { client: alice, said: 0, lost: 0 }, dave)
}

/// Lets alice talk until the disk is full and messages are not stored.
fn talk_until_full(disk: &Disk, alice: &mut CountingSpeaker, dave: &mut Client) {
    alice.say(dave);
    until_decided(alice, dave);
    assert_eq!(alice.lost, 0, "there is free space");
    disk.fill_up_to(LEFT);
    let deadline = Instant::now() + DEADLINE;
    while alice.lost == 0 {
        assert!(Instant::now() < deadline, "all {} lines are stored", alice.said);
        alice.say(dave);
    }
    // Fill up space that the database had reserved, too.
    disk.fill_up_to(0);
    for _ in 0..20 {
        alice.say(dave);
    }
    until_decided(alice, dave);
}

/// Waits until each of alice's messages is stored or reported as not stored.
fn until_decided(alice: &mut CountingSpeaker, dave: &mut Client) {
    dave.drain_lines();
    dave.send("/history 1");
    dave.until("INFO: 1 message");
    alice.client.drain_lines().iter().for_each(|line| alice.told(line));
}

/// Sends messages to bob's mailbox until one is refused. Returns the number of accepted ones. A failed write may have
/// left some space in the file.
fn leave_until_refused(alice: &mut CountingSpeaker) -> usize {
    for kept in 0..40 {
        alice.client.send(&format!("message bob {kept} {}", "x".repeat(1_900)));
        match alice.client.line() {
            answer if answer == QUEUED => {}
            answer => {
                assert_eq!(answer, "ERROR: 500 bob is offline, and your message could not be stored. Try again later.");
                return kept;
            }
        }
    }
    panic!("the full disk accepts all messages");
}

/// Returns alice's stored messages in the room, and checks the integrity of the database.
fn stored(data: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(data.join("messages.db")).expect("the database");
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok");
    let mut texts =
        database.prepare("SELECT text FROM message WHERE text LIKE 'line %' ORDER BY id").expect("the messages");
    let texts = texts.query_map([], |row| row.get(0)).expect("the messages");
    texts.map(|text| text.expect("a text")).collect()
}

/// The log of a program so far.
struct Log(Arc<Mutex<String>>);

impl Log {
    /// Reads the log on a thread until the program ends.
    fn follow(program: &mut Program) -> Log {
        let mut stderr = BufReader::new(program.child().stderr.take().expect("its log"));
        let log = Log(Arc::default());
        let so_far = Arc::clone(&log.0);
        thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).expect("its log") > 0 {
                so_far.lock().push_str(&std::mem::take(&mut line));
            }
        });
        log
    }

    fn count(&self, what: &str) -> usize {
        self.0.lock().matches(what).count()
    }
}

#[test]
fn talk_continues_on_a_full_disk_and_storing_resumes() {
    let Some(disk) = Disk::new() else { return };
    let (mut program, address, mut alice, mut dave) = set_up(&disk);
    let log = Log::follow(&mut program);
    talk_until_full(&disk, &mut alice, &mut dave);

    let waiting = leave_until_refused(&mut alice);
    account(address, "REGISTER", "erin").expect_start("ERROR: 500 The account could not be stored");
    let mut carol = log_in(address, "carol");
    carol.send("/block alice");
    carol.expect_start("ERROR: 500 The change could not be stored; nothing has changed");
    carol.send("/unblock bob");
    carol.expect_start("ERROR: 500 The change could not be stored; nothing has changed");
    carol.send("/block");
    carol.expect("Blocked: bob");
    // Waiting mail is delivered, and not repeated, although it cannot be deleted on the full disk.
    let mut bob = log_in(address, "bob");
    assert!(bob.expect_start("[PM 2").ends_with("] alice: before"));
    for number in 0..waiting {
        assert!(bob.expect_start("[PM 2").contains(&format!("] alice: {number} x")));
    }
    bob.quit();
    let mut bob = log_in(address, "bob");
    bob.expect_nothing();
    bob.quit();
    for _ in 0..2 {
        alice.client.until("bob has left");
    }
    until_decided(&mut alice, &mut dave);

    disk.free_space();
    let lost = alice.lost;
    for _ in 0..5 {
        alice.say(&mut dave);
    }
    alice.client.send("message bob after");
    alice.client.expect(QUEUED);
    until_decided(&mut alice, &mut dave);
    assert_eq!(alice.lost, lost, "a message was lost although there was space");
    // The log reports it only after some time without a failure.
    eventually("the log says that messages are stored again", || {
        alice.say(&mut dave);
        log.count("messages.db: messages are stored again") > 0
    });
    assert_eq!(log.count("messages.db: messages cannot be stored: "), 1);
    account(address, "REGISTER", "erin").expect_start("Registration successful");
    carol.drain_lines();
    carol.send("/block alice");
    carol.expect("INFO: alice is blocked");
    stop(&mut program);

    assert_eq!(log.count("panic"), 0);
    let texts = stored(&disk.data());
    assert_eq!(texts.len(), alice.said - alice.lost, "said {}, told that {} are lost", alice.said, alice.lost);

    let (mut program, address) = start(&mut server_on(&disk));
    let mut bob = log_in(address, "bob");
    assert!(bob.expect_start("[PM 2").ends_with("] alice: after"));
    bob.expect_nothing();
    let mut carol = log_in(address, "carol");
    carol.send("/block");
    carol.expect("Blocked: bob, alice");
    log_in(address, "erin");
    stop(&mut program);
}

#[test]
fn stopping_or_killing_on_a_full_disk_keeps_stored_messages() {
    for signal in ["TERM", "KILL"] {
        let Some(disk) = Disk::new() else { return };
        let (mut program, _, mut alice, mut dave) = set_up(&disk);
        talk_until_full(&disk, &mut alice, &mut dave);
        program.signal(signal);
        program.wait();
        assert!(!program.stderr().contains("panic"));
        disk.free_space();

        let (mut program, address) = start(&mut server_on(&disk));
        let mut bob = log_in(address, "bob");
        assert!(bob.expect_start("[PM 2").ends_with("] alice: before"));
        bob.expect_nothing();
        let mut carol = log_in(address, "carol");
        carol.send("/block");
        carol.expect("Blocked: bob");
        stop(&mut program);
        let texts = stored(&disk.data());
        assert_eq!(texts.len(), alice.said - alice.lost, "{signal}: {} said, {} lost", alice.said, alice.lost);
        assert!(texts[0].starts_with("line 0 "));
        for (name, whole) in [("sessions.jsonl", false), ("accounts.json", true)] {
            let text = fs::read_to_string(disk.data().join(name)).expect("a file");
            let mut pieces = if whole { vec![&*text] } else { text.lines().collect() };
            pieces.retain(|piece| serde_json::from_str::<serde_json::Value>(piece).is_err());
            assert_eq!(pieces, [""; 0], "{name}");
        }
    }
}
