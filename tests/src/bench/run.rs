//! One cell from the first connection to the last figure.

use super::SERVER_FLAGS;
use super::cells::{Cell, Kind};
use super::crowd::{Crowd, Listener};
use super::gather::Gathering;
use super::histogram::Histogram;
use super::process::{Usage, usage};
use super::rooms::Rooms;
use super::script::Script;
use super::settle::settle;
use super::talk::Talk;
use super::tally::Verdict;
use anyhow::bail;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long one waiting may take, so that deadlines are noticed.
pub const TICK: Duration = Duration::from_millis(100);

/// How cells are run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long people talk, or are idle.
    pub time: Duration,
    /// The length of what they say; within [`super::TEXT_BYTES`].
    pub text_bytes: usize,
    /// When nothing has come for so long, nothing more will.
    pub patience: Duration,
}

/// The server.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process, if it is on this machine.
    pub process: Option<u32>,
    /// Goes into every name, so that runs on one server do not disturb each other. Empty for a server of its own.
    pub tag: String,
}

/// What was measured in a cell.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Until everybody was in.
    pub all_in: Duration,
    /// Until everybody had heard of all who came later.
    pub all_heard: Duration,
    /// Lines that were said (in cells without talk: none).
    pub lines: u64,
    /// Lines, or notices of somebody's coming, that reached somebody.
    pub deliveries: u64,
    /// How long that took (in idle cells: how long they were idle).
    pub time: Duration,
    /// Bytes that arrived in that time.
    pub bytes: u64,
    /// What the server used in that time.
    pub server: Option<Spent>,
    /// CPU time that the load itself used in that time.
    pub load_cpu: Option<Duration>,
    /// Until the member who came last heard a line.
    pub one: Histogram,
    /// Until everybody had heard it.
    pub all: Histogram,
    /// Whether the client that never reads was cut off, if there was one.
    pub cut: Option<bool>,
    /// What was wrong.
    pub verdict: Verdict,
}

/// What a server used.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// CPU time.
    pub cpu: Duration,
    /// Its memory before the first client came, in KiB.
    pub resident_before_kib: u64,
    /// Its memory at the end.
    pub resident_kib: u64,
}

/// A sentence about what the server did, and what to do about it.
pub fn to_do(what: &str) -> String {
    format!("the server {what}; for this load it must be started with {SERVER_FLAGS}, and without a password")
}

/// The use of server and load at one moment.
struct Meter {
    process: Option<u32>,
    before: Option<Usage>,
    start: Instant,
    server: Option<Usage>,
    load: Option<Usage>,
    bytes: u64,
}

impl Meter {
    fn new(target: &Target) -> Meter {
        let before = target.process.and_then(usage);
        let mut meter =
            Meter { process: target.process, before, start: Instant::now(), server: None, load: None, bytes: 0 };
        meter.restart(0);
        meter
    }

    fn restart(&mut self, bytes: u64) {
        self.server = self.process.and_then(usage);
        self.load = usage(std::process::id());
        self.bytes = bytes;
        self.start = Instant::now();
    }

    /// What was used since the last start; `end` is when the last thing came.
    fn read(&self, crowd: &Crowd, gathering: &Gathering<'_>, end: Instant) -> Figures {
        let spent = |(before, start): (Usage, Usage)| {
            let now = self.process.and_then(usage)?;
            Some(Spent {
                cpu: now.cpu.saturating_sub(start.cpu),
                resident_before_kib: before.resident_kib,
                resident_kib: now.resident_kib,
            })
        };
        let load = self.load.zip(usage(std::process::id()));
        Figures {
            all_in: gathering.all_in,
            all_heard: gathering.all_heard,
            lines: 0,
            deliveries: 0,
            time: end.saturating_duration_since(self.start),
            bytes: crowd.bytes - self.bytes,
            server: self.before.zip(self.server).and_then(spent),
            load_cpu: load.map(|(start, now)| now.cpu.saturating_sub(start.cpu)),
            one: Histogram::default(),
            all: Histogram::default(),
            cut: None,
            verdict: Verdict::default(),
        }
    }
}

/// Runs one cell.
///
/// # Errors
/// The server cannot be reached, does not let people in, or ends a connection. The text says what to do.
pub fn run(cell: &Cell, target: &Target, options: &Options) -> anyhow::Result<Figures> {
    let speakers = if let Kind::Talk { speakers, .. } = cell.kind { speakers } else { 0 };
    let script = Script::new(&target.tag, cell.rooms, speakers * cell.rooms, options.text_bytes);
    let mut crowd = Crowd::new()?;
    let mut meter = Meter::new(target);
    let mut gathering = Gathering::new(&script, cell.connections());
    gathering.run(&mut crowd, target.address, options.patience)?;
    let all_heard = meter.read(&crowd, &gathering, meter.start + gathering.all_heard);
    settle(&mut crowd, cell.connections(), options.patience, &mut gathering)?;
    let (notices, verdict) = (gathering.notices(), gathering.verdict());
    match cell.kind {
        Kind::Join => Ok(Figures { deliveries: notices, verdict, ..all_heard }),
        Kind::Idle => {
            meter.restart(crowd.bytes);
            idle(&mut crowd, options.time)?;
            Ok(Figures { verdict, ..meter.read(&crowd, &gathering, Instant::now()) })
        }
        Kind::Talk { load, stalled, .. } => {
            let rooms = Rooms::new(cell.rooms, cell.members, speakers);
            let mut talk = Talk::new(&script, rooms, speakers * cell.rooms, load);
            if stalled {
                crowd.stop_reading(cell.people());
            }
            meter.restart(crowd.bytes);
            talk.run(&mut crowd, options)?;
            let mut figures = meter.read(&crowd, &gathering, talk.progress);
            settle(&mut crowd, cell.people(), options.patience, &mut talk)?;
            figures.verdict += verdict;
            figures.verdict += talk.rooms.verdict();
            let (lines, deliveries) = (talk.rooms.lines(), talk.rooms.heard_in_all());
            let cut = stalled.then_some(talk.cut);
            Ok(Figures { lines, deliveries, one: talk.one, all: talk.all, cut, ..figures })
        }
    }
}

/// Everybody is silent for `time`; the server must be, too.
fn idle(crowd: &mut Crowd, time: Duration) -> anyhow::Result<()> {
    struct Silence(bool);
    impl Listener for Silence {
        fn line(&mut self, _: usize, _: &[u8], _: Instant) {}
        fn gone(&mut self, _: usize) {
            self.0 = true;
        }
    }
    let end = Instant::now() + time;
    let mut silence = Silence(false);
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        crowd.wait(left.min(TICK), &mut silence)?;
        if silence.0 {
            bail!(to_do("ended the connection of somebody who was silent"));
        }
    }
    Ok(())
}
