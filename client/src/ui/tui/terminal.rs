//! The terminal: taken over, and given back as it was, whatever happens.

use log::info;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::layout::Rect;
use std::io::{self, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// What Rust's programs end with after a panic.
const PANICKED: i32 = 101;

/// The program has the terminal. To give it back twice would put the cursor back, too, onto what a panic has said.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, while the program has it.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
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
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| give_back())?;
        Ok(Screen { terminal, in_tmux: std::env::var_os("TMUX").is_some() })
    }

    /// The same, drawn by `draw`, in one piece.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        execute!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(stdout(), EndSynchronizedUpdate)
    }

    /// Forgets what is on it, so that everything is drawn anew.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        // Not `clear`: that asks the terminal where its cursor is, and the thread that reads keys takes the answer.
        let (width, height) = self.size()?;
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.terminal.resize(Rect::new(0, 0, cells(width), cells(height)))
    }

    /// Its width and height.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn size(&self) -> io::Result<(usize, usize)> {
        let size = self.terminal.size()?;
        Ok((size.width.into(), size.height.into()))
    }

    /// Takes it over again, after the program was stopped.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        enter()?;
        self.forget()
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
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste).inspect_err(|_| give_back())
}

/// Gives the terminal back as it was, if the program has it.
pub(super) fn give_back() {
    if !TAKEN.swap(false, SeqCst) {
        return;
    }
    // Whatever fails, the rest is tried.
    let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, Show);
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
