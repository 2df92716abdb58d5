//! A storage that keeps nothing, for a hub without a data folder.

use landline_common::history::{
    ChangedMessage, DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, MessageChange, NewMessages,
    Page, Range,
};
use landline_common::{NameKey, OffsetDateTime, RoomKey, UserName};
use landline_server::hub::{MailHandler, Storage};
use landline_server::rules_record::RulesRecord;

/// Discards everything, and knows no accounts.
#[derive(Clone, Copy, Debug)]
pub struct NullStorage;

impl Storage for NullStorage {
    fn rules(&self) -> Option<RulesRecord> {
        None
    }

    fn store_rules(&self, _: &mut dyn FnMut() -> RulesRecord) -> Result<(), String> {
        Ok(())
    }

    fn room_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn wait_for_capacity(&self) -> bool {
        true
    }
    fn store_talk(&self, _: &NewMessages<'_>, _: &mut dyn Iterator<Item = &str>) {}
    fn store_direct(&self, _: &DirectMessage<'_>) {}
    fn enqueue_mail(&self, _: &DirectMessage<'_>) -> Result<(), MailboxError> {
        Err(MailboxError::NotStored("nothing is".into()))
    }
    fn requeue_mail(&self, _: &DirectMessage<'_>) {}
    fn fetch_mail(&self, _: &NameKey, _: usize, then: MailHandler) {
        let _ = then(Vec::new());
    }
    fn acknowledge_mail(&self, _: &NameKey, _: Vec<u64>, _: bool) {}
    fn read_history(&self, _: &HistoryReader<'_>, _: Range) -> Result<Page, HistoryError> {
        Err(HistoryError::Off)
    }
    fn search(&self, _: &HistoryReader<'_>, _: &str, _: Option<u64>, _: usize) -> Result<Page, HistoryError> {
        Err(HistoryError::Off)
    }
    fn transfer_direct_messages(&self, _: &HistoryOwner, _: &HistoryOwner) {}

    fn change_messages(&self, _: MessageChange, _: OffsetDateTime) -> Result<u64, HistoryError> {
        Err(HistoryError::Off)
    }
    fn changes(&self, _: &HistoryReader<'_>, _: u64, _: usize) -> Result<Vec<ChangedMessage>, HistoryError> {
        Err(HistoryError::Off)
    }
    fn delete_direct_messages(&self, _: &HistoryOwner) -> Result<u64, HistoryError> {
        Err(HistoryError::Off)
    }
    fn read_marker(&self, _: &NameKey, _: &RoomKey) -> Result<Option<u64>, HistoryError> {
        Ok(None)
    }
    fn set_read_marker(&self, _: &NameKey, _: &RoomKey, _: u64) {}
    fn newest_nonces(&self, _: usize) -> Vec<(String, String, u64)> {
        Vec::new()
    }

    fn account_name(&self, _: &NameKey) -> Option<UserName> {
        None
    }
    fn had_account(&self, _: &NameKey, _: OffsetDateTime) -> bool {
        false
    }
    fn block_list(&self, _: &NameKey) -> Vec<UserName> {
        Vec::new()
    }
    fn store_block_list(&self, _: &NameKey, _: &[UserName]) -> Result<(), String> {
        Ok(())
    }
    fn last_seen(&self, _: &NameKey) -> Option<OffsetDateTime> {
        None
    }

    fn seen_since(&self, _: OffsetDateTime) -> Vec<UserName> {
        Vec::new()
    }
}
