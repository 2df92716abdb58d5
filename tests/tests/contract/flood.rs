//! Somebody who talks without a pause, and a witness who hears all of it, while a test does something in the same room.

use crate::party::ROOM;
use landline_tests::{Client, DEADLINE, TestServer};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex};
use std::time::Instant;

/// Lines that may be under way: enough to keep cycles busy, too few to cut anybody off.
const WINDOW: usize = 64;
/// Lines in one write.
const BURST: usize = 8;

/// What is known of the talk so far. It is numbered: `<0>`, `<1>`…
#[derive(Default)]
pub struct Flood {
    said: AtomicUsize,
    heard: Mutex<usize>,
    moved: Condvar,
    over: AtomicBool,
}

/// Ends the talk also when the test fails.
struct Over<'a>(&'a Flood);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, SeqCst);
    }
}

impl Flood {
    /// Runs `test` while somebody says `<0>`, `<1>`… behind `command`, in the room or to everybody.
    pub fn during(server: &TestServer, command: &str, test: impl FnOnce(&Flood)) {
        let flood = Flood::default();
        let (mut talker, mut witness) = (server.guest("talker", ROOM), server.guest("witness", ROOM));
        let (credit, credits) = channel();
        let flood = &flood;
        std::thread::scope(|scope| {
            scope.spawn(move || flood.talk(&mut talker, command, &credits));
            scope.spawn(move || flood.listen(&mut witness, &credit));
            let _over = Over(flood);
            flood.wait_for_more();
            test(flood);
        });
    }

    fn talk(&self, talker: &mut Client, command: &str, credits: &Receiver<()>) {
        let mut next = 0;
        while !self.over.load(SeqCst) {
            if next >= WINDOW {
                for _ in 0..BURST {
                    credits.recv_timeout(DEADLINE).expect("the witness hears everything");
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
            assert_eq!(number(&line), Some(expected), "the witness heard {line}");
            *self.heard.lock().unwrap() = expected + 1;
            self.moved.notify_all();
            let _ = credit.send(());
        }
    }

    /// So many lines are certainly in the room's log.
    pub fn heard(&self) -> usize {
        *self.heard.lock().unwrap()
    }

    /// Lines from this one on will certainly be said later.
    pub fn not_yet_said(&self) -> usize {
        self.said.load(SeqCst) + BURST
    }

    /// Waits until some more was said and heard.
    pub fn wait_for_more(&self) {
        let (mut heard, deadline) = (self.heard.lock().unwrap(), Instant::now() + DEADLINE);
        let enough = *heard + 2 * BURST;
        while *heard < enough {
            let left = deadline.checked_duration_since(Instant::now()).expect("the talk goes on");
            heard = self.moved.wait_timeout(heard, left).unwrap().0;
        }
    }
}

/// The number of a line of the talk, in whatever rendering.
pub fn number(line: &str) -> Option<usize> {
    let (_, text) = line.split_once('<')?;
    text.split_once('>')?.0.parse().ok()
}

/// A client in the middle of the talk.
pub trait Listen {
    /// The next line of talk.
    fn until_talk(&mut self) -> String;
    /// The next line of talk of one person.
    fn until_talk_of(&mut self, user: &str) -> String;
    /// Lines up to one that is `last`, or begins with it, and which are not returned.
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
