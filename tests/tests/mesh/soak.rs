//! Members who come, talk, whisper and go in every way, again and again: afterwards the one who stays is as before.

use landline_tests::soak::{count_resources, resident_kib, resources_at_rest};
use landline_tests::{DEADLINE, MeshProcess, Rng, eventually};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Who stays.
const STAYS: &str = "anchor";
/// So many come and go at once.
const OTHERS: usize = 3;
/// The next one comes so much later, at least: of 24 who come from one address in 5 s, the rest is kept waiting.
const APART: Duration = Duration::from_millis(350);
/// Until everything that grows once has grown: the heap's arenas, a stack for each thread.
const WARM: Duration = Duration::from_secs(4);
/// How much memory may not come back.
const SLACK_KIB: u64 = 2 << 10;

/// How somebody goes.
#[derive(Clone, Copy, Debug)]
enum Going {
    /// By `/quit`.
    Quit,
    /// Its standard input ends.
    EndOfInput,
    /// The system tells it to.
    Term,
    /// Without a word.
    Killed,
    /// The same, while it is still about to find others.
    KilledAtOnce,
}

const WAYS: [Going; 5] = [Going::Quit, Going::EndOfInput, Going::Term, Going::Killed, Going::KilledAtOnce];

/// The mesh of one test.
struct SoakMesh {
    port: u16,
    folder: TempDir,
    stays: MeshProcess,
}

impl SoakMesh {
    fn new() -> SoakMesh {
        let (port, folder) = (MeshProcess::free_port(), TempDir::new().expect("a folder"));
        let complaints = File::create(complaints(folder.path())).expect("a file");
        let mut command = MeshProcess::on_loopback(port, STAYS, folder.path(), &["--json"]);
        let stays = MeshProcess::of(command.stderr(complaints), STAYS);
        // Then it reads lines, and all its threads are there.
        stays.type_line("/members");
        stays.wait_for_text(&format!("{STAYS} (you), key "));
        SoakMesh { port, folder, stays }
    }

    fn start(&self, name: &str) -> MeshProcess {
        MeshProcess::of(&mut MeshProcess::on_loopback(self.port, name, self.folder.path(), &["--json"]), name)
    }

    /// Somebody comes, talks, and goes.
    fn visit(&self, name: &str, step: usize, rng: &mut Rng) {
        let going = WAYS[step % WAYS.len()];
        let mut member = self.start(name);
        if matches!(going, Going::KilledAtOnce) {
            member.until("it is in", |events| !events.is_empty());
            return member.signal("KILL");
        }
        member.wait_for_presence(DEADLINE, STAYS, "joined");
        let (said, whispered) = (format!("{name} says {step}"), format!("{name} whispers {step}"));
        (0..rng.below(3)).for_each(|n| member.type_line(&format!("more {n}")));
        member.type_line(&said);
        member.type_line(&format!("/pm {STAYS} {whispered}"));
        let shown = self.hears(&said);
        self.hears(&whispered);
        if rng.below(4) == 0 {
            self.answer(&member, &shown, step);
        }
        match going {
            Going::Quit => member.type_line("/quit"),
            Going::EndOfInput => member.close_stdin(),
            Going::Term => member.signal("TERM"),
            Going::Killed | Going::KilledAtOnce => return member.signal("KILL"),
        }
        assert_eq!(member.wait().code(), Some(0), "{going:?}");
    }

    /// Waits until the one who stays hears that; who says it, as they are called there.
    fn hears(&self, text: &str) -> String {
        let mut from = String::new();
        self.stays.until(text, |events| {
            let heard = events.iter().rev().find(|event| event["text"] == text);
            let who = heard.and_then(|event| event["user"].as_str().or(event["from_user"].as_str()));
            who.inspect(|who| from = (*who).to_owned()).is_some()
        });
        from
    }

    /// The one who stays says something to them, and something to everybody.
    fn answer(&self, member: &MeshProcess, shown: &str, step: usize) {
        let (whispered, said) = (format!("to {shown} alone, {step}"), format!("after {shown}, {step}"));
        self.stays.type_line(&format!("/pm {shown} {whispered}"));
        self.stays.type_line(&said);
        for text in [whispered, said] {
            member.until(&text, |events| events.iter().any(|event| event["text"] == text.as_str()));
        }
    }

    /// They all come and go for a while.
    fn churn(&self, time: Duration, visits: &AtomicUsize) {
        let begun = Instant::now();
        let (until, next) = (begun + time, Mutex::new(begun));
        let turn = || {
            let mut next = next.lock().expect("nobody has failed");
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

fn complaints(folder: &Path) -> PathBuf {
    folder.join("complaints")
}

fn soak(time: Duration) {
    let (mut mesh, visits) = (SoakMesh::new(), AtomicUsize::new(0));
    let process = mesh.stays.process();
    let alone = resources_at_rest(process);
    mesh.churn(WARM, &visits);
    eventually("they have left", || count_resources(process) == alone);
    let (warm, before) = (resident_kib(process), visits.load(Relaxed));
    mesh.churn(time, &visits);
    eventually("all threads and descriptors are given back", || count_resources(process) == alone);
    let (after, visits) = (resident_kib(process), visits.into_inner() - before);
    println!("{visits} visits in {time:?}; {alone:?}; {warm} KiB before, {after} KiB after");
    assert!(visits > WAYS.len(), "hardly anything has happened");
    assert!(after < warm + SLACK_KIB, "{warm} KiB before, {after} KiB after {visits} visits");
    mesh.stays.type_line("/quit");
    assert_eq!(mesh.stays.wait().code(), Some(0));
    assert_eq!(fs::read_to_string(complaints(mesh.folder.path())).expect("a file"), "");
}

#[test]
fn after_some_seconds_of_members_who_come_and_go_everything_is_given_back() {
    soak(Duration::from_secs(15));
}

#[test]
#[ignore = "takes a minute"]
fn after_a_minute_of_members_who_come_and_go_everything_is_given_back() {
    soak(Duration::from_secs(60));
}
