//! Standard input, line by line.

use crate::chat::limits::DRAFT_BYTES;
use crate::chat::plain::PlainInput;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::{self, BufRead, Read};

/// Lines that wait to be taken; more stay in the pipe.
const LINES: usize = 4;
/// Of a line that is too long, so much is named.
const BEGINNING: usize = 60;

/// Lines of standard input.
pub(super) struct Lines {
    /// The lines. The channel ends where they end.
    pub lines: Receiver<PlainInput>,
    /// On a terminal: the line is dealt with, read the next one.
    pub go_on: Sender<()>,
}

/// Reads lines on a thread of its own. On a terminal a line is read when the one before is dealt with: what that one
/// asks for, such as a password, must not be read here.
///
/// # Errors
/// No thread can be had.
pub(super) fn listen(on_terminal: bool) -> io::Result<Lines> {
    let (out, lines) = bounded(LINES);
    let (go_on, dealt_with) = bounded(1);
    let run = move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next(&mut input) {
            if out.send(line).is_err() || (on_terminal && dealt_with.recv().is_err()) {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(run)?;
    Ok(Lines { lines, go_on })
}

/// The next line, or `None` where they end. A line of any length takes no more memory than one message.
fn next(input: &mut impl BufRead) -> Option<PlainInput> {
    let mut bytes = Vec::new();
    let most = DRAFT_BYTES as u64;
    if input.by_ref().take(most).read_until(b'\n', &mut bytes).ok()? == 0 {
        return None;
    }
    let whole = bytes.len() < DRAFT_BYTES || bytes.last() == Some(&b'\n');
    if whole {
        return Some(PlainInput::Line(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()));
    }
    input.skip_until(b'\n').ok()?;
    bytes.truncate(BEGINNING);
    Some(PlainInput::TooLong(format!("{}…", String::from_utf8_lossy(&bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_or_too_long() {
        let long = "x".repeat(3 * DRAFT_BYTES);
        let text = format!("one\r\n\n{long}\nlast \u{fffd}");
        let mut input = text.as_bytes();
        let mut next = || next(&mut input);
        assert!(matches!(next(), Some(PlainInput::Line(line)) if line == "one"));
        assert!(matches!(next(), Some(PlainInput::Line(line)) if line.is_empty()));
        assert!(matches!(next(), Some(PlainInput::TooLong(line)) if line.chars().count() == BEGINNING + 1));
        assert!(matches!(next(), Some(PlainInput::Line(line)) if line == "last \u{fffd}"), "the last one needs no end");
        assert!(next().is_none());
    }
}
