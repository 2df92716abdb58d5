//! What lies over the conversation: the help, the question about a paste (`paste.rs`), and those for a password
//! (`password_form.rs`).

use super::key::{Code, Key};
use super::password_form::PasswordForm;
use super::paste::Pasted;

/// What lies over the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// All keys and commands, from that row on.
    Help {
        /// The first row that is shown.
        first: usize,
    },
    /// Several lines were pasted: what to do with them?
    Paste(Pasted),
    /// A password is asked for.
    Password(PasswordForm),
}

impl Overlay {
    /// The help, from its beginning.
    #[must_use]
    pub fn help() -> Overlay {
        Overlay::Help { first: 0 }
    }

    /// The help from row `first` on, after a key; `None` if the key closes it. `rows` of `height` are shown at once.
    #[must_use]
    pub fn help_after(key: Key, first: usize, rows: usize, height: usize) -> Option<Overlay> {
        let page = height.saturating_sub(2).max(1);
        let first = match key.code {
            Code::Up => first.saturating_sub(1),
            Code::Down => first + 1,
            Code::PageUp => first.saturating_sub(page),
            Code::PageDown | Code::Char(' ') => first + page,
            Code::Home => 0,
            // Esc, F1, Enter, q, Ctrl-C and whatever else closes it.
            _ => return None,
        };
        // The last page is full.
        Some(Overlay::Help { first: first.min(rows.saturating_sub(height)) })
    }
}
