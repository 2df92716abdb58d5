//! All conversations, in the order of the sidebar: rooms, messages to all, users, mentions, server.

use super::conversation::{Conversation, ConversationId, SecretChatState};
use super::limits::{MAX_BYTES, MAX_CONVERSATIONS};

/// All conversations, and the viewed one.
#[derive(Clone, Debug)]
pub struct Conversations {
    /// Never empty: mentions and server cannot be closed.
    list: Vec<Conversation>,
    /// Index of the viewed conversation.
    viewed: usize,
    /// The conversation viewed before.
    last: Option<ConversationId>,
    /// Number of activities so far; see [`Conversation::last_active`].
    activity_count: u64,
}

/// Returns the position of a kind of conversation in the sidebar.
fn rank(id: &ConversationId) -> usize {
    match id {
        ConversationId::Room(_) => 0,
        ConversationId::Global => 1,
        ConversationId::User(_) => 2,
        ConversationId::OffTheRecord(_) => 3,
        ConversationId::Encrypted(_) => 4,
        ConversationId::Mentions => 5,
        ConversationId::Server => 6,
    }
}

impl Conversations {
    /// Creates the list of a room, which is viewed, mentions and server.
    #[must_use]
    pub fn new(room: &str) -> Conversations {
        let list = vec![
            Conversation::new(ConversationId::room(room), room),
            Conversation::new(ConversationId::Mentions, "mentions"),
            Conversation::new(ConversationId::Server, "server"),
        ];
        Conversations { list, viewed: 0, last: None, activity_count: 0 }
    }

    /// Returns all conversations.
    pub fn iter(&self) -> impl Iterator<Item = &Conversation> {
        self.list.iter()
    }

