//! Joins that the server has not answered. A joined room is shown only if the user has pressed no key since: otherwise
//! the view would change under the user's typing, and a private line could go into the room.

use super::conversation::ConversationId;

/// A `/join` without an answer.
#[derive(Clone, Debug)]
struct PendingJoin {
    /// Number of the command.
    key: u64,
    /// Conversation in which it was typed.
    from: ConversationId,
    /// Number of keys pressed before it.
    keys_pressed: u64,
}

/// A `/join` that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredJoin {
    /// Conversation in which it was typed.
    pub from: ConversationId,
    /// True if the user has pressed no key since.
    pub idle_since: bool,
}

/// All unanswered joins, and the number of keys pressed so far.
#[derive(Clone, Debug, Default)]
pub struct PendingJoins {
    list: Vec<PendingJoin>,
    keys_pressed: u64,
}

impl PendingJoins {
    /// Counts a key.
    pub fn key_pressed(&mut self) {
        self.keys_pressed += 1;
    }

    /// Adds the command `key`, typed in conversation `from`.
    pub fn add(&mut self, key: u64, from: ConversationId) {
        self.list.push(PendingJoin { key, from, keys_pressed: self.keys_pressed });
    }

    /// Removes the join of command `key`, and returns it. `None` if the user did not ask for it.
    pub fn take_answered(&mut self, key: u64) -> Option<AnsweredJoin> {
        let at = self.list.iter().position(|join| join.key == key)?;
        let PendingJoin { from, keys_pressed, .. } = self.list.remove(at);
        Some(AnsweredJoin { from, idle_since: keys_pressed == self.keys_pressed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pressed_after_a_join_is_noticed() {
        let mut joins = PendingJoins::default();
        joins.add(1, ConversationId::Server);
        joins.key_pressed();
        joins.add(2, ConversationId::Mentions);
        assert_eq!(joins.take_answered(2), Some(AnsweredJoin { from: ConversationId::Mentions, idle_since: true }));
        assert_eq!(joins.take_answered(1), Some(AnsweredJoin { from: ConversationId::Server, idle_since: false }));
        assert_eq!(joins.take_answered(1), None);
    }
}
