//! What is pending in a room: rendered bytes, who said them, and who came and went between them.

use super::ClientId;
use super::seat::Seat;
use landline_common::rendering::RENDERINGS;
use std::io::IoSlice;
use std::sync::Arc;

/// A batch's buffers that grew over this are given back after its cycle.
const KEEP: usize = 64 << 10;

/// Something that can be said in a room.
pub trait Utterance {
    /// Called once, under the log's lock: the order of these calls is the order of the room. Returns the last id it
    /// took, 0 if it has none.
    fn number(&mut self) -> u64 {
        0
    }
    /// Whether it is worth saying to so many hearers; asked for notices only. If not, it has been taken care of in
    /// another way. Called once, under the log's lock.
    fn is_worth(&mut self, hearers: usize) -> bool {
        let _ = hearers;
        true
    }
    /// How many lines it is, for the statistics.
    fn lines(&self) -> u64 {
        1
    }
    /// Appends it in the rendering with that index: whole lines, each ended by a newline.
    fn render(&self, rendering: usize, out: &mut Vec<u8>);
    /// Appends it as its speaker gets it in place of the shared bytes; nothing if that is no other form.
    fn render_own(&self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// How one member hears a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ear {
    /// The index of the rendering, below [`RENDERINGS`].
    pub rendering: usize,
    /// Whether the member's own lines come back.
    pub hears_itself: bool,
}

/// In which form a member gets a thing that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// As all others do.
    Shared,
    /// In the form made for its speaker.
    Own,
    /// Not at all.
    Nothing,
}

/// Somebody comes, goes, or changes the rendering.
#[derive(Debug)]
pub(super) enum Move {
    Enter(Arc<Seat>, Ear),
    Leave(Arc<Seat>),
    Change(Arc<Seat>, Ear),
}

/// Whose a thing said is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody's in particular: everybody hears it.
    Server,
    /// Talk of that client.
    Talk(ClientId),
    /// News of that client's coming or going.
    News(ClientId),
}

/// One thing said: whose it is, and where it ends in each rendering's bytes.
#[derive(Debug)]
struct Said {
    origin: Origin,
    ends: [u32; RENDERINGS],
    /// Where the speaker's own form of it ends in the batch's `own`.
    own_end: u32,
    /// The number of lines up to here.
    lines: u64,
    /// The last id up to here in this batch, 0 if there is none.
    last_id: u64,
}

