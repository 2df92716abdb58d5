//! People who come, talk, quarrel and go all the time: afterwards the server is as it was. It is a debug build, which
//! asserts the order of locks at each one.

use crate::{folder, server, start, stop};
use landline_common::link::Keys;
use landline_tests::soak::{ProcessResources, count_resources, resident_kib};
use landline_tests::{Client, Program, Rng, eventually};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const PEOPLE: usize = 12;
/// Every third has an account.
const ACCOUNTS: usize = 3;
const ROOMS: usize = 4;
const PASSWORD: &str = "correct horse";
/// Until everything that grows once has grown: caches, the heap's arenas, the files.
const WARM: Duration = Duration::from_secs(4);
/// With a history, and how much memory may not come back: what the database may keep in its two caches (12 MiB), and
/// what the heap keeps to itself.
const WITH_HISTORY: (&str, u64) = ("on", 24 << 10);
/// Without one there are no caches, so little hides behind them.
const WITHOUT: (&str, u64) = ("off", 4 << 10);

/// What somebody types next.
fn command(rng: &mut Rng, key: &str) -> String {
    let (room, user, word) = (rng.below(ROOMS), rng.below(PEOPLE), rng.below(100));
    match rng.below(24) {
        0 | 1 => format!("/join room{room}"),
        2 => format!("/leave room{room}"),
        3 => "format json".into(),
        4 => "format text".into(),
        5 => format!("/pm p{user} word{word}"),
        6 => format!("/connect p{user}"),
        7 => format!("/accept p{user}"),
        8 => format!("/private p{user} hello"),
        9 => format!("/end p{user}"),
        10 => format!("/block p{user}"),
        11 => format!("/unblock p{user}"),
        12 => format!("/direct p{user}"),
        13 => format!("/direct-accept p{user} {key} 10.0.0.1:5000"),
        14 => format!("/direct-key {key}"),
        15 => "/history 20".into(),
        16 => format!("/search word{word}"),
        17 => "/all hello".into(),
        18 => "/users".into(),
        19 => format!("/who room{room}"),
        _ => format!("word{word} and something else"),
    }
}

/// In under their name, as a guest or by their account; the one before may just be leaving.
fn come(address: SocketAddr, number: usize) -> Client {
    let mut come = None;
    eventually("a name is free again", || {
        let mut client = Client::connect(address);
        if number.is_multiple_of(ACCOUNTS) {
            ["LOGIN", &format!("p{number}"), PASSWORD].iter().for_each(|line| client.send(line));
        } else {
            client.send(&format!("p{number}_room0"));
        }
        let answers = std::iter::from_fn(|| client.next_line()).take(4);
        if answers.into_iter().any(|line| line.starts_with("200 ")) {
            come = Some(client);
        }
        come.is_some()
    });
    come.expect("somebody")
}

fn live(address: SocketAddr, number: usize, until: Instant, done: &AtomicUsize) {
    let (mut rng, mut client) = (Rng::new(number), come(address, number));
    let key = Keys::generate().expect("keys").public().to_string();
    for step in 0.. {
        let commands: String = (0..=rng.below(6)).map(|_| command(&mut rng, &key) + "\n").collect();
        client.send_bytes(commands.as_bytes());
        match rng.below(12) {
            0 => {
                client.reset();
                client = come(address, number);
            }
            1 => {
                client.quit();
                client = come(address, number);
            }
            2 => {}
            _ => {
                let token = format!("step-{step}-");
                client.send(&format!("/ping {token}"));
                while !client.line().contains(&token) {}
            }
        }
        done.fetch_add(1, Relaxed);
        if Instant::now() >= until {
            return client.quit();
        }
    }
}

/// They all live for a while, and go.
fn churn(address: SocketAddr, time: Duration) -> usize {
    let (until, done) = (Instant::now() + time, AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..PEOPLE {
            let done = &done;
            scope.spawn(move || live(address, number, until, done));
        }
    });
    done.into_inner()
}

/// The same; should the server end meanwhile, it is asked why.
fn churn_on(program: &mut Program, address: SocketAddr, time: Duration) -> usize {
    catch_unwind(AssertUnwindSafe(|| churn(address, time))).unwrap_or_else(|panic| {
        let ended = program.child().try_wait().expect("its state");
        program.child().kill().expect("a process");
        eprintln!("the server has ended: {ended:?}; it complains: {}", program.stderr());
        resume_unwind(panic)
    })
}

/// What it holds once it is up, without the thread and the descriptor of the one who sees that.
fn held_by_nobody(process: u32, address: SocketAddr) -> ProcessResources {
    let mut client = Client::connect(address);
    client.send("REGISTER");
    client.expect("ALIAS?");
    let ProcessResources { threads, descriptors } = count_resources(process);
    ProcessResources { threads: threads - 1, descriptors: descriptors - 1 }
}

fn soak(time: Duration, (history, slack_kib): (&str, u64)) {
    let folder = folder();
    let mut command = server(folder.path());
    // The console's thread would end at once, and may be there or not.
    let (mut program, address) =
        start(command.args(["--no-console", "--history", history]).env("LANDLINE_LOG", "warn"));
    let process = program.child().id();
    let empty = held_by_nobody(process, address);
    for number in (0..PEOPLE).step_by(ACCOUNTS) {
        let mut client = Client::connect(address);
        ["REGISTER", &format!("p{number}"), PASSWORD].iter().for_each(|line| client.send(line));
        client.until("Registration successful");
    }
    churn_on(&mut program, address, WARM);
    eventually("all threads have ended", || count_resources(process) == empty);
    let warm = resident_kib(process);
    let steps = churn_on(&mut program, address, time);
    eventually("all threads and descriptors are given back", || count_resources(process) == empty);
    let after = resident_kib(process);
    println!("{steps} steps in {time:?}; {empty:?}; {warm} KiB before, {after} KiB after");
    assert!(steps > PEOPLE, "nothing has happened");
    assert!(after < warm + slack_kib, "{warm} KiB before, {after} KiB after {steps} steps");
    stop(&mut program);
    let log = program.stderr();
    assert!(!log.contains("panic") && !log.contains("ERROR"), "{log}");
}

#[test]
fn after_some_seconds_of_churn_everything_is_given_back() {
    soak(Duration::from_secs(15), WITH_HISTORY);
}

#[test]
fn after_some_seconds_without_a_history_hardly_anything_is_kept() {
    soak(Duration::from_secs(15), WITHOUT);
}

#[test]
#[ignore = "takes a minute"]
fn after_a_minute_of_churn_everything_is_given_back() {
    soak(Duration::from_secs(60), WITH_HISTORY);
}

#[test]
#[ignore = "takes a minute"]
fn after_a_minute_without_a_history_hardly_anything_is_kept() {
    soak(Duration::from_secs(60), WITHOUT);
}
