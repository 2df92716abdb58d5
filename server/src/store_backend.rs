//! Implements the hub's storage interface, [`Storage`], on the files of the data folder.
//!
//! Methods that may wait for the disk assert that the caller holds no ranked lock.

use crate::clock::Clock;
use crate::fanout::ClientId;
use crate::hub::{Hub, MailHandler, Storage};
use crate::ordered_mutex;
use crate::store::{Accounts, Messages, Sessions};
use landline_common::history::{
    DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, NewMessages, Page, Range,
};
use landline_common::{NameKey, OffsetDateTime, RoomKey, UserName};
use std::sync::{Arc, OnceLock, Weak};

/// The stores that the hub uses.
#[derive(Debug)]
pub struct StoreBackend {
    /// History and mail.
    pub messages: Arc<Messages>,
    /// Accounts and their blocks.
    pub accounts: Arc<Accounts>,
    /// The record of sign-ins and sign-outs.
    pub sessions: Arc<Sessions>,
    /// In whose local time messages of before are shown.
    pub clock: Clock,
}

impl StoreBackend {
    /// A page in local time. Imported messages may carry the offset of another place.
    fn local(&self, mut page: Page) -> Page {
        for entry in &mut page.entries {
            entry.at = self.clock.at(entry.at.unix_ms);
        }
        page
    }
}

/// Tells users that messages of theirs could not be stored. The storage starts before the hub, which is filled in
/// later: until then failures are not reported to users.
#[derive(Clone, Debug, Default)]
pub struct NotStored(Arc<OnceLock<Weak<Hub>>>);

impl NotStored {
    /// Returns the function that the storage calls with a client and the number of its messages that are lost.
    #[must_use]
    pub fn callback(&self, clock: &Clock) -> Box<dyn Fn(ClientId, u64) + Send> {
        let hub = self.0.clone();
        let clock = clock.clone();
        Box::new(move |client, messages| {
            if let Some(hub) = hub.get().and_then(Weak::upgrade) {
                hub.tell_not_stored(client, messages, clock.now());
            }
        })
    }

    /// Sets the hub that tells the users.
    pub fn set_hub(&self, hub: &Arc<Hub>) {
        // Fails on a second call only, and there is one call.
        let _ = self.0.set(Arc::downgrade(hub));
    }
}

impl Storage for StoreBackend {
    fn make_room(&self) -> bool {
        ordered_mutex::assert_free();
        self.messages.wait_for_capacity()
    }

    fn keep(&self, said: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>) {
        self.messages.store_talk(said, texts);
    }

    fn keep_direct(&self, direct: &DirectMessage<'_>) {
        self.messages.store_direct(direct);
    }

    fn post(&self, direct: &DirectMessage<'_>) -> Result<(), MailboxError> {
        ordered_mutex::assert_free();
        self.messages.enqueue_mail(direct)
    }

    fn post_back(&self, direct: &DirectMessage<'_>) {
        self.messages.requeue_mail(direct);
    }

    fn collect(&self, receiver: &NameKey, most: usize, then: MailHandler) {
        self.messages.fetch_mail(receiver, most, then);
    }

    fn settle(&self, receiver: &NameKey, ids: Vec<u64>, delivered: bool) {
        self.messages.acknowledge_mail(receiver, ids, delivered);
    }

    fn recall(&self, viewer: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.recall(viewer, range).map(|page| self.local(page))
    }

    fn search(
        &self,
        viewer: &HistoryReader<'_>,
        words: &str,
        before: Option<u64>,
        most: usize,
    ) -> Result<Page, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.search(viewer, words, before, most).map(|page| self.local(page))
    }

    fn forget(&self, party: &HistoryOwner) -> Result<u64, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.forget(party)
    }

    fn adopt(&self, guest: &HistoryOwner, account: &HistoryOwner) {
        self.messages.adopt(guest, account);
    }

    fn mark(&self, account: &NameKey, room: &RoomKey) -> Result<Option<u64>, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.read_marker(account, room.as_str())
    }

    fn set_mark(&self, account: &NameKey, room: &RoomKey, id: u64) {
        self.messages.set_read_marker(account, room.as_str(), id);
    }

    fn nonces(&self, most: usize) -> Vec<(String, String, u64)> {
        self.messages.nonces(most).unwrap_or_else(|why| {
            log::error!("cannot read the nonces of messages: {why}; a message sent again may be said twice");
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
        ordered_mutex::assert_free();
        self.accounts.set_blocks(account, blocks).map_err(|why| why.to_string())
    }

    fn seen_since(&self, since: OffsetDateTime) -> Vec<UserName> {
        self.sessions.seen_since(since).into_iter().map(|sighting| sighting.name).collect()
    }
}
