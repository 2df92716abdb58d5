//! The error for wrong usage, which gives the program the exit code 2.

use std::fmt;

/// Wrong arguments, configuration or environment. The text names the problem and a correct usage.
#[derive(Debug)]
pub struct UsageError(String);

impl UsageError {
    /// Creates the error with its text.
    pub fn new(text: impl Into<String>) -> UsageError {
        UsageError(text.into())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
