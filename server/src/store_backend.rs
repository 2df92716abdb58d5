//! Implements the storage traits of the hub ([`Storage`]) and of the guards ([`BanStorage`]) on the files of the data
//! folder.
//!
//! Methods that may wait for the disk assert that the caller holds no ranked lock.

use crate::clock::Clock;
use crate::fanout::ClientId;
use crate::guard::Bans;
use crate::guard::bans::{BanStorage, parse_range};
use crate::hub::{Hub, MailHandler, Storage};
use crate::ordered_mutex;
use crate::rules_record::RulesRecord;
use crate::store::{Accounts, BanFile, BanRow, FileError, Messages, RulesFile, Sessions};
use landline_common::history::{
    ChangedMessage, DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, MessageChange, NewMessages,
    Page, Range,
};
use landline_common::{NameKey, OffsetDateTime, RoomKey, UserName};
use std::io;
use std::path::Path;
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
    /// Owners of the server and of rooms, and what they have set.
    pub rules: Arc<RulesFile>,
    /// The rules of the last run; taken by the hub at the start.
    pub first_rules: Option<RulesRecord>,
    /// The clock whose time zone stored messages are shown in.
    pub clock: Clock,
}

impl StoreBackend {
    /// Converts the times of a page to this machine's time zone. Imported messages may carry another offset.
    fn local(&self, mut page: Page) -> Page {
        for entry in &mut page.entries {
            entry.at = self.clock.at(entry.at.unix_ms);
        }
        page
    }
}

/// Tells users that messages of theirs could not be stored. The storage starts before the hub, which is set later;
/// until then failures are not reported to users.
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
                hub.notify_not_stored(client, messages, clock.now());
            }
        })
    }

    /// Sets the hub that tells the users.
    pub fn set_hub(&self, hub: &Arc<Hub>) {
        // Fails on a second call only, and there is one call.
        let _ = self.0.set(Arc::downgrade(hub));
    }
}

/// Reads the bans in `folder`.
///
/// # Errors
/// `bans.json` is damaged or of another program; the text names it.
pub fn open_bans(folder: &Path) -> Result<Bans, FileError> {
    let (file, rows) = BanFile::open(folder, |address| parse_range(address).is_some())?;
    Ok(Bans::new(Box::new(file), rows))
}

impl BanStorage for BanFile {
    fn write(&self, bans: &[BanRow]) -> io::Result<()> {
        BanFile::write(self, bans)
    }

    fn exists(&self) -> bool {
        BanFile::exists(self)
    }
}

impl Storage for StoreBackend {
    fn rules(&self) -> Option<RulesRecord> {
        self.first_rules.clone()
    }

    fn store_rules(&self, record: &mut dyn FnMut() -> RulesRecord) -> Result<(), String> {
        ordered_mutex::assert_free();
        self.rules.write(record)
    }

    fn room_names(&self) -> Vec<String> {
        self.messages.room_names().unwrap_or_default()
    }

    fn wait_for_capacity(&self) -> bool {
        ordered_mutex::assert_free();
        self.messages.wait_for_capacity()
    }

    fn store_talk(&self, said: &NewMessages<'_>, texts: &mut dyn Iterator<Item = &str>) {
        self.messages.store_talk(said, texts);
    }

    fn store_direct(&self, direct: &DirectMessage<'_>) {
        self.messages.store_direct(direct);
    }

    fn enqueue_mail(&self, direct: &DirectMessage<'_>) -> Result<(), MailboxError> {
        ordered_mutex::assert_free();
        self.messages.enqueue_mail(direct)
    }

    fn requeue_mail(&self, direct: &DirectMessage<'_>) {
        // A session that ends because its account was deleted returns mail that the next user of the name must not get.
        if let HistoryOwner::Account(receiver) = direct.to.1
            && self.accounts.exists(receiver)
        {
            self.messages.requeue_mail(direct);
        }
    }

    fn fetch_mail(&self, receiver: &NameKey, most: usize, then: MailHandler) {
        self.messages.fetch_mail(receiver, most, then);
    }

    fn acknowledge_mail(&self, receiver: &NameKey, ids: Vec<u64>, delivered: bool) {
        self.messages.acknowledge_mail(receiver, ids, delivered);
    }

    fn read_history(&self, viewer: &HistoryReader<'_>, range: Range) -> Result<Page, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.read_history(viewer, range).map(|page| self.local(page))
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

    fn change_messages(&self, change: MessageChange, now: OffsetDateTime) -> Result<u64, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.change_messages(change, now.unix_ms)
    }

    fn changes(
        &self,
        viewer: &HistoryReader<'_>,
        last_id: u64,
        most: usize,
    ) -> Result<Vec<ChangedMessage>, HistoryError> {
        ordered_mutex::assert_free();
        let mut changes = self.messages.changes(viewer, last_id, most)?;
        for change in &mut changes {
            change.entry.at = self.clock.at(change.entry.at.unix_ms);
        }
        Ok(changes)
    }

    fn delete_direct_messages(&self, party: &HistoryOwner) -> Result<u64, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.delete_direct_messages(party)
    }

    fn transfer_direct_messages(&self, guest: &HistoryOwner, account: &HistoryOwner) {
        self.messages.transfer_direct_messages(guest, account);
    }

    fn read_marker(&self, account: &NameKey, room: &RoomKey) -> Result<Option<u64>, HistoryError> {
        ordered_mutex::assert_free();
        self.messages.read_marker(account, room.as_str())
    }

    fn set_read_marker(&self, account: &NameKey, room: &RoomKey, id: u64) {
        self.messages.set_read_marker(account, room.as_str(), id);
    }

    fn newest_nonces(&self, most: usize) -> Vec<(String, String, u64)> {
        self.messages.newest_nonces(most).unwrap_or_else(|why| {
            log::error!(
                "messages.db: cannot read which messages were sent before: {why}; a message that a client sends again \
                 may appear twice"
            );
            Vec::new()
        })
    }

    fn account_name(&self, name: &NameKey) -> Option<UserName> {
        self.accounts.find(name).map(|account| account.name)
    }

    fn had_account(&self, name: &NameKey, at: OffsetDateTime) -> bool {
        self.accounts.existed(name, at)
    }

    fn block_list(&self, account: &NameKey) -> Vec<UserName> {
        self.accounts.blocks(account)
    }

    fn store_block_list(&self, account: &NameKey, blocks: &[UserName]) -> Result<(), String> {
        ordered_mutex::assert_free();
        self.accounts.set_blocks(account, blocks).map_err(|why| why.to_string())
    }

    fn last_seen(&self, name: &NameKey) -> Option<OffsetDateTime> {
        self.sessions.last_seen(name)
    }

    fn seen_since(&self, since: OffsetDateTime) -> Vec<UserName> {
        self.sessions.seen_since(since).into_iter().map(|sighting| sighting.name).collect()
    }
}
