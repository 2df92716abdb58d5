//! What the hub remembers by: the stores of the data folder behind the hub's [`Memory`].

use crate::clock::Clock;
use crate::fanout::ClientId;
use crate::hub::{Delivery, Hub, Memory};
use crate::ranked;
use crate::store::{Accounts, Messages, Sessions};
use landline_common::history::{Direct, Page, Party, PostError, Range, RecallError, Said, Viewer};
use landline_common::{Moment, NameKey, RoomKey, UserName};
use std::sync::{Arc, OnceLock, Weak};

/// Everything that outlasts a visit.
#[derive(Debug)]
pub struct Keeping {
    /// What was said.
    pub messages: Arc<Messages>,
    /// Who has an account, and whom they block.
    pub accounts: Arc<Accounts>,
    /// Who was here.
    pub sessions: Arc<Sessions>,
}

/// Tells people what of theirs could not be stored. The storage starts before the hub that knows them.
#[derive(Clone, Debug, Default)]
pub struct NotStored(Arc<OnceLock<Weak<Hub>>>);

impl NotStored {
    /// What the storage calls, with the number of a connection and of its messages.
    #[must_use]
    pub fn teller(&self, clock: &Clock) -> Box<dyn Fn(ClientId, u64) + Send> {
        let (hub, clock) = (self.0.clone(), clock.clone());
        Box::new(move |client, messages| {
            if let Some(hub) = hub.get().and_then(Weak::upgrade) {
                hub.tell_not_stored(client, messages, clock.now());
            }
        })
    }

    /// From now on `hub` tells them.
    pub fn tell_by(&self, hub: &Arc<Hub>) {
        // Called once.
        let _ = self.0.set(Arc::downgrade(hub));
    }
}

impl Memory for Keeping {
    fn make_room(&self) -> bool {
        ranked::assert_free();
        self.messages.make_room()
    }

    fn keep(&self, said: &Said<'_>, texts: &mut dyn Iterator<Item = &str>) {
        self.messages.keep(said, texts);
    }

    fn keep_direct(&self, direct: &Direct<'_>) {
        self.messages.keep_direct(direct);
    }

    fn post(&self, direct: &Direct<'_>) -> Result<(), PostError> {
        ranked::assert_free();
        self.messages.post(direct)
    }

    fn post_back(&self, direct: &Direct<'_>) {
        self.messages.post_back(direct);
    }

    fn collect(&self, receiver: &NameKey, most: usize, then: Delivery) {
        self.messages.collect(receiver, most, then);
    }

    fn settle(&self, receiver: &NameKey, ids: Vec<u64>, delivered: bool) {
        self.messages.settle(receiver, ids, delivered);
    }

    fn recall(&self, viewer: &Viewer<'_>, range: Range) -> Result<Page, RecallError> {
        ranked::assert_free();
        self.messages.recall(viewer, range)
    }

    fn search(&self, viewer: &Viewer<'_>, words: &str, before: Option<u64>, most: usize) -> Result<Page, RecallError> {
        ranked::assert_free();
        self.messages.search(viewer, words, before, most)
    }

    fn forget(&self, party: &Party) -> Result<u64, RecallError> {
        ranked::assert_free();
        self.messages.forget(party)
    }

    fn mark(&self, account: &NameKey, room: &RoomKey) -> Result<Option<u64>, RecallError> {
        ranked::assert_free();
        self.messages.mark(account, room.as_str())
    }

    fn set_mark(&self, account: &NameKey, room: &RoomKey, id: u64) {
        self.messages.set_mark(account, room.as_str(), id);
    }

    fn nonces(&self, most: usize) -> Vec<(String, String, u64)> {
        self.messages.nonces(most).unwrap_or_else(|why| {
            log::error!("the nonces of messages cannot be read: {why}; one that is sent again now may be said twice");
            Vec::new()
        })
    }

    fn account(&self, name: &NameKey) -> Option<UserName> {
        self.accounts.find(name).map(|account| account.name)
    }

    fn blocks(&self, account: &NameKey) -> Vec<UserName> {
        self.accounts.blocks(account)
    }

    fn set_blocks(&self, account: &NameKey, blocks: &[UserName]) -> Result<(), String> {
        ranked::assert_free();
        self.accounts.set_blocks(account, blocks).map_err(|why| why.to_string())
    }

    fn seen_since(&self, since: Moment) -> Vec<UserName> {
        self.sessions.seen_since(since).into_iter().map(|sighting| sighting.name).collect()
    }
}
