//! Line editing on a terminal: events are printed above the line that the user types.
//!
//! The editor runs on a thread of its own, which nearly always blocks in `readline` with the terminal in raw mode. The
//! program may end meanwhile, so dropping [`LineEditor`] restores the terminal. After a command that asks for passwords,
//! the thread does not touch the terminal until the program has handled that line.

use super::input::Lines;
use crate::chat::plain::PlainInput;
use crossbeam_channel::{Receiver, Sender, bounded};
use landline_common::command::{Command, parse};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines that may wait for the loop. The limit is high because the thread must return to `readline`, or nothing is printed.
const LINE_CAPACITY: usize = 10_000;
/// Texts that may wait to be printed.
const TEXT_CAPACITY: usize = 1_000;
/// Types of terminals that cannot move the cursor; lines are then read without an editor.
const DUMB: [&str; 4] = ["", "dumb", "emacs", "cons25"];

/// A running editor. Dropping it prints the remaining texts and restores the terminal.
pub(super) struct LineEditor {
    before: Termios,
    printed: Receiver<()>,
    gate: Arc<ReadGate>,
}

/// Keeps the thread from a `readline` that would take the terminal again once the program has given it back.
#[derive(Default)]
struct ReadGate {
    closed: AtomicBool,
    /// Locked by the thread between two lines. Locking it after closing the gate waits until the thread is in `readline`
    /// or has ended.
    between_lines: Mutex<()>,
}

impl ReadGate {
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.between_lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineEditor {
    /// Starts an editor. Returns it with the typed lines and the writer for output above them, or `None` if standard input
    /// or output is not a suitable terminal.
    pub(super) fn begin() -> Option<(LineEditor, Lines, AbovePrompt)> {
        let term = std::env::var("TERM").unwrap_or_default();
        if DUMB.contains(&&*term) || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let (lines_out, lines) = bounded(LINE_CAPACITY);
        let (handled, handled_lines) = bounded(LINE_CAPACITY);
        let (texts, to_print) = bounded::<String>(TEXT_CAPACITY);
        let (done, printed) = bounded(0);
        let (ready_out, ready) = bounded(1);
        let gate = Arc::new(ReadGate::default());
        let thread_gate = gate.clone();
        let run = move || {
            let editor = Editor::<(), MemHistory>::with_history(Config::default(), MemHistory::new());
            let Ok(mut editor) = editor else { return };
            let Ok(mut printer) = editor.create_external_printer() else { return };
            let print = move || {
                let _done = done;
                while to_print.recv().is_ok_and(|text| printer.print(text).is_ok()) {}
            };
            if std::thread::Builder::new().name("printer".into()).spawn(print).is_ok() && ready_out.send(()).is_ok() {
                read_lines(&mut editor, &lines_out, &handled_lines, &thread_gate);
            }
        };
        std::thread::Builder::new().name("input".into()).spawn(run).ok()?;
        ready.recv().ok()?;
        Some((
            LineEditor { before, printed, gate },
            Lines { lines, handled },
            AbovePrompt { texts, waiting: Vec::new() },
        ))
    }
}

/// Reads lines and sends them to the loop. `handled` receives one token for each line that the loop has handled.
fn read_lines(
    editor: &mut Editor<(), MemHistory>,
    lines: &Sender<PlainInput>,
    handled_lines: &Receiver<()>,
    gate: &ReadGate,
) {
    let mut open = 0;
    loop {
        let read = editor.readline("");
        let _between_lines = gate.lock();
        let input = match read {
            Ok(line) => {
                let _ = editor.add_history_entry(&line);
                PlainInput::Line(line)
            }
            // In raw mode, Ctrl-C is a key and no signal.
            Err(ReadlineError::Interrupted) => PlainInput::Stop,
            Err(ReadlineError::Signal(_)) => continue,
            Err(_) => return,
        };
        let asks = asks_for_passwords(&input);
        if lines.send(input).is_err() {
            return;
        }
        // Take the tokens even if there is no need to wait, so that the channel does not fill up.
        open = (open + 1_usize).saturating_sub(handled_lines.try_iter().count());
        while asks && open > 0 {
            if handled_lines.recv().is_err() {
                return;
            }
            open -= 1;
        }
        if gate.closed.load(SeqCst) {
            return;
        }
    }
}

/// Returns whether the program will ask for passwords after this line, for which it needs the terminal.
fn asks_for_passwords(input: &PlainInput) -> bool {
    let PlainInput::Line(line) = input else { return false };
    matches!(parse(line, ""), Some(Ok(Command::Register { password: None } | Command::Password(None))))
}

impl Drop for LineEditor {
    fn drop(&mut self) {
        // Wait until the last texts are printed, but not long: printing blocks if the editor has just ended.
        let _ = self.printed.recv_timeout(std::time::Duration::from_millis(300));
        self.gate.closed.store(true, SeqCst);
        drop(self.gate.lock());
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
        // Switch bracketed paste off, which the editor has switched on.
        let _ = io::stdout().write_all(b"\r\x1b[?2004l").and_then(|()| io::stdout().flush());
    }
}

/// Prints above the line that the user types. Text appears when the writer is flushed.
pub(super) struct AbovePrompt {
    texts: Sender<String>,
    waiting: Vec<u8>,
}

impl Write for AbovePrompt {
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
