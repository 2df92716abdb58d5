//! The tasks of the program besides serving: export and import.

use super::{DEFAULT_DATA, limits_of};
use clap::Subcommand;
use jiff::civil::DateTime;
use jiff::{Span, Timestamp, Zoned};
use landline_common::{Limits, OffsetDateTime};
use std::path::PathBuf;

/// A task other than serving.
#[derive(Debug, Subcommand)]
pub enum ServerTask {
    /// Write the stored messages to standard output, one JSON object a line; a server may run meanwhile
    Export(Export),
    /// Take over Chat77's accounts, LanTalk's bans, or what export has written; the server must be stopped
    Import(Import),
}

/// The options of an export.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The server's data folder
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_DATA)]
    pub data: PathBuf,
    /// Leave out older messages: a date as 2026-01-31 or "2026-01-31 18:30", or how long ago, as 30d or 12h
    #[arg(long, value_name = "DATE|DURATION", value_parser = parse_since)]
    pub since: Option<OffsetDateTime>,
}

/// The options of an import.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// Chat77's client_connections.json, LanTalk's bans.json, or a file that export has written
    pub file: PathBuf,
    /// The server's data folder
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_DATA)]
    pub data: PathBuf,
    /// Set a limit as for the server
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
}

impl Import {
    /// Returns the limits.
    ///
    /// # Errors
    /// A limit has no such name or value.
    pub fn limits(&self) -> anyhow::Result<Limits> {
        limits_of(&self.limits)
    }
}

fn parse_since(text: &str) -> Result<OffsetDateTime, String> {
    since(text.trim(), &Zoned::now())
}

/// Parses a date and time, in local time or with an offset from UTC, or a time span before `now`.
fn since(text: &str, now: &Zoned) -> Result<OffsetDateTime, String> {
    let bare = !text.starts_with(['+', '-']) && !text.ends_with("ago");
    let ago = || text.parse::<Span>().ok().filter(|_| bare).and_then(|span| now.checked_sub(span).ok());
    let local = || text.parse::<DateTime>().ok()?.to_zoned(now.time_zone().clone()).ok();
    let exact = text.parse::<Timestamp>().ok();
    let moment = exact.or_else(|| Some(local().or_else(ago)?.timestamp()));
    match moment {
        Some(moment) if moment <= now.timestamp() => Ok(OffsetDateTime {
            unix_ms: moment.as_millisecond(),
            offset_s: now.time_zone().to_offset(moment).seconds(),
        }),
        Some(_) => Err("a moment in the future; write one in the past".to_owned()),
        None => Err("write a date as 2026-01-31 or \"2026-01-31 18:30\", or how long ago, as 30d or 12h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_date_or_a_time_span() {
        let now: Zoned = "2026-03-10T12:00:00+02:00[+02:00]".parse().unwrap();
        for (text, utc) in [
            ("2026-03-09", "2026-03-08T22:00:00Z"),
            ("2026-03-09 18:30", "2026-03-09T16:30:00Z"),
            ("2026-03-09T18:30:05", "2026-03-09T16:30:05Z"),
            ("2026-03-09T18:30:00Z", "2026-03-09T18:30:00Z"),
            ("12h", "2026-03-09T22:00:00Z"),
            ("30d", "2026-02-08T10:00:00Z"),
            ("2 weeks", "2026-02-24T10:00:00Z"),
            ("1h 30m", "2026-03-10T08:30:00Z"),
            ("90min", "2026-03-10T08:30:00Z"),
        ] {
            let moment = since(text, &now).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(moment.unix_ms, utc.parse::<Timestamp>().unwrap().as_millisecond(), "{text}");
        }
        for text in ["2026-03-11", "2026-03-10 12:01"] {
            assert_eq!(since(text, &now).unwrap_err(), "a moment in the future; write one in the past");
        }
        for text in ["", "yesterday", "30", "-3d", "3d ago", "2026-13-01", "99999999999y"] {
            assert!(since(text, &now).unwrap_err().contains("how long ago"), "{text}");
        }
    }
}
