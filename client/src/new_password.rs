//! What a new password must be, and that it is typed twice. Pure.

use landline_common::limits::PASSWORD_MAX_BYTES;
use landline_common::password;
use std::fmt;

/// Before a password is typed.
pub const CAUTION: &str = "Not encrypted on this network. Do not reuse a password from elsewhere.";

/// The fewest bytes of a new password that any server takes.
const LEAST: usize = 8;

/// A new password that is being typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewPassword {
    first: Option<String>,
}

/// What follows from a password that was typed.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Ask for the same once more.
    Again,
    /// Both are the same.
    Done(String),
    /// Ask for a new one from the beginning: why.
    Wrong(String),
}

impl NewPassword {
    /// The same is to be typed once more.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.first.is_some()
    }

    /// Takes what was typed.
    pub fn take(&mut self, text: &str) -> Typed {
        let text = password::from_line(text);
        match self.first.take() {
            None if !(LEAST..=PASSWORD_MAX_BYTES).contains(&text.len()) => {
                Typed::Wrong(format!("a new password needs {LEAST} to {PASSWORD_MAX_BYTES} bytes"))
            }
            None => {
                self.first = Some(text.to_owned());
                Typed::Again
            }
            Some(first) if first == text => Typed::Done(first),
            Some(_) => Typed::Wrong("the two passwords differ; type the new one again".into()),
        }
    }
}

/// Never what was typed.
impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_is_typed_twice() {
        let mut new = NewPassword::default();
        assert!(matches!(new.take("short"), Typed::Wrong(why) if why.contains("8 to 72")));
        assert_eq!((new.take(" correct horse "), new.is_repeated()), (Typed::Again, true));
        assert!(!format!("{new:?}").contains("horse"));
        assert!(matches!(new.take("correct hearse"), Typed::Wrong(why) if why.contains("differ")));
        assert_eq!(new.take("correct horse"), Typed::Again, "from the beginning");
        assert_eq!(new.take("correct horse"), Typed::Done("correct horse".into()));
    }
}
