//! Decides when the terminal bell rings and the desktop is notified.

use super::Bell;

/// Minimum time between two alerts, in milliseconds.
const MIN_BELL_INTERVAL_MS: u64 = 1_000;

/// The alert settings of the user, and the time of the last alert.
#[derive(Clone, Debug)]
pub struct Alerts {
    bell: Bell,
    notify: bool,
    last_bell: Option<u64>,
}

impl Alerts {
    /// Creates alerts with the settings of the user.
    #[must_use]
    pub fn new(bell: Bell, notify: bool) -> Alerts {
        Alerts { bell, notify, last_bell: None }
    }

    /// Decides whether a new message rings the bell, and records the time if so. `personal` messages are for the user
    /// alone or mention the user. Returns `false` if the user wants no alert, or the last one was too recent.
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

    /// Returns whether an alert also notifies the desktop.
    #[must_use]
    pub fn notifies(&self) -> bool {
        self.notify
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bell_rings_as_configured_and_at_most_once_a_second() {
        let mut alerts = Alerts::new(Bell::Private, false);
        assert!(!alerts.try_ring(0, false) && alerts.try_ring(0, true));
        assert!(!alerts.try_ring(MIN_BELL_INTERVAL_MS - 1, true) && alerts.try_ring(MIN_BELL_INTERVAL_MS, true));
        assert!(!Alerts::new(Bell::Off, true).try_ring(0, true) && Alerts::new(Bell::All, true).try_ring(0, false));
    }
}
