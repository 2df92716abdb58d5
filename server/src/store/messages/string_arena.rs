//! Strings stored one after the other in a single buffer, so that queueing a message allocates nothing.
//!
//! The strings have no names: the reader must ask for them in the order in which the writer pushed them. Each variant
//! of [`super::queue::Job`] documents its order.

use std::fmt::{self, Write};

/// Strings in the order in which they were pushed.
#[derive(Debug, Default)]
pub(super) struct StringArena {
    bytes: String,
    /// End of each string in `bytes`. A string begins at the end of the one before it.
    ends: Vec<usize>,
}

/// Capacity in bytes that [`StringArena::clear`] retains; a larger buffer is shrunk after a burst.
const RETAINED_BYTES: usize = 1 << 20;

impl StringArena {
    pub(super) fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// Pushes a number in decimal.
    pub(super) fn push_number(&mut self, number: u64) {
        // Writing to a String cannot fail.
        let _: fmt::Result = write!(self.bytes, "{number}");
        self.ends.push(self.bytes.len());
    }

    /// Returns the bytes that the strings and their ends occupy.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<usize>()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.bytes.shrink_to(RETAINED_BYTES);
        self.ends.shrink_to(RETAINED_BYTES / size_of::<usize>());
    }

    /// Returns a reader that starts at the first string.
    pub(super) fn reader(&self) -> StringReader<'_> {
        StringReader { arena: self, next: 0, from: 0 }
    }
}

/// Reads the strings of an arena in the order in which they were pushed.
#[derive(Debug)]
pub(super) struct StringReader<'a> {
    arena: &'a StringArena,
    /// Index of the next string.
    next: usize,
    /// Start of the next string in the buffer.
    from: usize,
}

impl<'a> StringReader<'a> {
    /// Returns the next string; an empty one after the last.
    pub(super) fn next_str(&mut self) -> &'a str {
        let Some(&end) = self.arena.ends.get(self.next) else { return "" };
        let text = &self.arena.bytes[self.from..end];
        self.next += 1;
        self.from = end;
        text
    }

    /// Skips `count` strings.
    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next_str();
        }
    }

    /// Returns the first 1,024 bytes that were not read yet. More would be searched anew for each job of a batch.
    #[cfg(any(test, feature = "faults"))]
    pub(super) fn head(&self) -> &'a [u8] {
        let rest = &self.arena.bytes.as_bytes()[self.from..];
        &rest[..rest.len().min(1_024)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_in_the_order_of_pushing() {
        let mut arena = StringArena::default();
        for text in ["a", "", "bücher"] {
            arena.push(text);
        }
        arena.push_number(u64::MAX);
        let mut reader = arena.reader();
        let read: Vec<&str> = (0..5).map(|_| reader.next_str()).collect();
        assert_eq!(read, ["a", "", "bücher", "18446744073709551615", ""]);
        arena.clear();
        assert_eq!((arena.size(), arena.reader().next_str()), (0, ""));
    }
}
