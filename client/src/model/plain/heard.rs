//! What was heard, by its ids: so that what was missed can be asked for, and nothing is shown twice.

use std::collections::{BTreeMap, BTreeSet};

/// Ids that are remembered: more than one page of history, for each of the rooms that people are in at once.
const IDS: usize = 8_192;
/// Rooms of which the newest message is remembered.
const ROOMS: usize = 64;

/// The ids of what was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    ids: BTreeSet<u64>,
    newest: BTreeMap<Box<str>, u64>,
    /// The server's time when one came in first, in milliseconds: nothing before that was missed.
    pub since_ms: i64,
}

impl Heard {
    /// Takes note of a message; `false` if it was known. Those in a room are told with it.
    pub fn add(&mut self, room: Option<&str>, id: u64) -> bool {
        if let Some(room) = room {
            let room = room.to_lowercase().into_boxed_str();
            if self.newest.contains_key(&room) || self.newest.len() < ROOMS {
                let newest = self.newest.entry(room).or_default();
                *newest = id.max(*newest);
            }
        }
        let new = self.ids.insert(id);
        if self.ids.len() > IDS {
            self.ids.pop_first();
        }
        new
    }

    /// The newest message that was heard in a room.
    pub fn newest(&self, room: &str) -> Option<u64> {
        self.newest.get(room.to_lowercase().as_str()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_what_it_heard_and_is_bounded() {
        let mut heard = Heard::default();
        assert!(heard.add(Some("Ops"), 7) && heard.add(None, 9) && !heard.add(Some("ops"), 7));
        assert_eq!((heard.newest("OPS"), heard.newest("lobby")), (Some(7), None));
        for n in 0..20_000 {
            heard.add(Some(&format!("room{n}")), 100 + n);
        }
        assert_eq!((heard.ids.len(), heard.newest.len()), (IDS, ROOMS));
        assert!(!heard.add(None, 20_099) && heard.newest("ops") == Some(7));
    }
}
