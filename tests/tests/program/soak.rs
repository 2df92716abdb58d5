//! Users sign in, talk, block each other and leave all the time. Afterwards the server must hold no more resources
//! than before. A debug build also asserts the order of locks.

use crate::{folder, server, start, stop};
use landline_common::link::Keys;
use landline_tests::soak::{ProcessResources, count_resources, resident_kib};
use landline_tests::{Client, Program, Rng, eventually};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const USERS: usize = 12;
/// Every third user has an account.
const ACCOUNTS: usize = 3;
const ROOMS: usize = 4;
const PASSWORD: &str = "correct horse";
/// Warm-up time, in which caches, heap arenas and files grow to their normal size.
const WARM: Duration = Duration::from_secs(4);
/// History on, and the KiB of memory that may stay in use: the two caches of the database (12 MiB), and free memory of
/// the heap.
const WITH_HISTORY: (&str, u64) = ("on", 24 << 10);
/// History off, and the KiB of memory that may stay in use. Without caches it is less, so that small leaks show.
const WITHOUT: (&str, u64) = ("off", 4 << 10);

/// Returns a random command.
fn command(rng: &mut Rng, key: &str) -> String {
    let (room, user, word) = (rng.below(ROOMS), rng.below(USERS), rng.below(100));
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

/// Signs in user `number` as a guest or to its account. Retries, since the previous session may still be leaving.
fn sign_in(address: SocketAddr, number: usize) -> Client {
    let mut signed_in = None;
    eventually("a name is free again", || {
        let mut client = Client::connect(address);
        if number.is_multiple_of(ACCOUNTS) {
            ["LOGIN", &format!("p{number}"), PASSWORD].iter().for_each(|line| client.send(line));
        } else {
            client.send(&format!("p{number}_room0"));
        }
        let answers = std::iter::from_fn(|| client.next_line()).take(4);
        if answers.into_iter().any(|line| line.starts_with("200 ")) {
            signed_in = Some(client);
        }
        signed_in.is_some()
    });
    signed_in.expect("a client")
}

fn act(address: SocketAddr, number: usize, until: Instant, done: &AtomicUsize) {
    let (mut rng, mut client) = (Rng::new(number), sign_in(address, number));
    let key = Keys::generate().expect("keys").public().to_string();
    for step in 0.. {
        let commands: String = (0..=rng.below(6)).map(|_| command(&mut rng, &key) + "\n").collect();
        client.send_bytes(commands.as_bytes());
        match rng.below(12) {
            0 => {
                client.reset();
                client = sign_in(address, number);
            }
            1 => {
                client.quit();
                client = sign_in(address, number);
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

/// Lets all users be active for this time. Returns the number of their steps.
fn churn(address: SocketAddr, time: Duration) -> usize {
    let until = Instant::now() + time;
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..USERS {
            let done = &done;
            scope.spawn(move || act(address, number, until, done));
        }
    });
    done.into_inner()
}

/// Does the same, and prints the server's standard error if it has ended meanwhile.
fn churn_on(program: &mut Program, address: SocketAddr, time: Duration) -> usize {
    catch_unwind(AssertUnwindSafe(|| churn(address, time))).unwrap_or_else(|panic| {
        let ended = program.child().try_wait().expect("its state");
        program.child().kill().expect("a process");
        eprintln!("the server has ended: {ended:?}; it complains: {}", program.stderr());
        resume_unwind(panic)
    })
}

/// Returns the resources of the server without clients. Subtracts those of the connection that waits for the start: its
/// thread, and that of its arrival.
fn idle_resources(process: u32, address: SocketAddr) -> ProcessResources {
    let mut client = Client::connect(address);
    client.send("REGISTER");
    client.expect("ALIAS?");
    let ProcessResources { threads, descriptors } = count_resources(process);
    ProcessResources { threads: threads - 2, descriptors: descriptors - 1 }
}

fn soak(time: Duration, (history, slack_kib): (&str, u64)) {
    let folder = folder();
    let mut command = server(folder.path());
    // Without this, the console's thread might or might not be counted.
    let (mut program, address) =
        start(command.args(["--no-console", "--history", history]).env("LANDLINE_LOG", "warn"));
    let process = program.child().id();
    let empty = idle_resources(process, address);
    for number in (0..USERS).step_by(ACCOUNTS) {
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
    assert!(steps > USERS, "nothing has happened");
    assert!(after < warm + slack_kib, "{warm} KiB before, {after} KiB after {steps} steps");
    stop(&mut program);
    let log = program.stderr();
    assert!(!log.contains("panic") && !log.contains("ERROR"), "{log}");
}

#[test]
fn resources_are_released_after_seconds_of_churn() {
    soak(Duration::from_secs(15), WITH_HISTORY);
}

#[test]
fn memory_is_released_after_seconds_without_history() {
    soak(Duration::from_secs(15), WITHOUT);
}

#[test]
#[ignore = "takes a minute"]
fn resources_are_released_after_a_minute_of_churn() {
    soak(Duration::from_secs(60), WITH_HISTORY);
}

#[test]
#[ignore = "takes a minute"]
fn memory_is_released_after_a_minute_without_history() {
    soak(Duration::from_secs(60), WITHOUT);
}
