//! No descriptors, no threads, no memory maps: who cannot be let in is told so, who is in talks on, and there is room
//! again as soon as there is. (A disk without room: `disk_full.rs`.)

use crate::{folder, guest, server, start, stop};
use landline_tests::{Client, DEADLINE, Program};
use rustix::process::{Resource, geteuid, getrlimit};
use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;
use tempfile::TempDir;

const FILES: (&str, Resource) = ("nofile", Resource::Nofile);
const THREADS: (&str, Resource) = ("nproc", Resource::Nproc);
const MEMORY: (&str, Resource) = ("as", Resource::As);
/// Refused, one after the other.
const REFUSED: usize = 100;
/// Who come in when there is room again.
const MORE: usize = 10;
/// Places that may be free by chance; and people who go to make room.
const FEW: usize = 4;
const NO_DESCRIPTOR: &str = "ERROR: 503 the server has no room for more connections; try again later";
const NO_THREAD: &str = "ERROR: 503 This server is full. Try again later.";
/// Less than the stack of a session.
const HALF_A_STACK: u64 = 256 << 10;
/// A user of whom there is nothing else.
const NOBODY_ELSE: u32 = 60_713;

/// A server with two people who talk.
struct Scene {
    program: Program,
    address: SocketAddr,
    alice: Client,
    bob: Client,
    said: usize,
    user: Option<u32>,
    _folder: TempDir,
}

impl Scene {
    fn begin(command: &mut Command, folder: TempDir) -> Scene {
        // The console's thread would end at once, and leave its place to a client.
        let (program, address) = start(command.arg("--no-console").env("LANDLINE_LOG", "warn"));
        let mut alice = guest(address, "alice");
        let bob = guest(address, "bob");
        alice.expect("bob has connected to the chatroom");
        let mut scene = Scene { program, address, alice, bob, said: 0, user: None, _folder: folder };
        scene.talk();
        scene
    }

    fn usual() -> Scene {
        let folder = folder();
        let command = &mut server(folder.path());
        Scene::begin(command, folder)
    }

    /// Both hear each other, and find it in the history.
    fn talk(&mut self) {
        self.said += 1;
        let line = format!("line {}", self.said);
        self.alice.send(&line);
        self.bob.until(&format!("alice: {line}"));
        self.bob.send(&line);
        self.alice.until(&format!("bob: {line}"));
        self.alice.send("/history 1");
        self.alice.until("[");
    }

    fn process(&mut self) -> u32 {
        self.program.child().id()
    }

    /// A number of `/proc/PID/status`.
    fn status(&mut self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
        line.split_ascii_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }

    /// Sets a limit (as `prlimit` names it) on the running server. `None` lifts it, as far as this one's own goes.
    fn limit(&mut self, (name, resource): (&str, Resource), to: Option<u64>) {
        let to = to.or(getrlimit(resource).maximum).map_or("unlimited".to_owned(), |to| to.to_string());
        let mut set = Command::new("prlimit");
        set.args(["--pid", &self.process().to_string(), &format!("--{name}={to}:")]);
        if let Some(user) = self.user {
            // Without a right that not even root has everywhere, each user may limit their own only.
            set.uid(user).gid(user);
        }
        assert!(set.status().expect("prlimit").success());
    }

    /// Somebody who says nothing, and what they are told.
    fn knocks(&self) -> (Client, String) {
        let mut client = Client::connect(self.address);
        let line = client.line();
        (client, line)
    }

    /// Many knock, and each is told so, but for a few who still find a place that was only taken for a moment.
    fn refuses(&self, why: &str) -> Vec<Client> {
        let (mut let_in, mut refused) = (Vec::new(), 0);
        while refused < REFUSED {
            let (mut client, line) = self.knocks();
            if line == why {
                client.expect_closed();
                refused += 1;
            } else {
                assert!(line.starts_with("Authorise MODE?") && let_in.len() < FEW, "{line}");
                let_in.push(client);
            }
        }
        let_in
    }

