//! Open requests for secret chats, and the user's acceptances that the server has not answered.
//!
//! A tab tells nothing about requests, since it stays after its chat has ended. So requests are recorded here, and
//! `/accept` selects the tab to show from them. The server decides which chat opens; it may differ from the expected
//! one, since requests may cross with the acceptance.
//!
//! | a request is | on |
//! |---|---|
//! | added | `private_request`, `direct_request` |
//! | removed | acceptance, refusal, block or withdrawal; disconnection of its user; opening of its chat; a new session |

use super::conversation::SecretChatState;
use super::conversation_id::ConversationId;

/// Number of requests, and of acceptances, that are kept. The oldest is dropped first.
const MAX_REQUESTS: usize = 256;

/// A request that the user has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Chat.
    pub id: ConversationId,
    /// Name of the user who asks, as written.
    pub user: Box<str>,
}

/// An acceptance whose chat is not open yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Number of the command.
    pub key: u64,
    /// User named in the command.
    pub user: Option<Box<str>>,
    /// Expected chat, whose tab is shown, with its state before the acceptance.
    pub expected: Option<(ConversationId, SecretChatState)>,
    /// Conversation viewed before.
    pub from: ConversationId,
}

/// The request that an acceptance refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Exactly this request.
    One(OpenRequest),
    /// Ambiguous: several users ask, and the command names none. With their names.
    Several(Vec<Box<str>>),
    /// No known request. The server may still have one.
    Unknown,
}

/// Open requests, and pending acceptances.
#[derive(Clone, Debug, Default)]
pub struct OpenRequests {
    open: Vec<OpenRequest>,
    accepted: Vec<Acceptance>,
}

impl OpenRequests {
    /// Adds a request. A repeated one becomes the newest.
    pub fn add(&mut self, id: &ConversationId, user: &str) {
        self.close(id);
        if self.open.len() >= MAX_REQUESTS {
            self.open.remove(0);
        }
        self.open.push(OpenRequest { id: id.clone(), user: user.into() });
    }

    /// Removes the request for a chat.
    pub fn close(&mut self, id: &ConversationId) {
        self.open.retain(|request| request.id != *id);
    }

    /// Removes all requests of a user.
    pub fn close_all_of(&mut self, user: &str) {
        self.open.retain(|request| !request.id.is_with(user));
    }

    /// Removes all requests, since a new session has begun.
    pub fn clear(&mut self) {
        self.open.clear();
    }

    /// Returns the newest request, and the number of requests.
    #[must_use]
    pub fn newest(&self) -> Option<(&OpenRequest, usize)> {
        self.open.last().map(|request| (request, self.open.len()))
    }

    /// Returns the request that `/accept` refers to. If a user asks for both kinds of chat, it is the encrypted one.
    #[must_use]
    pub fn choose(&self, user: Option<&str>) -> Choice {
        let is_meant = |request: &&OpenRequest| user.is_none_or(|user| request.id.is_with(user));
        let meant: Vec<&OpenRequest> = self.open.iter().filter(is_meant).collect();
        let Some(first) = meant.first() else { return Choice::Unknown };
        if meant.iter().any(|other| !other.id.is_with(&first.user)) {
            let mut users: Vec<Box<str>> = meant.iter().map(|request| request.user.clone()).collect();
            users.sort();
            users.dedup();
            return Choice::Several(users);
        }
        let encrypted = meant.iter().find(|request| matches!(request.id, ConversationId::Encrypted(_)));
        Choice::One((*encrypted.unwrap_or(first)).clone())
    }

    /// Records a sent acceptance, and removes its request.
    pub fn record_acceptance(&mut self, acceptance: Acceptance) {
        if let Some((id, _)) = &acceptance.expected {
            self.close(id);
        }
        if self.accepted.len() >= MAX_REQUESTS {
            self.accepted.remove(0);
        }
        self.accepted.push(acceptance);
    }

    /// Handles a chat that has opened. `key` is the number of the answered command, if any. Removes and returns the
    /// acceptance that opened it.
    pub fn chat_opened(&mut self, id: &ConversationId, key: Option<u64>) -> Option<Acceptance> {
        self.close(id);
        let by_key = self.accepted.iter().position(|it| Some(it.key) == key);
        let expects = |it: &Acceptance| it.expected.as_ref().is_some_and(|(expected, _)| expected == id);
        let is_named = |user: &str| id.is_with(user);
        let may_be = |it: &Acceptance| it.expected.is_none() && it.user.as_deref().is_none_or(is_named);
        let found = by_key.or_else(|| self.accepted.iter().position(expects));
        let at = found.or_else(|| self.accepted.iter().position(may_be))?;
        Some(self.accepted.remove(at))
    }

    /// Removes and returns the acceptance of a refused command, if it was one.
    pub fn take_refused(&mut self, key: u64) -> Option<Acceptance> {
        let at = self.accepted.iter().position(|it| it.key == key)?;
        Some(self.accepted.remove(at))
    }

    /// Removes the acceptances of a chat that has ended or whose tab was closed. Its request stays: it may be newer.
    pub fn chat_ended(&mut self, id: &ConversationId) {
        self.accepted.retain(|it| it.expected.as_ref().is_none_or(|(expected, _)| expected != id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_the_only_user_and_prefers_the_encrypted_chat() {
        let mut requests = OpenRequests::default();
        assert_eq!(requests.choose(None), Choice::Unknown);
        requests.add(&ConversationId::off_the_record("bob"), "bob");
        requests.add(&ConversationId::encrypted("bob"), "bob");
        let chosen = |choice| match choice {
            Choice::One(OpenRequest { id, .. }) => Some(id),
            _ => None,
        };
        assert_eq!(chosen(requests.choose(None)), Some(ConversationId::encrypted("bob")));
        requests.add(&ConversationId::off_the_record("carol"), "carol");
        assert_eq!(requests.choose(None), Choice::Several(vec!["bob".into(), "carol".into()]));
        assert_eq!(chosen(requests.choose(Some("Carol"))), Some(ConversationId::off_the_record("carol")));
        requests.close_all_of("bob");
        assert_eq!(chosen(requests.choose(None)), Some(ConversationId::off_the_record("carol")));
    }
}
