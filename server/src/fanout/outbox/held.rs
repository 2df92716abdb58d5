//! The bytes pushed while an outbox is held: plaintext, in the order of the pushes. They cannot stand in the backlog,
//! since records of TLS cannot be put in front of others later.

use super::super::receipts::Receipt;
use std::fmt;
use std::io::IoSlice;

/// The bytes pushed since the hold, and their receipts.
#[derive(Default)]
pub(super) struct HeldBytes {
    /// Whole lines: each part with true if they are talk.
    pub(super) parts: Vec<(bool, Vec<u8>)>,
    /// Number of bytes in all parts.
    pub(super) bytes: usize,
    /// Called when the kernel has taken all of these bytes.
    pub(super) receipts: Vec<Receipt>,
}

impl HeldBytes {
    /// Appends whole lines. Returns the number of bytes added.
    pub(super) fn add(&mut self, lines: &[IoSlice<'_>], talk: bool) -> usize {
        if self.parts.last().is_none_or(|(last, _)| *last != talk) {
            self.parts.push((talk, Vec::new()));
        }
        let mut added = 0;
        if let Some((_, part)) = self.parts.last_mut() {
            for slice in lines {
                part.extend_from_slice(slice);
                added += slice.len();
            }
        }
        self.bytes += added;
        added
    }
}

impl fmt::Debug for HeldBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldBytes").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
