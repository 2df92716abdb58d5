//! Runs one cell, from the first connection to the results.

use super::SERVER_FLAGS;
use super::cells::{Cell, CellKind};
use super::crowd::{ClientPool, LineHandler};
use super::gather::Gathering;
use super::histogram::Histogram;
use super::process::{Usage, usage};
use super::rooms::RoomTallies;
use super::script::Script;
use super::settle::wait_for_pongs;
use super::talk::TalkPhase;
use super::tally::DeliveryVerdict;
use super::wire::ClientProtocol;
use anyhow::bail;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Maximum duration of one wait, so that deadlines are checked.
pub const TICK: Duration = Duration::from_millis(100);

/// Settings for a run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Duration of the talk or idle phase.
    pub time: Duration,
    /// Bytes of each text; within [`super::TEXT_BYTES`].
    pub text_bytes: usize,
    /// Time without any line after which a phase ends: nothing more is expected.
    pub patience: Duration,
    /// Protocol of all clients.
    pub protocol: ClientProtocol,
}

/// The server under test.
#[derive(Clone, Debug)]
pub struct BenchTarget {
    /// Address of the server.
    pub address: SocketAddr,
    /// Process id of the server, if it is on this machine.
    pub process: Option<u32>,
    /// Suffix of all names, so that several runs on one server do not disturb each other. Empty for a server used by
    /// one run only.
    pub tag: String,
}

/// Results of a cell.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Time until all clients were signed in.
    pub all_in: Duration,
    /// Time until all presence notices had arrived.
    pub all_heard: Duration,
    /// Lines sent; 0 in cells without talk.
    pub lines: u64,
    /// Lines or presence notices received, counted per client.
    pub deliveries: u64,
    /// Duration of the measured phase.
    pub time: Duration,
    /// Bytes received in that time.
    pub bytes: u64,
    /// Resources that the server used in that time.
    pub server: Option<Spent>,
    /// CPU time of the load generator in that time.
    pub load_cpu: Option<Duration>,
    /// Time from the sending of a line until the member with the highest number in the room has it.
    pub one: Histogram,
    /// Time from the sending of a line until every member of the room has it.
    pub all: Histogram,
    /// Whether the server has disconnected the client that never reads, if there was one.
    pub cut: Option<bool>,
    /// Errors.
    pub verdict: DeliveryVerdict,
}

/// Resources that a server used.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// CPU time.
    pub cpu: Duration,
    /// Resident memory before the first client, in KiB.
    pub resident_before_kib: u64,
    /// Resident memory at the end, in KiB.
    pub resident_kib: u64,
}

/// Formats a failure of the server, with advice.
pub fn server_failure(what: &str) -> String {
    format!("the server {what}; for this load it must be started with {SERVER_FLAGS}, and without a password")
}

/// Resource usage of server and load generator at the start of a phase.
struct Meter {
    process: Option<u32>,
    before: Option<Usage>,
    start: Instant,
    server: Option<Usage>,
    load: Option<Usage>,
    bytes: u64,
}

impl Meter {
    fn new(target: &BenchTarget) -> Meter {
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

    /// Returns the figures since the last start. `end` is the time of the last line.
    fn read(&self, pool: &ClientPool, gathering: &Gathering<'_>, end: Instant) -> Figures {
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
            bytes: pool.bytes - self.bytes,
            server: self.before.zip(self.server).and_then(spent),
            load_cpu: load.map(|(start, now)| now.cpu.saturating_sub(start.cpu)),
            one: Histogram::default(),
            all: Histogram::default(),
            cut: None,
            verdict: DeliveryVerdict::default(),
        }
    }
}

/// Runs one cell.
///
/// # Errors
/// The server cannot be reached, refuses a client, or ends a connection. The message has advice.
pub fn run(cell: &Cell, target: &BenchTarget, options: &Options) -> anyhow::Result<Figures> {
    let speakers = if let CellKind::Talk { speakers, .. } = cell.kind { speakers } else { 0 };
    let script = Script::new(&target.tag, cell.rooms, speakers * cell.rooms, options);
    let mut pool = ClientPool::new(options.protocol)?;
    let mut meter = Meter::new(target);
    let mut gathering = Gathering::new(&script, cell.connections());
    gathering.run(&mut pool, target.address, options.patience)?;
    let all_heard = meter.read(&pool, &gathering, meter.start + gathering.all_heard);
    wait_for_pongs(&mut pool, &script, cell.connections(), options.patience, &mut gathering)?;
    let (notices, verdict) = (gathering.notices(), gathering.verdict());
    match cell.kind {
        CellKind::Join => Ok(Figures { deliveries: notices, verdict, ..all_heard }),
        CellKind::Idle => {
            meter.restart(pool.bytes);
            idle(&mut pool, options.time)?;
            Ok(Figures { verdict, ..meter.read(&pool, &gathering, Instant::now()) })
        }
        CellKind::Talk { load, stalled, .. } => {
            let rooms = RoomTallies::new(cell.rooms, cell.members, speakers);
            let mut talk = TalkPhase::new(&script, rooms, speakers * cell.rooms, load);
            if stalled {
                pool.stop_reading(cell.people());
            }
            meter.restart(pool.bytes);
            talk.run(&mut pool, options)?;
            let mut figures = meter.read(&pool, &gathering, talk.progress);
            wait_for_pongs(&mut pool, &script, cell.people(), options.patience, &mut talk)?;
            figures.verdict += verdict;
            figures.verdict += talk.rooms.verdict();
            let (lines, deliveries) = (talk.rooms.lines(), talk.rooms.heard_in_all());
            let cut = stalled.then_some(talk.cut);
            Ok(Figures { lines, deliveries, one: talk.one, all: talk.all, cut, ..figures })
        }
    }
}

/// Waits for `time` without sending. Fails if the server ends a connection meanwhile.
fn idle(pool: &mut ClientPool, time: Duration) -> anyhow::Result<()> {
    struct Silence(bool);
    impl LineHandler for Silence {
        fn line(&mut self, _: usize, _: &[u8], _: Instant) {}
        fn gone(&mut self, _: usize) {
            self.0 = true;
        }
    }
    let end = Instant::now() + time;
    let mut silence = Silence(false);
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        pool.wait(left.min(TICK), &mut silence)?;
        if silence.0 {
            bail!(server_failure("ended the connection of a silent client"));
        }
    }
    Ok(())
}
