//! Clients open encrypted chats with a program that stays, and end them in all ways. Afterwards the staying program
//! must hold no more resources than before. It carries out commands that it gets in messages, after [`DO`].

use crate::{connected, end_reason, landline, start, text_client_with_key};
use landline_tests::soak::{count_resources, resident_kib, resources_at_rest};
use landline_tests::{Client, DEADLINE, Program, Rng, TestServer, eventually};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Name of the program that stays.
const ANCHOR: &str = "anchor";
/// Marks a command for the staying program within a message.
const DO: &str = ": do ";
/// Number of clients that come and go at the same time. A client sends at most three lines in two seconds to a server.
const OTHERS: usize = 3;
/// Warm-up time, in which heap arenas and thread stacks grow to their normal size.
const WARM: Duration = Duration::from_secs(4);
/// KiB of memory that may stay in use.
const SLACK_KIB: u64 = 2 << 10;

/// A way to end a chat.
#[derive(Clone, Copy, Debug)]
enum ChatEnd {
    /// The request is rejected.
    Refused,
    /// The requester never dials, so the staying program gives up.
    NeverDialed,
    /// The requester is killed during the handshake.
    KilledDuringHandshake,
    /// The visitor ends the chat.
    Stopped,
    /// The staying program ends the chat.
    StoppedByAnchor,
    /// The staying program blocks the visitor.
    Blocked,
    /// The visitor quits.
    Quit,
    /// The visitor's standard input ends.
    EndOfInput,
    /// The visitor gets the signal TERM.
    Term,
    /// By the signal KILL.
    Killed,
}

const CHAT_ENDS: [ChatEnd; 10] = [
    ChatEnd::Refused,
    ChatEnd::NeverDialed,
    ChatEnd::KilledDuringHandshake,
    ChatEnd::Stopped,
    ChatEnd::StoppedByAnchor,
    ChatEnd::Blocked,
    ChatEnd::Quit,
    ChatEnd::EndOfInput,
    ChatEnd::Term,
    ChatEnd::Killed,
];

/// Runs the staying program on a thread until it is told to leave.
fn run_anchor(mut program: Program) -> JoinHandle<Program> {
    thread::spawn(move || {
        while let Some(line) = program.line() {
            if let Some((_, command)) = line.split_once(DO) {
                program.type_line(command);
            }
        }
        program
    })
}

