//! A window over the conversation: the help, the question about a paste (`paste.rs`), or a password form
//! (`password_form.rs`).

use super::key::{Code, Key};
use super::password_form::PasswordForm;
use super::paste::Pasted;

/// A window over the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The help.
    Help {
        /// Index of the first row shown.
        first: usize,
    },
    /// The question about a paste.
    Paste(Pasted),
    /// A password form.
    Password(PasswordForm),
}

impl Overlay {
    /// Returns the help at its beginning.
    #[must_use]
    pub fn help() -> Overlay {
        Overlay::Help { first: 0 }
    }

    /// Returns the help after a key, or `None` if the key closes it. Before, the first row shown was `first`; the help has
    /// `rows` rows, of which `height` fit on the screen.
    #[must_use]
    pub fn help_after(key: Key, first: usize, rows: usize, height: usize) -> Option<Overlay> {
        let page = height.saturating_sub(2).max(1);
        let first = match key.code {
            Code::Up => first.saturating_sub(1),
            Code::Down => first + 1,
            Code::PageUp => first.saturating_sub(page),
            Code::PageDown | Code::Char(' ') => first + page,
            Code::Home => 0,
            // Every other key closes the help.
            _ => return None,
        };
        // Keep the last page full.
        Some(Overlay::Help { first: first.min(rows.saturating_sub(height)) })
    }
}
