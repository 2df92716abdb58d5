//! A proxy whose network is slow: all connections share one link with a rate, a delay and loss.
//!
//! A model of TCP over such a link, since tests cannot change the kernel's network. Each direction of a connection passes
//! segments in order. A window of [`INITIAL_SEGMENTS`] grows by one with each acknowledged segment, and a lost segment
//! halves it. The lost segment arrives one time-out later, and so do those behind it.
//!
//! ```text
//! sender ─▶ window ─▶ link: waits for its turn at the rate ─▶ delay ─▶ receiver
//!              ▲                                                │
//!              └───────────── acknowledgement: delay ◀──────────┘
//! ```

use crate::relay::{Carrier, Direction, Relay, StreamPair};
use crate::rng::Rng;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of a segment on Ethernet.
const SEGMENT: usize = 1_460;
/// Segments that a sender may send at once (RFC 6928).
const INITIAL_SEGMENTS: usize = 10;
/// Least time after which Linux sends a lost segment again.
const RESEND: Duration = Duration::from_millis(200);

/// The link of all connections.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// In bytes a second, for each direction.
    pub rate: u32,
    /// From one end to the other.
    pub delay: Duration,
    /// Lost segments of a thousand.
    pub lost_per_mille: usize,
}

/// The proxy. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Shaper(Relay<Wire>);

#[derive(Debug)]
struct Wire {
    link: Link,
    state: Mutex<WireState>,
}

#[derive(Debug)]
struct WireState {
    /// When each direction can take the next segment.
    free_at: [Instant; 2],
    losses: Rng,
}

impl Shaper {
    /// Starts a slow network in front of `server`. `seed` decides which segments are lost.
    #[must_use]
    pub fn new(server: SocketAddr, link: Link, seed: usize) -> Shaper {
        let state = Mutex::new(WireState { free_at: [Instant::now(); 2], losses: Rng::new(seed) });
        Shaper(Relay::new(server, Wire { link, state }))
    }

    /// Returns the address for clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

impl Wire {
    /// Puts a segment on the wire. Returns the time at which it arrives, and whether it was lost at first.
    fn send(&self, direction: Direction, bytes: usize) -> (Instant, bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let time = Duration::from_secs_f64(bytes as f64 / f64::from(self.link.rate));
        let free_at = &mut state.free_at[usize::from(direction == Direction::ToClient)];
        *free_at = (*free_at).max(Instant::now()) + time;
        let arrives = *free_at + self.link.delay;
        let is_lost = state.losses.below(1_000) < self.link.lost_per_mille;
        (if is_lost { arrives + RESEND + self.link.delay } else { arrives }, is_lost)
    }
}

impl Carrier for Wire {
    fn carry(&self, direction: Direction, pair: &StreamPair) {
        let (segments, arriving) = channel();
        std::thread::scope(|scope| {
            scope.spawn(move || deliver(direction, pair, &arriving));
            // A connection takes one round trip to open, and the client sends nothing before.
            let mut last = Instant::now() + 2 * self.link.delay;
            let mut window = INITIAL_SEGMENTS;
            let mut sent: VecDeque<Instant> = VecDeque::new();
            let mut buffer = [0; SEGMENT];
            while let Ok(count @ 1..) = pair.ends(direction).0.read(&mut buffer) {
                while sent.len() >= window {
                    let Some(acknowledged) = sent.pop_front() else { break };
                    sleep_until(acknowledged);
                    window += 1;
                }
                let (arrives, is_lost) = self.send(direction, count);
                if is_lost {
                    window = (window / 2).max(1);
                }
                last = last.max(arrives);
                sent.push_back(last + self.link.delay);
                if segments.send((last, buffer[..count].to_vec())).is_err() {
                    break;
                }
            }
            drop(segments);
        });
        pair.end(direction);
    }
}

/// Passes each segment on when it arrives.
fn deliver(direction: Direction, pair: &StreamPair, arriving: &Receiver<(Instant, Vec<u8>)>) {
    for (at, bytes) in arriving {
        sleep_until(at);
        if pair.ends(direction).1.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn sleep_until(instant: Instant) {
    std::thread::sleep(instant.saturating_duration_since(Instant::now()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// Sends bytes of the server through a link, and returns the time until the client has them all.
    fn time_of(link: Link, bytes: usize) -> Duration {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let shaper = Shaper::new(listener.local_addr().expect("its address"), link, 1);
        let begun = Instant::now();
        let client = TcpStream::connect(shaper.address()).expect("connecting");
        let (server, _) = listener.accept().expect("a client");
        let sent: Vec<u8> = (0..bytes).map(|n| n as u8).collect();
        let mut received = Vec::new();
        std::thread::scope(|scope| {
            let sent = &sent;
            scope.spawn(move || (&server).write_all(sent).expect("sending"));
            (&client).read_to_end(&mut received).expect("an orderly end");
        });
        assert!(received == sent);
        begun.elapsed()
    }

    #[test]
    fn bytes_arrive_whole_and_no_sooner_than_the_link_allows() {
        let millis = Duration::from_millis;
        let fast = Link { rate: 10_000_000, delay: millis(1), lost_per_mille: 0 };
        // 100 kB at 500 kB/s.
        assert!(time_of(Link { rate: 500_000, ..fast }, 100_000) >= millis(200));
        // 60 segments: ten at the first acknowledgement, twenty at the second, forty at the third.
        assert!(time_of(Link { delay: millis(20), ..fast }, 60 * SEGMENT) >= millis(100));
        assert!(time_of(Link { lost_per_mille: 1_000, ..fast }, 1) >= RESEND);
    }
}
