//! Rooms that the user has asked to go into. A room that is entered is shown only if the user pressed no key since.

use super::conversation::ConversationId;

/// A request to go into a room.
#[derive(Clone, Debug)]
struct PendingJoin {
    /// The number of the line.
    key: u64,
    /// Where it was typed.
    from: ConversationId,
    /// How many keys had been pressed by then.
    activity: u64,
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredJoin {
    /// Where it was typed.
    pub from: ConversationId,
    /// The user has pressed no key since.
    pub idle_since: bool,
}

/// All requests that are not answered, and how many keys were pressed.
#[derive(Clone, Debug, Default)]
pub struct PendingJoins {
    list: Vec<PendingJoin>,
    activity: u64,
}

impl PendingJoins {
    /// Notes that the user pressed a key.
    pub fn key_pressed(&mut self) {
        self.activity += 1;
    }

    /// Adds the request of line `key`, typed in conversation `from`.
    pub fn add(&mut self, key: u64, from: ConversationId) {
        self.list.push(PendingJoin { key, from, activity: self.activity });
    }

    /// Takes out the request of line `key`, if the user made it.
    pub fn take_answered(&mut self, key: u64) -> Option<AnsweredJoin> {
        let at = self.list.iter().position(|join| join.key == key)?;
        let PendingJoin { from, activity, .. } = self.list.remove(at);
        Some(AnsweredJoin { from, idle_since: activity == self.activity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_takes_the_view_back() {
        let mut joins = PendingJoins::default();
        joins.add(1, ConversationId::Server);
        joins.key_pressed();
        joins.add(2, ConversationId::Mentions);
        assert_eq!(joins.take_answered(2), Some(AnsweredJoin { from: ConversationId::Mentions, idle_since: true }));
        assert_eq!(joins.take_answered(1), Some(AnsweredJoin { from: ConversationId::Server, idle_since: false }));
        assert_eq!(joins.take_answered(1), None);
    }
}
