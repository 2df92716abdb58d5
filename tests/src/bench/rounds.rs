//! Clients that stay signed in and talk in rounds, to compare rounds with one difference between them.

use super::cells::{Cell, CellKind, Load};
use super::crowd::{ClientPool, LineHandler};
use super::gather::Gathering;
use super::histogram::Histogram;
use super::rooms::RoomTallies;
use super::run::{BenchTarget, Options, TICK, server_failure};
use super::script::{Received, Script};
use super::settle::wait_for_pongs;
use super::talk::TalkPhase;
use super::tally::DeliveryVerdict;
use anyhow::{Context, bail};
use std::time::Instant;

/// The clients of a cell, signed in from the first round to the last.
pub struct Rounds {
    script: Script,
    pool: ClientPool,
    cell: Cell,
    speakers: usize,
    load: Load,
    target: BenchTarget,
    options: Options,
}

/// Results of a round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Time from the sending of a line until every member of the room has it.
    pub all: Histogram,
    /// Errors in the round.
    pub verdict: DeliveryVerdict,
}

impl Rounds {
    /// Signs in all clients. `options` has the duration of a round.
    ///
    /// # Errors
    /// The cell has no speakers, or the server cannot be reached or refuses a client.
    pub fn gather(cell: &Cell, target: &BenchTarget, options: &Options) -> anyhow::Result<Rounds> {
        let CellKind::Talk { speakers, load, .. } = cell.kind else { bail!("cell {} has no speakers", cell.name) };
        let speakers = speakers * cell.rooms;
        let script = Script::new(&target.tag, cell.rooms, speakers, options);
        let mut pool = ClientPool::new(options.protocol)?;
        let mut gathering = Gathering::new(&script, cell.people());
        gathering.run(&mut pool, target.address, options.patience)?;
        wait_for_pongs(&mut pool, &script, cell.people(), options.patience, &mut gathering)?;
        let (cell, target, options) = (cell.clone(), target.clone(), *options);
        Ok(Rounds { script, pool, cell, speakers, load, target, options })
    }

    /// Runs a round: the speakers talk for its duration, then all lines are received.
    ///
    /// # Errors
    /// The server ends the connection of a client that reads, or reports an error.
    pub fn talk(&mut self) -> anyhow::Result<Round> {
        let rooms = RoomTallies::new(self.cell.rooms, self.cell.members, self.speakers);
        let mut talk = TalkPhase::new(&self.script, rooms, self.speakers, self.load);
        // Skip lines that arrived between the rounds.
        wait_for_pongs(&mut self.pool, &self.script, self.cell.people(), self.options.patience, &mut talk)?;
        talk.run(&mut self.pool, &self.options)?;
        wait_for_pongs(&mut self.pool, &self.script, self.cell.people(), self.options.patience, &mut talk)?;
        Ok(Round { verdict: talk.rooms.verdict(), all: talk.all })
    }

    /// Signs in one more client, which never reads afterwards. Returns its number, for [`Rounds::leave`].
    ///
    /// # Errors
    /// The server refuses the client.
    pub fn stall(&mut self) -> anyhow::Result<usize> {
        let member = self.pool.len();
        self.pool.connect(self.target.address)?;
        for message in self.script.sign_in(member) {
            self.pool.send(member, message.as_bytes()).with_context(|| server_failure("ended a connection"))?;
        }
        let mut waiter = SignInWaiter { script: &self.script, member, inside: false, gone: false };
        let begun = Instant::now();
        while !waiter.inside {
            self.pool.wait(TICK, &mut waiter)?;
            if waiter.gone || begun.elapsed() > self.options.patience {
                bail!(server_failure("does not let in one more"));
            }
        }
        self.pool.stop_reading(member);
        Ok(member)
    }

    /// Closes the connection of that client, if the server has not done so.
    pub fn leave(&mut self, member: usize) {
        self.pool.close(member);
    }
}

/// Waits until one client is signed in.
struct SignInWaiter<'s> {
    script: &'s Script,
    member: usize,
    inside: bool,
    gone: bool,
}

impl LineHandler for SignInWaiter<'_> {
    fn line(&mut self, member: usize, line: &[u8], _: Instant) {
        self.inside |= member == self.member && self.script.read(line) == Received::SignedIn;
    }

    fn gone(&mut self, _: usize) {
        self.gone = true;
    }
}
