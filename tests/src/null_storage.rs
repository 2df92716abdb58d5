//! A storage that keeps nothing, for a hub without a data folder.

use landline_common::history::{Direct, HistoryOwner, Page, PostError, Range, RecallError, Said, Viewer};
use landline_common::{NameKey, OffsetDateTime, RoomKey, UserName};
use landline_server::hub::{Delivery, Storage};

/// Discards everything, and knows no accounts.
#[derive(Clone, Copy, Debug)]
pub struct NullStorage;

impl Storage for NullStorage {
    fn make_room(&self) -> bool {
        true
    }
    fn keep(&self, _: &Said<'_>, _: &mut dyn Iterator<Item = &str>) {}
    fn keep_direct(&self, _: &Direct<'_>) {}
    fn post(&self, _: &Direct<'_>) -> Result<(), PostError> {
        Err(PostError::NotStored("nothing is".into()))
    }
    fn post_back(&self, _: &Direct<'_>) {}
    fn collect(&self, _: &NameKey, _: usize, then: Delivery) {
        let _ = then(Vec::new());
    }
    fn settle(&self, _: &NameKey, _: Vec<u64>, _: bool) {}
    fn recall(&self, _: &Viewer<'_>, _: Range) -> Result<Page, RecallError> {
        Err(RecallError::Off)
    }
    fn search(&self, _: &Viewer<'_>, _: &str, _: Option<u64>, _: usize) -> Result<Page, RecallError> {
        Err(RecallError::Off)
    }
    fn adopt(&self, _: &HistoryOwner, _: &HistoryOwner) {}

    fn forget(&self, _: &HistoryOwner) -> Result<u64, RecallError> {
        Err(RecallError::Off)
    }
    fn mark(&self, _: &NameKey, _: &RoomKey) -> Result<Option<u64>, RecallError> {
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
