//! Handles the signals that end the program or continue it after a stop.

use crossbeam_channel::Receiver;
use std::io;

/// A signal of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there are no signals"))]
pub enum Signal {
    /// SIGTERM, SIGHUP or SIGINT: end the program properly.
    End,
    /// SIGCONT: the program runs again after a stop. Meanwhile the shell may have changed the terminal's modes.
    Continue,
}

/// Receives signals on a thread of its own. The channel holds them until the caller takes them.
///
/// # Errors
/// No thread can be started, or the signals cannot be handled.
#[cfg(unix)]
pub fn listen() -> io::Result<Receiver<Signal>> {
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT])?;
    let (out, received) = crossbeam_channel::bounded(8);
    let run = move || {
        for signal in &mut signals {
            let event = if signal == SIGCONT { Signal::Continue } else { Signal::End };
            if out.send(event).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(run)?;
    Ok(received)
}

/// Returns a channel without signals: this platform has none.
#[cfg(not(unix))]
pub fn listen() -> io::Result<Receiver<Signal>> {
    Ok(crossbeam_channel::never())
}

/// Stops this program's process group, as the shell does at Ctrl-Z.
#[cfg(unix)]
pub(super) fn suspend() {
    // The system ignores this signal if no shell could continue the program.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
}

/// Does nothing: this platform has no job control.
#[cfg(not(unix))]
pub(super) fn suspend() {}
