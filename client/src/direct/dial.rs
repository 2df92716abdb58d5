//! Who asked for a chat that was accepted dials where the other one waits: all addresses, each a moment after the one
//! before, until one leads to the owner of the right key.

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
/// An address that failed is tried again: whoever waits there may have been busy with strangers.
const AGAIN: Duration = Duration::from_secs(1);

/// What came of dialling one address.
type Outcome = Result<Met, (SocketAddr, LinkError)>;

/// Reaches the owner of the right key at one of these addresses, unless `stop` ends.
///
/// # Errors
/// They were not reached; nothing, if `stop` has ended.
pub(super) fn reach(targets: &[SocketAddr], pair: &Pair, stop: &Receiver<String>) -> Result<Met, Option<Ending>> {
    let end = Instant::now() + REACHING;
    let (out, outcomes) = unbounded();
    let mut turns: VecDeque<(Instant, SocketAddr)> = targets.iter().map(|target| (Instant::now(), *target)).collect();
    let mut next = Instant::now();
    let mut failure = Ending::Unreachable;
    while !targets.is_empty() && Instant::now() < end {
        let now = Instant::now();
        let turn = turns.front().map_or(end, |(at, _)| next.max(*at));
        if turn <= now
            && let Some((_, target)) = turns.pop_front()
        {
            next = now + STAGGER;
            dial(target, end - now, pair, &out).map_err(|_| Some(Ending::NoMeans))?;
            continue;
        }
        select! {
            recv(stop) -> _ => return Err(None),
            recv(outcomes) -> outcome => match outcome {
                Ok(Ok(mut met)) => match met.choose() {
                    Ok(()) => return Ok(met),
                    Err(_) => next = Instant::now(),
                },
                Ok(Err((target, why))) => {
                    if matches!(why, LinkError::Stranger) {
                        failure = Ending::Stranger;
                    }
                    turns.push_back((Instant::now() + AGAIN, target));
                    next = Instant::now();
                }
                Err(_) => break,
            },
            default(turn.min(end).saturating_duration_since(now)) => {}
        }
    }
    Err(Some(failure))
}

/// Dials one address, on a thread of its own.
fn dial(target: SocketAddr, patience: Duration, pair: &Pair, out: &Sender<Outcome>) -> std::io::Result<()> {
    let (pair, out) = (pair.clone(), out.clone());
    let run = move || {
        let dialled = || {
            let stream = TcpStream::connect_timeout(&target, patience)?;
            stream.set_nodelay(true)?;
            pair.dialled(stream)
        };
        // Nobody takes it when another address was faster: then it closes.
        let _ = out.send(dialled().map_err(|why| (target, why)));
    };
    std::thread::Builder::new().name("direct-dial".into()).spawn(run).map(|_| ())
}
