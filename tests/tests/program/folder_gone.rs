//! The data folder, or a file in it, that is taken away while the server runs: nothing is said to be stored that is not,
//! and it goes on when it is back.

use crate::{folder, server, start, stop};
use landline_tests::{Client, eventually};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const PASSWORD: &str = "correct horse";

/// The answer to registering.
fn register(address: SocketAddr, name: &str) -> String {
    let mut client = Client::connect(address);
    ["REGISTER", name, PASSWORD].iter().for_each(|line| client.send(line));
    loop {
        let line = client.line();
        if line.starts_with("Registration successful") || line.starts_with("ERROR: ") {
            return line;
        }
    }
}

/// True if what alice says is in the history; false if she was told that it is not stored.
fn is_stored(alice: &mut Client, text: &str) -> bool {
    alice.send(text);
    alice.send("/history 1");
    let answer = alice.drain_lines();
    let is_told = answer.iter().any(|line| line.starts_with("ERROR: 500"));
    let is_there = answer.iter().any(|line| line.ends_with(&format!("alice: {text}")));
    assert_ne!(is_told, is_there, "{answer:?}");
    is_there
}

fn take_away(remove: impl Fn(&Path, &Path), replug: impl Fn(&Path, &Path)) {
    let parent = folder();
    let (data, away) = (parent.path().join("data"), parent.path().join("away"));
    let (mut program, address) = start(&mut server(&data));
    assert!(register(address, "bob").contains("successful"));
    let mut alice = crate::guest(address, "alice");
    assert!(is_stored(&mut alice, "before"));
    remove(&data, &away);
    assert!(!is_stored(&mut alice, "meanwhile"));
    alice.send("/pm bob are you there?");
    alice.until("ERROR: 500 bob is offline, and your message could not be stored.");
    replug(&data, &away);
    eventually("talk is stored again", || is_stored(&mut alice, "after"));
    assert!(register(address, "carol").contains("successful"));
    eventually("the operator is told", || {
        is_stored(&mut alice, "more");
        let log = fs::read_to_string(data.join("landline.log")).expect("the log");
        assert!(log.contains("messages cannot be stored: the file was removed, moved or replaced"), "{log}");
        log.contains("messages are stored again")
    });
    stop(&mut program);
}

#[test]
fn a_data_folder_that_is_moved_away_is_noticed_and_goes_on_when_it_is_back() {
    take_away(
        |data, away| fs::rename(data, away).expect("moving"),
        |data, away| fs::rename(away, data).expect("moving back"),
    );
}

#[test]
fn a_database_that_is_moved_away_is_noticed_and_goes_on_when_it_is_back() {
    let (database, kept) = ("messages.db", "kept.db");
    take_away(
        |data, _| fs::rename(data.join(database), data.join(kept)).expect("moving"),
        |data, _| fs::rename(data.join(kept), data.join(database)).expect("moving back"),
    );
}

#[test]
fn where_the_folder_is_gone_nothing_is_accepted_that_would_be_lost() {
    let parent = folder();
    let data = parent.path().join("data");
    let (mut program, address) = start(&mut server(&data));
    assert!(register(address, "bob").contains("successful"));
    let mut alice = crate::guest(address, "alice");
    assert!(is_stored(&mut alice, "before"));
    fs::remove_dir_all(&data).expect("removing");
    assert!(!is_stored(&mut alice, "meanwhile"));
    let refused = register(address, "carol");
    assert!(refused.contains("The account could not be stored."), "{refused}");
    // A folder of that name may be another server's by now: only the log goes on there.
    fs::create_dir(&data).expect("a folder");
    assert!(!is_stored(&mut alice, "still"));
    let (mut second, there) = start(&mut server(&data));
    assert!(register(there, "dave").contains("successful"));
    let refused = register(address, "carol");
    assert!(refused.contains("The account could not be stored."), "{refused}");
    let _eve = crate::guest(address, "eve");
    eventually("it is logged in the new folder", || {
        fs::read_to_string(data.join("landline.log")).is_ok_and(|log| log.contains("eve joined"))
    });
    stop(&mut program);
    stop(&mut second);
    let accounts = fs::read_to_string(data.join("accounts.json")).expect("the accounts");
    assert!(accounts.contains("\"dave\"") && !accounts.contains("\"bob\""), "{accounts}");
}