/// Everything pending, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: [Vec<u8>; RENDERINGS],
    /// What speakers get in place of the shared bytes: answers to their labels.
    own: Vec<u8>,
    said: Vec<Said>,
    /// Each with how many things were said before it.
    pub(super) moves: Vec<(usize, Move)>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty() && self.moves.is_empty()
    }

    /// The number of things said.
    pub(super) fn len(&self) -> usize {
        self.said.len()
    }

    /// The size of the largest rendering, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.iter().map(Vec::len).max().unwrap_or(0).max(self.own.len())
    }

    /// Adds something said, in each rendering that somebody uses. Returns its last id, 0 if it has none.
    pub(super) fn say(&mut self, origin: Origin, what: &mut dyn Utterance, uses: &[u32; RENDERINGS]) -> u64 {
        let id = what.number();
        let mut ends = [0; RENDERINGS];
        for (rendering, bytes) in self.bytes.iter_mut().enumerate() {
            // If rendering panicked before, half a line is left there.
            bytes.truncate(self.said.last().map_or(0, |said| said.ends[rendering] as usize));
            if uses[rendering] > 0 {
                what.render(rendering, bytes);
            }
            // A batch is bounded far below 4 GiB: `Room` makes speakers wait.
            ends[rendering] = bytes.len() as u32;
        }
        self.own.truncate(self.own_start(self.said.len()));
        what.render_own(&mut self.own);
        let own_end = self.own.len() as u32;
        let lines = self.lines(0, self.said.len()) + what.lines();
        let last_id = id.max(self.last_id(self.said.len()));
        self.said.push(Said { origin, ends, own_end, lines, last_id });
        id
    }

    /// Whether some speaker gets another form of what it said.
    pub(super) fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// The speaker's own form of the thing at that place; empty if there is none.
    fn own(&self, place: usize) -> &[u8] {
        &self.own[self.own_start(place)..self.own_start(place + 1)]
    }

    fn own_start(&self, place: usize) -> usize {
        if place == 0 { 0 } else { self.said[place - 1].own_end as usize }
    }

    /// The last id of the first `to` things, 0 if there is none.
    pub(super) fn last_id(&self, to: usize) -> u64 {
        if to == 0 { 0 } else { self.said[to - 1].last_id }
    }

    /// The bytes of things `from..to` (by their place) in one rendering.
    pub(super) fn span(&self, rendering: usize, from: usize, to: usize) -> &[u8] {
        &self.bytes[rendering][self.start(rendering, from)..self.start(rendering, to)]
    }

    /// The number of lines of things `from..to`.
    pub(super) fn lines(&self, from: usize, to: usize) -> u64 {
        let up_to = |place: usize| if place == 0 { 0 } else { self.said[place - 1].lines };
        up_to(to) - up_to(from)
    }

    /// The bytes with what `hearing` says of each thing, in as few pieces as there are gaps. Returns how many lines that
    /// is.
    pub(super) fn span_with<'b>(
        &'b self,
        rendering: usize,
        (from, to): (usize, usize),
        hearing: impl Fn(Origin, bool) -> Hearing,
        pieces: &mut Vec<IoSlice<'b>>,
    ) -> u64 {
        let (mut open, mut lines) = (from, 0);
        for at in from..=to {
            let own = if at == to { &[] } else { self.own(at) };
            let heard = if at == to { Hearing::Nothing } else { hearing(self.said[at].origin, !own.is_empty()) };
            if heard == Hearing::Shared {
                continue;
            }
            let piece = self.span(rendering, open, at);
            if !piece.is_empty() {
                pieces.push(IoSlice::new(piece));
                lines += self.lines(open, at);
            }
            if heard == Hearing::Own {
                pieces.push(IoSlice::new(own));
                lines += self.lines(at, at + 1);
            }
            open = at + 1;
        }
        lines
    }

    /// Ready for the next use.
    pub(super) fn clear(&mut self) {
        for bytes in &mut self.bytes {
            if bytes.capacity() > KEEP {
                *bytes = Vec::new();
            } else {
                bytes.clear();
            }
        }
        if self.own.capacity() > KEEP {
            self.own = Vec::new();
        }
        self.own.clear();
        if self.said.capacity() > KEEP / size_of::<Said>() {
            self.said = Vec::new();
        }
        self.said.clear();
        self.moves.clear();
    }

    fn start(&self, rendering: usize, place: usize) -> usize {
        if place == 0 { 0 } else { self.said[place - 1].ends[rendering] as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Word(&'static str);

    impl Utterance for Word {
        fn render(&self, rendering: usize, out: &mut Vec<u8>) {
            out.extend_from_slice(format!("{rendering}{}", self.0).as_bytes());
        }
    }

    fn without(batch: &Batch, rendering: usize, range: (usize, usize), by: ClientId) -> Vec<String> {
        let mut pieces = Vec::new();
        let hearing = |origin, _| if origin == Origin::Talk(by) { Hearing::Nothing } else { Hearing::Shared };
        batch.span_with(rendering, range, hearing, &mut pieces);
        pieces.iter().map(|p| String::from_utf8(p.to_vec()).unwrap()).collect()
    }

    #[test]
    fn only_renderings_in_use_cost_anything() {
        let mut batch = Batch::default();
        let mut uses = [0; RENDERINGS];
        uses[0] = 1;
        batch.say(Origin::Talk(1), &mut Word("a"), &uses);
        uses[2] = 1;
        batch.say(Origin::Talk(2), &mut Word("b"), &uses);
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
            batch.say(Origin::Talk(by), &mut Word(word), &uses);
        }
        assert_eq!(without(&batch, 0, (0, 6), 1), ["0b0c", "0f"]);
        assert_eq!(without(&batch, 0, (0, 6), 2), ["0a", "0d0e0f"]);
        assert_eq!(without(&batch, 0, (1, 3), 2), [""; 0]);
        assert_eq!(without(&batch, 0, (0, 6), 9), ["0a0b0c0d0e0f"]);
    }

    struct Labelled(&'static str);

    impl Utterance for Labelled {
        fn render(&self, rendering: usize, out: &mut Vec<u8>) {
            Word(self.0).render(rendering, out);
        }

        fn render_own(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(format!("own {}", self.0).as_bytes());
        }
    }

    #[test]
    fn a_speaker_gets_the_own_form_in_its_place() {
        let mut batch = Batch::default();
        let uses = [1; RENDERINGS];
        batch.say(Origin::Talk(1), &mut Labelled("a"), &uses);
        batch.say(Origin::Talk(2), &mut Word("b"), &uses);
        batch.say(Origin::Talk(1), &mut Word("c"), &uses);
        batch.say(Origin::Talk(2), &mut Labelled("d"), &uses);
        let heard = |by: ClientId| {
            let mut pieces = Vec::new();
            let hearing =
                |origin, has_own| if has_own && origin == Origin::Talk(by) { Hearing::Own } else { Hearing::Shared };
            assert_eq!(batch.span_with(0, (0, 4), hearing, &mut pieces), 4);
            pieces.iter().map(|p| String::from_utf8(p.to_vec()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(heard(1), ["own a", "0b0c0d"]);
        assert_eq!(heard(2), ["0a0b0c", "own d"]);
        assert_eq!(heard(3), ["0a0b0c0d"]);
        assert!(batch.has_own());
        batch.clear();
        assert!(!batch.has_own());
    }
}
