//! The rules for a new password: its length, and that the user types it twice. Pure.

use landline_common::limits::PASSWORD_MAX_BYTES;
use landline_common::password;
use std::fmt;

/// Returns the warning to show before the user types a password. `is_encrypted` is `None` before there is a connection.
#[must_use]
pub fn caution(is_encrypted: Option<bool>) -> &'static str {
    match is_encrypted {
        Some(true) => "The server sees it. Do not reuse a password from elsewhere.",
        Some(false) => "Not encrypted on this network. Do not reuse a password from elsewhere.",
        None => "The server sees it, and the network may. Do not reuse one from elsewhere.",
    }
}

/// Bytes of a new password at least. No server accepts a shorter one.
const MIN_BYTES: usize = 8;

/// A new password that is being typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewPassword {
    first: Option<String>,
}

/// Next step after the user has typed a password.
#[derive(Debug, PartialEq, Eq)]
pub enum PasswordStep {
    /// Ask for the same password once more.
    Again,
    /// Both passwords are equal: the new password.
    Done(String),
    /// Ask for a new password from the start, with the reason.
    Rejected(String),
}

impl NewPassword {
    /// Returns whether the user must type the same password once more.
    #[must_use]
    pub fn awaits_repetition(&self) -> bool {
        self.first.is_some()
    }

    /// Takes a password that the user typed.
    pub fn take(&mut self, text: &str) -> PasswordStep {
        let text = password::from_line(text);
        match self.first.take() {
            None if !(MIN_BYTES..=PASSWORD_MAX_BYTES).contains(&text.len()) => {
                PasswordStep::Rejected(format!("a new password needs {MIN_BYTES} to {PASSWORD_MAX_BYTES} bytes"))
            }
            None => {
                self.first = Some(text.to_owned());
                PasswordStep::Again
            }
            Some(first) if first == text => PasswordStep::Done(first),
            Some(_) => PasswordStep::Rejected("the two passwords differ; type the new one again".into()),
        }
    }
}

/// Leaves out the password.
impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_must_be_typed_twice() {
        let mut new = NewPassword::default();
        assert!(matches!(new.take("short"), PasswordStep::Rejected(why) if why.contains("8 to 72")));
        assert_eq!((new.take(" correct horse "), new.awaits_repetition()), (PasswordStep::Again, true));
        assert!(!format!("{new:?}").contains("horse"));
        assert!(matches!(new.take("correct hearse"), PasswordStep::Rejected(why) if why.contains("differ")));
        assert_eq!(new.take("correct horse"), PasswordStep::Again, "asks for both again");
        assert_eq!(new.take("correct horse"), PasswordStep::Done("correct horse".into()));
    }
}
