//! Probes a silent peer for a sign of life, when another client claims its name.
//!
//! A connection whose network is gone looks like one that is merely silent: it ends only when bytes are sent and time
//! out. A probe makes the peer's system answer now, by keepalives of the kernel: one a second, the first one when the
//! connection has been idle for a second. The peer's system answers them without its program.
//!
//! | observed since the probe began | verdict |
//! |---|---|
//! | bytes from the peer | alive |
//! | an acknowledgement, with [`LivenessProof::Acknowledgement`] | alive |
//! | none of these within [`ANSWER_TIME`] | silent |
//!
//! One exception: with [`LivenessProof::Acknowledgement`], where the kernel reports no acknowledgements, the last row
//! means alive. By then the kernel's own keepalives would have ended a dead connection, and the caller stops when that
//! happens.
//!
//! With [`LivenessProof::Bytes`] a ping is sent, which may stand behind a backlog that a slow peer takes long to read.
//! The [`ANSWER_TIME`] therefore starts again with each acknowledgement of bytes up to the ping, for [`LONGEST_PROBE`]
//! in all. Acknowledgements of bytes behind the ping do not count: a proxy sends them even for a dead client, and talk
//! in a room would extend the time without end.
//!
//! The deadline is not left to the kernel: it sends no keepalives while sent bytes are unacknowledged, and may send
//! those bytes again only after half a minute. A probe changes the socket's options until it is dropped. If several
//! probes of one peer run at once, the last one restores them.

use super::stream::{KEEPALIVE, Stream};
use super::tcp_info::TcpInfo;
use std::net::IpAddr;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

/// Time in which a probed client must give a sign of life. Some acknowledgements start it again, up to [`LONGEST_PROBE`].
pub const ANSWER_TIME: Duration = Duration::from_millis(2_700);
/// Most time for a probe whose peer acknowledges bytes in front of the ping.
pub const LONGEST_PROBE: Duration = Duration::from_secs(15);
/// Tolerance for comparing times of acknowledgements, which the kernel keeps in ticks of up to 10 ms.
const TICK: Duration = Duration::from_millis(20);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The proof that a peer is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivenessProof {
    /// The peer's system acknowledges bytes. Clients that answer no pings can give no better proof.
    Acknowledgement,
    /// The peer's program sends bytes. An acknowledgement is not enough: it may come from a proxy whose client is
    /// dead.
    Bytes,
}

/// The result of a probe so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The peer is alive.
    Alive,
    /// Not known yet: call [`Probe::poll`] again.
    Pending,
    /// The peer did not answer in time.
    Silent,
}

/// One probe of one peer. Dropping it restores the socket's options.
#[derive(Debug)]
pub struct Probe<'s> {
    stream: &'s Stream,
    proof: LivenessProof,
    tcp_info: Option<TcpInfo>,
    started: Instant,
    /// Time since the peer's last acknowledgement when the probe began; `None` if the kernel does not report it.
    silent_for: Option<Duration>,
    /// Number of reads from the peer when the probe began.
    reads: u64,
    pause: Duration,
    /// Start of the current [`ANSWER_TIME`].
    waiting_since: Instant,
    /// The bytes up to the ping, once it is sent and if the kernel reports them.
    backlog: Option<Backlog>,
}

/// Progress of the peer through the bytes up to the ping. Both numbers count from the connection's first byte.
#[derive(Clone, Copy, Debug)]
struct Backlog {
    acknowledged: u64,
    /// End of the ping.
    end: u64,
}

impl<'s> Probe<'s> {
    /// Starts a probe. `claimant` is the address of the client that claims the peer's name. Often the result is known
    /// at once.
    #[must_use]
    pub fn start(stream: &'s Stream, proof: LivenessProof, claimant: IpAddr) -> (Probe<'s>, Liveness) {
        let started = Instant::now();
        let tcp_info = stream.tcp_info();
        let reads = stream.reads();
        let silent_for = tcp_info.as_ref().and_then(TcpInfo::last_acknowledged);
        let probe = Probe {
            stream,
            proof,
            tcp_info,
            started,
            silent_for,
            reads,
            pause: FIRST_PAUSE,
            waiting_since: started,
            backlog: None,
        };
        if stream.probes.fetch_add(1, SeqCst) == 0 {
            stream.enable_probe_keepalive();
        }
        let life = if probe.is_surely_alive(claimant) { Liveness::Alive } else { Liveness::Pending };
        (probe, life)
    }

    /// Returns true if no answer is needed. Either both ends are on this machine, or the peer acknowledged bytes within
    /// the last second and is on the claimant's machine, whose network evidently works.
    fn is_surely_alive(&self, claimant: IpAddr) -> bool {
        let just_now = self.silent_for.is_some_and(|silent| silent < KEEPALIVE);
        self.proof == LivenessProof::Acknowledgement
            && (self.stream.is_local() || (claimant == self.stream.address() && just_now))
    }

    /// Notes that the ping has been sent. It is the last of `queued` bytes that the kernel has not taken.
    pub fn note_ping_sent(&mut self, queued: usize) {
        let sent = self.tcp_info.as_ref().and_then(TcpInfo::acknowledged);
        self.backlog = sent.map(|sent| Backlog {
            acknowledged: sent.bytes,
            end: sent.bytes.saturating_add(sent.queued).saturating_add(u64::try_from(queued).unwrap_or(u64::MAX)),
        });
    }

    /// Restarts the [`ANSWER_TIME`] if the peer has acknowledged more of the bytes up to the ping.
    fn note_progress(&mut self) {
        let (Some(backlog), Some(tcp_info)) = (&mut self.backlog, &self.tcp_info) else { return };
        if backlog.acknowledged >= backlog.end {
            return;
        }
        if let Some(sent) = tcp_info.acknowledged()
            && sent.bytes > backlog.acknowledged
        {
            backlog.acknowledged = sent.bytes;
            self.waiting_since = Instant::now();
        }
    }

    /// Sleeps for a short time that grows from 1 to 50 ms, then returns the result so far.
    pub fn poll(&mut self) -> Liveness {
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.stream.reads() != self.reads
            || (self.proof == LivenessProof::Acknowledgement && self.has_acknowledged())
        {
            return Liveness::Alive;
        }
        self.note_progress();
        match self.waiting_since.elapsed() {
            waited if waited < ANSWER_TIME && self.started.elapsed() < LONGEST_PROBE => Liveness::Pending,
            // The kernel does not report acknowledgements, but by now its keepalives would have ended a dead
            // connection.
            _ if self.proof == LivenessProof::Acknowledgement && self.silent_for.is_none() => Liveness::Alive,
            _ => Liveness::Silent,
        }
    }

    fn has_acknowledged(&self) -> bool {
        let (Some(before), Some(tcp_info)) = (self.silent_for, &self.tcp_info) else { return false };
        tcp_info.last_acknowledged().is_some_and(|silent| silent + TICK < before + self.started.elapsed())
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if self.stream.probes.fetch_sub(1, SeqCst) == 1 {
            self.stream.restore_keepalive();
        }
    }
}
