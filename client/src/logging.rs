//! The client's own log: to a file, for whoever asks why a connection broke; never to the screen.
//!
//! It says what became of the connection, of direct chats, and of the terminal. What people say and passwords are never
//! given to it, and what a server says passes through [`landline_common::clean`].

use crate::args::BadUsage;
use crate::engine::Phase;
use env_logger::{Builder, Target};
use jiff::Zoned;
use landline_common::clean::clean;
use log::{Level, LevelFilter, error, info, warn};
use std::env;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::path::Path;

/// How much is logged, as other programs read it, too.
const LEVEL: &str = "RUST_LOG";
/// Characters of one message: a server's reason may be long.
const MESSAGE_CHARS: usize = 1_000;

/// Logs everything from here on to the end of `file`, panics as well.
///
/// # Errors
/// The file cannot be written, or logging was started before.
pub fn start(file: &Path) -> Result<(), BadUsage> {
    let why = |why: &dyn Display| {
        BadUsage::new(format!("the log {}: {why}; give a file in a folder that you may write to", file.display()))
    };
    let out = open(file).map_err(|error| why(&error))?;
    let mut builder = Builder::new();
    builder.filter_level(LevelFilter::Info).parse_filters(&env::var(LEVEL).unwrap_or_default());
    builder.target(Target::Pipe(Box::new(out)));
    builder.format(|out, record| writeln!(out, "{}", line(&Zoned::now(), record.level(), record.args())));
    builder.try_init().map_err(|error| why(&error))?;
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        error!("{}", last_words(panic));
        before(panic);
    }));
    Ok(())
}

/// Only its owner can read it: it says who talked where, and when.
fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// One line of the log, without its end.
fn line(now: &Zoned, level: Level, message: &impl Display) -> String {
    let message = message.to_string();
    let cleaned = clean(&message);
    let cut = cleaned.char_indices().nth(MESSAGE_CHARS).map_or(&*cleaned, |(at, _)| &cleaned[..at]);
    format!("{} {level:<5} {cut}", now.strftime("%Y-%m-%d %H:%M:%S"))
}

/// Where a panic was. Its message only if it is fixed: others may quote what somebody said.
fn last_words(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or("somewhere".into(), ToString::to_string);
    let message = panic.payload().downcast_ref::<&'static str>();
    let message = message.map_or(String::new(), |message| format!(": {message}"));
    format!("panicked at {place} on thread {}{message}", std::thread::current().name().unwrap_or("without a name"))
}

/// What the models say of the connection, told once: which one is made and what comes of it, the link itself tells.
#[derive(Debug)]
pub struct Diary {
    last: Phase,
}

impl Diary {
    /// One is in.
    #[must_use]
    pub fn begin() -> Diary {
        Diary { last: Phase::Up }
    }

    /// Notes how the connection is at `now_ms`, if that has changed.
    pub fn note(&mut self, phase: &Phase, now_ms: u64) {
        if *phase == self.last {
            return;
        }
        if let Some(text) = lost(phase, now_ms) {
            warn!("{text}");
        }
        self.last = phase.clone();
    }
}

fn lost(phase: &Phase, now_ms: u64) -> Option<String> {
    match phase {
        Phase::Connecting | Phase::Up => None,
        Phase::Waiting { until, why } => {
            let seconds = until.saturating_sub(now_ms).div_ceil(1_000);
            Some(format!("no connection: {why}; reconnecting in {seconds} s"))
        }
        Phase::Stopped { why } => Some(format!("no connection, and none is tried: {why}")),
    }
}

/// That the program ends, and how.
pub fn end(done: &anyhow::Result<bool>) {
    match done {
        Ok(_) => info!("left"),
        Err(why) => error!("ended: {why:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_when_and_forges_nothing() {
        let now: Zoned = "2026-11-21T14:00:05[UTC]".parse().unwrap();
        assert_eq!(line(&now, Level::Warn, &"a\u{1b}[31m\nb"), "2026-11-21 14:00:05 WARN  a b");
        assert_eq!(
            line(&now, Level::Error, &"x".repeat(5_000)).len(),
            "2026-11-21 14:00:05 ERROR ".len() + MESSAGE_CHARS
        );
    }

    #[test]
    fn the_connection_is_told_in_words() {
        let waiting = Phase::Waiting { until: 5_500, why: "it broke".into() };
        assert_eq!(lost(&waiting, 4_000).as_deref(), Some("no connection: it broke; reconnecting in 2 s"));
        let stopped = Phase::Stopped { why: "kicked".into() };
        assert_eq!(lost(&stopped, 0).as_deref(), Some("no connection, and none is tried: kicked"));
        assert_eq!(lost(&Phase::Up, 0), None);
    }
}
