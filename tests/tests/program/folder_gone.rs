//! The data folder, or a file in it, is moved away while the server runs. The server never reports a lost message as
//! stored, and continues when the file is back.

use crate::{folder, server, start, stop};
use landline_tests::{Client, eventually};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const PASSWORD: &str = "correct horse";

/// Registers an account. Returns the answer.
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

/// Sends a message. Returns whether it is in the history; if it is not, alice must be told so.
fn is_stored(alice: &mut Client, text: &str) -> bool {
    alice.send(text);
    alice.send("/history 1");
    let answer = alice.drain_lines();
    let is_told = answer.iter().any(|line| line.starts_with("ERROR: 500"));
    let is_there = answer.iter().any(|line| line.ends_with(&format!("alice: {text}")));
    assert_ne!(is_told, is_there, "{answer:?}");
    is_there
}

fn remove_and_restore(remove: impl Fn(&Path, &Path), put_back: impl Fn(&Path, &Path)) {
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
    put_back(&data, &away);
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
fn moved_data_folder_is_noticed_and_used_again_when_back() {
    remove_and_restore(
        |data, away| fs::rename(data, away).expect("moving"),
        |data, away| fs::rename(away, data).expect("moving back"),
    );
}

#[test]
fn moved_database_is_noticed_and_used_again_when_back() {
    let (database, kept) = ("messages.db", "kept.db");
    remove_and_restore(
        |data, _| fs::rename(data.join(database), data.join(kept)).expect("moving"),
        |data, _| fs::rename(data.join(kept), data.join(database)).expect("moving back"),
    );
}

#[test]
fn deleted_data_folder_makes_the_server_refuse_what_it_cannot_store() {
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
    // A new folder of that name may belong to another server, so only the log is continued there.
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
