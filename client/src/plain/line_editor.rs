//! Line editing on a terminal: what comes in is printed above the line that is being typed.
//!
//! The editor has a thread of its own, which is in `readline` nearly always, with the terminal in raw mode. The program
//! may end meanwhile, so [`LineEditor`] gives the terminal back when it is dropped. Behind a command that asks for
//! passwords, the editor leaves the terminal alone until the program has dealt with that line.

use super::input::Lines;
use crate::chat::plain::PlainInput;
use crossbeam_channel::{Receiver, Sender, bounded};
use landline_common::command::{Command, parse};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use std::io::{self, IsTerminal, Write};

/// Lines that wait to be taken. The editor must come back to `readline` to print, so it waits for nobody before that.
const LINES: usize = 10_000;
/// Texts that wait to be printed.
const TEXTS: usize = 1_000;
/// Terminals that move no cursor: there lines are read as from a pipe.
const DUMB: [&str; 4] = ["", "dumb", "emacs", "cons25"];

/// An editor at work.
pub(super) struct LineEditor {
    before: Termios,
    printed: Receiver<()>,
}

impl LineEditor {
    /// Begins, if both standard input and output are a terminal that can do it: the editor, the lines typed,
    /// and what prints above them.
    pub(super) fn begin() -> Option<(LineEditor, Lines, Above)> {
        let term = std::env::var("TERM").unwrap_or_default();
        if DUMB.contains(&&*term) || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let (lines_out, lines) = bounded(LINES);
        let (go_on, dealt_with) = bounded(LINES);
        let (texts, to_print) = bounded::<String>(TEXTS);
        let (done, printed) = bounded(0);
        let (ready_out, ready) = bounded(1);
        let run = move || {
            let editor = Editor::<(), MemHistory>::with_history(Config::default(), MemHistory::new());
            let Ok(mut editor) = editor else { return };
            let Ok(mut printer) = editor.create_external_printer() else { return };
            let print = move || {
                let _done = done;
                while to_print.recv().is_ok_and(|text| printer.print(text).is_ok()) {}
            };
            if std::thread::Builder::new().name("printer".into()).spawn(print).is_ok() && ready_out.send(()).is_ok() {
                read_lines(&mut editor, &lines_out, &dealt_with);
            }
        };
        std::thread::Builder::new().name("input".into()).spawn(run).ok()?;
        ready.recv().ok()?;
        Some((LineEditor { before, printed }, Lines { lines, go_on }, Above { texts, waiting: Vec::new() }))
    }
}

/// Sends each line. `dealt_with` gets one token for each line that the program has dealt with.
fn read_lines(editor: &mut Editor<(), MemHistory>, lines: &Sender<PlainInput>, dealt_with: &Receiver<()>) {
    let mut open = 0;
    loop {
        let input = match editor.readline("") {
            Ok(line) => {
                let _ = editor.add_history_entry(&line);
                PlainInput::Line(line)
            }
            // In raw mode Ctrl-C is a key.
            Err(ReadlineError::Interrupted) => PlainInput::Stop,
            Err(ReadlineError::Signal(_)) => continue,
            Err(_) => return,
        };
        let asks = asks_for_passwords(&input);
        if lines.send(input).is_err() {
            return;
        }
        // Also without a wait the tokens are taken: the channel must not fill.
        open = (open + 1_usize).saturating_sub(dealt_with.try_iter().count());
        while asks && open > 0 {
            if dealt_with.recv().is_err() {
                return;
            }
            open -= 1;
        }
    }
}

/// True if the program asks for passwords at this line, and needs the terminal for that.
fn asks_for_passwords(input: &PlainInput) -> bool {
    let PlainInput::Line(line) = input else { return false };
    matches!(parse(line, ""), Some(Ok(Command::Register { password: None } | Command::Password(None))))
}

impl Drop for LineEditor {
    fn drop(&mut self) {
        // What was said last is printed; the editor may hold it up if it has just ended.
        let _ = self.printed.recv_timeout(std::time::Duration::from_millis(300));
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
        // No brackets around what is pasted into the shell.
        let _ = io::stdout().write_all(b"\r\x1b[?2004l").and_then(|()| io::stdout().flush());
    }
}

/// Prints above the line that is being typed, when it is flushed.
pub(super) struct Above {
    texts: Sender<String>,
    waiting: Vec<u8>,
}

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.waiting)).into_owned();
        if text.is_empty() {
            return Ok(());
        }
        self.texts.send(text).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