    /// Returns all conversations, mutably.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conversation> {
        self.list.iter_mut()
    }

    /// Returns the conversations that Alt and a digit show. A room being joined has no number yet: it would shift the
    /// numbers of others while the user presses the keys.
    pub fn numbered(&self) -> impl Iterator<Item = &Conversation> {
        self.list.iter().filter(|conversation| !conversation.joining)
    }

    /// Returns the viewed conversation.
    #[must_use]
    pub fn viewed(&self) -> &Conversation {
        &self.list[self.viewed]
    }

    /// Returns the viewed conversation, mutably.
    pub fn viewed_mut(&mut self) -> &mut Conversation {
        &mut self.list[self.viewed]
    }

    /// Returns the conversation viewed before.
    #[must_use]
    pub fn previously_viewed(&self) -> Option<ConversationId> {
        self.last.clone()
    }

    /// Returns the index of the viewed conversation.
    #[must_use]
    pub fn viewed_index(&self) -> usize {
        self.viewed
    }

    /// Returns a conversation by its id.
    #[must_use]
    pub fn get(&self, id: &ConversationId) -> Option<&Conversation> {
        self.list.iter().find(|conversation| conversation.id == *id)
    }

    /// Returns a conversation by its id, mutably.
    pub fn get_mut(&mut self, id: &ConversationId) -> Option<&mut Conversation> {
        self.list.iter_mut().find(|conversation| conversation.id == *id)
    }

    /// Returns a conversation, and records activity in it. Creates it, and evicts another one, if necessary.
    pub fn open(&mut self, id: &ConversationId, title: &str) -> &mut Conversation {
        self.activity_count += 1;
        let last_active = self.activity_count;
        if self.get(id).is_none() {
            self.evict_quietest();
            let behind = self.list.iter().rposition(|other| rank(&other.id) <= rank(id));
            let at = behind.map_or(0, |at| at + 1);
            self.list.insert(at, Conversation::new(id.clone(), title));
            self.viewed += usize::from(at <= self.viewed);
        }
        let at = self.list.iter().position(|conversation| conversation.id == *id).unwrap_or(self.viewed);
        let conversation = &mut self.list[at];
        conversation.last_active = last_active;
        conversation
    }

    /// Closes the conversation without activity for longest if there are too many. Rooms go last. The viewed one, one
    /// with a draft or undelivered messages, and an open secret chat stay: closing them would lose something.
    fn evict_quietest(&mut self) {
        if self.list.len() < MAX_CONVERSATIONS {
            return;
        }
        let viewed = &self.list[self.viewed].id;
        let can_evict = |c: &&Conversation| {
            let is_fixed = c.id == *viewed || rank(&c.id) >= rank(&ConversationId::Mentions);
            !is_fixed && c.draft.text().is_empty() && !c.has_undelivered() && c.chat_state != SecretChatState::Open
        };
        let eviction_order = |c: &&Conversation| (matches!(c.id, ConversationId::Room(_)), c.last_active);
        let found = self.list.iter().filter(can_evict).min_by_key(eviction_order).map(|c| c.id.clone());
        if let Some(id) = found {
            self.close(&id);
        }
    }

    /// Closes a conversation, and views the previous one if it was viewed. Returns `false` if there is none, or it cannot
    /// be closed.
    pub fn close(&mut self, id: &ConversationId) -> bool {
        if matches!(id, ConversationId::Mentions | ConversationId::Server) {
            return false;
        }
        let Some(at) = self.list.iter().position(|conversation| conversation.id == *id) else { return false };
        let was_viewed = at == self.viewed;
        self.list.remove(at);
        if at < self.viewed {
            self.viewed -= 1;
        }
        if was_viewed {
            let last = self.last.take();
            let back = last.and_then(|last| self.list.iter().position(|conversation| conversation.id == last));
            self.viewed = back.unwrap_or(self.viewed.min(self.list.len() - 1));
            self.viewed_mut().mark_read();
        }
        true
    }

    /// Lets the stored messages with a user go on under the user's new name. Nothing changes if there is a conversation of
    /// that name, or if a message is undelivered: it was sent to the earlier name.
    pub fn rename_user(&mut self, from: &str, to: &str) {
        let id = ConversationId::user(to);
        if self.get(&id).is_some() {
            return;
        }
        let old = ConversationId::user(from);
        let Some(conversation) = self.get_mut(&old).filter(|conversation| !conversation.has_undelivered()) else {
            return;
        };
        conversation.id = id.clone();
        conversation.title = to.into();
        if self.last.as_ref() == Some(&old) {
            self.last = Some(id);
        }
    }

    /// Views a conversation, if it exists. Marks it as read, and removes the unread marker of the one viewed before.
    pub fn view(&mut self, id: &ConversationId) {
        let Some(at) = self.list.iter().position(|conversation| conversation.id == *id) else { return };
        if at != self.viewed {
            let left = &mut self.list[self.viewed];
            left.marker = None;
            self.last = Some(left.id.clone());
            self.viewed = at;
        }
        self.list[at].mark_read();
    }

    /// Returns the next conversation of the list, or the previous one if not `forward`. Wraps around.
    #[must_use]
    pub fn neighbor(&self, forward: bool) -> ConversationId {
        let count = self.list.len();
        let at = (self.viewed + if forward { 1 } else { count - 1 }) % count;
        self.list[at].id.clone()
    }

    /// Returns the conversation at `index` of [`Conversations::numbered`].
    #[must_use]
    pub fn by_number(&self, index: usize) -> Option<ConversationId> {
        self.numbered().nth(index).map(|conversation| conversation.id.clone())
    }

    /// Returns the number of unread messages in the other conversations, and of those that are for the user alone or
    /// mention the user.
    #[must_use]
    pub fn unread_elsewhere(&self) -> (usize, usize) {
        let others =
            self.list.iter().enumerate().filter(|(at, c)| *at != self.viewed && c.id != ConversationId::Mentions);
        others.fold((0, 0), |(new, mentions), (_, c)| (new + c.unread, mentions + c.mentions))
    }

    /// Returns the next conversation with unread messages: first a secret chat that has just opened, then one with
    /// mentions.
    #[must_use]
    pub fn next_unread(&self) -> Option<ConversationId> {
        let order = (1..self.list.len()).map(|step| &self.list[(self.viewed + step) % self.list.len()]);
        let mut new = order.filter(|c| c.unread > 0 && c.id != ConversationId::Mentions);
        let opened = new.clone().find(|c| c.opened_unseen);
        let first = opened.or_else(|| new.clone().find(|c| c.mentions > 0));
        first.or_else(|| new.next()).map(|conversation| conversation.id.clone())
    }

    /// Removes the oldest lines of the largest conversations until all together keep to [`MAX_BYTES`].
    pub fn trim(&mut self) {
        let mut total: usize = self.list.iter().map(Conversation::size_bytes).sum();
        while total > MAX_BYTES {
            let Some(largest) = self.list.iter_mut().max_by_key(|conversation| conversation.size_bytes()) else {
                return;
            };
            let before = largest.size_bytes();
            largest.drop_oldest();
            total -= before - largest.size_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(conversations: &Conversations) -> Vec<&str> {
        conversations.iter().map(|conversation| &*conversation.title).collect()
    }

    #[test]
    fn rooms_are_listed_before_users() {
        let mut conversations = Conversations::new("lobby");
        conversations.open(&ConversationId::user("Bob"), "Bob");
        conversations.open(&ConversationId::room("ops"), "ops");
        conversations.open(&ConversationId::encrypted("Bob"), "Bob");
        conversations.open(&ConversationId::Global, "everybody");
        conversations.open(&ConversationId::user("bob"), "bob");
        assert_eq!(titles(&conversations), ["lobby", "ops", "everybody", "Bob", "Bob", "mentions", "server"]);
        assert_eq!(&*conversations.viewed().title, "lobby");
    }

    #[test]
    fn closing_views_the_previous_conversation() {
        let mut conversations = Conversations::new("lobby");
        conversations.open(&ConversationId::room("ops"), "ops");
        conversations.view(&ConversationId::Server);
        conversations.view(&ConversationId::room("ops"));
        assert!(conversations.close(&ConversationId::room("ops")) && !conversations.close(&ConversationId::Server));
        assert_eq!(conversations.viewed().id, ConversationId::Server);
        assert!(conversations.close(&ConversationId::room("lobby")));
        assert_eq!(conversations.viewed().id, ConversationId::Server);
    }

    #[test]
    fn the_number_of_conversations_is_bounded() {
        let mut conversations = Conversations::new("lobby");
        for i in 0..200 {
            conversations.open(&ConversationId::user(&format!("u{i}")), "u");
        }
        assert_eq!(conversations.iter().count(), MAX_CONVERSATIONS);
        assert!(
            conversations.get(&ConversationId::user("u0")).is_none()
                && conversations.get(&ConversationId::user("u199")).is_some()
        );
    }

    #[test]
    fn mentions_come_first_among_unread() {
        let mut conversations = Conversations::new("lobby");
        for (room, unread, mentions) in [("a", 1, 0), ("b", 2, 1)] {
            let conversation = conversations.open(&ConversationId::room(room), room);
            conversation.unread = unread;
            conversation.mentions = mentions;
        }
        assert_eq!(conversations.next_unread(), Some(ConversationId::room("b")));
        conversations.view(&ConversationId::room("b"));
        assert_eq!(conversations.next_unread(), Some(ConversationId::room("a")));
    }
}
