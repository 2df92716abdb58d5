//! A question to the server at the end, so that what is still on its way is counted, too.

use super::crowd::{Crowd, Listener};
use super::run::{TICK, to_do};
use anyhow::{Context, bail};
use std::time::{Duration, Instant};

const PING: &[u8] = b"/ping last\n";
/// The line that answers it.
pub const PONG: &[u8] = b"PONG last";

/// A listener that counts the answers.
pub trait Settles: Listener {
    /// How many answers have come.
    fn answers(&self) -> usize;
    /// What went wrong since this was asked last.
    fn take_trouble(&mut self) -> Option<String>;
}

/// The first `members` ask, and wait for all answers.
///
/// # Errors
/// Somebody gets none, or something goes wrong meanwhile.
pub fn settle(
    crowd: &mut Crowd,
    members: usize,
    patience: Duration,
    listener: &mut impl Settles,
) -> anyhow::Result<()> {
    for member in 0..members {
        crowd.send(member, PING).with_context(|| to_do("ended a connection"))?;
    }
    let (mut answers, mut progress) = (0, Instant::now());
    while answers < members {
        crowd.wait(TICK, listener)?;
        if let Some(trouble) = listener.take_trouble() {
            bail!(trouble);
        }
        if listener.answers() > answers {
            (answers, progress) = (listener.answers(), Instant::now());
        } else if progress.elapsed() > patience {
            bail!("the server answered the pings of only {answers} of {members} people");
        }
    }
    Ok(())
}
