//! A pseudo-terminal with a shell, and an emulator for its screen.

use crate::program::{FOLDERS, NOWHERE};
use crate::{DEADLINE, Program};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The emulated screen, and a condition variable for changes.
type SharedScreen = Arc<(Mutex<vt100::Parser>, Condvar)>;

/// A terminal that runs an interactive shell.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    shell: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: SharedScreen,
}

impl Terminal {
    /// Opens a terminal of the given size, and waits for the shell's prompt.
    pub fn new(cols: u16, rows: u16) -> Terminal {
        let pty = native_pty_system().openpty(size(cols, rows)).expect("a terminal");
        let mut command = CommandBuilder::new("sh");
        command.args(["-i"]);
        for (name, value) in [("TERM", "xterm"), ("PS1", "ready> "), ("ENV", "")] {
            command.env(name, value);
        }
        for folder in FOLDERS {
            command.env(folder, NOWHERE);
        }
        for name in [
            "TMUX",
            "COLORTERM",
            "COLUMNS",
            "LINES",
            "NO_COLOR",
            "LANDLINE_PASSWORD",
            "LANDLINE_SERVER_PASSWORD",
            "RUST_LOG",
        ] {
            command.env_remove(name);
        }
        let shell = pty.slave.spawn_command(command).expect("a shell");
        let keys = pty.master.take_writer().expect("a terminal");
        let screen: SharedScreen =
            Arc::new((Mutex::new(vt100::Parser::new(non_zero(rows), non_zero(cols), 0)), Condvar::new()));
        let out = pty.master.try_clone_reader().expect("a terminal");
        let screen_there = screen.clone();
        std::thread::spawn(move || show(out, &screen_there));
        let mut terminal = Terminal { master: pty.master, shell, keys, screen };
        terminal.until("a prompt", |screen| screen.contents().contains("ready>"));
        terminal
    }

    /// Opens a terminal, and starts `landline` in it. Returns the terminal and the process id of `landline`.
    pub fn landline(cols: u16, rows: u16, server: SocketAddr, name: &str) -> (Terminal, u32) {
        let mut terminal = Terminal::new(cols, rows);
        let program = Program::client();
        let program = program.get_program().to_string_lossy().into_owned();
        let note = tempfile::NamedTempFile::new().expect("a file");
        let file = note.path().display();
        terminal.press(&format!("sh -c 'echo $$ > {file}; exec {program} {server} --name {name}'\r"));
        terminal.wait_for("connected");
        let number = std::fs::read_to_string(note.path()).expect("a file");
        (terminal, number.trim().parse().expect("a number"))
    }

    /// Runs a command in the shell, with `behind` appended to the line.
    pub fn run(&mut self, command: &Command, behind: &str) {
        let mut line = String::new();
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                line += &format!("{}='{}' ", name.display(), value.display());
            }
        }
        for word in std::iter::once(command.get_program()).chain(command.get_args()) {
            line += &format!("'{}' ", word.display());
        }
        self.press(&format!("{line}{behind}\r"));
    }

    /// Sends the bytes of keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("the terminal");
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.lock().screen_mut().set_size(non_zero(rows), non_zero(cols));
        self.master.resize(size(cols, rows)).expect("the terminal");
    }

    /// Waits until `text` is on the screen.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until `holds` returns true for the screen.
    #[track_caller]
    pub fn until(&mut self, what: &str, holds: impl FnMut(&vt100::Screen) -> bool) {
        self.until_within(DEADLINE, what, holds);
    }

    /// Waits until `holds` returns true for the screen, at most for `timeout`.
    #[track_caller]
    pub fn until_within(&mut self, timeout: Duration, what: &str, mut holds: impl FnMut(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + timeout;
        let (parser, changed) = &*self.screen;
        let mut parser = parser.lock().unwrap_or_else(PoisonError::into_inner);
        while !holds(parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in time: {what}; the screen:\n{}", parser.screen().contents());
            parser = changed.wait_timeout(parser, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the shell has the terminal back: the main screen, a visible cursor, and the modes for line editing.
    #[track_caller]
    pub fn expect_restored(&mut self) {
        self.until("the shell's screen and its prompt", |screen| {
            let is_taken = screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste();
            !is_taken && screen.contents().trim_end().ends_with("ready>")
        });
        self.press("stty -a | tr '\\n' ' '; echo done-$((20 + 22))\r");
        self.wait_for("done-42");
        let contents = self.lock().screen().contents().replace('\n', "");
        for mode in [" icanon", " echo ", " isig", " icrnl", " opost"] {
            assert!(contents.contains(mode), "no{mode}: {contents}");
        }
    }

    /// Returns the text on the screen.
    pub fn contents(&self) -> String {
        self.lock().screen().contents()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, vt100::Parser> {
        self.screen.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The terminal hangs up, and the programs in it end.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn non_zero(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has rows and columns")
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// Feeds the output of the terminal to the emulator.
fn show(mut out: Box<dyn Read + Send>, shown: &SharedScreen) {
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = out.read(&mut piece) {
        shown.0.lock().unwrap_or_else(PoisonError::into_inner).process(&piece[..n]);
        shown.1.notify_all();
    }
}
