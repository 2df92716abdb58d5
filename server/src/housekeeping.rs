//! The thread for periodic work: marks the server as alive and retries failed writes, every few seconds.

use crate::clock::Clock;
use crate::guard::Bans;
use crate::store::{Accounts, FileIdentity, LockWatch, Sessions};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::io;
use std::path::{Path, PathBuf};
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
    /// The last write of the accounts failed, which has been logged.
    is_failing: bool,
    folder: Folder,
}

impl Housekeeping {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no threads left, or the folder cannot be read.
    pub fn start(
        folder: &Path,
        sessions: Arc<Sessions>,
        bans: Arc<Bans>,
        accounts: Arc<Accounts>,
        clock: Clock,
    ) -> io::Result<Housekeeping> {
        let (stop, stopped) = bounded(0);
        let folder = Folder {
            identity: FileIdentity::of(folder)?,
            lock: LockWatch::of(folder),
            path: folder.to_owned(),
            is_there: true,
        };
        let mut stores = Stores { sessions, bans, accounts, is_failing: false, folder };
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
    fn run(&mut self, stopped: &Receiver<()>, clock: &Clock) {
        while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            self.folder.check();
            self.sessions.mark_alive(clock.now());
            self.retry_writes();
        }
        self.retry_writes();
    }

    /// Writes the accounts, blocks and bans that are not on the disk.
    fn retry_writes(&mut self) {
        let stored = self.accounts.retry_write();
        match &stored {
            Err(why) if !self.is_failing => log::error!(
                "accounts: accounts.json not written: {why}; changes since the last write are in memory only, and the \
                 write is retried every {} s; do not restart the server before the log says that it is written",
                EVERY.as_secs()
            ),
            Ok(()) if self.is_failing => {
                log::info!("accounts: accounts.json is written again; all changes are on the disk")
            }
            _ => {}
        }
        self.is_failing = stored.is_err();
        if self.bans.retry_write() {
            log::info!("bans: bans.json is written again; all bans are on the disk");
        }
    }
}

/// The data folder, which may be removed while the server runs.
struct Folder {
    path: PathBuf,
    identity: FileIdentity,
    lock: LockWatch,
    is_there: bool,
}

impl Folder {
    /// Logs once that the folder is gone, and once that it is back. Each store checks its own files.
    fn check(&mut self) {
        let path = self.path.display();
        match (self.is_there, self.identity.is_in_place() && self.lock.check().is_ok()) {
            (true, false) => log::error!(
                "data folder: {path}, or landline.lock in it, was removed or moved while the server runs: talk goes \
                 on, but messages, accounts and rules are not stored; put the folder with its landline.lock back, or \
                 restart the server"
            ),
            (false, true) => log::info!("data folder: {path} is back; messages, accounts and rules are stored again"),
            _ => return,
        }
        self.is_there = !self.is_there;
    }
}
