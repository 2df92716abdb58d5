//! The setup questions of the first run. `questions` decides, pure; this module searches the network and starts a server
//! on this machine. The presenters ask.

pub mod answers;
mod local_server;
pub mod questions;

pub use local_server::{NotStarted, Started, start};

use crate::discovery::{self, Offer, SearchOptions};
use crossbeam_channel::{Receiver, bounded};
use std::time::Duration;

/// Pause between two searches.
const PAUSE: Duration = Duration::from_secs(1);

/// Searches the network repeatedly on a thread of its own, until the receiver is dropped.
///
/// # Errors
/// No thread can be started.
pub fn watch_servers() -> std::io::Result<Receiver<Vec<Offer>>> {
    let (out, searches) = bounded(1);
    let run = move || {
        while out.send(discovery::offers(&SearchOptions::default())).is_ok() {
            std::thread::sleep(PAUSE);
        }
    };
    std::thread::Builder::new().name("looking".into()).spawn(run)?;
    Ok(searches)
}
