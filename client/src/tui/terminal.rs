//! Sets the terminal's modes for the full screen, and restores them however the program ends: also after a panic, a
//! signal or a stop.

use super::painter::paint;
use log::info;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;
use ratatui::crossterm::style::Print;
use ratatui::crossterm::terminal::{
    DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode, size,
};
use ratatui::layout::{Position, Rect};
use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Saves the wheel mode (DECSET 1007), then switches it off, so that the terminal does not send arrow keys for the wheel.
const WHEEL_OFF: &str = "\x1b[?1007s\x1b[?1007l";
/// Switches the mode on, the default of most terminals, then restores the saved mode where the terminal can save modes.
const WHEEL_BACK: &str = "\x1b[?1007h\x1b[?1007r";
/// Columns and rows if the terminal reports no size.
const DEFAULT_SIZE: (u16, u16) = (80, 24);
/// Columns and rows at most, whatever the terminal reports.
const MAX_SIZE: u16 = 1_000;

/// The exit code of Rust programs after a panic.
const PANIC_EXIT_CODE: i32 = 101;

/// True while the modes of the full screen are set. Restoring twice would move the cursor onto the panic message.
static MODES_ARE_SET: AtomicBool = AtomicBool::new(false);

/// The terminal in the modes of the full screen: raw input, the alternate screen, bracketed paste, no line wrap, and no
/// arrow keys for the wheel. Dropping it restores the modes.
pub(super) struct Screen {
    /// The frame on the screen; `None` if unknown.
    shown: Option<Buffer>,
    /// True inside tmux, which passes a notification on only if it is wrapped for tmux.
    in_tmux: bool,
}

impl Screen {
    /// Sets the modes, and a panic hook that restores the terminal before the panic message is printed.
    ///
    /// # Errors
    /// Standard input or output is no terminal.
    pub(super) fn acquire() -> io::Result<Screen> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
            // End the process: its other threads would draw on a terminal that belongs to the shell again.
            if std::thread::current().name() != Some("main") {
                std::process::exit(PANIC_EXIT_CODE);
            }
        }));
        set_up()?;
        Ok(Screen { shown: None, in_tmux: std::env::var_os("TMUX").is_some() })
    }

    /// Draws one frame with `draw`, which returns the position of the cursor, and writes it at once.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<()> {
        let (width, height) = self.size()?;
        let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let mut frame = Buffer::empty(Rect::new(0, 0, cells(width), cells(height)));
        let cursor = draw(frame.area, &mut frame);
        // After a failed write the content of the screen is unknown.
        let shown = self.shown.take();
        let bytes = paint(shown.as_ref(), &frame, cursor)?;
        stdout().write_all(&bytes)?;
        stdout().flush()?;
        self.shown = Some(frame);
        Ok(())
    }

    /// Forgets the frame on the screen, so that the next one is drawn in full.
    pub(super) fn invalidate(&mut self) {
        self.shown = None;
    }

    /// Returns columns and rows.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn size(&self) -> io::Result<(usize, usize)> {
        let (width, height) = usable_size(size()?);
        Ok((width.into(), height.into()))
    }

    /// Sets the modes again after the program was stopped.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn reacquire(&mut self) -> io::Result<()> {
        set_up()?;
        self.invalidate();
        Ok(())
    }

    /// Rings the bell.
    pub(super) fn ring(&self) {
        let _ = stdout().write_all(b"\x07").and_then(|()| stdout().flush());
    }

    /// Makes the terminal show a desktop notification.
    pub(super) fn notify(&self, text: &str) {
        let _ = stdout().write_all(notification(text, self.in_tmux).as_bytes()).and_then(|()| stdout().flush());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn set_up() -> io::Result<()> {
    info!("terminal: modes set");
    MODES_ARE_SET.store(true, SeqCst);
    enable_raw_mode()?;
    set_modes(&mut stdout()).inspect_err(|_| restore())
}

/// Writes the escape sequences that set the modes of the full screen.
fn set_modes(out: &mut impl Write) -> io::Result<()> {
    // Without line wrap, a cluster at the right edge that takes more cells than expected stays in its row.
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, DisableLineWrap, Print(WHEEL_OFF))
}

