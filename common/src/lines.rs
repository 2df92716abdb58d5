//! Bytes → bounded messages, for framed clients (lines) and for unframed ones (what a read returns).
//!
//! Two older clients send one message per `send()` with no newline. A connection whose first read holds two bytes or
//! more and no newline, with nothing after them for a while, is one of these for its life. A terminal in character
//! mode sends one byte at a time, so it stays framed.

use crate::telnet::Telnet;
use memchr::memchr;
use std::borrow::Cow;

/// What a buffer holds at first; most lines of chat are far shorter.
const SMALL: usize = 1 << 10;
/// What it grows to when a read fills it.
const LARGE: usize = 16 << 10;

/// One message from the client.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Without its line end; bytes that are not UTF-8 are replaced.
    Text(Cow<'a, str>),
    /// It was longer than allowed and was discarded.
    TooLong,
}

/// How the client marks where a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Not known yet.
    Undecided,
    /// By a newline.
    Lines,
    /// By one `send()` a message.
    Unframed,
}

/// What a client has sent and nobody has read yet. It holds at most one message over the allowed length.
#[derive(Debug)]
pub struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Up to here there is no newline.
    scanned: usize,
    framing: Framing,
    /// Inside a line that was too long: everything up to its end is dropped.
    skipping: bool,
    longest: usize,
    /// What takes telnet's commands out; `None` for doors at which nobody types, and for unframed clients.
    telnet: Option<Telnet>,
}

impl Input {
    /// For messages of at most `longest` bytes.
    #[must_use]
    pub fn new(longest: usize) -> Input {
        let (framing, telnet) = (Framing::Undecided, Some(Telnet::default()));
        Input { buffer: Vec::new(), start: 0, end: 0, scanned: 0, framing, skipping: false, longest, telnet }
    }

    /// Like [`Input::new`], for a door whose clients all send lines.
    #[must_use]
    pub fn of_lines(longest: usize) -> Input {
        Input { framing: Framing::Lines, telnet: None, ..Input::new(longest) }
    }

    /// From now on messages have at most `longest` bytes.
    pub fn set_longest(&mut self, longest: usize) {
        self.longest = longest;
    }

