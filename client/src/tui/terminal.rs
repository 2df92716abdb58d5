//! The terminal: taken over, and given back as it was, whatever happens.

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

/// Saves what the wheel does, and keeps it from being told as arrows (DECSET 1007).
const WHEEL_OFF: &str = "\x1b[?1007s\x1b[?1007l";
/// On again, as most terminals have it, and then as it was, where that was saved.
const WHEEL_BACK: &str = "\x1b[?1007h\x1b[?1007r";
/// The size of a terminal that tells none.
const SIZE: (u16, u16) = (80, 24);
/// A frame is never wider or higher, whatever a terminal tells.
const LARGEST: u16 = 1_000;

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
            restore();
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
        let (width, height) = usable_size(size()?);
        Ok((width.into(), height.into()))
    }

    /// Takes it over again, after the program was stopped.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn reacquire(&mut self) -> io::Result<()> {
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
        restore();
    }
}

fn enter() -> io::Result<()> {
    info!("taking the terminal");
    TAKEN.store(true, SeqCst);
    enable_raw_mode()?;
    set_modes(&mut stdout()).inspect_err(|_| restore())
}

/// Sets the modes of the full screen.
fn set_modes(out: &mut impl Write) -> io::Result<()> {
    // A cluster at the right edge that takes more cells than expected must not run over into the next row.
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, DisableLineWrap, Print(WHEEL_OFF))
}

/// Sets the modes back.
fn reset_modes(out: &mut impl Write) -> io::Result<()> {
    execute!(out, EndSynchronizedUpdate, Print(WHEEL_BACK), EnableLineWrap, DisableBracketedPaste)?;
    execute!(out, LeaveAlternateScreen, Show)
}

/// Gives the terminal back as it was, if the program has it.
pub(super) fn restore() {
    if !TAKEN.swap(false, SeqCst) {
        return;
    }
    // Whatever fails, the rest is tried.
    let _ = reset_modes(&mut stdout());
    let _ = disable_raw_mode();
    info!("the terminal is given back");
}

/// The size to draw for: the one that the terminal tells. Serial lines tell 0 × 0; then `COLUMNS` and `LINES` count, or
/// else 80 × 24.
pub(super) fn usable_size(told: (u16, u16)) -> (u16, u16) {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.trim().parse().ok());
    size_of(told, variable("COLUMNS"), variable("LINES"))
}

fn size_of((width, height): (u16, u16), columns: Option<u16>, lines: Option<u16>) -> (u16, u16) {
    let first = |told: u16, set: Option<u16>, usual: u16| {
        let known = Some(told).filter(|told| *told > 0).or(set.filter(|set| *set > 0));
        known.unwrap_or(usual).min(LARGEST)
    };
    (first(width, columns, SIZE.0), first(height, lines, SIZE.1))
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
    use super::{LARGEST, notification, reset_modes, set_modes, size_of};

    #[test]
    fn d10_each_mode_is_set_back_also_the_wheel_s() {
        let modes = |write: fn(&mut Vec<u8>) -> std::io::Result<()>| {
            let mut bytes = Vec::new();
            write(&mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            text.split("\x1b[?").skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let (set, reset) = (modes(set_modes), modes(reset_modes));
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
    fn d15_a_terminal_without_a_size_has_one() {
        assert_eq!(size_of((120, 40), Some(10), Some(10)), (120, 40));
        assert_eq!(size_of((0, 0), Some(132), Some(43)), (132, 43));
        assert_eq!(size_of((0, 0), None, Some(0)), (80, 24));
        assert_eq!(size_of((100, 0), None, None), (100, 24));
        assert_eq!(size_of((u16::MAX, u16::MAX), None, None), (LARGEST, LARGEST));
    }

    #[test]
    fn notifications_pass_through_tmux() {
        assert_eq!(notification("a;b", false), "\x1b]777;notify;Landline;a,b\x07\x1b]9;a,b\x07");
        let wrapped = notification("a", true);
        assert!(wrapped.starts_with("\x1bPtmux;\x1b\x1b]777;") && wrapped.ends_with("\x1b\\"));
    }
}