/// Writes the escape sequences that restore the modes.
fn reset_modes(out: &mut impl Write) -> io::Result<()> {
    execute!(out, EndSynchronizedUpdate, Print(WHEEL_BACK), EnableLineWrap, DisableBracketedPaste)?;
    execute!(out, LeaveAlternateScreen, Show)
}

/// Restores the terminal if the modes of the full screen are set.
pub(super) fn restore() {
    if !MODES_ARE_SET.swap(false, SeqCst) {
        return;
    }
    // Ignore errors: the remaining steps may still work.
    let _ = reset_modes(&mut stdout());
    let _ = disable_raw_mode();
    info!("terminal: restored");
}

/// Returns the size to draw for: the reported one. A serial line reports 0 × 0; then `COLUMNS` and `LINES` count, or
/// else 80 × 24.
pub(super) fn usable_size(reported: (u16, u16)) -> (u16, u16) {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.trim().parse().ok());
    size_of(reported, variable("COLUMNS"), variable("LINES"))
}

fn size_of((width, height): (u16, u16), columns: Option<u16>, lines: Option<u16>) -> (u16, u16) {
    let first = |reported: u16, set: Option<u16>, usual: u16| {
        let known = Some(reported).filter(|reported| *reported > 0).or(set.filter(|set| *set > 0));
        known.unwrap_or(usual).min(MAX_SIZE)
    };
    (first(width, columns, DEFAULT_SIZE.0), first(height, lines, DEFAULT_SIZE.1))
}

/// Returns the escape sequences of a notification: OSC 777, and OSC 9 for other terminals.
fn notification(text: &str, in_tmux: bool) -> String {
    // The caller has cleaned the text. A semicolon would end the title.
    let text = text.replace(';', ",");
    let both = format!("\x1b]777;notify;Landline;{text}\x07\x1b]9;{text}\x07");
    if in_tmux { format!("\x1bPtmux;{}\x1b\\", both.replace('\x1b', "\x1b\x1b")) } else { both }
}

#[cfg(test)]
mod tests {
    use super::{MAX_SIZE, notification, reset_modes, set_modes, size_of};

    #[test]
    fn d10_each_mode_is_restored_including_the_wheel() {
        let modes = |write: fn(&mut Vec<u8>) -> std::io::Result<()>| {
            let mut bytes = Vec::new();
            write(&mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            text.split("\x1b[?").skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let set = modes(set_modes);
        let reset = modes(reset_modes);
        assert!(set.ends_with(&["1007s".into(), "1007l".into()]), "{set:?}");
        for mode in set {
            let (number, letter) = mode.split_at(mode.len() - 1);
            let back = match letter {
                "h" => "l",
                "l" => "h",
                _ => "r",
            };
            assert!(reset.contains(&format!("{number}{back}")), "{mode} in {reset:?}");
        }
    }

    #[test]
    fn d15_a_terminal_without_a_size_gets_a_default() {
        assert_eq!(size_of((120, 40), Some(10), Some(10)), (120, 40));
        assert_eq!(size_of((0, 0), Some(132), Some(43)), (132, 43));
        assert_eq!(size_of((0, 0), None, Some(0)), (80, 24));
        assert_eq!(size_of((100, 0), None, None), (100, 24));
        assert_eq!(size_of((u16::MAX, u16::MAX), None, None), (MAX_SIZE, MAX_SIZE));
    }

    #[test]
    fn notifications_pass_through_tmux() {
        assert_eq!(notification("a;b", false), "\x1b]777;notify;Landline;a,b\x07\x1b]9;a,b\x07");
        let wrapped = notification("a", true);
        assert!(wrapped.starts_with("\x1bPtmux;\x1b\x1b]777;") && wrapped.ends_with("\x1b\\"));
    }
}
