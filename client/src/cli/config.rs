//! The configuration file.

use crate::atomic_file;
use crate::chat::Bell;
use crate::encryption::TlsMode;
use crate::palette::Palette;
use crate::usage_error::UsageError;
use landline_common::{RoomName, UserName};
use serde::de::{Deserialize, Deserializer, Error};
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Bytes to read at most. A larger file is certainly not a configuration file.
const MAX_BYTES: u64 = 256 << 10;
const TEMPLATE: &str = include_str!("config_template.toml");

/// The content of the file. All keys are optional.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address of the server.
    pub server: Option<String>,
    /// Name of the user.
    #[serde(deserialize_with = "user")]
    pub name: Option<UserName>,
    /// First room.
    #[serde(deserialize_with = "room")]
    pub room: Option<RoomName>,
    /// When to encrypt the connection.
    #[serde(deserialize_with = "value")]
    pub tls: Option<TlsMode>,
    /// Use plain lines instead of the full screen.
    pub plain: bool,
    /// Colors of the full screen.
    #[serde(deserialize_with = "value")]
    pub theme: Option<Palette>,
    /// Messages that ring the bell.
    #[serde(deserialize_with = "value")]
    pub bell: Option<Bell>,
    /// Show desktop notifications.
    pub notify: bool,
    /// Seconds between two pings.
    #[serde(deserialize_with = "keepalive")]
    pub keepalive: Option<u64>,
    /// Seconds for which a script tries to reconnect.
    #[serde(deserialize_with = "patience")]
    pub patience: Option<u64>,
    /// Path of the log file.
    pub log: Option<PathBuf>,
}

fn parsed<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).map_err(D::Error::custom)
}

fn user<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UserName>, D::Error> {
    parsed(deserializer, UserName::parse)
}

fn room<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RoomName>, D::Error> {
    parsed(deserializer, RoomName::parse)
}

/// Reads one of the values that the command line accepts for the same setting.
fn value<'de, D: Deserializer<'de>, T: clap::ValueEnum>(deserializer: D) -> Result<Option<T>, D::Error> {
    let words = || {
        let all = T::value_variants().iter().filter_map(T::to_possible_value);
        all.map(|value| format!("\"{}\"", value.get_name())).collect::<Vec<_>>().join(", ")
    };
    parsed(deserializer, |text| {
        T::from_str(text, false).map_err(|_| format!("unknown value {text:?}; possible values: {}", words()))
    })
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D, min: u64, max: u64) -> Result<Option<u64>, D::Error> {
    match u64::deserialize(deserializer)? {
        seconds if (min..=max).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(D::Error::custom(format!("must be from {min} to {max} seconds"))),
    }
}

fn keepalive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    seconds(deserializer, 5, 120)
}

fn patience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    seconds(deserializer, 0, 86_400)
}

/// Returns a commented template with all keys, as `landline config` prints it.
#[must_use]
pub fn template(file: Option<&Path>) -> String {
    let path = file.map_or("the file given with --config".into(), |file| file.display().to_string());
    format!("# landline reads {path}\n#\n{TEMPLATE}")
}

impl Config {
    /// Reads the file. `required` means that the user named the file; otherwise a missing file gives the defaults.
    ///
    /// # Errors
    /// The file cannot be read, or has an unknown key or a wrong value; the message names the line.
    pub fn load(file: &Path, required: bool) -> Result<Config, UsageError> {
        match atomic_file::read_bounded(file, MAX_BYTES) {
            Ok(text) => Config::parse(&text).map_err(|(line, why)| {
                UsageError::new(format!("{}, line {line}: {why}; landline config prints all keys", file.display()))
            }),
            Err(error)
                if !required && !matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::InvalidData) =>
            {
                Ok(Config::default())
            }
            Err(error) => Err(UsageError::new(format!("cannot read {}: {error}", file.display()))),
        }
    }

    /// Parses the text. An error has the line number and the reason.
    fn parse(text: &str) -> Result<Config, (usize, String)> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            (before.matches('\n').count() + 1, error.message().replace('\n', " "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    /// Returns the template with all keys uncommented.
    fn uncommented() -> String {
        let key = |line: &str| {
            line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).map(str::to_owned)
        };
        TEMPLATE.lines().map(|line| key(line).unwrap_or(line.into()) + "\n").collect()
    }

    #[test]
    fn the_template_has_all_keys_with_their_defaults() {
        let config = Config::parse(&uncommented()).unwrap();
        assert!(config.server.is_some() && config.name.is_some() && config.room.is_some());
        assert!(config.theme == Some(Palette::Dark) && config.bell == Some(Bell::Private));
        assert_eq!(config.tls, Some(TlsMode::Auto));
        assert_eq!((config.keepalive, config.patience), (Some(10), Some(30)));
        assert!(!config.plain && !config.notify && config.log.is_some());
        // The error for an unknown key lists all known keys.
        let (_, why) = Config::parse("x = 1").unwrap_err();
        for key in why.split('`').skip(3).step_by(2) {
            assert!(uncommented().contains(&format!("\n{key} = ")), "{key} is not in the template");
        }
        let untouched = Config::parse(&template(None)).unwrap();
        assert!(untouched.server.is_none() && untouched.theme.is_none());
    }

    #[test]
    fn an_error_names_line_and_reason() {
        for (text, line, says) in [
            ("\n\nnmae = \"a\"", 3, "unknown field `nmae`, expected one of `server`, `name`"),
            ("name = \"a b\"", 1, "letters, digits"),
            ("room = \"ops\"\ntheme = \"pink\"", 2, "\"dark\", \"light\", \"mono\""),
            ("tls = \"on\"", 1, "\"auto\", \"off\", \"required\""),
            ("# x\nkeepalive = 1", 2, "from 5 to 120"),
            ("bell = true", 1, "string"),
            ("plain = yes", 1, ""),
        ] {
            let (at, why) = Config::parse(text).unwrap_err();
            assert_eq!(at, line, "{text}: {why}");
            assert!(why.contains(says) && !why.is_empty(), "{why}");
        }
    }

    #[test]
    fn only_a_file_named_by_the_user_must_exist() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("config.toml");
        assert!(Config::load(&file, false).unwrap().server.is_none());
        assert!(Config::load(&file, true).unwrap_err().to_string().contains("config.toml"));
        fs::write(&file, "plain = 1").unwrap();
        let why = Config::load(&file, false).unwrap_err().to_string();
        assert!(why.contains("config.toml, line 1: ") && why.contains("landline config"), "{why}");
    }

    proptest! {
        #[test]
        fn no_input_panics(any in any::<String>(), keys in "([a-z]{0,9}( ?= ?)?[\"'\\[\\]{}.a-z0-9\\\\ü]{0,9}\n?){0,6}", at in 0..2_000_usize) {
            let all = uncommented();
            let at = all.floor_char_boundary(at.min(all.len()));
            for text in [&any, &keys, &format!("{}{any}{}", &all[..at], &all[at..]), &format!("{}{keys}", &all[..at])] {
                if let Err((line, why)) = Config::parse(text) {
                    prop_assert!((1..=text.matches('\n').count() + 1).contains(&line), "{text:?}: {line}");
                    prop_assert!(!why.contains('\n'));
                }
            }
        }
    }
}
