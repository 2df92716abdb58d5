//! The talk phase: some clients of each room send lines, all others receive them, and every line is counted.

use super::cells::Load;
use super::crowd::{ClientPool, LineHandler};
use super::histogram::Histogram;
use super::rooms::RoomTallies;
use super::run::{Options, TICK, server_failure};
use super::script::{Received, Script};
use super::settle::PingListener;
use anyhow::{Context, bail};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The talk in all rooms.
#[derive(Debug)]
pub struct TalkPhase<'s> {
    script: &'s Script,
    load: Load,
    speakers: Vec<SpeakerState>,
    /// Speakers that may send their next line; one entry per line.
    free: Vec<usize>,
    line: Vec<u8>,
    pongs: usize,
    failure: Option<String>,
    /// Time when the last line was sent or received.
    pub progress: Instant,
    /// Accounts of the rooms.
    pub rooms: RoomTallies,
    /// Time from the sending of a line until the member with the highest number in the room has it.
    pub one: Histogram,
    /// Time from the sending of a line until every member of the room has it.
    pub all: Histogram,
    /// True if the server has disconnected a client that never reads.
    pub cut: bool,
}

/// Lines of a speaker that some members have not received yet.
#[derive(Debug, Default)]
struct SpeakerState {
    open: VecDeque<OpenLine>,
    /// Number of the first open line.
    first: u32,
}

#[derive(Debug)]
struct OpenLine {
    sent_at: Instant,
    /// Number of members that have received the line.
    received: usize,
}

impl<'s> TalkPhase<'s> {
    /// Creates the talk among the clients of `rooms`, of which the first `speakers` send lines.
    pub fn new(script: &'s Script, rooms: RoomTallies, speakers: usize, load: Load) -> TalkPhase<'s> {
        TalkPhase {
            script,
            load,
            speakers: (0..speakers).map(|_| SpeakerState::default()).collect(),
            free: Vec::new(),
            line: Vec::new(),
            pongs: 0,
            failure: None,
            progress: Instant::now(),
            rooms,
            one: Histogram::default(),
            all: Histogram::default(),
            cut: false,
        }
    }

    /// Sends lines for the time in `options`, then waits until all lines are received, or nothing arrives any more.
    ///
    /// # Errors
    /// The server ends a connection or reports an error. The message has advice.
    pub fn run(&mut self, pool: &mut ClientPool, options: &Options) -> anyhow::Result<()> {
        let start = Instant::now();
        self.progress = start;
        let each = match self.load {
            Load::Outstanding(lines) => lines as usize,
            Load::Serial => 1,
            Load::PerSecond(_) => 0,
        };
        let mut rounds = 0;
        self.free = (0..self.speakers.len() * each).map(|n| n % self.speakers.len()).collect();
        loop {
            let now = Instant::now();
            let over = now - start >= options.time;
            let done = self.rooms.is_complete();
            if over && done || !done && now - self.progress > options.patience {
                return Ok(());
            }
            let next = self.due(rounds).map(|due| start + due);
            if !over && next.is_some_and(|next| next <= now) {
                self.free.extend(0..self.speakers.len());
                rounds += 1;
            }
            self.speak(pool, over)?;
            let wait = next.map_or(TICK, |next| next.saturating_duration_since(now).min(TICK));
            pool.wait(if over { TICK } else { wait }, self)?;
            if let Some(failure) = self.take_failure() {
                bail!(failure);
            }
        }
    }

    /// Returns when a round begins, counted from the start, if the load goes by the clock.
    fn due(&self, round: u32) -> Option<Duration> {
        match self.load {
            Load::PerSecond(lines) => Some(Duration::from_secs(1) * round / lines),
            Load::Outstanding(_) | Load::Serial => None,
        }
    }

    /// Sends a line of each free speaker, unless the time is over.
    fn speak(&mut self, pool: &mut ClientPool, over: bool) -> anyhow::Result<()> {
        let mut free = std::mem::take(&mut self.free);
        for speaker in free.drain(..).filter(|_| !over) {
            let number = self.rooms.said(speaker);
            self.script.write(speaker, number, &mut self.line);
            self.progress = Instant::now();
            self.speakers[speaker].open.push_back(OpenLine { sent_at: self.progress, received: 0 });
            pool.send(speaker, &self.line)
                .with_context(|| server_failure(&format!("ended the connection of {}", self.script.name(speaker))))?;
        }
        self.free = free;
        Ok(())
    }

    /// Counts a received line, records its latency, and frees the speaker if the load allows the next line.
    fn heard(&mut self, member: usize, speaker: usize, number: u32, now: Instant) {
        if !self.rooms.heard(member, speaker, number) {
            return;
        }
        self.progress = now;
        let SpeakerState { open, first } = &mut self.speakers[speaker];
        let Some(line) = open.get_mut(number.wrapping_sub(*first) as usize) else { return };
        line.received += 1;
        let others = self.rooms.others();
        let reached_last = self.rooms.is_last(member);
        let reached_all = line.received == others;
        let latency = now.saturating_duration_since(line.sent_at);
        if reached_last {
            self.one.record(latency);
        }
        if reached_all {
            self.all.record(latency);
        }
        while open.front().is_some_and(|line| line.received == others) {
            open.pop_front();
            *first += 1;
        }
        let freed = match self.load {
            Load::Outstanding(_) => reached_last,
            Load::Serial => reached_all,
            Load::PerSecond(_) => false,
        };
        if freed {
            self.free.push(speaker);
        }
    }
}

impl PingListener for TalkPhase<'_> {
    fn answers(&self) -> usize {
        self.pongs
    }

    fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }
}

impl LineHandler for TalkPhase<'_> {
    fn line(&mut self, member: usize, line: &[u8], now: Instant) {
        match self.script.read(line) {
            Received::Line { speaker, .. } if speaker == member && self.script.echoes() => {}
            Received::Line { speaker, number } => self.heard(member, speaker, number, now),
            Received::Damaged => self.rooms.wrong(),
            Received::Pong => self.pongs += 1,
            Received::Left(member) => self.cut |= member >= self.rooms.people(),
            Received::Failure => {
                self.failure = Some(server_failure(&format!("says {:?}", String::from_utf8_lossy(line))));
            }
            Received::SignedIn
            | Received::Greeting
            | Received::Connected(_)
            | Received::Gathered(_)
            | Received::Other => {}
        }
    }

    fn gone(&mut self, member: usize) {
        let name = self.script.name(member);
        self.failure.get_or_insert_with(|| server_failure(&format!("ended the connection of {name}, who was reading")));
    }
}
