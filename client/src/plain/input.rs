//! Reads standard input line by line on a thread of its own.

use crate::chat::limits::DRAFT_BYTES;
use crate::chat::plain::PlainInput;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::io::{self, BufRead, Read};

/// Lines that may wait for the loop; more stay in the pipe.
const CAPACITY: usize = 4;
/// Bytes of a line above the limit to keep, for the error text.
const KEPT_BYTES: usize = 60;

/// The lines that a reading thread delivers.
pub(super) struct Lines {
    /// The lines. The channel disconnects at the end of the input.
    pub lines: Receiver<PlainInput>,
    /// On a terminal, a token for each handled line makes the thread read the next one.
    pub handled: Sender<()>,
}

/// Starts the reading thread. On a terminal it reads a line only after the line before was handled: that line may make
/// the program ask for a password, which this thread must not read.
///
/// # Errors
/// No thread can be started.
pub(super) fn listen(on_terminal: bool) -> io::Result<Lines> {
    let (out, lines) = bounded(CAPACITY);
    let (handled, handled_lines) = bounded(1);
    let run = move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next_line(&mut input) {
            if out.send(line).is_err() || (on_terminal && handled_lines.recv().is_err()) {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(run)?;
    Ok(Lines { lines, handled })
}

/// Returns the next line, or `None` at the end. A line of any length takes no more memory than one message.
fn next_line(input: &mut impl BufRead) -> Option<PlainInput> {
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
    bytes.truncate(KEPT_BYTES);
    Some(PlainInput::TooLong(format!("{}…", String::from_utf8_lossy(&bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_above_the_limit_is_reported_with_its_beginning() {
        let long = "x".repeat(3 * DRAFT_BYTES);
        let text = format!("one\r\n\n{long}\nlast \u{fffd}");
        let mut input = text.as_bytes();
        let mut next = || next_line(&mut input);
        assert!(matches!(next(), Some(PlainInput::Line(line)) if line == "one"));
        assert!(matches!(next(), Some(PlainInput::Line(line)) if line.is_empty()));
        assert!(matches!(next(), Some(PlainInput::TooLong(line)) if line.chars().count() == KEPT_BYTES + 1));
        assert!(
            matches!(next(), Some(PlainInput::Line(line)) if line == "last \u{fffd}"),
            "the last line needs no line end"
        );
        assert!(next().is_none());
    }
}
