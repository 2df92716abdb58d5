//! One form of a password, whatever keyboard and pipe it comes through.
//!
//! `ü` is one character or two, depending on the system it is typed on (macOS' files and pipes have two), and a file
//! that was saved on Windows may begin with a byte order mark.

use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A password out of a line: without the blanks around it, and without a byte order mark in front.
#[must_use]
pub fn of_line(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix('\u{feff}').unwrap_or(line).trim_start()
}

/// The password in Unicode's composed form (NFC), in which it is hashed when it is new. Borrowed if it is already.
#[must_use]
pub fn composed(password: &str) -> Cow<'_, str> {
    if password.is_ascii() || is_nfc(password) { Cow::Borrowed(password) } else { Cow::Owned(password.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_a_password_has_one_form() {
        assert_eq!(of_line(" \u{feff}pass word \r"), "pass word");
        assert_eq!(of_line("pass\u{feff}"), "pass\u{feff}");
        assert_eq!(composed("gru\u{308}n"), "grün");
        assert!(matches!(composed("grün"), Cow::Borrowed(_)));
    }
}
