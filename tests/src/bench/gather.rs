//! Everybody comes: connects, signs in, and hears of all who come later.

use super::arrivals::Arrivals;
use super::crowd::{Crowd, Listener};
use super::run::{TICK, to_do};
use super::script::Script;
use super::settle::{PONG, Settles};
use super::tally::Verdict;
use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Sign-ins on their way at once; a server keeps few that are not signed in.
pub(super) const AT_ONCE: usize = 64;

/// People who come, and what they hear of each other.
#[derive(Debug)]
pub struct Gathering<'s> {
    script: &'s Script,
    arrivals: Arrivals,
    inside: Vec<bool>,
    count: usize,
    pongs: usize,
    progress: Instant,
    trouble: Option<String>,
    /// Until the last one was let in.
    pub all_in: Duration,
    /// Until everybody had heard of all who came later.
    pub all_heard: Duration,
}

impl<'s> Gathering<'s> {
    /// Nobody has come yet.
    pub fn new(script: &'s Script, people: usize) -> Gathering<'s> {
        Gathering {
            script,
            arrivals: Arrivals::new(people),
            inside: vec![false; people],
            count: 0,
            pongs: 0,
            progress: Instant::now(),
            trouble: None,
            all_in: Duration::ZERO,
            all_heard: Duration::ZERO,
        }
    }

    /// Brings everybody into the room, and waits until everybody has heard of all who came later, or nothing comes.
    ///
    /// # Errors
    /// The server does not let somebody in, or does not answer. The text says what to do.
    pub fn run(&mut self, crowd: &mut Crowd, address: SocketAddr, patience: Duration) -> anyhow::Result<()> {
        let (start, people) = (Instant::now(), self.inside.len());
        self.progress = start;
        while (self.count < people || !self.arrivals.is_complete()) && self.progress.elapsed() <= patience {
            while crowd.len() < people && crowd.len() - self.count < AT_ONCE {
                self.come(crowd, address)?;
            }
            let waiting = self.count < people;
            crowd.wait(TICK, self)?;
            if waiting && self.count == people {
                self.all_in = self.progress - start;
            }
            if let Some(trouble) = self.take_trouble() {
                bail!(trouble);
            }
        }
        if self.count < people {
            bail!("the server let in {} of {people} people, and then nothing more came", self.count);
        }
        self.all_heard = self.progress - start;
        Ok(())
    }

    fn come(&mut self, crowd: &mut Crowd, address: SocketAddr) -> anyhow::Result<()> {
        crowd.connect(address)?;
        let member = crowd.len() - 1;
        let sent = crowd.send(member, self.script.sign_in(member).as_bytes());
        self.progress = Instant::now();
        sent.with_context(|| to_do(&format!("ended the connection of {}", self.script.name(member))))
    }

    /// How often somebody has heard of somebody.
    pub fn notices(&self) -> u64 {
        self.arrivals.heard_in_all()
    }

    /// What was wrong with that.
    pub fn verdict(&self) -> Verdict {
        self.arrivals.verdict()
    }

    /// `+37 joined, 12 left: …`
    fn together(&mut self, member: usize, line: &[u8]) {
        let joined = line.split(|b| *b == b' ').next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
        if let Some(joined) = joined {
            self.arrivals.heard_together(member, joined);
        }
    }

    /// The answer to a sign-in.
    fn answer(&mut self, member: usize, line: &[u8]) {
        if line.starts_with(b"200") {
            self.inside[member] = true;
            self.count += 1;
            self.arrivals.let_in(member);
        } else if !line.starts_with(b"Authorise MODE?") {
            // A busy server greets before it has read what we say at once.
            let said = String::from_utf8_lossy(line);
            self.trouble = Some(to_do(&format!("does not let {} in: {said}", self.script.name(member))));
        }
    }
}

impl Settles for Gathering<'_> {
    fn answers(&self) -> usize {
        self.pongs
    }

    fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

impl Listener for Gathering<'_> {
    fn line(&mut self, member: usize, line: &[u8], now: Instant) {
        self.progress = now;
        match self.script.presence(line) {
            Some((newcomer, b" has connected to the chatroom")) => self.arrivals.heard(member, newcomer),
            None if line.starts_with(b"+") => self.together(member, line),
            None if !self.inside[member] => self.answer(member, line),
            None if line == PONG => self.pongs += 1,
            Some(_) | None => {}
        }
    }

    fn gone(&mut self, member: usize) {
        let name = self.script.name(member);
        self.trouble.get_or_insert_with(|| to_do(&format!("ended the connection of {name}")));
    }
}
