//! Brings passwords to one form, so that the same password matches on every system.
//!
//! Systems encode `ü` as one character or as two; macOS has two in file names and pipes. A file that was saved on Windows
//! may begin with a byte order mark.

use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Returns the password in a line: without the whitespace around it and without a byte order mark in front.
#[must_use]
pub fn from_line(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix('\u{feff}').unwrap_or(line).trim_start()
}

/// Returns the password in Unicode's composed form (NFC), in which new passwords are hashed. Borrowed if it is in that form
/// already.
#[must_use]
pub fn to_nfc(password: &str) -> Cow<'_, str> {
    if password.is_ascii() || is_nfc(password) { Cow::Borrowed(password) } else { Cow::Owned(password.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_passwords_are_trimmed_and_composed() {
        assert_eq!(from_line(" \u{feff}pass word \r"), "pass word");
        assert_eq!(from_line("pass\u{feff}"), "pass\u{feff}");
        assert_eq!(to_nfc("gru\u{308}n"), "grün");
        assert!(matches!(to_nfc("grün"), Cow::Borrowed(_)));
    }
}
