//! A storage that keeps nothing, for a hub without a data folder.

use landline_common::history::{
    DirectMessage, HistoryError, HistoryOwner, HistoryReader, MailboxError, NewMessages, Page, Range,
};
use landline_common::{NameKey, OffsetDateTime, RoomKey, UserName};
use landline_server::hub::{MailHandler, Storage};

/// Discards everything, and knows no accounts.
#[derive(Clone, Copy, Debug)]
pub struct NullStorage;

impl Storage for NullStorage {
    fn make_room(&self) -> bool {
        true
    }
    fn keep(&self, _: &NewMessages<'_>, _: &mut dyn Iterator<Item = &str>) {}
    fn keep_direct(&self, _: &DirectMessage<'_>) {}
    fn post(&self, _: &DirectMessage<'_>) -> Result<(), MailboxError> {
        Err(MailboxError::NotStored("nothing is".into()))
    }
    fn post_back(&self, _: &DirectMessage<'_>) {}
    fn collect(&self, _: &NameKey, _: usize, then: MailHandler) {
        let _ = then(Vec::new());
    }
    fn settle(&self, _: &NameKey, _: Vec<u64>, _: bool) {}
    fn recall(&self, _: &HistoryReader<'_>, _: Range) -> Result<Page, HistoryError> {
        Err(HistoryError::Off)
    }
    fn search(&self, _: &HistoryReader<'_>, _: &str, _: Option<u64>, _: usize) -> Result<Page, HistoryError> {
        Err(HistoryError::Off)
    }
    fn adopt(&self, _: &HistoryOwner, _: &HistoryOwner) {}

    fn forget(&self, _: &HistoryOwner) -> Result<u64, HistoryError> {
        Err(HistoryError::Off)
    }
    fn mark(&self, _: &NameKey, _: &RoomKey) -> Result<Option<u64>, HistoryError> {
        Ok(None)
    }
    fn set_mark(&self, _: &NameKey, _: &RoomKey, _: u64) {}
    fn nonces(&self, _: usize) -> Vec<(String, String, u64)> {
        Vec::new()
    }

    fn account(&self, _: &NameKey) -> Option<UserName> {
        None
    }
    fn blocks(&self, _: &NameKey) -> Vec<UserName> {
        Vec::new()
    }
    fn set_blocks(&self, _: &NameKey, _: &[UserName]) -> Result<(), String> {
        Ok(())
    }
    fn seen_since(&self, _: OffsetDateTime) -> Vec<UserName> {
        Vec::new()
    }
}
