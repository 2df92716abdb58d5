//! What lies over the conversation: the help, and the question about a paste (`paste.rs`).

use super::key::{Code, Key};
use super::paste::Pasted;
use super::state::State;

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
}

impl Overlay {
    /// The help, from its beginning.
    #[must_use]
    pub fn help() -> Overlay {
        Overlay::Help { first: 0 }
    }
}

impl State {
    pub(super) fn overlay_key(&mut self, key: Key) {
        match self.overlay.take() {
            Some(Overlay::Help { first }) => self.help_key(key, first),
            Some(Overlay::Paste(pasted)) => self.paste_key(key, pasted),
            None => {}
        }
    }

    fn help_key(&mut self, key: Key, first: usize) {
        let page = self.geometry().overlay().1.saturating_sub(2).max(1);
        let first = match key.code {
            Code::Up => first.saturating_sub(1),
            Code::Down => first + 1,
            Code::PageUp => first.saturating_sub(page),
            Code::PageDown | Code::Char(' ') => first + page,
            Code::Home => 0,
            // Esc, F1, Enter, q, Ctrl-C and whatever else closes it.
            _ => return,
        };
        // The last page is full.
        let (width, height) = self.geometry().overlay();
        let last = super::help::rows(width, self.settings.mesh).len().saturating_sub(height);
        self.overlay = Some(Overlay::Help { first: first.min(last) });
    }
}
