//! What the first questions need of the world: a look at the network, and a server that is started here.

pub mod answers;
mod local_server;
pub mod questions;

pub use local_server::{NotStarted, Started, start};

use crate::discovery::{self, Offer, SearchOptions};
use crossbeam_channel::{Receiver, bounded};
use std::time::Duration;

/// Between two looks at the network.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks at the network again and again, on a thread of its own, as long as somebody listens.
///
/// # Errors
/// No thread can be had.
pub fn watch_servers() -> std::io::Result<Receiver<Vec<Offer>>> {
    let (out, lists) = bounded(1);
    let run = move || {
        while out.send(discovery::offers(&SearchOptions::default())).is_ok() {
            std::thread::sleep(PAUSE);
        }
    };
    std::thread::Builder::new().name("looking".into()).spawn(run)?;
    Ok(lists)
}
