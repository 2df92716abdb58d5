//! A key, as the model knows it: no terminal library's type.

/// A key with what was held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// Ctrl was held.
    pub ctrl: bool,
    /// Alt was held (or Escape came right before).
    pub alt: bool,
}

/// Which key.
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
    /// The key alone.
    #[must_use]
    pub const fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false }
    }

    /// A letter with Ctrl.
    #[must_use]
    pub const fn ctrl(letter: char) -> Key {
        Key { code: Code::Char(letter), ctrl: true, alt: false }
    }

    /// The key with Alt.
    #[must_use]
    pub const fn alt(code: Code) -> Key {
        Key { code, ctrl: false, alt: true }
    }
}
