//! Dials the client of a user that accepted a chat. Tries all addresses of the offer, each a moment after the one
//! before, until one leads to the owner of the right key.

use super::chat::OutgoingText;
use super::close_reason::CloseReason;
use super::handshake::{Established, ExpectedKeys};
use crossbeam_channel::{Receiver, Sender, select, unbounded};
use landline_common::link::LinkError;
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Time limit for all addresses together.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before the next address, cut short when an address fails.
const STAGGER: Duration = Duration::from_millis(250);
/// Pauses before an address that failed is tried again, since other connections may have kept the user's client
/// busy. They are few because the other user chooses the addresses, which may be those of an uninvolved machine.
pub(super) const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// A dial that is due.
#[derive(Clone, Copy)]
struct Attempt {
    /// Earliest start.
    at: Instant,
    target: SocketAddr,
    /// Number of failed dials of this address.
    failed: usize,
}

/// Result of one dial.
type DialOutcome = Result<Established, (Attempt, LinkError)>;

/// Returns a link to the owner of the right key at one of these addresses. Gives up when `stop` disconnects.
///
/// # Errors
/// Why no address worked, or `None` if `stop` disconnected.
pub(super) fn dial_any(
    targets: &[SocketAddr],
    pair: &ExpectedKeys,
    stop: &Receiver<OutgoingText>,
) -> Result<Established, Option<CloseReason>> {
    let end = Instant::now() + DIAL_TIMEOUT;
    let (out, outcomes) = unbounded();
    let mut next = Instant::now();
    let mut attempts: VecDeque<Attempt> =
        targets.iter().map(|target| Attempt { at: next, target: *target, failed: 0 }).collect();
    let mut under_way = 0;
    let mut failure = CloseReason::Unreachable;
    while (under_way > 0 || !attempts.is_empty()) && Instant::now() < end {
        let now = Instant::now();
        let at = attempts.front().map_or(end, |attempt| next.max(attempt.at));
        if at <= now
            && let Some(attempt) = attempts.pop_front()
        {
            next = now + STAGGER;
            start_dialing(attempt, end - now, pair, &out).map_err(|_| Some(CloseReason::NoResources))?;
            under_way += 1;
            continue;
        }
        select! {
            recv(stop) -> _ => return Err(None),
            recv(outcomes) -> outcome => {
                under_way -= 1;
                next = Instant::now();
                match outcome {
                    Ok(Ok(mut established)) => if established.choose().is_ok() { return Ok(established) },
                    Ok(Err((attempt, why))) => {
                        if matches!(why, LinkError::Unauthenticated) {
                            failure = CloseReason::WrongKey;
                        }
                        if let Some(attempt) = attempt.retry() {
                            attempts.insert(attempts.partition_point(|other| other.at <= attempt.at), attempt);
                        }
                    }
                    Err(_) => break,
                }
            },
            default(at.min(end).saturating_duration_since(now)) => {}
        }
    }
    Err(Some(failure))
}

impl Attempt {
    /// Returns the next attempt at this address, or `None` after the last one.
    fn retry(self) -> Option<Attempt> {
        let pause = RETRY_DELAYS.get(self.failed)?;
        Some(Attempt { at: Instant::now() + *pause, failed: self.failed + 1, ..self })
    }
}

/// Dials one address on a thread of its own.
fn start_dialing(
    attempt: Attempt,
    timeout: Duration,
    pair: &ExpectedKeys,
    out: &Sender<DialOutcome>,
) -> std::io::Result<()> {
    let pair = pair.clone();
    let out = out.clone();
    let run = move || {
        let dialed = || {
            let stream = TcpStream::connect_timeout(&attempt.target, timeout)?;
            stream.set_nodelay(true)?;
            pair.initiate(stream)
        };
        // If another address was faster, the receiver is gone and the link closes here.
        let _ = out.send(dialed().map_err(|why| (attempt, why)));
    };
    std::thread::Builder::new().name("direct-dial".into()).spawn(run).map(|_| ())
}
