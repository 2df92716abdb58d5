//! A `landline mesh` process, driven as a script would: lines in, JSON events out.

use crate::{DEADLINE, Host, Lan, Program, eventually};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Received events, and a condition variable for new ones.
type SharedEvents = Arc<(Mutex<Vec<Value>>, Condvar)>;

/// A member of a mesh.
pub struct MeshProcess {
    /// Name of the member.
    pub name: String,
    child: Child,
    /// `None` after [`MeshProcess::close_stdin`].
    stdin: Option<ChildStdin>,
    events: SharedEvents,
}

/// A message: id, author and text.
pub type MeshMessage = (u64, String, String);

impl MeshProcess {
    /// Starts a member on a host, with its files in `folder/name`.
    pub fn start(lan: &Lan, host: Host, name: &str, folder: &Path, more: &[&str]) -> MeshProcess {
        let mut command = Program::client();
        command.args(["mesh", "--json", name]).args(more);
        set_folders(folder, name, &mut command);
        MeshProcess::of(&mut lan.on(host, &command), name)
    }

    /// Returns the command for a member on loopback, with `port` as the UDP port for hellos.
    pub fn on_loopback(port: u16, name: &str, folder: &Path, more: &[&str]) -> Command {
        let mut command = Program::client();
        command.args(["mesh", "--port", &port.to_string()]).args(more).args([name, "127.0.0.1"]);
        set_folders(folder, name, &mut command);
        command
    }

    /// Returns a free UDP port for hellos.
    pub fn free_port() -> u16 {
        UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
    }

    /// Starts a member from its command.
    pub fn of(command: &mut Command, name: &str) -> MeshProcess {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starting landline");
        let events = SharedEvents::default();
        let out = child.stdout.take().expect("a pipe");
        let events_there = events.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("JSON");
                events_there.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
                events_there.1.notify_all();
            }
        });
        let stdin = child.stdin.take();
        MeshProcess { name: name.to_owned(), child, stdin, events }
    }

    /// Writes a line to standard input. Several threads may do so at once.
    pub fn type_line(&self, line: &str) {
        let mut stdin = self.stdin.as_ref().expect("more lines");
        stdin.write_all(format!("{line}\n").as_bytes()).expect("writing to landline");
    }

    /// Closes standard input.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.events.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of received events.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Waits until `holds` returns true for the received events, at most for `timeout`.
    #[track_caller]
    pub fn until_within(&self, timeout: Duration, what: &str, mut holds: impl FnMut(&[Value]) -> bool) {
        let deadline = Instant::now() + timeout;
        let mut events = self.lock();
        while !holds(&events) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in time at {}: {what}; events: {events:#?}", self.name);
            events = self.events.1.wait_timeout(events, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until `holds` returns true for the received events.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl FnMut(&[Value]) -> bool) {
        self.until_within(DEADLINE, what, holds);
    }

    /// Waits until the last presence event of user `name` is `event` (`joined` or `disconnected`).
    #[track_caller]
    pub fn wait_for_presence(&self, timeout: Duration, name: &str, event: &str) {
        self.until_within(timeout, &format!("{name} {event}"), |events| {
            let last = events
                .iter()
                .rev()
                .find(|e| e["user"] == name && (e["event"] == "joined" || e["event"] == "disconnected"));
            last.is_some_and(|last| last["event"] == event)
        });
    }

    /// Returns all live messages, also the member's own, ordered by id.
    pub fn messages(&self) -> Vec<MeshMessage> {
        let mut messages: Vec<MeshMessage> =
            self.lock().iter().filter(|e| e["event"].is_null()).filter_map(message).collect();
        messages.sort();
        messages
    }

    /// Returns the messages that `/history 200` shows.
    #[track_caller]
    pub fn history(&mut self) -> Vec<MeshMessage> {
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

    /// Waits for an event whose text contains `text`.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        let contains = |event: &Value| event["text"].as_str().is_some_and(|shown| shown.contains(text));
        self.until(text, |events| events.iter().any(contains));
    }

    /// Sends a signal to the process, by name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    /// Returns the process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process has ended.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the process ends", || {
            status = self.child.try_wait().expect("waiting for the process");
            status.is_some()
        });
        status.expect("an exit status")
    }
}

/// Sets the folders of a member's files to `folder/name`.
fn set_folders(folder: &Path, name: &str, command: &mut Command) {
    for variable in ["XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env(variable, folder.join(name));
    }
}

/// Reads a message out of an event; `None` for an event of another type.
fn message(event: &Value) -> Option<MeshMessage> {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    (event["type"] == "message").then(|| Some((event["id"].as_u64()?, text("user")?, text("text")?))).flatten()
}

impl Drop for MeshProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
