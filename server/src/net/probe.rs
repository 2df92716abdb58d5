//! Asking a peer for a sign of life, when another client wants its name.
//!
//! A connection whose network is gone looks to the server like one that is silent: nothing ends it until something is
//! sent and times out. A probe makes the peer's system answer now. The kernel's keepalive asks once a second, at first
//! as soon as the connection has been idle for a second; the peer's system answers without its program.
//!
//! | seen since the probe began | verdict |
//! |---|---|
//! | bytes from the peer | alive |
//! | an acknowledgement, where that is proof enough | alive |
//! | the connection's end, or [`PATIENCE`] is over | silent |
//!
//! Where only bytes are proof, the ping may stand behind a backlog that a slow peer takes long to read. Patience begins
//! anew with each acknowledgement of bytes up to the ping, for [`LONGEST`] in all. Bytes behind the ping do not count:
//! a proxy acknowledges for the dead, and talk never ends.
//!
//! The deadline is not left to the kernel: while sent bytes are unacknowledged it sends no keepalives, and its timer
//! for sending them again may be due in half a minute only. A probe changes the socket's options until it is dropped;
//! of several probes of one peer, the last one puts them back.

use super::stream::Stream;
use super::tcp_info::Kernel;
use std::net::IpAddr;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

/// How long a peer may take to answer.
pub const PATIENCE: Duration = Duration::from_millis(2_700);
/// How long a probe may take at most, while the peer acknowledges what stands in front of the ping.
pub const LONGEST: Duration = Duration::from_secs(15);
/// Keepalives ask after so much silence, and again after as much.
pub(super) const KEEPALIVE: Duration = Duration::from_secs(1);
/// Keepalives without an answer after which the kernel ends the connection.
pub(super) const KEEPALIVES: u32 = 2;
/// What the kernel may wait for an acknowledgement meanwhile.
pub(super) const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
/// The kernel counts acknowledgements in ticks of up to 10 ms.
const TICK: Duration = Duration::from_millis(20);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// What proves that a peer lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its system acknowledges: all that can be asked of a client that answers no pings.
    Acknowledgement,
    /// Its program sends something: in front of it may be a proxy, which acknowledges for the dead as well.
    Bytes,
}

/// What a probe found so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The peer lives.
    Alive,
    /// Nothing yet.
    Unknown,
    /// The peer did not answer in time.
    Silent,
}

/// One question for a sign of life. Dropping it puts the connection's options back.
#[derive(Debug)]
pub struct Probe<'s> {
    stream: &'s Stream,
    proof: Proof,
    kernel: Option<Kernel>,
    begun: Instant,
    /// How long ago the peer had acknowledged something when the probe began.
    silent_for: Option<Duration>,
    reads: u64,
    pause: Duration,
    /// Patience runs from here.
    patient_since: Instant,
    /// The bytes up to the ping that are not acknowledged yet.
    backlog: Option<Backlog>,
}

/// How far the peer has come with what stands in front of the ping, counted from the connection's first byte.
#[derive(Clone, Copy, Debug)]
struct Backlog {
    acknowledged: u64,
    end: u64,
}

impl<'s> Probe<'s> {
    /// Begins to ask. `rival` is the address of the client that wants the peer's name. Often the answer is known at once.
    #[must_use]
    pub fn begin(stream: &'s Stream, proof: Proof, rival: IpAddr) -> (Probe<'s>, Life) {
        let begun = Instant::now();
        let (kernel, reads) = (stream.kernel(), stream.reads());
        let silent_for = kernel.as_ref().and_then(Kernel::last_acknowledged);
        let probe = Probe {
            stream,
            proof,
            kernel,
            begun,
            silent_for,
            reads,
            pause: FIRST_PAUSE,
            patient_since: begun,
            backlog: None,
        };
        if stream.probes.fetch_add(1, SeqCst) == 0 {
            stream.watch_closely();
        }
        let life = if probe.is_surely_alive(rival) { Life::Alive } else { Life::Unknown };
        (probe, life)
    }

    /// Whether no answer is needed: both ends are on this machine, or the peer's machine is the rival's, which is
    /// obviously reached, and the peer acknowledged something within the last second.
    fn is_surely_alive(&self, rival: IpAddr) -> bool {
        let just_now = self.silent_for.is_some_and(|silent| silent < KEEPALIVE);
        self.proof == Proof::Acknowledgement && (self.stream.is_local() || (rival == self.stream.address() && just_now))
    }

    /// Notes that the ping is sent, and that it is the last of `waiting` bytes that the kernel has not taken.
    pub fn has_asked(&mut self, waiting: usize) {
        let sent = self.kernel.as_ref().and_then(Kernel::acknowledged);
        self.backlog = sent.map(|sent| Backlog {
            acknowledged: sent.bytes,
            end: sent.bytes.saturating_add(sent.queued).saturating_add(u64::try_from(waiting).unwrap_or(u64::MAX)),
        });
    }

    /// Lets patience begin anew if the peer has acknowledged more of the bytes up to the ping.
    fn note_progress(&mut self) {
        let (Some(backlog), Some(kernel)) = (&mut self.backlog, &self.kernel) else { return };
        if backlog.acknowledged >= backlog.end {
            return;
        }
        if let Some(sent) = kernel.acknowledged()
            && sent.bytes > backlog.acknowledged
        {
            backlog.acknowledged = sent.bytes;
            self.patient_since = Instant::now();
        }
    }

    /// Looks for an answer, after a short pause.
    pub fn look(&mut self) -> Life {
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.stream.reads() != self.reads || (self.proof == Proof::Acknowledgement && self.has_acknowledged()) {
            return Life::Alive;
        }
        self.note_progress();
        match self.patient_since.elapsed() {
            waited if waited < PATIENCE && self.begun.elapsed() < LONGEST => Life::Unknown,
            // Without the kernel's word: by now it would have ended a connection that is dead.
            _ if self.proof == Proof::Acknowledgement && self.silent_for.is_none() => Life::Alive,
            _ => Life::Silent,
        }
    }

    fn has_acknowledged(&self) -> bool {
        let (Some(before), Some(kernel)) = (self.silent_for, &self.kernel) else { return false };
        kernel.last_acknowledged().is_some_and(|silent| silent + TICK < before + self.begun.elapsed())
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if self.stream.probes.fetch_sub(1, SeqCst) == 1 {
            self.stream.watch_as_usual();
        }
    }
}
