//! What the kernel takes for sending a line to somebody, whoever sends it: the measure for everything else, since it
//! differs between machines, and on one machine with what else runs there, as the server's own cost does.

use super::crowd::{Crowd, Listener};
use super::run::TICK;
use anyhow::{Context, bail};
use rustix::time::{ClockId, clock_gettime};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// As many as the room has to which it is compared.
const SOCKETS: usize = 100;
/// What is sent: 64 bytes and the newline.
const LINE: &[u8; 65] = b"the quick brown fox jumps over the lazy dog, and then once more.\n";
/// Loopback that delivers nothing for so long does not work.
const PATIENCE: Duration = Duration::from_secs(10);

/// The CPU time, in microseconds, of one bare `send` of a line of 64 bytes over loopback, measured for `time`.
///
/// # Errors
/// The system gives no sockets, or delivers nothing.
pub fn floor(time: Duration) -> anyhow::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a port on loopback")?;
    let (address, mut crowd) = (listener.local_addr()?, Crowd::new()?);
    let senders = (0..SOCKETS).map(|_| {
        crowd.connect(address)?;
        let sender = listener.accept()?.0;
        sender.set_nodelay(true)?;
        Ok(sender)
    });
    let senders = senders.collect::<anyhow::Result<Vec<TcpStream>>>()?;
    let (start, mut cpu, mut sends) = (Instant::now(), Duration::ZERO, 0);
    while sends == 0 || start.elapsed() < time {
        let before = thread_cpu();
        for mut sender in &senders {
            sender.write_all(LINE)?;
        }
        cpu += thread_cpu().saturating_sub(before);
        sends += SOCKETS;
        // Nothing may gather, and reading does not count.
        drain(&mut crowd, sends)?;
    }
    Ok(cpu.as_secs_f64() * 1e6 / sends as f64)
}

/// Reads until so many lines have come in all.
fn drain(crowd: &mut Crowd, lines: usize) -> anyhow::Result<()> {
    let (bytes, progress) = ((lines * LINE.len()) as u64, Instant::now());
    while crowd.bytes < bytes {
        crowd.wait(TICK, &mut Deaf)?;
        if progress.elapsed() > PATIENCE {
            bail!("what is sent over loopback does not arrive");
        }
    }
    Ok(())
}

/// Lets everything pass.
struct Deaf;

impl Listener for Deaf {
    fn line(&mut self, _: usize, _: &[u8], _: Instant) {}
    fn gone(&mut self, _: usize) {}
}

/// The CPU time that this thread has used.
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
