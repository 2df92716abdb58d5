//! A window over the conversation: the help, the question about a paste (`paste.rs`), a password form
//! (`password_form.rs`), a menu (`menu/`), or the address of the web page.

use super::bindings::{Action, action_of};
use super::editor::Edit;
use super::key::Key;
use super::menu::Menu;
use super::password_form::PasswordForm;
use super::paste::Pasted;
use landline_common::qr::QrCode;

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
    /// A menu.
    Menu(Menu),
    /// The address of the web page in a room.
    Link(Link),
}

/// The address of the web page in a room, to be scanned by a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Name of the room.
    pub room: Box<str>,
    /// Address.
    pub url: Box<str>,
    /// The QR code of the address; `None` if it is too long for one.
    pub code: Option<QrCode>,
}

impl Overlay {
    /// Returns the help at its beginning.
    #[must_use]
    pub fn help() -> Overlay {
        Overlay::Help { first: 0 }
    }

    /// Returns the effect of a key on the help. Before, the first row shown was `first`; the help has `rows` rows, of which
    /// `height` fit on the screen.
    ///
    /// Only the keys that close or scroll the help end here. Every other key also acts below it: a user who reads the help
    /// and types `/pm bob …` must not lose the slash, since the rest would be a message to the room.
    #[must_use]
    pub fn help_after(key: Key, first: usize, rows: usize, height: usize) -> HelpKey {
        let page = height.saturating_sub(2).max(1);
        let step = |back: bool, rows: usize| if back { first.saturating_sub(rows) } else { first.saturating_add(rows) };
        let first = match action_of(key) {
            Some(Action::Escape | Action::Submit | Action::Help | Action::Interrupt) => return HelpKey::Close,
            Some(Action::InputHistory { back } | Action::Row { back }) => step(back, 1),
            Some(Action::Page { back }) => step(back, page),
            Some(Action::FirstLine | Action::Edit(Edit::Home)) => 0,
            Some(Action::End | Action::Edit(Edit::End)) => usize::MAX,
            _ => return HelpKey::CloseAndHandle,
        };
        // Keep the last page full.
        HelpKey::Scroll { first: first.min(rows.saturating_sub(height)) }
    }
}

/// The effect of a key on the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpKey {
    /// Show the help from this row.
    Scroll {
        /// Index of the first row shown.
        first: usize,
    },
    /// Close the help.
    Close,
    /// Close the help, then handle the key without it.
    CloseAndHandle,
}
