//! No free descriptors, threads or memory maps. New clients are refused with a reason, users who are in talk on, and
//! clients are accepted again as soon as possible. (For a full disk, see `disk_full.rs`.)

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
/// Number of refused connections, one after another.
const REFUSED: usize = 100;
/// Number of guests that sign in after the limit is lifted.
const MORE: usize = 10;
/// Maximum number of connections that may succeed by chance. Also the number of guests that leave to free resources.
const FEW: usize = 4;
const FULL: &str = "ERROR: 503 This server is full. Try again later.";
/// Less than the stack of a connection's thread, in bytes.
const HALF_A_STACK: u64 = 256 << 10;
/// A user id without other processes.
const SPARE_USER: u32 = 60_713;

/// A server with two users who talk.
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
        // Without this, the console's thread would end at once and free a thread for a client.
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

    /// Checks that both users receive each other's message, and that the history can be read.
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

    /// Returns a number from `/proc/PID/status`.
    fn status(&mut self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
        line.split_ascii_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }

    /// Sets a resource limit of the running server, by its name in `prlimit`. `None` raises it to this process's own
    /// limit.
    fn limit(&mut self, (name, resource): (&str, Resource), to: Option<u64>) {
        let to = to.or(getrlimit(resource).maximum).map_or("unlimited".to_owned(), |to| to.to_string());
        let mut set = Command::new("prlimit");
        set.args(["--pid", &self.process().to_string(), &format!("--{name}={to}:")]);
        if let Some(user) = self.user {
            // A user may limit only its own processes, and root may lack CAP_SYS_RESOURCE.
            set.uid(user).gid(user);
        }
        assert!(set.status().expect("prlimit").success());
    }

    /// Connects a client. Returns it with the server's first line.
    fn try_connect(&self) -> (Client, String) {
        let mut client = Client::connect(self.address);
        let line = client.line();
        (client, line)
    }

    /// Connects clients until [`REFUSED`] of them were refused. Returns those that were accepted by
    /// chance, at most [`FEW`].
    fn expect_refusals(&self) -> Vec<Client> {
        let (mut accepted, mut refused) = (Vec::new(), 0);
        while refused < REFUSED {
            let (mut client, line) = self.try_connect();
            if line == FULL {
                client.expect_closed();
                refused += 1;
            } else {
                assert!(line.starts_with("Authorise MODE?") && accepted.len() < FEW, "{line}");
                accepted.push(client);
            }
        }
        accepted
    }

    /// Signs in a guest as soon as the server accepts it.
    fn sign_in_when_possible(&mut self, name: &str) -> Client {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let mut client = Client::connect(self.address);
            client.send(&format!("{name}_room"));
            match client.next_line() {
                Some(line) if line.starts_with("200 ") => return client,
                refused => assert!(Instant::now() < deadline, "{name} cannot sign in: {refused:?}"),
            }
        }
    }

    /// Asserts that the server runs and has not panicked, and stops it. Returns its log.
    fn end(mut self) -> String {
        assert!(self.program.child().try_wait().expect("its state").is_none());
        stop(&mut self.program);
        let log = self.program.stderr();
        assert!(!log.contains("panic"), "{log}");
        log
    }
}

#[test]
fn server_survives_without_free_descriptors() {
    let mut scene = Scene::usual();
    // Carol is connected before, and registers later.
    let mut carol = Client::connect(scene.address);
    carol.send("REGISTER");
    carol.expect("ALIAS?");
    let here: Vec<Client> = (0..FEW).map(|i| scene.sign_in_when_possible(&format!("m{i}m"))).collect();
    let open = fs::read_dir(format!("/proc/{}/fd", scene.process())).expect("its files");
    let open: HashSet<u64> = open.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok()).collect();
    scene.limit(FILES, (0..).find(|descriptor| !open.contains(descriptor)));

    // The pending accept has its descriptor already, so one client gets in.
    let _accepted = scene.expect_refusals();
    scene.talk();
    for line in ["carol", "correct horse"] {
        carol.send(line);
    }
    carol.expect("PASSWORD?");
    carol.expect_start("ERROR: 500 The account could not be stored");

    // Some clients leave, and another one signs in.
    drop((carol, here));
    scene.sign_in_when_possible("dave").quit();
    scene.limit(FILES, None);
    let _more: Vec<Client> = (0..MORE).map(|i| scene.sign_in_when_possible(&format!("n{i}n"))).collect();
    scene.talk();
    let log = scene.end();
    assert!(log.contains("Too many open files") && log.contains("nothing is registered now"), "{log}");
}

#[test]
fn server_survives_without_free_threads() {
    if !geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "only root can switch users, and in CI no test may be skipped");
        eprintln!("skipped: this test counts another user's threads, which needs root");
        return;
    }
    let folder = folder();
    // A copy of the program in a folder that this user may read.
    let program = folder.path().join("landline-server");
    let usual = server(&folder.path().join("data"));
    // Copy with `cp`: a process that another test starts meanwhile would inherit our open file, and a file open for
    // writing cannot be executed.
    let copied = Command::new("cp").arg(usual.get_program()).arg(&program).status();
    assert!(copied.expect("cp").success());
    fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("a mode");
    chown(folder.path(), Some(SPARE_USER), Some(SPARE_USER)).expect("an owner");
    let mut command = Command::new(program);
    command.args(usual.get_args()).uid(SPARE_USER).gid(SPARE_USER).env_remove("LANDLINE_PASSWORD");

    let mut scene = Scene::begin(&mut command, folder);
    scene.user = Some(SPARE_USER);
    let threads = scene.status("Threads:");
    scene.limit(THREADS, Some(threads));
    let _accepted = scene.expect_refusals();
    scene.talk();
    // One thread ends, so another client can sign in.
    scene.bob.send("/quit");
    scene.alice.until("bob has left");
    scene.bob.until("INFO: Goodbye!");
    scene.bob.expect_closed();
    scene.bob = scene.sign_in_when_possible("bob");
    let (_, line) = scene.try_connect();
    assert_eq!(line, FULL);
    scene.talk();
    scene.limit(THREADS, None);
    let _more: Vec<Client> = (0..MORE).map(|i| scene.sign_in_when_possible(&format!("n{i}n"))).collect();
    scene.talk();
    let log = scene.end();
    // One line in 10 s, and each silent client waits 300 ms for its refusal.
    assert!((1..=8).contains(&log.matches("no thread for a new client").count()), "now and then: {log}");
}

/// Stands for a full table of memory maps: the stack of the next thread cannot be allocated. (The table itself is
/// shared by the machine, so a test must not fill it; `guard/capacity.rs` computes its limit at start.)
#[test]
fn server_survives_without_memory_for_another_stack() {
    let mut scene = Scene::usual();
    let used = scene.status("VmSize:") << 10;
    scene.limit(MEMORY, Some(used + HALF_A_STACK));
    let _accepted = scene.expect_refusals();
    scene.talk();
    scene.limit(MEMORY, None);
    let _more: Vec<Client> = (0..MORE).map(|i| scene.sign_in_when_possible(&format!("n{i}n"))).collect();
    scene.talk();
    assert!(scene.end().contains("no thread for a new client"));
}
