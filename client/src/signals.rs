//! Signals: told to end, and told to go on after a stop.

use crossbeam_channel::Receiver;
use std::io;

/// What the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there are no signals"))]
pub enum Signal {
    /// End in order.
    End,
    /// Go on after a stop: the terminal may be another's by now.
    Continue,
}

/// Listens for signals on a thread of its own.
///
/// # Errors
/// No thread can be had.
#[cfg(unix)]
pub fn listen() -> io::Result<Receiver<Signal>> {
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT])?;
    let (out, told) = crossbeam_channel::bounded(8);
    let run = move || {
        for signal in &mut signals {
            let told = if signal == SIGCONT { Signal::Continue } else { Signal::End };
            if out.send(told).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(run)?;
    Ok(told)
}

/// There are none.
#[cfg(not(unix))]
pub fn listen() -> io::Result<Receiver<Signal>> {
    Ok(crossbeam_channel::never())
}

/// Stops, as Ctrl-Z does, with everything that the shell started together with this program.
#[cfg(unix)]
pub(super) fn suspend() {
    // Where no shell could say when to go on, the system ignores it.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
}

/// There is no such thing.
#[cfg(not(unix))]
pub(super) fn suspend() {}
