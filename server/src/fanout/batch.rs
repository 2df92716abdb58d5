//! The batch: a room's pending entries, as rendered bytes.
//!
//! An entry is rendered once for each rendering that a member uses, into one buffer per rendering. A member that wants
//! all entries thus gets one slice. Some members want other bytes: their own lines left out or in another form, or the
//! lines of blocked clients left out. So each entry keeps its origin and its end in every buffer, and
//! [`Batch::span_with`] cuts the slice into as few pieces as there are gaps. For example, with entries of A, B, B, A:
//!
//! | member | pieces |
//! |---|---|
//! | C | `A B B A` in one piece |
//! | A, own lines left out | `B B` |
//! | B, own lines left out | `A`, `A` |
//!
//! Membership changes stand beside the entries, each with the number of entries before it. All positions here are
//! indices of entries. The batch has no lock: the room's log owns it while it is filled, one cycle while it is
//! delivered.

use super::Publisher;
use super::subscription::{DeliveryMode, Subscription};
use landline_common::rendering::RENDERINGS;
use std::io::IoSlice;
use std::ops::Range;
use std::sync::Arc;

/// Capacity in bytes up to which a batch keeps its buffers for the next cycle.
const KEPT_CAPACITY: usize = 64 << 10;

/// Something that can be appended to a room's log.
pub trait Publication {
    /// Assigns ids to its lines, stores them, and returns the last id; 0 if it has none. Called once, under the log's
    /// lock: the order of these calls is the order of the room and of its history.
    fn assign_ids(&mut self) -> u64 {
        0
    }
    /// Puts a notice to `receivers` members into a batch that is announced later, if they need not get it now. Returns
    /// true if it did; then the notice is not appended. Called once, under the log's lock, for notices only.
    fn coalesce(&mut self, receivers: usize) -> bool {
        let _ = receivers;
        false
    }
    /// Returns its number of lines, for the statistics.
    fn lines(&self) -> u64 {
        1
    }
    /// Appends its bytes in the rendering with that index: whole messages.
    fn render(&self, rendering: usize, out: &mut Vec<u8>);
    /// Appends the bytes that its author gets instead of the shared ones; nothing if the author gets the shared bytes.
    fn render_own(&self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// The form in which a member gets one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The shared bytes.
    Shared,
    /// The form made for its author.
    Own,
    /// Left out.
    Nothing,
}

/// A membership change: a subscription enters, leaves, or changes its delivery mode.
#[derive(Debug)]
pub(super) enum MembershipChange {
    Enter(Arc<Subscription>, DeliveryMode),
    Leave(Arc<Subscription>),
    Change(Arc<Subscription>, DeliveryMode),
}

/// One entry: its origin, and its end in each buffer.
#[derive(Debug)]
struct BatchEntry {
    origin: Publisher,
    ends: [u32; RENDERINGS],
    /// End of the author's own form in the batch's `own`.
    own_end: u32,
    /// Number of lines in the batch up to and including this entry.
    lines: u64,
    /// Last message id in the batch up to and including this entry, 0 if there is none.
    last_id: u64,
}

/// Pending entries and membership changes, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: [Vec<u8>; RENDERINGS],
    /// Bytes that authors get instead of the shared ones: answers to their labels.
    own: Vec<u8>,
    entries: Vec<BatchEntry>,
    /// Each with the number of entries before it.
    pub(super) membership_changes: Vec<(usize, MembershipChange)>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.membership_changes.is_empty()
    }

    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the size of the largest buffer, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.iter().map(Vec::len).max().unwrap_or(0).max(self.own.len())
    }

    /// Appends an entry, in each rendering that a member uses (`uses` counts them). Returns its last id, 0 if it has
    /// none.
    pub(super) fn append(
        &mut self,
        origin: Publisher,
        publication: &mut dyn Publication,
        uses: &[u32; RENDERINGS],
    ) -> u64 {
        let id = publication.assign_ids();
        let mut ends = [0; RENDERINGS];
        for (rendering, bytes) in self.bytes.iter_mut().enumerate() {
            // A panic during the rendering of an earlier entry may have left half a message.
            bytes.truncate(self.entries.last().map_or(0, |entry| entry.ends[rendering] as usize));
            if uses[rendering] > 0 {
                publication.render(rendering, bytes);
            }
            // Cannot overflow: the room makes sessions wait long before 4 GiB are pending.
            ends[rendering] = bytes.len() as u32;
        }
        self.own.truncate(self.own_start(self.entries.len()));
        publication.render_own(&mut self.own);
        let own_end = self.own.len() as u32;
        let lines = self.lines(0, self.entries.len()) + publication.lines();
        let last_id = id.max(self.last_id(self.entries.len()));
        self.entries.push(BatchEntry { origin, ends, own_end, lines, last_id });
        id
    }

    /// Returns true if any entry has a form of its own for its author.
    pub(super) fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// Returns the author's own form of the entry at that index; empty if it has none.
    fn own(&self, index: usize) -> &[u8] {
        &self.own[self.own_start(index)..self.own_start(index + 1)]
    }

    fn own_start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.entries[index - 1].own_end as usize }
    }

    /// Returns the last message id in the first `to` entries, 0 if there is none.
    pub(super) fn last_id(&self, to: usize) -> u64 {
        if to == 0 { 0 } else { self.entries[to - 1].last_id }
    }

    /// Returns the bytes of the entries `from..to` in one rendering.
    pub(super) fn span(&self, rendering: usize, from: usize, to: usize) -> &[u8] {
        &self.bytes[rendering][self.start(rendering, from)..self.start(rendering, to)]
    }

    /// Returns the number of lines in the entries `from..to`.
    pub(super) fn lines(&self, from: usize, to: usize) -> u64 {
        let up_to = |index: usize| if index == 0 { 0 } else { self.entries[index - 1].lines };
        up_to(to) - up_to(from)
    }

    /// Pushes the bytes of the entries in `range` onto `pieces`, each entry in the form that `form_of` chooses by its
    /// origin and by whether it has an own form. Adjacent shared entries share a piece. Returns the number of lines.
    pub(super) fn span_with<'b>(
        &'b self,
        rendering: usize,
        range: Range<usize>,
        form_of: impl Fn(Publisher, bool) -> Form,
        pieces: &mut Vec<IoSlice<'b>>,
    ) -> u64 {
        let Range { start: from, end: to } = range;
        // Start of the current run of shared entries.
        let mut open = from;
        let mut lines = 0;
        for at in from..=to {
            let own = if at == to { &[] } else { self.own(at) };
            let form = if at == to { Form::Nothing } else { form_of(self.entries[at].origin, !own.is_empty()) };
            if form == Form::Shared {
                continue;
            }
            let piece = self.span(rendering, open, at);
            if !piece.is_empty() {
                pieces.push(IoSlice::new(piece));
                lines += self.lines(open, at);
            }
            if form == Form::Own {
                pieces.push(IoSlice::new(own));
                lines += self.lines(at, at + 1);
            }
            open = at + 1;
        }
        lines
    }

    /// Empties the batch for the next use, and frees buffers that grew large.
    pub(super) fn clear(&mut self) {
        for bytes in &mut self.bytes {
            if bytes.capacity() > KEPT_CAPACITY {
                *bytes = Vec::new();
            } else {
                bytes.clear();
            }
        }
        if self.own.capacity() > KEPT_CAPACITY {
            self.own = Vec::new();
        }
        self.own.clear();
        if self.entries.capacity() > KEPT_CAPACITY / size_of::<BatchEntry>() {
            self.entries = Vec::new();
        }
        self.entries.clear();
        self.membership_changes.clear();
    }

    fn start(&self, rendering: usize, index: usize) -> usize {
        if index == 0 { 0 } else { self.entries[index - 1].ends[rendering] as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ClientId;
    use super::*;

    struct Word(&'static str);

    impl Publication for Word {
        fn render(&self, rendering: usize, out: &mut Vec<u8>) {
            out.extend_from_slice(format!("{rendering}{}", self.0).as_bytes());
        }
    }

    fn without(batch: &Batch, rendering: usize, range: Range<usize>, by: ClientId) -> Vec<String> {
        let mut pieces = Vec::new();
        let form_of = |origin, _| if origin == Publisher::Talk(by) { Form::Nothing } else { Form::Shared };
        batch.span_with(rendering, range, form_of, &mut pieces);
        pieces.iter().map(|p| String::from_utf8(p.to_vec()).unwrap()).collect()
    }

    #[test]
    fn only_renderings_in_use_cost_anything() {
        let mut batch = Batch::default();
        let mut uses = [0; RENDERINGS];
        uses[0] = 1;
        batch.append(Publisher::Talk(1), &mut Word("a"), &uses);
        uses[2] = 1;
        batch.append(Publisher::Talk(2), &mut Word("b"), &uses);
        assert_eq!(batch.span(0, 0, 2), b"0a0b");
        assert_eq!(batch.span(2, 1, 2), b"2b");
        assert_eq!(batch.span(2, 0, 2), b"2b");
        assert_eq!(batch.span(1, 0, 2), b"");
    }

    #[test]
    fn own_lines_are_left_out_in_as_few_pieces_as_possible() {
        let mut batch = Batch::default();
        let uses = [1; RENDERINGS];
        for (by, word) in [(1, "a"), (2, "b"), (2, "c"), (1, "d"), (1, "e"), (3, "f")] {
            batch.append(Publisher::Talk(by), &mut Word(word), &uses);
        }
        assert_eq!(without(&batch, 0, 0..6, 1), ["0b0c", "0f"]);
        assert_eq!(without(&batch, 0, 0..6, 2), ["0a", "0d0e0f"]);
        assert_eq!(without(&batch, 0, 1..3, 2), [""; 0]);
        assert_eq!(without(&batch, 0, 0..6, 9), ["0a0b0c0d0e0f"]);
    }

    struct Labelled(&'static str);

    impl Publication for Labelled {
        fn render(&self, rendering: usize, out: &mut Vec<u8>) {
            Word(self.0).render(rendering, out);
        }

        fn render_own(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(format!("own {}", self.0).as_bytes());
        }
    }

    #[test]
    fn author_gets_the_own_form_instead_of_the_shared_one() {
        let mut batch = Batch::default();
        let uses = [1; RENDERINGS];
        batch.append(Publisher::Talk(1), &mut Labelled("a"), &uses);
        batch.append(Publisher::Talk(2), &mut Word("b"), &uses);
        batch.append(Publisher::Talk(1), &mut Word("c"), &uses);
        batch.append(Publisher::Talk(2), &mut Labelled("d"), &uses);
        let received = |by: ClientId| {
            let mut pieces = Vec::new();
            let form_of =
                |origin, has_own| if has_own && origin == Publisher::Talk(by) { Form::Own } else { Form::Shared };
            assert_eq!(batch.span_with(0, 0..4, form_of, &mut pieces), 4);
            pieces.iter().map(|p| String::from_utf8(p.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(received(1), ["own a", "0b0c0d"]);
        assert_eq!(received(2), ["0a0b0c", "own d"]);
        assert_eq!(received(3), ["0a0b0c0d"]);
        assert!(batch.has_own());
        batch.clear();
        assert!(!batch.has_own());
    }
}
