//! The sign-in phase: all clients connect, sign in, and receive the presence notices of later ones.

use super::arrivals::Arrivals;
use super::crowd::{ClientPool, LineHandler};
use super::run::{TICK, server_failure};
use super::script::{Received, Script};
use super::settle::PingListener;
use super::tally::DeliveryVerdict;
use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Sign-ins under way at once. A server limits connections that are not signed in.
pub(super) const AT_ONCE: usize = 64;

/// Clients that sign in, and the account of their presence notices.
#[derive(Debug)]
pub struct Gathering<'s> {
    script: &'s Script,
    arrivals: Arrivals,
    /// True for each client that is signed in.
    inside: Vec<bool>,
    /// Number of clients that are signed in.
    count: usize,
    pongs: usize,
    progress: Instant,
    failure: Option<String>,
    /// Time until the last client was signed in.
    pub all_in: Duration,
    /// Time until all notices had arrived.
    pub all_heard: Duration,
}

impl<'s> Gathering<'s> {
    /// Prepares to sign in `people` clients.
    pub fn new(script: &'s Script, people: usize) -> Gathering<'s> {
        Gathering {
            script,
            arrivals: Arrivals::new(people),
            inside: vec![false; people],
            count: 0,
            pongs: 0,
            progress: Instant::now(),
            failure: None,
            all_in: Duration::ZERO,
            all_heard: Duration::ZERO,
        }
    }

    /// Signs in all clients, and waits until all notices have arrived, or nothing arrives for `patience`.
    ///
    /// # Errors
    /// The server refuses a client or does not answer. The message has advice.
    pub fn run(&mut self, pool: &mut ClientPool, address: SocketAddr, patience: Duration) -> anyhow::Result<()> {
        let start = Instant::now();
        let people = self.inside.len();
        self.progress = start;
        while (self.count < people || !self.arrivals.is_complete()) && self.progress.elapsed() <= patience {
            while pool.len() < people && pool.len() - self.count < AT_ONCE {
                self.start_sign_in(pool, address)?;
            }
            let waiting = self.count < people;
            pool.wait(TICK, self)?;
            if waiting && self.count == people {
                self.all_in = self.progress - start;
            }
            if let Some(failure) = self.take_failure() {
                bail!(failure);
            }
        }
        if self.count < people {
            bail!("the server let in {} of {people} clients, then nothing more arrived", self.count);
        }
        self.all_heard = self.progress - start;
        Ok(())
    }

    /// Connects one more client and sends its sign-in.
    fn start_sign_in(&mut self, pool: &mut ClientPool, address: SocketAddr) -> anyhow::Result<()> {
        pool.connect(address)?;
        let member = pool.len() - 1;
        for message in self.script.sign_in(member) {
            pool.send(member, message.as_bytes())
                .with_context(|| server_failure(&format!("ended the connection of {}", self.script.name(member))))?;
        }
        self.progress = Instant::now();
        Ok(())
    }

    /// Returns the number of presence notices.
    pub fn notices(&self) -> u64 {
        self.arrivals.heard_in_all()
    }

    /// Returns the errors in the presence notices.
    pub fn verdict(&self) -> DeliveryVerdict {
        self.arrivals.verdict()
    }

    fn let_in(&mut self, member: usize) {
        self.inside[member] = true;
        self.count += 1;
        self.arrivals.let_in(member);
    }
}

impl PingListener for Gathering<'_> {
    fn answers(&self) -> usize {
        self.pongs
    }

    fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }
}

impl LineHandler for Gathering<'_> {
    fn line(&mut self, member: usize, line: &[u8], now: Instant) {
        self.progress = now;
        match self.script.read(line) {
            Received::Connected(newcomer) => self.arrivals.heard(member, newcomer),
            Received::Gathered(newcomers) => self.arrivals.heard_together(member, newcomers),
            Received::SignedIn if !self.inside[member] => self.let_in(member),
            Received::Pong => self.pongs += 1,
            // A busy server greets before it has read the sign-in.
            Received::Greeting => {}
            _ if !self.inside[member] => {
                let line = String::from_utf8_lossy(line);
                self.failure = Some(server_failure(&format!("does not let {} in: {line}", self.script.name(member))));
            }
            _ => {}
        }
    }

    fn gone(&mut self, member: usize) {
        let name = self.script.name(member);
        self.failure.get_or_insert_with(|| server_failure(&format!("ended the connection of {name}")));
    }
}
