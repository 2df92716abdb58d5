//! `landline mesh` as programs see it: lines in, events out, on a host of a network made for it.

use crate::{DEADLINE, Host, Lan, Program, eventually};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Events that came, and a bell for when more do.
type Shared = Arc<(Mutex<Vec<Value>>, Condvar)>;

/// A member of a mesh.
pub struct Meshed {
    /// What it is called.
    pub name: String,
    child: Child,
    /// Until there are no more lines.
    stdin: Option<ChildStdin>,
    events: Shared,
}

/// A message: its id, who said it, and what.
pub type Message = (u64, String, String);

impl Meshed {
    /// Starts one on a host, with its files in `folder` under its name.
    pub fn start(lan: &Lan, host: Host, name: &str, folder: &Path, more: &[&str]) -> Meshed {
        let mut command = Program::client();
        command.args(["mesh", "--json", name]).args(more);
        keep_in(folder, name, &mut command);
        Meshed::of(&mut lan.on(host, &command), name)
    }

    /// The command of one on this machine's loopback, where hellos go to that UDP port.
    pub fn on_loopback(port: u16, name: &str, folder: &Path, more: &[&str]) -> Command {
        let mut command = Program::client();
        command.args(["mesh", "--port", &port.to_string()]).args(more).args([name, "127.0.0.1"]);
        keep_in(folder, name, &mut command);
        command
    }

    /// A UDP port for hellos.
    pub fn free_port() -> u16 {
        UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
    }

    /// Starts that command.
    pub fn of(command: &mut Command, name: &str) -> Meshed {
        let (stdin, stdout) = (Stdio::piped(), Stdio::piped());
        let mut child = command.stdin(stdin).stdout(stdout).spawn().expect("starting landline");
        let events = Shared::default();
        let (out, heard) = (child.stdout.take().expect("a pipe"), events.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("JSON");
                heard.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
                heard.1.notify_all();
            }
        });
        let stdin = child.stdin.take();
        Meshed { name: name.to_owned(), child, stdin, events }
    }

    /// Types a line; several threads may.
    pub fn type_line(&self, line: &str) {
        let mut stdin = self.stdin.as_ref().expect("more lines");
        stdin.write_all(format!("{line}\n").as_bytes()).expect("writing to landline");
    }

    /// There are no more lines.
    pub fn end_of_lines(&mut self) {
        self.stdin = None;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.events.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many events have come.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Waits until what has come is as wanted, at most so long.
    #[track_caller]
    pub fn until_within(&self, most: Duration, what: &str, mut holds: impl FnMut(&[Value]) -> bool) {
        let deadline = Instant::now() + most;
        let mut events = self.lock();
        while !holds(&events) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in time at {}: {what}; it was told {events:#?}", self.name);
            events = self.events.1.wait_timeout(events, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until what has come is as wanted.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl FnMut(&[Value]) -> bool) {
        self.until_within(DEADLINE, what, holds);
    }

    /// Waits until somebody's coming (`joined`) or going (`disconnected`) is the last that was told of them.
    #[track_caller]
    pub fn sees(&self, most: Duration, name: &str, event: &str) {
        self.until_within(most, &format!("{name} {event}"), |events| {
            let of = events
                .iter()
                .rev()
                .find(|e| e["user"] == name && (e["event"] == "joined" || e["event"] == "disconnected"));
            of.is_some_and(|last| last["event"] == event)
        });
    }

    /// Everything that was said since it came, in the order of ids, oneself among those who said it.
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> =
            self.lock().iter().filter(|e| e["event"].is_null()).filter_map(message).collect();
        messages.sort();
        messages
    }

    /// What `/history 200` shows.
    #[track_caller]
    pub fn history(&mut self) -> Vec<Message> {
        let before = self.count();
        self.type_line("/history 200");
        let is_end = |e: &Value| e["event"] == "history_end";
        self.until("its history", |events| events[before..].iter().any(is_end));
        let events = self.lock();
        events[before..]
            .iter()
            .take_while(|e| !is_end(e))
            .filter(|e| e["event"] == "history")
            .filter_map(message)
            .collect()
    }

    /// Waits for a text among what it says to its user.
    #[track_caller]
    pub fn says(&self, text: &str) {
        self.until(text, |events| events.iter().any(|e| e["text"].as_str().is_some_and(|said| said.contains(text))));
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        eventually("it ends", || {
            ended = self.child.try_wait().expect("waiting for it");
            ended.is_some()
        });
        ended.expect("its end")
    }
}

/// Its files are in `folder` under its name.
fn keep_in(folder: &Path, name: &str, command: &mut Command) {
    for variable in ["XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env(variable, folder.join(name));
    }
}

fn message(event: &Value) -> Option<Message> {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    (event["type"] == "message").then(|| Some((event["id"].as_u64()?, text("user")?, text("text")?))).flatten()
}

impl Drop for Meshed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
