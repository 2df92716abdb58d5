//! People who open encrypted chats with one who stays, use them, and end them in every way, again and again: afterwards
//! the one who stays is as before. It does what it is told in a message: what follows [`DO`].

use crate::{connected, fake, landline, reason, start};
use landline_tests::soak::{count_resources, resident_kib, resources_at_rest};
use landline_tests::{Client, DEADLINE, Program, Rng, TestServer, eventually};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Who stays.
const STAYS: &str = "anchor";
/// Before what it does.
const DO: &str = ": do ";
/// So many come and go at once; programs send no more than three lines in two seconds to a server.
const OTHERS: usize = 3;
/// Until everything that grows once has grown: the heap's arenas, a stack for each thread.
const WARM: Duration = Duration::from_secs(4);
/// How much memory may not come back.
const SLACK_KIB: u64 = 2 << 10;

/// How a chat comes to its end.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// It is refused.
    Refused,
    /// Who asked does not come, and is given up.
    NobodyComes,
    /// Who asked is killed while both are about to meet.
    KilledOnTheWay,
    /// Who came ends it.
    Stopped,
    /// The one who stays ends it.
    StoppedThere,
    /// The one who stays blocks the other.
    Blocked,
    /// Who came leaves.
    Quit,
    /// Who came has nothing more to say.
    NothingToSay,
    /// The system tells it to end.
    Term,
    /// Without a word.
    Killed,
}

const ENDS: [Ending; 10] = [
    Ending::Refused,
    Ending::NobodyComes,
    Ending::KilledOnTheWay,
    Ending::Stopped,
    Ending::StoppedThere,
    Ending::Blocked,
    Ending::Quit,
    Ending::NothingToSay,
    Ending::Term,
    Ending::Killed,
];

/// The one who stays, at work until it is told to leave.
fn stay(mut program: Program) -> JoinHandle<Program> {
    thread::spawn(move || {
        while let Some(line) = program.line() {
            if let Some((_, command)) = line.split_once(DO) {
                program.type_line(command);
            }
        }
        program
    })
}

