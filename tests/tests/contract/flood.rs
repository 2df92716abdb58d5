//! A load for tests: a talker sends numbered lines without a pause, and a witness checks that it receives all of them.
//! Meanwhile the test acts in the same room.

use crate::party::ROOM;
use landline_tests::{Client, DEADLINE, TestServer};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex};
use std::time::Instant;

/// Lines that the witness may be behind: enough to keep cycles busy, too few to fill a backlog.
const WINDOW: usize = 64;
/// Lines per write.
const BURST: usize = 8;

/// Progress of the talk. The lines are `<0>`, `<1>`…
#[derive(Default)]
pub struct Flood {
    said: AtomicUsize,
    heard: Mutex<usize>,
    progressed: Condvar,
    is_over: AtomicBool,
}

/// Ends the talk on drop, so also when the test fails.
struct EndOnDrop<'a>(&'a Flood);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, SeqCst);
    }
}

impl Flood {
    /// Runs `test` while the talker sends `<0>`, `<1>`…, each with `command` in front (`/all `, or nothing for the
    /// room).
    pub fn during(server: &TestServer, command: &str, test: impl FnOnce(&Flood)) {
        let flood = Flood::default();
        let mut talker = server.guest("talker", ROOM);
        let mut witness = server.guest("witness", ROOM);
        let (credit, credits) = channel();
        let flood = &flood;
        std::thread::scope(|scope| {
            scope.spawn(move || flood.talk(&mut talker, command, &credits));
            scope.spawn(move || flood.listen(&mut witness, &credit));
            let _over = EndOnDrop(flood);
            flood.wait_for_more();
            test(flood);
        });
    }

    fn talk(&self, talker: &mut Client, command: &str, credits: &Receiver<()>) {
        let mut next = 0;
        while !self.is_over.load(SeqCst) {
            if next >= WINDOW {
                for _ in 0..BURST {
                    credits.recv_timeout(DEADLINE).expect("a line that the witness received");
                }
            }
            let lines: String = (next..next + BURST).map(|n| format!("{command}<{n}>\n")).collect();
            talker.send_bytes(lines.as_bytes());
            next += BURST;
            self.said.store(next, SeqCst);
        }
        talker.send(&format!("{command}<end>"));
    }

    fn listen(&self, witness: &mut Client, credit: &Sender<()>) {
        for expected in 0.. {
            let line = witness.until_talk_of("talker");
            if line.ends_with("<end>") {
                return;
            }
            assert_eq!(number(&line), Some(expected), "the witness received {line}");
            *self.heard.lock().unwrap() = expected + 1;
            self.progressed.notify_all();
            let _ = credit.send(());
        }
    }

    /// Returns the number of lines that are certainly in the room's log.
    pub fn heard(&self) -> usize {
        *self.heard.lock().unwrap()
    }

    /// Returns the number of a line that has certainly not been sent yet.
    pub fn not_yet_said(&self) -> usize {
        self.said.load(SeqCst) + BURST
    }

    /// Waits until the witness has received some more lines.
    pub fn wait_for_more(&self) {
        let mut heard = self.heard.lock().unwrap();
        let deadline = Instant::now() + DEADLINE;
        let enough = *heard + 2 * BURST;
        while *heard < enough {
            let left = deadline.checked_duration_since(Instant::now()).expect("more lines within the deadline");
            heard = self.progressed.wait_timeout(heard, left).unwrap().0;
        }
    }
}

/// Reads the number of a line, in any rendering; `None` if the line is not part of the talk.
pub fn number(line: &str) -> Option<usize> {
    let (_, text) = line.split_once('<')?;
    text.split_once('>')?.0.parse().ok()
}

/// Reading lines of the talk.
pub trait Listen {
    /// Returns the next line of talk.
    fn until_talk(&mut self) -> String;
    /// Returns the next line of talk that names `user`.
    fn until_talk_of(&mut self, user: &str) -> String;
    /// Returns the lines before the next one that begins with `last`.
    fn lines_to(&mut self, last: &str) -> Vec<String>;
}

impl Listen for Client {
    fn until_talk(&mut self) -> String {
        loop {
            let line = self.line();
            if line.contains('<') {
                return line;
            }
        }
    }

    fn until_talk_of(&mut self, user: &str) -> String {
        loop {
            let line = self.until_talk();
            if line.contains(user) {
                return line;
            }
        }
    }

    fn lines_to(&mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            if line.starts_with(last) {
                return lines;
            }
            lines.push(line);
        }
    }
}
