//! Lines in, lines out.

use crate::connection::Connection;
use anyhow::Context;
use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// So many lines go out in so much time, the sign-in and a ping aside: below a server's default rate of 10 in 5 s,
/// which would drop what a pipe brings faster.
const LINES: usize = 9;
const PER: Duration = Duration::from_secs(5);
/// How often the server hears that somebody who only listens is still there.
const KEEPALIVE: Duration = Duration::from_secs(100);
/// Its answer is not shown.
const PING: &str = "/ping still-here";
const PONG: &str = "PONG still-here";

/// Sends what comes from standard input and prints what comes from the server, until one of them ends.
///
/// # Errors
/// The connection broke, or standard output is gone.
pub fn run(mut connection: Connection) -> anyhow::Result<()> {
    let (typed, pings) = (connection.sender()?, connection.sender()?);
    std::thread::Builder::new().name("input".into()).spawn(move || send_input(typed))?;
    std::thread::Builder::new().name("keepalive".into()).spawn(move || keep_alive(pings))?;
    let mut out = io::stdout().lock();
    while let Some(line) = connection.line()? {
        if line != PONG {
            writeln!(out, "{line}").context("printing")?;
            out.flush().context("printing")?;
        }
    }
    Ok(())
}

/// Every line of standard input; at its end, the word that leaves in order: all that was said before is delivered.
fn send_input(mut sender: TcpStream) {
    let mut sent = VecDeque::new();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        pace(&mut sent);
        if sender.write_all(format!("{line}\n").as_bytes()).is_err() {
            return;
        }
    }
    pace(&mut sent);
    let _ = sender.write_all(b"/quit\n");
    let _ = sender.shutdown(Shutdown::Write);
}

/// Waits until one more line is within the rate.
fn pace(sent: &mut VecDeque<Instant>) {
    if sent.len() == LINES
        && let Some(first) = sent.pop_front()
    {
        std::thread::sleep((first + PER).saturating_duration_since(Instant::now()));
    }
    sent.push_back(Instant::now());
}

fn keep_alive(mut sender: TcpStream) {
    loop {
        std::thread::sleep(KEEPALIVE);
        if sender.write_all(format!("{PING}\n").as_bytes()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_line_waits() {
        let begun = Instant::now();
        let mut sent = VecDeque::new();
        for _ in 0..LINES {
            pace(&mut sent);
        }
        assert!(begun.elapsed() < PER / 2);
        // As if the first of them had been almost long enough ago.
        sent[0] = Instant::now() + Duration::from_millis(50) - PER;
        pace(&mut sent);
        assert_eq!(sent.len(), LINES);
        assert!(begun.elapsed() >= Duration::from_millis(50));
    }
}
