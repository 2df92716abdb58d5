//! The client's log file, which helps to find out why a connection broke. Nothing is logged to the screen.
//!
//! The log covers the connection, encrypted chats and the terminal. Chat texts and passwords are never logged, and text of
//! a server is cleaned with [`landline_common::clean`].

use crate::engine::Phase;
use crate::usage_error::UsageError;
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

/// Environment variable with the log level, in the syntax of `env_logger`.
const LEVEL_VARIABLE: &str = "RUST_LOG";
/// Characters of a message at most, since it may quote a long reason of a server.
const MESSAGE_CHARS: usize = 1_000;

/// Starts logging to the end of `file`, with a hook for panics.
///
/// # Errors
/// The file cannot be opened, or a logger was set before.
pub fn start(file: &Path) -> Result<(), UsageError> {
    let why = |why: &dyn Display| {
        UsageError::new(format!("cannot log to {}: {why}; choose a file in a writable folder", file.display()))
    };
    let out = open(file).map_err(|error| why(&error))?;
    let mut builder = Builder::new();
    builder.filter_level(LevelFilter::Info).parse_filters(&env::var(LEVEL_VARIABLE).unwrap_or_default());
    builder.target(Target::Pipe(Box::new(out)));
    builder.format(|out, record| writeln!(out, "{}", line(&Zoned::now(), record.level(), record.args())));
    builder.try_init().map_err(|error| why(&error))?;
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        error!("{}", panic_line(panic));
        before(panic);
    }));
    Ok(())
}

/// Opens the log for appending. Only its owner may read it, since it shows which user was at which server, and when.
fn open(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Formats one line, without a line end. Cleans and cuts the message.
fn line(now: &Zoned, level: Level, message: &impl Display) -> String {
    let message = message.to_string();
    let cleaned = clean(&message);
    let cut = cleaned.char_indices().nth(MESSAGE_CHARS).map_or(&*cleaned, |(at, _)| &cleaned[..at]);
    format!("{} {level:<5} {cut}", now.strftime("%Y-%m-%d %H:%M:%S"))
}

/// Describes a panic. Leaves out a formatted message, which may quote a chat text; a fixed message is included.
fn panic_line(panic: &PanicHookInfo<'_>) -> String {
    let location = panic.location().map_or("an unknown location".into(), ToString::to_string);
    let message = panic.payload().downcast_ref::<&'static str>();
    let message = message.map_or(String::new(), |message| format!(": {message}"));
    format!("panicked at {location} on thread {}{message}", std::thread::current().name().unwrap_or("without a name"))
}

/// Logs each loss of the connection once. The connection itself logs attempts and their results.
#[derive(Debug)]
pub struct ConnectionLog {
    last: Phase,
}

impl ConnectionLog {
    /// Begins while the connection is up.
    #[must_use]
    pub fn begin() -> ConnectionLog {
        ConnectionLog { last: Phase::Up }
    }

    /// Logs the phase of the connection at `now_ms`, if it has changed.
    pub fn log_phase(&mut self, phase: &Phase, now_ms: u64) {
        if *phase == self.last {
            return;
        }
        if let Some(text) = loss_line(phase, now_ms) {
            warn!("{text}");
        }
        self.last = phase.clone();
    }
}

/// Returns the log line for a lost connection.
fn loss_line(phase: &Phase, now_ms: u64) -> Option<String> {
    match phase {
        Phase::Connecting | Phase::Up => None,
        Phase::Waiting { until, why } => {
            let seconds = until.saturating_sub(now_ms).div_ceil(1_000);
            Some(format!("connection: lost retry_s={seconds} reason={why}"))
        }
        Phase::Stopped { why } => Some(format!("connection: stopped reason={why}")),
    }
}

/// Logs how the program ended.
pub fn log_exit(done: &anyhow::Result<bool>) {
    match done {
        Ok(_) => info!("client: left"),
        Err(why) => error!("client: ended reason={why:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_a_cleaned_and_cut_line() {
        let now: Zoned = "2026-11-21T14:00:05[UTC]".parse().unwrap();
        assert_eq!(line(&now, Level::Warn, &"a\u{1b}[31m\nb"), "2026-11-21 14:00:05 WARN  a b");
        assert_eq!(
            line(&now, Level::Error, &"x".repeat(5_000)).len(),
            "2026-11-21 14:00:05 ERROR ".len() + MESSAGE_CHARS
        );
    }

    #[test]
    fn formats_a_lost_connection() {
        let waiting = Phase::Waiting { until: 5_500, why: "it broke".into() };
        assert_eq!(loss_line(&waiting, 4_000).as_deref(), Some("connection: lost retry_s=2 reason=it broke"));
        let stopped = Phase::Stopped { why: "kicked".into() };
        assert_eq!(loss_line(&stopped, 0).as_deref(), Some("connection: stopped reason=kicked"));
        assert_eq!(loss_line(&Phase::Up, 0), None);
    }
}
