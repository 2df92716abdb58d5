//! A terminal with a shell in it, as people have it, and what is on its screen.

use crate::program::{FOLDERS, NOWHERE};
use crate::{DEADLINE, Program};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is on the screen, and a bell for when it changes.
type Shared = Arc<(Mutex<vt100::Parser>, Condvar)>;

/// A terminal in which a shell runs.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    shell: Box<dyn portable_pty::Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Shared,
}

impl Terminal {
    /// A terminal of that width and height, whose shell waits for a command.
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
        for name in ["TMUX", "COLORTERM", "NO_COLOR", "LANDLINE_PASSWORD", "LANDLINE_SERVER_PASSWORD", "RUST_LOG"] {
            command.env_remove(name);
        }
        let shell = pty.slave.spawn_command(command).expect("a shell");
        let keys = pty.master.take_writer().expect("a terminal");
        let screen: Shared = Arc::new((Mutex::new(vt100::Parser::new(some(rows), some(cols), 0)), Condvar::new()));
        let (out, shown) = (pty.master.try_clone_reader().expect("a terminal"), screen.clone());
        std::thread::spawn(move || show(out, &shown));
        let mut terminal = Terminal { master: pty.master, shell, keys, screen };
        terminal.until("a prompt", |screen| screen.contents().contains("ready>"));
        terminal
    }

    /// The same, with `landline` at that server; the number of its process.
    pub fn landline(cols: u16, rows: u16, server: SocketAddr, name: &str) -> (Terminal, u32) {
        let mut terminal = Terminal::new(cols, rows);
        let program = Program::client();
        let program = program.get_program().to_string_lossy().into_owned();
        let note = tempfile::NamedTempFile::new().expect("a file");
        let file = note.path().display();
        terminal.press(&format!("sh -c 'echo $$ > {file}; exec {program} {server} --name {name}'\r"));
        terminal.sees("connected");
        let number = std::fs::read_to_string(note.path()).expect("a file");
        (terminal, number.trim().parse().expect("a number"))
    }

    /// Runs a command in its shell.
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

    /// Presses keys: what they send.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("the terminal");
    }

    /// Makes the window as large as that.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.lock().screen_mut().set_size(some(rows), some(cols));
        self.master.resize(size(cols, rows)).expect("the terminal");
    }

    /// Waits until `text` is on the screen.
    #[track_caller]
    pub fn sees(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn until(&mut self, what: &str, holds: impl FnMut(&vt100::Screen) -> bool) {
        self.within(DEADLINE, what, holds);
    }

    /// The same, for what takes its time.
    #[track_caller]
    pub fn within(&mut self, longest: Duration, what: &str, mut holds: impl FnMut(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + longest;
        let (parser, changed) = &*self.screen;
        let mut parser = parser.lock().unwrap_or_else(PoisonError::into_inner);
        while !holds(parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in time: {what}; the screen:\n{}", parser.screen().contents());
            parser = changed.wait_timeout(parser, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The shell has the terminal again, as it was: its own screen, a cursor, and keys that it edits lines with.
    #[track_caller]
    pub fn is_sane(&mut self) {
        self.until("the shell's screen and its prompt", |screen| {
            let own = screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste();
            !own && screen.contents().trim_end().ends_with("ready>")
        });
        self.press("stty -a | tr '\\n' ' '; echo done-$((20 + 22))\r");
        self.sees("done-42");
        let contents = self.lock().screen().contents().replace('\n', "");
        for mode in [" icanon", " echo ", " isig", " icrnl", " opost"] {
            assert!(contents.contains(mode), "no{mode}: {contents}");
        }
    }

    /// What is on the screen now.
    pub fn contents(&self) -> String {
        self.lock().screen().contents()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, vt100::Parser> {
        self.screen.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The terminal hangs up, and what runs in it ends.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn some(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has rows and columns")
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn show(mut out: Box<dyn Read + Send>, shown: &Shared) {
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = out.read(&mut piece) {
        shown.0.lock().unwrap_or_else(PoisonError::into_inner).process(&piece[..n]);
        shown.1.notify_all();
    }
}
