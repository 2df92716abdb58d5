//! The terminal: taken over, and given back as it was, whatever happens.

use super::painter::paint;
use log::info;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode, size,
};
use ratatui::layout::{Position, Rect};
use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// What Rust's programs end with after a panic.
const PANICKED: i32 = 101;

/// The program has the terminal. To give it back twice would put the cursor back, too, onto what a panic has said.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, while the program has it.
pub(super) struct Screen {
    /// What is on it, if that is known.
    shown: Option<Buffer>,
    /// Inside of tmux, which passes on only what is wrapped for it.
    in_tmux: bool,
}

impl Screen {
    /// Takes the terminal over. A panic gives it back before it says what happened.
    ///
    /// # Errors
    /// It is no terminal.
    pub(super) fn take() -> io::Result<Screen> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
            // The other threads must not go on drawing on a terminal that is the shell's again.
            if std::thread::current().name() != Some("main") {
                std::process::exit(PANICKED);
            }
        }));
        enter()?;
        Ok(Screen { shown: None, in_tmux: std::env::var_os("TMUX").is_some() })
    }

    /// Shows what `draw` draws, with the cursor where it says, in one piece.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<()> {
        let (width, height) = self.size()?;
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let mut frame = Buffer::empty(Rect::new(0, 0, cells(width), cells(height)));
        let cursor = draw(frame.area, &mut frame);
        // Until all of it is written, nothing is known.
        let shown = self.shown.take();
        let bytes = paint(shown.as_ref(), &frame, cursor)?;
        stdout().write_all(&bytes)?;
        stdout().flush()?;
        self.shown = Some(frame);
        Ok(())
    }

    /// Forgets what is on it, so that everything is drawn anew.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    /// Its width and height.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn size(&self) -> io::Result<(usize, usize)> {
        let (width, height) = size()?;
        Ok((width.into(), height.into()))
    }

    /// Takes it over again, after the program was stopped.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        enter()?;
        self.forget();
        Ok(())
    }

    /// Rings its bell.
    pub(super) fn ring(&self) {
        let _ = stdout().write_all(b"\x07").and_then(|()| stdout().flush());
    }

    /// Has it tell the desktop.
    pub(super) fn notify(&self, text: &str) {
        let _ = stdout().write_all(notification(text, self.in_tmux).as_bytes()).and_then(|()| stdout().flush());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    info!("taking the terminal");
    TAKEN.store(true, SeqCst);
    enable_raw_mode()?;
    // A cluster at the right edge that takes more cells than expected must not run over into the next row.
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, DisableLineWrap).inspect_err(|_| give_back())
}

/// Gives the terminal back as it was, if the program has it.
pub(super) fn give_back() {
    if !TAKEN.swap(false, SeqCst) {
        return;
    }
    // Whatever fails, the rest is tried.
    let _ =
        execute!(stdout(), EndSynchronizedUpdate, EnableLineWrap, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    info!("the terminal is given back");
}

/// The escape sequences that some terminals take for a notification (OSC 777, and OSC 9 for others).
fn notification(text: &str, in_tmux: bool) -> String {
    // Cleaned before; a semicolon would end the title.
    let text = text.replace(';', ",");
    let both = format!("\x1b]777;notify;Landline;{text}\x07\x1b]9;{text}\x07");
    if in_tmux { format!("\x1bPtmux;{}\x1b\\", both.replace('\x1b', "\x1b\x1b")) } else { both }
}

#[cfg(test)]
mod tests {
    use super::notification;

    #[test]
    fn notifications_pass_through_tmux() {
        assert_eq!(notification("a;b", false), "\x1b]777;notify;Landline;a,b\x07\x1b]9;a,b\x07");
        let wrapped = notification("a", true);
        assert!(wrapped.starts_with("\x1bPtmux;\x1b\x1b]777;") && wrapped.ends_with("\x1b\\"));
    }
}
