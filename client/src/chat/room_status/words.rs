//! What the screen says about the rules of a room: in its bar, and in the input before the user types.

use super::{Mute, RoomStatus};

impl RoomStatus {
    /// Returns the rules in force, in words for a bar.
    #[must_use]
    pub fn words(&self, now_ms: u64) -> Vec<String> {
        let mut words = Vec::new();
        if self.is_quiet {
            words.push("quiet".to_owned());
        }
        if self.is_slow {
            words.push(self.slow_seconds.map_or("slow".to_owned(), |seconds| format!("slow {seconds} s")));
        }
        if self.mute_in_force(now_ms).is_some() {
            words.push("muted".to_owned());
        }
        match self.hands.len() {
            0 => {}
            1 => words.push("1 hand".to_owned()),
            count => words.push(format!("{count} hands")),
        }
        words
    }

    /// Returns what the user must know before typing: why a message would be refused, or the floor, or slow mode.
    #[must_use]
    pub fn caution(&self, now_ms: u64) -> Option<String> {
        if self.is_owner {
            return None;
        }
        if let Some(mute) = self.mute_in_force(now_ms) {
            let minutes = mute.until.map(|until| until.saturating_sub(now_ms).div_ceil(60_000));
            let time = minutes.map_or("until an owner unmutes you".to_owned(), |minutes| format!("for {minutes} min"));
            return Some(format!("you are muted in this room {time}"));
        }
        if self.is_quiet {
            return Some(match (self.has_floor, self.own_hand) {
                (true, _) => "you have the floor".to_owned(),
                (false, Some(before)) => format!("your hand is up, {before} before you; /hand takes it down"),
                (false, None) => "this room is quiet: /hand asks its owners for the floor".to_owned(),
            });
        }
        self.is_slow.then(|| {
            let pause = self.slow_seconds.map_or(String::new(), |seconds| format!(" every {seconds} s"));
            format!("this room is slow: one message{pause}")
        })
    }

    /// Returns whether the server would refuse any message of the user now.
    #[must_use]
    pub fn silences(&self, now_ms: u64) -> bool {
        !self.is_owner && (self.mute_in_force(now_ms).is_some() || self.is_quiet && !self.has_floor)
    }

    /// Returns the mute of the user, if its time is not over.
    pub(super) fn mute_in_force(&self, now_ms: u64) -> Option<Mute> {
        self.mute.filter(|mute| mute.until.is_none_or(|until| now_ms < until))
    }
}
