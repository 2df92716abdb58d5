//! Finds WebSockets that are lost: the server pings a silent client, whose program answers by itself.

use std::time::{Duration, Instant};

/// The next action for a silent client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Liveness {
    /// Wait.
    Unknown,
    /// Send a ping.
    Ping,
    /// It has not answered: the connection is lost.
    Lost,
}

/// The silence of one client.
#[derive(Debug)]
pub(super) struct KeepAlive {
    interval: Duration,
    /// Time of the next action.
    due: Instant,
    is_pinged: bool,
}

impl KeepAlive {
    /// Starts now. After `interval` without bytes the client is pinged, after another one it is lost.
    pub(super) fn new(interval: Duration, now: Instant) -> KeepAlive {
        KeepAlive { interval, due: now + interval, is_pinged: false }
    }

    /// Notes that bytes of the client have arrived.
    pub(super) fn note_bytes(&mut self, now: Instant) {
        self.due = now + self.interval;
        self.is_pinged = false;
    }

    /// Returns the time of the next action.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Returns the action that is due.
    pub(super) fn poll(&mut self, now: Instant) -> Liveness {
        if now < self.due {
            return Liveness::Unknown;
        }
        self.due = now + self.interval;
        if std::mem::replace(&mut self.is_pinged, true) { Liveness::Lost } else { Liveness::Ping }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_client_is_pinged_and_then_lost() {
        let interval = Duration::from_secs(30);
        let start = Instant::now();
        let mut keep_alive = KeepAlive::new(interval, start);
        assert_eq!((keep_alive.due(), keep_alive.poll(start)), (start + interval, Liveness::Unknown));
        assert_eq!(keep_alive.poll(start + interval), Liveness::Ping);
        assert_eq!(keep_alive.poll(start + interval * 3 / 2), Liveness::Unknown);
        keep_alive.note_bytes(start + interval * 3 / 2);
        assert_eq!(keep_alive.poll(start + interval * 2), Liveness::Unknown);
        assert_eq!(keep_alive.poll(start + interval * 5 / 2), Liveness::Ping);
        assert_eq!(keep_alive.due(), start + interval * 7 / 2);
        assert_eq!(keep_alive.poll(start + interval * 7 / 2), Liveness::Lost);
    }
}
