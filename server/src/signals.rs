//! What signals do. SIGINT and SIGTERM stop the server, a second one ends the program at once. SIGHUP means one of two
//! things: the terminal at which the server runs is gone, then it stops; or it is to take up anew what it can
//! ([`Reload`]), as log rotation asks a service to. SIGUSR1 and SIGUSR2 would end a program that does not know them.

use crate::reload::Reload;
use crossbeam_channel::Sender;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;
use std::io;
use std::thread;

/// The exit code that shells have for a program ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Starts the thread that does what signals ask. `stop` is told at the first of them that stops the server.
///
/// # Errors
/// The system refuses the signals or the thread.
pub fn listen(reload: Reload, stop: Sender<()>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2])?;
    let had_terminal = has_terminal();
    let obey = move || {
        let mut is_stopping = false;
        for signal in signals.forever() {
            match signal {
                SIGUSR1 | SIGUSR2 => log::info!("signal {signal}: ignored (SIGHUP takes up the log file anew)"),
                // At its hang-up, standard input is no terminal any more.
                SIGHUP if !had_terminal || has_terminal() => reload.run(),
                // A terminal that is closed sends several.
                SIGHUP if is_stopping => {}
                _ if is_stopping => std::process::exit(INTERRUPTED),
                _ => {
                    is_stopping = true;
                    // Full if the console was first.
                    let _ = stop.try_send(());
                }
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(obey).map(drop)
}

/// Whether standard input is a terminal that is there.
fn has_terminal() -> bool {
    rustix::termios::tcgetattr(io::stdin()).is_ok()
}
