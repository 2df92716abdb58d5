//! All conversations, in the order of the list at the left.

use super::conversation::{Conversation, ConversationId, SecretChatState};
use super::limits::{MAX_BYTES, MAX_CONVERSATIONS};

/// All conversations, and the one that is looked at.
#[derive(Clone, Debug)]
pub struct Conversations {
    list: Vec<Conversation>,
    viewed: usize,
    /// The one that was looked at before.
    last: Option<ConversationId>,
    activity_count: u64,
}

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
    /// A room, the list of mentions and the server.
    #[must_use]
    pub fn new(room: &str) -> Conversations {
        let list = vec![
            Conversation::new(ConversationId::room(room), room),
            Conversation::new(ConversationId::Mentions, "mentions"),
            Conversation::new(ConversationId::Server, "server"),
        ];
        Conversations { list, viewed: 0, last: None, activity_count: 0 }
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Conversation> {
        self.list.iter()
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conversation> {
        self.list.iter_mut()
    }

    /// Those that Alt and a digit show, in their order. A room that waits to be entered has no number yet, so that no
    /// other one loses its own while the user presses the keys.
    pub fn numbered(&self) -> impl Iterator<Item = &Conversation> {
        self.list.iter().filter(|conversation| !conversation.joining)
    }

    /// The one that is looked at.
    #[must_use]
    pub fn viewed(&self) -> &Conversation {
        &self.list[self.viewed]
    }

    /// The same, to be changed.
    pub fn viewed_mut(&mut self) -> &mut Conversation {
        &mut self.list[self.viewed]
    }

    /// The one that was looked at before.
    #[must_use]
    pub fn previously_viewed(&self) -> Option<ConversationId> {
        self.last.clone()
    }

    /// Which one of the list is looked at.
    #[must_use]
    pub fn viewed_index(&self) -> usize {
        self.viewed
    }

    /// The one at that place.
    #[must_use]
    pub fn get(&self, id: &ConversationId) -> Option<&Conversation> {
        self.list.iter().find(|conversation| conversation.id == *id)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: &ConversationId) -> Option<&mut Conversation> {
        self.list.iter_mut().find(|conversation| conversation.id == *id)
    }

    /// The one at that place, which is opened if there is none; something happens in it.
    pub fn open(&mut self, id: &ConversationId, title: &str) -> &mut Conversation {
        self.activity_count += 1;
        let stirs = self.activity_count;
        if self.get(id).is_none() {
            self.evict_quietest();
            let behind = self.list.iter().rposition(|other| rank(&other.id) <= rank(id));
            let at = behind.map_or(0, |at| at + 1);
            self.list.insert(at, Conversation::new(id.clone(), title));
            self.viewed += usize::from(at <= self.viewed);
        }
        let at = self.list.iter().position(|conversation| conversation.id == *id).unwrap_or(self.viewed);
        let conversation = &mut self.list[at];
        conversation.last_active = stirs;
        conversation
    }

    /// Lets the one go that was quiet longest, if there are too many: people before rooms, and never unsent lines or a
    /// encrypted chat that is open (which are bounded by themselves).
    fn evict_quietest(&mut self) {
        if self.list.len() < MAX_CONVERSATIONS {
            return;
        }
        let viewed = &self.list[self.viewed].id;
        let can_go = |c: &&Conversation| {
            let fixed = c.id == *viewed || rank(&c.id) >= rank(&ConversationId::Mentions);
            !fixed && c.draft.text().is_empty() && !c.has_undelivered() && c.chat_state != SecretChatState::Open
        };
        let quiet = |c: &&Conversation| (matches!(c.id, ConversationId::Room(_)), c.last_active);
        let found = self.list.iter().filter(can_go).min_by_key(quiet).map(|c| c.id.clone());
        if let Some(id) = found {
            self.close(&id);
        }
    }

    /// Closes one (not the last room's fixed companions). Whether it was there.
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

    /// Looks at another one, if it is there.
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

    /// The next one in the list (or the one before), around its ends.
    #[must_use]
    pub fn neighbor(&self, forward: bool) -> ConversationId {
        let count = self.list.len();
        let at = (self.viewed + if forward { 1 } else { count - 1 }) % count;
        self.list[at].id.clone()
    }

    /// The how manieth one of the list.
    #[must_use]
    pub fn by_number(&self, index: usize) -> Option<ConversationId> {
        self.numbered().nth(index).map(|conversation| conversation.id.clone())
    }

    /// How many messages are new in those that are not looked at, and how many of them are for the reader alone.
    #[must_use]
    pub fn unread_elsewhere(&self) -> (usize, usize) {
        let others =
            self.list.iter().enumerate().filter(|(at, c)| *at != self.viewed && c.id != ConversationId::Mentions);
        others.fold((0, 0), |(new, mentions), (_, c)| (new + c.unread, mentions + c.mentions))
    }

    /// The next one with something new: first a chat that has just opened, then where one is named.
    #[must_use]
    pub fn next_unread(&self) -> Option<ConversationId> {
        let order = (1..self.list.len()).map(|step| &self.list[(self.viewed + step) % self.list.len()]);
        let mut new = order.filter(|c| c.unread > 0 && c.id != ConversationId::Mentions);
        let opened = new.clone().find(|c| c.opened_unseen);
        let first = opened.or_else(|| new.clone().find(|c| c.mentions > 0));
        first.or_else(|| new.next()).map(|conversation| conversation.id.clone())
    }

    /// Forgets the oldest lines of the largest conversations until all together are small enough.
    pub fn trim(&mut self) {
        let mut total: usize = self.list.iter().map(Conversation::weight).sum();
        while total > MAX_BYTES {
            let Some(largest) = self.list.iter_mut().max_by_key(|conversation| conversation.weight()) else { return };
            let before = largest.weight();
            largest.drop_oldest();
            total -= before - largest.weight();
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
    fn rooms_stand_before_people() {
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
    fn closing_goes_back_to_where_one_was() {
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
    fn there_are_never_too_many() {
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
    fn where_one_is_named_comes_first() {
        let mut conversations = Conversations::new("lobby");
        for (room, unread, mentions) in [("a", 1, 0), ("b", 2, 1)] {
            let conversation = conversations.open(&ConversationId::room(room), room);
            (conversation.unread, conversation.mentions) = (unread, mentions);
        }
        assert_eq!(conversations.next_unread(), Some(ConversationId::room("b")));
        conversations.view(&ConversationId::room("b"));
        assert_eq!(conversations.next_unread(), Some(ConversationId::room("a")));
    }
}