/// Ends a program that takes longer than anything may, so that whoever waits for its next line notices.
struct Watch(#[expect(dead_code, reason = "its end is the sign")] Sender<()>);

impl Watch {
    fn over(program: &mut Program) -> Watch {
        let (done, wait) = channel::<()>();
        let process = program.child().id().to_string();
        thread::spawn(move || {
            if wait.recv_timeout(2 * DEADLINE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("process {process} has taken too long, and is killed");
                let _ = Command::new("kill").args(["-s", "KILL", &process]).status();
            }
        });
        Watch(done)
    }
}

/// What tells it to do that, by way of the server.
fn order(command: &str) -> String {
    format!("/pm {STAYS} do {command}")
}

/// Somebody comes, chats, and goes.
fn visit(test_server: &TestServer, step: usize, rng: &mut Rng) {
    // Nobody has a name that somebody had before.
    let (name, end) = (&*format!("p{step}"), ENDS[step % ENDS.len()]);
    if matches!(end, Ending::NobodyComes) {
        return never_come(test_server, name);
    }
    let mut who = start(&mut landline(test_server.address(), name));
    let _watch = Watch::over(&mut who);
    match end {
        Ending::Refused => {
            who.type_line(&format!("/direct {STAYS}"));
            who.type_line(&order(&format!("/reject {name}")));
            who.until(&format!("DIRECT_REJECTED:{STAYS}"));
            return quit(&mut who);
        }
        _ if rng.below(3) == 0 => {
            who.type_line(&order(&format!("/direct {name}")));
            who.until(&format!("DIRECT_REQUEST_FROM:{STAYS}:"));
            who.type_line("/accept");
        }
        _ => {
            who.type_line(&format!("/direct {STAYS}"));
            who.type_line(&order(&format!("/accept {name}")));
            who.until(&format!("DIRECT_READY:{STAYS}:"));
        }
    }
    if matches!(end, Ending::KilledOnTheWay) {
        who.signal("KILL");
        // Perhaps they have not met: then half a minute is waited for it.
        return give_up(&mut test_server.guest(&format!("after-{name}"), "lobby"), name);
    }
    connected(&mut who, STAYS);
    for n in 0..rng.below(20) {
        who.type_line(&format!("/direct-say {STAYS} do /direct-say {name} echo {n}"));
        assert_eq!(who.until("[Direct]"), format!("[Direct] {STAYS}: echo {n}\n"));
    }
    finish(&mut who, name, end);
}

/// Ends a chat that is open, and leaves.
fn finish(who: &mut Program, name: &str, end: Ending) {
    let stays_ended_it = format!("{STAYS} ended it");
    let (typed, why) = match end {
        Ending::Stopped => (format!("/direct-stop {STAYS}"), "you ended it"),
        Ending::StoppedThere => (format!("/direct-say {STAYS} do /direct-stop {name}"), &*stays_ended_it),
        Ending::Blocked => (format!("/direct-say {STAYS} do /block {name}"), &*stays_ended_it),
        Ending::NothingToSay => {
            drop(who.child().stdin.take());
            return ends_well(who);
        }
        Ending::Term => {
            who.signal("TERM");
            return ends_well(who);
        }
        Ending::Killed | Ending::KilledOnTheWay => return who.signal("KILL"),
        Ending::Quit | Ending::Refused | Ending::NobodyComes => return quit(who),
    };
    who.type_line(&typed);
    assert_eq!(reason(who, STAYS), why);
    quit(who);
}

/// Somebody asks, is accepted, and never comes to where the one who stays waits.
fn never_come(test_server: &TestServer, name: &str) {
    let (mut client, _) = fake(test_server, name);
    client.send(&format!("/direct {STAYS}"));
    client.send(&order(&format!("/accept {name}")));
    client.until(&format!("DIRECT_READY:{STAYS}:"));
    give_up(&mut client, name);
}

/// The one who stays expects nobody of that name any more.
fn give_up(client: &mut Client, name: &str) {
    client.send(&order(&format!("/direct-stop {name}")));
    // Then the server has dealt with that.
    client.send("/ping done");
    while !client.line().contains("done") {}
}

fn quit(who: &mut Program) {
    who.type_line("/quit");
    ends_well(who);
}

fn ends_well(who: &mut Program) {
    assert_eq!(who.wait().code(), Some(0), "{}", who.stderr());
}

/// They all come and go for a while.
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
    let mut program = start(&mut landline(test_server.address(), STAYS));
    let process = program.child().id();
    let idle = resources_at_rest(process);
    let at_work = stay(program);
    churn(&test_server, WARM, &visits);
    eventually("the chats are over", || count_resources(process) == idle);
    let (warm, before) = (resident_kib(process), visits.load(Relaxed));
    churn(&test_server, time, &visits);
    eventually("all threads and descriptors are given back", || count_resources(process) == idle);
    let (after, visits) = (resident_kib(process), visits.into_inner() - before);
    println!("{visits} visits in {time:?}; {idle:?}; {warm} KiB before, {after} KiB after");
    assert!(visits > ENDS.len() / 2, "hardly anything has happened");
    assert!(after < warm + SLACK_KIB, "{warm} KiB before, {after} KiB after {visits} visits");
    test_server.guest("chief", "lobby").send(&order("/quit"));
    let mut program = at_work.join().expect("who stays");
    // Whoever is blocked may have left before the server hears of it: then that is a line that was refused.
    assert!(program.wait().code().is_some_and(|code| code <= 1));
    let complaints = program.stderr();
    assert!(!complaints.contains("panicked"), "{complaints}");
}

#[test]
fn after_some_seconds_of_chats_everything_is_given_back() {
    soak(Duration::from_secs(15));
}

#[test]
#[ignore = "takes a minute"]
fn after_a_minute_of_chats_everything_is_given_back() {
    soak(Duration::from_secs(60));
}