    /// How messages are framed, as far as that is known.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Room to read into; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.end, self.scanned) = (self.end - self.start, self.scanned - self.start);
        self.start = 0;
        if self.framing == Framing::Unframed {
            // What one read returns is one message, so the longest must fit.
            self.buffer.resize(self.longest.max(self.end + SMALL), 0);
        } else if self.end == self.buffer.len() {
            let size = match self.buffer.len() {
                0 => SMALL,
                _ => LARGE.max(self.longest + SMALL),
            };
            self.buffer.resize(size.max(self.end + SMALL), 0);
        } else if self.end == 0 && self.buffer.len() > SMALL {
            self.buffer.truncate(SMALL);
            self.buffer.shrink_to_fit();
        }
        &mut self.buffer[self.end..]
    }

    /// `count` bytes were read into [`Input::space`].
    pub fn filled(&mut self, count: usize) {
        let first_read = self.framing == Framing::Undecided && self.end == self.start;
        self.take_telnet(count);
        if first_read && count == 1 {
            self.framing = Framing::Lines;
        }
        if self.framing == Framing::Undecided {
            let seen = &self.buffer[self.start..self.end];
            if memchr(b'\n', seen).is_some() || seen.len() > self.longest + 1 {
                self.framing = Framing::Lines;
            }
        }
    }

    /// Takes over `count` bytes that were read, without telnet's commands. A client that speaks telnet sends lines.
    fn take_telnet(&mut self, count: usize) {
        let read = self.end..self.end + count;
        let Some(telnet) = self.telnet.as_mut().filter(|telnet| !telnet.passes(&self.buffer[read.clone()])) else {
            self.end = read.end;
            return;
        };
        let mut left = Vec::with_capacity(count + 1);
        telnet.take(&self.buffer[read], &mut left);
        if telnet.is_spoken() && self.framing == Framing::Undecided {
            self.framing = Framing::Lines;
        }
        self.append(&left);
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        self.buffer.resize(self.buffer.len().max(end), 0);
        self.buffer[self.end..end].copy_from_slice(bytes);
        self.end = end;
    }

    /// Takes over what was held back as the beginning of a telnet command.
    fn end_telnet(&mut self) {
        if let Some(mut telnet) = self.telnet.take() {
            let mut held = Vec::new();
            telnet.finish(&mut held);
            self.append(&held);
        }
    }

    /// What telnet's options are to be answered with, once. Bytes, no line.
    pub fn telnet_answers(&mut self) -> Vec<u8> {
        self.telnet.as_mut().map(Telnet::answers).unwrap_or_default()
    }

    /// What has arrived and was not taken yet.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Something is there and it is not known yet whether it is a whole message: a short silence would tell.
    #[must_use]
    pub fn awaits_silence(&self) -> bool {
        self.framing == Framing::Undecided && self.end > self.start
    }

    /// That silence was heard.
    pub fn silence(&mut self) {
        if self.awaits_silence() {
            self.framing = Framing::Unframed;
            self.end_telnet();
        }
    }

    /// The next whole message.
    // Not an iterator: what it returns borrows from the buffer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Piece<'_>> {
        match self.framing {
            Framing::Undecided => None,
            Framing::Lines => self.next_line(),
            Framing::Unframed => self.next_read(),
        }
    }

    /// What is left when the client has closed: its last line may lack a line end.
    pub fn finish(&mut self) -> Option<Piece<'_>> {
        self.end_telnet();
        let rest = std::mem::replace(&mut self.start, self.end)..self.end;
        self.scanned = self.end;
        let skipping = std::mem::take(&mut self.skipping);
        (!rest.is_empty() && !skipping).then(|| piece(&self.buffer[rest], self.longest))
    }

    fn next_line(&mut self) -> Option<Piece<'_>> {
        loop {
            let Some(at) = memchr(b'\n', &self.buffer[self.scanned..self.end]) else {
                self.scanned = self.end;
                // One byte more than allowed may be the CR of a line end.
                let pending = self.end - self.start;
                if self.skipping || pending > self.longest + 1 {
                    (self.start, self.end, self.scanned) = (0, 0, 0);
                    let first = !std::mem::replace(&mut self.skipping, true);
                    return first.then_some(Piece::TooLong);
                }
                return None;
            };
            let line = self.start..self.scanned + at;
            self.start = line.end + 1;
            self.scanned = self.start;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            let line = &self.buffer[line];
            return Some(piece(line.strip_suffix(b"\r").unwrap_or(line), self.longest));
        }
    }

    fn next_read(&mut self) -> Option<Piece<'_>> {
        let read = self.start..self.end - cut_character(&self.buffer[self.start..self.end]);
        self.start = read.end;
        self.scanned = self.start;
        (!read.is_empty()).then(|| piece(&self.buffer[read], self.longest))
    }
}

fn piece(bytes: &[u8], longest: usize) -> Piece<'_> {
    if bytes.len() > longest { Piece::TooLong } else { Piece::Text(String::from_utf8_lossy(bytes)) }
}

