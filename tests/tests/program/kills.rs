//! A server that is killed loses no confirmed account.

use crate::{folder, server, start, stop};
use landline_tests::{Client, DEADLINE};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;

const ROUNDS: usize = 4;
const AT_ONCE: usize = 8;
/// Confirmed registrations per round before the kill, which interrupts further ones.
const CONFIRMED: usize = 50;
const PASSWORD: &str = "correct horse";

/// Registers a name. Returns whether the server confirmed it.
fn register(address: SocketAddr, name: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(format!("REGISTER\n{name}\n{PASSWORD}\n").as_bytes())?;
    let mut lines = BufReader::new(stream).lines();
    let answer = lines.nth(2).transpose()?;
    Ok(answer.as_deref() == Some("Registration successful. You can login now."))
}

/// Registers names until the server is gone.
fn register_on(address: SocketAddr, prefix: &str, confirmed: &Sender<String>) {
    for i in 0.. {
        let name = format!("{prefix}-{i}");
        match register(address, &name) {
            Ok(true) => confirmed.send(name).expect("a receiver"),
            Ok(false) | Err(_) => return,
        }
    }
}

/// Registers names on several threads, and kills the server meanwhile. Returns the confirmed names.
fn run_round(data: &Path, round: usize) -> Vec<String> {
    let (mut program, address) = start(server(data).env("LANDLINE_LOG", "off"));
    let (confirmed, names) = channel();
    thread::scope(|scope| {
        for i in 0..AT_ONCE {
            let confirmed = confirmed.clone();
            scope.spawn(move || register_on(address, &format!("r{round}-t{i}"), &confirmed));
        }
        drop(confirmed);
        let mut all: Vec<String> = names.iter().take(CONFIRMED).collect();
        program.signal("KILL");
        all.extend(names);
        program.wait();
        all
    })
}

#[test]
fn confirmed_accounts_survive_kills() {
    let folder = folder();
    let confirmed: Vec<String> = (0..ROUNDS).flat_map(|round| run_round(folder.path(), round)).collect();
    assert!(confirmed.len() >= ROUNDS * CONFIRMED, "only {} were registered", confirmed.len());
    let text = fs::read_to_string(folder.path().join("accounts.json")).expect("accounts");
    let accounts: Value = serde_json::from_str(&text).expect("valid JSON");
    let rows = accounts["accounts"].as_array().expect("a list");
    let stored: HashSet<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    let lost: Vec<_> = confirmed.iter().filter(|name| !stored.contains(name.as_str())).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");

    let (mut program, address) = start(&mut server(folder.path()));
    let (one, other) = confirmed.split_at(confirmed.len() / 2);
    thread::scope(|scope| {
        for names in [one, other] {
            scope.spawn(move || names.iter().for_each(|name| log_in(address, name)));
        }
    });
    stop(&mut program);
    let files = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let remains: Vec<_> = files.filter(|name| name.to_string_lossy().ends_with(".tmp")).collect();
    assert!(remains.is_empty(), "left behind: {remains:?}");
}

fn log_in(address: SocketAddr, name: &str) {
    let mut client = Client::connect(address);
    ["LOGIN", name, PASSWORD].iter().for_each(|line| client.send(line));
    for answer in ["ALIAS?", "PASSWORD?", "AUTH_SUCCESS"] {
        client.expect(answer);
    }
}
