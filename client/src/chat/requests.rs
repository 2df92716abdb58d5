//! Open requests for chats that are stored nowhere, and the user's answers that are under way.
//!
//! A tab says nothing about requests: it stays when its chat is over. So requests are kept here as events tell them,
//! and the tab that an acceptance shows is chosen from them. What the server opens in the end decides: the chat may be
//! another one than was expected.
//!
//! | a request | when |
//! |---|---|
//! | opens | `private_request`, `direct_request` |
//! | closes | accepted, declined, blocked, withdrawn; its user is gone; its chat opens; a new session begins |

use super::conversation::SecretChatState;
use super::conversation_id::ConversationId;

/// OpenRequests that are remembered at once, and acceptances; the oldest is forgotten first.
const MAX_REQUESTS: usize = 256;

/// A request that waits for the user's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// The chat.
    pub id: ConversationId,
    /// The user who asks, as the name is written.
    pub user: Box<str>,
}

/// An acceptance that the server has not answered, or whose chat is not open yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The number of the command.
    pub key: u64,
    /// The user who is named.
    pub user: Option<Box<str>>,
    /// The chat that is expected and shown, with its state from before.
    pub expected: Option<(ConversationId, SecretChatState)>,
    /// The conversation that was shown before.
    pub from: ConversationId,
}

/// What an acceptance means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This request.
    One(OpenRequest),
    /// Several users ask, and none is named: their names.
    Several(Vec<Box<str>>),
    /// No such request is known here; the server may know one.
    Unknown,
}

/// Open requests, and acceptances that are under way.
#[derive(Clone, Debug, Default)]
pub struct OpenRequests {
    open: Vec<OpenRequest>,
    accepted: Vec<Acceptance>,
}

impl OpenRequests {
    /// Adds a request.
    pub fn add(&mut self, id: &ConversationId, user: &str) {
        self.close(id);
        if self.open.len() >= MAX_REQUESTS {
            self.open.remove(0);
        }
        self.open.push(OpenRequest { id: id.clone(), user: user.into() });
    }

    /// Removes the request for this chat.
    pub fn close(&mut self, id: &ConversationId) {
        self.open.retain(|request| request.id != *id);
    }

    /// Removes all requests of a user.
    pub fn close_all_of(&mut self, user: &str) {
        self.open.retain(|request| !ConversationId::of_same_user(&request.id, user));
    }

    /// Forgets all requests: a new session has begun.
    pub fn clear(&mut self) {
        self.open.clear();
    }

    /// The newest request, and how many there are.
    #[must_use]
    pub fn newest(&self) -> Option<(&OpenRequest, usize)> {
        self.open.last().map(|request| (request, self.open.len()))
    }

    /// The request that an acceptance means. Of one user who asks for both chats, the encrypted one is accepted.
    #[must_use]
    pub fn choose(&self, user: Option<&str>) -> Choice {
        let is_meant = |request: &&OpenRequest| user.is_none_or(|user| ConversationId::of_same_user(&request.id, user));
        let meant: Vec<&OpenRequest> = self.open.iter().filter(is_meant).collect();
        let Some(first) = meant.first() else { return Choice::Unknown };
        if meant.iter().any(|other| !ConversationId::of_same_user(&other.id, &first.user)) {
            let mut users: Vec<Box<str>> = meant.iter().map(|request| request.user.clone()).collect();
            users.sort();
            users.dedup();
            return Choice::Several(users);
        }
        let encrypted = meant.iter().find(|request| matches!(request.id, ConversationId::Encrypted(_)));
        Choice::One((*encrypted.unwrap_or(first)).clone())
    }

    /// Notes an acceptance that is sent. Its request is answered.
    pub fn record_acceptance(&mut self, acceptance: Acceptance) {
        if let Some((id, _)) = &acceptance.expected {
            self.close(id);
        }
        if self.accepted.len() >= MAX_REQUESTS {
            self.accepted.remove(0);
        }
        self.accepted.push(acceptance);
    }

    /// A chat is open, perhaps in answer to the command with that number: the acceptance that opened it, if one did.
    pub fn chat_opened(&mut self, id: &ConversationId, key: Option<u64>) -> Option<Acceptance> {
        self.close(id);
        let by_key = self.accepted.iter().position(|it| Some(it.key) == key);
        let expects = |it: &Acceptance| it.expected.as_ref().is_some_and(|(expected, _)| expected == id);
        let is_named = |user: &str| ConversationId::of_same_user(id, user);
        let may_be = |it: &Acceptance| it.expected.is_none() && it.user.as_deref().is_none_or(is_named);
        let found = by_key.or_else(|| self.accepted.iter().position(expects));
        let at = found.or_else(|| self.accepted.iter().position(may_be))?;
        Some(self.accepted.remove(at))
    }

    /// The server refuses the command with that number: the acceptance that it was, if it was one.
    pub fn take_refused(&mut self, key: u64) -> Option<Acceptance> {
        let at = self.accepted.iter().position(|it| it.key == key)?;
        Some(self.accepted.remove(at))
    }

    /// A chat ended, or its tab was closed: no acceptance waits for it. A request may be a newer one, and stays.
    pub fn chat_ended(&mut self, id: &ConversationId) {
        self.accepted.retain(|it| it.expected.as_ref().is_none_or(|(expected, _)| expected != id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_user_who_asks_is_meant_and_the_encrypted_chat_first() {
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
