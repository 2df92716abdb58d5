//! A ping of each client at the end of a phase. Lines before the answer still count, so a line that has not arrived by
//! then is lost, not late.

use super::crowd::{ClientPool, LineHandler};
use super::run::{TICK, server_failure};
use super::script::Script;
use anyhow::{Context, bail};
use std::time::{Duration, Instant};

/// A line handler that counts the answers.
pub trait PingListener: LineHandler {
    /// Returns the number of answers so far.
    fn answers(&self) -> usize;
    /// Takes the failure since the last call.
    fn take_failure(&mut self) -> Option<String>;
}

/// Sends a ping from each of the first `members` clients, and waits for all answers.
///
/// # Errors
/// No answer arrives for `patience`, or the listener reports a failure.
pub fn wait_for_pongs(
    pool: &mut ClientPool,
    script: &Script,
    members: usize,
    patience: Duration,
    listener: &mut impl PingListener,
) -> anyhow::Result<()> {
    for member in 0..members {
        pool.send(member, script.ping().as_bytes()).with_context(|| server_failure("ended a connection"))?;
    }
    let mut answers = 0;
    let mut progress = Instant::now();
    while answers < members {
        pool.wait(TICK, listener)?;
        if let Some(failure) = listener.take_failure() {
            bail!(failure);
        }
        if listener.answers() > answers {
            answers = listener.answers();
            progress = Instant::now();
        } else if progress.elapsed() > patience {
            bail!("the server answered the pings of only {answers} of {members} clients");
        }
    }
    Ok(())
}