/// Kills a program that takes too long, so that the thread that waits for its next line notices.
struct Watchdog(#[expect(dead_code, reason = "its end is the sign")] Sender<()>);

impl Watchdog {
    fn start(program: &mut Program) -> Watchdog {
        let (done, wait) = channel::<()>();
        let process = program.child().id().to_string();
        thread::spawn(move || {
            if wait.recv_timeout(2 * DEADLINE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("process {process} has taken too long, and is killed");
                let _ = Command::new("kill").args(["-s", "KILL", &process]).status();
            }
        });
        Watchdog(done)
    }
}

/// Returns the line that sends a command to the staying program.
fn command_for_anchor(command: &str) -> String {
    format!("/pm {ANCHOR} do {command}")
}

/// Lets a client sign in, chat, and leave.
fn visit(test_server: &TestServer, step: usize, rng: &mut Rng) {
    // Each visitor has a new name.
    let (name, end) = (&*format!("p{step}"), CHAT_ENDS[step % CHAT_ENDS.len()]);
    if matches!(end, ChatEnd::NeverDialed) {
        return request_without_dialing(test_server, name);
    }
    let mut client = start(&mut landline(test_server.address(), name));
    let _watch = Watchdog::start(&mut client);
    match end {
        ChatEnd::Refused => {
            client.type_line(&format!("/direct {ANCHOR}"));
            client.type_line(&command_for_anchor(&format!("/reject {name}")));
            client.until(&format!("DIRECT_REJECTED:{ANCHOR}"));
            return quit(&mut client);
        }
        _ if rng.below(3) == 0 => {
            client.type_line(&command_for_anchor(&format!("/direct {name}")));
            client.until(&format!("DIRECT_REQUEST_FROM:{ANCHOR}:"));
            client.type_line("/accept");
        }
        _ => {
            client.type_line(&format!("/direct {ANCHOR}"));
            client.type_line(&command_for_anchor(&format!("/accept {name}")));
            client.until(&format!("DIRECT_READY:{ANCHOR}:"));
        }
    }
    if matches!(end, ChatEnd::KilledDuringHandshake) {
        client.signal("KILL");
        // If the handshake was not complete, the staying program waits half a minute for it.
        return give_up(&mut test_server.guest(&format!("after-{name}"), "lobby"), name);
    }
    connected(&mut client, ANCHOR);
    for n in 0..rng.below(20) {
        client.type_line(&format!("/direct-say {ANCHOR} do /direct-say {name} echo {n}"));
        assert_eq!(client.until("[Direct]"), format!("[Direct] {ANCHOR}: echo {n}\n"));
    }
    finish(&mut client, name, end);
}

/// Ends an open chat, and leaves.
fn finish(client: &mut Program, name: &str, end: ChatEnd) {
    let anchor_ended_it = format!("{ANCHOR} ended it");
    let (typed, why) = match end {
        ChatEnd::Stopped => (format!("/direct-stop {ANCHOR}"), "you ended it"),
        ChatEnd::StoppedByAnchor => (format!("/direct-say {ANCHOR} do /direct-stop {name}"), &*anchor_ended_it),
        ChatEnd::Blocked => (format!("/direct-say {ANCHOR} do /block {name}"), &*anchor_ended_it),
        ChatEnd::EndOfInput => {
            drop(client.child().stdin.take());
            return expect_success(client);
        }
        ChatEnd::Term => {
            client.signal("TERM");
            return expect_success(client);
        }
        ChatEnd::Killed | ChatEnd::KilledDuringHandshake => return client.signal("KILL"),
        ChatEnd::Quit | ChatEnd::Refused | ChatEnd::NeverDialed => return quit(client),
    };
    client.type_line(&typed);
    assert_eq!(end_reason(client, ANCHOR), why);
    quit(client);
}

/// Requests a chat, is accepted, and never dials.
fn request_without_dialing(test_server: &TestServer, name: &str) {
    let (mut client, _) = text_client_with_key(test_server, name);
    client.send(&format!("/direct {ANCHOR}"));
    client.send(&command_for_anchor(&format!("/accept {name}")));
    client.until(&format!("DIRECT_READY:{ANCHOR}:"));
    give_up(&mut client, name);
}

/// Lets the staying program give up waiting for a name.
fn give_up(client: &mut Client, name: &str) {
    client.send(&command_for_anchor(&format!("/direct-stop {name}")));
    // The answer proves that the server has handled the command.
    client.send("/ping done");
    while !client.line().contains("done") {}
}

fn quit(client: &mut Program) {
    client.type_line("/quit");
    expect_success(client);
}

fn expect_success(client: &mut Program) {
    assert_eq!(client.wait().code(), Some(0), "{}", client.stderr());
}

/// Lets others come and go for this time.
fn churn(test_server: &TestServer, time: Duration, visits: &AtomicUsize) {
    let until = Instant::now() + time;
    thread::scope(|scope| {
        for number in 0..OTHERS {
            scope.spawn(move || {
                let mut rng = Rng::new(number);
                while Instant::now() < until {
                    visit(test_server, visits.fetch_add(1, Relaxed), &mut rng);
                }
            });
        }
    });
}

fn soak(time: Duration) {
    let (test_server, visits) = (TestServer::default(), AtomicUsize::new(0));
    let mut program = start(&mut landline(test_server.address(), ANCHOR));
    let process = program.child().id();
    let idle = resources_at_rest(process);
    let at_work = run_anchor(program);
    churn(&test_server, WARM, &visits);
    eventually("the chats are over", || count_resources(process) == idle);
    let (warm, before) = (resident_kib(process), visits.load(Relaxed));
    churn(&test_server, time, &visits);
    eventually("all threads and descriptors are given back", || count_resources(process) == idle);
    let (after, visits) = (resident_kib(process), visits.into_inner() - before);
    println!("{visits} visits in {time:?}; {idle:?}; {warm} KiB before, {after} KiB after");
    assert!(visits > CHAT_ENDS.len() / 2, "too few visits");
    assert!(after < warm + SLACK_KIB, "{warm} KiB before, {after} KiB after {visits} visits");
    test_server.guest("chief", "lobby").send(&command_for_anchor("/quit"));
    let mut program = at_work.join().expect("the anchor");
    // A visitor may have left before it is blocked; then the block is a refused line.
    assert!(program.wait().code().is_some_and(|code| code <= 1));
    let complaints = program.stderr();
    assert!(!complaints.contains("panicked"), "{complaints}");
}

#[test]
fn resources_are_released_after_seconds_of_chats() {
    soak(Duration::from_secs(15));
}

#[test]
#[ignore = "takes a minute"]
fn resources_are_released_after_a_minute_of_chats() {
    soak(Duration::from_secs(60));
}
