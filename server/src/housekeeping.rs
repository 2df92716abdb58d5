//! The thread for periodic work: marks the server as alive and retries failed writes, every few seconds.

use crate::clock::Clock;
use crate::guard::Bans;
use crate::store::{Accounts, Sessions};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two rounds. After a kill, the time until which the server ran is known to this precision.
const EVERY: Duration = Duration::from_secs(10);

/// The handle of the thread.
#[derive(Debug)]
pub struct Housekeeping {
    /// Dropped to stop the thread.
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// The stores that the thread works on.
struct Stores {
    sessions: Arc<Sessions>,
    bans: Arc<Bans>,
    accounts: Arc<Accounts>,
}

impl Housekeeping {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no threads left.
    pub fn start(
        sessions: Arc<Sessions>,
        bans: Arc<Bans>,
        accounts: Arc<Accounts>,
        clock: Clock,
    ) -> io::Result<Housekeeping> {
        let (stop, stopped) = bounded(0);
        let stores = Stores { sessions, bans, accounts };
        let run = move || stores.run(&stopped, &clock);
        let thread = std::thread::Builder::new().name("housekeeping".into()).spawn(run)?;
        Ok(Housekeeping { stop, thread })
    }

    /// Stops the thread and waits for its end. Failed writes are retried a last time.
    pub fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

impl Stores {
    fn run(&self, stopped: &Receiver<()>, clock: &Clock) {
        while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            self.sessions.alive(clock.now());
            self.retry_writes();
        }
        self.retry_writes();
    }

    /// Writes the blocks and bans that are not on the disk yet.
    fn retry_writes(&self) {
        if let Err(why) = self.accounts.store_again() {
            log::error!("accounts.json: blocks are not stored yet: {why}");
        }
        if self.bans.store_again() {
            log::info!("bans.json: all bans are stored now");
        }
    }
}
