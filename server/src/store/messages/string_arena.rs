//! Texts one behind the other in one allocation, so that keeping a message allocates nothing.

use std::fmt::{self, Write};

/// Texts in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct StringArena {
    bytes: String,
    ends: Vec<usize>,
}

/// Memory that is kept for the next texts; more is given back after a rush.
const KEPT_BYTES: usize = 1 << 20;

impl StringArena {
    pub(super) fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn push_number(&mut self, number: u64) {
        // Writing to a String cannot fail.
        let _: fmt::Result = write!(self.bytes, "{number}");
        self.ends.push(self.bytes.len());
    }

    /// The memory that the texts take.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<usize>()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.ends.shrink_to(KEPT_BYTES / size_of::<usize>());
    }

    /// Reads them from the first on.
    pub(super) fn reader(&self) -> StringReader<'_> {
        StringReader { words: self, next: 0, from: 0 }
    }
}

/// Gives the texts in the order in which they were added.
#[derive(Debug)]
pub(super) struct StringReader<'a> {
    words: &'a StringArena,
    next: usize,
    from: usize,
}

impl<'a> StringReader<'a> {
    /// The next text; empty behind the last.
    pub(super) fn word(&mut self) -> &'a str {
        let Some(&end) = self.words.ends.get(self.next) else { return "" };
        let word = &self.words.bytes[self.from..end];
        self.next += 1;
        self.from = end;
        word
    }

    /// Leaves out so many.
    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.word();
        }
    }

    /// What is still to be read, one text behind the other.
    #[cfg(feature = "faults")]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.words.bytes.as_bytes()[self.from..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_out_as_they_went_in() {
        let mut words = StringArena::default();
        for text in ["a", "", "bücher"] {
            words.push(text);
        }
        words.push_number(u64::MAX);
        let mut reader = words.reader();
        let read: Vec<&str> = (0..5).map(|_| reader.word()).collect();
        assert_eq!(read, ["a", "", "bücher", "18446744073709551615", ""]);
        words.clear();
        assert_eq!((words.size(), words.reader().word()), (0, ""));
    }
}
