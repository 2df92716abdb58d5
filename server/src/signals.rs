//! Signals. SIGINT and SIGTERM stop the server, and a second one ends the program at once. SIGHUP has two meanings: if
//! the server's terminal is gone, it stops; otherwise it reloads ([`Reload`]), as log rotation asks of a service.
//! SIGUSR1 and SIGUSR2 are ignored; by default they would end the program.

use crate::reload::Reload;
use anyhow::Context;
use crossbeam_channel::Sender;
use signal_hook::consts::{SIGHUP, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// The exit code that shells use for a program ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Starts the thread that handles signals. The first signal that stops the server sends to `stop`.
///
/// # Errors
/// The system refuses the handlers or the thread.
pub fn listen(reload: Reload, stop: Sender<()>) -> anyhow::Result<()> {
    let stop = Arc::new(StopRequest { is_requested: AtomicBool::new(false), stop });
    let on_interrupt = stop.clone();
    ctrlc::set_handler(move || on_interrupt.request_or_exit()).context("cannot handle Ctrl-C")?;
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]).context("cannot handle signals")?;
    let had_terminal = has_terminal();
    let run = move || {
        for signal in signals.forever() {
            match signal {
                SIGUSR1 | SIGUSR2 => log::info!("signals: ignored signal={signal} (SIGHUP reopens the log file)"),
                // After a hang-up, standard input is not a terminal any more.
                SIGHUP if !had_terminal || has_terminal() => reload.run(),
                // A closed terminal sends several hang-ups, so a second one must not end the program at once.
                SIGHUP => _ = stop.request(),
                _ => stop.request_or_exit(),
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(run).context("cannot start a thread")?;
    Ok(())
}

/// A request to stop, which is sent once.
struct StopRequest {
    is_requested: AtomicBool,
    stop: Sender<()>,
}

impl StopRequest {
    /// Requests the stop. Returns false if it was already requested.
    fn request(&self) -> bool {
        let is_first = !self.is_requested.swap(true, SeqCst);
        if is_first {
            // Fails if the console has requested the stop already.
            let _ = self.stop.try_send(());
        }
        is_first
    }

    /// Requests the stop, or ends the program if it was already requested.
    fn request_or_exit(&self) {
        if !self.request() {
            std::process::exit(INTERRUPTED);
        }
    }
}

/// Returns true if standard input is a terminal that is still there.
fn has_terminal() -> bool {
    rustix::termios::tcgetattr(io::stdin()).is_ok()
}