/// How many bytes at the end are the beginning of a UTF-8 character whose rest may still come.
fn cut_character(bytes: &[u8]) -> usize {
    match std::str::from_utf8(&bytes[bytes.len().saturating_sub(3)..]) {
        Ok(_) => 0,
        Err(_) => (1..=bytes.len().min(3))
            .find(|&n| {
                let tail = &bytes[bytes.len() - n..];
                tail[0] >= 0xc0 && std::str::from_utf8(tail).is_err_and(|e| e.error_len().is_none())
            })
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(input: &mut Input, mut bytes: &[u8], out: &mut Vec<String>) {
        while !bytes.is_empty() {
            let space = input.space();
            let n = space.len().min(bytes.len());
            space[..n].copy_from_slice(&bytes[..n]);
            input.filled(n);
            bytes = &bytes[n..];
            while let Some(piece) = input.next() {
                out.push(shown(piece));
            }
        }
    }

    fn shown(piece: Piece<'_>) -> String {
        match piece {
            Piece::Text(text) => text.into_owned(),
            Piece::TooLong => "TOO LONG".into(),
        }
    }

    fn lines(reads: &[&[u8]], longest: usize) -> Vec<String> {
        let mut input = Input::new(longest);
        let mut out = Vec::new();
        for read in reads {
            feed(&mut input, read, &mut out);
        }
        out.extend(input.finish().map(shown));
        out
    }

    #[test]
    fn lines_end_with_lf_or_cr_lf() {
        assert_eq!(lines(&[b"a\r\nb\n\nc\rd\nend"], 100), ["a", "b", "", "c\rd", "end"]);
    }

    #[test]
    fn a_line_too_long_is_discarded_to_its_end_and_costs_no_memory() {
        let mut input = Input::of_lines(100);
        let mut out = Vec::new();
        for _ in 0..10_000 {
            feed(&mut input, &[b'x'; 1_000], &mut out);
        }
        feed(&mut input, b"\nok\n", &mut out);
        assert_eq!(out, ["TOO LONG", "ok"]);
        assert!(input.buffer.capacity() <= LARGE + SMALL);
    }

    #[test]
    fn the_longest_line_fits_with_either_line_end() {
        assert_eq!(
            lines(&[b"1234\r\n1234\n12345\n12345\r\n1234\r"], 4),
            ["1234", "1234", "TOO LONG", "TOO LONG", "TOO LONG"]
        );
    }

    #[test]
    fn the_buffer_shrinks_again() {
        let mut input = Input::of_lines(8_192);
        let mut out = Vec::new();
        feed(&mut input, &[b'x'; 6_000], &mut out);
        assert!(input.buffer.len() > SMALL);
        feed(&mut input, b"\n", &mut out);
        input.space();
        assert_eq!((out.len(), input.buffer.len()), (1, SMALL));
    }

    #[test]
    fn two_bytes_and_silence_make_an_unframed_client() {
        let mut input = Input::new(100);
        let mut out = Vec::new();
        feed(&mut input, b"alice_room", &mut out);
        assert!(out.is_empty() && input.awaits_silence());
        input.silence();
        out.extend(input.next().map(shown));
        feed(&mut input, b"hello\nthere", &mut out);
        assert_eq!(out, ["alice_room", "hello\nthere"]);
        assert_eq!(input.framing(), Framing::Unframed);
    }

    #[test]
    fn the_longest_unframed_message_is_one() {
        let mut input = Input::new(8_192);
        let mut out = Vec::new();
        feed(&mut input, b"alice_room", &mut out);
        input.silence();
        out.extend(input.next().map(shown));
        for _ in 0..2 {
            feed(&mut input, &[b'x'; 8_192], &mut out);
        }
        assert_eq!(out.iter().map(String::len).collect::<Vec<_>>(), [10, 8_192, 8_192]);
    }

    #[test]
    fn d13_a_client_that_speaks_telnet_sends_lines() {
        let mut input = Input::new(100);
        let mut out = Vec::new();
        feed(&mut input, b"\xff\xfb\x1f\xff\xfd", &mut out);
        assert!(!input.awaits_silence() && input.pending().is_empty());
        feed(&mut input, b"\x01", &mut out);
        assert_eq!(input.telnet_answers(), b"\xff\xfe\x1f\xff\xfc\x01");
        feed(&mut input, b"alice_room\r\n\xff\xf4hi\n", &mut out);
        assert_eq!((out, input.telnet_answers()), (vec!["alice_room".into(), "hi".into()], vec![]));
        // What is no telnet stays, also where it is held back for a moment.
        assert_eq!(lines(&[b"a\xff", b"b\n\xff"], 100), ["a\u{fffd}b", "\u{fffd}"]);
    }

    #[test]
    fn one_byte_at_a_time_is_a_person_typing() {
        let mut input = Input::new(100);
        let mut out = Vec::new();
        feed(&mut input, b"a", &mut out);
        assert!(!input.awaits_silence());
        input.silence();
        feed(&mut input, b"lice_room\n", &mut out);
        assert_eq!(out, ["alice_room"]);
    }

    #[test]
    fn an_unframed_character_split_by_the_read_is_kept_together() {
        let mut input = Input::new(100);
        let mut out = Vec::new();
        feed(&mut input, b"al", &mut out);
        input.silence();
        out.extend(input.next().map(shown));
        feed(&mut input, b"gr\xc3", &mut out);
        feed(&mut input, b"\xbc\xf0\x9f\x91", &mut out);
        feed(&mut input, b"\x8d", &mut out);
        feed(&mut input, b"\xff\xff", &mut out);
        assert_eq!(out, ["al", "gr", "ü", "👍", "\u{fffd}\u{fffd}"]);
    }

    proptest! {
        #[test]
        fn any_way_of_cutting_gives_the_same_lines(
            bytes in prop::collection::vec(prop_oneof![4 => Just(b'x'), 1 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>()], 0..400),
            cuts in prop::collection::vec(1usize..50, 0..40),
        ) {
            let mut whole = vec![b'\n'];
            whole.extend(&bytes);
            let mut reads = Vec::new();
            let mut rest = &whole[..];
            for cut in cuts {
                let (read, more) = rest.split_at(cut.min(rest.len()));
                reads.push(read);
                rest = more;
            }
            reads.push(rest);
            prop_assert_eq!(lines(&reads, 10), lines(&[&whole], 10));
        }
    }
}
