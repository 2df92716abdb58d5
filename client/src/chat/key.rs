//! A key press, independent of the terminal library.

/// A key press with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Key.
    pub code: Code,
    /// True if Ctrl was held.
    pub ctrl: bool,
    /// True if Alt was held. Many terminals send Alt as an Escape before the key.
    pub alt: bool,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the keys are what their names say")]
pub enum Code {
    Char(char),
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

impl Key {
    /// Returns the key without modifiers.
    #[must_use]
    pub const fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false }
    }

    /// Returns the letter with Ctrl.
    #[must_use]
    pub const fn ctrl(letter: char) -> Key {
        Key { code: Code::Char(letter), ctrl: true, alt: false }
    }

    /// Returns the key with Alt.
    #[must_use]
    pub const fn alt(code: Code) -> Key {
        Key { code, ctrl: false, alt: true }
    }
}
