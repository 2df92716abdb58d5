//! Some of the people in each room talk, all of them listen, and everything is counted.

use super::cells::Load;
use super::crowd::{Crowd, Listener};
use super::histogram::Histogram;
use super::rooms::Rooms;
use super::run::{Options, TICK, to_do};
use super::script::{Heard, Script};
use super::settle::{PONG, Settles};
use anyhow::{Context, bail};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What is said and heard in all rooms.
#[derive(Debug)]
pub struct Talk<'s> {
    script: &'s Script,
    load: Load,
    speakers: Vec<Speaker>,
    /// Who may say the next line.
    free: Vec<usize>,
    line: Vec<u8>,
    pongs: usize,
    trouble: Option<String>,
    /// When the last line was said or heard.
    pub progress: Instant,
    /// Who heard what.
    pub rooms: Rooms,
    /// Until the member who came last to the room heard a line.
    pub one: Histogram,
    /// Until everybody had heard it.
    pub all: Histogram,
    /// Somebody who never reads was cut off.
    pub cut: bool,
}

/// A speaker's lines that not everybody has heard yet.
#[derive(Debug, Default)]
struct Speaker {
    open: VecDeque<Open>,
    /// The number of the first of them.
    first: u32,
}

#[derive(Debug)]
struct Open {
    said: Instant,
    heard: usize,
}

impl<'s> Talk<'s> {
    /// Among people who read, of whom the first `speakers` talk.
    pub fn new(script: &'s Script, rooms: Rooms, speakers: usize, load: Load) -> Talk<'s> {
        Talk {
            script,
            load,
            speakers: (0..speakers).map(|_| Speaker::default()).collect(),
            free: Vec::new(),
            line: Vec::new(),
            pongs: 0,
            trouble: None,
            progress: Instant::now(),
            rooms,
            one: Histogram::default(),
            all: Histogram::default(),
            cut: false,
        }
    }

    /// Talks for its time, and then waits until everything is heard, or nothing more comes.
    ///
    /// # Errors
    /// The server ends somebody's connection, or complains. The text says what to do.
    pub fn run(&mut self, crowd: &mut Crowd, options: &Options) -> anyhow::Result<()> {
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
            self.speak(crowd, over)?;
            let wait = next.map_or(TICK, |next| next.saturating_duration_since(now).min(TICK));
            crowd.wait(if over { TICK } else { wait }, self)?;
            if let Some(trouble) = self.take_trouble() {
                bail!(trouble);
            }
        }
    }

    /// When the round with that number begins, if the load goes by the clock.
    fn due(&self, round: u32) -> Option<Duration> {
        match self.load {
            Load::PerSecond(lines) => Some(Duration::from_secs(1) * round / lines),
            Load::Outstanding(_) | Load::Serial => None,
        }
    }

    /// Everybody who may says a line, unless the time is over.
    fn speak(&mut self, crowd: &mut Crowd, over: bool) -> anyhow::Result<()> {
        let mut free = std::mem::take(&mut self.free);
        for speaker in free.drain(..).filter(|_| !over) {
            let number = self.rooms.said(speaker);
            self.script.write(speaker, number, &mut self.line);
            self.progress = Instant::now();
            self.speakers[speaker].open.push_back(Open { said: self.progress, heard: 0 });
            crowd
                .send(speaker, &self.line)
                .with_context(|| to_do(&format!("ended the connection of {}", self.script.name(speaker))))?;
        }
        self.free = free;
        Ok(())
    }

    fn heard(&mut self, member: usize, speaker: usize, number: u32, now: Instant) {
        if !self.rooms.heard(member, speaker, number) {
            return;
        }
        self.progress = now;
        let Speaker { open, first } = &mut self.speakers[speaker];
        let Some(line) = open.get_mut(number.wrapping_sub(*first) as usize) else { return };
        line.heard += 1;
        let others = self.rooms.others();
        let (one, all) = (self.rooms.is_last(member), line.heard == others);
        let took = now.saturating_duration_since(line.said);
        if one {
            self.one.record(took);
        }
        if all {
            self.all.record(took);
        }
        while open.front().is_some_and(|line| line.heard == others) {
            open.pop_front();
            *first += 1;
        }
        let freed = match self.load {
            Load::Outstanding(_) => one,
            Load::Serial => all,
            Load::PerSecond(_) => false,
        };
        if freed {
            self.free.push(speaker);
        }
    }

    /// What is no line of this run: people who come and go, answers, complaints.
    fn other(&mut self, line: &[u8]) {
        if line == PONG {
            self.pongs += 1;
        } else if let Some((who, b" has left the chatroom")) = self.script.presence(line) {
            self.cut |= who >= self.rooms.people();
        } else if line.starts_with(b"INFO: ") || line.starts_with(b"ERROR: ") {
            self.trouble = Some(to_do(&format!("says {:?}", String::from_utf8_lossy(line))));
        }
    }
}

impl Settles for Talk<'_> {
    fn answers(&self) -> usize {
        self.pongs
    }

    fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

impl Listener for Talk<'_> {
    fn line(&mut self, member: usize, line: &[u8], now: Instant) {
        match self.script.read(line) {
            Heard::Line { speaker, number } => self.heard(member, speaker, number, now),
            Heard::Damaged => self.rooms.wrong(),
            Heard::Other => self.other(line),
        }
    }

    fn gone(&mut self, member: usize) {
        let name = self.script.name(member);
        self.trouble.get_or_insert_with(|| to_do(&format!("ended the connection of {name}, who was reading")));
    }
}
