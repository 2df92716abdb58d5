//! Who asked for a chat that was accepted dials where the other one waits: all addresses, each a moment after the one
//! before, until one leads to the owner of the right key.

use super::chat::Line;
use super::ending::Ending;
use super::meet::{Met, Pair};
use crossbeam_channel::{Receiver, Sender, select, unbounded};
use landline_common::link::LinkError;
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// So long all of it may take.
const REACHING: Duration = Duration::from_secs(10);
/// So much later the next address has its turn, unless the one before fails earlier.
const STAGGER: Duration = Duration::from_millis(250);
/// An address that failed is tried again after so long: whoever waits there may have been busy with strangers. No more
/// often than that: which addresses they are is a stranger's word.
pub(super) const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// An address that is to be dialled.
#[derive(Clone, Copy)]
struct Turn {
    /// Not before.
    at: Instant,
    target: SocketAddr,
    /// How often it has failed.
    failed: usize,
}

/// What came of dialling one address.
type Outcome = Result<Met, (Turn, LinkError)>;

/// Reaches the owner of the right key at one of these addresses, unless `stop` ends.
///
/// # Errors
/// They were not reached; nothing, if `stop` has ended.
pub(super) fn reach(targets: &[SocketAddr], pair: &Pair, stop: &Receiver<Line>) -> Result<Met, Option<Ending>> {
    let end = Instant::now() + REACHING;
    let (out, outcomes) = unbounded();
    let mut next = Instant::now();
    let mut turns: VecDeque<Turn> =
        targets.iter().map(|target| Turn { at: next, target: *target, failed: 0 }).collect();
    let mut under_way = 0;
    let mut failure = Ending::Unreachable;
    while (under_way > 0 || !turns.is_empty()) && Instant::now() < end {
        let now = Instant::now();
        let at = turns.front().map_or(end, |turn| next.max(turn.at));
        if at <= now
            && let Some(turn) = turns.pop_front()
        {
            next = now + STAGGER;
            dial(turn, end - now, pair, &out).map_err(|_| Some(Ending::NoMeans))?;
            under_way += 1;
            continue;
        }
        select! {
            recv(stop) -> _ => return Err(None),
            recv(outcomes) -> outcome => {
                (under_way, next) = (under_way - 1, Instant::now());
                match outcome {
                    Ok(Ok(mut met)) => if met.choose().is_ok() { return Ok(met) },
                    Ok(Err((turn, why))) => {
                        if matches!(why, LinkError::Stranger) {
                            failure = Ending::Stranger;
                        }
                        if let Some(turn) = turn.again() {
                            turns.insert(turns.partition_point(|other| other.at <= turn.at), turn);
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

impl Turn {
    /// The next one, if there is one.
    fn again(self) -> Option<Turn> {
        let pause = AGAIN.get(self.failed)?;
        Some(Turn { at: Instant::now() + *pause, failed: self.failed + 1, ..self })
    }
}

/// Dials one address, on a thread of its own.
fn dial(turn: Turn, patience: Duration, pair: &Pair, out: &Sender<Outcome>) -> std::io::Result<()> {
    let (pair, out) = (pair.clone(), out.clone());
    let run = move || {
        let dialled = || {
            let stream = TcpStream::connect_timeout(&turn.target, patience)?;
            stream.set_nodelay(true)?;
            pair.dialled(stream)
        };
        // Nobody takes it when another address was faster: then it closes.
        let _ = out.send(dialled().map_err(|why| (turn, why)));
    };
    std::thread::Builder::new().name("direct-dial".into()).spawn(run).map(|_| ())
}
