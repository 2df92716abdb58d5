//! Lines in, lines out.

use crate::connection::Connection;
use anyhow::Context;
use std::io::{self, BufRead, Write};
use std::net::{Shutdown, TcpStream};

/// Sends what comes from standard input and prints what comes from the server, until one of them ends.
///
/// # Errors
/// The connection broke, or standard output is gone.
pub fn run(mut connection: Connection) -> anyhow::Result<()> {
    let sender = connection.sender()?;
    std::thread::Builder::new().name("input".into()).spawn(move || send_input(sender))?;
    let mut out = io::stdout().lock();
    while let Some(line) = connection.line()? {
        writeln!(out, "{line}").context("printing")?;
        out.flush().context("printing")?;
    }
    Ok(())
}

/// Every line of standard input; at its end, the word that leaves in order: all that was said before is delivered.
fn send_input(mut sender: TcpStream) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        if sender.write_all(format!("{line}\n").as_bytes()).is_err() {
            return;
        }
    }
    let _ = sender.write_all(b"/quit\n");
    let _ = sender.shutdown(Shutdown::Write);
}
