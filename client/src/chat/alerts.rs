//! When the bell rings and the desktop is notified.

use super::Bell;

/// The bell rings at most so often, in milliseconds.
const MIN_BELL_INTERVAL_MS: u64 = 1_000;

/// What the user wants to be alerted of, and when the bell last rang.
#[derive(Clone, Debug)]
pub struct Alerts {
    bell: Bell,
    notify: bool,
    last_bell: Option<u64>,
}

impl Alerts {
    /// Alerts as the user chose them.
    #[must_use]
    pub fn new(bell: Bell, notify: bool) -> Alerts {
        Alerts { bell, notify, last_bell: None }
    }

    /// Starts an alert for new talk, `personal` if it is for the user alone. `false` if it is not wanted, or too soon
    /// after the last one.
    pub fn try_ring(&mut self, now_ms: u64, personal: bool) -> bool {
        let wanted = match self.bell {
            Bell::Off => false,
            Bell::Private => personal,
            Bell::All => true,
        };
        let rings = wanted && self.last_bell.is_none_or(|last| now_ms >= last + MIN_BELL_INTERVAL_MS);
        if rings {
            self.last_bell = Some(now_ms);
        }
        rings
    }

    /// Whether an alert also notifies the desktop.
    #[must_use]
    pub fn notifies(&self) -> bool {
        self.notify
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bell_rings_for_what_is_wanted_and_at_most_once_a_second() {
        let mut alerts = Alerts::new(Bell::Private, false);
        assert!(!alerts.try_ring(0, false) && alerts.try_ring(0, true));
        assert!(!alerts.try_ring(MIN_BELL_INTERVAL_MS - 1, true) && alerts.try_ring(MIN_BELL_INTERVAL_MS, true));
        assert!(!Alerts::new(Bell::Off, true).try_ring(0, true) && Alerts::new(Bell::All, true).try_ring(0, false));
    }
}
