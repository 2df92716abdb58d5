//! Measures the CPU time of one bare `send` over loopback. It is the unit for the server's cost, since both vary in the
//! same way between machines and with the other load of a machine.

use super::crowd::{ClientPool, LineHandler};
use super::run::TICK;
use super::wire::ClientProtocol;
use anyhow::{Context, bail};
use rustix::time::{ClockId, clock_gettime};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Number of connections: the size of the room to which it is compared.
const SOCKETS: usize = 100;
/// The line to send: 64 bytes and the line feed.
const LINE: &[u8; 65] = b"the quick brown fox jumps over the lazy dog, and then once more.\n";
/// Time limit for the arrival of the lines of one round.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the CPU time, in microseconds, of one `send` of a line of 64 bytes over loopback, measured for `time`.
///
/// # Errors
/// The system gives no sockets or does not deliver.
pub fn floor(time: Duration) -> anyhow::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a port on loopback")?;
    let (address, mut pool) = (listener.local_addr()?, ClientPool::new(ClientProtocol::default())?);
    let senders = (0..SOCKETS).map(|_| {
        pool.connect(address)?;
        let sender = listener.accept()?.0;
        sender.set_nodelay(true)?;
        Ok(sender)
    });
    let senders = senders.collect::<anyhow::Result<Vec<TcpStream>>>()?;
    let start = Instant::now();
    let mut cpu = Duration::ZERO;
    let mut sends = 0;
    while sends == 0 || start.elapsed() < time {
        let before = thread_cpu();
        for mut sender in &senders {
            sender.write_all(LINE)?;
        }
        cpu += thread_cpu().saturating_sub(before);
        sends += SOCKETS;
        // Drain after each round, so that no buffer fills; the time for reading does not count.
        drain(&mut pool, sends)?;
    }
    Ok(cpu.as_secs_f64() * 1e6 / sends as f64)
}

/// Reads until `lines` lines have arrived in total.
fn drain(pool: &mut ClientPool, lines: usize) -> anyhow::Result<()> {
    let bytes = (lines * LINE.len()) as u64;
    let start = Instant::now();
    while pool.bytes < bytes {
        pool.wait(TICK, &mut Discard)?;
        if start.elapsed() > DRAIN_TIMEOUT {
            bail!("what is sent over loopback does not arrive");
        }
    }
    Ok(())
}

/// Discards all lines.
struct Discard;

impl LineHandler for Discard {
    fn line(&mut self, _: usize, _: &[u8], _: Instant) {}
    fn gone(&mut self, _: usize) {}
}

/// Returns the CPU time that this thread has used.
fn thread_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_costs_something_and_less_than_a_millisecond() {
        let each = floor(Duration::ZERO).unwrap();
        assert!(each > 0.0 && each < 1_000.0, "{each} us");
        assert_eq!(LINE.len(), 64 + 1);
    }
}
