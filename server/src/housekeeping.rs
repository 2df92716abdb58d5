//! What is to be done every few seconds, whether or not anybody comes.

use crate::clock::Clock;
use crate::guard::Bans;
use crate::store::{Accounts, Sessions};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Should the server be killed, it is known to this precision until when it ran.
const EVERY: Duration = Duration::from_secs(10);

/// The thread that does it. [`Housekeeping::stop`] ends it.
#[derive(Debug)]
pub struct Housekeeping {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Housekeeping {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        sessions: Arc<Sessions>,
        bans: Arc<Bans>,
        accounts: Arc<Accounts>,
        clock: Clock,
    ) -> io::Result<Housekeeping> {
        let (stop, stopped) = bounded(0);
        let keep = move || keep_house(&stopped, &sessions, &(bans, accounts), &clock);
        let thread = std::thread::Builder::new().name("housekeeping".into()).spawn(keep)?;
        Ok(Housekeeping { stop, thread })
    }

    /// Ends the thread and waits for it.
    pub fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

fn keep_house(stopped: &Receiver<()>, sessions: &Sessions, late: &(Arc<Bans>, Arc<Accounts>), clock: &Clock) {
    while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        sessions.alive(clock.now());
        store(late);
    }
    // The last chance.
    store(late);
}

/// What could not be stored when it was made.
fn store((bans, accounts): &(Arc<Bans>, Arc<Accounts>)) {
    if let Err(why) = accounts.store_again() {
        log::error!("accounts.json: blocks are not stored yet: {why}");
    }
    if bans.store_again() {
        log::info!("bans.json: all bans are stored now");
    }
}