    /// Comes in, as soon as that is possible.
    fn comes_in(&mut self, name: &str) -> Client {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let mut client = Client::connect(self.address);
            client.send(&format!("{name}_room"));
            match client.next_line() {
                Some(line) if line.starts_with("200 ") => return client,
                refused => assert!(Instant::now() < deadline, "{name} cannot come in: {refused:?}"),
            }
        }
    }

    /// The program lives, and has not panicked.
    fn end(mut self) -> String {
        assert!(self.program.child().try_wait().expect("its state").is_none());
        stop(&mut self.program);
        let log = self.program.stderr();
        assert!(!log.contains("panic"), "{log}");
        log
    }
}

#[test]
fn no_descriptors() {
    let mut scene = Scene::usual();
    // Already connected, to register later.
    let mut carol = Client::connect(scene.address);
    carol.send("REGISTER");
    carol.expect("ALIAS?");
    let here: Vec<Client> = (0..FEW).map(|i| scene.comes_in(&format!("m{i}m"))).collect();
    let open = fs::read_dir(format!("/proc/{}/fd", scene.process())).expect("its files");
    let open: HashSet<u64> = open.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok()).collect();
    scene.limit(FILES, (0..).find(|descriptor| !open.contains(descriptor)));

    // The call that is waiting has its descriptor already, and lets one in.
    let _let_in = scene.refuses(NO_DESCRIPTOR);
    scene.talk();
    for line in ["carol", "correct horse"] {
        carol.send(line);
    }
    carol.expect("PASSWORD?");
    carol.expect_start("ERROR: 500 The account could not be stored");

    // Some go, and somebody else comes.
    drop((carol, here));
    scene.comes_in("dave").quit();
    scene.limit(FILES, None);
    let _more: Vec<Client> = (0..MORE).map(|i| scene.comes_in(&format!("n{i}n"))).collect();
    scene.talk();
    let log = scene.end();
    assert!(log.contains("Too many open files") && log.contains("an account could not be stored"), "{log}");
}

#[test]
fn no_threads() {
    if !geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "only root becomes somebody else, and in CI no test may be skipped");
        eprintln!("skipped: this test counts another user's threads, which needs root");
        return;
    }
    let folder = folder();
    // Where that user may look.
    let program = folder.path().join("landline-server");
    let usual = server(&folder.path().join("data"));
    // By a program of its own: what another test starts meanwhile would inherit the open file, and nobody may run that.
    let copied = Command::new("cp").arg(usual.get_program()).arg(&program).status();
    assert!(copied.expect("cp").success());
    fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("a mode");
    chown(folder.path(), Some(NOBODY_ELSE), Some(NOBODY_ELSE)).expect("an owner");
    let mut command = Command::new(program);
    command.args(usual.get_args()).uid(NOBODY_ELSE).gid(NOBODY_ELSE).env_remove("LANDLINE_PASSWORD");

    let mut scene = Scene::begin(&mut command, folder);
    scene.user = Some(NOBODY_ELSE);
    let threads = scene.status("Threads:");
    scene.limit(THREADS, Some(threads));
    let _let_in = scene.refuses(NO_THREAD);
    scene.talk();
    // One thread ends, and there is one for somebody else.
    scene.bob.send("/quit");
    scene.alice.until("bob has left");
    scene.bob.until("INFO: Goodbye!");
    scene.bob.expect_closed();
    scene.bob = scene.comes_in("bob");
    let (_, line) = scene.knocks();
    assert_eq!(line, NO_THREAD);
    scene.talk();
    scene.limit(THREADS, None);
    let _more: Vec<Client> = (0..MORE).map(|i| scene.comes_in(&format!("n{i}n"))).collect();
    scene.talk();
    let log = scene.end();
    assert!((1..=3).contains(&log.matches("no thread for a new client").count()), "now and then: {log}");
}

/// What a full table of memory maps looks like to a program: the stack of the next thread cannot be had. (How many
/// threads that table holds is reckoned before the start, `guard/capacity.rs`; nobody else's may be filled for a test.)
#[test]
fn no_memory_for_another_stack() {
    let mut scene = Scene::usual();
    let used = scene.status("VmSize:") << 10;
    scene.limit(MEMORY, Some(used + HALF_A_STACK));
    let _let_in = scene.refuses(NO_THREAD);
    scene.talk();
    scene.limit(MEMORY, None);
    let _more: Vec<Client> = (0..MORE).map(|i| scene.comes_in(&format!("n{i}n"))).collect();
    scene.talk();
    assert!(scene.end().contains("no thread for a new client"));
}
