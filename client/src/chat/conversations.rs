//! All conversations, in the order of the list at the left.

use super::conversation::{Conversation, ConversationId, Secret};
use super::limits::{BYTES, CONVERSATIONS};

/// All conversations, and the one that is looked at.
#[derive(Clone, Debug)]
pub struct Conversations {
    list: Vec<Conversation>,
    viewed: usize,
    /// The one that was looked at before.
    last: Option<ConversationId>,
    stirs: u64,
}

fn rank(place: &ConversationId) -> usize {
    match place {
        ConversationId::Room(_) => 0,
        ConversationId::Global => 1,
        ConversationId::Person(_) => 2,
        ConversationId::OffTheRecord(_) => 3,
        ConversationId::Direct(_) => 4,
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
        Conversations { list, viewed: 0, last: None, stirs: 0 }
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
    pub fn last(&self) -> Option<ConversationId> {
        self.last.clone()
    }

    /// Which one of the list is looked at.
    #[must_use]
    pub fn viewed_index(&self) -> usize {
        self.viewed
    }

    /// The one at that place.
    #[must_use]
    pub fn get(&self, place: &ConversationId) -> Option<&Conversation> {
        self.list.iter().find(|conversation| conversation.place == *place)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, place: &ConversationId) -> Option<&mut Conversation> {
        self.list.iter_mut().find(|conversation| conversation.place == *place)
    }

    /// The one at that place, which is opened if there is none; something happens in it.
    pub fn open(&mut self, place: &ConversationId, title: &str) -> &mut Conversation {
        self.stirs += 1;
        let stirs = self.stirs;
        if self.get(place).is_none() {
            self.make_room();
            let behind = self.list.iter().rposition(|other| rank(&other.place) <= rank(place));
            let at = behind.map_or(0, |at| at + 1);
            self.list.insert(at, Conversation::new(place.clone(), title));
            self.viewed += usize::from(at <= self.viewed);
        }
        let at = self.list.iter().position(|conversation| conversation.place == *place).unwrap_or(self.viewed);
        let conversation = &mut self.list[at];
        conversation.stirred = stirs;
        conversation
    }

    /// Lets the one go that was quiet longest, if there are too many: people before rooms, and never unsent lines or a
    /// encrypted chat that is open (which are bounded by themselves).
    fn make_room(&mut self) {
        if self.list.len() < CONVERSATIONS {
            return;
        }
        let viewed = &self.list[self.viewed].place;
        let can_go = |c: &&Conversation| {
            let fixed = c.place == *viewed || rank(&c.place) >= rank(&ConversationId::Mentions);
            !fixed && c.draft.text().is_empty() && !c.has_open() && c.secret != Secret::Open
        };
        let quiet = |c: &&Conversation| (matches!(c.place, ConversationId::Room(_)), c.stirred);
        let found = self.list.iter().filter(can_go).min_by_key(quiet).map(|c| c.place.clone());
        if let Some(place) = found {
            self.close(&place);
        }
    }

    /// Closes one (not the last room's fixed companions). Whether it was there.
    pub fn close(&mut self, place: &ConversationId) -> bool {
        if matches!(place, ConversationId::Mentions | ConversationId::Server) {
            return false;
        }
        let Some(at) = self.list.iter().position(|conversation| conversation.place == *place) else { return false };
        let was_viewed = at == self.viewed;
        self.list.remove(at);
        if at < self.viewed {
            self.viewed -= 1;
        }
        if was_viewed {
            let last = self.last.take();
            let back = last.and_then(|last| self.list.iter().position(|conversation| conversation.place == last));
            self.viewed = back.unwrap_or(self.viewed.min(self.list.len() - 1));
            self.viewed_mut().seen();
        }
        true
    }

    /// Looks at another one, if it is there.
    pub fn view(&mut self, place: &ConversationId) {
        let Some(at) = self.list.iter().position(|conversation| conversation.place == *place) else { return };
        if at != self.viewed {
            let left = &mut self.list[self.viewed];
            left.marker = None;
            self.last = Some(left.place.clone());
            self.viewed = at;
        }
        self.list[at].seen();
    }

    /// The next one in the list (or the one before), around its ends.
    #[must_use]
    pub fn beside(&self, forward: bool) -> ConversationId {
        let count = self.list.len();
        let at = (self.viewed + if forward { 1 } else { count - 1 }) % count;
        self.list[at].place.clone()
    }

    /// The how manieth one of the list.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<ConversationId> {
        self.numbered().nth(index).map(|conversation| conversation.place.clone())
    }

    /// How many messages are new in those that are not looked at, and how many of them are for the reader alone.
    #[must_use]
    pub fn new_elsewhere(&self) -> (usize, usize) {
        let others =
            self.list.iter().enumerate().filter(|(at, c)| *at != self.viewed && c.place != ConversationId::Mentions);
        others.fold((0, 0), |(new, mentions), (_, c)| (new + c.unread, mentions + c.mentions))
    }

    /// The next one with something new: first a chat that has just opened, then where one is named.
    #[must_use]
    pub fn next_unread(&self) -> Option<ConversationId> {
        let order = (1..self.list.len()).map(|step| &self.list[(self.viewed + step) % self.list.len()]);
        let mut new = order.filter(|c| c.unread > 0 && c.place != ConversationId::Mentions);
        let opened = new.clone().find(|c| c.opened_unseen);
        let first = opened.or_else(|| new.clone().find(|c| c.mentions > 0));
        first.or_else(|| new.next()).map(|conversation| conversation.place.clone())
    }

    /// Forgets the oldest lines of the largest conversations until all together are small enough.
    pub fn trim(&mut self) {
        let mut total: usize = self.list.iter().map(Conversation::weight).sum();
        while total > BYTES {
            let Some(largest) = self.list.iter_mut().max_by_key(|conversation| conversation.weight()) else { return };
            let before = largest.weight();
            largest.drop_first();
            total -= before - largest.weight();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(talks: &Conversations) -> Vec<&str> {
        talks.iter().map(|conversation| &*conversation.title).collect()
    }

    #[test]
    fn rooms_stand_before_people() {
        let mut talks = Conversations::new("lobby");
        talks.open(&ConversationId::person("Bob"), "Bob");
        talks.open(&ConversationId::room("ops"), "ops");
        talks.open(&ConversationId::direct("Bob"), "Bob");
        talks.open(&ConversationId::Global, "everybody");
        talks.open(&ConversationId::person("bob"), "bob");
        assert_eq!(titles(&talks), ["lobby", "ops", "everybody", "Bob", "Bob", "mentions", "server"]);
        assert_eq!(&*talks.viewed().title, "lobby");
    }

    #[test]
    fn closing_goes_back_to_where_one_was() {
        let mut talks = Conversations::new("lobby");
        talks.open(&ConversationId::room("ops"), "ops");
        talks.view(&ConversationId::Server);
        talks.view(&ConversationId::room("ops"));
        assert!(talks.close(&ConversationId::room("ops")) && !talks.close(&ConversationId::Server));
        assert_eq!(talks.viewed().place, ConversationId::Server);
        assert!(talks.close(&ConversationId::room("lobby")));
        assert_eq!(talks.viewed().place, ConversationId::Server);
    }

    #[test]
    fn there_are_never_too_many() {
        let mut talks = Conversations::new("lobby");
        for i in 0..200 {
            talks.open(&ConversationId::person(&format!("u{i}")), "u");
        }
        assert_eq!(talks.iter().count(), CONVERSATIONS);
        assert!(
            talks.get(&ConversationId::person("u0")).is_none() && talks.get(&ConversationId::person("u199")).is_some()
        );
    }

    #[test]
    fn where_one_is_named_comes_first() {
        let mut talks = Conversations::new("lobby");
        for (room, unread, mentions) in [("a", 1, 0), ("b", 2, 1)] {
            let conversation = talks.open(&ConversationId::room(room), room);
            (conversation.unread, conversation.mentions) = (unread, mentions);
        }
        assert_eq!(talks.next_unread(), Some(ConversationId::room("b")));
        talks.view(&ConversationId::room("b"));
        assert_eq!(talks.next_unread(), Some(ConversationId::room("a")));
    }
}
