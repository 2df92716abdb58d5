//! Members join, talk, send private messages and leave in all ways. Afterwards the member that stays must hold no more
//! resources than before.

use landline_tests::soak::{count_resources, resident_kib, resources_at_rest};
use landline_tests::{DEADLINE, MeshProcess, Rng, eventually};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Name of the program that anchor.
const ANCHOR: &str = "anchor";
/// Number of members that come and go at the same time.
const OTHERS: usize = 3;
/// Minimum time between two arrivals: members accept at most 24 new ones of one address in 5 s.
const APART: Duration = Duration::from_millis(350);
/// Warm-up time, in which heap arenas and thread stacks grow to their normal size.
const WARM: Duration = Duration::from_secs(4);
/// KiB of memory that may stay in use.
const SLACK_KIB: u64 = 2 << 10;

/// A way to leave.
#[derive(Clone, Copy, Debug)]
enum LeaveMode {
    /// By `/quit`.
    Quit,
    /// By the end of standard input.
    EndOfInput,
    /// By the signal TERM.
    Term,
    /// By the signal KILL.
    Killed,
    /// By KILL right after the start, before it has found others.
    KilledAtOnce,
}

const LEAVE_MODES: [LeaveMode; 5] =
    [LeaveMode::Quit, LeaveMode::EndOfInput, LeaveMode::Term, LeaveMode::Killed, LeaveMode::KilledAtOnce];

/// The mesh of one test, with the member that anchor.
struct SoakMesh {
    port: u16,
    folder: TempDir,
    anchor: MeshProcess,
}

impl SoakMesh {
    fn new() -> SoakMesh {
        let (port, folder) = (MeshProcess::free_port(), TempDir::new().expect("a folder"));
        let complaints = File::create(stderr_file(folder.path())).expect("a file");
        let mut command = MeshProcess::on_loopback(port, ANCHOR, folder.path(), &["--json"]);
        let anchor = MeshProcess::of(command.stderr(complaints), ANCHOR);
        // The answer proves that all its threads run.
        anchor.type_line("/members");
        anchor.wait_for_text(&format!("{ANCHOR} (you), key "));
        SoakMesh { port, folder, anchor }
    }

    fn start(&self, name: &str) -> MeshProcess {
        MeshProcess::of(&mut MeshProcess::on_loopback(self.port, name, self.folder.path(), &["--json"]), name)
    }

    /// Lets a member join, talk and leave.
    fn visit(&self, name: &str, step: usize, rng: &mut Rng) {
        let mode = LEAVE_MODES[step % LEAVE_MODES.len()];
        let mut member = self.start(name);
        if matches!(mode, LeaveMode::KilledAtOnce) {
            member.until("its first event", |events| !events.is_empty());
            return member.signal("KILL");
        }
        member.wait_for_presence(DEADLINE, ANCHOR, "joined");
        let (said, whispered) = (format!("{name} says {step}"), format!("{name} whispers {step}"));
        (0..rng.below(3)).for_each(|n| member.type_line(&format!("more {n}")));
        member.type_line(&said);
        member.type_line(&format!("/pm {ANCHOR} {whispered}"));
        let shown = self.wait_for_sender_of(&said);
        self.wait_for_sender_of(&whispered);
        if rng.below(4) == 0 {
            self.answer(&member, &shown, step);
        }
        match mode {
            LeaveMode::Quit => member.type_line("/quit"),
            LeaveMode::EndOfInput => member.close_stdin(),
            LeaveMode::Term => member.signal("TERM"),
            LeaveMode::Killed | LeaveMode::KilledAtOnce => return member.signal("KILL"),
        }
        assert_eq!(member.wait().code(), Some(0), "{mode:?}");
    }

    /// Waits until the staying member receives a text. Returns the sender's display name.
    fn wait_for_sender_of(&self, text: &str) -> String {
        let mut from = String::new();
        self.anchor.until(text, |events| {
            let heard = events.iter().rev().find(|event| event["text"] == text);
            let who = heard.and_then(|event| event["user"].as_str().or(event["from_user"].as_str()));
            who.inspect(|who| from = (*who).to_owned()).is_some()
        });
        from
    }

    /// Lets the staying member send a private message to a member, and a message to all.
    fn answer(&self, member: &MeshProcess, shown: &str, step: usize) {
        let (whispered, said) = (format!("to {shown} alone, {step}"), format!("after {shown}, {step}"));
        self.anchor.type_line(&format!("/pm {shown} {whispered}"));
        self.anchor.type_line(&said);
        for text in [whispered, said] {
            member.until(&text, |events| events.iter().any(|event| event["text"] == text.as_str()));
        }
    }

    /// Lets others come and go for this time.
    fn churn(&self, time: Duration, visits: &AtomicUsize) {
        let begun = Instant::now();
        let (until, next) = (begun + time, Mutex::new(begun));
        let turn = || {
            let mut next = next.lock().expect("no panicked thread");
            thread::sleep(next.saturating_duration_since(Instant::now()));
            *next = Instant::now() + APART;
            *next < until
        };
        thread::scope(|scope| {
            for number in 0..OTHERS {
                scope.spawn(move || {
                    let (name, mut rng) = (format!("user{number}"), Rng::new(number));
                    while turn() {
                        self.visit(&name, visits.fetch_add(1, Relaxed), &mut rng);
                    }
                });
            }
        });
    }
}

fn stderr_file(folder: &Path) -> PathBuf {
    folder.join("complaints")
}

fn soak(time: Duration) {
    let (mut mesh, visits) = (SoakMesh::new(), AtomicUsize::new(0));
    let process = mesh.anchor.process();
    let alone = resources_at_rest(process);
    mesh.churn(WARM, &visits);
    eventually("they have left", || count_resources(process) == alone);
    let (warm, before) = (resident_kib(process), visits.load(Relaxed));
    mesh.churn(time, &visits);
    eventually("all threads and descriptors are given back", || count_resources(process) == alone);
    let (after, visits) = (resident_kib(process), visits.into_inner() - before);
    println!("{visits} visits in {time:?}; {alone:?}; {warm} KiB before, {after} KiB after");
    assert!(visits > LEAVE_MODES.len(), "too few visits");
    assert!(after < warm + SLACK_KIB, "{warm} KiB before, {after} KiB after {visits} visits");
    mesh.anchor.type_line("/quit");
    assert_eq!(mesh.anchor.wait().code(), Some(0));
    assert_eq!(fs::read_to_string(stderr_file(mesh.folder.path())).expect("a file"), "");
}

#[test]
fn resources_are_released_after_seconds_of_member_churn() {
    soak(Duration::from_secs(15));
}

#[test]
#[ignore = "takes a minute"]
fn resources_are_released_after_a_minute_of_member_churn() {
    soak(Duration::from_secs(60));
}
