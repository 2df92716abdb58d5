//! A crowd that stays, and talks in rounds: what changes between two rounds is what is compared.

use super::cells::{Cell, Kind, Load};
use super::crowd::{Crowd, Listener};
use super::gather::Gathering;
use super::histogram::Histogram;
use super::rooms::Rooms;
use super::run::{Options, TICK, Target, to_do};
use super::script::Script;
use super::settle::settle;
use super::talk::Talk;
use super::tally::Verdict;
use anyhow::{Context, bail};
use std::time::Instant;

/// The people of a cell, who are there from the first round to the last.
pub struct Rounds {
    script: Script,
    crowd: Crowd,
    cell: Cell,
    speakers: usize,
    load: Load,
    target: Target,
    options: Options,
}

/// What was measured in a round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Until everybody had heard a line.
    pub all: Histogram,
    /// What was wrong.
    pub verdict: Verdict,
}

impl Rounds {
    /// Everybody comes. A round takes the time that is in the options.
    ///
    /// # Errors
    /// Nobody talks in this cell; or the server cannot be reached, or does not let people in.
    pub fn gather(cell: &Cell, target: &Target, options: &Options) -> anyhow::Result<Rounds> {
        let Kind::Talk { speakers, load, .. } = cell.kind else { bail!("nobody talks in {}", cell.name) };
        let speakers = speakers * cell.rooms;
        let script = Script::new(&target.tag, cell.rooms, speakers, options.text_bytes);
        let (mut crowd, mut gathering) = (Crowd::new()?, Gathering::new(&script, cell.people()));
        gathering.run(&mut crowd, target.address, options.patience)?;
        settle(&mut crowd, cell.people(), options.patience, &mut gathering)?;
        let (cell, target, options) = (cell.clone(), target.clone(), *options);
        Ok(Rounds { script, crowd, cell, speakers, load, target, options })
    }

    /// Everybody talks for the time of a round, and until all is heard.
    ///
    /// # Errors
    /// The server ends the connection of somebody who reads, or complains.
    pub fn talk(&mut self) -> anyhow::Result<Round> {
        let rooms = Rooms::new(self.cell.rooms, self.cell.members, self.speakers);
        let mut talk = Talk::new(&self.script, rooms, self.speakers, self.load);
        // What came between the rounds is none of this one's.
        settle(&mut self.crowd, self.cell.people(), self.options.patience, &mut talk)?;
        talk.run(&mut self.crowd, &self.options)?;
        settle(&mut self.crowd, self.cell.people(), self.options.patience, &mut talk)?;
        Ok(Round { verdict: talk.rooms.verdict(), all: talk.all })
    }

    /// One more comes, and never reads. Returns a number for [`Rounds::leave`].
    ///
    /// # Errors
    /// The server does not let them in.
    pub fn stall(&mut self) -> anyhow::Result<usize> {
        let member = self.crowd.len();
        self.crowd.connect(self.target.address)?;
        let sign_in = self.script.sign_in(member);
        self.crowd.send(member, sign_in.as_bytes()).with_context(|| to_do("ended a connection"))?;
        let (mut door, begun) = (Door { member, inside: false, gone: false }, Instant::now());
        while !door.inside {
            self.crowd.wait(TICK, &mut door)?;
            if door.gone || begun.elapsed() > self.options.patience {
                bail!(to_do("does not let in one more"));
            }
        }
        self.crowd.stop_reading(member);
        Ok(member)
    }

    /// That one goes, if the server has not ended it.
    pub fn leave(&mut self, member: usize) {
        self.crowd.hang_up(member);
    }
}

/// Waits until somebody is in.
struct Door {
    member: usize,
    inside: bool,
    gone: bool,
}

impl Listener for Door {
    fn line(&mut self, member: usize, line: &[u8], _: Instant) {
        self.inside |= member == self.member && line.starts_with(b"200");
    }

    fn gone(&mut self, _: usize) {
        self.gone = true;
    }
}
